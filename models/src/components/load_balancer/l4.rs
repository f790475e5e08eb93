//! Connections instead of requests: whatever comes over one follows its first packet.

use super::*;
use crate::policy::sockets::{breaks, number_of};
use floodgate_core::Outcome;

/// Where a connection ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    place: u32,
    /// When the process there came to be: another one knows nothing of the connection.
    since: Time,
}

impl End {
    /// The connection is there no more. A new process has not heard of those of the one before it.
    fn leaves(self, endpoints: &mut [Endpoint]) {
        let endpoint = &mut endpoints[self.place as usize];
        if endpoint.since == self.since {
            endpoint.active -= 1;
        }
    }
}

impl LoadBalancer {
    /// Whether a request has come over a connection that is open, or was: then it follows it, or hears that it is gone.
    pub(super) fn follows(&mut self, call: CallId, cx: &mut Cx<'_>) -> bool {
        let number = number_of(call, cx);
        let Some(End { place, since }) = self.sockets.end_of(number) else {
            // Whoever believes that it is open has waited too long.
            if cx.opens_connection(call) {
                return false;
            }
            self.reset(call, cx);
            return true;
        };
        let (now, endpoint) = (cx.now(), &self.endpoints[place as usize]);
        let drains = now < endpoint.left + self.config.drain_timeout;
        if endpoint.since == since && (endpoint.ready || drains) {
            self.sockets.uses(number, now);
            self.send(call, place, 0, cx);
        } else {
            let closed = self.sockets.close(number);
            self.disconnected(closed, cx);
            self.reset(call, cx);
        }
        true
    }

    fn reset(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.was_reset(cx);
        self.answer(call, Err(Code::BadGateway), cx);
    }

    fn was_reset(&mut self, cx: &mut Cx<'_>) {
        self.resets += 1;
        cx.gauge(GAUGE_RESETS, self.resets);
    }

    /// A connection is opened to an endpoint.
    pub(super) fn connect(&mut self, call: CallId, chosen: u32, cx: &mut Cx<'_>) {
        let endpoint = &mut self.endpoints[chosen as usize];
        endpoint.active += 1;
        let end = End { place: chosen, since: endpoint.since };
        // Two requests may have opened the same one while both waited for a core.
        let before = self.sockets.open(number_of(call, cx), end, cx.now());
        self.disconnected(before, cx);
        if self.sockets.begins_to_sweep() {
            cx.timer(Duration(self.config.idle_timeout.0 / 4), IDLE);
        }
        cx.gauge(GAUGE_CONNECTIONS, self.sockets.count());
        self.send(call, chosen, 0, cx);
    }

    fn disconnected(&mut self, closed: Option<End>, cx: &mut Cx<'_>) {
        if let Some(end) = closed {
            end.leaves(&mut self.endpoints);
            cx.gauge(GAUGE_CONNECTIONS, self.sockets.count());
        }
    }

    /// A request has been answered or given up.
    pub(super) fn hung_up(&mut self, call: CallId, outcome: Outcome, cx: &mut Cx<'_>) {
        let closed = self.sockets.hung_up(call, breaks(outcome), cx);
        self.disconnected(closed, cx);
        if outcome == Err(Code::BadGateway) {
            self.was_reset(cx);
        }
    }

    /// Those over which nothing has come for too long are forgotten.
    pub(super) fn forget_silent(&mut self, cx: &mut Cx<'_>) {
        let (patience, endpoints) = (self.config.idle_timeout, &mut self.endpoints);
        let others = self.sockets.sweep(cx.now(), patience, |end| end.leaves(endpoints));
        cx.gauge(GAUGE_CONNECTIONS, self.sockets.count());
        if others {
            cx.timer(Duration(patience.0 / 4), IDLE);
        }
    }
}
