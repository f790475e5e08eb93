//! What a program can do and what it hears, whoever runs it.

use floodgate_core::{Duration, LinkId, Outcome};

/// A call as a program asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Ask<I> {
    /// Over which link.
    pub link: LinkId,
    /// The root it is done for.
    pub root: I,
    /// The arrived call that causes it.
    pub parent: Option<I>,
    /// What a varying latency is drawn by.
    pub lineage: u64,
    /// 0 for a first attempt.
    pub attempt: u16,
    /// Comes back with the answer.
    pub tag: u32,
    /// How long it is waited for.
    pub timeout: Option<Duration>,
    /// Whether the callee is told when it is given up.
    pub cancel: bool,
}

/// Something that a program is told.
#[derive(Clone, Copy, Debug)]
pub enum Heard<I> {
    /// The run begins.
    Start,
    /// A call has arrived.
    Call(I),
    /// A call of this node has ended.
    Reply {
        /// The root it was done for.
        root: I,
        /// The arrived call that caused it.
        parent: Option<I>,
        /// The program's own number.
        tag: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// The caller of an arrived call has given up.
    Cancel(I),
    /// A timer has come up.
    Timer(u64),
    /// The one time that the node has set for itself has come.
    Tick,
    /// The service of an arrived call is complete.
    Served(I),
    /// A message has come.
    Message(LinkId, u64),
    /// Something is done to the node from outside.
    Control(Order),
}

/// What is done to a program from outside.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Do so many things at once.
    Burst(u32),
    /// Set so many timers, most of them far away.
    Crowd(u32),
}

/// The engine or the naive interpreter, as a program sees it: [`floodgate_core::Ctx`] with its words.
pub trait World {
    /// Reference to a timer, a call or a root.
    type Id: Copy + PartialEq + std::fmt::Debug;
    /// See [`floodgate_core::Ctx::timer`].
    fn timer(&mut self, delay: Duration, tag: u64) -> Self::Id;
    /// See [`floodgate_core::Ctx::cancel`].
    fn cancel(&mut self, timer: Self::Id) -> bool;
    /// See [`floodgate_core::Ctx::tick`].
    fn tick(&mut self, delay: Duration);
    /// See [`floodgate_core::Ctx::cancel_tick`].
    fn cancel_tick(&mut self);
    /// See [`floodgate_core::Ctx::serve`].
    fn serve(&mut self, call: Self::Id, length: Duration);
    /// See [`floodgate_core::Ctx::message`].
    fn message(&mut self, link: LinkId, payload: u64);
    /// See [`floodgate_core::Ctx::birth`].
    fn birth(&mut self, ordinal: u64) -> Self::Id;
    /// See [`floodgate_core::Ctx::end_root`].
    fn end_root(&mut self, root: Self::Id, outcome: Outcome);
    /// See [`floodgate_core::Ctx::root_of`].
    fn root_of(&self, call: Self::Id) -> Self::Id;
    /// See [`floodgate_core::Ctx::call`].
    fn call(&mut self, ask: Ask<Self::Id>) -> Self::Id;
    /// See [`floodgate_core::Ctx::reply`].
    fn reply(&mut self, call: Self::Id, outcome: Outcome);
    /// See [`floodgate_core::Ctx::forget`].
    fn forget(&mut self, call: Self::Id);
    /// See [`floodgate_core::Ctx::abandon`].
    fn abandon(&mut self, call: Self::Id);
    /// See [`floodgate_core::Ctx::hand_on`].
    fn hand_on(&mut self, call: Self::Id, link: LinkId, lineage: u64);
    /// See [`floodgate_core::Ctx::work`].
    fn work(&mut self, call: Self::Id, length: Duration);
    /// See [`floodgate_core::Ctx::is_waited_for`].
    fn is_waited_for(&self, call: Self::Id) -> bool;
}
