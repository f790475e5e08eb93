//! Every component of the catalogue at work: small systems at nine tenths of their capacity. What they cost is measured by the
//! benchmark, and that they allocate nothing in steady state is a test; both read this file.

use floodgate::catalogue::Descriptor;
use floodgate::param::ParamKind;

/// A component at work.
pub struct Workload {
    /// Of which kind; "link" is no component and at work all the same.
    pub kind: &'static str,
    /// As what, where there is more than one row of the kind.
    pub what: String,
    /// Parameters of the clients.
    clients: &'static str,
    /// Parameters of the link from the clients.
    link: &'static str,
    /// The node behind the clients; empty is one of the servers.
    node: String,
    /// How many servers there are behind it.
    servers: usize,
}

/// Of the load that all servers together can bear.
const RATE: &str = "rate = '900/s'\ntimeout = '10s'\n";
const KEPT: &str = "population = 1000\nconnections = {}\n";

/// Rows with a node of their own: kind, what, parameters of the clients, of the node, servers behind it.
const NODES: &[(&str, &str, &str, &str, usize)] = &[
    (
        "service",
        "shared cores, memory",
        "",
        "workers = 64\ncores = 8\nmemory_limit = '1GiB'\nservice_time = { exponential = '8ms' }\n",
        0,
    ),
    (
        "service",
        "deadlines",
        "deadline = '10s'\n",
        "workers = 8\ndeadlines = true\nservice_time = { exponential = '8ms' }\n",
        0,
    ),
    (
        "service",
        "a callee, retries",
        "",
        "workers = 32\ncall_timeout = '200ms'\ncall_retry = { attempts = 2 }\nservice_time = { exponential = '1ms' }\n",
        1,
    ),
    (
        "database",
        "",
        "",
        "max_connections = 8\nknee = 8\nbacklog = 100000\nservice_time = { exponential = '8ms' }\n",
        0,
    ),
    ("station", "first come, first served", "", "servers = 8\nservice_time = { exponential = '8ms' }\n", 0),
    (
        "station",
        "priorities, patience",
        "classes = [{ name = '/a' }, { name = '/b', priority = 3 }]\n",
        "servers = 8\ndiscipline = 'priority_preemptive'\npatience = { exponential = '1s' }\n\
         service_time = { exponential = '8ms' }\n",
        0,
    ),
    (
        "station",
        "shared processors",
        "",
        "servers = 8\ndiscipline = 'processor_sharing'\nservice_time = { exponential = '8ms' }\n",
        0,
    ),
    ("fork_join", "two branches", "", "", 2),
    ("dns", "", "", "ttl = '5s'\nresolvers = 100\n", 2),
    ("dns", "checks, overlong answers", "", "ttl = '5s'\noverlong_ratio = 0.1\nhealth_checks = {}\n", 2),
    ("anycast", "", "", "", 2),
    ("anycast", "kept connections", KEPT, "", 2),
    ("cdn", "", "keys = { count = 20000 }\n", "ttl = '5s'\n", 1),
    ("cdn", "full", "keys = { count = 20000 }\n", "ttl = '5s'\ncapacity = 500\ncoalesce = false\n", 1),
    ("l4_director", "second chance", KEPT, "", 4),
    ("l4_director", "connection table", KEPT, "memory = 'connection_table'\n", 4),
    (
        "load_balancer",
        "checks, outliers, next upstream",
        "",
        "health_checks = { interval = '1s', timeout = '500ms' }\noutliers = {}\npassive = {}\n\
         next_upstream = { tries = 1 }\nper_try_timeout = '5s'\nslow_start = {}\nzone_aware = {}\n",
        4,
    ),
    ("load_balancer", "processor cost, queue", "", "cost = '500us'\nmax_connections = 400\nqueue = 1000\n", 4),
    ("load_balancer", "sticky sessions", "population = 1000\n", "sessions = {}\n", 4),
    ("load_balancer", "connections (L4)", KEPT, "mode = 'l4'\n", 4),
];

/// Rows of clients in front of a server: what, their parameters, those of their link.
const CLIENTS: &[(&str, &str, &str)] = &[
    ("plain", "", ""),
    ("a closed loop", "users = 100\nthink_time = { exponential = '100ms' }\n", ""),
    // At nine tenths they would be an avalanche.
    ("retries at 70 %", "rate = '700/s'\ntimeout = '30ms'\nretry = { attempts = 1 }\n", ""),
    ("classes, deadlines", "classes = [{ name = '/a', weight = 3.0 }, { name = '/b' }]\ndeadline = '10s'\n", ""),
    ("keys, sizes", "keys = {}\nsize = { scv = 2.0 }\n", ""),
    ("hot keys, sessions", "keys = { popularity = 'hot_spot' }\nsessions = true\npopulation = 1000\n", ""),
    ("kept connections", KEPT, ""),
    ("crawlers, double clicks", "crawlers = {}\ndouble_clicks = {}\n", ""),
    (
        "a curve, bursts, batches",
        "rate = '400/s'\narrivals = { curve = [{ at = '0s', factor = 0.8 }, { at = '5s', factor = 0.9 }], \
         curve_period = '10s', burst_rate = '500/s', calm = '1s', burst = '1s', batch = 'geometric', batch_mean = 2.0 }\n",
        "",
    ),
];

