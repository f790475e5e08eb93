//! Moving requests: flights along links, made from the differences of true counts.
//!
//! A link's latency is about a millisecond, which nobody could see, so a flight is stretched to a visible length; and where
//! there are more requests than can be told apart, a dot stands for k of them. Both are said in the legend.

use crate::wire::LinkCounts;

/// How long a flight is seen, in milliseconds of wall time.
pub const FLIGHT_MS: f64 = 520.0;
/// Flights that may be on the canvas at once, whatever happens.
pub const VISIBLE_MAX: usize = 2000;
/// Flights aimed at on the busiest link: beyond it a dot stands for more requests.
const BUSIEST_AIM: f64 = 200.0;
/// Flights aimed at on all links together.
const TOTAL_AIM: f64 = 1400.0;
const SCALES: [u64; 16] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/// What flies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A request, first attempt.
    First,
    /// A retry.
    Retry,
    /// A good answer.
    Ok,
    /// An error on its way back.
    Error,
    /// A call that its caller has given up.
    GivenUp,
    /// An answer that nobody waits for.
    Late,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] = [Kind::First, Kind::Retry, Kind::Ok, Kind::Error, Kind::GivenUp, Kind::Late];

    /// Whether it flies from callee to caller.
    #[must_use]
    pub fn returns(self) -> bool {
        matches!(self, Kind::Ok | Kind::Error | Kind::Late)
    }

    fn count(self, counts: &LinkCounts) -> u64 {
        match self {
            Kind::First => counts.first,
            Kind::Retry => counts.retry,
            Kind::Ok => counts.ok,
            Kind::Error => counts.errors,
            Kind::GivenUp => counts.timeouts,
            Kind::Late => counts.late,
        }
    }
}

/// One dot under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flight {
    /// Index of the link.
    pub link: u32,
    /// What it is.
    pub kind: Kind,
    /// Wall time at which it leaves, in milliseconds.
    pub starts_ms: f64,
    /// Sideways, −1 to 1, so that dots do not hide each other.
    pub side: f32,
}

/// All flights, and what has not become one yet.
#[derive(Default)]
pub struct Dots {
    flights: Vec<Flight>,
    known: Vec<LinkCounts>,
    carry: Vec<[u64; 6]>,
    scale: usize,
    /// What flies per second of wall time, weighed against the aims, smoothed.
    rate: f64,
    noise: u32,
}

impl Dots {
    /// Forgets everything: another run begins.
    pub fn clear(&mut self) {
        *self = Dots::default();
    }

    /// How many requests a dot stands for.
    #[must_use]
    pub fn scale(&self) -> u64 {
        SCALES[self.scale]
    }

    /// The dots under way.
    #[must_use]
    pub fn flights(&self) -> &[Flight] {
        &self.flights
    }

    /// Takes the counts as they are at wall time `now_ms`, `elapsed_ms` after the last, and sends off what is new.
    pub fn feed(&mut self, counts: &[LinkCounts], now_ms: f64, elapsed_ms: f64) {
        self.known.resize(counts.len(), LinkCounts::default());
        self.carry.resize(counts.len(), [0; 6]);
        let elapsed_ms = elapsed_ms.clamp(1.0, 200.0);
        let fresh =
            |known: &LinkCounts, now: &LinkCounts, kind: Kind| kind.count(now).saturating_sub(kind.count(known));
        let of_link = |(a, b): (&LinkCounts, &LinkCounts)| Kind::ALL.iter().map(|k| fresh(a, b, *k)).sum::<u64>();
        let busiest = self.known.iter().zip(counts).map(of_link).max().unwrap_or(0) as f64 / BUSIEST_AIM;
        let total = self.known.iter().zip(counts).map(of_link).sum::<u64>() as f64 / TOTAL_AIM;
        self.rescale(busiest.max(total) * 1000.0 / elapsed_ms, elapsed_ms);
        let scale = self.scale();
        for (link, now) in counts.iter().enumerate() {
            for (slot, kind) in Kind::ALL.into_iter().enumerate() {
                let carry = &mut self.carry[link][slot];
                *carry += fresh(&self.known[link], now, kind);
                let dots = *carry / scale;
                *carry -= dots * scale;
                let room = VISIBLE_MAX.saturating_sub(self.flights.len());
                for i in 0..dots.min(room as u64) {
                    self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let side = (self.noise >> 8) as f32 / (1 << 23) as f32 - 1.0;
                    // Spread over the time since the last look, so that frames cannot be seen as waves.
                    let starts_ms = now_ms + elapsed_ms * (i as f64 + 0.5) / dots as f64;
                    self.flights.push(Flight { link: link as u32, kind, starts_ms, side });
                }
            }
            self.known[link] = *now;
        }
    }

