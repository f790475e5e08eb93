//! The future event list: events fire by (time, sequence), with no epsilon anywhere.
//!
//! Three parts, one order. What is due at once waits in a FIFO; what is due after one of a few constant delays (time-outs,
//! fixed link latencies) waits in a sorted FIFO lane per delay, where most of it is cancelled long before it comes up; the
//! rest waits in a 4-ary heap. The FIFO needs neither time nor sequence: what stands elsewhere with the time that it is now
//! was scheduled before the clock came here, so it goes first, and [`EventQueue::clear`] remembers that it has gone.
//!
//! The heap goes by time alone, one comparison of words; entries that are due at the same nanosecond are rare, and are put in
//! the order of their sequence when they come up together. What is taken out leaves a hole at the top, because most events
//! schedule another: that one is sifted down from there, instead of the last entry down and the new one up. Cancelling costs
//! nothing here: the generation in the entry no longer matches, and the entry is dropped when it comes up.

use crate::slab::Key;
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
    /// The service of a call ends at its callee.
    Served,
    /// A component's own timer.
    Timer,
    /// The callee learns that its caller has given up.
    Cancel,
    /// A message between components reaches its target.
    Message,
    /// The one time that a node has set for itself.
    Tick,
}

const KINDS: [Kind; 8] =
    [Kind::Deliver, Kind::Reply, Kind::GiveUp, Kind::Served, Kind::Timer, Kind::Cancel, Kind::Message, Kind::Tick];

/// What is due: a kind, and what it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Due {
    pub(crate) kind: Kind,
    pub(crate) key: Key,
}

/// 24 bytes; the kind stands in the low bits of `order`, above it the sequence.
#[derive(Clone, Copy, Debug)]
struct Entry {
    time: u64,
    order: u64,
    about: Key,
}

impl Entry {
    #[inline(always)]
    fn key(&self) -> u128 {
        u128::from(self.time) << 64 | u128::from(self.order)
    }

    #[inline(always)]
    fn due(&self) -> Due {
        Due { kind: KINDS[(self.order & 7) as usize], key: self.about }
    }
}

/// A queue in a ring whose size is a power of two.
#[derive(Clone, Debug)]
struct Ring {
    /// Those from `head` up to `tail`, counted without end, are there.
    head: u32,
    tail: u32,
    places: Vec<Due>,
}

impl Ring {
    fn new() -> Ring {
        Ring { head: 0, tail: 0, places: vec![NOTHING; 16] }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.tail.wrapping_sub(self.head) as usize
    }

