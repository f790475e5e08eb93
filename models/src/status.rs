//! A component's face while it runs: data that a page draws and a test reads.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// State of one replica (or of the component itself when it has none).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Works as it should.
    #[default]
    Up,
    /// Works, but slower: caches are cold, code is not compiled yet.
    Warming,
    /// Does not answer yet.
    Starting,
    /// Dead.
    Down,
    /// Takes nothing new and finishes what it has.
    Draining,
}

/// One replica: workers, queue, memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// State.
    pub mode: Mode,
    /// How far starting or warming has come, 0 to 1.
    pub progress: f64,
    /// Workers, or connections.
    pub slots: u32,
    /// Slots that work (or wait for something they called).
    pub busy: u32,
    /// Busy slots whose caller has given up: work that nobody waits for.
    pub zombies: u32,
    /// How far the busy slots have come with what they do, 0 to 1: first those that somebody waits for, then the others. Empty
    /// when it is not known, or when there are more than [`SLOTS_SHOWN`] slots.
    pub slot_progress: Vec<f32>,
    /// Requests that wait.
    pub queue: u32,
    /// Requests that wait and whose caller has given up.
    pub queue_zombies: u32,
    /// Largest queue allowed; `None` is unbounded.
    pub queue_cap: Option<u32>,
    /// Memory in use, in bytes.
    pub memory: u64,
    /// Memory at which it is killed, in bytes; 0 when there is no limit.
    pub memory_limit: u64,
}

/// A component now.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Replicas; empty for components that have none.
    pub replicas: Vec<ReplicaStatus>,
    /// Share of capacity in use now, where that has a meaning: ρ.
    pub saturation: Option<f64>,
    /// Calls open now (waiting, working, or waiting for others).
    pub open: u64,
    /// Gauges of the descriptor, in its order.
    pub gauges: Vec<f64>,
    /// Faults in force, by name.
    pub faults: Vec<String>,
    /// What the card shows besides or instead of replicas, from top to bottom; about two drawings have room. A component that
    /// has neither replicas nor drawings is shown by its rate, its open calls and its first gauges.
    pub drawings: Vec<Drawing>,
}

/// Slots of which the progress is told one by one.
pub const SLOTS_SHOWN: u32 = 24;
/// Endpoints that are told one by one; more are told as the last one's [`Endpoint::more`].
pub const ENDPOINTS_SHOWN: usize = 24;

/// Words in a drawing: short, and mostly fixed.
pub type Words = Cow<'static, str>;

/// Something on a card, as data: the vocabulary that all components share, so that none needs a drawing of its own in the
/// page. Everything is told in two ways, by shape or number as well as by colour; the page sees to that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Drawing {
    /// Numbers with a word below each: three have room.
    Figures(Vec<Figure>),
    /// A tank of what waits, filling towards its cap: queues, topics, backlogs.
    Tank {
        /// What is in it.
        label: Words,
        /// How much.
        level: u64,
        /// Of it, what nobody waits for any more.
        abandoned: u64,
        /// When it is full; `None` is never.
        cap: Option<u64>,
    },
    /// A bar towards a limit: memory, a budget, a share of the time.
    Meter {
        /// What is measured.
        label: Words,
        /// Now.
        value: f64,
        /// At which it is full; has to be above 0.
        limit: f64,
        /// `"bytes"`, `"ratio"`, or anything that is written behind the numbers.
        unit: Words,
    },
    /// A shelf of what is kept, with the share of requests that found what they needed: caches.
    Shelf {
        /// What is kept.
        label: Words,
        /// How much is there.
        used: f64,
        /// How much has room; `None` is no limit.
        capacity: Option<f64>,
        /// As in [`Drawing::Meter`].
        unit: Words,
        /// Hits ÷ requests, lately; `None` before the first.
        hit_ratio: Option<f64>,
    },
    /// A switch: breakers.
    Switch {
        /// How it stands.
        position: Position,
        /// When it will be tried again, in seconds from now; while it is open.
        retry_in_s: Option<f64>,
        /// Probes under way and probes allowed; while it is half open.
        probes: (u32, u32),
        /// What it goes by: failures seen and failures at which it opens; `None` when it does not count.
        failures: Option<(f64, f64)>,
    },
    /// A bucket of tokens: rate limiters, retry budgets.
    Bucket {
        /// What a token allows.
        label: Words,
        /// Tokens in it.
        tokens: f64,
        /// Tokens that have room; has to be above 0.
        capacity: f64,
        /// Tokens that come per second.
        refill_per_s: f64,
    },
    /// Stacked cards: autoscalers and whatever is scaled. That *desired* and *ready* differ is the lesson.
    Stack {
        /// Replicas that there should be.
        desired: u32,
        /// Replicas that take requests.
        ready: u32,
        /// Those that start, and how far each has come, 0 to 1.
        starting: Vec<f32>,
        /// Of those ready, how many are still slow.
        warming: u32,
        /// Those that finish what they have.
        draining: u32,
    },
    /// Those that it may choose among, one mark for each: balancers, pools.
    Endpoints(Vec<Endpoint>),
}

/// A number with a word below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// One or two words.
    pub label: Words,
    /// The number.
    pub value: f64,
    /// As in [`Drawing::Meter`].
    pub unit: Words,
}

/// How a switch stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Everything passes.
    #[default]
    Closed,
    /// Only probes pass.
    HalfOpen,
    /// Nothing passes.
    Open,
}

/// One of those that a balancer chooses among, as the balancer sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Which one: `web#2`.
    pub name: String,
    /// What is known of it.
    pub health: Health,
    /// Its share of what is sent, against 1 for the others; lower while it starts slowly.
    pub weight: f32,
    /// Calls to it that are open.
    pub open: u32,
    /// So many more like it are not told one by one.
    pub more: u32,
}

/// What a balancer thinks of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// Takes its share.
    #[default]
    Healthy,
    /// Has begun to fail, and still takes its share.
    Suspect,
    /// Takes less than its share: it has just come, or come back.
    SlowStart,
    /// Failed its checks: takes nothing.
    Unhealthy,
    /// Put aside for a time because it failed more than the others.
    Ejected,
    /// Takes nothing new and finishes what it has.
    Draining,
}

impl Figure {
    /// A plain number.
    #[must_use]
    pub fn new(label: &'static str, value: f64) -> Figure {
        Figure { label: Cow::Borrowed(label), value, unit: Cow::Borrowed("") }
    }
}
