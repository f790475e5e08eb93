//! A single server, healthy: the run as it stood at 8 s, with everything that was done to it by hand.
//!
//! Written by the Floodgate playground. It needs the crate `floodgate`; the digest is of everything that happened, so it
//! changes when a version of Floodgate changes what a component does.

use floodgate::{Budget, ControlLog, Scenario, Simulation, Time};

const SCENARIO: &str = r#"format = 1
name = "A single server, healthy"
tag = "Single server"
description = "One web server and one database carry 400 requests per second without effort. Press the button and see."
until = "60s"

[[node]]
id = "users"
kind = "clients"
title = "Users"
position = [80, 220]
rate = "400/s"
timeout = "500ms"
# Three more tries: what every client library does by default.
retry = { attempts = 3, backoff = "full_jitter", base = "100ms", cap = "2s" }

[[node]]
id = "web"
kind = "service"
title = "Web server"
position = [400, 220]
workers = 48
# Four cores and 4 ms each: 1,000 requests per second at most.
cores = 4
service_time = { exponential = "4ms" }
after_share = 0.25
# Room for 8,000 requests in flight; one more, and the kernel kills the process.
memory_base = "256MiB"
memory_per_request = "96KiB"
memory_limit = "1006MiB"
restart_delay = "3s"
# After a start caches are empty and nothing is compiled yet.
warm_up = "10s"
warm_up_slowdown = 4.0
call_timeout = "2s"

[[node]]
id = "db"
kind = "database"
title = "Database"
position = [720, 220]
max_connections = 200
knee = 64
contention = 0.25
service_time = { exponential = "8ms" }

[[link]]
from = "users"
to = "web"
latency = "1ms"

[[link]]
from = "web"
to = "db"
latency = "200us"

[[expect]]
metric = "goodput_ratio"
min = 0.999
because = "400 requests per second are well below what one server can do"

[[expect]]
metric = "latency_ms.p99"
of = "users"
max = 100
because = "nobody waits"

[[expect]]
metric = "utilization"
of = "web"
min = 0.3
max = 0.5
because = "400/s at 4 ms on four cores is 40 %"

[[expect]]
metric = "amplification"
max = 1.001
because = "there is nothing to retry"
"#;

const CONTROLS: &str = r#"{"floodgate_controls":1,"scenario":"A single server, healthy","seed":9}
{"at":"2s","node":"users","set":{"rate":"3000/s"},"for":"3s"}
{"at":"4s","node":"web","fault":"kill"}
"#;

#[test]
fn run_of_a_single_server_healthy() {
    let scenario = Scenario::load(SCENARIO).expect("the scenario is sound");
    let mut simulation = Simulation::new(&scenario, 9);
    let log = ControlLog::parse(CONTROLS, &scenario).expect("the control log fits the scenario");
    for control in log.controls {
        simulation.control(control).expect("the control can be applied");
    }
    let _ = simulation.advance(Budget::until(Time(8000000000)));
    assert_eq!(simulation.digest().to_string(), "0ba0fd0d08598f67", "at 8 s");
    let totals = simulation.totals();
    assert_eq!([totals.born, totals.answered, totals.goodput, totals.failed], [10999, 1698, 1652, 8869]);
}
