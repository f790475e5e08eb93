//! What a card shows: what the component says of itself, or else something decent made of its gauges.

use crate::live::NodeRates;
use floodgate::catalogue::{Descriptor, Look};
use floodgate::status::{Drawing, Figure, Position, Status, Words};

/// Figures on a card at most.
pub const FIGURES_MAX: usize = 3;

/// The drawings in the middle of a card, from top to bottom, besides its replicas.
#[must_use]
pub fn face(status: &Status, descriptor: Option<&Descriptor>, rates: &NodeRates) -> Vec<Drawing> {
    let look = descriptor.map(|d| d.look);
    if look == Some(Look::Source) {
        return vec![source(status, rates)];
    }
    if !status.replicas.is_empty() || !status.drawings.is_empty() {
        // How many replicas there are stands in the head.
        let is_shown = |d: &&Drawing| status.replicas.is_empty() || !matches!(d, Drawing::Stack { .. });
        return status.drawings.iter().filter(is_shown).cloned().collect();
    }
    let mut figures = vec![Figure::new("calls/s", rates.offered), Figure::new("open", status.open as f64)];
    let gauges = descriptor.map_or(&[][..], |d| d.gauges);
    let own = gauges.iter().zip(&status.gauges).filter(|(spec, _)| spec.name != "open");
    figures.extend(own.map(|(spec, value)| Figure {
        label: Words::Borrowed(spec.name),
        value: *value,
        unit: Words::Borrowed(if matches!(spec.unit, "bytes" | "ratio") { spec.unit } else { "" }),
    }));
    figures.truncate(FIGURES_MAX);
    vec![Drawing::Figures(figures)]
}

fn source(status: &Status, rates: &NodeRates) -> Drawing {
    let retries = if rates.offered > 0.0 { 1.0 - 1.0 / rates.amplification.max(1.0) } else { 0.0 };
    let share = Figure { label: Words::Borrowed("retries"), value: retries, unit: Words::Borrowed("ratio") };
    Drawing::Figures(vec![Figure::new("sent/s", rates.offered), share, Figure::new("waiting", status.open as f64)])
}

/// How many replicas there should be, and how many take requests, where that is told.
#[must_use]
pub fn stack(status: &Status) -> Option<&Drawing> {
    status.drawings.iter().find(|d| matches!(d, Drawing::Stack { .. }))
}

/// A switch in words.
#[must_use]
pub fn position(position: Position) -> &'static str {
    match position {
        Position::Closed => "closed",
        Position::HalfOpen => "half open",
        Position::Open => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use floodgate::status::ReplicaStatus;

    fn descriptor(kind: &str) -> Option<&'static Descriptor> {
        floodgate::catalogue().iter().find(|d| d.kind == kind).copied()
    }

    #[test]
    fn a_component_that_says_nothing_has_a_decent_face() {
        let rates = NodeRates { offered: 12.0, ..NodeRates::default() };
        let status = Status { open: 3, gauges: vec![3.0, 2.0], ..Status::default() };
        let drawn = face(&status, descriptor("load_balancer"), &rates);
        let Some(Drawing::Figures(figures)) = drawn.first() else { panic!("{drawn:?}") };
        let shown: Vec<_> = figures.iter().map(|f| (&*f.label, f.value)).collect();
        assert_eq!(shown, [("calls/s", 12.0), ("open", 3.0), ("endpoints", 2.0)]);
        assert_eq!(face(&Status::default(), None, &rates).len(), 1, "whatever it is");
    }

    #[test]
    fn what_a_component_says_is_shown() {
        let switch =
            Drawing::Switch { position: Position::Open, retry_in_s: Some(2.5), probes: (0, 1), failures: None };
        let status = Status { drawings: vec![switch.clone()], ..Status::default() };
        assert_eq!(face(&status, None, &NodeRates::default()), [switch]);
        let stack = Drawing::Stack { desired: 3, ready: 2, starting: vec![0.5], warming: 0, draining: 0 };
        let replicas = vec![ReplicaStatus::default(); 2];
        let status = Status { drawings: vec![stack.clone()], replicas, ..Status::default() };
        assert!(face(&status, descriptor("service"), &NodeRates::default()).is_empty());
        assert_eq!(super::stack(&status), Some(&stack));
    }
}
