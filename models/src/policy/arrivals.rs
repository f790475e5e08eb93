//! When requests arrive in an open loop: a law of the gaps, run off on a clock that goes as fast as the rate.
//!
//! Gaps are drawn with mean 1, in expected arrivals, and run off at the rate in force. So a change of the rate (by hand, by a
//! burst, by the wave) changes how fast the rest of the gap runs off and draws nothing: the arrivals under one rate do not
//! depend on what the rate was before. With exponential gaps that is exactly a Poisson process of that rate (bursts: a
//! Markov-modulated one), for other laws the renewal process in operational time.

mod shape;

use crate::component::Cx;
use crate::param::{Rate, Ratio};
use crate::{choices, params};
use floodgate_core::dist::{exponential, gamma};
use floodgate_core::order::Order as _;
use floodgate_core::rng::{Source, SpareStream, Stream};
use floodgate_core::{Duration, Time};
use shape::Shape;
pub use shape::{Crowd, FullHour, Point, Ramp};
use std::f64::consts::TAU;

choices! {
    /// The law of the time between two arrivals.
    pub enum Gaps {
        /// Exponential: the arrivals are a Poisson process, of people who know nothing of each other.
        Exponential = "exponential",
        /// Always the same: a machine with a clock.
        Deterministic = "deterministic",
        /// Sum of `stages` exponential ones: more regular than Poisson, scv = 1/stages.
        Erlang = "erlang",
        /// Two kinds of exponential ones with balanced means: more irregular than Poisson, by `scv`.
        Hyperexponential = "hyperexponential",
    }
}

choices! {
    /// How many requests come at once.
    pub enum Batch {
        /// One.
        Single = "single",
        /// Always `batch_mean`, rounded to a whole number.
        Fixed = "fixed",
        /// Geometric on 1, 2, 3 … with mean `batch_mean`.
        Geometric = "geometric",
    }
}

params! {
    /// How requests arrive. `rate` counts arrivals; with batches, each of them is a batch.
    pub struct Arrivals {
        /// Law of the time between arrivals.
        gaps: Gaps = "\"exponential\"", live;
        /// Stages of Erlang gaps.
        stages: u32 = "2" in 1 ..= 1000, live;
        /// Squared coefficient of variation of hyperexponential gaps.
        scv: f64 = "4.0" in 1 ..= 10000, live;
        /// How many requests come with an arrival.
        batch: Batch = "\"single\"", live;
        /// Mean size of a batch.
        batch_mean: f64 = "4.0" in 1 ..= 10000, live;
        /// Rate during bursts, in place of `rate`; absent is without bursts. Calm and burst take turns, each of exponential
        /// length: with exponential gaps a Markov-modulated Poisson process of two states. The first state is drawn by
        /// their shares of the time.
        burst_rate: Option<Rate> = none in 0 ..= 10000000, live;
        /// Mean length of the calm between two bursts.
        calm: Duration = "\"60s\"" in 0.000001 ..= 31536000, live;
        /// Mean length of a burst.
        burst: Duration = "\"10s\"" in 0.000001 ..= 31536000, live;
        /// The rate rises and falls by this share of itself: rate·(1 + wave·sin(2πt/period)).
        wave: Ratio = "0.0" in 0 ..= 1, live;
        /// Period of the wave.
        period: Duration = "\"24h\"" in 0.001 ..= 31536000, live;
        /// The rate rises or falls to another one. This and the other shapes (`curve`, `crowd`, `full_hour`) are factors on the
        /// rate, bursts included, and multiply; beside any of them `wave` means nothing.
        ramp: Option<Ramp> = none, live;
        /// A curve through these points, again and again: the course of a day. In the order of their times.
        curve: Vec<Point> = "[]" in 0 ..= 1000, live;
        /// Period of the curve.
        curve_period: Duration = "\"24h\"" in 1 ..= 31536000, live;
        /// A flash crowd.
        crowd: Option<Crowd> = none, live;
        /// A share of the load comes at the full hour.
        full_hour: Option<FullHour> = none, live;
    }
}

impl Arrivals {
    /// Whether the rate is ever another one.
    pub(crate) fn changes(&self) -> bool {
        let shaped = self.ramp.is_some() || self.crowd.is_some() || self.full_hour.is_some() || !self.curve.is_empty();
        shaped || self.burst_rate.is_some() || self.wave.0 > 0.0
    }

