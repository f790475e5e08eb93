//! Random programs, run by the engine and by an interpreter that is too simple to be wrong: they must hear the same things
//! at the same times in the same order, however the run is cut, and whichever copy of it goes on.

pub mod brain;
pub mod engine;
pub mod naive;
pub mod shape;
pub mod world;

use super::chance::Chance;
use super::outcome::Outcome;
use engine::Scripted;
use floodgate_core::{Budget, Delivery, Event, Limits, NodeId, Progress, Simulation, Time};
use naive::Naive;
use shape::Shape;
use std::sync::Arc;
use world::Order;

/// What the choices of programs are drawn by.
const SEED: u64 = 0x7072_6f67;

/// Cuts of a program, before and after the fork.
const CUTS: usize = 40;

/// Names of the kinds that a [`Tally`] counts.
pub const KINDS: [&str; 9] = ["call", "answer", "error", "late", "give-up", "timer", "cancel", "message", "served"];

/// How many deliveries of each kind were compared: what never comes up is not tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally(pub [u64; KINDS.len()]);

impl Tally {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds those of another program.
    pub fn add(&mut self, other: Tally) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    fn count(&mut self, delivery: Delivery) {
        let kind = match delivery {
            Delivery::Call => 0,
            Delivery::Answer => 1,
            Delivery::Error(_) => 2,
            Delivery::Late => 3,
            Delivery::GiveUp => 4,
            Delivery::Timer => 5,
            Delivery::Cancel => 6,
            Delivery::Message => 7,
            Delivery::Served => 8,
        };
        self.0[kind] += 1;
    }
}

/// Both of them, at the same place.
#[derive(Clone, Debug)]
struct Pair {
    engine: Simulation<Scripted>,
    naive: Naive,
    tally: Tally,
}

/// Runs the program called `number` both ways, and says what deliveries were compared.
///
/// # Errors
/// The first thing in which they differ.
pub fn run(number: u64) -> Result<Tally, String> {
    let told = |difference| format!("program {number}: {difference}");
    let mut pair = Pair::new(&Arc::new(Shape::random(SEED, number)));
    let mut chance = Chance::new(SEED + 1, number);
    pair.go_on(&mut chance).map_err(told)?;
    let mut fork = pair.clone();
    fork.tally = Tally::default();
    pair.go_on(&mut chance).map_err(told)?;
    fork.go_on(&mut chance).map_err(|difference| told(format!("after the fork, {difference}")))?;
    pair.tally.add(fork.tally);
    Ok(pair.tally)
}

impl Pair {
    fn new(shape: &Arc<Shape>) -> Pair {
        let models = shape.brains().into_iter().map(Scripted).collect();
        let limits = Limits { depth: shape.depth, ..Limits::default() };
        let engine = Simulation::new(Arc::clone(&shape.routes), models, shape.seed, limits);
        Pair { engine, naive: Naive::new(shape), tally: Tally::default() }
    }

    fn go_on(&mut self, chance: &mut Chance) -> Result<(), String> {
        for cut in 0..CUTS {
            self.disturb(chance);
            self.advance(self.budget(chance)).map_err(|difference| format!("cut {cut}: {difference}"))?;
        }
        self.engine.check_books()
    }

    /// Programs die out of themselves; from outside they are stirred up again.
    fn disturb(&mut self, chance: &mut Chance) {
        let node = NodeId(chance.below(self.engine.routes().node_count()) as u32);
        let order = match chance.below(24) {
            0 => Order::Crowd(300),
            1..12 => Order::Burst(1 + chance.below(48) as u32),
            _ => return,
        };
        self.engine.control(node, &order);
        self.naive.control(node, order);
    }

    /// Until some time (past, present or to come), or for some events, or whichever comes first.
    fn budget(&self, chance: &mut Chance) -> Budget {
        let now = self.engine.now();
        let until = match chance.below(8) {
            0 => now,
            1 => Time(now.0 / 2),
            2 => Time(now.0 + 1),
            3 | 4 => Time(now.0 + chance.below(100) as u64),
            _ => Time(now.0 + chance.below(1_000_000) as u64),
        };
        let events = if chance.one_in(2) { chance.below(200) as u64 } else { u64::MAX };
        Budget { until, events }
    }

    fn advance(&mut self, budget: Budget) -> Result<(), String> {
        let mut got: Vec<Event> = Vec::new();
        let progress = self.engine.advance(budget, &mut got);
        let (expected, spent) = self.naive.advance(budget);
        expected.iter().for_each(|&(_, _, delivery, _)| self.tally.count(delivery));
        let short = |e: &Event| (e.time, e.node, e.delivery, e.lineage);
        if let Some(place) =
            (0..got.len().max(expected.len())).find(|&i| got.get(i).map(short) != expected.get(i).copied())
        {
            let (got, expected) = (got.get(place).map(short), expected.get(place));
            return Err(format!("delivery {place} under {budget:?}: the engine says {got:?}, expected {expected:?}"));
        }
        same("progress", progress, if spent { Progress::Budget } else { Progress::Reached })?;
        same("the clock", self.engine.now(), self.naive.now())?;
        same("calls alive", self.engine.live_calls(), self.naive.live_calls())?;
        if self.engine.pending() < self.naive.pending() {
            return Err(format!("{} events wait, expected {}", self.engine.pending(), self.naive.pending()));
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: the engine says {got:?}, expected {expected:?}")) }
}

/// Runs programs until so many deliveries have been compared.
#[must_use]
pub fn soak(steps: u64) -> Outcome {
    let mut outcome = Outcome::new("programs");
    let mut tally = Tally::default();
    let mut count = 0;
    while tally.total() < steps && outcome.failed() == 0 {
        match run(count) {
            Ok(more) => tally.add(more),
            Err(difference) => outcome.fail(difference),
        }
        count += 1;
    }
    outcome.row("programs, and deliveries that were the same", format!("{count}, {}", tally.total()));
    let same = outcome.failed() == 0;
    for (kind, number) in KINDS.iter().zip(tally.0) {
        outcome.row(format!("of the kind \"{kind}\""), number);
        outcome.check(number > steps / 100 || !same, || {
            format!("{number} of the kind \"{kind}\": programs no longer reach it")
        });
    }
    outcome
}
