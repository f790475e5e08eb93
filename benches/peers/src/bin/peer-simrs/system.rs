//! W3 with simrs: clients who balance, replicas, a database. Nothing scheduled can be taken back, so a time-out that is no longer
//! wanted comes all the same and finds that out.

use cpu_time::ProcessTime;
use floodgate_peers::{Random, say, w3};
use simrs::{Component, ComponentId, Executor, Fifo, Key, QueueId, Scheduler, Simulation, State};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

type Shared = Rc<RefCell<Random>>;

#[derive(Clone, Copy, Debug)]
struct Attempt {
    request: usize,
    number: u32,
}

#[derive(Debug)]
struct Request {
    came: Duration,
    /// Number of the attempt that is waited for; beyond all of them when none is.
    waits_for: u32,
}

#[derive(Debug)]
enum ClientEvent {
    Born,
    Send(Attempt),
    Answered(Attempt),
    GiveUp(Attempt),
}

#[derive(Debug)]
enum ReplicaEvent {
    Came,
    Worked(Attempt),
    Queried(Attempt),
}

#[derive(Debug)]
enum DatabaseEvent {
    Came,
    Served(Attempt, usize),
}

#[derive(Default)]
struct Book {
    requests: Vec<Request>,
    turn: usize,
    answered: u64,
    nanoseconds: u64,
}

struct Client {
    book: Key<Book>,
    replicas: Rc<OnceCell<Vec<(ComponentId<ReplicaEvent>, QueueId<Fifo<Attempt>>)>>>,
    random: Shared,
}

struct Replica {
    number: usize,
    queue: QueueId<Fifo<Attempt>>,
    free: Key<usize>,
    client: ComponentId<ClientEvent>,
    database: Rc<OnceCell<ComponentId<DatabaseEvent>>>,
    queries: QueueId<Fifo<(Attempt, usize)>>,
    random: Shared,
}

struct Database {
    queries: QueueId<Fifo<(Attempt, usize)>>,
    free: Key<usize>,
    replicas: Rc<OnceCell<Vec<(ComponentId<ReplicaEvent>, QueueId<Fifo<Attempt>>)>>>,
    random: Shared,
}

impl Component for Client {
    type Event = ClientEvent;
    fn process_event(
        &self,
        own: ComponentId<ClientEvent>,
        event: &ClientEvent,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        let book = state.get_mut(self.book).expect("it is there");
        match *event {
            ClientEvent::Born => {
                let attempt = Attempt { request: book.requests.len(), number: 0 };
                book.requests.push(Request { came: scheduler.time(), waits_for: 0 });
                scheduler.schedule(self.random.borrow_mut().exponential(1.0 / w3::RATE), own, ClientEvent::Born);
                self.send(own, attempt, scheduler, state);
            }
            ClientEvent::Send(attempt) => {
                book.requests[attempt.request].waits_for = attempt.number;
                self.send(own, attempt, scheduler, state);
            }
            ClientEvent::Answered(attempt) => {
                let request = &mut book.requests[attempt.request];
                if request.waits_for == attempt.number {
                    request.waits_for = w3::ATTEMPTS;
                    book.answered += 1;
                    book.nanoseconds += (scheduler.time() - request.came).as_nanos() as u64;
                }
            }
            ClientEvent::GiveUp(attempt) => {
                let request = &mut book.requests[attempt.request];
                if request.waits_for == attempt.number {
                    request.waits_for = w3::ATTEMPTS;
                    if attempt.number + 1 < w3::ATTEMPTS {
                        let pause = w3::pause(attempt.number, &mut self.random.borrow_mut());
                        let next = Attempt { number: attempt.number + 1, ..attempt };
                        scheduler.schedule(pause, own, ClientEvent::Send(next));
                    }
                }
            }
        }
    }
}

