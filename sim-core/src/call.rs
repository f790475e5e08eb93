//! Requests as trees of calls.
//!
//! A *root* is what a client wants; every attempt at it, and everything done for it, is a *call* with a parent (or none, for
//! the attempts themselves). A call lives from the moment it is sent until its answer has come back to the caller, or was
//! dropped there, so work that nobody waits for any more stays visible.

use crate::outcome::Code;
use crate::rng::Draws;
use crate::slab::{Key, Slab, record};
use crate::time::{Duration, Time};
use crate::topology::{LinkId, NODES_MAX, NodeId};

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
    pub(crate) busy_ns: u64,
    /// The client that sent it, or how many there are of whom it is one; or where its [`Traits`] are.
    client: u32,
    /// How much work it asks for, as a multiple of what is usual: service times are multiplied by it.
    pub work: f32,
    pub(crate) calls: u32,
    generation: u32,
    /// Number of the node it was born at: what ends when that node is removed. [`CLIENT_KNOWN`] or [`DESCRIBED`] is added
    /// to it.
    node: u32,
    /// Criticality: 0 is the most important.
    pub priority: u8,
    /// Number of its class: one of those of the node it was born at.
    pub class: u8,
    pub(crate) ended: bool,
    /// Born since the statistics started.
    pub(crate) counted: bool,
}

/// Beyond the numbers of nodes.
const CLIENT_KNOWN: u32 = 1 << 31;
const DESCRIBED: u32 = 1 << 30;
const _: () = assert!(NODES_MAX <= DESCRIBED as usize);

/// A root that is to be born.
#[derive(Clone, Copy, Debug)]
pub struct Birth {
    /// Its place among the arrivals of its node; its lineage is mixed from it.
    pub ordinal: u64,
    /// Who sends it.
    pub client: Client,
    /// Criticality: 0 is the most important.
    pub priority: u8,
    /// How much work it asks for, as a multiple of what is usual.
    pub work: f32,
    /// Its class, by its place among those of the node: 0 is the node's first.
    pub class: u8,
}

/// What is said of a root beyond its birth. Only roots that have any take memory for them; they are freed with the root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traits {
    /// The client that sent it.
    pub client: u32,
    /// For the own use of the node it was born at.
    pub tag: u32,
    /// Whether its last attempt has opened the connection, which then had to be set up.
    pub opens: bool,
    /// The connection that its last attempt came over: a number that no other connection of the run has.
    pub connection: u64,
    /// Token of the session that it belongs to.
    pub session: Option<u64>,
    /// What it is about (an article, a user, a row): what caches and shards go by.
    pub key: Option<u64>,
    /// Size of what is transferred for it, in bytes; 0 when nothing is said of it.
    pub bytes: u64,
    /// From when on its answer is of no use to anybody; [`Time::MAX`] is never.
    pub deadline: Time,
    /// Its service demand, in place of what would be drawn for it.
    pub demand: Option<Duration>,
}

impl Traits {
    /// Nothing but who sent it, over a connection of its own.
    #[must_use]
    pub fn of(client: u32, connection: u64) -> Traits {
        Traits {
            client,
            tag: 0,
            opens: true,
            connection,
            session: None,
            key: None,
            bytes: 0,
            deadline: Time::MAX,
            demand: None,
        }
    }
}

/// Traits in their slab.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described {
    traits: Traits,
    generation: u32,
}

record!(Described, |place| place.traits.client, |place, index| place.traits.client = index);

/// Who sends a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// This one.
    Known(u32),
    /// One of so many, all equally likely; drawn by lineage when somebody asks, which most never do.
    OneOf(u32),
}

const PURPOSE_CLIENT: u64 = 0x636c_6965_6e74;

/// Which of so many clients sends a root.
pub(crate) fn one_of(population: u32, lineage: u64, seed: u64) -> u32 {
    Draws::new(seed ^ PURPOSE_CLIENT, lineage).below(u64::from(population)) as u32
}

