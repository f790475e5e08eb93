//! Time travel: a run with keyframes, so that any earlier instant is a short replay away.

use crate::control::Control;
use crate::record::SeriesPoint;
use crate::simulation::Simulation;
use floodgate_core::{Budget, Duration, Halt, Progress, Time};

/// How a [`Timeline`] keeps its keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyframePolicy {
    /// Virtual time between keyframes, before they are thinned.
    pub every: Duration,
    /// Bytes that all keyframes together may take; when they take more, every second one is dropped.
    pub bytes_max: usize,
}

impl Default for KeyframePolicy {
    fn default() -> KeyframePolicy {
        KeyframePolicy { every: Duration::from_secs(1), bytes_max: 256 << 20 }
    }
}

#[derive(Clone, Debug)]
struct Keyframe {
    simulation: Simulation,
    bytes: usize,
}

/// A run that can go back.
///
/// Seeking goes to the nearest keyframe before and replays from there; state and record are as if the run had stopped at that
/// time for the first time, except that windows of the series which have grown do not shrink again. A control entered in the past starts a branch: what was done later is forgotten. To keep both,
/// clone the timeline first.
#[derive(Clone, Debug)]
pub struct Timeline {
    simulation: Simulation,
    policy: KeyframePolicy,
    /// Grows when keyframes are thinned.
    every: Duration,
    /// Sorted by time; the first stands at the beginning.
    keyframes: Vec<Keyframe>,
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
        let every = Duration(policy.every.0.max(1));
        let mut timeline =
            Timeline { simulation, policy, every, keyframes: Vec::new(), log, furthest, ahead: Vec::new() };
        timeline.keep();
        // Behind it there is no other keyframe to fetch a part of a window from.
        timeline.keyframes[0].simulation = timeline.simulation.clone();
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

    /// As [`Simulation::advance`], and keeps keyframes on the way.
    pub fn advance(&mut self, budget: Budget) -> Progress {
        let last = self.simulation.events().saturating_add(budget.events);
        loop {
            let cut = self.next_keyframe().min(budget.until);
            let events = last - self.simulation.events();
            let progress = self.simulation.advance(Budget { until: cut, events });
            self.furthest = self.furthest.max(self.simulation.now());
            if progress != Progress::Reached {
                return progress;
            }
            if self.simulation.now() == self.next_keyframe() {
                self.keep();
            }
            if cut == budget.until {
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
        let keyframe = &self.keyframes[place];
        if time < self.simulation.now() || keyframe.simulation.now() > self.simulation.now() {
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
        match self.advance(Budget::until(time)) {
            Progress::Halted(halt) => Err(halt),
            _ => Ok(()),
        }
    }

    /// As [`Simulation::control`]; in the past it starts a branch, and what was done later is forgotten.
    ///
    /// # Errors
    /// As [`Simulation::control`].
    pub fn control(&mut self, control: Control) -> Result<(), String> {
        let now = self.simulation.now();
        if now < self.furthest {
            self.log.retain(|c| c.at <= now);
            self.keyframes.retain(|k| k.simulation.now() <= now);
            let keyframes = self.keyframes.iter_mut().map(|k| &mut k.simulation);
            keyframes.chain([&mut self.simulation]).for_each(|s| s.forget_controls_after(now));
            self.furthest = now;
            self.ahead.clear();
        }
        self.simulation.control(control.clone())?;
        // A keyframe at this very time was made before the control was entered, so it learns of it from the log.
        self.log.push(control);
        Ok(())
    }

    fn next_keyframe(&self) -> Time {
        let last = self.keyframes.last().map_or(Time::ZERO, |k| k.simulation.now());
        Time((last.0 / self.every.0 + 1).saturating_mul(self.every.0)).max(last)
    }

    fn keep(&mut self) {
        let bytes = self.simulation.state_bytes();
        self.keyframes.push(Keyframe { simulation: self.simulation.keyframe(), bytes });
        // The first stays whatever it takes: without it there is no way back.
        while self.keyframes().1 > self.policy.bytes_max && self.keyframes.len() > 1 {
            let mut place = 0;
            self.keyframes.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.every = self.every + self.every;
        }
    }
}
