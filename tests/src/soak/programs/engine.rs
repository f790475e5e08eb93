//! A program as a model of the engine.

use super::brain::Brain;
use super::world::{Ask, Heard, Order, World};
use floodgate_core::{ANY_REPLICA, CallId, CallSpec, Ctx, Duration, Key, LinkId, Model, Outcome, Reply, TimerId};

/// A node that runs a program.
#[derive(Clone, Debug)]
pub struct Scripted(pub Brain<Key>);

impl Model for Scripted {
    type Message = u64;
    type Control = Order;

    fn on_start(&mut self, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Start, cx);
    }
    fn on_call(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Call(call), cx);
    }
    fn on_reply(&mut self, reply: Reply, cx: &mut Ctx<'_, Self>) {
        let parent = (reply.parent != Key::NONE).then_some(reply.parent);
        self.0.hear(Heard::Reply { root: reply.root, parent, tag: reply.tag, outcome: reply.outcome }, cx);
    }
    fn on_cancel(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Cancel(call), cx);
    }
    fn on_timer(&mut self, _: TimerId, tag: u64, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Timer(tag), cx);
    }
    fn on_tick(&mut self, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Tick, cx);
    }
    fn on_served(&mut self, call: CallId, _: u32, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Served(call), cx);
    }
    fn on_message(&mut self, link: LinkId, payload: u64, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Message(link, payload), cx);
    }
    fn on_control(&mut self, order: &Order, cx: &mut Ctx<'_, Self>) {
        self.0.hear(Heard::Control(*order), cx);
    }
}

impl World for Ctx<'_, Scripted> {
    type Id = Key;

    fn timer(&mut self, delay: Duration, tag: u64) -> Key {
        Ctx::timer(self, delay, tag)
    }
    fn cancel(&mut self, timer: Key) -> bool {
        Ctx::cancel(self, timer)
    }
    fn tick(&mut self, delay: Duration) {
        Ctx::tick(self, delay);
    }
    fn cancel_tick(&mut self) {
        Ctx::cancel_tick(self);
    }
    fn serve(&mut self, call: Key, length: Duration) {
        Ctx::serve(self, call, length);
    }
    fn message(&mut self, link: LinkId, payload: u64) {
        Ctx::message(self, link, payload);
    }
    fn birth(&mut self, ordinal: u64) -> Key {
        Ctx::birth(self, ordinal, 0)
    }
    fn end_root(&mut self, root: Key, outcome: Outcome) {
        Ctx::end_root(self, root, outcome, outcome.is_ok());
    }
    fn root_of(&self, call: Key) -> Key {
        Ctx::root_of(self, call)
    }
    fn call(&mut self, ask: Ask<Key>) -> Key {
        let Ask { link, root, parent, lineage, attempt, tag, timeout, cancel } = ask;
        Ctx::call(self, link, CallSpec { root, parent, lineage, attempt, replica: ANY_REPLICA, tag, timeout, cancel })
    }
    fn reply(&mut self, call: Key, outcome: Outcome) {
        Ctx::reply(self, call, outcome);
    }
    fn forget(&mut self, call: Key) {
        Ctx::forget(self, call);
    }
    fn abandon(&mut self, call: Key) {
        Ctx::abandon(self, call);
    }
    fn hand_on(&mut self, call: Key, link: LinkId, lineage: u64) {
        Ctx::hand_on(self, call, link, lineage);
    }
    fn work(&mut self, call: Key, length: Duration) {
        Ctx::work(self, call, length);
    }
    fn is_waited_for(&self, call: Key) -> bool {
        Ctx::is_waited_for(self, call)
    }
}