impl Root {
    #[inline(always)]
    pub(crate) fn new(born: Time, lineage: u64, class: u8, node: NodeId, birth: Birth) -> Root {
        let (client, known) = match birth.client {
            Client::Known(client) => (client, CLIENT_KNOWN),
            Client::OneOf(population) => (population, 0),
        };
        debug_assert!(birth.work >= 0.0, "work is not negative");
        Root {
            born,
            lineage,
            busy_ns: 0,
            client,
            work: birth.work,
            calls: 0,
            generation: 0,
            node: node.0 | known,
            priority: birth.priority,
            class,
            ended: false,
            counted: true,
        }
    }

    /// Whether it was born at `node`.
    pub(crate) fn is_of(&self, node: NodeId) -> bool {
        self.node & !(CLIENT_KNOWN | DESCRIBED) == node.0
    }

    /// The client that sent it, if its birth said that.
    #[inline(always)]
    pub(crate) fn known_client(&self) -> Option<u32> {
        (self.node & CLIENT_KNOWN != 0).then_some(self.client)
    }

    /// The client that sent it, in a run with this seed.
    pub(crate) fn client(&self, traits: &Slab<Described>, seed: u64) -> u32 {
        let draw = || one_of(self.client, self.lineage, seed);
        let described = self.traits(traits).map(|traits| traits.client);
        described.or(self.known_client()).unwrap_or_else(draw)
    }

    /// Whether more is said of it than its birth did: see [`Traits`].
    #[inline(always)]
    #[must_use]
    pub fn is_described(&self) -> bool {
        self.node & DESCRIBED != 0
    }

    pub(crate) fn traits<'t>(&self, traits: &'t Slab<Described>) -> Option<&'t Traits> {
        traits.at(self.client).filter(|_| self.is_described()).map(|place| &place.traits)
    }

    pub(crate) fn traits_mut<'t>(&self, traits: &'t mut Slab<Described>) -> Option<&'t mut Traits> {
        traits.at_mut(self.client).filter(|_| self.is_described()).map(|place| &mut place.traits)
    }

    /// Gives it traits, or others than it had.
    pub(crate) fn describe(&mut self, about: Traits, traits: &mut Slab<Described>) {
        if self.is_described() {
            self.forget_traits(traits);
        }
        self.client = traits.insert(Described { traits: about, generation: 0 }).index();
        self.node = self.node & !CLIENT_KNOWN | DESCRIBED;
    }

    /// Whether nothing is left of it, and then not of what was said of it either.
    #[inline(always)]
    pub(crate) fn goes(&self, traits: &mut Slab<Described>) -> bool {
        let goes = self.ended && self.calls == 0;
        if goes && self.is_described() {
            self.forget_traits(traits);
        }
        goes
    }

    #[cold]
    fn forget_traits(&self, traits: &mut Slab<Described>) {
        traits.remove(traits.key_at(self.client));
    }
}

record!(Root, |root| root.calls, |root, index| root.calls = index);

/// Where a call stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Stage {
    Outbound,
    AtCallee,
    Returning,
}

/// A live call. Kept small: overload means millions of them. Not aligned to lines of cache: what is aligned more than usual
/// is copied when its slab grows, where the system would otherwise move its pages.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Identity that draws are keyed by.
    pub lineage: u64,
    /// When it was sent; from its arrival on, when it arrived at the callee; from its answer on, when it was answered.
    pub since: Time,
    pub(crate) busy_ns: u64,
    pub(crate) parent: CallId,
    /// Index of the root it is done for; a root stays as long as it has calls, so its generation need not be kept.
    pub(crate) root: u32,
    /// Over which link it was sent: that says the caller, and by which way the answer goes.
    pub link: LinkId,
    /// The node it is at, or on its way to: the link's end, unless it was handed on.
    pub(crate) at: NodeId,
    pub(crate) caller_tag: u32,
    pub(crate) callee_tag: u32,
    generation: u32,
    /// 0 for the first attempt, n for the n-th retry.
    pub attempt: u16,
    pub(crate) replica: u16,
    pub(crate) depth: u8,
    pub(crate) stage: Stage,
    flags: u8,
    pub(crate) outcome: u8,
}

const ABANDONED: u8 = 1;
const BY_RETRY: u8 = 2;
const CANCEL: u8 = 4;

