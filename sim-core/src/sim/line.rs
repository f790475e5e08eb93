//! Messages on links that are not plain: whose latency is drawn, that lose messages, have a bandwidth, are cut or removed.

use super::kernel::Kernel;
use crate::call::{CallId, Stage, outcome_code};
use crate::link::Partition;
use crate::outcome::Code;
use crate::queue::Kind;
use crate::rng::{Draws, mix};
use crate::slab::Key;
use crate::time::{Duration, Time};
use crate::topology::LinkId;

/// What a link keeps that is not plain.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Of each direction, when the last byte so far has passed.
    free: [Time; 2],
    /// Messages that do not get through while it is cut, in the order in which they were sent.
    held: Vec<Held>,
    /// When so many are held, those that nobody waits for are looked for again.
    sift_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    since: Time,
    lineage: u64,
    id: Key,
    kind: Kind,
    back: bool,
}

impl Line {
    pub(super) fn bytes(&self) -> usize {
        self.held.capacity() * size_of::<Held>()
    }
}

/// Fewer messages than this are not worth sifting.
const SIFT_MIN: usize = 1024;
const PURPOSE_LATENCY: u64 = 0x6c61_7465;
const PURPOSE_LOSS: u64 = 0x6c6f_7373;

impl<T: Clone> Kernel<T> {
    #[inline(never)]
    pub(super) fn send_varying(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, id: Key) {
        let route = &self.routes.links()[link.0 as usize];
        if route.removed && kind == Kind::Deliver {
            return self.refuse(id);
        }
        match (route.spec.partition, kind) {
            _ if route.removed => self.transmit(link, lineage, back, kind, id, Duration::ZERO),
            (Partition::None, _) => self.transmit(link, lineage, back, kind, id, Duration::ZERO),
            (Partition::Refuse, Kind::Deliver) => self.reset(id),
            (Partition::Refuse, Kind::Reply) => self.reset(id),
            _ => self.hold(link, Held { since: self.now(), lineage, id, kind, back }),
        }
    }

    /// A message goes over a link after `wait`.
    fn transmit(&mut self, link: LinkId, lineage: u64, back: bool, kind: Kind, id: Key, mut wait: Duration) {
        let spec = &self.routes.links()[link.0 as usize].spec;
        let key = self.routes.links()[link.0 as usize].key_hash ^ u64::from(back);
        if spec.loss > 0.0 {
            let mut draws = Draws::new(mix(self.seed ^ PURPOSE_LOSS, key), lineage);
            wait = wait + spec.resending(&mut draws);
        }
        if spec.bandwidth.is_some() {
            let passing = spec.passing(self.message_bytes(link, kind, id));
            let ready = self.now() + wait;
            let free = &mut self.lines[link.0 as usize].free[usize::from(back)];
            *free = (*free).max(ready) + passing;
            wait = free.since(self.now());
        }
        let spec = &self.routes.links()[link.0 as usize].spec;
        let latency = spec.latency.sample(&mut Draws::new(mix(self.seed ^ PURPOSE_LATENCY, key), lineage));
        self.queue.push(latency.0.saturating_add(wait.0), kind, id);
    }

    /// How much has to pass: news and cancellations are small.
    fn message_bytes(&self, link: LinkId, kind: Kind, id: Key) -> u64 {
        let spec = &self.routes.links()[link.0 as usize].spec;
        match (kind, self.calls.get(id)) {
            (Kind::Reply, Some(call)) if call.outcome == outcome_code(Ok(())) => {
                let traits = self.roots.at(call.root).and_then(|root| root.traits(&self.traits));
                traits.map(|traits| traits.bytes).filter(|&bytes| bytes > 0).unwrap_or(spec.answer_bytes)
            }
            (Kind::Deliver | Kind::Reply, _) => spec.call_bytes,
            _ => 0,
        }
    }

    /// A call cannot leave: it is answered 502, as if it had come to where nobody listens.
    #[cold]
    fn refuse(&mut self, id: CallId) {
        let now = self.now();
        let Some(record) = self.calls.get_mut(id) else { return };
        record.turn_back(Err(Code::BadGateway), now);
        let (link, lineage) = (record.link, record.lineage);
        self.send(link, lineage, true, Kind::Reply, id);
    }

    /// The connection of a call is gone: its caller knows at once.
    #[cold]
    fn reset(&mut self, id: CallId) {
        let now = self.now();
        let Some(record) = self.calls.get_mut(id) else { return };
        record.turn_back(Err(Code::BadGateway), now);
        self.queue.push_now(Kind::Reply, id);
    }

    /// A message is sent again and again until the link is whole. Those of calls that were given up before they got through
    /// die with their connections, so that a long cut holds no more than what is waited for.
    #[cold]
    fn hold(&mut self, link: LinkId, message: Held) {
        let line = &mut self.lines[link.0 as usize];
        line.held.push(message);
        if line.held.len() < line.sift_at.max(SIFT_MIN) {
            return;
        }
        let held = std::mem::take(&mut line.held);
        let given_up = |kernel: &Self, m: &Held| {
            let call = kernel.calls.get(m.id);
            m.kind == Kind::Deliver && call.is_some_and(|c| c.abandoned() && c.stage == Stage::Outbound)
        };
        let (gone, kept): (Vec<Held>, Vec<Held>) = held.into_iter().partition(|m| given_up(self, m));
        for message in gone {
            self.waste(message.id);
            self.free(message.id);
        }
        let line = &mut self.lines[link.0 as usize];
        line.sift_at = 2 * kept.len();
        line.held = kept;
    }

    /// The link is whole, or removed: what it has held gets through when it is sent the next time.
    pub(super) fn release(&mut self, link: LinkId) {
        let now = self.now();
        for message in std::mem::take(&mut self.lines[link.0 as usize].held) {
            let Held { since, lineage, id, kind, back } = message;
            let again = self.routes.links()[link.0 as usize].spec.sent_again(since, now);
            self.transmit(link, lineage, back, kind, id, again.since(now));
        }
    }
}
