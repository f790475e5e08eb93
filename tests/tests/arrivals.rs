//! When requests come: every law of arrivals, through scenario files, against its theory.

use floodgate::{Budget, Progress, Scenario, Simulation};
use floodgate_core::{Delivery, Event, Probe};
use floodgate_tests::p_values::{
    Family, chi_square, erlang, goodness_of_fit, kolmogorov_smirnov, normal, uncorrelated,
};
use floodgate_tests::stats::Interval;
use std::f64::consts::TAU;

/// Times in seconds: a request is at the station when it is born.
#[derive(Default)]
struct Births(Vec<f64>);

impl Probe for Births {
    fn event(&mut self, event: Event) {
        if event.delivery == Delivery::Call {
            self.0.push(event.time.as_secs_f64());
        }
    }
}

/// Times in seconds of all births.
fn births(rate: &str, law: &str, until: &str, seed: u64) -> Vec<f64> {
    let text = format!(
        "format = 1\nname = 'arrivals'\nuntil = '{until}'\n\
         [[node]]\nid = 'users'\nkind = 'clients'\nrate = '{rate}'\narrivals = {law}\ntimeout = 'none'\n\
         [[node]]\nid = 's'\nkind = 'station'\nservers = 'none'\nservice_time = '0s'\n[[link]]\nfrom = 'users'\nto = 's'\n"
    );
    let scenario = Scenario::load(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let mut births = Births::default();
    let progress = Simulation::new(&scenario, seed).advance_with(Budget::until(scenario.until), &mut births);
    assert_eq!(progress, Progress::Reached);
    births.0
}

fn gaps(times: &[f64]) -> Vec<f64> {
    std::iter::once(times[0]).chain(times.windows(2).map(|w| w[1] - w[0])).collect()
}

/// How many come in each of `windows` windows of `length` seconds.
fn counts(times: &[f64], windows: usize, length: f64) -> Vec<u64> {
    let mut counts = vec![0; windows];
    for place in times.iter().map(|t| (t / length) as usize).filter(|place| *place < windows) {
        counts[place] += 1;
    }
    counts
}

/// Index of dispersion: variance over mean.
fn dispersion(counts: &[u64]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<u64>() as f64 / n;
    counts.iter().map(|&c| (c as f64 - mean) * (c as f64 - mean)).sum::<f64>() / (n - 1.0) / mean
}

fn exponential(x: f64) -> f64 {
    1.0 - libm::exp(-x)
}

fn add_renewal(family: &mut Family, what: &str, times: &[f64], law: impl Fn(f64) -> f64) {
    let mut gaps = gaps(times);
    assert!(gaps.len() > 15_000, "{what}: {}", gaps.len());
    for lag in 1..=3 {
        let pairs = gaps.iter().zip(&gaps[lag..]).map(|(a, b)| (law(*a), law(*b)));
        family.add(format!("{what}: gaps, lag {lag}"), uncorrelated(pairs));
    }
    family.add(format!("{what}: law of the gaps"), kolmogorov_smirnov(&mut gaps, law));
}

#[test]
fn plain_arrivals_are_a_poisson_process() {
    let mut family = Family::default();
    for seed in 1..=3 {
        let times = births("1000/s", "{}", "20s", seed);
        add_renewal(&mut family, &format!("seed {seed}"), &times, |x| exponential(x * 1000.0));
        // 20,000 expected, with as much variance.
        family.add(format!("seed {seed}: number"), normal((times.len() as f64 - 20_000.0) / 20_000f64.sqrt()));
        for (windows, length) in [(2_000, 0.01), (200, 0.1)] {
            // (n − 1) times the index of dispersion is χ² with n − 1 degrees of freedom.
            let df = f64::from(windows) - 1.0;
            let index = dispersion(&counts(&times, windows as usize, length));
            family.add(format!("seed {seed}: dispersion {index:.3} in {windows} windows"), chi_square(index * df, df));
        }
        let mut places = times.iter().map(|t| t / 20.0).collect::<Vec<_>>();
        family.add(format!("seed {seed}: evenly over time"), kolmogorov_smirnov(&mut places, |x| x));
    }
    family.assert_holds_and_spreads("Poisson");
}

#[test]
fn gaps_of_every_kind_follow_their_law() {
    let mut family = Family::default();
    for stages in [2, 5, 20] {
        let law = format!("{{ gaps = 'erlang', stages = {stages} }}");
        let times = births("1000/s", &law, "20s", 4);
        add_renewal(&mut family, &law, &times, |x| erlang(stages, x * 1000.0 * f64::from(stages)));
    }
    for scv in [1.0f64, 4.0, 20.0] {
        let law = format!("{{ gaps = 'hyperexponential', scv = {scv:?} }}");
        let times = births("1000/s", &law, "20s", 5);
        let p = 0.5 * (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt());
        let branch = |p: f64, x: f64| p * exponential(2.0 * p * x);
        add_renewal(&mut family, &law, &times, |x| branch(p, x * 1000.0) + branch(1.0 - p, x * 1000.0));
    }
    family.assert_holds_and_spreads("gaps");
    let clock = births("1000/s", "{ gaps = 'deterministic' }", "1s", 6);
    assert!(clock.len() == 999 && clock.iter().enumerate().all(|(i, t)| (t * 1e3 - (i as f64 + 1.0)).abs() < 1e-9));
}

/// Counts of a renewal process over a long time have the dispersion of its gaps: their squared coefficient of variation.
#[test]
fn counts_over_long_windows_are_as_dispersed_as_the_gaps() {
    for (law, scv) in
        [("{ gaps = 'erlang', stages = 4 }", 0.25), ("{}", 1.0), ("{ gaps = 'hyperexponential', scv = 3.0 }", 3.0)]
    {
        let index = |seed| dispersion(&counts(&births("1000/s", law, "20s", seed), 100, 0.2));
        Interval::of(&(1..=12).map(index).collect::<Vec<_>>()).assert_covers(law, scv, 0.2);
    }
}

#[test]
fn batches_have_the_size_they_should() {
    let mut family = Family::default();
    let sizes = |times: &[f64]| {
        let mut sizes: Vec<(f64, u64)> = Vec::new();
        for &t in times {
            match sizes.last_mut() {
                Some((at, size)) if *at == t => *size += 1,
                _ => sizes.push((t, 1)),
            }
        }
        sizes
    };
    for mean in [1.5f64, 4.0, 10.0] {
        let law = format!("{{ batch = 'geometric', batch_mean = {mean:?} }}");
        let batches = sizes(&births("1000/s", &law, "20s", 7));
        // The rate is of batches, and they come as a Poisson process.
        let times: Vec<f64> = batches.iter().map(|b| b.0).collect();
        add_renewal(&mut family, &law, &times, |x| exponential(x * 1000.0));
        let pairs = batches.windows(2).map(|w| (w[0].1 as f64, w[1].1 as f64));
        family.add(format!("{law}: sizes of neighbours"), uncorrelated(pairs));
        let pairs =
            gaps(&times).into_iter().zip(&batches).map(|(gap, batch)| (gap, batch.1 as f64)).collect::<Vec<_>>();
        family.add(format!("{law}: size and gap"), uncorrelated(pairs.into_iter()));
        // P(k) = (1 − q)·qᵏ⁻¹ with q = 1 − 1/mean; the last cell is what is left.
        let q = 1.0 - 1.0 / mean;
        let total = batches.len() as f64;
        let (mut expected, mut left) = (Vec::new(), total);
        while left * q > 20.0 && expected.len() < 40 {
            expected.push(left * (1.0 - q));
            left *= q;
        }
        expected.push(left);
        let mut seen = vec![0u64; expected.len()];
        batches.iter().for_each(|(_, size)| seen[(*size as usize).min(expected.len()) - 1] += 1);
        family.add(format!("{law}: sizes"), goodness_of_fit(&seen, &expected));
    }
    family.assert_holds_and_spreads("batches");
    let fixed = sizes(&births("1000/s", "{ batch = 'fixed', batch_mean = 3.0 }", "2s", 8));
    assert!(fixed.len() > 1_700 && fixed.iter().all(|(_, size)| *size == 3));
}

/// A wave: with Λ(t) the arrivals expected until t, the Λ of the arrivals are a Poisson process of rate 1.
#[test]
fn a_wave_is_a_poisson_process_on_another_clock() {
    let mut family = Family::default();
    for (wave, period) in [(0.5, 2.0), (1.0, 1.0), (0.9, 7.0)] {
        let law = format!("{{ wave = {wave:?}, period = '{period}s' }}");
        let times = births("1000/s", &law, "20s", 9);
        let turned = |t: f64| 1000.0 * (t + wave * period / TAU * (1.0 - libm::cos(TAU * t / period)));
        let clock: Vec<f64> = times.iter().map(|t| turned(*t)).collect();
        add_renewal(&mut family, &law, &clock, exponential);
        // By phase: most come in the first half of a period.
        let whole = (20.0 / period).floor();
        let mut seen = vec![0u64; 20];
        for t in times.iter().filter(|t| **t < whole * period) {
            seen[((t / period).fract() * 20.0) as usize] += 1;
        }
        let edge = |i: usize| turned(i as f64 / 20.0 * period);
        let expected: Vec<f64> = (0..20).map(|i| whole * (edge(i + 1) - edge(i))).collect();
        let total = expected.iter().sum::<f64>();
        family.add(format!("{law}: number"), normal((seen.iter().sum::<u64>() as f64 - total) / total.sqrt()));
        let scale = seen.iter().sum::<u64>() as f64 / total;
        let expected: Vec<f64> = expected.iter().map(|e| e * scale).collect();
        family.add(format!("{law}: phases"), goodness_of_fit(&seen, &expected));
    }
    family.assert_holds("waves");
}

/// Bursts: a Markov-modulated Poisson process of two states. Its rate, and the index of dispersion for long times (Fischer and
/// Meier-Hellstern, 1993): 1 + 2(λ₁ − λ₂)²·r₁r₂ / ((r₁ + r₂)²·(λ₁r₂ + λ₂r₁)), where r₁ and r₂ end the states.
#[test]
fn bursts_are_a_markov_modulated_poisson_process() {
    let law = "{ burst_rate = '500/s', calm = '40ms', burst = '10ms' }";
    let (calm, burst, r_calm, r_burst) = (100.0, 500.0, 25.0, 100.0);
    let runs: Vec<Vec<f64>> = (1..=20).map(|seed| births("100/s", law, "50s", seed)).collect();
    let rate = (calm * r_burst + burst * r_calm) / (r_calm + r_burst);
    let rates: Vec<f64> = runs.iter().map(|times| times.len() as f64 / 50.0).collect();
    Interval::of(&rates).assert_covers("rate", rate, 0.02);
    // Var N(t)/E N(t) at finite t: 1 + a·(1 − (1 − e^(−rt))/(rt)) with r = r₁ + r₂.
    let r: f64 = r_calm + r_burst;
    let a = 2.0 * (calm - burst) * (calm - burst) * r_calm * r_burst / (r * r * (calm * r_burst + burst * r_calm));
    for (windows, length) in [(5_000, 0.01), (1_000, 0.05), (100, 0.5)] {
        let expected = 1.0 + a * (1.0 - (1.0 - libm::exp(-r * length)) / (r * length));
        let indices: Vec<f64> = runs.iter().map(|times| dispersion(&counts(times, windows, length))).collect();
        Interval::of(&indices).assert_covers(&format!("dispersion in {length} s"), expected, 0.1);
    }
    // At once: the first state is drawn by the shares of the time, so nothing warms up.
    let firsts: Vec<f64> = (1..=400).map(|seed| births("100/s", law, "20ms", 1_000 + seed).len() as f64).collect();
    Interval::of(&firsts).assert_covers("arrivals in the first 20 ms", rate * 0.02, 0.2);
}
