//! The mixer, lineages and draws: uniform, independent across keys, without collisions.

use crate::p_values::{Family, binomial, chi_square, equal_shares, kolmogorov_smirnov, normal, poisson, uncorrelated};
use floodgate_core::dist::exponential;
use floodgate_core::rng::{Draws, Source, arrival_stream, hash_text, mix};

/// What a node's draws are keyed by.
fn node(seed: u64, name: &str) -> u64 {
    mix(seed, hash_text(name))
}

/// The lineage of a root: of the `ordinal`-th arrival at a client node.
fn root(client: &str, ordinal: u64) -> u64 {
    mix(hash_text(client), ordinal)
}

/// The lineage of number `n` of something that `site` does for a lineage: an attempt, a step, a branch.
fn branch(lineage: u64, site: &str, n: u64) -> u64 {
    if n == 0 { lineage } else { mix(lineage, hash_text(site) ^ n) }
}

/// The first draw of a lineage.
fn first(key: u64, lineage: u64) -> u64 {
    Draws::new(key, lineage).next_u64()
}

const N: u64 = 1 << 17;

/// High bits, low bits and the whole of the first draws over some lineages.
fn add_uniformity(family: &mut Family, what: &str, key: u64, lineages: impl Iterator<Item = u64>) {
    let (mut high, mut low, mut unit) = (vec![0u64; 4096], vec![0u64; 4096], Vec::new());
    for lineage in lineages {
        let draw = first(key, lineage);
        high[(draw >> 52) as usize] += 1;
        low[(draw & 0xfff) as usize] += 1;
        unit.push(Draws::new(key, lineage).unit());
    }
    family.add(format!("{what}: high bits"), equal_shares(&high));
    family.add(format!("{what}: low bits"), equal_shares(&low));
    family.add(format!("{what}: Kolmogorov-Smirnov"), kolmogorov_smirnov(&mut unit, |x| x));
}

/// Two columns of draws: by 64 × 64 cells of their high bits, by their low ones, by correlation, and bit by bit.
fn add_independence(family: &mut Family, what: &str, pairs: impl Iterator<Item = (u64, u64)>) {
    let (mut high, mut low) = (vec![0u64; 4096], vec![0u64; 4096]);
    let (mut n, mut differing) = (0u64, 0u64);
    let centred = |x: u64| (x >> 11) as f64 * (1.0 / (1u64 << 53) as f64) - 0.5;
    let pairs: Vec<(u64, u64)> = pairs.collect();
    for &(a, b) in &pairs {
        high[((a >> 58) << 6 | b >> 58) as usize] += 1;
        low[((a & 63) << 6 | b & 63) as usize] += 1;
        n += 1;
        differing += u64::from((a ^ b).count_ones());
    }
    family.add(format!("{what}: high bits"), equal_shares(&high));
    family.add(format!("{what}: low bits"), equal_shares(&low));
    family.add(format!("{what}: correlation"), uncorrelated(pairs.iter().map(|&(a, b)| (centred(a), centred(b)))));
    // Each of the 64 bits differs with probability one half.
    family.add(format!("{what}: differing bits"), binomial(differing, 64 * n, 0.5));
}

#[test]
fn first_draws_are_uniform_over_consecutive_roots_and_over_random_lineages() {
    let mut family = Family::default();
    for client in ["users", "users-2", "a"] {
        for server in ["web", "web-2", "db"] {
            for (seed, purpose) in [(1, 1), (2, 2), (u64::MAX, 8)] {
                let key = node(seed, server) ^ purpose;
                let what = format!("roots of {client} at {server}, seed {seed}, purpose {purpose}");
                add_uniformity(&mut family, &what, key, (0..N).map(|ordinal| root(client, ordinal)));
            }
        }
    }
    for seed in 1..=3 {
        let mut random = arrival_stream(seed);
        let lineages: Vec<u64> = (0..N).map(|_| Source::next_u64(&mut random)).collect();
        add_uniformity(&mut family, &format!("random lineages {seed}"), node(seed, "web") ^ 2, lineages.into_iter());
    }
    // What clients draw for themselves goes by ordinals, not by lineages; in a closed loop by user and cycle.
    add_uniformity(&mut family, "ordinals", node(1, "users") ^ 2, 0..N);
    add_uniformity(&mut family, "users and cycles", node(1, "users") ^ 6, (0..N).map(|i| (i & 0xff) << 32 | i >> 8));
    add_uniformity(&mut family, "the first cycle", node(1, "users") ^ 6, (0..N).map(|i| i << 32));
    family.assert_holds_and_spreads("uniformity of first draws");
}

