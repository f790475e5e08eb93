//! The gauges of a node: a few that nearly all have, and more for those who set them.

use super::Gauge;

/// Gauges of a node are at most so many.
pub const GAUGES_MAX: usize = 16;
/// Those that stand in place.
const FIRST: usize = 4;

/// The gauges of a node, by slot. The first few stand in place; the others take memory from when one of them is set.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Gauges {
    first: [Gauge; FIRST],
    more: Option<Box<[Gauge; GAUGES_MAX - FIRST]>>,
}

const NEVER_SET: Gauge = Gauge { max: 0, settled: false, moment: 0, value: 0, window_min: 0, window_max: 0 };
/// What was never set, settled.
const NOTHING: [Gauge; GAUGES_MAX - FIRST] = [Gauge { settled: true, ..NEVER_SET }; GAUGES_MAX - FIRST];

impl Gauges {
    /// The gauge of a slot; `None` from [`GAUGES_MAX`] on.
    #[must_use]
    pub fn get(&self, slot: usize) -> Option<&Gauge> {
        match slot {
            0..FIRST => self.first.get(slot),
            FIRST..GAUGES_MAX => Some(self.more.as_ref().map_or(&NEVER_SET, |more| &more[slot - FIRST])),
            _ => None,
        }
    }

    /// The gauge of a slot, to set it.
    #[inline(always)]
    pub fn get_mut(&mut self, slot: usize) -> Option<&mut Gauge> {
        if slot < FIRST { self.first.get_mut(slot) } else { self.one_of_more(slot) }
    }

    #[inline(never)]
    fn one_of_more(&mut self, slot: usize) -> Option<&mut Gauge> {
        self.more.get_or_insert_default().get_mut(slot.checked_sub(FIRST)?)
    }

    /// Those that there is memory for; the others have never been set.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Gauge> {
        self.first.iter_mut().chain(self.more.as_mut().into_iter().flat_map(|more| more.iter_mut()))
    }

    /// Adds the settled gauges of the same node in another run to these.
    pub(super) fn merge(&mut self, other: &Gauges) {
        for (mine, theirs) in self.first.iter_mut().zip(&other.first) {
            mine.merge(theirs);
        }
        if self.more.is_none() && other.more.is_none() {
            return;
        }
        let theirs = other.more.as_deref().unwrap_or(&NOTHING);
        for (mine, theirs) in self.more.get_or_insert_with(|| Box::new(NOTHING)).iter_mut().zip(theirs) {
            mine.merge(theirs);
        }
    }

    /// Bytes of those that do not stand in place.
    pub(crate) fn bytes(&self) -> usize {
        self.more.as_ref().map_or(0, |_| size_of::<[Gauge; GAUGES_MAX - FIRST]>())
    }
}

impl std::ops::Index<usize> for Gauges {
    type Output = Gauge;
    fn index(&self, slot: usize) -> &Gauge {
        self.get(slot).unwrap_or(&NEVER_SET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn those_that_were_never_set_take_no_memory_and_read_as_zero() {
        let mut gauges = Gauges::default();
        gauges.get_mut(3).expect("a slot").set(5, Time(1));
        assert_eq!((gauges[3].value(), gauges[15].value(), gauges.bytes()), (5, 0, 0));
        gauges.get_mut(15).expect("a slot").set(7, Time(2));
        assert_eq!((gauges[15].integral(Time(4)), gauges[4].integral(Time(4))), (14, 0));
        assert_eq!(gauges.iter_mut().count(), GAUGES_MAX);
        assert!(gauges.get(GAUGES_MAX).is_none() && gauges.get_mut(GAUGES_MAX).is_none());
    }
}
