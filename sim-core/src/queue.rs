//! The future event list: events fire by (time, sequence), with no epsilon anywhere.
//!
//! Three parts, one order. What is due at once waits in a FIFO; what is due after one of a few constant delays (time-outs,
//! fixed link latencies) waits in a sorted FIFO lane per delay, where most of it is cancelled long before it comes up; the
//! rest waits in a 4-ary heap. What is taken out of the heap leaves a hole at its top, because most events schedule another:
//! that one is sifted down from there, instead of the last entry down and the new one up. Cancelling costs nothing here: the generation in the entry no longer matches, and the entry is
//! dropped when it comes up.

use std::collections::VecDeque;

/// What an entry is about; the meaning of its index depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A call reaches its callee.
    Deliver,
    /// The answer to a call reaches its caller.
    Reply,
    /// A caller's patience with a call ends.
    GiveUp,
    /// A component's own timer.
    Timer,
    /// The callee learns that its caller has given up.
    Cancel,
    /// A message between components reaches its target.
    Message,
}

const KINDS: [Kind; 8] =
    [Kind::Deliver, Kind::Reply, Kind::GiveUp, Kind::Timer, Kind::Cancel, Kind::Message, Kind::Message, Kind::Message];

/// 24 bytes; the kind stands in the low bits of `order`, above it the sequence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) time: u64,
    order: u64,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Entry {
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.order)
    }

    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        KINDS[(self.order & 7) as usize]
    }
}

const NEVER: u128 = u128::MAX;
const LANES_MAX: usize = 64;
const ARITY: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct EventQueue {
    sequence: u64,
    now: VecDeque<Entry>,
    heap: Vec<Entry>,
    /// The first entry of the heap has been taken out, and nothing has come in its place.
    hole: bool,
    lanes: Vec<VecDeque<Entry>>,
    delays: Vec<u64>,
    /// Key of the first entry of each lane.
    fronts: Vec<u128>,
    /// The smallest of `fronts`, and whose it is.
    front_min: u128,
    front_lane: usize,
}

impl EventQueue {
    pub(crate) fn new() -> EventQueue {
        EventQueue { front_min: NEVER, ..EventQueue::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.now.len() + self.heap.len() - usize::from(self.hole) + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Bytes that a copy takes.
    pub(crate) fn bytes(&self) -> usize {
        self.len() * size_of::<Entry>()
    }

    #[inline(always)]
    fn entry(&mut self, time: u64, kind: Kind, index: u32, generation: u32) -> Entry {
        self.sequence += 1;
        Entry { time, order: self.sequence << 3 | kind as u64, index, generation }
    }

    /// Schedules at `now + delay`, whatever the delay.
    #[inline]
    pub(crate) fn push(&mut self, now: u64, delay: u64, kind: Kind, index: u32, generation: u32) {
        let time = now.saturating_add(delay);
        let entry = self.entry(time, kind, index, generation);
        if delay == 0 {
            self.now.push_back(entry);
        } else if self.hole {
            self.hole = false;
            self.sift_down(entry);
        } else {
            self.heap.push(entry);
            self.sift_up(self.heap.len() - 1);
        }
    }

    /// Schedules at `now + delay` for a delay that many events share: a time-out, a fixed latency.
    #[inline]
    pub(crate) fn push_constant(&mut self, now: u64, delay: u64, kind: Kind, index: u32, generation: u32) {
        if delay == 0 {
            return self.push(now, delay, kind, index, generation);
        }
        let Some(lane) = self.lane(delay) else {
            return self.push(now, delay, kind, index, generation);
        };
        let entry = self.entry(now.saturating_add(delay), kind, index, generation);
        if self.lanes[lane].is_empty() {
            self.fronts[lane] = entry.key();
            if entry.key() < self.front_min {
                (self.front_min, self.front_lane) = (entry.key(), lane);
            }
        }
        self.lanes[lane].push_back(entry);
    }

    #[inline]
    fn lane(&mut self, delay: u64) -> Option<usize> {
        if let Some(lane) = self.delays.iter().position(|&d| d == delay) {
            return Some(lane);
        }
        if self.delays.len() < LANES_MAX {
            self.delays.push(delay);
            self.lanes.push(VecDeque::new());
            self.fronts.push(NEVER);
            return Some(self.delays.len() - 1);
        }
        // Delays that came from live changes leave empty lanes behind: take one over.
        let lane = self.lanes.iter().position(VecDeque::is_empty)?;
        self.delays[lane] = delay;
        Some(lane)
    }

    /// The next entry due before `until`, given that the clock stands at `now`.
    #[inline]
    pub(crate) fn pop_before(&mut self, now: u64, until: u64) -> Option<Entry> {
        if self.hole {
            self.fill_hole();
        }
        let heap = self.heap.first().map_or(NEVER, Entry::key);
        let next = heap.min(self.front_min);
        let time = (next >> 64) as u64;
        if !self.now.is_empty() && (time > now || next == NEVER) {
            // Everything else due now was scheduled earlier, so it has gone before; this is next in sequence.
            return if now < until { self.now.pop_front() } else { None };
        }
        if next == NEVER || time >= until {
            return None;
        }
        if heap < self.front_min {
            self.hole = true;
            self.heap.first().copied()
        } else {
            self.pop_lane()
        }
    }

    fn pop_lane(&mut self) -> Option<Entry> {
        let lane = self.front_lane;
        let entry = self.lanes[lane].pop_front();
        self.fronts[lane] = self.lanes[lane].front().map_or(NEVER, Entry::key);
        self.front_min = NEVER;
        for (i, &front) in self.fronts.iter().enumerate() {
            if front < self.front_min {
                (self.front_min, self.front_lane) = (front, i);
            }
        }
        entry
    }

    #[inline]
    fn sift_up(&mut self, mut child: usize) {
        let entry = self.heap[child];
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if self.heap[parent].key() <= entry.key() {
                break;
            }
            self.heap[child] = self.heap[parent];
            child = parent;
        }
        self.heap[child] = entry;
    }

    /// The last entry takes the place of the first.
    #[inline]
    fn fill_hole(&mut self) {
        self.hole = false;
        if let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.sift_down(last);
        }
    }

