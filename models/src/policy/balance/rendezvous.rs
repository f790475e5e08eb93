//! Rendezvous hashing (Thaler and Ravishankar 1998): every server draws a score for the key, the highest wins. Needs no
//! table; taking a server away moves its keys alone. With weights the score is −w / ln u (Schindelhauer and Schomaker 2005).

use floodgate_core::rng::mix;

/// The server with the highest score for a hashed key, and the one behind it: the second chance. Servers are (name hashed,
/// weight); those without weight take no part.
pub fn pick_two(key: u64, servers: impl Iterator<Item = (u64, f64)>) -> (Option<usize>, Option<usize>) {
    let mut best: [Option<(f64, usize)>; 2] = [None; 2];
    for (i, (name, weight)) in servers.enumerate() {
        if weight <= 0.0 {
            continue;
        }
        let uniform = ((mix(name, key) >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64);
        let score = weight / -libm::log(uniform);
        let above = |other: Option<(f64, usize)>| other.is_none_or(|(least, _)| score > least);
        if above(best[0]) {
            best = [Some((score, i)), best[0]];
        } else if above(best[1]) {
            best[1] = Some((score, i));
        }
    }
    (best[0].map(|b| b.1), best[1].map(|b| b.1))
}

/// The server with the highest score for a hashed key.
pub fn pick(key: u64, servers: impl Iterator<Item = (u64, f64)>) -> Option<usize> {
    pick_two(key, servers).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_weights_and_the_second_takes_over() {
        let servers = [(11u64, 1.0), (22, 1.0), (33, 2.0), (44, 0.0)];
        let mut counts = [0u32; 4];
        for key in 0..40_000u64 {
            let (first, second) = pick_two(key, servers.into_iter());
            let first = first.unwrap_or(3);
            counts[first] += 1;
            // Without the first, the second has the highest score.
            let without = servers.into_iter().enumerate().map(|(i, (n, w))| (n, if i == first { 0.0 } else { w }));
            assert_eq!(pick(key, without), second);
        }
        assert_eq!(counts[3], 0);
        // Five standard errors of a share of a quarter and of a half among 40,000.
        assert!(counts[0].abs_diff(10_000) < 433 && counts[1].abs_diff(10_000) < 433, "{counts:?}");
        assert!(counts[2].abs_diff(20_000) < 500, "{counts:?}");
    }
}
