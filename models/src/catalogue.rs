//! What the outside knows of a kind of component: a page of data from which palette, inspector, file format, `floodgate
//! list` and docs/MODELS.md are folded.

use crate::component::Component;
use crate::components::{AnyComponent, catalogue};
use crate::param::{ParamSpec, Values};

/// A family of components, as the palette groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Where requests come from.
    Traffic,
    /// What they meet first.
    Entry,
    /// What does the work.
    Compute,
    /// What keeps the data.
    Data,
    /// What protects the others.
    Protection,
    /// What watches and steers.
    Control,
}

impl Family {
    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Family::Traffic => "Traffic",
            Family::Entry => "Entry",
            Family::Compute => "Compute",
            Family::Data => "Data",
            Family::Protection => "Protection",
            Family::Control => "Control",
        }
    }
}

/// An outgoing port. Every component accepts calls on its one unnamed input unless `accepts_calls` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortSpec {
    /// As in `from = "web.db"`; the first port is the default and may be left out.
    pub name: &'static str,
    /// How many links may leave from it.
    pub max_links: u32,
    /// What it is for.
    pub doc: &'static str,
}

/// A number that a component shows while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaugeSpec {
    /// As in reports and expectations.
    pub name: &'static str,
    /// `""`, `"requests"`, `"bytes"`, `"ratio"` …
    pub unit: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// Something that can be done to a component by hand or by the scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultSpec {
    /// As in `[[fault]] fault = "kill"`.
    pub name: &'static str,
    /// For a button.
    pub title: &'static str,
    /// Lasts for a time (`for = "5s"`) rather than an instant.
    pub lasting: bool,
    /// Its own parameters.
    pub params: &'static [ParamSpec],
    /// What happens.
    pub doc: &'static str,
}

/// What kind of thing a component is, for the eye: it gives the card its icon and its size, and the chart its place. What the
/// card shows is data in [`Status`](crate::status::Status): replicas, and [drawings](crate::status::Drawing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// People or machines that send requests.
    Source,
    /// A fork in the road.
    Switch,
    /// Replicas with workers and queues.
    Servers,
    /// A cylinder with connections.
    Store,
    /// A shelf.
    Cache,
    /// A tank.
    Queue,
    /// A switch on the edge: small, because it stands between two others.
    Breaker,
    /// A bucket of tokens: small as well.
    Limiter,
    /// Something that watches and steers.
    Controller,
}

impl Look {
    /// All of them.
    pub const ALL: [Look; 9] = [
        Look::Source,
        Look::Switch,
        Look::Servers,
        Look::Store,
        Look::Cache,
        Look::Queue,
        Look::Breaker,
        Look::Limiter,
        Look::Controller,
    ];
}

/// A gauge that is recorded over time, besides capacity and queue, and what its values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The number of a state: drawn as bands, and said on the card unless it is the first.
    State {
        /// Name of the gauge.
        gauge: &'static str,
        /// The states, by number; the first is how it should be.
        states: &'static [StateSpec],
    },
    /// Replicas that there should be.
    Desired(&'static str),
    /// Replicas that take requests.
    Ready(&'static str),
    /// Any other number that is worth a line.
    Value(&'static str),
}

impl Track {
    /// A component of many: all of them are there, some are not, or none is. [`Track::missing`] has its numbers.
    #[must_use]
    pub const fn of_many(all: &'static str, some: &'static str, none: &'static str) -> [StateSpec; 3] {
        [StateSpec::good(all), StateSpec::between(some), StateSpec::bad(none)]
    }

    /// The number of the state when `missing` of `all` are not there.
    #[must_use]
    pub fn missing(missing: usize, all: usize) -> u64 {
        match missing {
            0 => 0,
            some => 1 + u64::from(some >= all),
        }
    }

    /// Name of the gauge.
    #[must_use]
    pub fn gauge(&self) -> &'static str {
        match self {
            Track::State { gauge, .. } | Track::Desired(gauge) | Track::Ready(gauge) | Track::Value(gauge) => gauge,
        }
    }
}

/// A state that a component can be in: closed, half open, open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSpec {
    /// For people.
    pub title: &'static str,
    /// Whether it is good news.
    pub tone: Tone,
}

