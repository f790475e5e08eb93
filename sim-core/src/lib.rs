//! Deterministic discrete-event engine: virtual time, call trees, keyed draws, digests.
//!
//! The engine knows no component, no file format and no screen. A system is a frozen [`topology::Routes`] and one
//! [`Model`] for each node; [`Simulation::advance`] runs it. The same model, seed and controls give the same events, and so
//! the same [`Digest`], on every target.

#[cfg(feature = "bench")]
pub mod bench;
pub mod call;
pub mod digest;
pub mod dist;
pub mod journey;
pub mod link;
pub mod model;
pub mod order;
pub mod outcome;
pub mod probe;
mod queue;
mod ring;
pub mod rng;
pub mod sim;
pub mod slab;
pub mod stats;
pub mod time;
pub mod topology;
pub mod zipf;

pub use call::{
    ANY_REPLICA, Arrival, Birth, Call, CallId, CallSpec, Client, Outcome, Patience, Probing, Reply, Root, RootId,
    Traits,
};
pub use digest::Digest;
pub use dist::Dist;
pub use journey::{CallEnd, Gone, Journey, JourneyCall, JourneyCounts, JourneyPolicy, Journeys, Stretch};
pub use link::{ClassSet, LinkSpec, Partition};
pub use model::{Ctx, LinkChange, Model, TimerId};
pub use outcome::{Code, CodeSet};
pub use probe::{Delivery, Event, Probe};
pub use ring::Ring;
pub use sim::{Budget, Classes, Halt, Limits, Progress, Simulation};
pub use slab::Key;
pub use time::{Duration, Time};
pub use topology::{LinkId, NodeId, PortId, Routes, Topology, TopologyError};
pub use zipf::Zipf;
