//! The components: one file and one line each.

pub mod clients;
pub mod database;
pub mod load_balancer;
pub mod service;

use crate::catalogue::Descriptor;

static CATALOGUE: [&Descriptor; 4] =
    [&clients::DESCRIPTOR, &load_balancer::DESCRIPTOR, &service::DESCRIPTOR, &database::DESCRIPTOR];

/// Every built-in kind, in the order of the palette.
#[must_use]
pub fn catalogue() -> &'static [&'static Descriptor] {
    &CATALOGUE
}
