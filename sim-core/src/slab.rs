//! Records with dense indices and generations: an id whose record has gone is recognised, never mistaken for a new one.

/// Reference to a record: index and generation.
///
/// One word of memory: what is stored as one word and loaded as one word passes through a processor's store buffer at once,
/// where two halves that are loaded as a whole would wait until they have reached the cache.
/// The generation is the lower half: what is compared with the record's is there without a shift.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Ord for Key {
    /// By generation, then by index.
    fn cmp(&self, other: &Key) -> std::cmp::Ordering {
        self.0.rotate_left(32).cmp(&other.0.rotate_left(32))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    /// Refers to nothing, ever: generations of live records are odd.
    pub const NONE: Key = Key::new(u32::MAX, 0);

    /// The record at `index`, of that `generation`.
    #[inline(always)]
    pub(crate) const fn new(index: u32, generation: u32) -> Key {
        Key((index as u64) << 32 | generation as u64)
    }

    /// Position.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Which of the records that stood there; odd while it is live.
    #[inline(always)]
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.0 as u32
    }

    /// Whether it is [`Key::NONE`].
    #[inline(always)]
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.generation() == 0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index(), self.generation())
    }
}

/// A record that has room for its own generation.
pub trait Record: Copy {
    /// The generation; even when the place is free.
    fn generation(&self) -> u32;
    /// Sets it; nobody but the slab does.
    fn set_generation(&mut self, generation: u32);
    /// While the place is free: which one was freed before it.
    fn freed_before(&self) -> u32;
    /// Sets it, in a free place only; nobody but the slab does.
    fn set_freed_before(&mut self, index: u32);
}

/// Makes a type with a field `generation: u32`, and another number that a free place has no use for, a [`Record`].
macro_rules! record {
    ($name:ty, $unused:expr, $set_unused:expr) => {
        impl $crate::slab::Record for $name {
            #[inline(always)]
            fn generation(&self) -> u32 {
                self.generation
            }
            #[inline(always)]
            fn set_generation(&mut self, generation: u32) {
                self.generation = generation;
            }
            #[inline(always)]
            fn freed_before(&self) -> u32 {
                let unused: fn(&$name) -> u32 = $unused;
                unused(self)
            }
            #[inline(always)]
            fn set_freed_before(&mut self, index: u32) {
                let set: fn(&mut $name, u32) = $set_unused;
                set(self, index)
            }
        }
    };
}
pub(crate) use record;

/// A slab of small records. The generation stands in the record, so that asking whether a key is stale touches the very
/// line of memory that is read next; and so does which place is free, the one that was freed last first.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    records: Vec<T>,
    /// The place that was freed last; beyond all places when none is free.
    freed_last: u32,
    /// How many places are free.
    free: u32,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { records: Vec::new(), freed_last: u32::MAX, free: 0 }
    }
}

