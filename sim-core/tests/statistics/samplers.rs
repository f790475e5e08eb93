//! The samplers against their distribution functions.

use crate::p_values::{
    Family, binomial, equal_shares, erlang, goodness_of_fit, kolmogorov_smirnov, poisson, uncorrelated,
};
use floodgate_core::dist::{exponential, normal};
use floodgate_core::rng::{Draws, hash_text, mix};
use floodgate_core::{Dist, Duration};

/// Where the two ziggurats end and their tails begin.
const EXPONENTIAL_R: f64 = 7.697_117_470_131_05;
const NORMAL_R: f64 = 3.654_152_885_361_009;

fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x / 2f64.sqrt())
}

/// Values as nodes draw them, each for a request of its own, and as a stream of one key.
fn samples(dist: &Dist, n: u64, keyed: bool, seed: u64) -> Vec<f64> {
    let key = mix(seed, hash_text("web")) ^ 2;
    let mut stream = Draws::new(key, 1);
    let one = |i: u64| {
        if keyed { dist.sample(&mut Draws::new(key, mix(hash_text("users"), i))) } else { dist.sample(&mut stream) }
    };
    (0..n).map(one).map(Duration::as_secs_f64).collect()
}

type Law = Box<dyn Fn(f64) -> f64>;

fn laws() -> Vec<(Dist, Law)> {
    let (second, ms) = (Duration::from_secs(1), Duration::from_millis(10));
    let mut laws: Vec<(Dist, Law)> = vec![
        (Dist::Uniform(Duration::ZERO, second), Box::new(|x| x.clamp(0.0, 1.0))),
        (Dist::Uniform(ms, second), Box::new(|x| ((x - 0.01) / 0.99).clamp(0.0, 1.0))),
        (Dist::Exponential(second), Box::new(|x| 1.0 - libm::exp(-x))),
        (Dist::Exponential(ms), Box::new(|x| 1.0 - libm::exp(-x / 0.01))),
    ];
    for k in [1, 2, 3, 10, 100] {
        laws.push((Dist::Erlang { mean: second, k }, Box::new(move |x| erlang(k, x * f64::from(k)))));
    }
    for scv in [1.0f64, 1.5, 4.0, 25.0, 400.0] {
        // Balanced means: branch i has probability pᵢ and rate 2pᵢ.
        let p = 0.5 * (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt());
        let law = move |x: f64| 1.0 - p * libm::exp(-2.0 * p * x) - (1.0 - p) * libm::exp(-2.0 * (1.0 - p) * x);
        laws.push((Dist::Hyperexponential { mean: second, scv }, Box::new(law)));
    }
    for scv in [0.01, 0.25, 1.0, 4.0, 100.0] {
        let variance = libm::log1p(scv);
        let law = move |x: f64| phi((libm::log(x) + variance / 2.0) / variance.sqrt());
        laws.push((Dist::Lognormal { mean: second, scv }, Box::new(law)));
    }
    for (shape, max) in [(0.5, 3.0f64), (1.0, 10.0), (1.5, 1000.0), (3.0, 100.0)] {
        let kept = 1.0 - libm::pow(max, -shape);
        let dist = Dist::Pareto { shape, min: second, max: Duration::from_secs_f64(max) };
        laws.push((dist, Box::new(move |x| ((1.0 - libm::pow(x.max(1.0), -shape)) / kept).min(1.0))));
    }
    for shape in [0.5, 1.0, 2.5, 20.0] {
        let scale = 1.0 / libm::tgamma(1.0 + 1.0 / shape);
        let law = move |x: f64| -libm::expm1(-libm::pow(x / scale, shape));
        laws.push((Dist::Weibull { mean: second, shape }, Box::new(law)));
    }
    let points = [(0.0, ms), (0.1, Duration::from_millis(20)), (0.9, Duration::from_millis(30)), (1.0, second)];
    let line = move |x: f64| match x {
        x if x < 0.02 => 0.1 * (x - 0.01) / 0.01,
        x if x < 0.03 => 0.1 + 0.8 * (x - 0.02) / 0.01,
        x => 0.9 + 0.1 * (x - 0.03) / 0.97,
    };
    laws.push((Dist::Empirical(points.into()), Box::new(line)));
    let parts = [(3.0, Dist::Exponential(ms)), (1.0, Dist::Uniform(ms, second))];
    let mixed = |x: f64| 0.75 * (1.0 - libm::exp(-x / 0.01)) + 0.25 * ((x - 0.01) / 0.99).clamp(0.0, 1.0);
    laws.push((Dist::Mixture(parts.into()), Box::new(mixed)));
    laws
}

#[test]
fn every_law_is_followed_whole() {
    let mut family = Family::default();
    for (dist, law) in laws() {
        for keyed in [true, false] {
            for seed in [1, 2] {
                let mut values = samples(&dist, 1 << 16, keyed, seed);
                let pairs = values.iter().zip(&values[1..]).map(|(a, b)| (law(*a), law(*b)));
                let serial = uncorrelated(pairs);
                let what =
                    format!("{dist:?}, {}, seed {seed}", if keyed { "request by request" } else { "one stream" });
                family.add(format!("{what}: lag 1"), serial);
                family.add(what, kolmogorov_smirnov(&mut values, &law));
            }
        }
    }
    family.assert_holds_and_spreads("laws of service times");
}

