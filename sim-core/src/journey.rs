//! Whole journeys of requests, as a record for people: where each attempt went, who worked on it for how long, who gave it
//! up, and who had already gone when the answer came.
//!
//! [`Journeys`] is a [`Probe`]: a run that nobody follows pays nothing for it. Which journeys are kept does not depend on how
//! the run is cut, and it is a value like the state, so that a keyframe can carry it.

pub use crate::call::ANY_REPLICA;
use crate::call::{CallId, Outcome, RootId};
use crate::order::Order as _;
use crate::outcome::Code;
use crate::probe::{Delivery, Event, Probe};
use crate::rng::mix;
use crate::slab::Key;
use crate::time::{Duration, Time};
use crate::topology::Routes;
pub use crate::topology::{LinkId, NodeId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Which journeys are kept, and how much of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JourneyPolicy {
    /// Of so many roots one is a sample; 0 takes none. Which one is decided by a hash of the root's identity, not by counting,
    /// so that two designs under the same traffic have samples of the same requests.
    pub one_in: u64,
    /// Samples at most; when there are more, one in twice as many is a sample from the beginning on.
    pub sampled_max: usize,
    /// So many of the slowest that were answered.
    pub slowest: usize,
    /// So many of those that failed, from the first on.
    pub failed_first: usize,
    /// And so many of those that failed last.
    pub failed_last: usize,
    /// Calls of one journey at most; more are counted only.
    pub calls_max: usize,
    /// Stretches of work of one call at most; more are added up.
    pub stretches_max: usize,
    /// Bytes that journeys may take, about, those under way included: every root must be followed to know whether it will be
    /// slow. While they take more, roots that are born are passed over, and counted.
    pub bytes_max: usize,
}

impl JourneyPolicy {
    /// At most `n` samples, and `n` each of the slowest, of the first and of the last that failed.
    #[must_use]
    pub fn of_each(n: usize) -> JourneyPolicy {
        JourneyPolicy {
            one_in: u64::from(n > 0),
            sampled_max: n,
            slowest: n,
            failed_first: n,
            failed_last: n,
            ..JourneyPolicy::default()
        }
    }
}

impl Default for JourneyPolicy {
    fn default() -> JourneyPolicy {
        JourneyPolicy {
            one_in: 1,
            sampled_max: 20,
            slowest: 20,
            failed_first: 10,
            failed_last: 10,
            calls_max: 256,
            stretches_max: 16,
            bytes_max: 32 << 20,
        }
    }
}

/// The journey of a root: all that was done for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// Its identity in the run.
    pub root: RootId,
    /// Its identity in every run with the same traffic.
    pub lineage: u64,
    /// Where it was born.
    pub client: NodeId,
    /// When its first attempt was sent: at its birth, as clients do.
    pub born: Time,
    /// When and how it ended.
    pub ended: Option<(Time, Outcome)>,
    /// Attempts and the calls they caused, in the order in which they arrived (or were given up before).
    pub calls: Vec<JourneyCall>,
    /// Calls that arrived when no more were kept.
    pub calls_dropped: u32,
}

/// One call of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyCall {
    /// Its identity in the run.
    pub id: CallId,
    /// Position of the call that caused it; `None` for an attempt of the client, and when that call was not kept.
    pub parent: Option<u32>,
    /// Over which link it was sent.
    pub link: LinkId,
    /// Who sent it.
    pub from: NodeId,
    /// Where it was sent.
    pub to: NodeId,
    /// To which replica; [`ANY_REPLICA`](crate::ANY_REPLICA) left it to the callee.
    pub replica: u32,
    /// 0 for the first attempt, n for the n-th retry.
    pub attempt: u16,
    /// When it was sent.
    pub sent: Time,
    /// When it arrived; `None` while it is on its way.
    pub arrived: Option<Time>,
    /// Nodes that it was handed on to, with the times it arrived there.
    pub handed_on: Vec<(Time, NodeId)>,
    /// Work done for it, in the order in which the stretches ended.
    pub work: Vec<Stretch>,
    /// How many stretches more there were, and their length.
    pub more_work: (u32, Duration),
    /// When it was answered.
    pub answered: Option<Time>,
    /// When the caller gave it up.
    pub given_up: Option<Time>,
    /// When the callee learned that the caller had gone.
    pub cancelled: Option<Time>,
    /// When the answer came back, and what it was.
    pub end: Option<(Time, CallEnd)>,
}

/// A stretch of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Who worked.
    pub node: NodeId,
    /// When it ended.
    pub ended: Time,
    /// How much work it was: as long as it took on a worker of its own; where cores are shared it began earlier than that.
    pub length: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// With a good answer, for a caller who waited.
    Answer,
    /// With an error, for a caller who waited.
    Error(Code),
    /// With an answer that nobody waited for.
    Late(Gone),
}

