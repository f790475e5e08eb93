//! Series over time.

use serde::{Deserialize, Serialize};

/// A window of the series.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// End of the window, virtual seconds.
    pub t: f32,
    /// Requests born per second.
    pub born: f32,
    /// Offered load: attempts per second.
    pub offered: f32,
    /// Throughput: calls answered well per second at the first server, whether or not somebody still waited.
    pub throughput: f32,
    /// Goodput: answered in time for someone who waited, per second.
    pub goodput: f32,
    /// Failed for good, per second.
    pub failed: f32,
    /// Latency of what was answered, in milliseconds; NaN where nothing was.
    pub p50: f32,
    /// The same, 95th percentile.
    pub p95: f32,
    /// The same, 99th percentile.
    pub p99: f32,
}

/// What else a window has: all of it adds up, so that neighbours merge exactly.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// Start of the window, in nanoseconds.
    pub start_ns: u64,
    /// End of the window, in nanoseconds.
    pub end_ns: u64,
    /// How attempts of clients ended that were not answered well: index of the code among [`CODES`](crate::codes::CODES), and
    /// how many.
    pub errors: Vec<(u8, u64)>,
    /// Answers by latency: [`band_of`] and how many.
    pub latency: Vec<(u8, u64)>,
    /// The nodes, by their indices.
    pub nodes: Vec<NodeDetail>,
    /// Gauges over time, those that are recorded.
    pub tracks: Vec<TrackDetail>,
}

/// A node in a window.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeDetail {
    /// Capacity in use, over time, in seconds of it.
    pub used_s: f64,
    /// Capacity that was there, over time.
    pub capacity_s: f64,
    /// Requests that waited, over time, in seconds of waiting.
    pub queue_s: f64,
    /// The most that waited.
    pub queue_max: u64,
}

/// A gauge in a window.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct TrackDetail {
    /// Index of the node.
    pub node: u32,
    /// Place among the tracks of its descriptor.
    pub track: u8,
    /// Its value over time, in value · seconds.
    pub sum_s: f64,
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
}

/// The band of a latency: two to an octave.
#[must_use]
pub fn band_of(latency_ns: u64) -> u8 {
    let value = latency_ns.max(2);
    let octave = value.ilog2();
    (2 * octave + (value >> (octave - 1) & 1) as u32) as u8
}

/// Where a band begins, in milliseconds.
#[must_use]
pub fn band_ms(band: u8) -> f64 {
    let octave = (1u64 << (band / 2).min(62)) as f64 / 1e6;
    if band.is_multiple_of(2) { octave } else { octave * 1.5 }
}

impl Detail {
    /// Its length, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.end_ns.saturating_sub(self.start_ns) as f64 / 1e9
    }

    /// Makes it the window that covers `next` as well, which begins where this one ends.
    pub fn merge(&mut self, next: &Detail) {
        self.end_ns = next.end_ns;
        add(&mut self.errors, &next.errors);
        add(&mut self.latency, &next.latency);
        for (mine, theirs) in self.nodes.iter_mut().zip(&next.nodes) {
            mine.used_s += theirs.used_s;
            mine.capacity_s += theirs.capacity_s;
            mine.queue_s += theirs.queue_s;
            mine.queue_max = mine.queue_max.max(theirs.queue_max);
        }
        self.nodes.extend_from_slice(next.nodes.get(self.nodes.len()..).unwrap_or_default());
        for theirs in &next.tracks {
            match self.tracks.iter_mut().find(|t| (t.node, t.track) == (theirs.node, theirs.track)) {
                Some(mine) => {
                    mine.sum_s += theirs.sum_s;
                    (mine.min, mine.max) = (mine.min.min(theirs.min), mine.max.max(theirs.max));
                }
                None => self.tracks.push(*theirs),
            }
        }
    }
}

fn add(mine: &mut Vec<(u8, u64)>, theirs: &[(u8, u64)]) {
    for (key, count) in theirs {
        match mine.iter_mut().find(|(k, _)| k == key) {
            Some((_, sum)) => *sum += count,
            None => mine.push((*key, *count)),
        }
    }
}