impl Client {
    fn send(&self, own: ComponentId<ClientEvent>, attempt: Attempt, scheduler: &mut Scheduler, state: &mut State) {
        let book = state.get_mut(self.book).expect("it is there");
        book.turn = (book.turn + 1) % w3::REPLICAS;
        let (replica, queue) = self.replicas.get().expect("they are there")[book.turn];
        let _ = state.send(queue, attempt);
        scheduler.schedule(Duration::ZERO, replica, ReplicaEvent::Came);
        scheduler.schedule(w3::PATIENCE, own, ClientEvent::GiveUp(attempt));
    }
}

impl Component for Replica {
    type Event = ReplicaEvent;
    fn process_event(
        &self,
        own: ComponentId<ReplicaEvent>,
        event: &ReplicaEvent,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        let done = match *event {
            ReplicaEvent::Came => None,
            ReplicaEvent::Worked(attempt) if self.random.borrow_mut().uniform() < w3::MISSES => {
                let _ = state.send(self.queries, (attempt, self.number));
                let database = *self.database.get().expect("it is there");
                scheduler.schedule(Duration::ZERO, database, DatabaseEvent::Came);
                return;
            }
            ReplicaEvent::Worked(attempt) | ReplicaEvent::Queried(attempt) => Some(attempt),
        };
        if let Some(attempt) = done {
            *state.get_mut(self.free).expect("it is there") += 1;
            scheduler.schedule(Duration::ZERO, self.client, ClientEvent::Answered(attempt));
        }
        if *state.get(self.free).expect("it is there") > 0
            && let Some(attempt) = state.recv(self.queue)
        {
            *state.get_mut(self.free).expect("it is there") -= 1;
            scheduler.schedule(self.random.borrow_mut().exponential(w3::WORK), own, ReplicaEvent::Worked(attempt));
        }
    }
}

impl Component for Database {
    type Event = DatabaseEvent;
    fn process_event(
        &self,
        own: ComponentId<DatabaseEvent>,
        event: &DatabaseEvent,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        if let DatabaseEvent::Served(attempt, replica) = *event {
            *state.get_mut(self.free).expect("it is there") += 1;
            let (replica, _) = self.replicas.get().expect("they are there")[replica];
            scheduler.schedule(Duration::ZERO, replica, ReplicaEvent::Queried(attempt));
        }
        if *state.get(self.free).expect("it is there") > 0
            && let Some((attempt, replica)) = state.recv(self.queries)
        {
            *state.get_mut(self.free).expect("it is there") -= 1;
            let length = self.random.borrow_mut().exponential(w3::QUERY);
            scheduler.schedule(length, own, DatabaseEvent::Served(attempt, replica));
        }
    }
}

/// So many seconds of it.
pub fn run(seconds: u64) {
    let start = ProcessTime::now();
    let mut simulation = Simulation::default();
    let random = Rc::new(RefCell::new(Random::new(1)));
    let book = simulation.state.insert(Book::default());
    let replicas = Rc::new(OnceCell::new());
    let database = Rc::new(OnceCell::new());
    let client = simulation.add_component(Client { book, replicas: replicas.clone(), random: random.clone() });
    let queries = simulation.add_queue(Fifo::default());
    let mut all = Vec::new();
    for number in 0..w3::REPLICAS {
        let queue = simulation.add_queue(Fifo::default());
        let free = simulation.state.insert(w3::WORKERS);
        let replica =
            Replica { number, queue, free, client, database: database.clone(), queries, random: random.clone() };
        all.push((simulation.add_component(replica), queue));
    }
    let _ = replicas.set(all);
    let free = simulation.state.insert(w3::CONNECTIONS);
    let _ = database.set(simulation.add_component(Database { queries, free, replicas, random }));
    simulation.schedule(Duration::ZERO, client, ClientEvent::Born);
    simulation.execute(Executor::timed(Duration::from_secs(seconds)));
    let time = start.elapsed();
    let book = simulation.state.get(book).expect("it is there");
    say(book.requests.len() as u64, time, book.nanoseconds as f64 / 1e9 / book.answered as f64);
}
