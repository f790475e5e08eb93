//! Connections that are open, as whoever passes packets on knows of them.

use crate::component::Cx;
use floodgate_core::{CallId, Code, Outcome, Time};
use std::collections::BTreeMap;

/// Connections by their numbers, and what is remembered of each: where it ends.
#[derive(Clone, Debug)]
pub struct Sockets<T> {
    open: BTreeMap<u64, Socket<T>>,
    sweeps: bool,
}

impl<T> Default for Sockets<T> {
    fn default() -> Sockets<T> {
        Sockets { open: BTreeMap::new(), sweeps: false }
    }
}

#[derive(Clone, Copy, Debug)]
struct Socket<T> {
    end: T,
    last: Time,
    /// Requests under way over it.
    busy: u32,
}

/// Whether a request came over a connection that its client keeps for others.
#[must_use]
pub fn is_kept(call: CallId, cx: &Cx<'_>) -> bool {
    cx.origin(call).is_some_and(|(_, root)| cx.connection_of(call) != root.lineage)
}

/// The number of the connection that a request came over. Where its client keeps none, each attempt has one of its own.
#[must_use]
pub fn number_of(call: CallId, cx: &Cx<'_>) -> u64 {
    if is_kept(call, cx) { cx.connection_of(call) } else { cx.get(call).map_or(0, |c| c.lineage) }
}

/// Whether nothing goes over a connection any more after a request over it has ended so: it was refused, reset, or closed by
/// whoever lost patience, since nobody knows when the answer would have come.
#[must_use]
pub fn breaks(outcome: Outcome) -> bool {
    matches!(outcome, Err(Code::BadGateway | Code::Timeout | Code::ConnectTimeout | Code::Cancelled))
}

impl<T: Copy> Sockets<T> {
    /// How many are open.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.open.len() as u64
    }

    /// Bytes on the heap, about: a map keeps about twice what it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.open.len() * 2 * size_of::<(u64, Socket<T>)>()
    }

    /// Where a connection ends.
    #[must_use]
    pub fn end_of(&self, number: u64) -> Option<T> {
        self.open.get(&number).map(|socket| socket.end)
    }

    /// A request goes over a connection that is open.
    pub fn uses(&mut self, number: u64, now: Time) {
        if let Some(socket) = self.open.get_mut(&number) {
            (socket.last, socket.busy) = (now, socket.busy + 1);
        }
    }

    /// A connection is opened by the first request over it; what was known of one by the same number is returned.
    pub fn open(&mut self, number: u64, end: T, now: Time) -> Option<T> {
        self.open.insert(number, Socket { end, last: now, busy: 1 }).map(|before| before.end)
    }

    /// A connection is closed or reset.
    pub fn close(&mut self, number: u64) -> Option<T> {
        self.open.remove(&number).map(|socket| socket.end)
    }

    /// A request has been answered or given up. A connection that breaks, or that nobody keeps, ends with it and is returned.
    pub fn hung_up(&mut self, call: CallId, broken: bool, cx: &Cx<'_>) -> Option<T> {
        let number = number_of(call, cx);
        if broken || !is_kept(call, cx) {
            return self.close(number);
        }
        if let Some(socket) = self.open.get_mut(&number) {
            (socket.last, socket.busy) = (cx.now(), socket.busy.saturating_sub(1));
        }
        None
    }

    /// Whether whoever has opened one has to wait for silent ones, because nobody does yet.
    pub fn begins_to_sweep(&mut self) -> bool {
        !std::mem::replace(&mut self.sweeps, true)
    }

    /// Forgets those over which nothing has come for too long, from the lowest number on; true while there are others, for
    /// which another sweep is to come.
    pub fn sweep(&mut self, now: Time, patience: floodgate_core::Duration, mut gone: impl FnMut(T)) -> bool {
        self.open.retain(|_, socket| {
            let silent = socket.busy == 0 && now.since(socket.last) >= patience;
            if silent {
                gone(socket.end);
            }
            !silent
        });
        self.sweeps = !self.open.is_empty();
        self.sweeps
    }

    /// Where connections end is called otherwise from now on.
    pub fn ends_are(&mut self, mut new: impl FnMut(T) -> T) {
        self.open.values_mut().for_each(|socket| socket.end = new(socket.end));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}
