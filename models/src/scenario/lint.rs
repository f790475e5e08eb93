//! What runs but is probably not meant, or is known to end badly.

use super::problem::{Lines, PROBLEMS_MAX, Problem, Severity};
use super::wiring::{is_choosy, named};
use super::{Node, Scenario};
use crate::control::Action;
use crate::param::{ParamKind, Value};
use floodgate_core::order::{self, Order as _};
use floodgate_core::{Duration, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A warning in few words, for beside a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The node that it is about; `None` when it is about something else.
    pub node: Option<String>,
    /// The least that tells what it is: `queue unbounded`.
    pub short: String,
    /// All of it, with what to do.
    pub problem: Problem,
}

/// Warnings about a scenario and its variants, in the order of their places. `text` is the file it was read from, for
/// line and column; with another text the places mean nothing.
#[must_use]
pub fn lint(scenario: &Scenario, text: &str) -> Vec<Problem> {
    let problems = |scenario: &Scenario| hints(scenario, text).into_iter().map(|hint| hint.problem);
    let mut found: Vec<Problem> = problems(scenario).collect();
    let mut told = order::set(found.iter().map(|p| p.message.clone()));
    for variant in &scenario.variants {
        for problem in problems(&variant.scenario) {
            if told.insert(problem.message.clone()) {
                let message = format!("variant \"{}\": {}", variant.name, problem.message);
                found.push(Problem { message, ..problem });
            }
        }
    }
    found.order_by_key(|p| (p.line, p.column));
    found
}

/// The same about the scenario itself, without its variants.
#[must_use]
pub fn hints(scenario: &Scenario, text: &str) -> Vec<Hint> {
    let mut lint = Lint { scenario, graph: Graph::new(scenario), lines: Lines::new(text), found: Vec::new() };
    lint.cycles();
    lint.unreached();
    lint.retries();
    for node in &scenario.nodes {
        lint.waiting_for_ever(node);
        lint.memory(node);
        lint.connections(node);
        lint.ignored(node);
        lint.zone(node);
    }
    lint.links_for_nobody();
    lint.after_the_end();
    lint.overlapping_phases();
    lint.found.order_by_key(|hint| (hint.problem.line, hint.problem.column));
    lint.found
}

/// Links between nodes by position in the scenario's list.
struct Graph {
    callees: Vec<BTreeSet<usize>>,
    callers: Vec<BTreeSet<usize>>,
}

impl Graph {
    fn new(scenario: &Scenario) -> Graph {
        let place = |id: &str| scenario.nodes.binary_search_by(|node| node.id.as_str().cmp(id)).ok();
        let none = vec![BTreeSet::new(); scenario.nodes.len()];
        let mut graph = Graph { callees: none.clone(), callers: none };
        for link in &scenario.links {
            if let (Some(from), Some(to)) = (place(&link.from), place(&link.to)) {
                graph.callees[from].insert(to);
                graph.callers[to].insert(from);
            }
        }
        graph
    }

    /// Nodes such that each comes after its callers; those on a cycle, and behind one, are left out.
    fn callers_first(&self) -> Vec<usize> {
        peel(&self.callers, &self.callees)
    }

    /// Nodes such that each comes after its callees; those on a cycle, and before one, are left out.
    fn callees_first(&self) -> Vec<usize> {
        peel(&self.callees, &self.callers)
    }

    /// Nodes that calls beginning at `from` can reach, those included.
    fn reached(&self, from: impl Iterator<Item = usize>) -> BTreeSet<usize> {
        let mut stack: Vec<usize> = from.collect();
        let mut reached = order::set(stack.iter().copied());
        while let Some(node) = stack.pop() {
            stack.extend(self.callees[node].iter().copied().filter(|&callee| reached.insert(callee)));
        }
        reached
    }

    /// One cycle for each way of going round that shares no node with another.
    fn cycles(&self) -> Vec<Vec<usize>> {
        // What is left is behind one cycle and before another, or on one. From each of them a call leads to another of
        // them, so that a walk never gets stuck.
        let mut left = order::set(0..self.callees.len());
        for node in self.callers_first().into_iter().chain(self.callees_first()) {
            left.remove(&node);
        }
        let mut cycles = Vec::new();
        let mut visited = BTreeSet::new();
        for &start in &left {
            let mut walk = Vec::new();
            let mut node = start;
            while visited.insert(node) {
                walk.push(node);
                node = self.callees[node].intersection(&left).next().copied().unwrap_or(node);
            }
            if let Some(first) = walk.iter().position(|&n| n == node) {
                cycles.push(walk[first..].to_vec());
            }
        }
        cycles
    }
}

