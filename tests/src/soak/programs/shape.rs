//! The system that a program runs in: a few nodes and links of every kind of latency.

use super::brain::Brain;
use crate::soak::chance::Chance;
use floodgate_core::rng::mix;
use floodgate_core::topology::Routes;
use floodgate_core::{Dist, Duration, NodeId, PortId, Topology};
use std::sync::Arc;

/// A system of random programs.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Nodes and links.
    pub routes: Arc<Routes>,
    /// The run's seed.
    pub seed: u64,
    /// Calls nested deeper are answered 508.
    pub depth: u8,
}

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

impl Shape {
    /// The system of the program called `number`.
    #[must_use]
    pub fn random(seed: u64, number: u64) -> Shape {
        let mut chance = Chance::new(seed, number);
        let keys = &KEYS[..2 + chance.below(KEYS.len() - 1)];
        let mut topology = Topology::default();
        for key in keys {
            topology.add_node(key).expect("distinct keys");
        }
        for from in keys {
            for to in keys.iter().filter(|to| *to != from) {
                if chance.one_in(2) {
                    topology.add_link(from, PortId(0), to, latency(&mut chance)).expect("one link each way");
                }
            }
        }
        let depth = if chance.one_in(3) { 2 } else { 64 };
        Shape { routes: Arc::new(topology.freeze()), seed: chance.word(), depth }
    }

    /// A program for each node.
    #[must_use]
    pub fn brains<I: Copy + PartialEq + std::fmt::Debug>(&self) -> Vec<Brain<I>> {
        (0..self.routes.node_count() as u32)
            .map(|node| {
                let outgoing = self.routes.outgoing(NodeId(node), PortId(0)).collect();
                let incoming = self.routes.incoming(NodeId(node)).to_vec();
                Brain::new(mix(self.seed, u64::from(node)), outgoing, incoming)
            })
            .collect()
    }
}

fn latency(chance: &mut Chance) -> Dist {
    let length = |chance: &mut Chance| Duration(chance.below(100) as u64);
    match chance.below(6) {
        0 => Dist::Constant(Duration::ZERO),
        1 => Dist::Constant(Duration(10)),
        2 => Dist::Constant(length(chance)),
        3 => Dist::Uniform(Duration::ZERO, length(chance)),
        4 => Dist::Exponential(length(chance)),
        _ => Dist::Lognormal { mean: length(chance), scv: 2.0 },
    }
}