/// Who had already gone when an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The caller had given up waiting for this call.
    GaveUp,
    /// The caller had answered, or dropped, the call that this one was for.
    CallerDone,
    /// The request itself had ended.
    RootEnded,
}

impl Journey {
    /// From birth to end; `None` while it is under way.
    #[must_use]
    pub fn length(&self) -> Option<Duration> {
        self.ended.map(|(ended, _)| ended.since(self.born))
    }

    fn find(&mut self, id: CallId) -> Option<&mut JourneyCall> {
        self.calls.iter_mut().rev().find(|c| c.id == id)
    }

    fn bytes(&self) -> usize {
        JOURNEY_BYTES + self.calls.iter().map(JourneyCall::bytes).sum::<usize>()
    }
}

impl JourneyCall {
    /// All work done for it here, without what its own calls did.
    #[must_use]
    pub fn worked(&self) -> Duration {
        self.work.iter().fold(self.more_work.1, |sum, stretch| sum + stretch.length)
    }

    fn bytes(&self) -> usize {
        CALL_BYTES + (self.work.len() + self.handed_on.len()) * STRETCH_BYTES
    }
}

/// With its entry in the map.
const JOURNEY_BYTES: usize = size_of::<Journey>() + 64;
/// With its entry in the index.
const CALL_BYTES: usize = size_of::<JourneyCall>() + 32;
const STRETCH_BYTES: usize = size_of::<Stretch>();
/// First attempts that were given up before they arrived are remembered, so many of them at most.
const OVERTAKEN_MAX: usize = 65_536;
const SALT: u64 = 0x6a6f_7572_6e65_7973;

/// Why a journey that has ended is kept.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Reason {
    Sampled = 1,
    Slow = 2,
    FailedFirst = 4,
    FailedLast = 8,
}

#[derive(Clone, Debug)]
struct Kept {
    journey: Arc<Journey>,
    reasons: u8,
}

/// What has been counted besides what is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JourneyCounts {
    /// Roots that were followed from their first attempt on.
    pub followed: u64,
    /// Those of them that have ended.
    pub ended: u64,
    /// Roots that were passed over because journeys took too many bytes: the slowest may be among them.
    pub passed_over: u64,
}

/// The journeys of a run: a sample, the slowest, and the first and last that failed.
///
/// A root is followed from its first attempt on, so those whose first attempt arrived before anybody looked are not there.
#[derive(Clone, Debug)]
pub struct Journeys {
    policy: JourneyPolicy,
    /// One in so many is a sample; grows with their number.
    one_in: u64,
    ends: Arc<[(NodeId, NodeId)]>,
    /// Roots that have not ended.
    open: BTreeMap<RootId, Arc<Journey>>,
    /// Roots that have ended, but whose calls may still be worked on.
    kept: BTreeMap<RootId, Kept>,
    /// The root of every call that is kept and has not ended.
    calls: BTreeMap<CallId, RootId>,
    /// First attempts on their way of roots that are not followed any more: their arrival begins no journey.
    overtaken: BTreeSet<CallId>,
    sampled: BTreeSet<RootId>,
    /// Shortest first; of equal ones the one that ended first counts as the longer.
    slowest: BTreeSet<(Duration, Reverse<u64>, RootId)>,
    failed_first: Vec<RootId>,
    failed_last: VecDeque<RootId>,
    counts: JourneyCounts,
    bytes: usize,
}

impl Journeys {
    /// Nothing seen yet, of a run over `routes`.
    #[must_use]
    pub fn new(policy: JourneyPolicy, routes: &Routes) -> Journeys {
        Journeys {
            policy,
            one_in: policy.one_in,
            ends: routes.links().iter().map(|link| (link.from, link.to)).collect(),
            open: BTreeMap::new(),
            kept: BTreeMap::new(),
            calls: BTreeMap::new(),
            overtaken: BTreeSet::new(),
            sampled: BTreeSet::new(),
            slowest: BTreeSet::new(),
            failed_first: Vec::new(),
            failed_last: VecDeque::new(),
            counts: JourneyCounts::default(),
            bytes: 0,
        }
    }

    /// The system has been edited: links have been added to `routes`.
    pub fn know_links(&mut self, routes: &Routes) {
        if self.ends.len() < routes.links().len() {
            self.ends = routes.links().iter().map(|link| (link.from, link.to)).collect();
        }
    }

    /// The samples, by birth.
    #[must_use]
    pub fn sampled(&self) -> Vec<&Journey> {
        let mut journeys: Vec<&Journey> = self.of(self.sampled.iter());
        journeys.order_by_key(|j| (j.born, j.lineage));
        journeys
    }

    /// Of so many roots one is a sample.
    #[must_use]
    pub fn one_in(&self) -> u64 {
        self.one_in
    }

