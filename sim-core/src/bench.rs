//! The event list by itself, for the hold-model benchmark. Only there with the feature `bench`.

use crate::queue::{EventQueue, Kind};

/// The future event list, holding timers numbered by the caller.
#[derive(Clone, Debug)]
pub struct EventList {
    queue: EventQueue,
    now: u64,
}

impl Default for EventList {
    fn default() -> EventList {
        EventList { queue: EventQueue::new(), now: 0 }
    }
}

impl EventList {
    /// Schedules `number` after `delay` ns.
    #[inline]
    pub fn push(&mut self, delay: u64, number: u32) {
        self.queue.push(self.now, delay, Kind::Timer, number, 0);
    }

    /// Schedules `number` after a `delay` that many entries share.
    #[inline]
    pub fn push_constant(&mut self, delay: u64, number: u32) {
        self.queue.push_constant(self.now, delay, Kind::GiveUp, number, 0);
    }

    /// Takes the next entry out and puts the clock at its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, u32)> {
        let entry = self.queue.pop_before(self.now, u64::MAX)?;
        self.now = entry.time;
        Some((entry.time, entry.index))
    }
}