#[test]
fn one_roots_draws_at_two_nodes_for_two_purposes_and_under_two_seeds_are_independent() {
    let mut family = Family::default();
    let mut pair = |what: String, a: u64, b: u64| {
        let draws = (0..N).map(|i| root("users", i)).map(move |l| (first(a, l), first(b, l)));
        add_independence(&mut family, &what, draws);
    };
    for (a, b) in [("web", "web-2"), ("web-1", "web-2"), ("a", "b"), ("db1", "db2"), ("node-00000001", "node-00000002")]
    {
        pair(format!("{a} and {b}"), node(1, a) ^ 2, node(1, b) ^ 2);
    }
    for one in 1..=8 {
        for other in one + 1..=8 {
            pair(format!("purposes {one} and {other}"), node(1, "web") ^ one, node(1, "web") ^ other);
        }
    }
    for seed in [0, 1, 2, 41, u64::from(u32::MAX), u64::MAX - 1] {
        pair(format!("seeds {seed} and the next"), node(seed, "web") ^ 2, node(seed + 1, "web") ^ 2);
    }
    family.assert_holds_and_spreads("independence across keys");
}

#[test]
fn draws_of_one_key_are_independent_of_each_other() {
    let mut family = Family::default();
    for (i, j) in [(0usize, 1usize), (0, 2), (1, 2), (2, 3), (0, 7), (6, 7)] {
        let draws = (0..N).map(|ordinal| {
            let mut draws = Draws::new(node(1, "web") ^ 2, root("users", ordinal));
            let drawn: [u64; 8] = std::array::from_fn(|_| draws.next_u64());
            (drawn[i], drawn[j])
        });
        add_independence(&mut family, &format!("draws {i} and {j}"), draws);
    }
    // One long stream of a key, as random latencies of a batch or a test of a sampler takes it.
    for lag in 1..=32 {
        let mut draws = Draws::new(node(1, "web") ^ 2, root("users", 7));
        let stream: Vec<f64> = (0..N).map(|_| draws.unit() - 0.5).collect();
        let pairs = stream.iter().zip(&stream[lag..]).map(|(a, b)| (*a, *b));
        family.add(format!("one stream, lag {lag}"), uncorrelated(pairs));
    }
    family.assert_holds_and_spreads("draws of one key");
}

#[test]
fn roots_of_one_client_follow_each_other_without_a_trace() {
    let mut family = Family::default();
    for (client, server, seed) in [("users", "web", 1), ("users-2", "db", 2)] {
        let key = node(seed, server) ^ 2;
        let draws: Vec<u64> = (0..N).map(|i| first(key, root(client, i))).collect();
        let unit: Vec<f64> = draws.iter().map(|d| (d >> 11) as f64 * (1.0 / (1u64 << 53) as f64) - 0.5).collect();
        for lag in (1..=64).chain([100, 128, 255, 256, 1000, 1024, 4096]) {
            let pairs = unit.iter().zip(&unit[lag..]).map(|(a, b)| (*a, *b));
            family.add(format!("{client} at {server}, lag {lag}"), uncorrelated(pairs));
        }
        for lag in [1, 2, 3, 256] {
            let pairs = draws.iter().zip(&draws[lag..]).map(|(a, b)| (*a, *b));
            add_independence(&mut family, &format!("{client} at {server}, lag {lag}"), pairs);
        }
    }
    family.assert_holds_and_spreads("serial independence");
}

#[test]
fn the_same_ordinal_at_two_clients_with_similar_names_is_not_the_same_request() {
    let mut family = Family::default();
    let key = node(1, "web") ^ 2;
    for (a, b) in [("users", "users-2"), ("users-1", "users-2"), ("a", "b"), ("u1", "u2"), ("client-09", "client-10")] {
        let same = (0..N).map(|i| (first(key, root(a, i)), first(key, root(b, i))));
        add_independence(&mut family, &format!("roots of {a} and {b}"), same);
        let next = (0..N).map(|i| (first(key, root(a, i)), first(key, root(b, i + 1))));
        add_independence(&mut family, &format!("roots of {a} and the next of {b}"), next);
    }
    family.assert_holds_and_spreads("similar clients");
}