    #[inline(always)]
    fn push(&mut self, due: Due) {
        if self.len() == self.places.len() {
            self.grow();
        }
        let place = self.tail as usize & (self.places.len() - 1);
        self.tail = self.tail.wrapping_add(1);
        self.places[place] = due;
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Due> {
        if self.head == self.tail {
            return None;
        }
        let place = self.head as usize & (self.places.len() - 1);
        self.head = self.head.wrapping_add(1);
        self.places.get(place).copied()
    }

    #[cold]
    fn grow(&mut self) {
        let first = self.head as usize & (self.places.len() - 1);
        self.places.rotate_left(first);
        (self.head, self.tail) = (0, self.places.len() as u32);
        self.places.resize(2 * self.places.len(), NOTHING);
    }
}

const NOTHING: Due = Due { kind: Kind::Message, key: Key::NONE };
const NOBODY: Entry = Entry { time: u64::MAX, order: u64::MAX, about: Key::NONE };
const NEVER: u128 = u128::MAX;
const LANES_MAX: usize = 64;
const ARITY: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct EventQueue {
    /// The clock: the time of the entry that was taken out last, or where [`EventQueue::wait_until`] has put it.
    now: u64,
    sequence: u64,
    fifo: Ring,
    /// Nothing but the FIFO has anything due now.
    clear: bool,
    /// The first entry of the heap has been taken out, and nothing has come in its place.
    hole: bool,
    /// The first `size` are the heap, the hole included; behind them stand at least [`ARITY`] that are never due, so that
    /// every entry has all its children.
    heap: Vec<Entry>,
    size: usize,
    /// The least time below the hole, while there is one.
    below: u64,
    /// Entries of the heap that are due at this very nanosecond together, the next one last.
    tied: Vec<Entry>,
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
        EventQueue {
            now: 0,
            sequence: 0,
            fifo: Ring::new(),
            clear: false,
            hole: false,
            heap: vec![NOBODY; ARITY],
            size: 0,
            below: u64::MAX,
            tied: Vec::new(),
            lanes: Vec::new(),
            delays: Vec::new(),
            fronts: Vec::new(),
            front_min: NEVER,
            front_lane: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Nothing happens until `time`, which is later.
    pub(crate) fn wait_until(&mut self, time: u64) {
        debug_assert!(time > self.now && self.fifo.len() == 0, "something happens before");
        self.now = time;
        self.clear = false;
    }

    pub(crate) fn len(&self) -> usize {
        self.fifo.len() + self.tied.len() + self.size - usize::from(self.hole)
            + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Bytes that a copy takes.
    pub(crate) fn bytes(&self) -> usize {
        self.len() * size_of::<Entry>()
    }

    #[inline(always)]
    fn entry(&mut self, delay: u64, kind: Kind, about: Key) -> Entry {
        self.sequence += 1;
        Entry { time: self.now.saturating_add(delay), order: self.sequence << 3 | kind as u64, about }
    }

    /// Schedules for this instant, after all that is due in it.
    #[inline(always)]
    pub(crate) fn push_now(&mut self, kind: Kind, about: Key) {
        self.fifo.push(Due { kind, key: about });
    }

    /// Schedules after `delay`, whatever that is.
    #[inline(always)]
    pub(crate) fn push(&mut self, delay: u64, kind: Kind, about: Key) {
        if delay == 0 {
            return self.push_now(kind, about);
        }
        let Entry { time, order, about } = self.entry(delay, kind, about);
        if self.hole {
            self.hole = false;
            self.sift_down(time, order, about);
        } else {
            self.push_last(time, order, about);
        }
    }

    /// Schedules after a `delay` that many events share: a time-out, a fixed latency. `lane` is where it went the last time,
    /// a guess that spares looking for it; comes back as where it went now.
    #[inline]
    pub(crate) fn push_constant(&mut self, delay: u64, lane: u32, kind: Kind, about: Key) -> u32 {
        if delay == 0 {
            self.push_now(kind, about);
            return lane;
        }
        let known = self.delays.get(lane as usize) == Some(&delay);
        let Some(lane) = (if known { Some(lane as usize) } else { self.lane(delay) }) else {
            self.push(delay, kind, about);
            return lane;
        };
        let entry = self.entry(delay, kind, about);
        let entries = &mut self.lanes[lane];
        if entries.is_empty() {
            self.fronts[lane] = entry.key();
            if entry.key() < self.front_min {
                (self.front_min, self.front_lane) = (entry.key(), lane);
            }
        }
        entries.push_back(entry);
        lane as u32
    }

    #[cold]
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

    /// The next entry due before `until`, which is later than now; the clock goes there.
    #[inline(always)]
    pub(crate) fn pop_before(&mut self, until: u64) -> Option<Due> {
        if self.clear
            && let Some(due) = self.fifo.pop()
        {
            return Some(due);
        }
        self.pop_timed(until)
    }

    #[inline(always)]
    fn pop_timed(&mut self, until: u64) -> Option<Due> {
        let heap = if self.hole { self.below } else { self.heap.first().map_or(u64::MAX, |e| e.time) };
        let lanes = (self.front_min >> 64) as u64;
        let time = heap.min(lanes);
        if self.tied.is_empty() && time > self.now {
            self.clear = true;
            if let Some(due) = self.fifo.pop() {
                return Some(due);
            }
            if time >= until {
                return None;
            }
            self.now = time;
            self.clear = false;
        }
        if heap >= lanes || !self.tied.is_empty() {
            return self.pop_lane_or_tied(heap == lanes);
        }
        if self.hole {
            self.fill_hole();
        }
        let Some([top, a, b, c, d]) = self.heap.get(..=ARITY) else { return None };
        let below = a.time.min(b.time).min(c.time.min(d.time));
        let due = top.due();
        (self.hole, self.below) = (true, below);
        if below == time {
            return self.pop_among_tied();
        }
        self.clear = lanes > time;
        Some(due)
    }

    /// The next entry, where it does not come from the heap alone.
    #[inline(never)]
    fn pop_lane_or_tied(&mut self, equal: bool) -> Option<Due> {
        if equal && self.tied.is_empty() {
            self.gather();
        }
        match self.tied.last() {
            Some(tied) if tied.key() < self.front_min => self.tied.pop().map(|entry| entry.due()),
            _ => self.pop_lane(),
        }
    }

    /// There is more in the heap with the time of the top: the first of them in sequence.
    #[cold]
    fn pop_among_tied(&mut self) -> Option<Due> {
        // What was at the top is still there.
        self.hole = false;
        self.gather();
        self.tied.pop().map(|entry| entry.due())
    }

    /// Takes everything that is due now out of the heap.
    #[cold]
    fn gather(&mut self) {
        if self.hole {
            self.fill_hole();
        }
        while self.heap[0].time == self.now {
            self.tied.push(self.heap[0]);
            self.fill_hole();
        }
        self.tied.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.order));
    }

    #[inline]
    fn pop_lane(&mut self) -> Option<Due> {
        let lane = self.front_lane;
        let entry = self.lanes[lane].pop_front()?;
        self.fronts[lane] = self.lanes[lane].front().map_or(NEVER, Entry::key);
        self.front_min = NEVER;
        for (i, &front) in self.fronts.iter().enumerate() {
            if front < self.front_min {
                (self.front_min, self.front_lane) = (front, i);
            }
        }
        Some(entry.due())
    }

    /// Puts an entry in a new place at the end of the heap.
    fn push_last(&mut self, time: u64, order: u64, about: Key) {
        let mut child = self.size;
        self.heap.push(NOBODY);
        self.size += 1;
        let heap = self.heap.as_mut_slice();
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if heap[parent].time <= time {
                break;
            }
            heap[child] = heap[parent];
            child = parent;
        }
        heap[child] = Entry { time, order, about };
    }

