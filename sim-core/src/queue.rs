//! The future event list: events fire by (time, sequence), with no epsilon anywhere.
//!
//! Three parts, one order. What is due at once waits in a FIFO, whose first place stands apart: where one event leads to one
//! other, as hops without delay do, the rest of it is not touched. What is due after one of a few constant delays (time-outs,
//! fixed link latencies) waits in a sorted FIFO lane per delay, where most of it is cancelled long before it comes up; the
//! rest waits in a 4-ary heap. The FIFO needs neither time nor sequence: what stands elsewhere with the time that it is now
//! was scheduled before the clock came here, so it goes first, and until it has gone the first place is [`BLOCKED`].
//!
//! The heap goes by time alone, one comparison of words; entries that are due at the same nanosecond are rare, and are put in
//! the order of their sequence when they come up together. What is taken out leaves a hole at the top, because most events
//! schedule another: that one is sifted down from there, instead of the last entry down and the new one up. Cancelling costs
//! nothing here: the generation in the entry no longer matches, and the entry is dropped when it comes up.

use crate::ring::Ring;
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

impl Kind {
    /// The kind that `order` of an entry carries.
    #[inline(always)]
    fn of(order: u64) -> Kind {
        // In the order of the declaration: to the compiler, no choice at all.
        match order % KINDS {
            0 => Kind::Deliver,
            1 => Kind::Reply,
            2 => Kind::GiveUp,
            3 => Kind::Served,
            4 => Kind::Timer,
            5 => Kind::Cancel,
            6 => Kind::Message,
            _ => Kind::Tick,
        }
    }
}

const KINDS: u64 = 8;

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
        Due { kind: Kind::of(self.order), key: self.about }
    }
}

