//! Values that nobody can mean: each is refused where it stands, with what to write instead.

use floodgate::Scenario;

/// What is told of a file that has `nonsense` in the lines from `first` to `last`.
fn refused(text: &str, lines: std::ops::RangeInclusive<usize>, nonsense: &str) {
    let problems = match Scenario::load(text) {
        Ok(_) => panic!("accepted: {nonsense}"),
        Err(problems) => problems.in_file("f").to_string(),
    };
    let mut told = problems.lines();
    let place = told.next().and_then(|line| line.split(':').nth(1)).and_then(|line| line.parse().ok());
    assert!(place.is_some_and(|line| lines.contains(&line)), "{nonsense}: not in lines {lines:?}\n{problems}");
    assert!(told.next().is_some_and(|line| line.trim().starts_with("help: ")), "{nonsense}: no remedy\n{problems}");
}

#[test]
fn of_components_and_their_links() {
    for (kind, node, link) in [
        ("load_balancer", "algorithm = 'ring_hash'\npoints = 0", ""),
        ("load_balancer", "choices = 0", ""),
        ("load_balancer", "choices = -1", ""),
        ("load_balancer", "entries = 0", ""),
        ("load_balancer", "entries = 1", ""),
        ("load_balancer", "load_factor = 0.5", ""),
        ("load_balancer", "load_factor = nan", ""),
        ("load_balancer", "load_factor = inf", ""),
        ("load_balancer", "bias = -1", ""),
        ("load_balancer", "decay = '0s'", ""),
        ("load_balancer", "per_try_timeout = '0s'", ""),
        ("load_balancer", "next_upstream = { tries = 1, on = ['200'] }", ""),
        ("load_balancer", "next_upstream = { tries = 1, on = [] }", ""),
        ("load_balancer", "passive = { fail_timeout = '100ms' }", ""),
        ("load_balancer", "passive = { fail_timeout = '1500ms' }", ""),
        ("load_balancer", "outliers = { enforcing_consecutive_5xx = 101 }", ""),
        ("load_balancer", "outliers = { max_ejection_percent = 101 }", ""),
        ("load_balancer", "outliers = { failure_percentage_threshold = 120 }", ""),
        ("load_balancer", "outliers = { interval = '0s' }", ""),
        ("load_balancer", "outliers = { base_ejection_time = '400s' }", ""),
        ("load_balancer", "panic_threshold = 1.5", ""),
        ("load_balancer", "health_checks = { interval = '1s', timeout = '2s' }", ""),
        ("load_balancer", "health_checks = { interval = '0s', timeout = '0s' }", ""),
        ("load_balancer", "health_checks = { rise = 0 }", ""),
        ("load_balancer", "zone_aware = { overprovisioning = 0 }", ""),
        ("load_balancer", "slow_start = { window = '0s' }", ""),
        ("load_balancer", "slow_start = { aggression = 0 }", ""),
        ("load_balancer", "slow_start = { min_weight = 2 }", ""),
        ("load_balancer", "queue = 5", ""),
        ("load_balancer", "queue_timeout = '1s'", ""),
        ("load_balancer", "cores = 0", ""),
        ("load_balancer", "cost = '-1ms'", ""),
        ("load_balancer", "idle_timeout = '0s'", ""),
        ("load_balancer", "", "weight = 0"),
        ("load_balancer", "", "weight = -1"),
        ("load_balancer", "", "weight = nan"),
        ("load_balancer", "", "path = ''"),
        ("load_balancer", "", "path = ' , '"),
        ("load_balancer", "", "loss = 1"),
        ("load_balancer", "", "loss = -0.1"),
        ("load_balancer", "", "rto = '0s'"),
        ("load_balancer", "", "bandwidth = '0B'"),
        ("load_balancer", "", "bandwidth = '10Mbit'"),
        ("load_balancer", "", "call_size = '-1B'"),
        ("load_balancer", "", "cut = 'maybe'"),
        ("load_balancer", "", "latency = '-1ms'"),
        ("load_balancer", "", "latency = { pareto = ['1ms', '1s'], shape = 0 }"),
        ("load_balancer", "", "latency = { pareto = ['1ms', '1s'], shape = -1 }"),
        ("load_balancer", "", "latency = { pareto = ['1s', '1ms'], shape = 1 }"),
        ("load_balancer", "", "latency = { weibull = '1ms', shape = nan }"),
        ("load_balancer", "", "latency = { weibull = '1ms', shape = 0.001 }"),
        ("load_balancer", "", "latency = { weibull = '1ms', shape = 1e300 }"),
        ("load_balancer", "", "latency = { lognormal = '1ms', scv = inf }"),
        ("load_balancer", "", "latency = { mixture = [[-1, '1ms']] }"),
        ("load_balancer", "", "latency = { mixture = [] }"),
        ("load_balancer", "", "latency = { quantiles = [] }"),
        ("load_balancer", "", "latency = { quantiles = [[0, '1ms']] }"),
        ("load_balancer", "", "latency = { quantiles = [[0, '1ms'], [2, '2ms']] }"),
        ("load_balancer", "", "latency = { quantiles = [[0, '1ms'], [nan, '2ms'], [1, '3ms']] }"),
        ("dns", "ttl = '-1s'", ""),
        ("dns", "overlong_ratio = 2", ""),
        ("dns", "resolvers = 0", ""),
        ("dns", "resolvers = 100000000000", ""),
        ("dns", "lookup_time = '2h'", ""),
        ("dns", "health_checks = { interval = '1s', timeout = '2s' }", ""),
        ("dns", "", "weight = 0"),
        ("dns", "answer = 'weighted'", "weight = 0"),
        ("dns", "overlong_ttl = '1s'\noverlong_ratio = 0.5", ""),
        ("anycast", "convergence = '-1s'", ""),
        ("anycast", "health_checks = { interval = '1s', timeout = '2s' }", ""),
        ("anycast", "", "weight = 0"),
        ("cdn", "capacity = 0", ""),
        ("cdn", "capacity = 1e9", ""),
        ("cdn", "stale_on = ['timeouts']", ""),
        ("cdn", "hit_time = '25h'", ""),
        ("l4_director", "directors = 0", ""),
        ("l4_director", "directors = 65", ""),
        ("l4_director", "rows = 1", ""),
        ("l4_director", "connections = 0", ""),
        ("l4_director", "states = [{ id = 'nobody' }]", ""),
        ("l4_director", "states = [{ id = 'web' }, { id = 'web' }]", ""),
        ("l4_director", "states = [{}]", ""),
        ("l4_director", "states = [{ id = 'web', state = 'gone' }]", ""),
        ("fork_join", "branch_timeout = '0s'", ""),
    ] {
        let head = "format = 1\nname = 'x'\n[[node]]\nid = 'users'\nkind = 'clients'\n[[node]]\nid = 'web'\nkind = 'service'\n";
        let wiring = "[[link]]\nfrom = 'users'\nto = 'x'\n[[link]]\nfrom = 'x'\nto = 'web'\n";
        let text = format!("{head}[[node]]\nid = 'x'\nkind = '{kind}'\n{node}\n{wiring}{link}\n");
        // The node begins in line 9, its link three lines after its end.
        let lines = if link.is_empty() { 9..=11 + node.lines().count() } else { 13..=22 };
        refused(&text, lines, &format!("{kind} {node} {link}"));
    }
}

