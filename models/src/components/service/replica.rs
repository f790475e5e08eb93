//! What a service consists of: replicas, and the jobs of their workers.

use crate::policy::Sharing;
use floodgate_core::{CallId, Duration, Key, Ring, Time};

/// What a timer is about; the number beside it is a replica. The end of a job's work or pause is no timer: its call is
/// served until then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Jobs of a replica have computed (shared cores).
    Shared = 0,
    /// A replica starts.
    Start = 1,
    /// A draining replica may go.
    Leave = 2,
}

impl Tag {
    pub(super) fn with(self, number: u32) -> u64 {
        u64::from(number) << 2 | self as u64
    }

    pub(super) fn split(tag: u64) -> (Tag, u32) {
        ([Tag::Shared, Tag::Start, Tag::Leave, Tag::Leave][(tag & 3) as usize], (tag >> 2) as u32)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Its place is free.
    Gone,
    /// Computes before its calls.
    Before,
    /// Waits for a callee, or for the pause before a retry.
    Calling,
    /// Computes after its calls.
    After,
}

/// A request that holds a worker; those that wait for one are calls in a queue and nothing more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) call: CallId,
    pub(super) child: CallId,
    /// Processor time in all, as it turned out when it was started.
    pub(super) demand: Duration,
    /// Processor time of the stretch it computes now.
    pub(super) stretch: Duration,
    /// Start of the stretch: time in ns (own core), or the bits of the work attained by everyone (shared cores).
    pub(super) mark: u64,
    pub(super) replica: u32,
    /// Which of the links it calls or has called.
    pub(super) step: u32,
    pub(super) attempt: u16,
    pub(super) stage: Stage,
    /// Its caller has said that it has gone: it ends at the next step.
    pub(super) cancelled: bool,
}

impl Job {
    /// An empty place.
    pub(super) const NONE: Job = Job {
        call: Key::NONE,
        child: Key::NONE,
        demand: Duration::ZERO,
        stretch: Duration::ZERO,
        mark: 0,
        replica: 0,
        step: 0,
        attempt: 0,
        stage: Stage::Gone,
        cancelled: false,
    };

    /// How much of its processor time it has had, 0 to 1; of shared cores `attained` is what each of their jobs has had.
    pub(super) fn progress(&self, now: Time, attained: Option<f64>) -> f32 {
        let all = self.demand.0.max(1) as f64;
        let stretch = self.stretch.0.max(1) as f64;
        let had = match attained {
            Some(attained) => attained - f64::from_bits(self.mark),
            None => now.0.saturating_sub(self.mark) as f64,
        };
        // A core of its own that is slow takes longer for the same work, so it is the share of the stretch that counts.
        let share = (had / stretch).clamp(0.0, 1.0);
        let stretch = stretch.min(all);
        let done = match self.stage {
            Stage::Gone => 0.0,
            Stage::Before => share * stretch,
            Stage::Calling => stretch,
            Stage::After => all - stretch + share * stretch,
        };
        (done / all) as f32
    }
}

/// Set in the tag of a call that waits for a worker; that of one that has a worker is the place of its job.
pub(super) const WAITS: u32 = 1 << 31;

/// The tag of a call that waits at a replica, or the replica of such a tag. At replica 0 it is what the tag of every call is that
/// has just come, so nothing need be written there.
pub(super) fn waits_at(replica: u32) -> u32 {
    u32::MAX - replica
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Up,
    Down,
    /// To be removed: is offered to nobody any more, finishes what it has, and what still comes to it by its number.
    Draining,
    Removed,
}

#[derive(Clone, Debug)]
// What a request touches comes first.
#[repr(C)]
pub(super) struct Replica {
    /// Those that were cancelled are passed over when their turn comes.
    pub(super) queue: Ring<CallId>,
    pub(super) busy: u32,
    /// How many in the queue are still there.
    pub(super) waiting: u32,
    pub(super) state: State,
    /// Started cold, so it warms up; false for those that stood there when the run began.
    pub(super) cold: bool,
    /// Workers that compute, where cores are shared.
    pub(super) computing: u32,
    /// Since when it is in this state.
    pub(super) since: Time,
    pub(super) cpu: Sharing,
}

impl Replica {
    pub(super) fn new(state: State, since: Time, cold: bool) -> Replica {
        let (queue, cpu) = (Ring::default(), Sharing::default());
        Replica { state, since, cold, busy: 0, waiting: 0, computing: 0, queue, cpu }
    }

    pub(super) fn in_flight(&self) -> u64 {
        u64::from(self.busy) + u64::from(self.waiting)
    }
}
