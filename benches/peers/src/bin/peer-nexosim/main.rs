//! W1 and W2 (W3 in `system.rs`) with nexosim on one thread: a source and a station, connected by ports.

mod system;

use cpu_time::ProcessTime;
use floodgate_peers::{Random, Task, arrival_rate, say, task};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

/// Results: what a model has counted cannot be read from outside while it runs.
static SUM: AtomicU64 = AtomicU64::new(0);

/// The engine wants models that can be saved; the benchmark never does.
fn random() -> Random {
    Random::new(1)
}

#[derive(Serialize, Deserialize)]
struct Source {
    out: Output<MonotonicTime>,
    left: u64,
    mean: f64,
    #[serde(skip, default = "random")]
    random: Random,
}

#[Model]
impl Source {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.next(cx);
    }

    fn next(&mut self, cx: &Context<Self>) {
        let pause = self.random.exponential(self.mean);
        cx.schedule_event(pause, schedulable!(Self::arrive), ()).expect("the pause is not zero");
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), cx: &Context<Self>) {
        self.out.send(cx.time()).await;
        self.left -= 1;
        if self.left > 0 {
            self.next(cx);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Station {
    waiting: VecDeque<MonotonicTime>,
    free: usize,
    #[serde(skip, default = "random")]
    random: Random,
}

#[Model]
impl Station {
    async fn came(&mut self, came: MonotonicTime, cx: &Context<Self>) {
        if self.free > 0 {
            self.free -= 1;
            self.serve(came, cx);
        } else {
            self.waiting.push_back(came);
        }
    }

    fn serve(&mut self, came: MonotonicTime, cx: &Context<Self>) {
        let length = self.random.exponential(1.0);
        cx.schedule_event(length, schedulable!(Self::served), came).expect("the length is not zero");
    }

    #[nexosim(schedulable)]
    async fn served(&mut self, came: MonotonicTime, cx: &Context<Self>) {
        SUM.fetch_add(cx.time().duration_since(came).as_nanos() as u64, Ordering::Relaxed);
        match self.waiting.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.free += 1,
        }
    }
}

fn main() {
    match task() {
        Task::Station(servers, customers) => station(servers, customers),
        Task::System(seconds) => system::run(seconds),
    }
}

fn station(servers: usize, customers: u64) {
    let start = ProcessTime::now();
    let mut source =
        Source { out: Output::default(), left: customers, mean: 1.0 / arrival_rate(servers), random: Random::new(1) };
    let station = Station { waiting: VecDeque::new(), free: servers, random: Random::new(2) };
    let (source_box, station_box) = (Mailbox::new(), Mailbox::new());
    source.out.connect(Station::came, &station_box);
    let mut simulation = SimInit::with_num_threads(1)
        .add_model(source, source_box, "source")
        .add_model(station, station_box, "station")
        .init(MonotonicTime::EPOCH)
        .expect("the bench is sound");
    simulation.run().expect("it runs to its end");
    let time = start.elapsed();
    say(customers, time, SUM.load(Ordering::Relaxed) as f64 / 1e9 / customers as f64);
}
