use super::*;

fn seconds(text: &str) -> Option<i128> {
    parse_time(text, Unit::Seconds)
}

#[test]
fn times_are_read_to_the_nanosecond() {
    const S: i128 = 1_000_000_000;
    // Checked with `date --utc --date … +%s`.
    assert_eq!(seconds("2023-11-16 18:17:03.9799600"), Some(1_700_158_623 * S + 979_960_000));
    assert_eq!(seconds("2023-11-16T18:17:03.979960001Z"), Some(1_700_158_623 * S + 979_960_001));
    assert_eq!(seconds("2023-11-16T20:17:03+02:00"), Some(1_700_158_623 * S));
    assert_eq!(seconds("10/Oct/2000:13:55:36 -0700"), Some(971_211_336 * S));
    assert_eq!(seconds("[10/Oct/2000:20:55:36 +0000]"), Some(971_211_336 * S));
    assert_eq!(seconds("1969-12-31 23:59:59"), Some(-S));
    assert_eq!(seconds("2000-02-29 00:00:00"), Some(951_782_400 * S));
    assert_eq!(seconds("1.25"), Some(1_250_000_000));
    assert_eq!(seconds("-3"), Some(-3 * S));
    assert_eq!(parse_time("1.25", Unit::Milliseconds), Some(1_250_000));
    assert_eq!(parse_time("17", Unit::Nanoseconds), Some(17));
    assert_eq!(seconds("0.00000000010"), None, "finer than a nanosecond");
    assert_eq!(seconds("1.5000000000000"), Some(1_500_000_000));
    for wrong in [
        "",
        "x",
        "1.",
        ".5",
        "1e3",
        "2023-02-29 00:00:00",
        "2023-13-01 00:00:00",
        "2023-11-16 24:00:00",
        "2023-11-16",
        "10/Foo/2000:13:55:36 -0700",
        "31/Apr/2000:13:55:36 -0700",
        "10/Oct/2000:13:55:36 0700",
        "1 2",
        "2023-11-16 18:17",
        "2023-11-16 18:17:03 +1",
        "99999999999999999999999999",
    ] {
        assert_eq!(seconds(wrong), None, "{wrong}");
    }
}

fn table(text: &str, columns: &Columns) -> Result<Trace, TraceProblem> {
    Trace::read(text, &Layout::Table(columns.clone()))
}

fn columns() -> Columns {
    let term = |column: Option<&str>, each| Term { column: column.map(str::to_owned), each: Duration(each) };
    Columns {
        at: "t".into(),
        client: Some("who".into()),
        path: Some("what".into()),
        bytes: Some("size".into()),
        key: Some("what".into()),
        demand: vec![term(None, 50), term(Some("n"), 3)],
        ..Columns::default()
    }
}

#[test]
fn a_table_says_what_its_columns_say() {
    let text = "n,t,who,what,size\n10,5.5,ann,/a,100\n0,5.5,\"bob, the elder\",/b,-\n1.5,7.000000001,ann,/a,\n";
    let trace = table(text, &columns()).expect("it is sound");
    let request = |at, client, path: u32, bytes, demand| Recorded {
        at: Duration(at),
        client,
        path,
        bytes,
        key: Some(hash_text(["/a", "/b"][path as usize])),
        demand: Some(Duration(demand)),
    };
    assert_eq!(
        trace.requests,
        [request(0, 0, 0, 100, 80), request(0, 1, 1, 0, 50), request(1_500_000_001, 0, 0, 0, 55)]
    );
    assert_eq!((trace.clients, trace.paths.len(), trace.span()), (2, 2, Duration(1_500_000_001)));
    assert_eq!(trace.round(), Duration(1_500_000_001 + 750_000_000));
    let alone = Columns { at: "t".into(), ..Columns::default() };
    let trace = table("t\n3\n", &alone).expect("it is sound");
    assert_eq!((trace.clients, trace.paths.len(), trace.round()), (0, 0, Duration::from_secs(1)));
    assert_eq!(trace.requests[0].demand, None);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_line() {
    for (text, line, part) in [
        ("n,t,who,what,size\n1,5,a,/,1\n1,4.5,a,/,1\n", 3, "500ms before"),
        ("n,t,who,what,size\n1,5,a,/,1\n1,4.5,a\n", 3, "3 fields"),
        ("n,t,who,what,size\n1,yesterday,a,/,1\n", 2, "no time"),
        ("n,t,who,what,size\n1,5,a,/,many\n", 2, "number of bytes"),
        ("n,t,who,what,size\n-1,5,a,/,1\n", 2, "number for a demand"),
        ("n,time,who,what,size\n1,5,a,/,1\n", 1, "no column `t`"),
        ("n,t,who,what,size\n", 0, "no request"),
        ("", 1, "no column"),
    ] {
        let problem = table(text, &columns()).expect_err("it is wrong");
        assert_eq!(problem.line, line, "{problem}");
        assert!(problem.message.contains(part), "{problem}");
        assert!(!problem.remedy.is_empty());
    }
}

const LOG: &str = r#"10.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a/b.gif?x=1 HTTP/1.0" 200 2326
2001:db8::1 - - [10/Oct/2000:13:55:38 -0700] "POST /api HTTP/1.1" 201 - "http://x/\"q\"" "curl [7] \"x\""

10.0.0.1 - - [10/Oct/2000:21:55:38 +0100] "-" 408 0
"#;

#[test]
fn an_access_log_says_who_when_and_what() {
    let trace = Trace::read(LOG, &Layout::Log).expect("it is sound");
    let read: Vec<(u64, u32, &str, u64)> = trace
        .requests
        .iter()
        .map(|r| (r.at.0 / 1_000_000_000, r.client, &*trace.paths[r.path as usize], r.bytes))
        .collect();
    assert_eq!(read, [(0, 0, "/a/b.gif", 2326), (2, 1, "/api", 0), (2, 0, "-", 0)]);
    assert!(trace.requests.iter().all(|r| r.demand.is_none() && r.key.is_some()));
}

#[test]
fn what_is_wrong_with_a_log_is_told_with_its_line() {
    let good = LOG.lines().next().expect("there is one");
    for (line, part) in [
        ("nonsense", "no host"),
        ("a b c d", "no time in brackets"),
        ("a - - [10/Oct/2000] \"GET / HTTP/1.0\" 200 1", "time cannot be read"),
        ("a - - [10/Oct/2000:13:55:37 -0700] GET / 200 1", "no request in quotes"),
        ("a - - [10/Oct/2000:13:55:37 -0700] \"GET / 200 1", "no request in quotes"),
        ("a - - [10/Oct/2000:13:55:37 -0700] \"GET /\" OK 1", "no status"),
        ("a - - [10/Oct/2000:13:55:37 -0700] \"GET /\" 200", "no number of bytes"),
        ("a - - [10/Oct/2000:13:55:35 -0700] \"GET /\" 200 1", "1s before"),
    ] {
        let problem = Trace::read(&format!("{good}\n{line}\n"), &Layout::Log).expect_err("it is wrong");
        assert_eq!(problem.line, 2, "{problem}");
        assert!(problem.message.contains(part), "{problem}");
    }
    assert!(Trace::read("", &Layout::Log).is_err());
}
