//! Consistent hashing on a ring (Karger et al. 1997): each server stands at many points, and a key belongs to the first
//! point at or behind it. With bounded loads (Mirrokni, Thorup and Zadimoghaddam 2016) it goes on to the first server that is
//! not full.

use floodgate_core::rng::mix;
use std::sync::Arc;

/// Points of a server of weight 1 in nginx's consistent hash (ketama).
pub const POINTS: u32 = 160;

/// A ring of servers. Copies share it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ring {
    /// Position and server, sorted.
    points: Arc<[(u64, u32)]>,
}

impl Ring {
    /// A ring on which each server, known by a hash of its name, has `points` for each unit of its weight, rounded, and at
    /// least one.
    #[must_use]
    pub fn new(points: u32, servers: &[(u64, f64)]) -> Ring {
        Ring::at(servers.iter().enumerate().flat_map(|(server, &(name, weight))| {
            let count = if weight > 0.0 { (f64::from(points) * weight + 0.5).max(1.0) as u64 } else { 0 };
            (0..count).map(move |point| (mix(name, point), server as u32))
        }))
    }

    /// A ring with servers at these positions.
    #[must_use]
    pub fn at(points: impl Iterator<Item = (u64, u32)>) -> Ring {
        let mut points: Vec<_> = points.collect();
        points.sort_unstable();
        Ring { points: points.into() }
    }

    /// The servers met from a hashed key on, around the ring once; the same server comes up once for each of its points.
    pub fn from(&self, key: u64) -> impl Iterator<Item = usize> + '_ {
        let first = self.points.partition_point(|&(position, _)| position < key);
        let (before, behind) = self.points.split_at(first);
        behind.iter().chain(before).map(|&(_, server)| server as usize)
    }

    /// The server that a hashed key belongs to.
    #[must_use]
    pub fn pick(&self, key: u64) -> Option<usize> {
        self.from(key).next()
    }

    /// As [`Ring::pick`], but no server may have more than `capacity` with this key; see [`capacity`]. When all are full, it
    /// is the one that the key belongs to.
    #[must_use]
    pub fn pick_bounded(
        &self,
        key: u64,
        load: impl Fn(usize) -> u32,
        capacity: impl Fn(usize) -> u32,
    ) -> Option<usize> {
        self.from(key).find(|&server| load(server) < capacity(server)).or_else(|| self.pick(key))
    }

    /// Points of the ring: position and server, in order.
    #[must_use]
    pub fn points(&self) -> &[(u64, u32)] {
        &self.points
    }
}

/// The most that a server with this share of all weight may carry when `load` requests, the new one included, are spread with
/// a slack of `epsilon`: `⌈(1 + ε) · load · share⌉`.
#[must_use]
pub fn capacity(load: u64, share: f64, epsilon: f64) -> u32 {
    // Sharing out whole numbers exactly must not be rounded up for the trifle that a product of floats has too much.
    let exact = (1.0 + epsilon) * load as f64 * share;
    (exact - exact.abs() * 1e-12).ceil().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three servers and twelve keys at given places, capacity growing with the load.
    #[test]
    fn bounded_loads_go_on_to_the_next() {
        let position = |x: f64| (x * (1u64 << 53) as f64) as u64;
        let ring = Ring::at([(position(0.1), 0), (position(0.4), 1), (position(0.75), 2)].into_iter());
        let keys = [0.05, 0.07, 0.09, 0.02, 0.95, 0.3, 0.41, 0.8, 0.08, 0.06, 0.99, 0.5];
        let mut loads = [0u32; 3];
        let mut placed = String::new();
        for (m, key) in keys.into_iter().enumerate() {
            let cap = capacity(m as u64 + 1, 1.0 / 3.0, 0.25);
            let server = ring.pick_bounded(position(key), |s| loads[s], |_| cap).unwrap_or(9);
            loads[server] += 1;
            placed.push((b'A' + server as u8) as char);
        }
        assert_eq!(placed, "ABABABCABABC");
        assert_eq!(loads, [5, 5, 2]);
    }

    #[test]
    fn a_server_that_goes_moves_its_own_keys_only() {
        let servers: Vec<_> = (0..10u64).map(|i| (mix(3, i), 1.0)).collect();
        let (all, rest) = (Ring::new(POINTS, &servers), Ring::new(POINTS, &servers[..9]));
        let mut moved = 0;
        for key in (0..20_000u64).map(|k| mix(5, k)) {
            let before = all.pick(key);
            if before != rest.pick(key) {
                moved += 1;
                assert_eq!(before, Some(9));
            }
        }
        assert!((1_500..2_500).contains(&moved), "{moved} of 20,000 belong to one of ten");
    }

    #[test]
    fn weights_are_points_and_no_server_is_no_pick() {
        let ring = Ring::new(10, &[(1, 1.0), (2, 2.5), (3, 0.0)]);
        let count = |server| ring.points().iter().filter(|p| p.1 == server).count();
        assert_eq!((count(0), count(1), count(2)), (10, 25, 0));
        assert_eq!(Ring::new(10, &[]).pick(7), None);
    }
}