/// Instead of a key at the first place of the FIFO: it has nothing. No key of generation 0 is ever scheduled.
const EMPTY: Key = Key::new(0, 0);
/// Instead of a key at the first place of the FIFO: something else that is due now comes before it.
const BLOCKED: Key = Key::new(1, 0);
const NOBODY: Entry = Entry { time: u64::MAX, order: u64::MAX, about: Key::NONE };
const NEVER: u128 = u128::MAX;
const LANES_MAX: usize = 64;
const ARITY: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct EventQueue {
    /// The clock: the time of the entry that was taken out last, or where [`EventQueue::wait_until`] has put it.
    now: u64,
    /// Of the entry that was scheduled last, times [`KINDS`].
    sequence: u64,
    /// The first of the FIFO, or [`EMPTY`], and so is the rest then; [`BLOCKED`] when others have something due now: what is
    /// scheduled for this instant waits in the rest until then.
    next: Key,
    next_kind: Kind,
    fifo: Ring<Due>,
    /// The first `size` are the heap, the hole included; behind them stand at least [`ARITY`] that are never due, so that
    /// every entry has all its children.
    heap: Vec<Entry>,
    size: usize,
    /// The least time in the heap and among `tied`.
    least: u64,
    /// The first entry of the heap has been taken out, and nothing has come in its place: where the least time below that hole
    /// is. 0 without a hole.
    below: usize,
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
            next: BLOCKED,
            next_kind: Kind::Message,
            fifo: Ring::default(),
            heap: vec![NOBODY; ARITY],
            size: 0,
            least: u64::MAX,
            below: 0,
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
        debug_assert!(
            time > self.now && self.next.generation() == 0 && self.fifo.is_empty(),
            "something happens before"
        );
        self.now = time;
        self.next = BLOCKED;
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.next.generation() != 0) + self.fifo.len() + self.tied.len() + self.size
            - usize::from(self.below != 0)
            + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    /// Bytes that a copy takes.
    pub(crate) fn bytes(&self) -> usize {
        self.len() * size_of::<Entry>()
    }

    #[inline(always)]
    fn entry(&mut self, delay: u64, kind: Kind, about: Key) -> Entry {
        self.sequence += KINDS;
        Entry { time: self.now.saturating_add(delay), order: self.sequence | kind as u64, about }
    }

    /// Schedules for this instant, after all that is due in it.
    #[inline(always)]
    pub(crate) fn push_now(&mut self, kind: Kind, about: Key) {
        debug_assert!(about.generation() != 0, "generation 0 says that nothing is there");
        if self.next == EMPTY {
            (self.next, self.next_kind) = (about, kind);
        } else {
            self.fifo.push(Due { kind, key: about });
        }
    }

    /// Schedules after `delay`, whatever that is.
    #[inline(always)]
    pub(crate) fn push(&mut self, delay: u64, kind: Kind, about: Key) {
        if delay == 0 {
            return self.push_now(kind, about);
        }
        let Entry { time, order, about } = self.entry(delay, kind, about);
        match self.below {
            0 => self.push_last(time, order, about),
            below => {
                self.below = 0;
                self.fill_hole_with(below, time, order, about);
            }
        }
    }

    /// Schedules after a `delay` that many events share: a time-out, a fixed latency. `lane` is where it went the last time,
    /// a guess that spares looking for it; comes back as where it went now.
    #[inline(always)]
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
    #[cfg(any(test, feature = "bench"))]
    #[inline(always)]
    pub(crate) fn pop_before(&mut self, until: u64) -> Option<Due> {
        match self.pop_at_once() {
            None if self.goes_by_heap() => self.pop_heap(until),
            None => self.pop_of_several(until),
            due => due,
        }
    }

    /// The next entry that was scheduled for this very instant, unless others that are due now come first.
    #[inline(always)]
    pub(crate) fn pop_at_once(&mut self) -> Option<Due> {
        let due = Due { kind: self.next_kind, key: self.next };
        if due.key.generation() == 0 {
            return None;
        }
        if self.fifo.is_empty() {
            self.next = EMPTY;
        } else {
            self.move_up();
        }
        Some(due)
    }

    /// What comes first in the rest of the FIFO takes the first place, where nothing is due before it any more.
    #[inline(never)]
    fn move_up(&mut self) {
        match self.fifo.pop() {
            Some(due) => (self.next, self.next_kind) = (due.key, due.kind),
            None => self.next = EMPTY,
        }
    }

    /// Whether nothing is due now, and next comes something in the heap, or nothing.
    #[inline(always)]
    pub(crate) fn goes_by_heap(&self) -> bool {
        self.next == EMPTY && self.least < self.front()
    }

    /// When the first entry of all lanes is due.
    #[inline(always)]
    fn front(&self) -> u64 {
        (self.front_min >> 64) as u64
    }

    /// The next entry due before `until` when [`EventQueue::goes_by_heap`]; the clock goes there.
    #[inline(always)]
    pub(crate) fn pop_heap(&mut self, until: u64) -> Option<Due> {
        let time = self.least;
        if time >= until {
            return None;
        }
        self.now = time;
        if self.below != 0 {
            self.fill_hole();
        }
        let Some([top, a, b, c, d]) = self.heap.get(..=ARITY) else { return None };
        let due = top.due();
        let (place, least) = least_of([a, b, c, d]);
        (self.below, self.least) = (1 + place, least);
        if least == time { self.pop_among_tied() } else { Some(due) }
    }

    /// The next entry due before `until`, which is later than now, when [`EventQueue::pop_at_once`] has found nothing and it
    /// may come from a lane, or several are due at once; the clock goes there.
    #[inline(never)]
    pub(crate) fn pop_of_several(&mut self, until: u64) -> Option<Due> {
        let time = self.least.min(self.front());
        if time > self.now {
            if self.next == BLOCKED {
                self.move_up();
                if let Some(due) = self.pop_at_once() {
                    return Some(due);
                }
            }
            if time >= until {
                return None;
            }
        }
        // As if nothing had come between: how a run is cut is not to be seen in the shape of the heap.
        if self.least < self.front() && self.tied.is_empty() {
            let due = self.pop_heap(until);
            if self.next == BLOCKED && self.least.min(self.front()) > self.now {
                self.move_up();
            }
            return due;
        }
        self.now = time;
        if self.least == self.now && self.tied.is_empty() {
            self.gather();
        }
        let due = match self.tied.last() {
            Some(tied) if tied.key() < self.front_min => self.pop_tied(),
            _ => self.pop_lane(),
        };
        if self.least.min(self.front()) > self.now {
            self.move_up()
        } else {
            self.next = BLOCKED
        }
        due
    }

    /// There is more in the heap with the time of the top: the first of them in sequence.
    #[cold]
    fn pop_among_tied(&mut self) -> Option<Due> {
        // What was at the top is still there.
        self.below = 0;
        self.next = BLOCKED;
        self.gather();
        self.pop_tied()
    }

    fn pop_tied(&mut self) -> Option<Due> {
        let due = self.tied.pop().map(|entry| entry.due());
        if self.tied.is_empty() {
            self.least = self.heap[0].time;
        }
        due
    }

    /// Takes everything that is due now out of the heap.
    #[cold]
    fn gather(&mut self) {
        if self.below != 0 {
            self.fill_hole();
        }
        while self.heap[0].time == self.now {
            self.tied.push(self.heap[0]);
            self.fill_hole();
        }
        self.tied.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.order));
        self.least = self.now;
    }

    fn pop_lane(&mut self) -> Option<Due> {
        let entry = self.lanes[self.front_lane].pop_front()?;
        self.look_at_fronts();
        Some(entry.due())
    }

    /// The first entry of the lane whose turn it is has gone.
    fn look_at_fronts(&mut self) {
        let lane = self.front_lane;
        self.fronts[lane] = self.lanes[lane].front().map_or(NEVER, Entry::key);
        self.front_min = NEVER;
        for (i, &front) in self.fronts.iter().enumerate() {
            if front < self.front_min {
                (self.front_min, self.front_lane) = (front, i);
            }
        }
    }

    /// Drops entries of `kind` that are stale at the head of the lane whose turn is next: those that were called off are
    /// most of what waits there, and need not come up one by one.
    #[inline]
    pub(crate) fn sweep(&mut self, kind: Kind, stale: impl Fn(Key) -> bool) {
        let Some(lane) = self.lanes.get_mut(self.front_lane) else { return };
        let before = lane.len();
        while let Some(entry) = lane.front()
            && entry.due().kind == kind
            && stale(entry.about)
        {
            lane.pop_front();
        }
        if lane.len() < before {
            self.look_at_fronts();
        }
    }

    /// Puts an entry in a new place at the end of the heap.
    fn push_last(&mut self, time: u64, order: u64, about: Key) {
        let mut child = self.size;
        self.least = self.least.min(time);
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

    /// A new entry takes the place of the first, which has been taken out, or one below `below`, where the least one is.
    #[inline(always)]
    fn fill_hole_with(&mut self, below: usize, time: u64, order: u64, about: Key) {
        if time <= self.least {
            self.least = time;
            self.heap[0] = Entry { time, order, about };
        } else {
            self.heap[0] = self.heap[below];
            self.sift_down(below, time, order, about);
        }
    }

    /// The last entry takes the place of the first, which has been taken out.
    #[inline]
    fn fill_hole(&mut self) {
        self.below = 0;
        self.size -= 1;
        self.heap.pop();
        let last = std::mem::replace(&mut self.heap[self.size], NOBODY);
        if self.size > 0 {
            self.sift_down(0, last.time, last.order, last.about);
        }
    }

    /// Puts an entry in the place of the one at `hole`, or below. Word by word: an entry that was put together in memory and
    /// is loaded as a whole would wait for the cache.
    #[inline(always)]
    fn sift_down(&mut self, mut hole: usize, time: u64, order: u64, about: Key) {
        let heap = self.heap.as_mut_slice();
        while let Some([a, b, c, d, ..]) = heap.get(hole * ARITY + 1..) {
            let (place, least) = least_of([a, b, c, d]);
            if time <= least {
                break;
            }
            let child = hole * ARITY + 1 + place;
            heap[hole] = heap[child];
            hole = child;
        }
        heap[hole] = Entry { time, order, about };
    }
}