impl<T: Record> Slab<T> {
    /// How many records are live.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len() - self.free as usize
    }

    /// How many records have been live at once: places, taken or free.
    #[inline(always)]
    #[must_use]
    pub fn places(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a record.
    #[inline(always)]
    pub fn insert(&mut self, mut record: T) -> Key {
        let index = self.freed_last;
        let Some(place) = self.records.get_mut(index as usize) else { return self.append(record) };
        let generation = place.generation().wrapping_add(1);
        self.freed_last = place.freed_before();
        self.free -= 1;
        record.set_generation(generation);
        *place = record;
        Key::new(index, generation)
    }

    /// The index that the next record will have.
    #[inline(always)]
    #[must_use]
    pub fn next_index(&self) -> u32 {
        self.freed_last.min(self.records.len() as u32)
    }

    /// Takes a new place. Makes room for an eighth more, where a `Vec` would double: in an avalanche records are most of
    /// what a run holds.
    #[cold]
    fn append(&mut self, mut record: T) -> Key {
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact((self.records.len() / 8).max(64));
        }
        record.set_generation(1);
        let index = self.records.len() as u32;
        self.records.push(record);
        Key::new(index, 1)
    }

    /// The record of `key`.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        // No key has an even generation but `NONE`, and there is no place at its index.
        self.records.get(key.index() as usize).filter(|r| r.generation() == key.generation())
    }

    /// The record of `key`, to change it.
    #[inline(always)]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.records.get_mut(key.index() as usize).filter(|r| r.generation() == key.generation())
    }

    /// The live record at `index`, for references that cannot be stale.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, index: u32) -> Option<&T> {
        self.records.get(index as usize).filter(|r| r.generation() & 1 == 1)
    }

    /// The live record at `index`, to change it.
    #[inline(always)]
    #[must_use]
    pub fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.records.get_mut(index as usize).filter(|r| r.generation() & 1 == 1)
    }

    /// The live key at `index`, for references that cannot be stale.
    #[inline(always)]
    #[must_use]
    pub fn key_at(&self, index: u32) -> Key {
        match self.records.get(index as usize).map(Record::generation) {
            Some(generation) if generation & 1 == 1 => Key::new(index, generation),
            _ => Key::NONE,
        }
    }

    /// Takes the record of `key` out.
    #[inline(always)]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let Slab { records, freed_last, free } = self;
        let record = records.get_mut(key.index() as usize).filter(|r| r.generation() == key.generation())?;
        let gone = *record;
        release(record, key.index(), freed_last, free);
        Some(gone)
    }

    /// The record of `key` in its place, to change it and perhaps to take it out.
    #[inline(always)]
    pub fn occupied(&mut self, key: Key) -> Option<Occupied<'_, T>> {
        let Slab { records, freed_last, free } = self;
        let record = records.get_mut(key.index() as usize).filter(|r| r.generation() == key.generation())?;
        Some(Occupied { record, index: key.index(), freed_last, free })
    }

    /// Puts back the record of `key`, which [`Occupied::remove`] took out, before anything else has come or gone. `unused` is
    /// what the free place overwrote.
    pub fn put_back(&mut self, key: Key, unused: u32) {
        debug_assert_eq!(self.freed_last, key.index(), "it was the last to go");
        if let Some(record) = self.records.get_mut(key.index() as usize) {
            self.freed_last = record.freed_before();
            self.free -= 1;
            record.set_freed_before(unused);
            record.set_generation(key.generation());
        }
    }

    /// Changes the live record at `index`, for references that cannot be stale, and takes it out when `act` says so.
    #[inline(always)]
    pub fn settle<R>(&mut self, index: u32, act: impl FnOnce(Key, &mut T) -> (R, bool)) -> Option<R> {
        let Slab { records, freed_last, free } = self;
        let record = records.get_mut(index as usize).filter(|r| r.generation() & 1 == 1)?;
        let (result, ends) = act(Key::new(index, record.generation()), record);
        if ends {
            release(record, index, freed_last, free);
        }
        Some(result)
    }

    /// Bytes that a copy takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.records.len() * size_of::<T>()
    }

    /// Live records, in the order of their positions.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        let key = |i: usize, r: &T| Key::new(i as u32, r.generation());
        self.records.iter().enumerate().map(move |(i, r)| (key(i, r), r)).filter(|(key, _)| key.generation() & 1 == 1)
    }

    /// Live records, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.records.iter_mut().filter(|r| r.generation() & 1 == 1)
    }
}

/// A live record in its place.
pub struct Occupied<'a, T> {
    /// The record.
    pub record: &'a mut T,
    index: u32,
    freed_last: &'a mut u32,
    free: &'a mut u32,
}

impl<T: Record> Occupied<'_, T> {
    /// Takes it out.
    #[inline(always)]
    pub fn remove(self) {
        release(self.record, self.index, self.freed_last, self.free);
    }
}

/// Makes the place of a live record free.
#[inline(always)]
fn release<T: Record>(record: &mut T, index: u32, freed_last: &mut u32, free: &mut u32) {
    record.set_generation(record.generation().wrapping_add(1));
    record.set_freed_before(*freed_last);
    *freed_last = index;
    *free += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Number(u64, u32, u32);

    impl Record for Number {
        fn generation(&self) -> u32 {
            self.1
        }
        fn set_generation(&mut self, generation: u32) {
            self.1 = generation;
        }
        fn freed_before(&self) -> u32 {
            self.2
        }
        fn set_freed_before(&mut self, index: u32) {
            self.2 = index;
        }
    }

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slab = Slab::default();
        let first = slab.insert(Number(1, 0, 0));
        assert_eq!(slab.remove(first).map(|n| n.0), Some(1));
        let second = slab.insert(Number(2, 0, 0));
        assert_eq!(first.index(), second.index());
        assert_eq!((slab.get(first), slab.get(second).map(|n| n.0)), (None, Some(2)));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(Key::NONE), None);
        assert_eq!(slab.key_at(second.index()), second);
        assert_eq!(slab.key_at(7), Key::NONE);
        assert!(slab.occupied(first).is_none());
        let before = format!("{slab:?}");
        slab.occupied(second).expect("it is live").remove();
        assert_eq!(slab.get(second), None);
        slab.put_back(second, 0);
        assert_eq!((slab.get(second).map(|n| n.0), format!("{slab:?}")), (Some(2), before));
        let third = slab.insert(Number(3, 0, 0));
        slab.remove(third);
        assert_eq!(slab.key_at(third.index()), Key::NONE);
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.iter().count(), 1);
    }
}