    /// The slowest that were answered, from the slowest on.
    #[must_use]
    pub fn slowest(&self) -> Vec<&Journey> {
        self.of(self.slowest.iter().rev().map(|(_, _, root)| root))
    }

    /// The first that failed and the last that failed, each once, in the order in which they ended.
    #[must_use]
    pub fn failed(&self) -> Vec<&Journey> {
        let last = self.failed_last.iter().filter(|root| !self.failed_first.contains(root));
        self.of(self.failed_first.iter().chain(last))
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> JourneyCounts {
        self.counts
    }

    /// Bytes that the journeys take, about, those under way included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn of<'a>(&'a self, roots: impl Iterator<Item = &'a RootId>) -> Vec<&'a Journey> {
        roots.filter_map(|root| self.kept.get(root)).map(|kept| &*kept.journey).collect()
    }

    fn journey(&mut self, root: RootId) -> Option<&mut Journey> {
        let journey = match self.open.get_mut(&root) {
            Some(journey) => journey,
            None => &mut self.kept.get_mut(&root)?.journey,
        };
        Some(Arc::make_mut(journey))
    }

    /// Whether the event is the first of a root that is to be followed.
    fn begins(&mut self, event: &Event) -> bool {
        if event.parent != Key::NONE || event.attempt > 0 {
            return false;
        }
        let overtaken = match event.delivery {
            Delivery::Call => false,
            // Given up before it arrived.
            Delivery::GiveUp if event.mark < event.time => true,
            _ => return false,
        };
        if !overtaken && self.overtaken.remove(&event.call) {
            return false;
        }
        if self.bytes >= self.policy.bytes_max {
            self.counts.passed_over += 1;
            if overtaken {
                self.overtake(event.call);
            }
            return false;
        }
        true
    }

    fn overtake(&mut self, call: CallId) {
        self.overtaken.insert(call);
        if self.overtaken.len() > OVERTAKEN_MAX {
            self.overtaken.pop_first();
        }
    }

    fn begin(&mut self, event: &Event) {
        let journey = Journey {
            root: event.root,
            lineage: event.lineage,
            client: self.ends[event.link.0 as usize].0,
            born: event.mark,
            ended: None,
            calls: Vec::new(),
            calls_dropped: 0,
        };
        self.counts.followed += 1;
        self.bytes += journey.bytes();
        self.open.insert(event.root, Arc::new(journey));
    }

    /// A call that has not been seen before.
    fn add(&mut self, event: &Event) {
        if event.delivery == Delivery::GiveUp && event.mark == event.time {
            // It has arrived, and was not kept then.
            return;
        }
        let (from, to) = self.ends[event.link.0 as usize];
        let (calls_max, full) = (self.policy.calls_max, self.bytes >= self.policy.bytes_max);
        let Some(journey) = self.journey(event.root) else { return };
        // The first attempt is always there: without it there is no journey.
        if !journey.calls.is_empty() && (journey.calls.len() >= calls_max || full) {
            journey.calls_dropped += u32::from(event.delivery == Delivery::Call);
            return;
        }
        let parent = journey.calls.iter().rposition(|c| c.id == event.parent).map(|place| place as u32);
        let call = JourneyCall {
            id: event.call,
            parent,
            link: event.link,
            from,
            to,
            replica: event.replica,
            attempt: event.attempt,
            sent: event.mark,
            arrived: None,
            handed_on: Vec::new(),
            work: Vec::new(),
            more_work: (0, Duration::ZERO),
            answered: None,
            given_up: None,
            cancelled: None,
            end: None,
        };
        self.bytes += call.bytes();
        if let Some(journey) = self.journey(event.root) {
            journey.calls.push(call);
        }
        self.calls.insert(event.call, event.root);
    }

    fn note(&mut self, event: &Event) {
        let stretches_max = self.policy.stretches_max;
        let Some(journey) = self.journey(event.root) else { return };
        let ended = journey.ended.is_some();
        let Some(call) = journey.find(event.call) else { return };
        let mut more = 0;
        match event.delivery {
            Delivery::Call if call.arrived.is_none() => call.arrived = Some(event.time),
            Delivery::Call => {
                if call.handed_on.len() < stretches_max {
                    call.handed_on.push((event.time, event.node));
                    more = STRETCH_BYTES;
                }
            }
            Delivery::GiveUp => call.given_up = Some(event.time),
            Delivery::Cancel => call.cancelled = Some(event.time),
            Delivery::Answer => call.end = Some((event.time, CallEnd::Answer)),
            Delivery::Error(code) => call.end = Some((event.time, CallEnd::Error(code))),
            Delivery::Late => {
                let gone = match (call.given_up, event.parent) {
                    (Some(_), _) => Gone::GaveUp,
                    (None, Key::NONE) if ended => Gone::RootEnded,
                    // Nobody gave it up, so whoever it was for has been answered or killed.
                    (None, _) => Gone::CallerDone,
                };
                call.end = Some((event.time, CallEnd::Late(gone)));
            }
            Delivery::Served | Delivery::Timer | Delivery::Message => {}
        }
        if call.end.is_some() {
            call.answered = Some(event.mark);
            self.calls.remove(&event.call);
        }
        self.bytes += more;
    }

