//! What can be wrong with clients: with their mixes, their curves, and the files they are to play.

use floodgate::Scenario;
use std::collections::BTreeMap;
use std::sync::Arc;

fn files() -> BTreeMap<String, Arc<str>> {
    let file = |name: &str, text: &str| (name.to_owned(), Arc::from(text));
    BTreeMap::from([
        file("good.csv", "time,who,n\n1.5,a,3\n2,b,4\n"),
        file("back.csv", "time\n5\n4\n"),
        file("broken.csv", "time,n\n1,2\n2\n"),
        file("words.csv", "time,n\n1,2\nsoon,3\n"),
        file("empty.csv", "time\n"),
        file("access.log", "a - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\nnonsense\n"),
    ])
}

fn text(users: &str) -> String {
    format!("format = 1\nname = 'x'\n[[node]]\nid = 'users'\nkind = 'clients'\n{users}\n")
}

/// Every problem as the command prints it.
fn problems(users: &str) -> String {
    match Scenario::load_among(&text(users), &files()) {
        Ok(_) => panic!("{users}: nothing is wrong"),
        Err(problems) => problems.in_file("x.toml").to_string(),
    }
}

#[test]
fn what_is_wrong_with_traffic_is_told_with_place_and_remedy() {
    for (users, place, message, remedy) in [
        ("classes = [{ name = '/a', weight = 0 }]", "6:11", "weights that add up to 0", "above 0"),
        ("classes = [{ name = '/a' }, { name = '/a' }]", "6:11", "\"/a\" twice", "name of its own"),
        ("classes = [{ name = ' ' }]", "6:11", "has the class \" \"", "one line"),
        ("classes = [{ nam = '/a' }]", "6:14", "unknown key `nam`", "did you mean `name`"),
        ("classes = [{ work = -1 }]", "6:21", "`users.classes[0].work`", "from 0 to 1000"),
        ("classes = '/a'", "6:11", "which is a text", "a list"),
        ("classes = ['/a']", "6:12", "`users.classes[0]` is \"/a\"", "a list"),
        ("population = 5\ncrawlers = { clients = 6 }", "7:24", "more than the `population` of 5", "at most"),
        ("population = 2000000\nconnections = {}", "7:15", "2000000 clients", "at most 1000000"),
        ("arrivals = { curve = [{ at = '2h' }, { at = '1h' }] }", "6:12", "3600s after 7200s", "order of their times"),
        ("arrivals = { curve = [{ at = '25h' }] }", "6:12", "`curve_period` is 86400s", "within the period"),
        ("replay = {}", "6:10", "`users.replay.file` is empty", "lies beside"),
        ("replay = { file = 'goood.csv' }", "6:19", "is not there; did you mean \"good.csv\"?", "beside the scenario"),
        ("replay = { file = 'good.csv', at = 't' }", "6:19", "line 1: there is no column `t`", "time, who, n"),
        ("replay = { file = 'good.csv', client = 'x' }", "6:19", "no column `x`", "time, who, n"),
        (
            "replay = { file = 'good.csv', demand = [{ column = 'who', each = '1s' }] }",
            "6:19",
            "line 2: `who` is \"a\"",
            "a number",
        ),
        ("replay = { file = 'back.csv' }", "6:19", "back.csv line 3: its time is 1s before", "sort the file"),
        ("replay = { file = 'broken.csv' }", "6:19", "broken.csv line 3: it has 1 fields", "as many fields"),
        ("replay = { file = 'words.csv' }", "6:19", "words.csv line 3: `time` is \"soon\"", "a number"),
        ("replay = { file = 'empty.csv' }", "6:19", "no request", "the right file"),
        (
            "replay = { file = 'access.log', format = 'access_log' }",
            "6:19",
            "access.log line 2: there is no",
            "common log format",
        ),
        ("users = 3\nreplay = { file = 'good.csv' }", "7:10", "beside `users`", "leave one"),
        ("think_time = { pareto = ['0s', '1s'], shape = 1 }", "6:25", "from 0s on", "mixture"),
        ("think_time = { pareto = ['1s', '1s'], shape = 1 }", "6:25", "write \"1s\"", ""),
        ("think_time = { weibull = '1s' }", "6:14", "has no `shape`", ""),
        ("think_time = { weibull = '1s', shape = 0 }", "6:40", "`shape` = 0", "weibull"),
        ("think_time = { quantiles = [[0.1, '1s'], [1, '2s']] }", "6:30", "begin at 0.1", ""),
        ("think_time = { quantiles = [[0, '1s'], [0.9, '2s']] }", "6:28", "end at 0.9", ""),
        ("think_time = { quantiles = [[0, '2s'], [1, '1s']] }", "6:44", "go down from 2s to 1s", ""),
        ("think_time = { quantiles = [[0, '1s'], [0, '2s']] }", "6:41", "0.0 after 0.0", ""),
        ("think_time = { mixture = [[0, '1s']] }", "6:26", "weights add up to 0", ""),
        ("think_time = { mixture = [[1, { exponentiall = '1s' }]] }", "6:33", "did you mean `exponential`", ""),
        ("think_time = { mixture = [['a', '1s']] }", "6:28", "not a number from 0", ""),
        (
            "think_time = { mixture = [[1, { mixture = [[1, { mixture = [[1, { mixture = [[1, '1s']] }]] }]] }]] }",
            "6:",
            "nested deeper than 3",
            "",
        ),
    ] {
        let told = problems(users);
        assert!(told.starts_with(&format!("x.toml:{place}")), "{users}\n{told}");
        assert!(told.contains(message) && told.contains(remedy), "{users}\n{told}");
    }
}

#[test]
fn without_files_a_recording_is_a_problem_and_not_a_panic() {
    let told = Scenario::load(&text("replay = { file = 'good.csv' }")).expect_err("there is no file").to_string();
    assert!(told.contains("`users.replay.file`: the file \"good.csv\" is not there"), "{told}");
}

#[test]
fn variants_are_checked_as_a_whole() {
    let variant = "[[variant]]\nname = 'v'\nset = { \"users.replay.file\" = 'back.csv' }\n";
    let told = problems(&format!("replay = {{ file = 'good.csv' }}\n{variant}"));
    assert!(told.contains("back.csv line 3"), "{told}");
}

/// A group that is absent comes into being when a part of it is named.
#[test]
fn a_phase_may_bring_a_ramp() {
    let phase = "[[phase]]\nnode = 'users'\nat = '1s'\nfor = '5s'\narrivals = { ramp = { to = 5.0 } }\n";
    let scenario = Scenario::load(&text(&format!("rate = '100/s'\n{phase}"))).expect("sound");
    let mut simulation = floodgate::Simulation::new(&scenario, 1);
    simulation.run_until(floodgate::Time::from_secs_f64(2.0)).expect("no limit");
    let group = |values: &floodgate::param::Values| match values.get("arrivals") {
        Some(floodgate::param::Value::Group(arrivals)) => format!("{:?}", arrivals.get("ramp")),
        _ => String::new(),
    };
    assert!(group(&simulation.values(0)).contains("Number(5.0)"), "{}", group(&simulation.values(0)));
    assert!(group(simulation.base_values(0)).contains("Absent"));
}