/// The callee chooses a replica itself.
pub const ANY_REPLICA: u32 = u32::MAX;
const ANY: u16 = u16::MAX;

impl Call {
    #[inline(always)]
    pub(crate) fn new(spec: &CallSpec, link: LinkId, at: NodeId, now: Time, depth: u8, by_retry: bool) -> Call {
        Call {
            lineage: spec.lineage,
            since: now,
            busy_ns: 0,
            parent: spec.parent.unwrap_or(Key::NONE),
            root: spec.root.index(),
            link,
            at,
            caller_tag: spec.tag,
            callee_tag: u32::MAX,
            generation: 0,
            attempt: spec.attempt,
            replica: spec.replica.min(u32::from(ANY)) as u16,
            depth,
            stage: Stage::Outbound,
            flags: (u8::from(by_retry) * BY_RETRY) | (u8::from(spec.cancel) * CANCEL),
            outcome: 0,
        }
    }

    /// It is answered with `outcome` where it is, or on its way there.
    pub(crate) fn turn_back(&mut self, outcome: Outcome, now: Time) {
        (self.stage, self.outcome, self.since) = (Stage::Returning, outcome_code(outcome), now);
    }

    /// Whoever it comes to answers it without looking: it counts as nested too deep.
    pub(crate) fn refuse_on_arrival(&mut self) {
        self.depth = u8::MAX;
    }

    /// It goes on to `at`, as if it had been sent there now.
    pub(crate) fn hand_on(&mut self, at: NodeId, lineage: u64, now: Time) {
        (self.stage, self.at, self.lineage, self.since) = (Stage::Outbound, at, lineage, now);
        (self.replica, self.callee_tag) = (ANY, u32::MAX);
    }

    /// The replica it is addressed to; [`ANY_REPLICA`] leaves it to the callee.
    #[inline]
    #[must_use]
    pub fn replica(&self) -> u32 {
        if self.replica == ANY { ANY_REPLICA } else { u32::from(self.replica) }
    }

    /// Whether a retry (of this call or of one above it) caused it.
    #[inline]
    #[must_use]
    pub fn by_retry(&self) -> bool {
        self.flags & BY_RETRY != 0
    }

    /// Whether its caller has given it up.
    #[inline]
    #[must_use]
    pub fn abandoned(&self) -> bool {
        self.flags & ABANDONED != 0
    }

    pub(crate) fn abandon(&mut self) {
        self.flags |= ABANDONED;
    }

    /// Whether the callee is told when the caller gives up.
    pub(crate) fn cancel(&self) -> bool {
        self.flags & CANCEL != 0
    }
}

record!(Call, |call| call.root, |call, index| call.root = index);

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
    /// Replica (below 65,535), or [`ANY_REPLICA`].
    pub replica: u32,
    /// For the caller's own use; comes back with the answer.
    pub tag: u32,
    /// How long the caller waits; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Whether the callee is told when the caller gives up.
    pub cancel: bool,
}

/// A call that a node sends on its own account.
#[derive(Clone, Copy, Debug)]
pub struct Probing {
    /// Its place among the probes of its node.
    pub ordinal: u64,
    /// Comes back with the answer.
    pub tag: u32,
    /// How much work it asks for, as a multiple of what is usual.
    pub work: f32,
    /// How long it is waited for.
    pub timeout: Duration,
}

/// How long a caller waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// So long; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Whether the callee is told when the caller gives up.
    pub cancel: bool,
}

/// A call that has arrived, with what its callee asks first.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The call.
    pub call: CallId,
    /// Its lineage.
    pub lineage: u64,
    /// The replica that it is addressed to; [`ANY_REPLICA`] leaves it to the callee.
    pub replica: u32,
}

/// The end of a call, as its caller sees it: the answer, or that it gave up waiting.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
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
const _: () = assert!(size_of::<Call>() == 64 && size_of::<Root>() <= 48);

#[inline(always)]
pub(crate) fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Ok(()) => 0,
        Err(code) => code as u8,
    }
}

#[inline(always)]
pub(crate) fn outcome_from(code: u8) -> Outcome {
    match code {
        0 => Ok(()),
        n => Err(Code::ALL[(n - 1) as usize]),
    }
}
