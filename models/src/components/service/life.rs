//! How replicas come, drain, die and go, and what is said of it.

use super::replica::{Replica, Stage, State, Tag};
use super::*;

impl Service {
    /// Reads the links again after an edit, which has added one or taken one away. Jobs go on from where they stand in the
    /// order of the callees: what comes before is behind them, what comes after is still to be called.
    #[cold]
    pub(super) fn read_links(&mut self, cx: &mut Cx<'_>) {
        let links = cx.links(PortId(0));
        let old = std::mem::replace(&mut self.calls, links);
        let Some(place) = (0..old.len().max(self.calls.len())).find(|&i| old.get(i) != self.calls.get(i)) else {
            return;
        };
        let (edited, added) = (place as u32, self.calls.len() > old.len());
        for place in 0..self.jobs.len() as u32 {
            let job = &mut self.jobs[place as usize];
            let next = job.step.wrapping_add(1);
            if job.stage != Stage::Calling || edited >= next {
                continue;
            }
            let pauses = job.child == Key::NONE;
            job.step = if added { next } else { next.wrapping_sub(2) };
            if !added && edited + 1 == next && pauses {
                // There is nobody left whom it could try again.
                self.finish(place, Err(Code::Internal), cx);
            }
        }
    }

    /// A draining replica that is idle goes when it has stayed for long enough.
    #[cold]
    pub(super) fn leave(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let replica = &mut self.replicas[number as usize];
        let stays = replica.since + self.config.drain_delay;
        if replica.state == State::Draining && replica.in_flight() == 0 && now >= stays {
            (replica.state, replica.since) = (State::Removed, now);
            self.publish(cx);
        }
    }

    /// A draining replica has stayed for as long as it should when it began to.
    pub(super) fn may_leave(&mut self, number: u32, cx: &mut Cx<'_>) {
        let replica = &self.replicas[number as usize];
        let stays = replica.since + self.config.drain_delay;
        if replica.state == State::Draining && cx.now() < stays {
            // By now it should stay for longer.
            cx.timer(stays.since(cx.now()), Tag::Leave.with(number));
        } else {
            self.leave(number, cx);
        }
    }

    /// Sets all gauges: after a replica has come or gone.
    pub(super) fn publish(&mut self, cx: &mut Cx<'_>) {
        let alive = |r: &&Replica| !matches!(r.state, State::Down | State::Removed);
        self.alive = self.replicas.iter().filter(alive).count() as u32;
        self.ready.clear();
        let up = |r: &u32| self.replicas[*r as usize].state == State::Up;
        self.ready.extend((0..self.replicas.len() as u32).filter(up));
        self.sole = if let [only] = *self.ready.as_slice() { only } else { NONE };
        let each = self.config.cores.unwrap_or(self.config.workers);
        cx.gauge(slot::CAPACITY, u64::from(self.alive) * u64::from(each));
        cx.gauge(GAUGE_READY, self.ready.len() as u64);
        cx.gauge(GAUGE_KILLS, self.kills);
        cx.gauge(GAUGE_DESIRED, u64::from(self.config.replicas));
        cx.gauge(GAUGE_STATE, self.state());
        if self.config.cores.is_some() {
            cx.gauge(slot::USED, u64::from(self.computing));
        }
        self.queue_changed(cx);
        self.busy_changed(cx);
    }

    pub(super) fn announce(&self, cx: &mut Cx<'_>) {
        cx.tell_callers(&Message::Endpoints(self.ready.clone()));
    }

    /// The replica dies: connections are reset, what was done on it is lost.
    pub(super) fn kill(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        let Some(replica) = self.replicas.get_mut(number as usize) else { return };
        if matches!(replica.state, State::Down | State::Removed) {
            return;
        }
        let attained = replica.cpu.attained(now);
        replica.cpu.clear(cx);
        self.busy -= replica.busy;
        self.queued -= replica.waiting;
        if let Some(cores) = self.config.cores {
            self.computing -= replica.computing.min(cores);
        }
        let draining = replica.state == State::Draining;
        let fresh = Replica::new(if draining { State::Removed } else { State::Down }, now, true);
        let killed = std::mem::replace(replica, fresh);
        for place in 0..self.jobs.len() {
            let job = self.jobs[place];
            if job.stage == Stage::Gone || job.replica != number {
                continue;
            }
            self.jobs[place].stage = Stage::Gone;
            self.jobs[place].replica = std::mem::replace(&mut self.free, place as u32);
            if matches!(job.stage, Stage::Before | Stage::After) {
                let done = match self.config.cores {
                    Some(_) => (attained - f64::from_bits(job.mark)).max(0.0) as u64,
                    None => now.0 - job.mark,
                };
                cx.work(job.call, Duration(done).min(job.stretch));
            }
            if job.stage == Stage::Calling && self.config.call_cancel {
                cx.abandon(job.child);
            }
            cx.waste(job.call);
            cx.reply(job.call, Err(Code::BadGateway));
        }
        for &call in killed.queue.iter() {
            // Those that were cancelled have gone.
            if cx.get(call).is_some() {
                cx.reply(call, Err(Code::BadGateway));
            }
        }
        if !draining {
            cx.timer(self.config.restart_delay, Tag::Start.with(number));
        }
        self.publish(cx);
        self.announce(cx);
    }

    /// Adds replicas, which start, or drains the last ones.
    pub(super) fn scale(&mut self, cx: &mut Cx<'_>) {
        let wanted = self.config.replicas as usize;
        let now = cx.now();
        for number in wanted..self.replicas.len() {
            let replica = &mut self.replicas[number];
            match replica.state {
                State::Up => {
                    replica.state = State::Draining;
                    cx.timer(self.config.drain_delay, Tag::Leave.with(number as u32));
                }
                State::Down => replica.state = State::Removed,
                State::Draining | State::Removed => continue,
            }
            replica.since = now;
        }
        for number in 0..wanted {
            match self.replicas.get_mut(number) {
                None => self.replicas.push(Replica::new(State::Down, now, true)),
                Some(replica) if replica.state == State::Draining => {
                    replica.state = State::Up;
                    continue;
                }
                Some(replica) if replica.state == State::Removed => *replica = Replica::new(State::Down, now, true),
                Some(_) => continue,
            }
            cx.timer(self.config.restart_delay, Tag::Start.with(number as u32));
        }
        self.publish(cx);
        self.announce(cx);
    }
}