#[test]
fn of_clients() {
    for users in [
        "keys = { count = 0 }",
        "keys = { count = 1e12 }",
        "keys = { exponent = -1 }",
        "keys = { exponent = nan }",
        "keys = { popularity = 'hot_spot', hot_share = 2 }",
        "crawlers = { clients = 0 }",
        "crawlers = { share = 1.5 }",
        "connections = { requests = 0 }",
        "connections = { idle = '-1s' }",
        "connections = { requests = 70000 }",
        "double_clicks = { share = 2 }",
        "users = 5\ndouble_clicks = {}",
        "users = 5\narrivals = { ramp = {} }",
        "size = { mean = '-1B' }",
        "size = { scv = -1 }",
        "deadline = '0s'",
        "deadline = '-1s'",
        "slo = '0s'",
        "arrivals = { scv = 0.5, gaps = 'hyperexponential' }",
        "arrivals = { stages = 0, gaps = 'erlang' }",
        "arrivals = { batch_mean = 0.5, batch = 'fixed' }",
        "arrivals = { wave = 2 }",
        "arrivals = { crowd = { peak = -1 } }",
        "arrivals = { crowd = { rise = '-1s' } }",
        "arrivals = { full_hour = { share = 2 } }",
        "arrivals = { full_hour = { within = '2h' } }",
        "arrivals = { full_hour = { every = '0s' } }",
        "arrivals = { ramp = { to = -1 } }",
        "arrivals = { curve = [{ factor = -1 }] }",
        "arrivals = { curve = [{ at = '1s' }, { at = '1s' }] }",
        "arrivals = { burst_rate = '-1/s' }",
        "arrivals = { burst_rate = '10/s', calm = '0s' }",
        "arrivals = { curve_period = '0s', curve = [{}] }",
        "arrivals = { period = '0s', wave = 0.5 }",
        "rate = '1e300/s'",
        "rate = nan",
        "rate = '1e9/s'",
        "population = 0",
        "population = 1e12",
        "work = -1",
        "work = nan",
        "priority = 9",
        "class = ''",
        "timeout = '0s'",
        "retry = { attempts = 1000 }",
        "retry = { on = ['200'] }",
        "replay = { file = '../x' }",
        "replay = { file = '/etc/passwd' }",
        "replay = { file = 'x', speed = 0 }",
        "replay = { file = 'x', speed = -1 }",
    ] {
        let rest = "[[node]]\nid = 'web'\nkind = 'service'\n[[link]]\nfrom = 'users'\nto = 'web'\n";
        let text = format!("format = 1\nname = 'x'\n[[node]]\nid = 'users'\nkind = 'clients'\n{users}\n{rest}");
        refused(&text, 3..=5 + users.lines().count(), users);
    }
}
