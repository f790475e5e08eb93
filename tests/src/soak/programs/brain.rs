//! A random program: what it does next follows from everything it has heard, so that whoever runs it wrongly soon sees it
//! do something else.

use super::world::{Ask, Heard, Order, World};
use crate::soak::chance::Chance;
use floodgate_core::rng::mix;
use floodgate_core::{Code, Duration, LinkId, Outcome};

/// How many timers and sent calls are remembered: live ones, and ones that have fired, ended or been cancelled.
const REMEMBERED: usize = 16;
/// How many arrived calls and roots are left open; beyond, the oldest is ended.
const OPEN_MAX: usize = 8;

/// The program of one node. `I` is how its world refers to timers, calls and roots.
#[derive(Clone, Debug)]
pub struct Brain<I> {
    state: u64,
    outgoing: Vec<LinkId>,
    incoming: Vec<LinkId>,
    counter: u64,
    timers: Vec<I>,
    sent: Vec<I>,
    arrived: Vec<I>,
    /// Those of the arrived that are served.
    served: Vec<I>,
    roots: Vec<I>,
}

impl<I: Copy + PartialEq + std::fmt::Debug> Brain<I> {
    /// A program that knows its links.
    #[must_use]
    pub fn new(state: u64, outgoing: Vec<LinkId>, incoming: Vec<LinkId>) -> Brain<I> {
        let none = Vec::new;
        let (timers, sent, arrived, served, roots) = (none(), none(), none(), none(), none());
        Brain { state, outgoing, incoming, counter: 0, timers, sent, arrived, served, roots }
    }

    /// Hears something and does what follows from it.
    pub fn hear<W: World<Id = I>>(&mut self, heard: Heard<I>, world: &mut W) {
        self.learn(fingerprint(&heard));
        let mut chance = Chance::new(self.state, self.counter);
        let mut actions = [0, 0, 0, 1, 1, 1, 1, 2, 2][chance.below(9)];
        match heard {
            Heard::Start => actions = 4,
            Heard::Call(call) => self.arrived.push(call),
            Heard::Cancel(call) if chance.one_in(2) => self.drop_call(call, world),
            Heard::Reply { root, parent, outcome, .. } => self.settle(root, parent, outcome, &mut chance, world),
            Heard::Control(Order::Burst(n)) => actions = n,
            Heard::Control(Order::Crowd(n)) => {
                for _ in 0..n {
                    let delay = Duration(chance.word() >> 40);
                    self.set_timer(delay, world);
                }
            }
            Heard::Served(call) => self.served.retain(|&c| c != call),
            Heard::Cancel(_) | Heard::Timer(_) | Heard::Tick | Heard::Message(..) => {}
        }
        for _ in 0..actions {
            self.act(&mut chance, world);
        }
        self.keep_house(&mut chance, world);
    }

    fn learn(&mut self, what: u64) {
        self.state = mix(self.state, what);
        self.counter += 1;
    }