#[test]
fn siblings_of_one_root_are_independent_at_one_node() {
    let mut family = Family::default();
    let key = node(1, "web") ^ 2;
    // Branches of a fork, attempts of a client and of a service, steps of a plan, visits one after the other.
    for (what, site, shift) in [("branches", "fork", 0), ("attempts", "users", 0), ("steps", "api", 16)] {
        for one in 0..6u64 {
            for other in one + 1..6 {
                let pairs = (0..N / 2).map(|i| {
                    let lineage = root("users", i);
                    let draw = |n: u64| first(key, branch(lineage, site, n << shift));
                    (draw(one), draw(other))
                });
                add_independence(&mut family, &format!("{what} {one} and {other}"), pairs);
            }
        }
    }
    for (one, other) in [(0, 1), (1, 2), (0, 7), (3, 4)] {
        let pairs = (0..N / 2).map(|i| {
            let mut visits = [0; 8];
            visits[0] = root("users", i);
            for n in 1..8 {
                visits[n] = branch(visits[n - 1], "station", 1);
            }
            (first(key, visits[one]), first(key, visits[other]))
        });
        add_independence(&mut family, &format!("visits {one} and {other}"), pairs);
    }
    // The same number of two sites: a retry of the client's and a step of the service it called.
    let pairs = (0..N).map(|i| {
        let lineage = root("users", i);
        (first(key, branch(lineage, "users", 1)), first(key, branch(lineage, "api", 1)))
    });
    add_independence(&mut family, "the same number of two sites", pairs);
    family.assert_holds_and_spreads("siblings");
}

/// More than pairs: how many of eight siblings lie in the lowest quarter is binomial.
#[test]
fn eight_siblings_together_are_as_eight_coins() {
    let mut family = Family::default();
    for (what, site, shift) in [("branches", "fork", 0), ("steps", "api", 16)] {
        for probability in [0.01, 0.25, 0.5] {
            let key = node(1, "web") ^ 2;
            let limit = (probability * u64::MAX as f64) as u64;
            let mut counts = [0u64; 9];
            for i in 0..N {
                let lineage = root("users", i);
                let low = (0..8).filter(|n| first(key, branch(lineage, site, n << shift)) < limit).count();
                counts[low] += 1;
            }
            let mut shares = [0.0; 9];
            let mut choose = 1.0;
            for k in 0..9 {
                let (hits, misses) = (f64::from(k), f64::from(8 - k));
                shares[k as usize] = choose * libm::pow(probability, hits) * libm::pow(1.0 - probability, misses);
                choose = choose * misses / (hits + 1.0);
            }
            // Cells of fewer than ten expected join their neighbour.
            let (mut seen, mut expected) = (Vec::new(), Vec::new());
            for k in 0..9 {
                let e = shares[k] * N as f64;
                match (expected.last_mut(), seen.last_mut()) {
                    (Some(last), Some(count)) if e < 10.0 => {
                        *last += e;
                        *count += counts[k];
                    }
                    _ => {
                        expected.push(e);
                        seen.push(counts[k]);
                    }
                }
            }
            if expected[0] < 10.0 {
                let (e, c) = (expected.remove(0), seen.remove(0));
                expected[0] += e;
                seen[0] += c;
            }
            family.add(format!("eight {what}, {probability}"), crate::p_values::goodness_of_fit(&seen, &expected));
        }
    }
    family.assert_holds("eight siblings");
}

/// Demands as a service draws them: exponential, of the same root at two nodes, and of two roots at one node.
#[test]
fn demands_of_one_root_at_two_nodes_are_not_correlated() {
    let mut family = Family::default();
    let demand = |key: u64, lineage: u64| exponential(&mut Draws::new(key, lineage));
    for (a, b) in [("web", "db"), ("web-1", "web-2"), ("api", "apj")] {
        for seed in 1..=4 {
            let (key_a, key_b) = (node(seed, a) ^ 2, node(seed, b) ^ 1);
            let pairs = (0..N).map(|i| root("users", i)).map(|l| (demand(key_a, l), demand(key_b, l)));
            family.add(format!("{a} and {b}, seed {seed}"), uncorrelated(pairs));
            let (key_a, key_b) = (node(seed, a) ^ 2, node(seed, b) ^ 2);
            let mut cells = vec![0u64; 32 * 32];
            for lineage in (0..N).map(|i| root("users", i)) {
                let cell = |key| (32.0 * (1.0 - libm::exp(-demand(key, lineage)))) as usize;
                cells[cell(key_a) * 32 + cell(key_b)] += 1;
            }
            family.add(format!("{a} and {b}, seed {seed}, cells"), equal_shares(&cells));
        }
    }
    family.assert_holds_and_spreads("demands at two nodes");
}

