//! Time travel: a run with keyframes, so that any earlier instant is a short replay away.

use crate::control::Control;
use crate::record::SeriesPoint;
use crate::simulation::Simulation;
use floodgate_core::{Budget, Duration, Halt, JourneyPolicy, Progress, Time};
use std::sync::Arc;

/// How a [`Timeline`] keeps its keyframes.
///
/// One is made after so much virtual time or after so many events, whatever comes first: an event costs about the same
/// everywhere, so the events bound what a seek has to replay where the system is busy. They stand further apart where the
/// state is so large that copying it would take a considerable part of the time, and where they were thinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframePolicy {
    /// Virtual time between keyframes, at whole multiples of it.
    pub every: Duration,
    /// Events between keyframes.
    pub events: u64,
    /// Bytes that all keyframes together may take; when they take more, those are dropped that leave the shortest gaps.
    pub bytes_max: usize,
}

impl Default for KeyframePolicy {
    fn default() -> KeyframePolicy {
        KeyframePolicy { every: Duration::from_secs(1), events: 100_000, bytes_max: 256 << 20 }
    }
}

/// Copying so many bytes takes at most about a sixth of the time that an event takes.
const BYTES_PER_EVENT: u64 = 64;

#[derive(Clone, Debug)]
struct Keyframe {
    simulation: Simulation,
    bytes: usize,
}

/// A run that can go back.
///
/// Seeking goes to the nearest keyframe before and replays from there; state and record are as if the run had stopped at that
/// time for the first time, except that windows of the series which have grown do not shrink again. A control entered in the
/// past starts a branch: what was done later is forgotten. To keep both, clone the timeline first: clones share the keyframes
/// that both have.
#[derive(Clone, Debug)]
pub struct Timeline {
    simulation: Simulation,
    policy: KeyframePolicy,
    /// A keyframe is due when so many events have been handled, or at this time if by then there were as many as these.
    due: u64,
    due_at: Time,
    not_before: u64,
    /// Sorted by time; the first stands at the beginning. None has handled any event at the time where it stands.
    keyframes: Vec<Arc<Keyframe>>,
    /// Everything done to the run, also what lies ahead of where it stands.
    log: Vec<Control>,
    furthest: Time,
    /// What was recorded beyond where the run stands, for going forth again.
    ahead: Vec<SeriesPoint>,
}

impl Timeline {
    /// A timeline that begins where `simulation` stands.
    #[must_use]
    pub fn new(simulation: Simulation, policy: KeyframePolicy) -> Timeline {
        let log = simulation.log().to_vec();
        let furthest = simulation.now();
        let mut timeline = Timeline {
            simulation,
            policy,
            due: 0,
            due_at: Time::MAX,
            not_before: 0,
            keyframes: Vec::new(),
            log,
            furthest,
            ahead: Vec::new(),
        };
        timeline.keep();
        // Behind it there is no other keyframe to fetch a part of a window from.
        let bytes = timeline.keyframes[0].bytes;
        timeline.keyframes[0] = Arc::new(Keyframe { simulation: timeline.simulation.clone(), bytes });
        timeline
    }

    /// The run where it stands.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The furthest that the run has come on this branch.
    #[must_use]
    pub fn furthest(&self) -> Time {
        self.furthest
    }

    /// Everything that was done to the run, in order, also what lies ahead.
    #[must_use]
    pub fn log(&self) -> &[Control] {
        &self.log
    }

    /// Number of keyframes and the bytes they take, about.
    #[must_use]
    pub fn keyframes(&self) -> (usize, usize) {
        (self.keyframes.len(), self.keyframes.iter().map(|k| k.bytes).sum())
    }

    /// Where the keyframes stand, in order.
    pub fn keyframe_times(&self) -> impl Iterator<Item = Time> {
        self.keyframes.iter().map(|k| k.simulation.now())
    }

    /// As [`Simulation::advance`], and keeps keyframes on the way.
    pub fn advance(&mut self, budget: Budget) -> Progress {
        let last = self.simulation.events().saturating_add(budget.events);
        loop {
            let handled = self.simulation.events();
            let is_due = handled >= self.due;
            let step = if is_due {
                // To the end of the instant: a keyframe amid events of one time would be wrong for a seek to that time.
                let end = self.simulation.now().0.saturating_add(1);
                Budget { until: Time(end).min(budget.until), events: last - handled }
            } else {
                Budget { until: self.due_at.min(budget.until), events: last.min(self.due) - handled }
            };
            let progress = self.simulation.advance(step);
            self.furthest = self.furthest.max(self.simulation.now());
            match progress {
                Progress::Reached if is_due => self.keep(),
                Progress::Reached if self.simulation.now() >= self.due_at => {
                    self.due_at = self.multiple_after(self.simulation.now());
                    if self.simulation.events() >= self.not_before {
                        self.keep();
                    }
                }
                // Not what was asked for, but a keyframe is due.
                Progress::Budget if self.simulation.events() < last => continue,
                _ => return progress,
            }
            if step.until == budget.until {
                return progress;
            }
        }
    }

    /// Goes to `time`, back or forth.
    ///
    /// # Errors
    /// When the run meets a limit on the way; it then stands there.
    pub fn seek(&mut self, time: Time) -> Result<(), Halt> {
        let mut place = self.keyframes.partition_point(|k| k.simulation.now() <= time).saturating_sub(1);
        // Windows may have grown since a keyframe was made; then the window that is under way there begins before it.
        while place > 0 && !self.keyframes[place].simulation.can_go_on(&self.simulation) {
            place -= 1;
        }
        let at = self.keyframes[place].simulation.now();
        if time < self.simulation.now() || at > self.simulation.now() {
            self.restore(place);
        }
        // What is due at `time` itself is left, as when the run came there for the first time.
        if time <= self.simulation.now() {
            return Ok(());
        }
        match self.advance(Budget::until(time)) {
            Progress::Halted(halt) => Err(halt),
            _ => Ok(()),
        }
    }