/// Which of four entries is due first, and when; no branch that could be mispredicted.
#[inline(always)]
fn least_of([a, b, c, d]: [&Entry; ARITY]) -> (usize, u64) {
    let (left, right) = (usize::from(b.time < a.time), 2 + usize::from(d.time < c.time));
    let (low, high) = (a.time.min(b.time), c.time.min(d.time));
    (if high < low { right } else { left }, low.min(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious implementation: a list sorted by (time, sequence).
    #[derive(Default)]
    struct Naive {
        entries: Vec<(u64, u64, bool)>,
        sequence: u64,
    }

    impl Naive {
        fn push(&mut self, time: u64, in_lane: bool) -> u64 {
            self.sequence += 1;
            self.entries.push((time, self.sequence, in_lane));
            self.sequence
        }

        fn pop_before(&mut self, until: u64) -> Option<(u64, u64)> {
            self.entries.retain(|&(_, id, in_lane)| !in_lane || id % 5 != 0);
            self.entries.sort_unstable();
            (self.entries.first()?.0 < until).then(|| self.entries.remove(0)).map(|(time, id, _)| (time, id))
        }
    }

    /// Every fifth of those in lanes has been called off: nobody wants to see it.
    fn stale(due: Due) -> bool {
        due.kind == Kind::GiveUp && due.key.index().is_multiple_of(5)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agrees_with_a_sorted_list(
            steps in prop::collection::vec((0u8..5, 0u64..40), 1..600),
            sweeps in any::<bool>(),
        ) {
            let (mut queue, mut naive, mut now) = (EventQueue::new(), Naive::default(), 0u64);
            let rest = std::iter::repeat_n((4, u64::MAX - 1_000_000), steps.len());
            for (what, delay) in steps.into_iter().chain(rest) {
                match what {
                    0 | 1 => {
                        let id = naive.push(now + delay, false);
                        queue.push(delay, Kind::Timer, Key::new(id as u32, 1));
                    }
                    2 => {
                        let id = naive.push(now + delay, true);
                        queue.push_constant(delay, (id % 3) as u32, Kind::GiveUp, Key::new(id as u32, 1));
                    }
                    _ => {
                        let until = now + delay;
                        if until == now {
                            continue;
                        }
                        let expected = naive.pop_before(until);
                        let got = loop {
                            let due = queue.pop_before(until);
                            if !due.is_some_and(stale) {
                                break due.map(|due| (queue.now(), u64::from(due.key.index())));
                            }
                            if sweeps {
                                queue.sweep(Kind::GiveUp, |key| stale(Due { kind: Kind::GiveUp, key }));
                            }
                        };
                        prop_assert_eq!(got, expected);
                        if got.is_none() {
                            queue.wait_until(until);
                        }
                        now = queue.now();
                        if got.is_none() && until > 1 << 63 {
                            break;
                        }
                    }
                }
            }
            prop_assert_eq!(queue.len(), 0);
        }
    }
}
