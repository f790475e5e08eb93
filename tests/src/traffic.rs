//! What each request met in a run: when it came to a node, and how long it was served there.
//!
//! Read off the events alone. Where links take no time and there is a worker for everybody, the time from a call's arrival
//! to the first thing that comes of it (a call to the next node under the same lineage, or the answer) is the service
//! demand, to the nanosecond. A lineage is at one node at a time on its way down, because a caller passes its own on once.

use crate::gate::Gate;
use floodgate::{Budget, Progress, Registry, Scenario, Simulation, Time};
use floodgate_core::rng::{hash_text, mix};
use floodgate_core::{Delivery, Event};
use std::collections::BTreeMap;

/// One request at one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visit {
    /// When the call arrived.
    pub arrived: Time,
    /// Its service demand in nanoseconds; `None` while it lasts, or when it was cancelled.
    pub demand_ns: Option<u64>,
    /// When the caller, waiting or not, heard the answer.
    pub answered: Option<Time>,
}

/// All visits of a run.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// By node and lineage.
    pub visits: BTreeMap<(String, u64), Visit>,
    /// Births of roots, by client node: when, and which lineage, in order.
    pub births: BTreeMap<String, Vec<(Time, u64)>>,
    /// The nodes that a lineage came to, in order.
    ways: BTreeMap<u64, Vec<u32>>,
    /// Digests by node; that of the whole run under the empty name.
    pub digests: BTreeMap<String, String>,
}

/// The lineage of the `ordinal`-th root of `client`.
#[must_use]
pub fn root(client: &str, ordinal: u64) -> u64 {
    mix(hash_text(client), ordinal)
}

/// The lineage of number `n`, above 0, of something that `site` does for `lineage`.
#[must_use]
pub fn branch(lineage: u64, site: &str, n: u64) -> u64 {
    mix(lineage, hash_text(site) ^ n)
}

/// The scenario, with the tests' gate among the components.
///
/// # Panics
/// When it has problems.
#[must_use]
pub fn load(text: &str) -> Scenario {
    let registry = Registry::builtin().with::<Gate>().with::<crate::witness::Witness>();
    Scenario::load_with(text, &registry).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

impl Traffic {
    /// Of a run to the scenario's end.
    ///
    /// # Panics
    /// When the scenario has problems, the run halts or the books do not balance.
    #[must_use]
    pub fn of(text: &str, seed: u64) -> Traffic {
        let scenario = load(text);
        let mut simulation = Simulation::new(&scenario, seed);
        let mut events: Vec<Event> = Vec::new();
        let progress = simulation.advance_with(Budget::until(scenario.until), &mut events);
        assert_eq!(progress, Progress::Reached, "{text}");
        simulation.check_books().expect("the books balance");
        let names: Vec<&str> = scenario.nodes.iter().map(|n| n.id.as_str()).collect();
        let mut traffic = Traffic::default();
        let roots = roots(&scenario, &simulation);
        for event in &events {
            match event.delivery {
                Delivery::Call => traffic.call(event.node.0, event, &names, &roots),
                Delivery::Answer | Delivery::Error(_) | Delivery::Late => traffic.answer(event.node.0, event, &names),
                _ => {}
            }
        }
        traffic.digests.insert(String::new(), simulation.digest().to_string());
        for (i, name) in names.iter().enumerate() {
            traffic.digests.insert((*name).to_owned(), simulation.node_digest(i).to_string());
        }
        traffic
    }

    fn call(&mut self, node: u32, event: &Event, names: &[&str], roots: &BTreeMap<u64, u32>) {
        let way = self.ways.entry(event.lineage).or_default();
        let caller = way.last().copied();
        way.push(node);
        match (caller, roots.get(&event.lineage)) {
            (Some(caller), _) => {
                let key = (names[caller as usize].to_owned(), event.lineage);
                let visit = self.visits.get_mut(&key).expect("whoever passes a lineage on was called");
                visit.demand_ns.get_or_insert(event.time.since(visit.arrived).0);
            }
            (None, Some(&client)) => {
                let births = self.births.entry(names[client as usize].to_owned()).or_default();
                births.push((event.time, event.lineage));
            }
            (None, None) => {}
        }
        let visit = Visit { arrived: event.time, demand_ns: None, answered: None };
        let before = self.visits.insert((names[node as usize].to_owned(), event.lineage), visit);
        assert!(before.is_none(), "{} was called twice for {:x}", names[node as usize], event.lineage);
    }

    fn answer(&mut self, node: u32, event: &Event, names: &[&str]) {
        let way = self.ways.get(&event.lineage).map_or(&[][..], Vec::as_slice);
        // Who is not on the way itself began it: the client, or whoever made an attempt, a step or a branch.
        let callee = way.iter().position(|n| *n == node).map_or(0, |place| place + 1);
        // A link that is cut answers in place of whom it leads to.
        let Some(&callee) = way.get(callee) else { return };
        let key = (names[callee as usize].to_owned(), event.lineage);
        let visit = self.visits.get_mut(&key).expect("who answers was called");
        assert!(visit.answered.is_none(), "{key:x?} answers once");
        visit.answered = Some(event.time);
        visit.demand_ns.get_or_insert(event.time.since(visit.arrived).0);
    }

    /// Demands at `node` in nanoseconds, by lineage.
    #[must_use]
    pub fn demands(&self, node: &str) -> BTreeMap<u64, u64> {
        let here = self.visits.iter().filter(|((name, _), _)| name == node);
        here.filter_map(|((_, lineage), visit)| Some((*lineage, visit.demand_ns?))).collect()
    }
}

/// The lineage of every root born, and its client: of an open loop by ordinal (a second click has the first one's, marked),
/// of a closed one by user and cycle.
fn roots(scenario: &Scenario, simulation: &Simulation) -> BTreeMap<u64, u32> {
    let mut roots = BTreeMap::new();
    for (i, node) in scenario.nodes.iter().enumerate().filter(|(_, n)| n.descriptor.kind == "clients") {
        let born = simulation.node_counters(i).offered;
        let users = match node.values.get("users") {
            Some(floodgate::param::Value::Integer(users)) => *users,
            _ => 0,
        };
        for ordinal in 0..born {
            roots.insert(root(&node.id, ordinal), i as u32);
            // The second of two clicks.
            roots.insert(root(&node.id, ordinal | 1 << 63), i as u32);
            for user in 0..users {
                roots.insert(root(&node.id, user << 32 | ordinal), i as u32);
            }
        }
    }
    roots
}
