//! What stands before the choice of an endpoint: room, and the balancer's own processor.

use super::*;
use std::collections::VecDeque;

/// What a request passes before an endpoint is chosen: room, and the balancer's own processor.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    /// Requests that wait for room, with their numbers and timers.
    pub(super) queue: VecDeque<(u64, CallId, Option<TimerId>)>,
    numbers: u64,
    /// Cores that compute.
    pub(super) busy: u32,
    /// Requests inside that wait for a core.
    pub(super) backlog: VecDeque<CallId>,
}

impl LoadBalancer {
    /// Nothing stands between a request and its endpoint.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.config.cost.is_none() && self.config.max_connections.is_none()
    }

    /// Requests inside.
    pub(super) fn held(&self) -> u64 {
        let passed_on = if self.config.mode == Mode::L7 { self.open } else { self.sockets.count() };
        passed_on + u64::from(self.gate.busy) + self.gate.backlog.len() as u64
    }

    #[inline(never)]
    pub(super) fn enter(&mut self, call: CallId, cx: &mut Cx<'_>) {
        if self.config.max_connections.is_some_and(|most| self.held() >= u64::from(most)) {
            if self.gate.queue.len() >= self.config.queue as usize {
                return cx.reply(call, Err(Code::Unavailable));
            }
            let number = self.gate.numbers;
            self.gate.numbers += 1;
            let timer = self.config.queue_timeout.map(|patience| cx.timer(patience, number));
            self.gate.queue.push_back((number, call, timer));
            return self.queue_changed(cx);
        }
        self.compute(call, cx);
    }

    /// The balancer's own work for a request, when a core is free.
    pub(super) fn compute(&mut self, call: CallId, cx: &mut Cx<'_>) {
        let Some(cost) = &self.config.cost else { return self.pass_on(call, cx) };
        cx.set_tag(call, COMPUTES);
        if self.gate.busy >= self.config.cores {
            self.gate.backlog.push_back(call);
            return self.queue_changed(cx);
        }
        self.gate.busy += 1;
        let length = cost.sample(&mut cx.draws(PURPOSE_COST, cx.get(call).map_or(0, |c| c.lineage)));
        cx.work(call, length);
        cx.serve(call, length);
        self.cores_changed(cx);
    }

    /// A core is free.
    pub(super) fn computed(&mut self, cx: &mut Cx<'_>) {
        while self.gate.busy < self.config.cores
            && let Some(next) = self.gate.backlog.pop_front()
        {
            self.compute(next, cx);
            self.queue_changed(cx);
        }
        self.cores_changed(cx);
    }

    /// There may be room inside.
    #[inline(never)]
    pub(super) fn let_in(&mut self, cx: &mut Cx<'_>) {
        while self.config.max_connections.is_none_or(|most| self.held() < u64::from(most))
            && let Some((_, call, timer)) = self.gate.queue.pop_front()
        {
            if let Some(timer) = timer {
                cx.cancel(timer);
            }
            self.queue_changed(cx);
            self.compute(call, cx);
        }
    }

    pub(super) fn queue_changed(&self, cx: &mut Cx<'_>) {
        cx.gauge(slot::QUEUE, (self.gate.queue.len() + self.gate.backlog.len()) as u64);
    }

    fn cores_changed(&self, cx: &mut Cx<'_>) {
        cx.gauge(slot::USED, u64::from(self.gate.busy.min(self.config.cores)));
    }

    pub(super) fn capacity_changed(&self, cx: &mut Cx<'_>) {
        cx.gauge(slot::CAPACITY, if self.config.cost.is_some() { u64::from(self.config.cores) } else { 0 });
    }
}