    /// The last entry takes the place of the first, which has been taken out.
    #[inline]
    fn fill_hole(&mut self) {
        self.hole = false;
        self.size -= 1;
        self.heap.pop();
        let last = std::mem::replace(&mut self.heap[self.size], NOBODY);
        if self.size > 0 {
            self.sift_down(last.time, last.order, last.about);
        }
    }

    /// Puts an entry in the place of the first. Word by word: an entry that was put together in memory and is loaded as a
    /// whole would wait for the cache.
    #[inline(always)]
    fn sift_down(&mut self, time: u64, order: u64, about: Key) {
        let heap = self.heap.as_mut_slice();
        let mut hole = 0;
        // Four children each, and no branch that could be mispredicted but the last.
        while let Some([a, b, c, d]) = heap.get(hole * ARITY + 1..hole * ARITY + 1 + ARITY) {
            let (left, right) = (b.time < a.time, d.time < c.time);
            let (low, high) = (a.time.min(b.time), c.time.min(d.time));
            let (left, right) = (usize::from(left), 2 + usize::from(right));
            let least = hole * ARITY + 1 + if high < low { right } else { left };
            if time <= low.min(high) {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        heap[hole] = Entry { time, order, about };
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
                        queue.push(delay, Kind::Timer, Key::new(id as u32, 0));
                    }
                    2 => {
                        let id = naive.push(now + delay);
                        queue.push_constant(delay, (id % 3) as u32, Kind::GiveUp, Key::new(id as u32, 0));
                    }
                    _ => {
                        let until = now + delay;
                        if until == now {
                            continue;
                        }
                        let expected = naive.pop_before(until);
                        let got = queue.pop_before(until).map(|due| (queue.now(), u64::from(due.key.index())));
                        prop_assert_eq!(got, expected);
                        if got.is_none() {
                            queue.wait_until(until);
                        }
                        now = queue.now();
                    }
                }
            }
            prop_assert_eq!(queue.len(), naive.entries.len());
        }
    }
}
