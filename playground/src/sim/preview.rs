//! Short runs for the gallery: what comes of a scenario, as two series. They are real runs without a page, in small slices
//! while the session has nothing better to do.

use crate::wire::Preview;
use floodgate::{Budget, Duration, Progress, Simulation, Time};
use std::collections::VecDeque;

/// Windows of the series: as many as a small picture can show.
const WINDOWS: u64 = 120;
/// Virtual time at most.
const LONGEST_NS: u64 = 180_000_000_000;
/// Events at most: a second or two of work.
const EVENTS_MAX: u64 = 4_000_000;
/// Events between two looks at the clock.
const EVENTS_PER_LOOK: u64 = 1000;
/// It is told so often how far a run has come.
const STEPS: u64 = 12;
/// Runs that wait at most; more are not shown at a time.
const WAITING_MAX: usize = 256;

/// Runs that are wanted, one after the other.
#[derive(Default)]
pub struct Previews {
    waiting: VecDeque<(u32, String)>,
    running: Option<Running>,
}

struct Running {
    of: u32,
    simulation: Simulation,
    until_ns: u64,
    told_ns: u64,
}

impl Previews {
    /// These, and no others. One that is under way and still wanted goes on.
    pub fn want(&mut self, wanted: Vec<(u32, String)>) {
        let still = self.running.take().filter(|run| wanted.iter().any(|(of, _)| *of == run.of));
        let under_way = still.as_ref().map(|run| run.of);
        self.waiting = wanted.into_iter().filter(|(of, _)| Some(*of) != under_way).take(WAITING_MAX).collect();
        self.running = still;
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    /// Works for at most `slice_ms` of wall time, which `clock` tells in milliseconds; what there is to tell.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64, slice_ms: f64) -> Option<Preview> {
        let end = clock() + slice_ms;
        if self.running.is_none() {
            let (of, text) = self.waiting.pop_front()?;
            match begin(of, &text) {
                Ok(running) => self.running = Some(running),
                Err(problem) => return Some(Preview { of, done: true, halted: Some(problem), ..Preview::default() }),
            }
        }
        let run = self.running.as_mut()?;
        let mut progress = Progress::Budget;
        while clock() < end && matches!(progress, Progress::Budget) && run.simulation.events() < EVENTS_MAX {
            progress = run.simulation.advance(Budget { until: Time(run.until_ns), events: EVENTS_PER_LOOK });
        }
        let halted = match &progress {
            Progress::Halted(halt) => Some(halt.to_string()),
            _ => None,
        };
        let done = !matches!(progress, Progress::Budget) || run.simulation.events() >= EVENTS_MAX;
        let now = run.simulation.now().0;
        if !done && now < run.told_ns + run.until_ns / STEPS {
            return None;
        }
        run.told_ns = now;
        let preview = Preview { of: run.of, done, halted, ..shown(run) };
        if done {
            self.running = None;
        }
        Some(preview)
    }
}

fn begin(of: u32, text: &str) -> Result<Running, String> {
    let scenario = crate::beside::load(text).map_err(|problems| problems.to_string())?;
    let until_ns = scenario.until.0.min(LONGEST_NS);
    let mut simulation = Simulation::new(&scenario, scenario.seed);
    simulation.record(Duration((until_ns / WINDOWS).max(1)));
    Ok(Running { of, simulation, until_ns, told_ns: 0 })
}

fn shown(run: &Running) -> Preview {
    let point = |point: &floodgate::record::SeriesPoint| {
        let seconds = point.end_ns.saturating_sub(point.start_ns).max(1) as f64 / 1e9;
        let rate = |count: u64| (count as f64 / seconds) as f32;
        ((point.end_ns as f64 / 1e9) as f32, rate(point.attempts), rate(point.goodput))
    };
    let totals = run.simulation.totals();
    Preview {
        until_s: (run.until_ns as f64 / 1e9) as f32,
        ended: totals.answered + totals.failed,
        goodput: totals.goodput,
        points: run.simulation.series().iter().map(point).collect(),
        ..Preview::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Runs what is wanted to its end; a clock that says a millisecond has passed at each look.
    fn all(previews: &mut Previews) -> Vec<Preview> {
        let now = Cell::new(0.0);
        let clock = || now.replace(now.get() + 1.0);
        let mut told = Vec::new();
        while previews.is_busy() {
            told.extend(previews.turn(&clock, 2.0));
        }
        told
    }

    #[test]
    fn a_preview_is_the_run_that_the_scenario_gives() {
        let text = "format = 1\nname = 'x'\nuntil = '12s'\n[[node]]\nid = 'u'\nkind = 'clients'\nrate = '500/s'\n\
                    [[node]]\nid = 'w'\nkind = 'service'\n[[link]]\nfrom = 'u'\nto = 'w'\n";
        let mut previews = Previews::default();
        previews.want(vec![(6, text.to_owned())]);
        previews.want(vec![(7, text.to_owned()), (8, "format = 1".to_owned())]);
        let told = all(&mut previews);
        let (last, bad) = (&told[told.len() - 2], &told[told.len() - 1]);
        assert!(
            told.len() > 4 && told[..told.len() - 2].iter().all(|p| p.of == 7 && !p.done),
            "it is told as it grows"
        );
        assert!(last.done && last.halted.is_none() && last.until_s == 12.0);
        assert!(bad.of == 8 && bad.done && bad.halted.is_some());
        // The same numbers as those of a run by itself.
        let scenario = crate::beside::load(text).expect("it is sound");
        let mut simulation = Simulation::new(&scenario, 1);
        simulation.record(Duration(100_000_000));
        let _ = simulation.advance(Budget::until(Time(12_000_000_000)));
        let goodput: Vec<f32> = simulation.series().iter().map(|p| p.goodput as f32 * 10.0).collect();
        assert_eq!(last.points.iter().map(|p| p.2.round()).collect::<Vec<_>>(), goodput);
        assert!(goodput.iter().sum::<f32>() > 5000.0);
        assert_eq!((last.goodput, last.ended > 0), (simulation.totals().goodput, true));
        previews.want(vec![(9, text.to_owned())]);
        let _ = previews.turn(&|| 0.0, 0.0);
        previews.want(Vec::new());
        assert!(!previews.is_busy(), "what is not wanted any more goes no further");
    }
}
