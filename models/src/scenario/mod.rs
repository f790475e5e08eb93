//! Scenario files: TOML, `format = 1`, every quantity with its unit, every problem reported at once with its place.

pub(crate) mod events;
mod groups;
pub mod lint;
pub(crate) mod load;
pub mod metric;
pub(crate) mod nodes;
pub mod problem;
pub(crate) mod raw;
pub(crate) mod table;
pub(crate) mod units;
pub mod value;
pub mod wiring;

use crate::catalogue::{Descriptor, Registry};
use crate::control::Control;
use crate::param::{Params as _, Value, Values};
use floodgate_core::order::Order as _;
use floodgate_core::{Duration, Time};
use std::ops::Range;

pub use lint::{Hint, hints, lint};
pub use load::{HEADER, parse_until};
pub use metric::Metric;
pub use nodes::GROUP_PARAMS;
pub(crate) use problem::shown as shown_text;
pub use problem::{Files, NoFiles, Problem, Problems, Severity};
pub(crate) use value::default_values;
pub use value::{default_config, describe, limit_text, parse_value, value_text};
pub use wiring::{LINK, Wiring, plain_link};

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// The format this version reads and writes.
pub const FORMAT: u64 = 1;

/// A scenario that has been read and checked: everything in it refers to something that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it shows, in a few sentences.
    pub description: String,
    /// What phenomenon it shows, for a gallery; empty unless given.
    pub phenomenon: String,
    /// A short name for lists; empty unless given.
    pub tag: String,
    /// Seed unless another is asked for.
    pub seed: u64,
    /// Virtual time at which it ends unless another is asked for.
    pub until: Time,
    /// Statistics start here.
    pub warm_up: Duration,
    /// Calls nested deeper are answered 508.
    pub max_depth: u8,
    /// Nodes, sorted by id: the order in the file has no meaning. In the scenario of a run, those that were added while it ran
    /// come behind, in the order in which they were added, and those that were removed are still there.
    pub nodes: Vec<Node>,
    /// Groups, sorted by id.
    pub groups: Vec<Group>,
    /// Links, sorted by (from, port, to); in the scenario of a run, likewise.
    pub links: Vec<Link>,
    /// `[[phase]]`, `[[fault]]` and `[[control]]`, in the order of their times (and of the file where times are equal).
    pub controls: Vec<Control>,
    /// Where each of `controls` stands in the file, in bytes.
    pub control_spans: Vec<Range<usize>>,
    /// Phases again, in the same order, for a page to show: when, how long, of which node.
    pub phases: Vec<Phase>,
    /// Expectations.
    pub expectations: Vec<Expectation>,
    /// Named patches of the same file, each complete: nodes and links as they are with the patch.
    pub variants: Vec<Variant>,
    /// Notes, as text.
    pub notes: Vec<String>,
    /// Lesson steps, in the order of the file.
    pub lessons: Vec<Lesson>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Identity: what links, draws and reports use.
    pub id: String,
    /// What the page shows; the id unless given.
    pub title: String,
    /// Kind.
    pub descriptor: &'static Descriptor,
    /// Group it belongs to.
    pub group: Option<String>,
    /// Parameters, complete.
    pub values: Values,
    /// Place on the canvas.
    pub position: Option<(f64, f64)>,
    /// Where it stands in the file, in bytes.
    pub span: Range<usize>,
    /// When it was added to the run; `None` is from the start.
    pub added: Option<Time>,
    /// When it was removed from the run; `None` while it is there.
    pub removed: Option<Time>,
}

impl Node {
    /// The class of the requests that are born here; `None` when there are none.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        match self.values.get("class") {
            _ if self.descriptor.accepts_calls => None,
            Some(Value::Text(class)) => Some(class),
            _ => Some(DEFAULT_CLASS),
        }
    }

    /// The classes of the requests born here; none where none are born. Of a mix they are in the order of the file; a recording
    /// has requests that belong to none of them, and are of [`Node::class`].
    #[must_use]
    pub fn classes(&self) -> Vec<&str> {
        let Some(class) = self.class() else { return Vec::new() };
        let mix = match self.values.get("classes") {
            Some(Value::List(mix)) if !mix.is_empty() => mix,
            _ => return vec![class],
        };
        let names = mix.iter().filter_map(|values| match values.get("name") {
            Some(Value::Text(name)) => Some(name.as_str()),
            _ => None,
        });
        let recorded = matches!(self.values.get("replay"), Some(Value::Group(_)));
        names.chain(recorded.then_some(class)).collect()
    }
}

/// The class of requests of whose class nothing is said.
const DEFAULT_CLASS: &str = "default";

/// A zone, region or cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Identity.
    pub id: String,
    /// `"zone"`, `"region"` or `"cluster"`.
    pub kind: String,
    /// What the page shows.
    pub title: String,
}