/// Finer than the distance: 2²³ values in 4096 cells that are equally probable, where a fault in one layer of the ziggurat
/// would show.
#[test]
fn ziggurats_are_even_in_4096_cells() {
    const N: u32 = 1 << 23;
    let mut family = Family::default();
    let mut source = Draws::new(3, 4);
    let (mut exp, mut norm) = (vec![0u64; 4096], vec![0u64; 4096]);
    let mut positive = 0;
    for _ in 0..N {
        // The upper end belongs to the last cell.
        exp[((4096.0 * (1.0 - libm::exp(-exponential(&mut source)))) as usize).min(4095)] += 1;
        let x = normal(&mut source);
        positive += u64::from(x > 0.0);
        norm[((4096.0 * phi(x)) as usize).min(4095)] += 1;
    }
    family.add("exponential", equal_shares(&exp));
    family.add("normal", equal_shares(&norm));
    family.add("sign of the normal", binomial(positive, u64::from(N), 0.5));
    family.assert_holds("ziggurats, cell by cell");
}

#[test]
fn the_tails_beyond_the_ziggurats_are_as_heavy_and_as_long_as_they_should_be() {
    const N: u64 = 1 << 24;
    let mut family = Family::default();
    let mut source = Draws::new(5, 6);
    let (mut exp, mut norm, mut positive) = (Vec::new(), Vec::new(), 0);
    for _ in 0..N {
        let x = exponential(&mut source);
        if x > EXPONENTIAL_R {
            exp.push(x);
        }
        let x = normal(&mut source);
        if x.abs() > NORMAL_R {
            norm.push(x.abs());
            positive += u64::from(x > 0.0);
        }
    }
    let (exp_beyond, norm_beyond) = (libm::exp(-EXPONENTIAL_R), 2.0 * phi(-NORMAL_R));
    family.add("exponential beyond r", binomial(exp.len() as u64, N, exp_beyond));
    family.add("normal beyond r", binomial(norm.len() as u64, N, norm_beyond));
    family.add("either side of the normal", binomial(positive, norm.len() as u64, 0.5));
    for (name, beyond, tail) in [
        ("exponential", &exp, &(|x: f64| libm::exp(-x)) as &dyn Fn(f64) -> f64),
        ("normal", &norm, &|x: f64| 2.0 * phi(-x)),
    ] {
        // Far out, where a few are expected.
        for far in [9.0, 11.0, 13.0, 4.5, 5.0] {
            let expected = tail(far) * N as f64;
            if (1.0..1e5).contains(&expected) && far > beyond.iter().copied().fold(f64::MAX, f64::min) {
                let count = beyond.iter().filter(|x| **x > far).count() as u64;
                family.add(format!("{name} beyond {far}: {count} for {expected:.1}"), poisson(count, expected));
            }
        }
    }
    family.add("exponential, law beyond r", kolmogorov_smirnov(&mut exp, |x| 1.0 - libm::exp(EXPONENTIAL_R - x)));
    family.add("normal, law beyond r", kolmogorov_smirnov(&mut norm, |x| 1.0 - 2.0 * phi(-x) / norm_beyond));
    family.assert_holds("tails");
}

/// A few nanoseconds, where rounding shows: values in between are equally probable, the two limits half as probable, as
/// rounding to the nearest has it.
#[test]
fn rounding_to_the_nanosecond_is_to_the_nearest() {
    const N: u64 = 1 << 18;
    let mut family = Family::default();
    for keyed in [true, false] {
        let mut counts = [0u64; 9];
        for value in samples(&Dist::Uniform(Duration(3), Duration(11)), N, keyed, 1) {
            counts[(value * 1e9).round() as usize - 3] += 1;
        }
        let mut expected = [N as f64 / 8.0; 9];
        expected[0] /= 2.0;
        expected[8] /= 2.0;
        family.add("uniform of 3 to 11 ns", goodness_of_fit(&counts, &expected));
        let mut counts = [0u64; 40];
        for value in samples(&Dist::Exponential(Duration(5)), N, keyed, 1) {
            counts[((value * 1e9).round() as usize).min(39)] += 1;
        }
        let beyond = |n: f64| if n <= 0.0 { 1.0 } else { libm::exp(-n / 5.0) };
        let share = |n: usize| beyond(n as f64 - 0.5) - if n == 39 { 0.0 } else { beyond(n as f64 + 0.5) };
        let expected: Vec<f64> = (0..40).map(|n| share(n) * N as f64).collect();
        family.add("exponential of 5 ns", goodness_of_fit(&counts, &expected));
    }
    family.assert_holds("rounding");
    let constant = Dist::Constant(Duration(7));
    assert!(samples(&constant, 100, true, 1).iter().all(|s| *s == 7e-9), "always the same");
}