    /// Forgets the flights that have arrived.
    pub fn land(&mut self, now_ms: f64) {
        self.flights.retain(|f| now_ms - f.starts_ms < FLIGHT_MS);
    }

    fn rescale(&mut self, rate: f64, elapsed_ms: f64) {
        // Quick to rise, slow to fall: a scale that flickers could not be read.
        let memory_ms = if rate > self.rate { 250.0 } else { 1200.0 };
        self.rate += (rate - self.rate) * elapsed_ms / (elapsed_ms + memory_ms);
        let visible = |scale: usize| self.rate * FLIGHT_MS / 1000.0 / SCALES[scale] as f64;
        while self.scale + 1 < SCALES.len() && visible(self.scale) > 1.0 {
            self.scale += 1;
        }
        while self.scale > 0 && visible(self.scale - 1) < 0.7 {
            self.scale -= 1;
        }
    }
}

/// Wall time as the flights know it: it stands still while the run does, so that a paused picture tells what was going on.
#[derive(Clone, Copy, Debug, Default)]
pub struct MotionClock {
    now_ms: f64,
    /// How long it may still move although the run stands still.
    allowance_ms: f64,
    was_running: bool,
}

impl MotionClock {
    /// Lets wall time pass; `fresh` says that something new has come. What a single step sends off is seen on its way.
    pub fn pass(&mut self, elapsed_ms: f64, running: bool, fresh: bool) -> f64 {
        if fresh && !running && !self.was_running {
            self.allowance_ms = FLIGHT_MS * 0.6;
        }
        self.was_running = running;
        let elapsed_ms = elapsed_ms.clamp(0.0, 100.0);
        if running {
            self.allowance_ms = 0.0;
            self.now_ms += elapsed_ms;
        } else {
            let moved = elapsed_ms.min(self.allowance_ms);
            self.allowance_ms -= moved;
            self.now_ms += moved;
        }
        self.now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_stops_the_flights_and_a_step_moves_them_a_little() {
        let mut clock = MotionClock::default();
        assert_eq!(clock.pass(16.0, true, true), 16.0);
        assert_eq!(clock.pass(16.0, false, true), 16.0, "the last frame of a run");
        assert_eq!(clock.pass(16.0, false, false), 16.0);
        assert_eq!(clock.pass(16.0, false, true), 32.0, "a step");
        let rest = (0..100).fold(0.0, |_, _| clock.pass(16.0, false, false));
        assert_eq!(rest, 16.0 + FLIGHT_MS * 0.6);
    }

    #[test]
    fn counts_are_kept_and_the_budget_too() {
        let mut dots = Dots::default();
        let (mut counts, mut sent) = (LinkCounts::default(), 0);
        for frame in 0..2000u32 {
            let now = f64::from(frame) * 16.0;
            counts.first += if frame < 1000 { 3 } else { 4000 };
            counts.errors += u64::from(frame % 100 == 0);
            let before = dots.flights().len();
            dots.feed(&[counts], now, 16.0);
            sent += (dots.flights().len() - before) as u64 * dots.scale();
            assert!(dots.flights().len() <= VISIBLE_MAX);
            if frame == 900 {
                assert_eq!(dots.scale(), 1);
                let exact = counts.first + counts.errors;
                assert_eq!(sent, exact, "one dot each");
            }
            dots.land(now);
        }
        assert!(dots.scale() > 100);
        dots.land(1e9);
        assert!(dots.flights().is_empty());
    }
}
