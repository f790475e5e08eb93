//! A fingerprint of everything that was delivered.

use crate::rng::{fold, mix};
use std::fmt;

/// Fingerprint of a run up to an instant: equal for equal runs on every target, whatever the optimisation level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Mixes one delivery into a node's running digest.
#[inline(always)]
pub(crate) fn absorb(digest: u64, time: u64, lineage: u64, payload: u64) -> u64 {
    fold(digest ^ time ^ 0x9e37_79b9_7f4a_7c15, lineage ^ payload.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ 0x1d)
        ^ digest.rotate_left(23)
}

/// Folds the digests of all nodes, in the order of their keys.
pub(crate) fn combine(nodes: impl Iterator<Item = (u64, u64)>) -> Digest {
    Digest(nodes.fold(0x0066_6c6f_6f64, |all, (key, digest)| mix(all, mix(key, digest))))
}
