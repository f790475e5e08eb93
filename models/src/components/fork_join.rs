//! Fork and join: a request becomes one call to everything linked, and is answered when the last of them is.

use crate::catalogue::{Descriptor, Family, GaugeSpec, Look, PortSpec};
use crate::component::{Component, Cx, Message, slot};
use crate::param::Params;
use crate::params;
use crate::status::Status;
use floodgate_core::{
    ANY_REPLICA, CallId, CallSpec, Duration, Key, LinkChange, LinkId, Outcome, PortId, Reply, Time, TimerId,
};

params! {
    /// Configuration of `fork_join`.
    pub struct Config {
        /// How long each branch is waited for; absent is for ever.
        branch_timeout: Option<Duration> = none in 0.000001 ..= 86400, live;
        /// Whether a branch is told when it is given up.
        branch_cancel: bool = "true", live;
    }
}

static DESCRIPTOR: Descriptor = Descriptor {
    kind: "fork_join",
    title: "Fork and join",
    family: Family::Entry,
    doc: "Calls everything behind it at once and answers when the last has answered.",
    manual: "The fork-join queue of Flatto and Hahn (1984), or scatter and gather: one call for each link, all at the same \
             instant, and the join costs nothing. The answer is as late as the latest branch, which is why the tail of a \
             fan-out is made of the tails of its branches; and it fails when any branch fails, with the code of the first \
             such branch in the order of the links, but not before all have ended. Each branch draws by a lineage of its \
             own, the first by that of the request.",
    source: "Flatto and Hahn (1984): the fork-join queue.",
    accepts_calls: true,
    ports: &[PortSpec { name: "branches", max_links: 1024, doc: "All called at once for every request." }],
    params: Config::SPECS,
    gauges: &[GaugeSpec { name: "open", unit: "requests", doc: "Requests forked and not joined." }],
    tracks: &[],
    faults: &[],
    look: Look::Switch,
    build: None,
};

const GAUGE_OPEN: usize = slot::OWN;

#[derive(Clone, Copy, Debug)]
struct Fork {
    /// Branches that have not ended.
    open: u32,
    /// Branch and outcome of the first one in the order of the links that failed.
    failed: Option<(u32, Outcome)>,
}

/// See [the manual](ForkJoin::DESCRIPTOR).
#[derive(Clone, Debug)]
pub struct ForkJoin {
    config: Config,
    branches: Vec<LinkId>,
    forks: Vec<Fork>,
    /// Calls of the branches of each fork: as many as there were when it began.
    children: Vec<Vec<CallId>>,
    free: Vec<u32>,
    open: u64,
}

impl ForkJoin {
    fn admit(&mut self) -> u32 {
        let fork = Fork { open: self.branches.len() as u32, failed: None };
        self.open += 1;
        let place = self.free.pop().unwrap_or_else(|| {
            self.forks.push(fork);
            self.children.push(Vec::new());
            self.forks.len() as u32 - 1
        });
        self.forks[place as usize] = fork;
        // Keeps its memory; the links may have changed since.
        let children = &mut self.children[place as usize];
        children.clear();
        children.resize(self.branches.len(), Key::NONE);
        place
    }

    fn close(&mut self, place: u32, cx: &mut Cx<'_>) {
        self.free.push(place);
        self.open -= 1;
        cx.gauge(GAUGE_OPEN, self.open);
    }
}

impl Component for ForkJoin {
    type Config = Config;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn new(config: Config) -> ForkJoin {
        ForkJoin { config, branches: Vec::new(), forks: Vec::new(), children: Vec::new(), free: Vec::new(), open: 0 }
    }

    fn on_start(&mut self, cx: &mut Cx<'_>) {
        self.branches = cx.links(PortId(0));
        cx.tell_callers(&Message::Endpoints(vec![0]));
    }

    fn on_call(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(lineage) = cx.get(call).map(|c| c.lineage) else { return };
        if self.branches.is_empty() {
            return cx.reply(call, Ok(()));
        }
        let place = self.admit();
        cx.set_tag(call, place);
        cx.gauge(GAUGE_OPEN, self.open);
        for branch in 0..self.branches.len() {
            let spec = CallSpec {
                root: cx.root_of(call),
                parent: Some(call),
                lineage: cx.branch(lineage, branch as u64),
                attempt: 0,
                replica: ANY_REPLICA,
                tag: branch as u32,
                timeout: self.config.branch_timeout,
                cancel: self.config.branch_cancel,
            };
            let child = cx.call(self.branches[branch], spec);
            self.children[place as usize][branch] = child;
        }
    }

    fn on_reply(&mut self, reply: Reply, cx: &mut Cx<'_>) {
        let place = cx.tag(reply.parent);
        self.children[place as usize][reply.tag as usize] = Key::NONE;
        let fork = &mut self.forks[place as usize];
        fork.open -= 1;
        if reply.outcome.is_err() && fork.failed.is_none_or(|(branch, _)| reply.tag < branch) {
            fork.failed = Some((reply.tag, reply.outcome));
        }
        if fork.open == 0 {
            let outcome = fork.failed.map_or(Ok(()), |(_, outcome)| outcome);
            self.close(place, cx);
            cx.reply(reply.parent, outcome);
        }
    }

    fn on_cancel(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let place = cx.tag(call);
        for child in self.children[place as usize].drain(..) {
            cx.abandon(child);
        }
        self.close(place, cx);
        cx.forget(call);
    }

    fn on_timer(&mut self, _timer: TimerId, _tag: u64, _cx: &mut Cx<'_>) {}

    fn on_configure(&mut self, config: Config, _cx: &mut Cx<'_>) {
        self.config = config;
    }

    fn on_link(&mut self, change: LinkChange, cx: &mut Cx<'_>) {
        match change {
            LinkChange::Caller(link) => cx.message(link, Message::Endpoints(vec![0])),
            LinkChange::CallerGone(_) => {}
            // Requests that are forked already have the branches that there were.
            LinkChange::Callee(_) | LinkChange::CalleeGone(_) => self.branches = cx.links(PortId(0)),
        }
    }

    fn on_removed(&mut self, cx: &mut Cx<'_>) {
        self.open = 0;
        cx.gauge(GAUGE_OPEN, 0);
    }

    fn status(&self, _now: Time, _waits: &dyn Fn(CallId) -> bool) -> Status {
        Status { open: self.open, gauges: vec![self.open as f64], ..Status::default() }
    }
}
