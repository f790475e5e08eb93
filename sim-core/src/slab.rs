//! Records with dense indices and generations: an id whose record has gone is recognised, never mistaken for a new one.

/// Reference to a record: index and generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// Position.
    pub index: u32,
    /// Which of the records that stood there; odd while it is live.
    pub generation: u32,
}

impl Key {
    /// Refers to nothing, ever: generations of live records are odd.
    pub const NONE: Key = Key { index: u32::MAX, generation: 0 };
}

/// A slab of small records. Generations stand apart, so that asking whether a key is stale touches four bytes.
#[derive(Clone, Debug)]
pub struct Slab<T> {
    values: Vec<T>,
    generations: Vec<u32>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { values: Vec::new(), generations: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Slab<T> {
    /// How many records are live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a record.
    #[inline]
    pub fn insert(&mut self, value: T) -> Key {
        if let Some(index) = self.free.pop() {
            let i = index as usize;
            self.values[i] = value;
            self.generations[i] = self.generations[i].wrapping_add(1);
            return Key { index, generation: self.generations[i] };
        }
        if self.values.len() == self.values.capacity() {
            self.grow();
        }
        let index = self.values.len() as u32;
        self.values.push(value);
        self.generations.push(1);
        Key { index, generation: 1 }
    }

    /// Makes room for a quarter more, where a `Vec` would double: in an avalanche records are most of what a run holds.
    #[cold]
    fn grow(&mut self) {
        let more = (self.values.len() / 4).max(64);
        self.values.reserve_exact(more);
        self.generations.reserve_exact(more);
    }

    /// Whether `key`'s record is still there.
    #[inline]
    #[must_use]
    pub fn is_live(&self, key: Key) -> bool {
        // No key has an even generation but `NONE`, and there is no slot at its index.
        self.generations.get(key.index as usize) == Some(&key.generation)
    }

    /// The record of `key`.
    #[inline]
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        if self.is_live(key) { self.values.get(key.index as usize) } else { None }
    }

    /// The record of `key`, to change it.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        if self.is_live(key) { self.values.get_mut(key.index as usize) } else { None }
    }

    /// The live key at `index`, for references that cannot be stale.
    #[inline]
    #[must_use]
    pub fn key_at(&self, index: u32) -> Key {
        match self.generations.get(index as usize) {
            Some(&generation) if generation & 1 == 1 => Key { index, generation },
            _ => Key::NONE,
        }
    }

    /// Takes the record of `key` out.
    #[inline]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        if !self.is_live(key) {
            return None;
        }
        let i = key.index as usize;
        self.generations[i] = self.generations[i].wrapping_add(1);
        self.free.push(key.index);
        Some(self.values[i])
    }

    /// Bytes that a copy takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len() * (size_of::<T>() + 4) + self.free.len() * 4
    }

    /// Live records, in the order of their positions.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.values
            .iter()
            .enumerate()
            .map(|(i, value)| (Key { index: i as u32, generation: self.generations[i] }, value))
            .filter(|(key, _)| key.generation & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slab = Slab::default();
        let first = slab.insert(1);
        assert_eq!(slab.remove(first), Some(1));
        let second = slab.insert(2);
        assert_eq!(first.index, second.index);
        assert_eq!((slab.get(first), slab.get(second)), (None, Some(&2)));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(Key::NONE), None);
        assert_eq!(slab.key_at(second.index), second);
        assert_eq!(slab.key_at(7), Key::NONE);
        let third = slab.insert(3);
        slab.remove(third);
        assert_eq!(slab.key_at(third.index), Key::NONE);
        assert_eq!(slab.len(), 1);
        assert_eq!(slab.iter().count(), 1);
    }
}
