//! W1 and W2 (W3 in `system.rs`) with simrs: a source and a station, a FIFO between them, as its own example is built.

mod system;

use cpu_time::ProcessTime;
use floodgate_peers::{Random, Task, arrival_rate, say, task};
use simrs::{Component, ComponentId, Executor, Fifo, Key, QueueId, Scheduler, Simulation, State};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug)]
struct Customer {
    came: Duration,
}

#[derive(Debug)]
struct Arrive;

#[derive(Debug)]
enum StationEvent {
    Came,
    Served(Duration),
}

struct Source {
    queue: QueueId<Fifo<Customer>>,
    station: ComponentId<StationEvent>,
    left: Key<u64>,
    mean: f64,
    random: Rc<RefCell<Random>>,
}

struct Station {
    queue: QueueId<Fifo<Customer>>,
    free: Key<usize>,
    sum: Key<u64>,
    random: Rc<RefCell<Random>>,
}

impl Component for Source {
    type Event = Arrive;
    fn process_event(&self, own: ComponentId<Arrive>, _: &Arrive, scheduler: &mut Scheduler, state: &mut State) {
        let _ = state.send(self.queue, Customer { came: scheduler.time() });
        scheduler.schedule(Duration::ZERO, self.station, StationEvent::Came);
        let left = state.get_mut(self.left).expect("it is there");
        *left -= 1;
        if *left > 0 {
            scheduler.schedule(self.random.borrow_mut().exponential(self.mean), own, Arrive);
        }
    }
}

impl Component for Station {
    type Event = StationEvent;
    fn process_event(
        &self,
        own: ComponentId<StationEvent>,
        event: &StationEvent,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        if let StationEvent::Served(came) = event {
            *state.get_mut(self.sum).expect("it is there") += (scheduler.time() - *came).as_nanos() as u64;
            *state.get_mut(self.free).expect("it is there") += 1;
        }
        if *state.get(self.free).expect("it is there") > 0
            && let Some(customer) = state.recv(self.queue)
        {
            *state.get_mut(self.free).expect("it is there") -= 1;
            scheduler.schedule(self.random.borrow_mut().exponential(1.0), own, StationEvent::Served(customer.came));
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
    let mut simulation = Simulation::default();
    let random = Rc::new(RefCell::new(Random::new(1)));
    let queue = simulation.add_queue(Fifo::default());
    let free = simulation.state.insert(servers);
    let sum = simulation.state.insert(0u64);
    let left = simulation.state.insert(customers);
    let station = simulation.add_component(Station { queue, free, sum, random: random.clone() });
    let mean = 1.0 / arrival_rate(servers);
    let source = simulation.add_component(Source { queue, station, left, mean, random });
    simulation.schedule(Duration::ZERO, source, Arrive);
    simulation.execute(Executor::unbound());
    let time = start.elapsed();
    let sum = *simulation.state.get(sum).expect("it is there");
    say(customers, time, sum as f64 / 1e9 / customers as f64);
}
