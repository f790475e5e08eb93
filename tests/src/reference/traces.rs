//! Traces of real systems: what is read of a file, and what a queue makes of it when it is played again. Everything is exact,
//! so it is taken from individual requests and not from histograms.

use super::{Case, Row, Verdict};
use floodgate::trace::{Columns, Layout, Term, Trace};
use floodgate::{Budget, Duration, Files, Progress, Scenario, Simulation};
use floodgate_core::{Delivery, Event};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Relative; the files say so.
const TOLERANCE: f64 = 1e-6;

/// The files of the reference cases.
struct Data;

impl Files for Data {
    fn text(&self, name: &str) -> Result<Arc<str>, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/data").join(name);
        std::fs::read_to_string(path).map(Arc::from).map_err(|error| error.to_string())
    }
}

/// What a case of these families comes to.
pub(super) fn replay(case: &Case) -> Vec<Row> {
    let names = case.expected_names();
    let got = match case.family.as_str() {
        "traces.trace_fifo_replay" => fifo(case),
        _ if case.word("file").starts_with("elastic") => access_log(case),
        _ => arrivals(case),
    };
    let row = |name: &String| match got.get(name.as_str()) {
        Some(&got) => judged(case, name, got),
        None if name == "status_counts" => {
            Row::open(case, name, "how a request ends is for the simulated system to say: a recording has no status")
        }
        None => {
            let mut row = Row::open(case, name, "");
            row.verdict = Verdict::Fail("nothing measures it".to_owned());
            row
        }
    };
    names.iter().map(row).collect()
}

fn judged(case: &Case, name: &str, got: f64) -> Row {
    let expected = case.expect(name);
    let holds = (got - expected).abs() <= TOLERANCE * expected.abs();
    let verdict =
        if holds { Verdict::Pass } else { Verdict::Fail("it is exact to a millionth, or not at all".to_owned()) };
    Row { expected: Some(expected), got: Some((got, 0.0)), verdict, ..Row::open(case, name, "") }
}

fn text(case: &Case) -> Arc<str> {
    let file = match case.word("file") {
        "elastic_apache_access.csv" => "elastic_access_all.csv",
        file => file,
    };
    Data.text(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn read(case: &Case, columns: &Columns) -> Trace {
    Trace::read(&text(case), &Layout::Table(columns.clone())).unwrap_or_else(|problem| panic!("{}: {problem}", case.id))
}

/// A column of whole numbers, read as bytes.
fn numbers(case: &Case, column: &str) -> Vec<f64> {
    let columns = Columns { at: "TIMESTAMP".into(), bytes: Some(column.into()), ..Columns::default() };
    read(case, &columns).requests.iter().map(|request| request.bytes as f64).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// With a straight line between the two values around it.
fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = q * (values.len() - 1) as f64;
    let (low, share) = (place as usize, place.fract());
    let high = (low + 1).min(values.len() - 1);
    values[low] + share * (values[high] - values[low])
}

/// The smallest value that a share `q` of all do not exceed.
fn ranked(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((q * values.len() as f64).ceil() as usize).max(1) - 1]
}

/// Plays a file into a station; every arrival and every answer there, in seconds, by request.
fn play(case: &Case, replay: &str, station: &str, until: &str) -> Vec<(f64, f64)> {
    let text = format!(
        "format = 1\nname = 'trace'\nuntil = '{until}'\n[[node]]\nid = 'trace'\nkind = 'clients'\ntimeout = 'none'\n\
         replay = {replay}\n[[node]]\nid = 'queue'\nkind = 'station'\n{station}\n[[link]]\nfrom = 'trace'\nto = 'queue'\n"
    );
    let scenario = Scenario::load_among(&text, &Data).unwrap_or_else(|problems| panic!("{}: {problems}", case.id));
    let mut simulation = Simulation::new(&scenario, 1);
    let mut events: Vec<Event> = Vec::new();
    assert_eq!(simulation.advance_with(Budget::until(scenario.until), &mut events), Progress::Reached);
    simulation.check_books().expect("the books balance");
    let mut visits: Vec<(f64, f64)> = Vec::new();
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    for event in events {
        match event.delivery {
            Delivery::Call => {
                places.insert(event.lineage, visits.len());
                visits.push((event.time.as_secs_f64(), f64::NAN));
            }
            Delivery::Answer => visits[places[&event.lineage]].1 = event.time.as_secs_f64(),
            _ => {}
        }
    }
    visits
}

/// When requests arrive, as a node sees it; and what else the file says.
fn arrivals(case: &Case) -> BTreeMap<&'static str, f64> {
    let replay = format!("{{ file = '{}', at = 'TIMESTAMP' }}", case.word("file"));
    let at: Vec<f64> = play(case, &replay, "servers = 'none'\nservice_time = '0s'", "2h").iter().map(|v| v.0).collect();
    let gaps: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let gap = mean(&gaps);
    let variance = mean(&gaps.iter().map(|x| (x - gap) * (x - gap)).collect::<Vec<_>>());
    let duration = at[at.len() - 1] - at[0];
    let mut generated = numbers(case, "GeneratedTokens");
    BTreeMap::from([
        ("requests", at.len() as f64),
        ("duration_s", duration),
        ("mean_rate_per_s", gaps.len() as f64 / duration),
        ("interarrival_scv", variance / (gap * gap)),
        ("mean_context_tokens", mean(&numbers(case, "ContextTokens"))),
        ("mean_generated_tokens", mean(&generated)),
        ("p99_generated", quantile(&mut generated, 0.99)),
    ])
}

