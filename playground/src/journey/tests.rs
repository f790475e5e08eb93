use super::*;

fn call(parent: Option<u32>, from: &str, to: &str) -> JourneyCall {
    JourneyCall { parent, from: from.into(), to: to.into(), ..JourneyCall::default() }
}

const MS: u64 = 1_000_000;

/// A client gives up after 100 ms and tries again; the first attempt is worked on all the same.
fn given_up() -> Journey {
    let first = JourneyCall {
        sent: 0,
        arrived: Some(MS),
        work: vec![(81 * MS, 10 * MS), (205 * MS, 5 * MS)],
        given_up: Some(100 * MS),
        answered: Some(205 * MS),
        ended: Some(206 * MS),
        gone: Some(Gone::GaveUp),
        ..call(None, "Users", "Web #0")
    };
    let below = JourneyCall {
        sent: 81 * MS,
        arrived: Some(82 * MS),
        work: vec![(199 * MS, 7 * MS)],
        answered: Some(199 * MS),
        ended: Some(200 * MS),
        ..call(Some(0), "Web", "Database")
    };
    let second = JourneyCall {
        attempt: 1,
        sent: 150 * MS,
        arrived: Some(151 * MS),
        answered: Some(151 * MS),
        ended: Some(152 * MS),
        code: "503".into(),
        ..call(None, "Users", "Web #1")
    };
    let request =
        Request { length_ns: Some(152 * MS), code: "503".into(), attempts: 2, calls: 3, ..Request::default() };
    Journey { request, calls: vec![first, second, below], calls_dropped: 0 }
}

#[test]
fn a_call_stands_below_its_caller_and_says_what_became_of_it() {
    let (rows, end) = rows(&given_up());
    assert_eq!(end, 206 * MS, "what goes on after the end of the request is shown");
    let said: Vec<String> =
        rows.iter().map(|r| format!("{}{} [{}] {}", "  ".repeat(r.depth), r.title, r.attempt, r.words)).collect();
    assert_eq!(
        said,
        [
            "Users → Web #0 [0] waited 70 ms · worked 15 ms · calls 119 ms · given up at 100 ms · the answer came at 206 ms: the caller had given up",
            "  Web → Database [0] waited 110 ms · worked 7 ms · answered at 200 ms",
            "Users → Web #1 [1] 503 at 152 ms",
        ]
    );
    assert_eq!(rows.iter().map(|r| r.end).collect::<Vec<_>>(), [End::Late, End::Answered, End::Failed]);
    assert_eq!(rows[0].unwanted, Some((100 * MS, 205 * MS)));
    assert_eq!(headline(&given_up().request), "503 after 152 ms, 2 attempts");
    assert_eq!(brief(&given_up().request), "503 · 152 ms · 2 attempts");
}

#[test]
fn stretches_cover_a_call_without_gaps_or_overlaps() {
    let journey = given_up();
    let (rows, _) = rows(&journey);
    for (row, call) in rows.iter().zip([0, 2, 1].map(|i: usize| &journey.calls[i])) {
        assert_eq!(row.stretches.first().map(|s| s.from), Some(call.sent));
        assert_eq!(row.stretches.last().map(|s| s.to), call.ended);
        assert!(row.stretches.windows(2).all(|w| w[0].to == w[1].from && w[0].spent != w[1].spent), "{row:?}");
    }
}

#[test]
fn what_never_arrived_or_is_under_way_is_said_to_be() {
    let lost = JourneyCall { sent: 5, given_up: Some(100 * MS), ..call(None, "Users", "Web") };
    let open = JourneyCall { sent: 150 * MS, arrived: Some(151 * MS), attempt: 1, ..call(None, "Users", "Web") };
    // A parent that was not kept is nobody's.
    let orphan = JourneyCall { sent: 160 * MS, arrived: Some(170 * MS), ..call(Some(9), "Web", "Database") };
    let journey = Journey { calls: vec![lost, open, orphan], ..Journey::default() };
    let (rows, _) = rows(&journey);
    let said: Vec<(&str, End, usize)> = rows.iter().map(|r| (r.words.as_str(), r.end, r.depth)).collect();
    assert_eq!(
        said,
        [
            ("never arrived · given up at 100 ms", End::Late, 0),
            ("waited 19 ms · under way", End::Open, 0),
            ("under way", End::Open, 0),
        ]
    );
    assert_eq!(headline(&journey.request), "under way");
}
