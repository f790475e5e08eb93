//! The components: one file and one line each.

pub mod anycast;
pub mod cdn;
pub mod clients;
pub mod database;
pub mod dns;
pub mod fork_join;
pub mod l4_director;
pub mod load_balancer;
pub mod service;
pub mod station;

use crate::catalogue::Descriptor;
use crate::component::{Component, Cx, Directive, DynComponent, Message, components, slot};
use crate::param::{Params, Values};
use crate::status::Status;
use floodgate_core::{Arrival, CallId, LinkChange, LinkId, Model, Reply, Time, TimerId};

components! {
    clients::Clients,
    dns::Dns,
    anycast::Anycast,
    cdn::Cdn,
    l4_director::L4Director,
    load_balancer::LoadBalancer,
    fork_join::ForkJoin,
    service::Service,
    database::Database,
    station::Station,
}

/// Every built-in kind, in the order of the palette.
#[must_use]
pub fn catalogue() -> &'static [&'static Descriptor] {
    CATALOGUE
}