/// A link for calls from a port of one node to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Id of the caller.
    pub from: String,
    /// Index of the port in the caller's descriptor.
    pub port: usize,
    /// Id of the callee.
    pub to: String,
    /// How it is, complete: the parameters of [`LINK`].
    pub values: Values,
    /// Where it stands in the file, in bytes.
    pub span: Range<usize>,
    /// When it was added to the run; `None` is from the start.
    pub added: Option<Time>,
    /// Whether it was removed from the run, by itself or with one of its ends.
    pub removed: bool,
}

impl Link {
    /// How it is, typed; as by default where `values` is not complete.
    #[must_use]
    pub fn wiring(&self) -> Wiring {
        Wiring::from_values(&self.values).unwrap_or_default()
    }
}

/// A stretch of time in which parameters of a node, or of a link, are different.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Node, or caller.
    pub node: String,
    /// Callee, when it is a link.
    pub to: Option<String>,
    /// From.
    pub at: Time,
    /// Length.
    pub lasting: Duration,
    /// What it is called, for the page; empty unless given.
    pub title: String,
}

/// A step of a lesson: something to read beside the running system. It is text, never markup.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// What it is called; empty unless given.
    pub title: String,
    /// What is said.
    pub text: String,
    /// The time it is about, if it is about one.
    pub at: Option<Time>,
    /// Ids of the nodes it is about.
    pub highlight: Vec<String>,
}

/// A statement about a run that can be false.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What is measured, such as `goodput_ratio`, `latency_ms.p99`, `errors.502`, `queue.max`.
    pub metric: Metric,
    /// Node it is taken of; `None` is the whole run.
    pub of: Option<String>,
    /// Class of requests it is taken of; `None` is all of them.
    pub class: Option<String>,
    /// Window of virtual time; `None` is from the end of the warm-up to the end.
    pub within: Option<(Time, Time)>,
    /// The value must not be below.
    pub min: Option<f64>,
    /// The value must not be above.
    pub max: Option<f64>,
    /// Why, for the table of what failed.
    pub because: String,
    /// Where it stands in the file, in bytes.
    pub span: Range<usize>,
}

/// A named patch of the same file, applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What it is called.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The scenario with the patch (its own `variants` are empty, its expectations are the variant's).
    pub scenario: Scenario,
}

impl Scenario {
    /// Reads a scenario file with the built-in components.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    pub fn load(text: &str) -> Result<Scenario, Problems> {
        load::load(text, crate::components::catalogue(), &NoFiles)
    }

    /// Reads a scenario file that may not be text at all.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places; too large a file and bytes that are not UTF-8 are told alone.
    pub fn load_bytes(bytes: &[u8]) -> Result<Scenario, Problems> {
        load::check_size(bytes.len())?;
        Scenario::load(load::utf8(bytes)?)
    }

    /// Reads a scenario file with the components of `registry`: the built-in ones and the user's own.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    pub fn load_with(text: &str, registry: &Registry) -> Result<Scenario, Problems> {
        load::load(text, registry.descriptors(), &NoFiles)
    }

    /// Reads a scenario file that may name other files, such as recorded traffic: `files` has them.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places; also what is wrong with the other files.
    pub fn load_among(text: &str, files: &dyn Files) -> Result<Scenario, Problems> {
        load::load(text, crate::components::catalogue(), files)
    }

    /// As [`Scenario::load_among`], of a file that may not be text at all, and with the components of `registry`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    pub fn load_bytes_among(bytes: &[u8], registry: &Registry, files: &dyn Files) -> Result<Scenario, Problems> {
        load::check_size(bytes.len())?;
        load::load(load::utf8(bytes)?, registry.descriptors(), files)
    }

    /// The node called `id`; of several that have had this id in a run, the last.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&Node> {
        let (_, added) = self.nodes.split_at(self.count_at_start());
        added.iter().rev().find(|node| node.id == id).or_else(|| self.first_node(id))
    }

    /// The node called `id` that is there from the start.
    pub(crate) fn first_node(&self, id: &str) -> Option<&Node> {
        let (first, _) = self.nodes.split_at(self.count_at_start());
        first.get(first.binary_search_by(|node| node.id.as_str().cmp(id)).ok()?)
    }

    /// How many nodes are there from the start; the others have been added to the run.
    fn count_at_start(&self) -> usize {
        self.nodes.partition_point(|node| node.added.is_none())
    }

    /// The classes of its requests: those that its clients name, sorted, and behind them those that came with clients that
    /// were added to the run. A class is known by its place here to statistics.
    #[must_use]
    pub fn classes(&self) -> Vec<&str> {
        let (first, added) = self.nodes.split_at(self.count_at_start());
        let mut classes: Vec<&str> = first.iter().flat_map(Node::classes).collect();
        classes.order_by(Ord::cmp);
        classes.dedup();
        if classes.is_empty() {
            // A system without clients has requests of no class, and statistics of them all the same.
            classes.push(DEFAULT_CLASS);
        }
        for class in added.iter().flat_map(Node::classes) {
            if !classes.contains(&class) {
                classes.push(class);
            }
        }
        classes
    }

    /// The variant called `name`.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}