    /// Keeps a journey that has ended for as long as there is a reason to.
    fn keep(&mut self, journey: Arc<Journey>) {
        let Some((_, outcome)) = journey.ended else { return };
        let (root, policy) = (journey.root, self.policy);
        let length = journey.length().unwrap_or(Duration::ZERO);
        let sampled = self.is_sample(journey.lineage);
        self.kept.insert(root, Kept { journey, reasons: 0 });
        if sampled {
            self.give(root, Reason::Sampled);
            self.sampled.insert(root);
            self.thin();
        }
        if outcome.is_ok() && policy.slowest > 0 {
            self.give(root, Reason::Slow);
            self.slowest.insert((length, Reverse(self.counts.ended), root));
            if self.slowest.len() > policy.slowest
                && let Some((_, _, least)) = self.slowest.pop_first()
            {
                self.take(least, Reason::Slow);
            }
        }
        if outcome.is_err() {
            if self.failed_first.len() < policy.failed_first {
                self.give(root, Reason::FailedFirst);
                self.failed_first.push(root);
            }
            if policy.failed_last > 0 {
                self.give(root, Reason::FailedLast);
                self.failed_last.push_back(root);
                if self.failed_last.len() > policy.failed_last
                    && let Some(earlier) = self.failed_last.pop_front()
                {
                    self.take(earlier, Reason::FailedLast);
                }
            }
        }
        self.drop_without_reason(root);
    }

    fn is_sample(&self, lineage: u64) -> bool {
        self.policy.sampled_max > 0 && self.one_in > 0 && mix(lineage, SALT).is_multiple_of(self.one_in)
    }

    /// Halves the samples until there are not too many.
    fn thin(&mut self) {
        while self.sampled.len() > self.policy.sampled_max {
            self.one_in = self.one_in.saturating_mul(2);
            let sampled = std::mem::take(&mut self.sampled);
            for root in sampled {
                let stays = self.kept.get(&root).is_some_and(|kept| self.is_sample(kept.journey.lineage));
                if stays {
                    self.sampled.insert(root);
                } else {
                    self.take(root, Reason::Sampled);
                }
            }
        }
    }

    fn give(&mut self, root: RootId, reason: Reason) {
        if let Some(kept) = self.kept.get_mut(&root) {
            kept.reasons |= reason as u8;
        }
    }

    fn take(&mut self, root: RootId, reason: Reason) {
        if let Some(kept) = self.kept.get_mut(&root) {
            kept.reasons &= !(reason as u8);
        }
        self.drop_without_reason(root);
    }

    fn drop_without_reason(&mut self, root: RootId) {
        let Some(kept) = self.kept.get(&root).filter(|kept| kept.reasons == 0) else { return };
        let journey = Arc::clone(&kept.journey);
        self.kept.remove(&root);
        self.bytes -= journey.bytes();
        for call in &journey.calls {
            self.calls.remove(&call.id);
        }
        if let Some(first) = journey.calls.first().filter(|call| call.arrived.is_none()) {
            self.overtake(first.id);
        }
    }
}

impl Probe for Journeys {
    fn event(&mut self, event: Event) {
        if event.call == Key::NONE {
            return;
        }
        if !self.open.contains_key(&event.root) && !self.kept.contains_key(&event.root) {
            if !self.begins(&event) {
                return;
            }
            self.begin(&event);
        }
        if !self.calls.contains_key(&event.call) && matches!(event.delivery, Delivery::Call | Delivery::GiveUp) {
            self.add(&event);
        }
        self.note(&event);
    }

    fn worked(&mut self, time: Time, node: NodeId, call: CallId, length: Duration) {
        let (stretches_max, full) = (self.policy.stretches_max, self.bytes >= self.policy.bytes_max);
        let Some(&root) = self.calls.get(&call) else { return };
        let Some(call) = self.journey(root).and_then(|journey| journey.find(call)) else { return };
        if call.work.len() < stretches_max && !full {
            call.work.push(Stretch { node, ended: time, length });
            self.bytes += STRETCH_BYTES;
        } else {
            call.more_work = (call.more_work.0 + 1, call.more_work.1 + length);
        }
    }

    fn root_ended(&mut self, time: Time, root: RootId, outcome: Outcome) {
        let Some(mut journey) = self.open.remove(&root) else { return };
        self.counts.ended += 1;
        Arc::make_mut(&mut journey).ended = Some((time, outcome));
        self.keep(journey);
    }
}
