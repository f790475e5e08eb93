//! The books of the engine: calls, time-outs, late answers, wasted work, limits, and state as a value.

use floodgate_core::{
    ANY_REPLICA, Budget, CallId, CallSpec, Code, Ctx, Delivery, Dist, Duration, Event, Halt, Limits, LinkId, Model,
    NodeId, PortId, Progress, Reply, Simulation, Time, TimerId, Topology,
};
use std::sync::Arc;

const MS: u64 = 1_000_000;

/// A node that works for a time and then calls everything it is linked to, at once; the answer is theirs, all of them.
#[derive(Clone, Debug, Default)]
struct Worker {
    work: Duration,
    timeout: Option<Duration>,
    cancel: bool,
    retries: u16,
    /// Roots to begin at the start, one per millisecond.
    roots: u64,
    heard: Vec<CallId>,
    open: Vec<(CallId, usize)>,
    outcomes: Vec<Result<(), Code>>,
}

impl Worker {
    fn send(
        &mut self,
        link: LinkId,
        root: floodgate_core::RootId,
        parent: Option<CallId>,
        attempt: u16,
        cx: &mut Ctx<'_, Self>,
    ) {
        let lineage = cx.root(root).map_or(0, |r| r.lineage);
        let lineage = cx.branch(lineage, u64::from(attempt));
        let (timeout, cancel) = (self.timeout, self.cancel);
        cx.call(link, CallSpec { root, parent, lineage, attempt, replica: ANY_REPLICA, tag: 7, timeout, cancel });
    }

    fn finish(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        let links = cx.links(PortId(0));
        if links.is_empty() {
            return cx.reply(call, Ok(()));
        }
        self.open.push((call, links.len()));
        let root = cx.root_of(call);
        for link in links {
            self.send(link, root, Some(call), 0, cx);
        }
    }
}

impl Model for Worker {
    type Message = u32;
    type Control = Duration;