    /// Stands where a keyframe does; what was recorded later is ahead.
    fn restore(&mut self, place: usize) {
        let keyframe = &self.keyframes[place];
        let mut restored = keyframe.simulation.clone();
        // What was entered later is not known to the keyframe yet.
        for control in &self.log[keyframe.simulation.log().len()..] {
            // It was accepted when it was entered, and its time is not before the keyframe's.
            let entered = restored.control(control.clone());
            debug_assert_eq!(entered, Ok(()));
        }
        restored.take_record(&mut self.simulation, &mut self.ahead);
        self.simulation = restored;
    }

    /// Follows the journeys of all requests, also of those that have been: the run stands at its beginning then, and its keyframes
    /// are made anew on the way to where it was. `None` forgets the journeys, and the run stays where it is.
    pub fn follow(&mut self, policy: Option<JourneyPolicy>) {
        let Some(policy) = policy else {
            self.simulation.follow_no_more();
            for keyframe in self.keyframes.iter_mut().filter(|k| k.simulation.journeys().is_some()) {
                let keyframe = Arc::make_mut(keyframe);
                keyframe.simulation.follow_no_more();
                keyframe.bytes = keyframe.simulation.state_bytes();
            }
            return;
        };
        self.keyframes.truncate(1);
        Arc::make_mut(&mut self.keyframes[0]).simulation.follow(policy);
        self.restore(0);
        let first = &self.keyframes[0];
        let (now, events, bytes) = (first.simulation.now(), first.simulation.events(), first.bytes);
        self.stand(now, events, bytes);
    }

    /// As [`Simulation::control`]; in the past it starts a branch, and what was done later is forgotten.
    ///
    /// # Errors
    /// As [`Simulation::control`].
    pub fn control(&mut self, control: Control) -> Result<(), String> {
        let now = self.simulation.now();
        if now < self.furthest {
            self.cut();
        }
        self.simulation.control(control.clone())?;
        // A keyframe at this very time was made before the control was entered, so it learns of it from the log.
        self.log.push(control);
        Ok(())
    }

    /// Takes back everything that was entered for later than where the run stands, and returns it. Where there is a future
    /// already, it is forgotten with it, as by a control.
    pub fn take_back(&mut self) -> Vec<Control> {
        let now = self.simulation.now();
        let later: Vec<Control> = self.log.iter().filter(|c| c.at > now).cloned().collect();
        if !later.is_empty() {
            self.cut();
        }
        later
    }

    /// Keeps keyframes within so many bytes from now on.
    pub fn limit(&mut self, bytes_max: usize) {
        self.policy.bytes_max = bytes_max;
        self.thin();
    }

    /// Nothing is known of what lies ahead of here.
    fn cut(&mut self) {
        let now = self.simulation.now();
        self.log.retain(|c| c.at <= now);
        self.keyframes.retain(|k| k.simulation.now() <= now);
        let last = self.keyframes.last().map(|k| (k.simulation.now(), k.simulation.events(), k.bytes));
        let (time, events, bytes) = last.unwrap_or((Time::ZERO, 0, 0));
        self.stand(time, events, bytes);
        self.forget_controls_after(now);
        self.furthest = now;
        self.ahead.clear();
    }

    fn forget_controls_after(&mut self, time: Time) {
        for keyframe in &mut self.keyframes {
            // Most know of nothing later, and stay shared with the clones.
            if keyframe.simulation.log().iter().any(|c| c.at > time) {
                Arc::make_mut(keyframe).simulation.forget_controls_after(time);
            }
        }
        self.simulation.forget_controls_after(time);
    }

    /// The last keyframe stands there and takes so many bytes: when the next one is due.
    fn stand(&mut self, now: Time, events: u64, bytes: usize) {
        self.not_before = events + (bytes as u64 / BYTES_PER_EVENT).max(1);
        self.due = self.not_before.max(events + self.policy.events);
        self.due_at = self.multiple_after(now);
    }

    /// The next whole multiple of the time between keyframes.
    fn multiple_after(&self, now: Time) -> Time {
        let every = self.policy.every.0.max(1);
        Time((now.0 / every + 1).saturating_mul(every))
    }

    fn keep(&mut self) {
        let bytes = self.simulation.state_bytes();
        self.stand(self.simulation.now(), self.simulation.events(), bytes);
        // The first stays whatever it takes: without it there is no way back.
        let first = self.keyframes.first().map_or(0, |k| k.bytes);
        if !self.keyframes.is_empty() && first + bytes > self.policy.bytes_max {
            // Even alone it would be too large, and those that are there are better than none.
            return;
        }
        self.keyframes.push(Arc::new(Keyframe { simulation: self.simulation.keyframe(), bytes }));
        self.thin();
    }

    fn thin(&mut self) {
        // The newest stays as well: going back a little is what is asked for most.
        while self.keyframes().1 > self.policy.bytes_max && self.keyframes.len() > 2 {
            let gap = |i: &usize| self.keyframes[i + 1].simulation.events() - self.keyframes[i - 1].simulation.events();
            let place = (1..self.keyframes.len() - 1).min_by_key(gap).unwrap_or(1);
            self.keyframes.remove(place);
        }
    }
}
