//! W4, the hold model: take the first entry out, put it back an exponential time later.

use crate::limit::Xoshiro;
use crate::measure::timed;
use dary_heap::QuaternaryHeap;
use floodgate_core::bench::EventList;
use floodgate_core::dist::exponential;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A list of future events, holding a number of 8 bytes each.
pub trait List: Default {
    /// Its name in the table.
    const NAME: &'static str;
    /// Schedules `number` after `delay`.
    fn push(&mut self, delay: u64, number: u32);
    /// Takes out what is next.
    fn pop(&mut self) -> Option<(u64, u32)>;
}

impl List for EventList {
    const NAME: &'static str = "floodgate";
    #[inline]
    fn push(&mut self, delay: u64, number: u32) {
        EventList::push(self, delay, number);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        EventList::pop(self)
    }
}

/// The same list, every delay the same: what time-outs cost.
#[derive(Default)]
pub struct Lane(EventList);

impl List for Lane {
    const NAME: &'static str = "floodgate, one lane";
    #[inline]
    fn push(&mut self, _delay: u64, number: u32) {
        self.0.push_constant(1_000_000_000, number);
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        self.0.pop()
    }
}

/// std's binary heap.
#[derive(Default)]
pub struct Binary {
    now: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(u64, u64, u64)>>,
}

impl List for Binary {
    const NAME: &'static str = "std BinaryHeap";
    #[inline]
    fn push(&mut self, delay: u64, number: u32) {
        self.sequence += 1;
        self.heap.push(Reverse((self.now + delay, self.sequence, u64::from(number))));
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        let Reverse((time, _, number)) = self.heap.pop()?;
        self.now = time;
        Some((time, number as u32))
    }
}

/// A 4-ary heap from the registry, with a key of one word of 128 bits.
#[derive(Default)]
pub struct Quaternary {
    now: u64,
    sequence: u64,
    heap: QuaternaryHeap<Reverse<(u128, u64)>>,
}

impl List for Quaternary {
    const NAME: &'static str = "dary_heap, 4-ary";
    #[inline]
    fn push(&mut self, delay: u64, number: u32) {
        self.sequence += 1;
        let key = u128::from(self.now + delay) << 64 | u128::from(self.sequence);
        self.heap.push(Reverse((key, u64::from(number))));
    }
    #[inline]
    fn pop(&mut self) -> Option<(u64, u32)> {
        let Reverse((key, number)) = self.heap.pop()?;
        self.now = (key >> 64) as u64;
        Some((self.now, number as u32))
    }
}

/// Nanoseconds for each of `holds` holds on a list of `size`; the generator is in it.
#[must_use]
pub fn hold<L: List>(size: u32, holds: u64) -> f64 {
    let mut rng = Xoshiro::new(7);
    let mut delay = move || (exponential(&mut rng) * 1e9) as u64 + 1;
    let mut list = L::default();
    for number in 0..size {
        list.push(delay(), number);
    }
    let mut go = |n: u64| {
        for _ in 0..n {
            let Some((_, number)) = list.pop() else { return };
            list.push(delay(), number);
        }
    };
    // Until then the list has the shape of how it was filled.
    go(u64::from(size));
    let ((), time) = timed(|| go(holds));
    time.as_nanos() as f64 / holds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order<L: List>() -> Vec<(u64, u32)> {
        let mut rng = Xoshiro::new(3);
        let mut list = L::default();
        for number in 0..200 {
            // Few distinct delays, so that many are equal.
            list.push((exponential(&mut rng) * 20.0) as u64 + 1, number);
        }
        let mut order = Vec::new();
        for number in 200..1000 {
            order.extend(list.pop());
            list.push((exponential(&mut rng) * 20.0) as u64 + 1, number);
        }
        order
    }

    #[test]
    fn the_lists_that_are_compared_agree() {
        assert_eq!(order::<EventList>(), order::<Binary>());
        assert_eq!(order::<EventList>(), order::<Quaternary>());
    }
}
