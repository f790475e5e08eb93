//! What is said of a root: everybody can read it by a call, it changes nothing else, and it goes with the root.

use floodgate_core::{
    Birth, Budget, CallId, Classes, Client, Ctx, Dist, Duration, Limits, LinkChange, LinkId, Model, Patience, PortId,
    Progress, Reply, Simulation, Time, TimerId, Topology, Traits,
};
use std::sync::Arc;

/// What a callee sees of a call: client, connection, whether it was opened, session, key, bytes, deadline, demand, class.
type Seen = (u32, u64, bool, Option<u64>, Option<u64>, u64, Time, Option<Duration>, String);

/// Sends a root every millisecond, and gives it up after ten; or answers after `work`, and keeps what it has seen.
#[derive(Clone, Debug, Default)]
struct Node {
    roots: u64,
    described: bool,
    work: Duration,
    seen: Vec<Seen>,
}

fn about(ordinal: u64) -> Traits {
    Traits {
        tag: ordinal as u32,
        opens: ordinal.is_multiple_of(2),
        session: Some(ordinal + 1),
        key: Some(ordinal + 2),
        bytes: ordinal + 3,
        deadline: Time(ordinal + 4),
        demand: Some(Duration(ordinal + 5)),
        ..Traits::of(ordinal as u32, 1000 + ordinal)
    }
}

impl Model for Node {
    type Message = ();
    type Control = ();

    fn on_start(&mut self, cx: &mut Ctx<'_, Self>) {
        // Not at once: a node that is added has no links yet.
        (0..self.roots).for_each(|i| {
            cx.timer(Duration(i * 1_000_000 + 1), i);
        });
    }
    fn on_call(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        self.seen.push((
            cx.client_of(call),
            cx.connection_of(call),
            cx.opens_connection(call),
            cx.session_of(call),
            cx.key_of(call),
            cx.bytes_of(call),
            cx.deadline_of(call),
            cx.demand_of(call),
            cx.class_name(cx.class_of(call)).to_owned(),
        ));
        cx.serve(call, self.work);
    }
    fn on_served(&mut self, call: CallId, _: u32, cx: &mut Ctx<'_, Self>) {
        cx.reply(call, Ok(()));
    }
    fn on_reply(&mut self, reply: Reply, cx: &mut Ctx<'_, Self>) {
        let described = self.described;
        assert_eq!(cx.traits(reply.root).is_some(), described);
        if let Some(traits) = cx.traits_mut(reply.root) {
            traits.tag += 1;
        }
        let client = cx.end_root_within(reply.root, reply.outcome, Duration::MAX);
        assert_eq!(client, None, "its birth did not say who had sent it");
    }
    fn on_cancel(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        cx.forget(call);
    }
    fn on_timer(&mut self, _: TimerId, ordinal: u64, cx: &mut Ctx<'_, Self>) {
        let class = (ordinal % 2) as u8;
        let birth = Birth { ordinal, client: Client::OneOf(9), priority: 0, work: 1.0, class };
        let patience = Patience { timeout: Some(Duration::from_millis(10)), cancel: false };
        let root = cx.first_attempt(birth, cx.links(PortId(0))[0], patience);
        if self.described {
            cx.describe(root, Traits::of(3, 4));
            // Said again, what was said before is forgotten.
            cx.describe(root, about(ordinal));
        }
    }
    fn on_message(&mut self, _: LinkId, (): (), _: &mut Ctx<'_, Self>) {}
    fn on_control(&mut self, (): &(), _: &mut Ctx<'_, Self>) {}
    fn on_link(&mut self, _: LinkChange, _: &mut Ctx<'_, Self>) {}
}

fn system(described: bool, work: Duration) -> Simulation<Node> {
    let mut topology = Topology::default();
    ["server", "users"].iter().for_each(|key| topology.add_node(key).expect("distinct keys"));
    topology.add_link("users", PortId(0), "server", Dist::Constant(Duration(5))).expect("a valid link");
    let users = Node { roots: 100, described, ..Node::default() };
    let models = vec![Node { work, ..Node::default() }, users];
    let names = ["/image", "/api", "other"].map(str::to_owned).to_vec();
    let classes = Classes { names, of_node: vec![vec![], vec![1, 0]] };
    Simulation::with_classes(Arc::new(topology.freeze()), models, classes, 7, Limits::default())
}

fn run(simulation: &mut Simulation<Node>, seconds: f64) -> Vec<Seen> {
    assert_eq!(simulation.advance(Budget::until(Time::from_secs_f64(seconds)), &mut ()), Progress::Reached);
    simulation.check_books().expect("the books balance");
    simulation.model(simulation.routes().node("server").expect("it is there")).seen.clone()
}

#[test]
fn what_is_said_of_a_root_is_known_wherever_its_calls_arrive() {
    let seen = run(&mut system(true, Duration::from_millis(3)), 1.0);
    assert_eq!(seen.len(), 100);
    for (i, seen) in (0..).zip(seen) {
        let t = about(i);
        let class = if i % 2 == 0 { "/api" } else { "/image" };
        let expected =
            (t.client, t.connection, t.opens, t.session, t.key, t.bytes, t.deadline, t.demand, class.to_owned());
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_root_of_which_nothing_is_said_came_over_a_connection_of_its_own() {
    let seen = run(&mut system(false, Duration::from_millis(3)), 1.0);
    let connections: std::collections::BTreeSet<u64> = seen.iter().map(|seen| seen.1).collect();
    assert_eq!(connections.len(), 100);
    assert!(seen.iter().all(|(client, _, opens, session, key, bytes, deadline, demand, _)| {
        *client < 9
            && *opens
            && (*session, *key, *demand) == (None, None, None)
            && (*bytes, *deadline) == (0, Time::MAX)
    }));
}

#[test]
fn it_changes_nothing_and_goes_with_the_root() {
    // Roots that end with an answer, and roots that are given up while the work goes on.
    for work in [3, 30] {
        let (mut plain, mut described) =
            [false, true].map(|described| system(described, Duration::from_millis(work))).into();
        for ms in 1..200 {
            run(&mut plain, f64::from(ms) / 1e3);
            run(&mut described, f64::from(ms) / 1e3);
        }
        assert_eq!(plain.digest(), described.digest());
        assert_eq!(described.totals().born, 100);
        let by_class: Vec<u64> = described.class_stats().iter().map(|class| class.born).collect();
        assert_eq!(by_class, [50, 50, 0]);
    }
}

#[test]
fn classes_may_come_with_a_node() {
    let mut s = system(true, Duration::ZERO);
    run(&mut s, 0.05);
    s.remove_node("users").expect("it is there");
    s.check_books().expect("the books balance");
    s.add_node("users", &["new", "/api"], Node { roots: 10, described: true, ..Node::default() }).expect("it is free");
    s.add_link("users", PortId(0), "server", Dist::Constant(Duration(5)).into()).expect("a valid link");
    let seen = run(&mut s, 1.0);
    let of_new: Vec<&str> = seen[seen.len() - 10..].iter().map(|seen| seen.8.as_str()).collect();
    assert_eq!(of_new, ["new", "/api"].repeat(5));
    assert_eq!(s.class_stats().iter().map(|class| class.born).collect::<Vec<_>>(), [25, 30, 0, 5]);
}
