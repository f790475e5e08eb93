//! Requests as trees of calls.
//!
//! A *root* is what a client wants; every attempt at it, and everything done for it, is a *call* with a parent (or none, for
//! the attempts themselves). A call lives from the moment it is sent until its answer has come back to the caller, or was
//! dropped there, so work that nobody waits for any more stays visible.

use crate::outcome::Code;
use crate::slab::Key;
use crate::time::{Duration, Time};
use crate::topology::{LinkId, NodeId};

/// Reference to a live call.
pub type CallId = Key;
/// Reference to a live root.
pub type RootId = Key;

/// A good answer, or why there is none.
pub type Outcome = Result<(), Code>;

/// A root: what does not change from attempt to attempt and from hop to hop.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// When it was born.
    pub born: Time,
    /// Identity that draws are keyed by.
    pub lineage: u64,
    /// Which client sent it.
    pub client: u64,
    /// How much work it asks for, as a multiple of what is usual: service times are multiplied by it.
    pub work: f32,
    /// Criticality: 0 is the most important.
    pub priority: u8,
    /// Number of its class: that of the node it was born at.
    pub class: u8,
    pub(crate) node: u32,
    pub(crate) calls: u32,
    pub(crate) busy_ns: u64,
    pub(crate) ended: bool,
    /// Born since the statistics started.
    pub(crate) counted: bool,
}

/// Where a call stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Stage {
    Outbound,
    AtCallee,
    Returning,
}

/// A live call. Kept small: overload means millions of them.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Identity that draws are keyed by.
    pub lineage: u64,
    /// When it was sent; from its arrival on, when it arrived at the callee; from the answer on, when that was given.
    pub since: Time,
    pub(crate) busy_ns: u64,
    pub(crate) parent: CallId,
    /// Index of the root it is done for; a root stays as long as it has calls, so its generation need not be kept.
    pub(crate) root: u32,
    /// Over which link it was sent: that says the caller, and by which way the answer goes.
    pub link: LinkId,
    /// The node it is at, or on its way to: the link's end, unless it was handed on.
    pub(crate) at: NodeId,
    /// The replica it is addressed to; [`ANY_REPLICA`] leaves it to the callee.
    pub replica: u32,
    pub(crate) caller_tag: u32,
    pub(crate) callee_tag: u32,
    /// 0 for the first attempt, n for the n-th retry.
    pub attempt: u16,
    pub(crate) depth: u8,
    pub(crate) stage: Stage,
    pub(crate) abandoned: bool,
    pub(crate) by_retry: bool,
    pub(crate) cancel: bool,
    pub(crate) outcome: u8,
}

/// The callee chooses a replica itself.
pub const ANY_REPLICA: u32 = u32::MAX;

impl Call {
    /// Whether a retry (of this call or of one above it) caused it.
    #[must_use]
    pub fn by_retry(&self) -> bool {
        self.by_retry
    }
}

/// What a caller says of a call it sends.
#[derive(Clone, Copy, Debug)]
pub struct CallSpec {
    /// The root it is done for.
    pub root: RootId,
    /// The call that caused it; `None` for an attempt of a client.
    pub parent: Option<CallId>,
    /// Identity for draws: the parent's, unless [`crate::Ctx::branch`] made another.
    pub lineage: u64,
    /// 0 for the first attempt, n for the n-th retry.
    pub attempt: u16,
    /// Replica, or [`ANY_REPLICA`].
    pub replica: u32,
    /// For the caller's own use; comes back with the answer.
    pub tag: u32,
    /// How long the caller waits; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Whether the callee is told when the caller gives up.
    pub cancel: bool,
}

/// The end of a call, as its caller sees it: the answer, or that it gave up waiting.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The call; it may still be worked on when the caller gave up.
    pub call: CallId,
    /// Over which link it went.
    pub link: LinkId,
    /// The root it was done for.
    pub root: RootId,
    /// The call that caused it; [`Key::NONE`] for an attempt of a client.
    pub parent: CallId,
    /// Its lineage.
    pub lineage: u64,
    /// The caller's own number.
    pub tag: u32,
    /// Which attempt it was.
    pub attempt: u16,
    /// Which replica it was addressed to.
    pub replica: u32,
    /// How it ended.
    pub outcome: Outcome,
}

// Millions of calls are alive in an avalanche.
const _: () = assert!(size_of::<Call>() == 64 && size_of::<Root>() == 48);

pub(crate) fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(code) => code as u8,
    }
}

pub(crate) fn outcome_from(code: u8) -> Outcome {
    match code {
        0 => Ok(()),
        n => Err(Code::ALL[(n - 1) as usize]),
    }
}