    fn act<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        match chance.below(25) {
            0..5 => self.set_timer(delay(chance), world),
            5..7 => self.cancel_timer(chance, world),
            7..10 => self.send_message(chance, world),
            10 | 11 => self.begin_root(chance, world),
            12 => self.call_below(chance, world),
            13 | 14 => self.answer(chance, world),
            15 => self.hand_on(chance, world),
            16 => self.abandon(chance, world),
            17 => self.look_up(chance, world),
            18 => self.do_work(chance, world),
            19 | 20 => world.tick(delay(chance)),
            21 if chance.one_in(3) => world.cancel_tick(),
            22 | 23 => self.serve(chance, world),
            _ => self.try_again(chance, world),
        }
    }

    fn set_timer<W: World<Id = I>>(&mut self, delay: Duration, world: &mut W) {
        self.counter += 1;
        let timer = world.timer(delay, self.counter);
        remember(&mut self.timers, timer, self.counter);
    }

    fn cancel_timer<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let Some(timer) = one_of(&self.timers, chance) {
            let was_live = world.cancel(timer);
            self.learn(u64::from(was_live));
        }
    }

    fn send_message<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        let links = if chance.one_in(3) { &self.incoming } else { &self.outgoing };
        if let Some(link) = one_of(links, chance) {
            world.message(link, chance.word());
        }
    }

    /// A new root, with one attempt or two at once.
    fn begin_root<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        let Some(link) = one_of(&self.outgoing, chance) else { return };
        self.counter += 1;
        let root = world.birth(self.counter);
        self.roots.push(root);
        for attempt in 0..1 + u16::from(chance.one_in(4)) {
            self.send(ask(link, root, None, attempt, chance), world);
        }
    }

    /// Another attempt at an open root.
    fn try_again<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let (Some(link), Some(root)) = (one_of(&self.outgoing, chance), one_of(&self.roots, chance)) {
            self.send(ask(link, root, None, 1 + chance.below(3) as u16, chance), world);
        }
    }

    /// A call for an arrived one.
    fn call_below<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let (Some(link), Some(parent)) = (one_of(&self.outgoing, chance), one_of(&self.arrived, chance)) {
            let root = world.root_of(parent);
            self.send(ask(link, root, Some(parent), 0, chance), world);
        }
    }

    fn send<W: World<Id = I>>(&mut self, ask: Ask<I>, world: &mut W) {
        self.counter += 1;
        let call = world.call(ask);
        remember(&mut self.sent, call, self.counter);
    }

    fn answer<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        let Some(call) = one_of(&self.arrived, chance) else { return };
        if chance.one_in(6) {
            return self.drop_call(call, world);
        }
        self.arrived.retain(|&c| c != call);
        world.reply(call, outcome(chance));
    }

    fn hand_on<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let (Some(link), Some(call)) = (one_of(&self.outgoing, chance), one_of(&self.arrived, chance)) {
            // What is served is not handed on.
            if !self.served.contains(&call) {
                self.arrived.retain(|&c| c != call);
                world.hand_on(call, link, chance.word());
            }
        }
    }

    fn drop_call<W: World<Id = I>>(&mut self, call: I, world: &mut W) {
        if self.arrived.contains(&call) {
            self.arrived.retain(|&c| c != call);
            world.forget(call);
        }
    }

    fn abandon<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let Some(call) = one_of(&self.sent, chance) {
            world.abandon(call);
        }
    }

    fn look_up<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &W) {
        if let Some(call) = one_of(&self.arrived, chance) {
            self.learn(2 + u64::from(world.is_waited_for(call)));
        }
    }

    fn do_work<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        if let Some(call) = one_of(&self.arrived, chance) {
            world.work(call, Duration(chance.below(1000) as u64));
        }
    }

    /// An arrived call is served; one at a time, as the engine asks for.
    fn serve<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        self.served.retain(|call| self.arrived.contains(call));
        if let Some(call) = one_of(&self.arrived, chance).filter(|call| !self.served.contains(call)) {
            self.served.push(call);
            world.serve(call, delay(chance));
        }
    }

    /// An answer has come: whoever it was for is mostly answered with it.
    fn settle<W: World<Id = I>>(
        &mut self,
        root: I,
        parent: Option<I>,
        outcome: Outcome,
        chance: &mut Chance,
        world: &mut W,
    ) {
        let waiting = if parent.is_some() { &mut self.arrived } else { &mut self.roots };
        let id = parent.unwrap_or(root);
        if !waiting.contains(&id) || chance.one_in(4) {
            return;
        }
        waiting.retain(|&w| w != id);
        match parent {
            Some(call) => world.reply(call, outcome),
            None => world.end_root(root, outcome),
        }
    }

    fn keep_house<W: World<Id = I>>(&mut self, chance: &mut Chance, world: &mut W) {
        while self.arrived.len() > OPEN_MAX {
            let call = self.arrived.remove(0);
            world.reply(call, outcome(chance));
        }
        while self.roots.len() > OPEN_MAX {
            let root = self.roots.remove(0);
            world.end_root(root, outcome(chance));
        }
    }
}

/// What was heard, without references: those differ between worlds.
fn fingerprint<I>(heard: &Heard<I>) -> u64 {
    match heard {
        Heard::Start => 1,
        Heard::Call(_) => 2,
        Heard::Reply { tag, outcome, parent, .. } => {
            let code = outcome.err().map_or(0, |code| code as u64);
            mix(u64::from(*tag), code << 2 | u64::from(parent.is_some()) << 1 | 1)
        }
        Heard::Cancel(_) => 4,
        Heard::Timer(tag) => mix(*tag, 5),
        Heard::Tick => 8,
        Heard::Served(_) => 9,
        Heard::Message(link, payload) => mix(*payload, u64::from(link.0) << 3 | 6),
        Heard::Control(Order::Burst(n) | Order::Crowd(n)) => mix(u64::from(*n), 7),
    }
}

fn remember<I>(ring: &mut Vec<I>, id: I, counter: u64) {
    if ring.len() < REMEMBERED {
        ring.push(id);
    } else {
        ring[counter as usize % REMEMBERED] = id;
    }
}

fn one_of<T: Copy>(list: &[T], chance: &mut Chance) -> Option<T> {
    if list.is_empty() { None } else { Some(*chance.pick(list)) }
}

fn outcome(chance: &mut Chance) -> Outcome {
    if chance.one_in(3) { Err(*chance.pick(Code::ALL)) } else { Ok(()) }
}

/// Often none, often the same as others', seldom never.
fn delay(chance: &mut Chance) -> Duration {
    Duration(match chance.below(32) {
        0..8 => 0,
        8..11 => 1,
        11..16 => [5, 10, 20, 100, 1000][chance.below(5)],
        16..24 => chance.below(50) as u64,
        24..30 => chance.below(5_000) as u64,
        30 => chance.below(1_000_000) as u64,
        _ if chance.one_in(16) => u64::MAX - chance.below(3) as u64,
        _ => 3,
    })
}

fn ask<I>(link: LinkId, root: I, parent: Option<I>, attempt: u16, chance: &mut Chance) -> Ask<I> {
    let timeout = match chance.below(6) {
        0 | 1 => None,
        2 => Some(chance.below(3) as u64),
        3 | 4 => Some([10, 25, 50, 100][chance.below(4)]),
        // More different lengths than the event list has lanes for.
        _ => Some(chance.below(300) as u64),
    };
    let (lineage, tag, cancel) = (chance.word(), chance.word() as u32, chance.one_in(2));
    Ask { link, root, parent, lineage, attempt, tag, timeout: timeout.map(Duration), cancel }
}
