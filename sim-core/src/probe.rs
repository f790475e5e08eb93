//! Looking at a run without changing it.

use crate::call::{CallId, Outcome, RootId};
use crate::outcome::Code;
use crate::time::{Duration, Time};
use crate::topology::{LinkId, NodeId};

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
    /// The service of a call at the node is complete.
    Served,
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
    /// The call it is about; [`Key::NONE`](crate::Key::NONE), as the four below, for timers and messages.
    pub call: CallId,
    /// The root that the call is done for.
    pub root: RootId,
    /// The call that caused it; [`Key::NONE`](crate::Key::NONE) for an attempt of a client.
    pub parent: CallId,
    /// Over which link the call was sent, or the message came; [`NO_LINK`] for timers.
    pub link: LinkId,
    /// Which attempt the call is.
    pub attempt: u16,
    /// The replica it is addressed to.
    pub replica: u32,
    /// When the call was sent, of [`Delivery::Call`], and of [`Delivery::GiveUp`] while it has not arrived; when the callee
    /// answered, of [`Delivery::Answer`], [`Delivery::Error`] and [`Delivery::Late`]; else the time itself.
    pub mark: Time,
}

/// Stands for no link.
pub const NO_LINK: LinkId = LinkId(u32::MAX);

/// Is told of every event before it takes effect. `()` looks at nothing and costs nothing.
pub trait Probe {
    /// Whether it wants to be told at all.
    const ACTIVE: bool = true;
    /// Something is about to be delivered.
    fn event(&mut self, event: Event);
    /// A stretch of work of this length for `call` at `node` has ended. Told right after the event that ended it.
    fn worked(&mut self, _time: Time, _node: NodeId, _call: CallId, _length: Duration) {}
    /// A root has ended. Told right after the event that ended it.
    fn root_ended(&mut self, _time: Time, _root: RootId, _outcome: Outcome) {}
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

/// Both are told, the first one first.
impl<A: Probe, B: Probe> Probe for (&mut A, &mut B) {
    const ACTIVE: bool = A::ACTIVE || B::ACTIVE;
    fn event(&mut self, event: Event) {
        self.0.event(event);
        self.1.event(event);
    }
    fn worked(&mut self, time: Time, node: NodeId, call: CallId, length: Duration) {
        self.0.worked(time, node, call, length);
        self.1.worked(time, node, call, length);
    }
    fn root_ended(&mut self, time: Time, root: RootId, outcome: Outcome) {
        self.0.root_ended(time, root, outcome);
        self.1.root_ended(time, root, outcome);
    }
}
