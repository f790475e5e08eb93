//! What a component is to the engine, and the only thing it can do: [`Ctx`].

use crate::call::{Arrival, CallId, Reply};
use crate::sim::{Kernel, Node};
use crate::slab::Key;
use crate::topology::{LinkId, NodeId};

/// Reference to a timer that has not fired.
pub type TimerId = Key;

/// Behaviour of a node. State is a value: `Clone`.
///
/// A model sees nothing but what it is told here and what [`Ctx`] gives: not the clock, not the graph, not another node.
pub trait Model: Clone {
    /// What nodes tell each other besides calls: endpoints, metrics, orders.
    type Message: Clone;
    /// What is done to a node from outside: live parameters, faults.
    type Control;

    /// The run begins; called in the order of node keys.
    fn on_start(&mut self, cx: &mut Ctx<'_, Self>);
    /// A call has arrived. It must be answered once, by [`Ctx::reply`] or [`Ctx::forget`].
    fn on_call(&mut self, call: CallId, cx: &mut Ctx<'_, Self>);
    /// What the engine calls for [`Model::on_call`]: it has just looked the call up, and a model that wants no more of it than
    /// is told here need not do so again.
    #[inline(always)]
    fn on_arrival(&mut self, arrival: Arrival, cx: &mut Ctx<'_, Self>) {
        self.on_call(arrival.call, cx);
    }
    /// A call of this node has ended: answered, or given up after its time-out.
    fn on_reply(&mut self, reply: Reply, cx: &mut Ctx<'_, Self>);
    /// What the engine calls for [`Model::on_reply`]: a type that stands for one of several models puts the reply together
    /// where it knows which of them it is, so that what that one does not look at costs nothing.
    #[inline(always)]
    fn on_answer(&mut self, reply: impl FnOnce() -> Reply, cx: &mut Ctx<'_, Self>) {
        self.on_reply(reply(), cx);
    }
    /// The caller of `call` has given up and says so. The node may [`Ctx::forget`] the call or go on.
    fn on_cancel(&mut self, call: CallId, cx: &mut Ctx<'_, Self>);
    /// A timer of this node has come up.
    fn on_timer(&mut self, timer: TimerId, tag: u64, cx: &mut Ctx<'_, Self>);
    /// The service of an arrived call that [`Ctx::serve`] began is complete; `tag` is what [`Ctx::set_tag`] gave the call.
    fn on_served(&mut self, _call: CallId, _tag: u32, _cx: &mut Ctx<'_, Self>) {
        debug_assert!(false, "a model that serves calls hears when they are served");
    }
    /// The time that [`Ctx::tick`] has set has come.
    fn on_tick(&mut self, _cx: &mut Ctx<'_, Self>) {
        debug_assert!(false, "a model that sets ticks hears them");
    }
    /// A message has come over `link`, in either direction.
    fn on_message(&mut self, link: LinkId, message: Self::Message, cx: &mut Ctx<'_, Self>);
    /// About how many bytes it keeps on the heap.
    fn heap_bytes(&self) -> usize {
        0
    }
    /// Something is done to the node from outside.
    fn on_control(&mut self, control: &Self::Control, cx: &mut Ctx<'_, Self>);
    /// The system has been edited, and a link of the node has come or gone.
    fn on_link(&mut self, _change: LinkChange, _cx: &mut Ctx<'_, Self>) {}
    /// The node is removed; this is the last that it hears. What it still holds afterwards is answered 502 for it.
    fn on_removed(&mut self, _cx: &mut Ctx<'_, Self>) {}
}

/// What has become of the links of a node. [`Ctx::links`] says already how it is afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkChange {
    /// It can call somebody more.
    Callee(LinkId),
    /// This link is not for calling over any more: what is sent over it all the same is answered 502. Calls under way still
    /// arrive and are answered.
    CalleeGone(LinkId),
    /// Somebody more can call it, and has heard nothing from it so far.
    Caller(LinkId),
    /// Nothing new comes over this link.
    CallerGone(LinkId),
}

/// What a model can do, at the virtual time it is called at.
pub struct Ctx<'a, M: Model> {
    pub(crate) node: NodeId,
    pub(crate) at: &'a mut Node,
    pub(crate) kernel: &'a mut Kernel<M::Message>,
}
