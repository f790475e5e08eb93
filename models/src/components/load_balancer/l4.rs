//! Connections instead of requests: whatever comes over one follows its first packet.

use super::*;

/// Connections that are open.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<u64, Connection>,
    resets: u64,
    /// Silent ones are looked for.
    sweeps: bool,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    place: u32,
    /// When the process at the other end came to be: another one knows nothing of the connection.
    since: Time,
    last: Time,
    /// Requests under way over it.
    busy: u32,
}

impl Connections {
    pub(super) fn count(&self) -> u64 {
        self.open.len() as u64
    }

    pub(super) fn resets(&self) -> u64 {
        self.resets
    }

    pub(super) fn bytes(&self) -> usize {
        // A map keeps about twice what it holds.
        self.open.len() * 2 * size_of::<(u64, Connection)>()
    }
}

/// Whether a request came over a connection that its client keeps for others.
fn is_kept(call: CallId, cx: &Cx<'_>) -> bool {
    cx.origin(call).is_some_and(|(_, root)| cx.connection_of(call) != root.lineage)
}

/// The connection that a request came over. Where its client keeps none, each attempt has one of its own.
fn number_of(call: CallId, cx: &Cx<'_>) -> u64 {
    if is_kept(call, cx) { cx.connection_of(call) } else { cx.get(call).map_or(0, |c| c.lineage) }
}

impl LoadBalancer {
    /// Whether a request has come over a connection that is open, or was: then it follows it, or hears that it is gone.
    pub(super) fn follows(&mut self, call: CallId, cx: &mut Cx<'_>) -> bool {
        let number = number_of(call, cx);
        let Some(connection) = self.connections.open.get_mut(&number) else {
            // Whoever believes that it is open has waited too long.
            if cx.opens_connection(call) {
                return false;
            }
            self.reset(call, cx);
            return true;
        };
        let (place, endpoint) = (connection.place, &self.endpoints[connection.place as usize]);
        if endpoint.ready && endpoint.since == connection.since {
            (connection.last, connection.busy) = (cx.now(), connection.busy + 1);
            self.send(call, place, 0, cx);
        } else {
            self.disconnect(number, cx);
            self.reset(call, cx);
        }
        true
    }

    fn reset(&mut self, call: CallId, cx: &mut Cx<'_>) {
        self.connections.resets += 1;
        cx.gauge(GAUGE_RESETS, self.connections.resets);
        self.answer(call, Err(Code::BadGateway), cx);
    }

    /// A connection is opened to an endpoint.
    pub(super) fn connect(&mut self, call: CallId, chosen: u32, cx: &mut Cx<'_>) {
        let (now, number) = (cx.now(), number_of(call, cx));
        let endpoint = &mut self.endpoints[chosen as usize];
        let connection = Connection { place: chosen, since: endpoint.since, last: now, busy: 1 };
        endpoint.active += 1;
        if let Some(before) = self.connections.open.insert(number, connection) {
            // Two requests have opened the same one while both waited for a core.
            self.endpoints[before.place as usize].active -= 1;
        }
        if !self.connections.sweeps {
            self.connections.sweeps = true;
            cx.timer(Duration(self.config.idle_timeout.0 / 4), IDLE);
        }
        cx.gauge(GAUGE_CONNECTIONS, self.connections.count());
        self.send(call, chosen, 0, cx);
    }

    fn disconnect(&mut self, number: u64, cx: &mut Cx<'_>) {
        if let Some(connection) = self.connections.open.remove(&number) {
            self.endpoints[connection.place as usize].active -= 1;
            cx.gauge(GAUGE_CONNECTIONS, self.connections.count());
        }
    }

    /// A request has been answered or given up. A connection that nobody keeps ends with it.
    pub(super) fn hung_up(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let number = number_of(call, cx);
        let now = cx.now();
        if let Some(connection) = self.connections.open.get_mut(&number) {
            (connection.last, connection.busy) = (now, connection.busy.saturating_sub(1));
        }
        if !is_kept(call, cx) {
            self.disconnect(number, cx);
        }
    }

    /// Those over which nothing has come for too long are forgotten.
    pub(super) fn forget_silent(&mut self, cx: &mut Cx<'_>) {
        let (now, patience) = (cx.now(), self.config.idle_timeout);
        let silent = |c: &Connection| c.busy == 0 && now.since(c.last) >= patience;
        let gone: Vec<u64> = self.connections.open.iter().filter(|(_, c)| silent(c)).map(|(&n, _)| n).collect();
        for number in gone {
            self.disconnect(number, cx);
        }
        self.connections.sweeps = !self.connections.open.is_empty();
        if self.connections.sweeps {
            cx.timer(Duration(patience.0 / 4), IDLE);
        }
    }
}
