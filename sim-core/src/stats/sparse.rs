//! Histograms small enough to keep one for every window of a series.

use super::Histogram;
use crate::time::Duration;

/// Sixty-four buckets per octave.
const SUB_BITS: u32 = 6;
/// Buckets that a `u64` can fall into.
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;

/// A log-linear histogram of lengths of time with 64 buckets per octave that stores only the buckets that hold something: a
/// reported value is at most 0.8 % from the true one (the middle of a bucket that is 1.6 % wide; exact below 128 ns).
///
/// Its buckets are those of [`Histogram`], two by two, so that a merge of windows has the same counts, and so the same
/// percentiles, as one long window. It takes 8 bytes for each bucket that holds something, of which there are 3776.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparseHistogram {
    /// Sorted by bucket; no count is 0.
    buckets: Vec<(u16, u32)>,
}

const _: () = assert!(BUCKETS == 3776);

fn bucket(value: u64) -> u16 {
    let octave = 64 - (value >> SUB_BITS).leading_zeros();
    let sub = (value >> octave.saturating_sub(1)) & ((1 << SUB_BITS) - 1);
    (octave << SUB_BITS | sub as u32) as u16
}

fn middle(bucket: u16) -> Duration {
    let (octave, sub) = (u32::from(bucket >> SUB_BITS), u64::from(bucket) & ((1 << SUB_BITS) - 1));
    if octave == 0 {
        return Duration(sub);
    }
    let shift = octave - 1;
    Duration((((1 << SUB_BITS) + sub) << shift) + ((1u64 << shift) >> 1))
}

impl SparseHistogram {
    /// How many values it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, n)| u64::from(*n)).sum()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The value below or at which the share `q` of all values lies (nearest rank); `None` without values.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        let reaches = |&&(_, n): &&(u16, u32)| {
            seen += u64::from(n);
            seen >= rank
        };
        self.buckets.iter().find(reaches).map(|(bucket, _)| middle(*bucket))
    }

    /// The buckets that hold something, from small to large: their middle, and how many values they hold.
    pub fn values(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.buckets.iter().map(|&(bucket, n)| (middle(bucket), u64::from(n)))
    }

    /// Adds the values of `other`.
    pub fn merge(&mut self, other: &SparseHistogram) {
        if other.is_empty() {
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let (mut a, mut b) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 == y.0 => (x.0, x.1.saturating_add(y.1)),
                (Some(x), Some(y)) => **x.min(y),
                (Some(x), None) | (None, Some(x)) => **x,
                (None, None) => break,
            };
            a.next_if(|x| x.0 == next.0);
            b.next_if(|y| y.0 == next.0);
            merged.push(next);
        }
        merged.shrink_to_fit();
        self.buckets = merged;
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<(u16, u32)>()
    }

    fn collect(values: impl Iterator<Item = (Duration, u64)>) -> SparseHistogram {
        let mut buckets: Vec<(u16, u32)> = Vec::new();
        for (value, count) in values.filter(|(_, count)| *count > 0) {
            let (place, count) = (bucket(value.0), u32::try_from(count).unwrap_or(u32::MAX));
            match buckets.last_mut() {
                Some((last, n)) if *last == place => *n = n.saturating_add(count),
                _ => buckets.push((place, count)),
            }
        }
        buckets.shrink_to_fit();
        SparseHistogram { buckets }
    }
}

/// Two of its buckets to one of ours.
impl From<&Histogram> for SparseHistogram {
    fn from(histogram: &Histogram) -> SparseHistogram {
        SparseHistogram::collect(histogram.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut all = Histogram::default();
        values.iter().for_each(|&v| all.record(Duration(v)));
        all
    }

    fn sparse(values: &[u64]) -> SparseHistogram {
        SparseHistogram::from(&histogram(values))
    }

    /// Of every size, not mostly of the largest.
    fn lengths() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec((any::<u64>(), 0..64u32).prop_map(|(v, shift)| v >> shift), 0..60)
    }

    #[test]
    fn every_bucket_is_its_own_middle() {
        for b in 0..BUCKETS as u16 {
            assert_eq!(bucket(middle(b).0), b);
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS as u16 - 1));
    }

    proptest! {
        #[test]
        fn quantiles_are_within_the_stated_error_of_exact_ones(mut values in lengths(), q in 0.0..=1.0) {
            let got = sparse(&values).quantile(q);
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            match (got, values.get(rank - 1)) {
                (Some(got), Some(&exact)) => {
                    prop_assert!((got.0 as f64 - exact as f64).abs() <= exact as f64 * 0.008 + 0.5);
                }
                (got, exact) => prop_assert!(got.is_none() && exact.is_none()),
            }
        }

        #[test]
        fn merged_is_as_if_all_had_been_counted_at_once(a in lengths(), b in lengths(), c in lengths()) {
            let merge = |mut x: SparseHistogram, y: &SparseHistogram| { x.merge(y); x };
            let (x, y, z) = (sparse(&a), sparse(&b), sparse(&c));
            let all = sparse(&[&a[..], &b[..], &c[..]].concat());
            prop_assert_eq!(&merge(merge(x.clone(), &y), &z), &all);
            prop_assert_eq!(&merge(x.clone(), &merge(y.clone(), &z)), &all);
            prop_assert_eq!(&merge(merge(z, &y), &x), &all);
            prop_assert_eq!(all.count() as usize, a.len() + b.len() + c.len());
            prop_assert!(all.bytes() <= BUCKETS * 8);
        }
    }
}
