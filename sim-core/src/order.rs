//! Order where time does not matter: one sort for all types.
//!
//! The standard library's is compiled anew for each type that is sorted, and a map that is collected sorts first. In wasm that was
//! an eighth of all code. Here indices are sorted, by a comparison behind a pointer, and then the values are moved, so that a further
//! type costs some hundred bytes. What is sorted while events are handled stays with the standard library.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorting that is small; as stable as the standard library's.
pub trait Order<T> {
    /// As [`slice::sort_by`].
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering);

    /// As [`slice::sort_by_key`].
    fn order_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, compare: impl Fn(&T, &T) -> Ordering) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        sort(&mut order, &|a, b| compare(&self[a], &self[b]));
        // Each value goes where it belongs, along the cycles of the permutation.
        for start in 0..order.len() {
            let mut here = start;
            while order[here] != start {
                let next = std::mem::replace(&mut order[here], here);
                self.swap(here, next);
                here = next;
            }
            order[here] = here;
        }
    }
}

#[inline(never)]
fn sort(order: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    order.sort_by(|&a, &b| compare(a, b));
}

/// A map of these entries; of equal keys the last one holds.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    // Unlike `collect`, this does not sort first.
    map.extend(entries);
    map
}

/// A set of these.
pub fn set<T: Ord>(entries: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(entries);
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_standard_order_and_stable(keys in prop::collection::vec(0u8..20, 0..80)) {
            let mut ours: Vec<(u8, usize)> = keys.into_iter().enumerate().map(|(i, key)| (key, i)).collect();
            let mut theirs = ours.clone();
            ours.order_by_key(|pair| pair.0);
            theirs.sort_by_key(|pair| pair.0);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_last_of_equal_keys_holds() {
        assert_eq!(map([(1, 'a'), (0, 'b'), (1, 'c')]), BTreeMap::from([(0, 'b'), (1, 'c')]));
    }
}
