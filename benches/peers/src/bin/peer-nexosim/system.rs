//! W3 with nexosim on one thread: clients who balance, replicas, a database. Time-outs are taken back when an answer comes.

use super::random;
use cpu_time::ProcessTime;
use floodgate_peers::{Random, say, w3};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{EventKey, Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Results: what a model has counted cannot be read from outside while it runs.
static SUM: AtomicU64 = AtomicU64::new(0);
static ANSWERED: AtomicU64 = AtomicU64::new(0);
static BORN: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Attempt {
    request: usize,
    number: u32,
}

struct Request {
    came: MonotonicTime,
    /// Number of the attempt that is waited for; beyond all of them when none is.
    waits_for: u32,
    time_out: Option<EventKey>,
}

#[derive(Serialize, Deserialize)]
struct Client {
    replicas: Vec<Output<Attempt>>,
    turn: usize,
    #[serde(skip)]
    requests: Vec<Request>,
    #[serde(skip, default = "random")]
    random: Random,
}

#[Model]
impl Client {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.next(cx);
    }

    fn next(&mut self, cx: &Context<Self>) {
        let pause = self.random.exponential(1.0 / w3::RATE);
        cx.schedule_event(pause, schedulable!(Self::born), ()).expect("the pause is not zero");
    }

    #[nexosim(schedulable)]
    async fn born(&mut self, _: (), cx: &Context<Self>) {
        self.next(cx);
        BORN.fetch_add(1, Ordering::Relaxed);
        let attempt = Attempt { request: self.requests.len(), number: 0 };
        self.requests.push(Request { came: cx.time(), waits_for: 0, time_out: None });
        self.send(attempt, cx).await;
    }

    #[nexosim(schedulable)]
    async fn send(&mut self, attempt: Attempt, cx: &Context<Self>) {
        let key =
            cx.schedule_keyed_event(w3::PATIENCE, schedulable!(Self::give_up), attempt).expect("patience is not zero");
        let request = &mut self.requests[attempt.request];
        request.waits_for = attempt.number;
        request.time_out = Some(key);
        self.turn = (self.turn + 1) % w3::REPLICAS;
        self.replicas[self.turn].send(attempt).await;
    }

    async fn answered(&mut self, attempt: Attempt, cx: &Context<Self>) {
        let request = &mut self.requests[attempt.request];
        if request.waits_for == attempt.number {
            request.waits_for = w3::ATTEMPTS;
            if let Some(key) = request.time_out.take() {
                key.cancel();
            }
            ANSWERED.fetch_add(1, Ordering::Relaxed);
            SUM.fetch_add(cx.time().duration_since(request.came).as_nanos() as u64, Ordering::Relaxed);
        }
    }

    #[nexosim(schedulable)]
    async fn give_up(&mut self, attempt: Attempt, cx: &Context<Self>) {
        let request = &mut self.requests[attempt.request];
        request.waits_for = w3::ATTEMPTS;
        request.time_out = None;
        if attempt.number + 1 < w3::ATTEMPTS {
            let pause = w3::pause(attempt.number, &mut self.random);
            let next = Attempt { number: attempt.number + 1, ..attempt };
            cx.schedule_event(pause, schedulable!(Self::send), next).expect("the pause is not zero");
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Replica {
    number: usize,
    client: Output<Attempt>,
    database: Output<(Attempt, usize)>,
    waiting: VecDeque<Attempt>,
    free: usize,
    #[serde(skip, default = "random")]
    random: Random,
}

#[Model]
impl Replica {
    async fn came(&mut self, attempt: Attempt, cx: &Context<Self>) {
        if self.free > 0 {
            self.free -= 1;
            self.work(attempt, cx);
        } else {
            self.waiting.push_back(attempt);
        }
    }

    fn work(&mut self, attempt: Attempt, cx: &Context<Self>) {
        let length = self.random.exponential(w3::WORK);
        cx.schedule_event(length, schedulable!(Self::worked), attempt).expect("the length is not zero");
    }

    #[nexosim(schedulable)]
    async fn worked(&mut self, attempt: Attempt, cx: &Context<Self>) {
        if self.random.uniform() < w3::MISSES {
            self.database.send((attempt, self.number)).await;
        } else {
            self.queried(attempt, cx).await;
        }
    }

    async fn queried(&mut self, attempt: Attempt, cx: &Context<Self>) {
        self.client.send(attempt).await;
        match self.waiting.pop_front() {
            Some(next) => self.work(next, cx),
            None => self.free += 1,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Database {
    replicas: Vec<Output<Attempt>>,
    waiting: VecDeque<(Attempt, usize)>,
    free: usize,
    #[serde(skip, default = "random")]
    random: Random,
}

#[Model]
impl Database {
    async fn came(&mut self, query: (Attempt, usize), cx: &Context<Self>) {
        if self.free > 0 {
            self.free -= 1;
            self.serve(query, cx);
        } else {
            self.waiting.push_back(query);
        }
    }

    fn serve(&mut self, query: (Attempt, usize), cx: &Context<Self>) {
        let length = self.random.exponential(w3::QUERY);
        cx.schedule_event(length, schedulable!(Self::served), query).expect("the length is not zero");
    }

    #[nexosim(schedulable)]
    async fn served(&mut self, (attempt, replica): (Attempt, usize), cx: &Context<Self>) {
        self.replicas[replica].send(attempt).await;
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.free += 1,
        }
    }
}

/// So many seconds of it.
pub fn run(seconds: u64) {
    let start = ProcessTime::now();
    let (client_box, database_box) = (Mailbox::new(), Mailbox::new());
    let mut client = Client { replicas: Vec::new(), turn: 0, requests: Vec::new(), random: Random::new(1) };
    let mut database =
        Database { replicas: Vec::new(), waiting: VecDeque::new(), free: w3::CONNECTIONS, random: Random::new(2) };
    let mut bench = SimInit::with_num_threads(1);
    for number in 0..w3::REPLICAS {
        let mailbox = Mailbox::new();
        let mut replica = Replica {
            number,
            client: Output::default(),
            database: Output::default(),
            waiting: VecDeque::new(),
            free: w3::WORKERS,
            random: Random::new(3 + number as u64),
        };
        replica.client.connect(Client::answered, &client_box);
        replica.database.connect(Database::came, &database_box);
        let (mut to, mut back) = (Output::default(), Output::default());
        to.connect(Replica::came, &mailbox);
        back.connect(Replica::queried, &mailbox);
        client.replicas.push(to);
        database.replicas.push(back);
        bench = bench.add_model(replica, mailbox, &format!("replica {number}"));
    }
    let mut simulation = bench
        .add_model(client, client_box, "client")
        .add_model(database, database_box, "database")
        .init(MonotonicTime::EPOCH)
        .expect("the bench is sound");
    simulation.step_until(Duration::from_secs(seconds)).expect("it runs to its end");
    let time = start.elapsed();
    let sum = SUM.load(Ordering::Relaxed) as f64 / 1e9;
    say(BORN.load(Ordering::Relaxed), time, sum / ANSWERED.load(Ordering::Relaxed) as f64);
}
