//! Maglev hashing (Eisenbud et al., NSDI 2016): a table of M entries, M prime, that servers fill in turn, each along a
//! permutation of its own; a key belongs to the server of its entry. Weights as Envoy has them (`maglev_lb.cc`): a server of
//! half the largest weight takes every second turn.

use floodgate_core::rng::mix;
use std::sync::Arc;

/// Entries of Envoy's table, and of the paper's smaller one.
pub const ENTRIES: u32 = 65_537;
const NONE: u32 = u32::MAX;

/// Where a server's permutation begins and how far it steps; see [`place`].
pub type Place = (u32, u32);

/// A server's permutation over `entries`, from a hash of its name: `(offset, skip)`.
#[must_use]
pub fn place(name: u64, entries: u32) -> Place {
    let entries = u64::from(entries.max(2));
    let offset = mix(name, 0x6d61_676c_6576_0001) % entries;
    let skip = mix(name, 0x6d61_676c_6576_0002) % (entries - 1) + 1;
    (offset as u32, skip as u32)
}

/// The smallest prime that is at least `entries`.
#[must_use]
pub fn prime_from(entries: u32) -> u32 {
    let is_prime = |n: u32| n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d));
    // There is a prime below twice any number.
    (entries.clamp(2, 1 << 30)..).find(|&n| is_prime(n)).unwrap_or(ENTRIES)
}

/// A filled table. Copies share it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Maglev {
    table: Arc<[u32]>,
}

impl Maglev {
    /// A table of `entries` (a prime), for servers that fill it in the order given; weights below zero count as zero. Without
    /// a server of some weight the table is empty.
    #[must_use]
    pub fn new(entries: u32, servers: &[(Place, f64)]) -> Maglev {
        let largest = servers.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
        if largest <= 0.0 || entries == 0 {
            return Maglev::default();
        }
        let mut table = vec![NONE; entries as usize];
        let mut next: Vec<u64> = servers.iter().map(|((offset, _), _)| u64::from(offset % entries)).collect();
        let mut target = vec![0.0; servers.len()];
        let mut filled = 0;
        let mut round = 0.0;
        while filled < entries {
            round += 1.0;
            for (i, ((_, skip), weight)) in servers.iter().enumerate() {
                if *weight <= 0.0 || round * weight < target[i] {
                    continue;
                }
                target[i] += largest;
                let mut steps = 0;
                while table[next[i] as usize] != NONE {
                    // Along a prime every entry comes up; along another number it may not, and the next free one is taken.
                    let step = if steps < entries { u64::from(*skip) } else { 1 };
                    next[i] = (next[i] + step) % u64::from(entries);
                    steps += 1;
                }
                table[next[i] as usize] = i as u32;
                filled += 1;
                if filled == entries {
                    break;
                }
            }
        }
        Maglev { table: table.into() }
    }

    /// The server that a hashed key belongs to.
    #[must_use]
    pub fn pick(&self, key: u64) -> Option<usize> {
        let entry = key.checked_rem(self.table.len() as u64)?;
        self.table.get(entry as usize).map(|&server| server as usize)
    }

    /// The table: an index of the servers for each entry.
    #[must_use]
    pub fn table(&self) -> &[u32] {
        &self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(places: &[Place]) -> Vec<(Place, f64)> {
        places.iter().map(|&p| (p, 1.0)).collect()
    }

    /// Table 1 of the paper, and what becomes of it when the second server goes.
    #[test]
    fn the_paper_s_table() {
        let all = Maglev::new(7, &equal(&[(3, 4), (0, 2), (3, 1)]));
        assert_eq!(all.table(), [1, 0, 1, 0, 2, 2, 0]);
        let rest = Maglev::new(7, &equal(&[(3, 4), (3, 1)]));
        assert_eq!(rest.table(), [0, 0, 0, 0, 1, 1, 1]);
    }

    fn counts(maglev: &Maglev, servers: usize) -> Vec<usize> {
        let mut counts = vec![0; servers];
        maglev.table().iter().for_each(|&s| counts[s as usize] += 1);
        counts
    }

    #[test]
    fn shares_are_even_and_follow_weights() {
        for n in [3u64, 10, 100] {
            let servers: Vec<_> = (0..n).map(|i| (place(mix(7, i), ENTRIES), 1.0)).collect();
            let counts = counts(&Maglev::new(ENTRIES, &servers), n as usize);
            let (min, max) = (counts.iter().min().copied(), counts.iter().max().copied());
            assert!(max.unwrap_or(0) - min.unwrap_or(0) <= 1, "{n}: {min:?} {max:?}");
        }
        let weighted = [(place(1, ENTRIES), 1.0), (place(2, ENTRIES), 2.0)];
        assert_eq!(counts(&Maglev::new(ENTRIES, &weighted), 2), [21_846, 43_691]);
    }

    #[test]
    fn any_number_of_entries_is_filled() {
        assert_eq!([0, 2, 4, 65_536, 65_537].map(prime_from), [2, 2, 5, 65_537, 65_537]);
        let composite = Maglev::new(8, &equal(&[(0, 2), (0, 4)]));
        assert_eq!(counts(&composite, 2), [4, 4]);
    }

    #[test]
    fn without_servers_nothing_is_picked() {
        assert_eq!(Maglev::new(7, &[]).pick(3), None);
        assert_eq!(Maglev::new(7, &[((1, 1), 0.0)]).pick(3), None);
        assert_eq!(Maglev::new(7, &[((1, 1), 0.0), ((2, 3), 1.0)]).pick(3), Some(1));
    }
}
