//! Looking at a run without changing it.

use crate::outcome::Code;
use crate::time::Time;
use crate::topology::NodeId;

/// What kind of thing was delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// A call arrived at the node.
    Call,
    /// A good answer arrived at the node that had called.
    Answer,
    /// An error arrived at the node that had called.
    Error(Code),
    /// An answer arrived at a node that no longer waited.
    Late,
    /// The node gave up waiting.
    GiveUp,
    /// A timer of the node came up.
    Timer,
    /// The node learned that a caller has given up.
    Cancel,
    /// A message arrived.
    Message,
}

/// One event, as told to a [`Probe`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub time: Time,
    /// Where.
    pub node: NodeId,
    /// What.
    pub delivery: Delivery,
    /// Lineage of the call, or the tag of the timer.
    pub lineage: u64,
    /// The node's digest with this event in it: two runs differ from the first event on whose digests differ.
    pub digest: u64,
}

/// Is told of every event before it takes effect. `()` looks at nothing and costs nothing.
pub trait Probe {
    /// Whether it wants to be told at all.
    const ACTIVE: bool = true;
    /// Something is about to be delivered.
    fn event(&mut self, event: Event);
}

impl Probe for () {
    const ACTIVE: bool = false;
    fn event(&mut self, _: Event) {}
}

impl Probe for Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}
