//! How many there are, where they come and go one by one.

use crate::time::Time;

/// A number that rises and falls by one, with its mean over time: what a [`Gauge`](super::Gauge) would tell, for two additions
/// at each change.
///
/// With N there now, the integral up to now is N·now, less the times at which they came, plus those at which they left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    value: u64,
    /// Times of leaving less times of coming, in ns; wraps round below zero.
    moment: u128,
    window_min: u64,
    window_max: u64,
}

impl Population {
    /// One comes.
    #[inline]
    pub fn enter(&mut self, now: Time) {
        self.value += 1;
        self.moment = self.moment.wrapping_sub(u128::from(now.0));
        if self.value > self.window_max {
            self.extend();
        }
    }

    /// One leaves.
    #[inline]
    pub fn leave(&mut self, now: Time) {
        self.value -= 1;
        self.moment = self.moment.wrapping_add(u128::from(now.0));
        if self.value < self.window_min {
            self.extend();
        }
    }

    #[cold]
    fn extend(&mut self) {
        self.window_min = self.window_min.min(self.value);
        self.window_max = self.window_max.max(self.value);
    }

    /// How many there are.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Integral over time up to `now`, in value·ns.
    #[must_use]
    pub fn integral(&self, now: Time) -> u128 {
        (u128::from(self.value) * u128::from(now.0)).wrapping_add(self.moment)
    }

    /// Fewest since the last [`Population::start_window`], what lasted no time included.
    #[must_use]
    pub fn window_min(&self) -> u64 {
        self.window_min
    }

    /// Most since the last [`Population::start_window`], what lasted no time included.
    #[must_use]
    pub fn window_max(&self) -> u64 {
        self.window_max
    }

    /// Begins a window for the extremes.
    pub fn start_window(&mut self) {
        (self.window_min, self.window_max) = (self.value, self.value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Gauge;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_tells_what_a_gauge_would(steps in prop::collection::vec((any::<bool>(), 0..1000u64, any::<bool>()), 0..60)) {
            let (mut population, mut gauge, mut now) = (Population::default(), Gauge::default(), 0);
            for (comes, after, window) in steps {
                now += after;
                if comes {
                    population.enter(Time(now));
                } else if population.value() > 0 {
                    population.leave(Time(now));
                }
                gauge.set(population.value(), Time(now));
                prop_assert_eq!(population.integral(Time(now + 7)), gauge.integral(Time(now + 7)));
                prop_assert_eq!(population.window_min(), gauge.window_min());
                prop_assert_eq!(population.window_max(), gauge.window_max());
                if window {
                    population.start_window();
                    gauge.start_window();
                }
            }
        }
    }
}