/// Rows of links between plain clients and a server.
const LINKS: &[(&str, &str)] = &[
    ("latency", "latency = { lognormal = '20ms', scv = 0.5 }\n"),
    ("loss", "latency = '1ms'\nloss = 0.02\n"),
    ("bandwidth", "latency = '1ms'\nbandwidth = '32MiB'\n"),
];

/// All of them; plain clients in front of a plain server are the first.
#[must_use]
pub fn all() -> Vec<Workload> {
    let clients = CLIENTS.iter().map(|&(what, clients, link)| ("clients", what, clients, link));
    let links = LINKS.iter().map(|&(what, link)| ("link", what, "", link));
    let in_front = clients.chain(links).map(|(kind, what, clients, link)| Workload {
        kind,
        what: what.to_owned(),
        clients,
        link,
        node: String::new(),
        servers: 1,
    });
    let nodes = NODES.iter().map(|&(kind, what, clients, node, servers)| Workload {
        kind,
        what: what.to_owned(),
        clients,
        link: "",
        node: format!("kind = '{kind}'\n{node}"),
        servers,
    });
    in_front.chain(nodes).chain(algorithms()).collect()
}

/// A balancer by each of the algorithms that it knows.
fn algorithms() -> Vec<Workload> {
    let balancer = floodgate::catalogue().iter().find(|descriptor| descriptor.kind == "load_balancer");
    let choice = balancer.and_then(|d| d.params.iter().find(|param| param.name == "algorithm"));
    let Some(ParamKind::Choice(algorithms)) = choice.map(|param| param.kind) else { return Vec::new() };
    let row = |name: &str| Workload {
        kind: "load_balancer",
        what: name.to_owned(),
        clients: "",
        link: "",
        node: format!("kind = 'load_balancer'\nalgorithm = '{name}'\n"),
        servers: 4,
    };
    algorithms.iter().map(|algorithm| row(algorithm.name)).collect()
}

/// A server of eight workers that are nine tenths busy when `servers` like it share the load.
fn server(id: &str, servers: usize) -> String {
    let ms = 8 * servers;
    format!("[[node]]\nid = '{id}'\nkind = 'service'\nworkers = 8\nservice_time = {{ exponential = '{ms}ms' }}\n")
}

impl Workload {
    /// As a scenario file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.clients() + "[[link]]\nfrom = 'clients'\nto = 'x'\n" + self.link;
        if self.node.is_empty() {
            return text + &server("x", 1);
        }
        text += &format!("[[node]]\nid = 'x'\n{}", self.node);
        for i in 0..self.servers {
            // Each branch of a fork gets every request.
            let share = if self.kind == "fork_join" { 1 } else { self.servers };
            text += &server(&format!("s{i}"), share);
            text += &format!("[[link]]\nfrom = 'x'\nto = 's{i}'\n");
        }
        text
    }

    /// Header and clients.
    fn clients(&self) -> String {
        let key = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        // What the row says of the clients comes in place of the same key.
        let given: Vec<String> = self.clients.lines().map(key).collect();
        let rest: String =
            RATE.lines().filter(|line| !given.contains(&key(line))).map(|l| l.to_owned() + "\n").collect();
        format!(
            "format = 1\nname = 'components'\nuntil = '2s'\n[[node]]\nid = 'clients'\nkind = 'clients'\n{rest}{}",
            self.clients
        )
    }

    /// The same clients in front of `s`, which calls `t`, both with a worker for everybody: directly, or through the node or
    /// the link of the row; a node that passes nothing on has clients of its own.
    #[must_use]
    pub fn in_the_way(&self, there: bool) -> String {
        let wide = "workers = 100000\nservice_time = { lognormal = '10ms', scv = 2.0 }\n";
        let mut text = self.clients();
        for (id, to) in [("s", Some("t")), ("t", None)] {
            text += &format!("[[node]]\nid = '{id}'\nkind = 'service'\n{wide}");
            text += &to.map_or(String::new(), |to| format!("[[link]]\nfrom = '{id}'\nto = '{to}'\n"));
        }
        let (link, node) = if there { (self.link, self.node.as_str()) } else { ("", "") };
        if !node.is_empty() {
            text += &format!("[[node]]\nid = 'x'\n{node}");
        }
        let via = if node.is_empty() || self.servers == 0 { "s" } else { "x" };
        text += &format!("[[link]]\nfrom = 'clients'\nto = '{via}'\n{link}");
        if via == "x" {
            text += "[[link]]\nfrom = 'x'\nto = 's'\n";
        } else if !node.is_empty() {
            text += "[[node]]\nid = 'others'\nkind = 'clients'\n[[link]]\nfrom = 'others'\nto = 'x'\n";
        }
        text
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> String {
        if self.what.is_empty() { self.kind.to_owned() } else { format!("{}: {}", self.kind, self.what) }
    }
}

/// Kinds of the catalogue that have no row here.
#[must_use]
pub fn missing(catalogue: &[&Descriptor]) -> Vec<&'static str> {
    let rows = all();
    let there = |kind: &str| rows.iter().any(|workload| workload.kind == kind);
    catalogue.iter().map(|descriptor| descriptor.kind).filter(|kind| !there(kind)).collect()
}
