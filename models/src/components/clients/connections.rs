//! Connections that are kept open and used again, as by HTTP/1.1 with keep-alive: one request at a time over each.

use super::*;
use crate::params;
use crate::policy::sockets::breaks;

params! {
    /// Connections that outlive a request. A client keeps the one that it used last; a request that comes while it is in use
    /// opens another. One is not used again after an attempt over it has failed by 502, by a time-out, or was cancelled.
    pub struct Connections {
        /// How many attempts go over one before it is closed (nginx's `keepalive_requests`).
        requests: u32 = "1000" in 1 ..= 65535, live;
        /// How long one stays open when nothing goes over it.
        idle: Duration = "\"60s\"" in 0 ..= 31536000, live;
        /// In a closed loop: how long a user takes to connect again after all connections were cut (see the fault
        /// `disconnect`), with the request that it then sends. Always the same is a herd; spread out it is jitter.
        reconnect: Dist = "\"0s\"" in 0 ..= 86400, live;
    }
}

/// Keeping one for each is only for so many clients.
pub(super) const CLIENTS_MAX: u64 = 1_000_000;
const PURPOSE_CONNECTION: u64 = 1 << 62;

/// The connection that a client keeps, and how many it has opened.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    number: u64,
    since: Time,
    /// Attempts that went over it; 0 is none that is kept.
    used: u16,
    opened: u32,
}

/// A connection in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) number: u64,
    /// It is new.
    pub(super) opens: bool,
    /// What there is to remember until it is given back.
    pub(super) tag: u32,
}

/// Those of all clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    kept: Vec<Kept>,
    /// How often all were cut: what was taken before that is dead.
    cuts: u16,
    pub(super) opened: u64,
}

impl Pool {
    pub(super) fn new(clients: u64) -> Pool {
        Pool { kept: vec![Kept::default(); clients.min(CLIENTS_MAX) as usize], ..Pool::default() }
    }

    /// Users may come while the system runs.
    pub(super) fn grow(&mut self, clients: u32) {
        let clients = u64::from(clients).min(CLIENTS_MAX) as usize;
        if self.kept.len() < clients {
            self.kept.resize(clients, Kept::default());
        }
    }

    pub(super) fn take(&mut self, client: u32, rules: &Connections, cx: &Cx<'_>) -> Taken {
        let cuts = u32::from(self.cuts) << 16;
        let place = client as usize % self.kept.len().max(1);
        let Some(kept) = self.kept.get_mut(place) else {
            return Taken {
                number: cx.root_lineage(PURPOSE_CONNECTION | u64::from(client)),
                opens: true,
                tag: cuts | 1,
            };
        };
        let used = std::mem::take(&mut kept.used);
        let good = used > 0 && u32::from(used) < rules.requests && cx.now().since(kept.since) <= rules.idle;
        if good {
            return Taken { number: kept.number, opens: false, tag: cuts | u32::from(used + 1) };
        }
        kept.opened += 1;
        self.opened += 1;
        // Its own for each client and each of its connections, whatever others do.
        let name = PURPOSE_CONNECTION | u64::from(client) << 30 | u64::from(kept.opened) & 0x3fff_ffff;
        Taken { number: cx.root_lineage(name), opens: true, tag: cuts | 1 }
    }

    /// An attempt over it has ended.
    pub(super) fn give_back(&mut self, client: u32, number: u64, tag: u32, outcome: Outcome, now: Time) {
        let place = client as usize % self.kept.len().max(1);
        if (tag >> 16) as u16 != self.cuts || breaks(outcome) {
            return;
        }
        if let Some(kept) = self.kept.get_mut(place) {
            (kept.number, kept.since, kept.used) = (number, now, tag as u16);
        }
    }

    /// All connections are lost at once, those in use as well.
    pub(super) fn cut(&mut self) {
        self.cuts = self.cuts.wrapping_add(1);
        self.kept.iter_mut().for_each(|kept| kept.used = 0);
    }

    pub(super) fn bytes(&self) -> usize {
        self.kept.len() * size_of::<Kept>()
    }
}