    /// Puts `entry` in the place of the first.
    #[inline]
    fn sift_down(&mut self, entry: Entry) {
        let heap = self.heap.as_mut_slice();
        let mut hole = 0;
        loop {
            let first = hole * ARITY + 1;
            let least = match heap.get(first..first + ARITY) {
                // Four children, and no branch that could be mispredicted.
                Some(&[a, b, c, d]) => {
                    let (left, right) = (b.key() < a.key(), d.key() < c.key());
                    let (low, high) = (if left { b } else { a }, if right { d } else { c });
                    let (left, right) = (usize::from(left), 2 + usize::from(right));
                    first + if high.key() < low.key() { right } else { left }
                }
                _ => {
                    let Some(child) = (first..heap.len()).min_by_key(|&child| heap[child].key()) else { break };
                    child
                }
            };
            if entry.key() <= heap[least].key() {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        heap[hole] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious implementation: a list sorted by (time, sequence).
    #[derive(Default)]
    struct Naive {
        entries: Vec<(u64, u64)>,
        sequence: u64,
    }

    impl Naive {
        fn push(&mut self, time: u64) -> u64 {
            self.sequence += 1;
            self.entries.push((time, self.sequence));
            self.sequence
        }

        fn pop_before(&mut self, until: u64) -> Option<(u64, u64)> {
            self.entries.sort_unstable();
            (self.entries.first()?.0 < until).then(|| self.entries.remove(0))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agrees_with_a_sorted_list(steps in prop::collection::vec((0u8..5, 0u64..40), 1..600)) {
            let (mut queue, mut naive, mut now) = (EventQueue::new(), Naive::default(), 0u64);
            for (what, delay) in steps {
                match what {
                    0 | 1 => {
                        let id = naive.push(now + delay);
                        queue.push(now, delay, Kind::Timer, id as u32, 0);
                    }
                    2 => {
                        let id = naive.push(now + delay);
                        queue.push_constant(now, delay, Kind::GiveUp, id as u32, 0);
                    }
                    _ => {
                        let until = now + delay;
                        let expected = naive.pop_before(until);
                        let got = queue.pop_before(now, until).map(|e| (e.time, u64::from(e.index)));
                        prop_assert_eq!(got, expected);
                        now = got.map_or(until, |(time, _)| time);
                    }
                }
            }
            prop_assert_eq!(queue.len(), naive.entries.len());
        }
    }
}