fn access_log(case: &Case) -> BTreeMap<&'static str, f64> {
    let (at, client, bytes) = ("t_s".into(), Some("client".into()), Some("bytes".into()));
    let trace = read(case, &Columns { at, client, bytes, ..Columns::default() });
    let total: u64 = trace.requests.iter().map(|request| request.bytes).sum();
    BTreeMap::from([
        ("requests", trace.requests.len() as f64),
        ("span_s", trace.span().as_secs_f64()),
        ("clients", f64::from(trace.clients)),
        ("bytes_total", total as f64),
    ])
}

fn fifo(case: &Case) -> BTreeMap<&'static str, f64> {
    let parts = [(None, "50ms"), (Some("ContextTokens"), "0.2ms"), (Some("GeneratedTokens"), "20ms")];
    let part = |(column, each): &(Option<&str>, &str)| {
        format!("{{ column = '{}', each = '{each}' }}", column.unwrap_or_default())
    };
    let demand = parts.iter().map(part).collect::<Vec<_>>().join(", ");
    let replay = format!("{{ file = '{}', at = 'TIMESTAMP', demand = [{demand}] }}", case.word("file"));
    let visits = play(case, &replay, &format!("servers = {}\ndiscipline = 'fifo'", case.param("servers")), "2h");
    let term = |column: Option<&str>, us: u64| Term { column: column.map(str::to_owned), each: Duration(us * 1000) };
    let demand = vec![term(None, 50_000), term(Some("ContextTokens"), 200), term(Some("GeneratedTokens"), 20_000)];
    let trace = read(case, &Columns { at: "TIMESTAMP".into(), demand, ..Columns::default() });
    assert_eq!(visits.len(), trace.requests.len(), "every request is sent once");
    let demands: Vec<f64> = trace.requests.iter().filter_map(|r| Some(r.demand?.as_secs_f64())).collect();
    let mut sojourns: Vec<f64> = visits.iter().map(|(arrived, answered)| answered - arrived).collect();
    // Differences of times: whoever did not wait has waited for rounding.
    let wait = |(sojourn, demand): (&f64, &f64)| if sojourn - demand < 1e-9 { 0.0 } else { sojourn - demand };
    let mut waits: Vec<f64> = sojourns.iter().zip(&demands).map(wait).collect();
    BTreeMap::from([
        ("mean_wait", mean(&waits)),
        ("max_wait", waits.iter().copied().fold(0.0, f64::max)),
        ("fraction_waiting", waits.iter().filter(|wait| **wait > 0.0).count() as f64 / waits.len() as f64),
        ("p99_wait_sorted_index_ceil", ranked(&mut waits, 0.99)),
        ("mean_sojourn", mean(&sojourns)),
        ("p50_sojourn", ranked(&mut sojourns, 0.5)),
        ("p99_sojourn", ranked(&mut sojourns, 0.99)),
        ("total_service", demands.iter().sum()),
    ])
}
