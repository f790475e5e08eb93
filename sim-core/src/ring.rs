//! A queue in a ring whose size is a power of two: coming and going are a handful of instructions each.

/// First in, first out; for what is small enough to be copied.
#[derive(Clone, Debug)]
pub struct Ring<T> {
    /// Those from `head` up to `tail`, counted without end, are there.
    head: u32,
    tail: u32,
    /// None at first, then a power of two.
    places: Vec<T>,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring { head: 0, tail: 0, places: Vec::new() }
    }
}

const FIRST: usize = 16;

impl<T: Copy> Ring<T> {
    /// How many are there.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.wrapping_sub(self.head) as usize
    }

    /// Whether nobody is there.
    #[inline(always)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// One more, behind all others.
    #[inline(always)]
    pub fn push(&mut self, one: T) {
        if self.len() == self.places.len() {
            self.grow(one);
        }
        let place = self.place(self.tail);
        self.tail = self.tail.wrapping_add(1);
        if let Some(place) = self.places.get_mut(place) {
            *place = one;
        }
    }

    /// Takes the first one out.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let place = self.place(self.head);
        self.head = self.head.wrapping_add(1);
        self.places.get(place).copied()
    }

    /// All, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let count = self.tail.wrapping_sub(self.head);
        (0..count).filter_map(|i| self.places.get(self.place(self.head.wrapping_add(i))))
    }

    /// Those that are not wanted leave; the others keep their order.
    pub fn retain(&mut self, wanted: impl Fn(&T) -> bool) {
        let mut end = self.head;
        for i in 0..self.tail.wrapping_sub(self.head) {
            let from = self.place(self.head.wrapping_add(i));
            if wanted(&self.places[from]) {
                let to = self.place(end);
                self.places[to] = self.places[from];
                end = end.wrapping_add(1);
            }
        }
        self.tail = end;
    }

    #[inline(always)]
    fn place(&self, number: u32) -> usize {
        number as usize & self.places.len().wrapping_sub(1)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, filler: T) {
        if self.places.is_empty() {
            return self.places.resize(FIRST, filler);
        }
        let first = self.place(self.head);
        self.places.rotate_left(first);
        (self.head, self.tail) = (0, self.places.len() as u32);
        self.places.resize(2 * self.places.len(), filler);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn it_does_what_a_deque_does(steps in prop::collection::vec(0u32..10, 0..400)) {
            // Near the end of what is counted, so that it wraps.
            let mut ring = Ring { head: u32::MAX - 20, tail: u32::MAX - 20, places: Vec::new() };
            let mut deque = VecDeque::new();
            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    0..=5 => {
                        ring.push(n);
                        deque.push_back(n);
                    }
                    6..=8 => prop_assert_eq!(ring.pop(), deque.pop_front()),
                    _ => {
                        ring.retain(|&m| m % 3 != 0);
                        deque.retain(|&m| m % 3 != 0);
                    }
                }
                prop_assert_eq!(ring.iter().copied().collect::<Vec<_>>(), deque.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!((ring.len(), ring.is_empty()), (deque.len(), deque.is_empty()));
            }
        }
    }
}