/// Takes away nodes of which nothing is left in `before`, again and again, in that order.
fn peel(before: &[BTreeSet<usize>], after: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    let mut order: Vec<usize> = (0..waiting.len()).filter(|&n| waiting[n] == 0).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &other in &after[node] {
            waiting[other] -= 1;
            if waiting[other] == 0 {
                order.push(other);
            }
        }
    }
    order
}

struct Lint<'s, 't> {
    scenario: &'s Scenario,
    graph: Graph,
    lines: Lines<'t>,
    found: Vec<Hint>,
}

/// The worst chain of layers that retry, ending at a node.
#[derive(Clone, Copy)]
struct Chain {
    layers: usize,
    /// Product of attempts + 1.
    product: u64,
    /// Where it comes from.
    caller: Option<usize>,
}

impl<'s> Lint<'s, '_> {
    fn warn(&mut self, node: &Node, short: impl Into<String>, message: String, remedy: &str) {
        self.tell(Some(&node.id), &node.span, short.into(), message, remedy);
    }

    fn tell(&mut self, node: Option<&str>, span: &Range<usize>, short: String, message: String, remedy: &str) {
        if self.found.len() >= PROBLEMS_MAX {
            return;
        }
        let (line, column) = self.lines.place(span.start);
        let (severity, span, remedy) = (Severity::Warning, span.clone(), remedy.to_owned());
        let problem = Problem { severity, line, column, span, message, remedy };
        self.found.push(Hint { node: node.map(str::to_owned), short, problem });
    }

    fn names(&self, path: &[usize]) -> String {
        path.iter().map(|&n| self.scenario.nodes[n].id.as_str()).collect::<Vec<_>>().join(" → ")
    }

    fn cycles(&mut self) {
        for mut cycle in self.graph.cycles() {
            let node = &self.scenario.nodes[cycle[0]];
            // Stations hand on and do not call: nothing nests, and a circle is as it should be if there is a way out of it.
            if cycle.iter().all(|&n| self.scenario.nodes[n].descriptor.kind == "station") {
                if !self.has_way_out(&cycle) {
                    cycle.push(cycle[0]);
                    let message = format!("requests go round for ever: {}", self.names(&cycle));
                    self.warn(
                        node,
                        "round for ever",
                        message,
                        "give one of these stations `leave`, or a link to another node",
                    );
                }
                continue;
            }
            cycle.push(cycle[0]);
            let message = format!("calls go round in a circle: {}", self.names(&cycle));
            let remedy = format!(
                "a call nested deeper than `max_depth` ({}) is answered 508; without latency on the way the run may halt",
                self.scenario.max_depth
            );
            self.warn(node, "calls in a circle", message, &remedy);
        }
    }

    /// Whether a request can leave a circle of stations.
    fn has_way_out(&self, cycle: &[usize]) -> bool {
        cycle.iter().any(|&n| {
            let leaves =
                matches!(self.scenario.nodes[n].values.get("leave"), Some(Value::Number(share)) if *share > 0.0);
            leaves || self.graph.callees[n].iter().any(|callee| !cycle.contains(callee))
        })
    }

    fn unreached(&mut self) {
        let nodes = &self.scenario.nodes;
        let sources = (0..nodes.len()).filter(|&n| !nodes[n].descriptor.accepts_calls);
        let reached = self.graph.reached(sources);
        for (n, node) in nodes.iter().enumerate() {
            let id = &node.id;
            if !node.descriptor.accepts_calls {
                if self.graph.callees[n].is_empty() && !node.descriptor.ports.is_empty() {
                    let message = format!("{} `{id}` is not linked to anything", node.descriptor.kind);
                    self.warn(node, "not linked", message, &format!("add a [[link]] with `from = \"{id}\"`"));
                }
            } else if self.graph.callers[n].is_empty() {
                let message = format!("no link leads to `{id}`: it does nothing");
                self.warn(node, "nobody calls it", message, &format!("add a [[link]] with `to = \"{id}\"`"));
            } else if !reached.contains(&n) {
                let message = format!("no clients reach `{id}`: it does nothing");
                self.warn(node, "no clients reach it", message, "link what calls it to something that clients reach");
            }
        }
    }

    fn waiting_for_ever(&mut self, node: &'s Node) {
        let linked = self.scenario.links.iter().any(|link| link.from == node.id);
        for name in ["timeout", "call_timeout"] {
            if linked && node.values.get(name) == Some(&Value::Absent) {
                let message =
                    format!("`{}.{name}` is absent: a call that is not answered is waited for for ever", node.id);
                self.warn(node, "no time-out", message, &format!("give it, such as `{name} = \"1s\"`"));
            }
        }
    }

    fn memory(&mut self, node: &'s Node) {
        let get = |name| node.values.get(name);
        if let (Some(Value::Absent), Some(Value::Absent)) = (get("queue"), get("memory_limit")) {
            let message = format!("`{}` has neither a bound on its `queue` nor a `memory_limit`", node.id);
            self.warn(
                node,
                "queue unbounded",
                message,
                "under overload its queue grows without end; no real machine does that",
            );
        }
        if let (Some(Value::Bytes(base)), Some(Value::Bytes(each)), Some(Value::Bytes(limit))) =
            (get("memory_base"), get("memory_per_request"), get("memory_limit"))
            && base.saturating_add(*each) > *limit
        {
            let message =
                format!("`{}` is killed by its first request: its memory does not fit `memory_limit`", node.id);
            self.warn(
                node,
                "memory too small",
                message,
                "raise `memory_limit` above `memory_base` + `memory_per_request`",
            );
        }
    }

    /// Workers that may all want a connection at once.
    fn connections(&mut self, database: &'s Node) {
        let Some(connections) = integer(database, "max_connections") else { return };
        let room = connections.saturating_add(integer(database, "backlog").unwrap_or(0));
        let mut callers = Vec::new();
        let mut workers = 0u64;
        for link in self.scenario.links.iter().filter(|link| link.to == database.id) {
            let Some(caller) = self.scenario.node(&link.from) else { continue };
            let Some(each) = integer(caller, "workers") else { continue };
            workers = workers.saturating_add(each.saturating_mul(integer(caller, "replicas").unwrap_or(1)));
            callers.push(caller.id.as_str());
        }
        if workers > room {
            let message = format!(
                "`{}` takes {connections} connections, and {} may ask for {workers} at once",
                database.id,
                callers.join(", ")
            );
            let short = format!("{workers} workers, {connections} connections");
            self.warn(
                database,
                short,
                message,
                "raise `max_connections` or `backlog`, or have fewer workers: the rest gets 503",
            );
        }
    }

    fn retries(&mut self) {
        let nodes = &self.scenario.nodes;
        // Attempts of a node that has somebody to try again.
        let attempts = |n: usize| match retries_of(&nodes[n]) {
            retries if !self.graph.callees[n].is_empty() => retries.saturating_add(1),
            _ => 1,
        };
        let mut chains = vec![Chain { layers: 0, product: 1, caller: None }; nodes.len()];
        for n in self.graph.callers_first() {
            let worst = self.graph.callers[n].iter().copied().max_by_key(|&caller| chains[caller].product);
            let before = worst.map_or(chains[n], |caller| chains[caller]);
            chains[n] = Chain {
                layers: before.layers + usize::from(attempts(n) > 1),
                product: before.product.saturating_mul(attempts(n)),
                caller: worst,
            };
        }
        // Told where it ends: at the last layer that retries.
        let mut goes_on = vec![false; nodes.len()];
        let mut ends = Vec::new();
        for n in self.graph.callees_first() {
            goes_on[n] = self.graph.callees[n].iter().any(|&c| goes_on[c] || attempts(c) > 1);
            if attempts(n) > 1 && chains[n].layers > 1 && !goes_on[n] {
                ends.push(n);
            }
        }
        for n in ends {
            let Chain { layers, product, .. } = chains[n];
            let mut path = vec![n];
            path.extend(std::iter::successors(chains[n].caller, |&c| chains[c].caller));
            path.reverse();
            let message = format!("retries at {layers} layers, {}: up to {product}× the load", self.names(&path));
            let short = format!("retries at {layers} layers: up to {product}×");
            self.warn(&nodes[n], short, message, "retry at one layer, or give the retries a budget");
        }
    }

    fn after_the_end(&mut self) {
        let until = self.scenario.until;
        for (control, span) in self.scenario.controls.iter().zip(&self.scenario.control_spans) {
            if control.at >= until {
                let message = format!("this happens at {}, and the run ends at {until}", control.at);
                self.tell(
                    Some(&control.node),
                    span,
                    "after the end".into(),
                    message,
                    "raise `until`, or let it happen earlier",
                );
            }
        }
        for expectation in &self.scenario.expectations {
            if let Some((from, to)) = expectation.within
                && to > until
            {
                let message = format!("`within` is from {from} to {to}, and the run ends at {until}");
                self.tell(
                    None,
                    &expectation.span,
                    "after the end".into(),
                    message,
                    "raise `until`, or move the window",
                );
            }
        }
    }

    /// What a balancer of connections does not look at.
    fn ignored(&mut self, node: &'s Node) {
        let get = |name: &str| node.values.get(name).filter(|value| **value != Value::Absent);
        if choice(node, "mode") != Some("l4") {
            return;
        }
        let tries = match get("next_upstream") {
            Some(Value::Group(rule)) => rule.get("tries").is_some_and(|tries| *tries != Value::Integer(0)),
            _ => false,
        };
        let given = [("sessions", get("sessions").is_some()), ("per_try_timeout", get("per_try_timeout").is_some())];
        for (name, _) in given.into_iter().chain([("next_upstream", tries)]).filter(|(_, given)| *given) {
            let message =
                format!("`{}.{name}` means nothing in `l4`: whoever sees only connections knows no requests", node.id);
            self.warn(node, format!("{name} ignored"), message, "leave it out, or balance requests: `mode = \"l7\"`");
        }
    }

    /// A zone is a group.
    fn zone(&mut self, node: &'s Node) {
        let aware = node.values.get("zone_aware").is_some_and(|value| *value != Value::Absent);
        if aware && node.group.is_none() {
            let message = format!("`{}` is aware of zones, and stands in none: all endpoints are far away", node.id);
            self.warn(node, "in no zone", message, "put it into a `group` with the services that are near");
        }
    }

    /// Links for requests that nobody sends.
    fn links_for_nobody(&mut self) {
        let classes = self.scenario.classes();
        for link in self.scenario.links.iter().filter(|link| is_choosy(&link.values)) {
            if classes.iter().any(|class| named(&link.values, class).is_some()) {
                continue;
            }
            let message = format!("no class of requests is one that the link `{}` → `{}` is for", link.from, link.to);
            let remedy = format!("classes are: {}", classes.join(", "));
            self.tell(Some(&link.from), &link.span, "link for nobody".into(), message, &remedy);
        }
    }

    /// Two changes of one parameter at the same time: allowed, and rarely meant.
    fn overlapping_phases(&mut self) {
        let mut ends: BTreeMap<(&str, Option<&str>, &str), Time> = BTreeMap::new();
        for (control, span) in self.scenario.controls.iter().zip(&self.scenario.control_spans) {
            let (to, changes) = match &control.action {
                Action::Set(changes) => (None, changes),
                Action::SetLink { to, changes, .. } => (Some(to.as_str()), changes),
                _ => continue,
            };
            for (name, _) in changes {
                let end = control.at + control.lasting.unwrap_or(Duration::ZERO);
                let before = ends.entry((&control.node, to, name)).or_insert(Time::ZERO);
                if control.at < *before {
                    let message = format!(
                        "`{}{}.{name}` changes at {} while an earlier change lasts until {before}",
                        control.node,
                        to.map_or(String::new(), |to| format!(" → {to}")),
                        control.at
                    );
                    self.tell(
                        Some(&control.node),
                        span,
                        "changes overlap".into(),
                        message,
                        "while both last, the later one holds",
                    );
                }
                *before = (*before).max(end);
            }
        }
    }
}

/// The word of a choice.
fn choice(node: &Node, name: &str) -> Option<&'static str> {
    let spec = node.descriptor.params.iter().find(|spec| spec.name == name)?;
    match (spec.kind, node.values.get(name)?) {
        (ParamKind::Choice(choices), Value::Choice(place)) => choices.get(*place).map(|choice| choice.name),
        _ => None,
    }
}

fn integer(node: &Node, name: &str) -> Option<u64> {
    match node.values.get(name) {
        Some(Value::Integer(value)) => Some(*value),
        _ => None,
    }
}

/// Retries after the first attempt, of whatever the node calls.
fn retries_of(node: &Node) -> u64 {
    ["retry", "call_retry"]
        .iter()
        .filter_map(|name| match node.values.get(name) {
            Some(Value::Group(values)) => values.get("attempts").cloned(),
            _ => None,
        })
        .map(|attempts| if let Value::Integer(n) = attempts { n } else { 0 })
        .max()
        .unwrap_or(0)
}
