//! Choices that depend on a number alone, so that everything found by chance can be found again.

use floodgate_core::rng::{Draws, Source};

/// A stream of choices.
#[derive(Clone, Debug)]
pub struct Chance(Draws);

impl Chance {
    /// The choices of the input called `number` in the family called `seed`.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Chance {
        Chance(Draws::new(seed, number))
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0.below(n as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