    /// What does not go together, and what would.
    pub(crate) fn objection(&self) -> Option<(String, &'static str)> {
        if let Some(herd) = self.full_hour.as_ref().filter(|herd| herd.within > herd.every) {
            let message = format!("has a `full_hour` that takes {} to come, every {}", herd.within, herd.every);
            return Some((message, "let `within` be at most `every`"));
        }
        let next = self.curve.iter().zip(self.curve.iter().skip(1)).find(|(a, b)| a.at >= b.at);
        if let Some((before, after)) = next {
            let message = format!("has a `curve` with {} after {}", after.at, before.at);
            return Some((message, "give its points in the order of their times, each a time of its own"));
        }
        let late = self.curve.last().filter(|last| last.at >= self.curve_period)?;
        let message = format!("has a `curve` with a point at {}, and `curve_period` is {}", late.at, self.curve_period);
        Some((message, "points lie within the period"))
    }

    /// What was changed while the system runs is made to go together: points in order and within the period.
    fn sound(mut self) -> Arrivals {
        if self.objection().is_some() {
            let period = self.curve_period.0.max(1);
            self.curve.iter_mut().for_each(|point| point.at.0 %= period);
            self.curve.order_by_key(|point| point.at);
            self.curve.dedup_by_key(|point| point.at);
        }
        self
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            ramp: self.ramp.as_ref(),
            curve: &self.curve,
            curve_period: self.curve_period,
            crowd: self.crowd.as_ref(),
            full_hour: self.full_hour.as_ref(),
        }
    }
}

const PURPOSE_GAPS: u64 = 1;
const PURPOSE_BATCHES: u64 = 4;
const PURPOSE_BURSTS: u64 = 5;

/// The process itself. Whoever has it sets two timers: one for [`Process::next_arrival`], one for [`Process::next_turn`].
#[derive(Clone, Debug)]
// What every arrival touches comes first, in one line of cache up to the numbers drawn for gaps.
#[repr(C, align(64))]
pub struct Process {
    /// What is left of the gap at `since`, in expected arrivals.
    left: f64,
    since: Time,
    /// Arrivals per second while nothing changes them, or 0 where each gap needs a closer look.
    steady: f64,
    /// Gaps are exponential, and arrivals come one by one.
    poisson: bool,
    bursting: bool,
    gaps: Stream,
    batches: SpareStream,
    bursts: SpareStream,
    rate: f64,
    /// What is left of the calm or the burst at `turn_since`, as a multiple of its mean length.
    turn_left: f64,
    turn_since: Time,
    law: Arrivals,
}

impl Process {
    /// A process at time 0, with streams of the node of `cx`.
    #[must_use]
    pub fn new(rate: Rate, law: Arrivals, cx: &Cx<'_>) -> Process {
        let law = law.sound();
        let mut process = Process {
            rate: rate.0,
            gaps: cx.arrivals(PURPOSE_GAPS),
            batches: cx.spare_arrivals(PURPOSE_BATCHES),
            bursts: cx.spare_arrivals(PURPOSE_BURSTS),
            left: 0.0,
            since: cx.now(),
            bursting: false,
            turn_left: 0.0,
            turn_since: cx.now(),
            steady: 0.0,
            poisson: false,
            law,
        };
        let share = process.law.burst.0 as f64 / (process.law.burst.0 as f64 + process.law.calm.0 as f64);
        process.bursting = process.bursts.unit() < share;
        process.turn_left = exponential(&mut process.bursts);
        if process.law.burst_rate.is_none() {
            process.bursts.put_away();
        }
        process.left = process.gap();
        process.look();
        process
    }

    /// Asks once what is the same for many arrivals.
    fn look(&mut self) {
        let plain = self.law.wave.0 == 0.0 && self.law.shape().is_plain();
        self.steady = if plain { self.level() } else { 0.0 };
        self.poisson = self.law.gaps == Gaps::Exponential && self.law.batch == Batch::Single;
    }

    #[inline(never)]
    fn gap(&mut self) -> f64 {
        let source = &mut self.gaps;
        match self.law.gaps {
            Gaps::Exponential => exponential(source),
            Gaps::Deterministic => 1.0,
            Gaps::Erlang => gamma(self.law.stages, source) / f64::from(self.law.stages),
            Gaps::Hyperexponential => {
                let scv = self.law.scv;
                let p = (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt()) / 2.0;
                let branch = if source.unit() < p { p } else { 1.0 - p };
                exponential(source) / (2.0 * branch)
            }
        }
    }

    /// The rate in force, without the wave.
    fn level(&self) -> f64 {
        match self.law.burst_rate {
            Some(burst) if self.bursting => burst.0,
            _ => self.rate,
        }
    }