    fn on_start(&mut self, cx: &mut Ctx<'_, Self>) {
        for i in 0..self.roots {
            cx.timer(Duration(i * MS), u64::MAX - i);
        }
    }
    fn on_call(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        self.heard.push(call);
        let place = self.heard.len() as u64 - 1;
        cx.timer(self.work, place);
    }
    fn on_reply(&mut self, reply: Reply, cx: &mut Ctx<'_, Self>) {
        assert_eq!(reply.tag, 7);
        if let Some(place) = self.open.iter().position(|(call, _)| *call == reply.parent) {
            self.open[place].1 -= 1;
            if self.open[place].1 == 0 {
                let (call, _) = self.open.remove(place);
                cx.reply(call, reply.outcome);
            }
        } else if reply.outcome.is_err() && reply.attempt < self.retries {
            self.send(reply.link, reply.root, None, reply.attempt + 1, cx);
        } else {
            self.outcomes.push(reply.outcome);
            cx.end_root(reply.root, reply.outcome, true);
        }
    }
    fn on_cancel(&mut self, call: CallId, cx: &mut Ctx<'_, Self>) {
        cx.forget(call);
    }
    fn on_timer(&mut self, _: TimerId, tag: u64, cx: &mut Ctx<'_, Self>) {
        if tag >= u64::MAX - self.roots {
            let root = cx.birth(u64::MAX - tag, 0);
            let link = cx.links(PortId(0))[0];
            return self.send(link, root, None, 0, cx);
        }
        let call = self.heard[tag as usize];
        if cx.get(call).is_some() {
            cx.work(call, self.work);
            self.finish(call, cx);
        }
    }
    fn on_message(&mut self, _: LinkId, _: u32, _: &mut Ctx<'_, Self>) {}
    fn on_control(&mut self, work: &Duration, _: &mut Ctx<'_, Self>) {
        self.work = *work;
    }
}

fn system(nodes: &[(&str, Worker)], links: &[(&str, &str, u64)]) -> Simulation<Worker> {
    let mut topology = Topology::default();
    let mut sorted: Vec<_> = nodes.to_vec();
    sorted.sort_by_key(|(key, _)| key.to_owned());
    for (key, _) in nodes {
        topology.add_node(key).expect("distinct keys");
    }
    for (from, to, latency_ms) in links {
        let latency = Dist::Constant(Duration::from_millis(*latency_ms));
        topology.add_link(from, PortId(0), to, latency).expect("valid links");
    }
    let models = sorted.into_iter().map(|(_, m)| m).collect();
    Simulation::new(Arc::new(topology.freeze()), models, 1, Limits::default())
}

fn client(timeout_ms: u64, retries: u16, cancel: bool) -> Worker {
    Worker { timeout: Some(Duration::from_millis(timeout_ms)), retries, cancel, roots: 1, ..Worker::default() }
}

fn worker(work_ms: u64) -> Worker {
    Worker { work: Duration::from_millis(work_ms), ..Worker::default() }
}

fn run(simulation: &mut Simulation<Worker>) -> Vec<Event> {
    let mut events = Vec::new();
    assert_eq!(simulation.advance(Budget::until(Time::from_secs_f64(10.0)), &mut events), Progress::Reached);
    simulation.check_books().expect("the books balance");
    events
}

#[test]
fn an_answer_takes_both_ways_and_the_work() {
    let mut s = system(&[("client", client(100, 0, false)), ("web", worker(10))], &[("client", "web", 2)]);
    let events = run(&mut s);
    assert_eq!(events.last().map(|e| (e.time, e.delivery)), Some((Time(14 * MS), Delivery::Answer)));
    let t = s.totals();
    assert_eq!((t.born, t.answered, t.goodput, t.failed, t.in_flight, t.attempts), (1, 1, 1, 0, 0, 1));
    assert_eq!((t.useful_ns, t.wasted_ns), (u128::from(10 * MS), 0));
    assert_eq!(s.live_calls(), 0);
}

#[test]
fn a_late_answer_is_dropped_counted_and_its_work_wasted() {
    let mut s = system(&[("client", client(5, 1, false)), ("web", worker(10))], &[("client", "web", 0)]);
    let events = run(&mut s);
    let late = events.iter().filter(|e| e.delivery == Delivery::Late).count();
    assert_eq!(late, 2, "both attempts are answered too late: {events:?}");
    let t = s.totals();
    assert_eq!((t.answered, t.failed, t.attempts), (0, 1, 2));
    assert_eq!((t.useful_ns, t.wasted_ns), (0, u128::from(20 * MS)));
    let link = s.link_stats(LinkId(0));
    assert_eq!((link.calls_first, link.calls_retry, link.timeouts, link.late), (1, 1, 2, 2));
    assert_eq!(s.model(NodeId(0)).outcomes, [Err(Code::Timeout)]);
}

#[test]
fn a_cancelled_call_is_heard_of_after_the_latency_and_ends_without_an_answer() {
    let mut s = system(&[("client", client(5, 0, true)), ("web", worker(100))], &[("client", "web", 2)]);
    let events = run(&mut s);
    let cancel = events.iter().find(|e| e.delivery == Delivery::Cancel).map(|e| e.time);
    assert_eq!(cancel, Some(Time(7 * MS)));
    assert!(!events.iter().any(|e| e.delivery == Delivery::Late));
    assert_eq!((s.totals().busy_ns, s.live_calls()), (0, 0));
}

#[test]
fn a_retry_is_known_as_one_all_the_way_down_and_draws_anew() {
    let nodes = [("client", client(5, 1, false)), ("proxy", worker(0)), ("web", worker(10))];
    let mut s = system(&nodes, &[("client", "proxy", 0), ("proxy", "web", 0)]);
    let events = run(&mut s);
    let web = s.node_stats(NodeId(2));
    assert_eq!((web.offered, web.offered_first), (2, 1), "amplification of the web node is 2");
    let at_web: Vec<u64> =
        events.iter().filter(|e| e.node == NodeId(2) && e.delivery == Delivery::Call).map(|e| e.lineage).collect();
    let at_proxy: Vec<u64> =
        events.iter().filter(|e| e.node == NodeId(1) && e.delivery == Delivery::Call).map(|e| e.lineage).collect();
    assert_eq!(at_proxy.len(), 2);
    assert_ne!(at_proxy[0], at_proxy[1]);
    assert_eq!(at_web[0], at_proxy[0], "a transparent hop changes no lineage");
}

#[test]
fn calls_nested_too_deep_are_answered_508() {
    let nodes = [("client", client(1000, 0, false)), ("a", worker(0)), ("b", worker(0))];
    let mut s = system(&nodes, &[("client", "a", 0), ("a", "b", 1), ("b", "a", 1)]);
    run(&mut s);
    assert_eq!(s.model(s.routes().node("client").expect("there")).outcomes, [Err(Code::LoopDetected)]);
    let answered: u64 = [0, 1].iter().map(|&n| s.node_stats(NodeId(n)).errors.get(Code::LoopDetected)).sum();
    assert_eq!(answered, 65, "64 levels pass the answer of the one below on");
}

#[test]
fn a_loop_that_takes_no_time_halts_with_the_limit_and_can_go_on() {
    // Each level calls two others, so the depth limit of 64 would allow 2⁶⁴ calls.
    let nodes =
        [("client", client(1000, 0, false)), ("a", worker(0)), ("b", worker(0)), ("c", worker(0)), ("d", worker(0))];
    let links = [
        ("client", "a", 1),
        ("a", "b", 0),
        ("a", "c", 0),
        ("b", "a", 0),
        ("b", "d", 0),
        ("c", "a", 0),
        ("c", "d", 0),
        ("d", "b", 0),
        ("d", "c", 0),
    ];
    let mut s = system(&nodes, &links);
    s.set_limits(Limits { events_per_instant: 10_000, ..Limits::default() });
    let progress = s.advance(Budget::until(Time::from_secs_f64(1.0)), &mut ());
    let Progress::Halted(halt @ Halt::EventsPerInstant { time: Time(MS), limit: 10_000, .. }) = progress else {
        panic!("{progress:?}");
    };
    assert!(halt.to_string().contains("events_per_instant") && halt.to_string().contains("latency"), "{halt}");
    let events = s.events();
    assert_eq!(s.advance(Budget::until(Time::MAX), &mut ()), Progress::Halted(halt), "it stays halted");
    s.set_limits(Limits { events_per_instant: 20_000, ..Limits::default() });
    assert!(matches!(s.advance(Budget::until(Time::MAX), &mut ()), Progress::Halted(_)));
    assert!(s.events() >= events + 20_000, "it went on where it was");
    s.check_books().expect("the state is sound");
}

#[test]
fn too_many_live_calls_halt_with_the_limit() {
    let mut s = system(
        &[("client", Worker { roots: 100, ..Worker::default() }), ("web", worker(1000))],
        &[("client", "web", 0)],
    );
    s.set_limits(Limits { live_calls: 50, ..Limits::default() });
    let progress = s.advance(Budget::until(Time::MAX), &mut ());
    assert!(matches!(progress, Progress::Halted(Halt::LiveCalls { limit: 50, .. })), "{progress:?}");
}

#[test]
fn a_clone_goes_on_exactly_as_the_original() {
    let nodes = [("client", Worker { roots: 50, ..client(12, 2, false) }), ("proxy", worker(1)), ("web", worker(10))];
    let links = [("client", "proxy", 1), ("proxy", "web", 3)];
    let whole = {
        let mut s = system(&nodes, &links);
        run(&mut s);
        (s.digest(), s.events())
    };
    for cut in [0, 1, 7, 20, 33] {
        let mut s = system(&nodes, &links);
        assert_eq!(s.advance(Budget::until(Time(cut * MS)), &mut ()), Progress::Reached);
        let mut fork = s.clone();
        for copy in [&mut fork, &mut s] {
            run(copy);
            assert_eq!((copy.digest(), copy.events()), whole, "cut at {cut} ms");
        }
    }
}

#[test]
fn an_isolated_node_changes_no_digest_but_the_whole() {
    let nodes = [("client", Worker { roots: 20, ..client(12, 2, false) }), ("web", worker(10))];
    let mut alone = system(&nodes, &[("client", "web", 1)]);
    let more = [&nodes[..], &[("b-hermit", worker(3))]].concat();
    let mut with = system(&more, &[("client", "web", 1)]);
    run(&mut alone);
    run(&mut with);
    for key in ["client", "web"] {
        let digest = |s: &Simulation<Worker>| s.node_digest(s.routes().node(key).expect("there"));
        assert_eq!(digest(&alone), digest(&with), "{key}");
    }
    assert_ne!(alone.digest(), with.digest());
}

#[test]
fn events_at_the_end_of_a_budget_are_left_for_the_next() {
    let mut s = system(&[("client", client(100, 0, false)), ("web", worker(10))], &[("client", "web", 2)]);
    let until = Time(14 * MS);
    assert_eq!(s.advance(Budget::until(until), &mut ()), Progress::Reached);
    assert_eq!((s.now(), s.totals().answered), (until, 0), "the answer at 14 ms is not handled yet");
    assert_eq!(s.advance(Budget { until: Time::MAX, events: 1 }, &mut ()), Progress::Budget);
    assert_eq!(s.totals().answered, 1);
}

#[test]
fn a_node_that_is_removed_answers_502_and_so_does_a_link_that_was_cut() {
    let web = Worker { work: Duration(50 * MS), ..Worker::default() };
    let db = Worker { work: Duration(30 * MS), ..Worker::default() };
    // A client that knows nothing of edits tries again over the link that it knows.
    let mut s = system(&[("client", client(500, 2, true)), ("web", web), ("db", db)], &[("client", "web", 5)]);
    let link = s.add_link("web", PortId(0), "db", Dist::Constant(Duration(5 * MS)).into()).expect("both are there");
    assert_eq!(link, LinkId(1));
    // At 55 ms `web` calls `db`, which works from 60 ms to 90 ms.
    assert_eq!(s.advance(Budget::until(Time(70 * MS)), &mut ()), Progress::Reached);
    let mut events: Vec<Event> = Vec::new();
    let gone = s.remove_node("web").expect("it is there");
    s.check_books().expect("the books balance");
    assert!(s.routes().is_removed(gone) && s.routes().node("web").is_none());
    assert_eq!(s.advance(Budget::until(Time(1_000 * MS)), &mut events), Progress::Reached);
    s.check_books().expect("the books balance");
    let seen: Vec<(u64, Delivery, u16)> = events.iter().map(|e| (e.time.0 / MS, e.delivery, e.attempt)).collect();
    assert_eq!(
        seen,
        [
            (75, Delivery::Error(Code::BadGateway), 0),
            // Nobody listens there: the way back takes the time of the link, and nothing arrives.
            (80, Delivery::Error(Code::BadGateway), 1),
            (85, Delivery::Error(Code::BadGateway), 2),
            // The work for `web` went on, for nobody.
            (90, Delivery::Timer, 0),
            (95, Delivery::Late, 0),
        ]
    );
    let client = s.routes().node("client").expect("there");
    assert_eq!(s.model(client).outcomes, [Err(Code::BadGateway)]);
    assert_eq!((s.totals().busy_ns, s.totals().wasted_ns), (80 * 1_000_000, 80 * 1_000_000));
    assert_eq!((s.node_stats(gone).errors.total(), s.node_stats(gone).late, s.live_calls()), (1, 1, 0));
    assert_eq!(s.pending(), 0);
}

#[test]
fn a_root_ends_with_its_client_and_what_is_under_way_to_a_node_that_goes_is_refused_on_arrival() {
    let web = Worker { work: Duration(50 * MS), ..Worker::default() };
    let build = || system(&[("client", client(500, 0, false)), ("web", web.clone())], &[("client", "web", 5)]);
    let mut s = build();
    assert_eq!(s.advance(Budget::until(Time(20 * MS)), &mut ()), Progress::Reached);
    let gone = s.remove_node("client").expect("it is there");
    s.check_books().expect("the books balance");
    assert_eq!((s.totals().failed, s.totals().in_flight), (1, 0));
    assert_eq!(s.node_stats(gone).errors.get(Code::Cancelled), 1);
    assert_eq!(s.advance(Budget::until(Time(1_000 * MS)), &mut ()), Progress::Reached);
    s.check_books().expect("the books balance");
    assert_eq!((s.node_stats(gone).late, s.totals().wasted_ns, s.live_calls()), (1, 50 * 1_000_000, 0));

    let mut s = build();
    assert_eq!(s.advance(Budget::until(Time(2 * MS)), &mut ()), Progress::Reached);
    let gone = s.remove_node("web").expect("it is there");
    assert_eq!(s.remove_node("web"), Err(floodgate_core::TopologyError::UnknownNode("web".into())));
    // One of the same key is another one.
    let again = s.add_node("web", &["default"], web.clone()).expect("the key is free");
    assert_ne!(again, gone);
    let mut events: Vec<Event> = Vec::new();
    assert_eq!(s.advance(Budget::until(Time(1_000 * MS)), &mut events), Progress::Reached);
    let seen: Vec<(u64, Delivery, NodeId)> = events.iter().map(|e| (e.time.0 / MS, e.delivery, e.node)).collect();
    let client = s.routes().node("client").expect("there");
    assert_eq!(seen, [(5, Delivery::Call, gone), (10, Delivery::Error(Code::BadGateway), client)]);
    assert_eq!(s.model(client).outcomes, [Err(Code::BadGateway)]);
    s.check_books().expect("the books balance");
}