/// How often each output bit flips with each input bit.
struct Avalanche {
    flips: Vec<[u32; 64]>,
    samples: u32,
}

impl Avalanche {
    fn of(samples: u32, input: impl Fn(u64) -> u64, output: impl Fn(u64, u64) -> u64) -> Avalanche {
        let mut flips = vec![[0u32; 64]; 64];
        for i in 0..u64::from(samples) {
            let x = input(i);
            let y = output(i, x);
            for (bit, row) in flips.iter_mut().enumerate() {
                let changed = y ^ output(i, x ^ 1 << bit);
                for (to, count) in row.iter_mut().enumerate() {
                    *count += (changed >> to & 1) as u32;
                }
            }
        }
        Avalanche { flips, samples }
    }

    /// Each of the 4096 pairs of bits, and all together.
    fn add(&self, family: &mut Family, what: &str) -> f64 {
        let (mean, deviation) = (f64::from(self.samples) / 2.0, f64::from(self.samples).sqrt() / 2.0);
        let (mut sum, mut largest) = (0.0, 0.0f64);
        for (from, row) in self.flips.iter().enumerate() {
            for (to, &count) in row.iter().enumerate() {
                let z = (f64::from(count) - mean) / deviation;
                sum += z * z;
                largest = largest.max(z.abs());
                family.add(format!("{what}: input bit {from} to output bit {to}"), normal(z));
            }
        }
        family.add(format!("{what}: all pairs of bits"), chi_square(sum, 4096.0));
        largest
    }
}

/// Flipping any bit of what goes in flips each bit of what comes out with probability one half: within five standard
/// deviations (p = 6·10⁻⁷ for each of 4096 pairs of bits, 0.2 % for all of a function), and by the bound of the family.
#[test]
fn every_bit_of_every_input_reaches_every_bit_of_the_output() {
    const SAMPLES: u32 = 1 << 14;
    let mut family = Family::default();
    let random = |i: u64| mix(i, 0x1234_5678);
    // Small numbers of which no two differ in one bit alone: else each such pair would be counted twice.
    let small = |i: u64| i << 1 | u64::from(i.count_ones() & 1);
    let (key, site) = (node(1, "web") ^ 2, hash_text("fork"));
    let tests: [(&str, Avalanche); 7] = [
        ("mix, first word", Avalanche::of(SAMPLES, random, |i, x| mix(x, !i.rotate_left(32)))),
        ("mix, second word", Avalanche::of(SAMPLES, random, |i, x| mix(!i.rotate_left(32), x))),
        ("ordinal to lineage", Avalanche::of(SAMPLES, small, |_, x| mix(hash_text("users"), x))),
        ("lineage to lineage of a branch", Avalanche::of(SAMPLES, |i| root("users", i), |_, x| mix(x, site ^ 1))),
        (
            "number to lineage of a branch",
            Avalanche::of(SAMPLES, |i| 1 + i % 8, |i, x| mix(root("users", i), site ^ x)),
        ),
        ("lineage to draw", Avalanche::of(SAMPLES, |i| root("users", i), |_, x| first(key, x))),
        ("seed to draw", Avalanche::of(SAMPLES, |i| i, |i, x| first(node(x, "web") ^ 2, root("users", i)))),
    ];
    for (what, avalanche) in &tests {
        let largest = avalanche.add(&mut family, what);
        assert!(largest < 5.0, "{what}: {largest:.2} standard deviations");
    }
    family.assert_holds_and_spreads("avalanche");
}

