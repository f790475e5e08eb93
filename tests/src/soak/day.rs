//! A virtual day at 1,000 requests a second, and two hours of flash crowds: what a run holds in memory depends on what is
//! under way, and not on how long it has run.

use super::memory::{self, mib};
use super::outcome::Outcome;
use floodgate::{Duration, Scenario, Simulation, Time};

/// How often memory is looked at; the record has sixty points for each look.
const LOOKS: u64 = 1440;

/// Looks after which memory must not grow: a twelfth of the run, which for a day is two hours.
const SETTLED: u64 = LOOKS / 12;

/// Bytes that may be held beyond 1.05 times what was held at most while the run settled: a queue that is longer than ever
/// doubles what holds it.
const LIVE_SLACK: u64 = 64 << 10;

/// The same for what is in the process's memory, which the allocator gives back when it likes.
const RESIDENT_SLACK: u64 = 4 << 20;

/// What was held, at most, until a look and after it.
#[derive(Clone, Copy, Debug, Default)]
struct Peaks {
    settling: u64,
    after: u64,
    last: u64,
}

impl Peaks {
    fn see(&mut self, look: u64, bytes: u64) {
        let peak = if look <= SETTLED { &mut self.settling } else { &mut self.after };
        *peak = bytes.max(*peak);
        self.last = bytes;
    }

    fn judge(&self, what: &str, slack: u64, outcome: &mut Outcome) {
        let bound = self.settling + self.settling / 20 + slack;
        outcome.row(
            format!("{what}: most while settling, after, at the end"),
            format!("{}, {}, {} (limit {})", mib(self.settling), mib(self.after), mib(self.last), mib(bound)),
        );
        outcome.check(self.after <= bound, || format!("{what} grew to {}, limit {}", mib(self.after), mib(bound)));
    }
}

/// A share of both runs: 1 is all of it.
#[must_use]
pub fn run(divisor: u64) -> Outcome {
    let mut outcome = Outcome::new("day");
    outcome.check(memory::counts(), || "the allocator of this program does not count".to_owned());
    watch("day", DAY, Duration::from_secs(86_400 / divisor), &mut outcome);
    let crowds = 48 / divisor.min(4);
    watch("crowds", &crowded(crowds), Duration::from_secs(crowds * CYCLE_S), &mut outcome);
    outcome
}

const DAY: &str = r#"
format = 1
name = "A day"
until = "24h"
[[node]]
id = "users"
kind = "clients"
rate = "1000/s"
timeout = "100ms"
retry = { attempts = 2, backoff = "full_jitter", base = "50ms", cap = "1s" }
[[node]]
id = "lb"
kind = "load_balancer"
algorithm = "least_connections"
[[node]]
id = "web"
kind = "service"
replicas = 4
workers = 16
cores = 4
service_time = { exponential = "8ms" }
memory_limit = "1GiB"
call_timeout = "80ms"
[[node]]
id = "db"
kind = "database"
max_connections = 64
service_time = { exponential = "4ms" }
[[link]]
from = "users"
to = "lb"
latency = { exponential = "1ms" }
[[link]]
from = "lb"
to = "web"
latency = "200us"
[[link]]
from = "web"
to = "db"
latency = "200us"
"#;

/// From one flash crowd to the next, in seconds.
const CYCLE_S: u64 = 150;

/// So many flash crowds, each of which overruns the system until it has gone.
fn crowded(cycles: u64) -> String {
    let system = DAY.replace("1000/s", "400/s").replace("call_timeout", "queue = 2000\ncall_timeout");
    let phase = |i: u64| {
        let at = i * CYCLE_S + 30;
        format!("[[phase]]\nnode = \"users\"\nat = \"{at}s\"\nfor = \"20s\"\nrate = \"4000/s\"\n")
    };
    system + &(0..cycles).map(phase).collect::<String>()
}

fn watch(name: &str, text: &str, span: Duration, outcome: &mut Outcome) {
    let scenario = Scenario::load(text).unwrap_or_else(|problems| panic!("{problems}"));
    let before = memory::live_bytes();
    let mut simulation = Simulation::new(&scenario, 1);
    simulation.record(Duration(span.0 / LOOKS / 60));
    let (mut live, mut resident) = (Peaks::default(), Peaks::default());
    for look in 1..=LOOKS {
        if let Err(halt) = simulation.run_until(Time(span.0 / LOOKS * look)) {
            return outcome.fail(format!("{name}: {halt}"));
        }
        live.see(look, memory::live_bytes().saturating_sub(before));
        if let Some(bytes) = memory::resident_bytes() {
            resident.see(look, bytes);
        }
        if look % (LOOKS / 24) == 0
            && let Err(books) = simulation.check_books()
        {
            return outcome.fail(format!("{name}, at {}: {books}", simulation.now()));
        }
    }
    let totals = simulation.totals();
    outcome.row(
        format!("{name}: virtual time, requests, attempts, events"),
        format!("{span}, {}, {}, {}", totals.born, totals.attempts, simulation.events()),
    );
    outcome.row(format!("{name}: points of the record"), simulation.series().len());
    outcome.check(totals.attempts > totals.born, || format!("{name}: nobody tried again, so nothing was tested"));
    live.judge(&format!("{name}: live bytes"), LIVE_SLACK, outcome);
    if resident.last > 0 {
        resident.judge(&format!("{name}: resident bytes"), RESIDENT_SLACK, outcome);
    }
}