    /// Expected arrivals from `from` on during `seconds`, under the level now.
    fn expected(&self, from: Time, seconds: f64) -> f64 {
        let plain = self.level() * seconds;
        let shape = self.law.shape();
        if !shape.is_plain() {
            return self.level() * shape.expected(from, Duration::from_secs_f64(seconds));
        }
        if self.law.wave.0 == 0.0 {
            return plain;
        }
        let period = self.law.period.as_secs_f64();
        // ∫ sin(2πt/p) dt = p/2π·(cos a − cos b) = p/π·sin((a + b)/2)·sin((b − a)/2), which does not cancel.
        let (start, half) = (TAU * turns(from, self.law.period), TAU / 2.0 * seconds / period);
        plain + self.level() * self.law.wave.0 * period * 2.0 / TAU * libm::sin(start + half) * libm::sin(half)
    }

    /// How long until the next arrival, if the rate stays; `None` when there is none.
    #[inline(always)]
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        if self.steady > 0.0 {
            return Some(Duration::from_secs_f64(self.left / self.steady));
        }
        self.next_in_time()
    }

    /// How long until the next arrival where the rate changes by itself, if there is one.
    #[inline(never)]
    fn next_in_time(&self) -> Option<Duration> {
        let level = self.level();
        if level <= 0.0 {
            return None;
        }
        let plain = self.left / level;
        let shape = self.law.shape();
        if !shape.is_plain() {
            return shape.reach(self.since, plain);
        }
        // The expected number rises monotonously, and is off the plain one by at most wave·period/π·level: bisection between
        // those bounds is exact to the nanosecond and cannot go astray where the rate is zero.
        let slack = self.law.wave.0 * self.law.period.as_secs_f64() * 2.0 / TAU;
        let (mut low, mut high) = ((plain - slack).max(0.0), plain + slack);
        while high - low > 0.5e-9 {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if self.expected(self.since, middle) < self.left { low = middle } else { high = middle }
        }
        Some(Duration::from_secs_f64(high))
    }

    /// The arrival is now: draws the gap to the next one, and says how many requests come.
    #[inline(always)]
    pub fn arrive(&mut self, now: Time) -> u64 {
        self.since = now;
        if self.poisson {
            self.left = exponential(&mut self.gaps);
            return 1;
        }
        self.left = self.gap();
        self.batch()
    }

    #[inline(never)]
    fn batch(&mut self) -> u64 {
        let mean = self.law.batch_mean;
        match self.law.batch {
            Batch::Single => 1,
            Batch::Fixed => mean.round() as u64,
            Batch::Geometric if mean <= 1.0 => 1,
            // Inversion: P(more than k) = (1 − 1/mean)ᵏ.
            Batch::Geometric => {
                1 + (libm::log(self.batches.open01()) / libm::log(1.0 - 1.0 / mean)).floor().max(0.0) as u64
            }
        }
    }

    /// How long until calm or burst ends; `None` without bursts.
    #[must_use]
    pub fn next_turn(&self) -> Option<Duration> {
        self.law.burst_rate.map(|_| self.turn_length().scaled(self.turn_left))
    }

    fn turn_length(&self) -> Duration {
        if self.bursting { self.law.burst } else { self.law.calm }
    }

    /// Calm or burst ends now.
    pub fn turn(&mut self, now: Time) {
        self.catch_up(now);
        self.bursting = !self.bursting;
        self.turn_left = exponential(&mut self.bursts);
        self.turn_since = now;
        self.look();
    }

    /// Rate and law are these from now on; the gap that runs keeps its length in expected arrivals.
    pub fn configure(&mut self, rate: Rate, law: Arrivals, now: Time) {
        self.catch_up(now);
        // Without bursts, calm and burst stand still.
        if self.law.burst_rate.is_some() {
            let passed = now.since(self.turn_since).0 as f64 / self.turn_length().0 as f64;
            self.turn_left = (self.turn_left - passed).max(0.0);
        }
        self.turn_since = now;
        self.rate = rate.0;
        self.law = law.sound();
        self.look();
    }

    fn catch_up(&mut self, now: Time) {
        let passed = self.expected(self.since, now.since(self.since).as_secs_f64());
        self.left = (self.left - passed).max(0.0);
        self.since = now;
    }
}

/// Where in its period a wave is at `t`, from 0 to 1.
fn turns(t: Time, period: Duration) -> f64 {
    (t.0 % period.0) as f64 / period.0 as f64
}