/// Ten million lineages: as many coincide as of ten million random words, in all 64 bits and in fewer, where some do.
#[test]
fn ten_million_lineages_collide_no_more_often_than_chance_has_it() {
    let mut family = Family::default();
    let mut lineages = Vec::with_capacity(10_000_000);
    for client in ["users", "users-2", "a", "b"] {
        for ordinal in 0..250_000 {
            let lineage = root(client, ordinal);
            // The attempts of the client, the attempts of the first two steps of a service behind it.
            lineages.extend((0..4).map(|n| branch(lineage, client, n)));
            lineages.extend((1..4).map(|n| branch(lineage, "web", n)));
            lineages.extend((0..3).map(|n| branch(lineage, "web", 1 << 16 | n)));
        }
    }
    assert_eq!(lineages.len(), 10_000_000);
    let pairs = 0.5 * 1e7 * (1e7 - 1.0);
    for (what, turn) in [("high", 0), ("low", 32)] {
        // The 32 low bits come first after half a turn.
        lineages.iter_mut().for_each(|l| *l = l.rotate_left(turn));
        lineages.sort_unstable();
        for bits in [36, 40, 44, 48, 64] {
            let mut collisions = 0;
            // Pairs, not neighbours: in a run of three alike there are three.
            let mut alike = 0;
            for pair in lineages.windows(2) {
                alike = if (pair[0] ^ pair[1]) >> (64 - bits) == 0 { alike + 1 } else { 0 };
                collisions += alike;
            }
            let expected = pairs / libm::exp2(f64::from(bits));
            family.add(format!("{bits} {what} bits: {collisions} for {expected:.1}"), poisson(collisions, expected));
            assert!(bits < 64 || collisions == 0, "{collisions} lineages coincide");
        }
    }
    family.assert_holds("collisions of lineages");
}

/// Exogenous arrivals: streams of neighbouring seeds, nodes and purposes have nothing in common.
#[test]
fn streams_of_arrivals_are_independent_of_each_other() {
    let mut family = Family::default();
    let stream = |seed: u64, name: &str, purpose: u64| arrival_stream(mix(node(seed, name), purpose));
    let mut pair = |what: &str, mut a: floodgate_core::rng::Stream, mut b: floodgate_core::rng::Stream| {
        let pairs = (0..N).map(|_| (Source::next_u64(&mut a), Source::next_u64(&mut b)));
        add_independence(&mut family, what, pairs);
    };
    pair("seeds", stream(1, "users", 1), stream(2, "users", 1));
    pair("nodes", stream(1, "users", 1), stream(1, "users-2", 1));
    pair("purposes 1 and 4", stream(1, "users", 1), stream(1, "users", 4));
    pair("purposes 4 and 5", stream(1, "users", 4), stream(1, "users", 5));
    for seed in [0, 1, 1 << 32] {
        let firsts = (0..N / 4).map(|i| Source::next_u64(&mut stream(seed + i, "users", 1)));
        let draws: Vec<u64> = firsts.collect();
        let pairs = draws.iter().zip(&draws[1..]).map(|(a, b)| (*a, *b));
        add_independence(&mut family, &format!("first draws of seeds from {seed} on"), pairs);
    }
    family.assert_holds_and_spreads("streams of arrivals");
}

/// The tests can fail: a Weyl sequence is no generator, siblings may not share a lineage, nor one in fifty its draws.
#[test]
fn faults_that_generators_have_are_found() {
    let found = |family: Family| std::panic::catch_unwind(|| family.assert_holds("a fault")).is_err();
    let mut weak = Family::default();
    let lineages = (0..N).map(|i| (i ^ 0xa076_1d64_78bd_642f).wrapping_mul(0xe703_7ed1_a0b4_28db));
    let unit = lineages.map(|x| (x >> 11) as f64 * (1.0 / (1u64 << 53) as f64));
    weak.add("a Weyl sequence", kolmogorov_smirnov(&mut unit.collect::<Vec<f64>>(), |x| x));
    let steps: Vec<u64> = (0..N).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    add_independence(&mut weak, "neighbours in a Weyl sequence", steps.iter().zip(&steps[1..]).map(|(a, b)| (*a, *b)));
    assert!(found(weak));
    let mut shared = Family::default();
    let pairs = (0..N).map(|i| first(node(1, "web"), root("users", i))).map(|draw| (draw, draw));
    add_independence(&mut shared, "siblings of one lineage", pairs);
    assert!(found(shared));
    let mut rare = Family::default();
    let draw = |i: u64| first(node(1, "web"), root("users", i));
    let pairs = (0..N).map(|i| (draw(i), if i % 50 == 0 { draw(i) } else { draw(i + N) }));
    add_independence(&mut rare, "one in fifty is alike", pairs);
    assert!(found(rare));
}
