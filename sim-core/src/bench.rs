//! The event list by itself, for the hold-model benchmark. Only there with the feature `bench`.

use crate::queue::{EventQueue, Kind};
use crate::slab::Key;

/// The future event list, holding timers numbered by the caller.
#[derive(Clone, Debug)]
pub struct EventList {
    queue: EventQueue,
    lane: u32,
}

impl Default for EventList {
    fn default() -> EventList {
        EventList { queue: EventQueue::new(), lane: 0 }
    }
}

impl EventList {
    /// Schedules `number` after `delay` ns.
    #[inline]
    pub fn push(&mut self, delay: u64, number: u32) {
        self.queue.push(delay, Kind::Timer, Key::new(number, 0));
    }

    /// Schedules `number` after a `delay` that many entries share.
    #[inline]
    pub fn push_constant(&mut self, delay: u64, number: u32) {
        self.lane = self.queue.push_constant(delay, self.lane, Kind::GiveUp, Key::new(number, 0));
    }

    /// Takes the next entry out and puts the clock at its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, u32)> {
        let due = self.queue.pop_before(u64::MAX)?;
        Some((self.queue.now(), due.key.index()))
    }
}
