//! The windows of a track as the page keeps them: bounded, because neighbours merge when there are too many.

use crate::wire::Detail;

/// Windows kept at most.
const ROWS_MAX: usize = 2048;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Details {
    rows: Vec<Detail>,
    /// Windows are no shorter than this, in nanoseconds; 0 before any merge.
    length_ns: u64,
}

impl Details {
    /// Takes in what has come; `anew` says that nothing of before holds.
    pub fn take(&mut self, rows: Vec<Detail>, anew: bool) {
        if anew {
            self.rows.clear();
        }
        for row in rows {
            self.push(row);
        }
        while self.rows.len() > ROWS_MAX {
            let longest = self.rows.iter().map(|r| r.end_ns - r.start_ns).max().unwrap_or(1);
            self.length_ns = (self.length_ns * 2).max(longest * 2);
            for row in std::mem::take(&mut self.rows) {
                self.push(row);
            }
        }
    }

    fn push(&mut self, row: Detail) {
        // A window of the record that was closed early may have grown since.
        while self.rows.last().is_some_and(|last| last.start_ns >= row.start_ns && last.end_ns < row.end_ns) {
            self.rows.pop();
        }
        let of = |r: &Detail| r.start_ns / self.length_ns.max(1);
        match self.rows.last_mut() {
            Some(last) if self.length_ns > 0 && of(last) == of(&row) && row.start_ns >= last.end_ns => last.merge(&row),
            Some(last) if row.start_ns < last.end_ns => {}
            _ => self.rows.push(row),
        }
    }

    /// The windows that have ended by then.
    #[must_use]
    pub fn until(&self, now_ns: u64) -> &[Detail] {
        &self.rows[..self.rows.partition_point(|r| r.end_ns <= now_ns)]
    }

    /// The window of that time, of those that have ended by `now_ns`.
    #[must_use]
    pub fn at(&self, at_ns: u64, now_ns: u64) -> Option<&Detail> {
        let rows = self.until(now_ns);
        rows.get(rows.partition_point(|r| r.end_ns < at_ns)).filter(|r| r.start_ns <= at_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{NodeDetail, TrackDetail, band_ms, band_of};

    fn row(i: u64) -> Detail {
        Detail {
            start_ns: i * 250,
            end_ns: (i + 1) * 250,
            errors: vec![(3, 1), ((i % 2) as u8, 1)],
            latency: vec![(band_of(i * 1000), 2)],
            nodes: vec![NodeDetail { used_s: 1.0, capacity_s: 2.0, queue_s: 0.5, queue_max: i }],
            tracks: vec![TrackDetail { node: 0, track: 0, sum_s: 3.0, min: i, max: i }],
        }
    }

    #[test]
    fn windows_merge_and_nothing_is_lost() {
        let mut details = Details::default();
        for i in 0..10_000 {
            details.take(vec![row(i)], false);
        }
        let rows = details.until(u64::MAX);
        assert!(rows.len() <= ROWS_MAX && rows.len() > ROWS_MAX / 4, "{}", rows.len());
        assert!(rows.windows(2).all(|w| w[0].end_ns == w[1].start_ns));
        let errors: u64 = rows.iter().flat_map(|r| &r.errors).map(|e| e.1).sum();
        let answers: u64 = rows.iter().flat_map(|r| &r.latency).map(|e| e.1).sum();
        let used: f64 = rows.iter().map(|r| r.nodes[0].used_s).sum();
        assert_eq!((errors, answers, used), (20_000, 20_000, 10_000.0));
        assert_eq!(rows.last().map(|r| (r.nodes[0].queue_max, r.tracks[0].max)), Some((9999, 9999)));
        details.take(vec![row(0)], true);
        assert_eq!(details.until(u64::MAX).len(), 1);
    }

    #[test]
    fn what_lies_ahead_is_not_shown() {
        let mut details = Details::default();
        details.take((0..8).map(row).collect(), true);
        assert_eq!(details.until(1000).len(), 4);
        assert_eq!(details.at(600, 1000).map(|r| r.start_ns), Some(500));
        assert_eq!(details.at(1600, 1000), None);
    }

    #[test]
    fn bands_are_two_to_an_octave() {
        for ns in [2u64, 3, 1000, 1_000_000, 1_400_000, 1_700_000, 60_000_000_000] {
            let band = band_of(ns);
            let ms = ns as f64 / 1e6;
            assert!(band_ms(band) <= ms && ms < band_ms(band + 1), "{ns}: {band}");
        }
        assert_eq!(band_of(0), band_of(2));
    }
}