impl StateSpec {
    /// As it should be.
    #[must_use]
    pub const fn good(title: &'static str) -> StateSpec {
        StateSpec { title, tone: Tone::Good }
    }

    /// Neither, or on the way.
    #[must_use]
    pub const fn between(title: &'static str) -> StateSpec {
        StateSpec { title, tone: Tone::Between }
    }

    /// Not as it should be.
    #[must_use]
    pub const fn bad(title: &'static str) -> StateSpec {
        StateSpec { title, tone: Tone::Bad }
    }
}

/// Whether something is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Neither, or on the way.
    Between,
    /// Not as it should be.
    Bad,
}

/// Makes a component of complete values.
pub type Build = fn(&Values) -> Option<AnyComponent>;

/// A kind of component.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// As in `kind = "service"`.
    pub kind: &'static str,
    /// For people.
    pub title: &'static str,
    /// Group in the palette.
    pub family: Family,
    /// One line: what it is.
    pub doc: &'static str,
    /// The component's own documentation: semantics, their source, and what to watch for.
    pub manual: &'static str,
    /// Where the semantics come from, in a line: a system, a paper, or a model of this project. A parameter with a source of its
    /// own says so in its `doc`, after the word “Source:”.
    pub source: &'static str,
    /// Whether links may lead to it.
    pub accepts_calls: bool,
    /// Ports for outgoing links; the first is the default.
    pub ports: &'static [PortSpec],
    /// Parameters.
    pub params: &'static [ParamSpec],
    /// Gauges, in the order of their slots.
    pub gauges: &'static [GaugeSpec],
    /// Those of them that are recorded over time, besides capacity in use, capacity and queue, which always are.
    pub tracks: &'static [Track],
    /// Faults.
    pub faults: &'static [FaultSpec],
    /// How it looks.
    pub look: Look,
    /// Makes one, for components from outside: [`custom::<TheirComponent>`](crate::component::custom). `None` for those in
    /// the built-in table.
    pub build: Option<Build>,
}

impl Descriptor {
    /// Position of the gauge called `name` among its gauges.
    #[must_use]
    pub fn gauge(&self, name: &str) -> Option<usize> {
        self.gauges.iter().position(|gauge| gauge.name == name)
    }
}

impl PartialEq for Descriptor {
    /// Kinds are distinct within a catalogue.
    fn eq(&self, other: &Descriptor) -> bool {
        self.kind == other.kind
    }
}

/// The kinds that a scenario may use: the built-in ones and the user's own.
#[derive(Clone, Debug)]
pub struct Registry {
    descriptors: Vec<&'static Descriptor>,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::builtin()
    }
}

impl Registry {
    /// The built-in kinds.
    #[must_use]
    pub fn builtin() -> Registry {
        Registry { descriptors: catalogue().to_vec() }
    }

    /// These kinds and no others.
    #[must_use]
    pub fn of(descriptors: &[&'static Descriptor]) -> Registry {
        Registry { descriptors: descriptors.to_vec() }
    }

    /// Those and `C`; a kind of the same name is replaced.
    #[must_use]
    pub fn with<C: Component>(mut self) -> Registry {
        self.descriptors.retain(|d| d.kind != C::DESCRIPTOR.kind);
        self.descriptors.push(C::DESCRIPTOR);
        self
    }

    /// All of them.
    #[must_use]
    pub fn descriptors(&self) -> &[&'static Descriptor] {
        &self.descriptors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tracked_is_a_gauge() {
        for descriptor in catalogue() {
            for track in descriptor.tracks {
                assert!(descriptor.gauge(track.gauge()).is_some(), "{}: {}", descriptor.kind, track.gauge());
            }
        }
    }
}
