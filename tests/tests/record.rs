//! The record of a run: what is merged is what larger windows would have recorded, and it stays within its limits.

use floodgate::record::{RecordLimits, SeriesPoint};
use floodgate::{Budget, Duration, KeyframePolicy, Scenario, Simulation, Time, Timeline};

const AVALANCHE: &str = include_str!("../../scenarios/single_server_avalanche.toml");

fn scenario(warm_up: &str) -> Scenario {
    let text = AVALANCHE.replacen("format = 1\n", &format!("format = 1\nwarm_up = \"{warm_up}\"\n"), 1);
    Scenario::load(&text).expect("valid")
}

fn recorded(scenario: &Scenario, window: Duration, limits: RecordLimits, until: Time) -> Simulation {
    let mut simulation = Simulation::new(scenario, 3);
    simulation.record_within(window, limits);
    simulation.run_until(until).expect("no limit is met");
    simulation
}

fn points(points_max: usize) -> RecordLimits {
    RecordLimits { points_max, ..RecordLimits::default() }
}

const SIXTEEN: Time = Time(16_000_000_000);

/// Counts, integrals, extremes and latencies: bit for bit, also across the end of a warm-up that is no whole window.
#[test]
fn windows_that_were_merged_are_the_windows_that_would_have_been_recorded() {
    for warm_up in ["0s", "3.3s"] {
        let scenario = scenario(warm_up);
        let small = recorded(&scenario, Duration::from_millis(125), points(20), SIXTEEN);
        let large = recorded(&scenario, Duration::from_secs(1), points(1000), SIXTEEN);
        assert_eq!(small.series().len(), 16, "128 windows were halved three times");
        assert_eq!(small.series(), large.series());
        let whole = recorded(&scenario, Duration::from_millis(125), points(1), SIXTEEN);
        let [one] = whole.series() else { panic!("one window is left") };
        let largest = |f: fn(&SeriesPoint) -> u64| large.series().iter().map(f).max();
        assert_eq!(Some(one.in_flight.max), largest(|p| p.in_flight.max));
        assert!(one.in_flight.max > 100 && one.latency().count() == one.answered, "{one:?}");
    }
}

/// The books of a window: what its classes, nodes and links counted adds up to the whole.
#[test]
fn a_window_adds_up() {
    let scenario = scenario("0s");
    let simulation = recorded(&scenario, Duration::from_millis(250), points(1000), SIXTEEN);
    let (users, link) = (scenario.nodes.iter().position(|n| n.id == "users").expect("users"), 0);
    assert!(scenario.links.iter().any(|l| l.from == "users"));
    let from_users = scenario.links.iter().position(|l| l.from == "users").unwrap_or(link);
    let (mut retries, mut end) = (0, 0);
    for point in simulation.series() {
        assert_eq!(point.start_ns, end, "no gap");
        end = point.end_ns;
        assert_eq!(point.classes.iter().map(|c| c.born).sum::<u64>(), point.born);
        assert_eq!(point.latency().count(), point.answered);
        let sent = &point.links[from_users];
        assert_eq!(sent.calls_first + sent.calls_retry, point.attempts);
        assert_eq!(point.nodes[users].sent, point.attempts);
        for node in &point.nodes {
            assert!(u128::from(node.queue.max) * u128::from(point.length().0) >= node.queue.integral);
            assert!(u128::from(node.queue.min) * u128::from(point.length().0) <= node.queue.integral);
            assert!(node.utilization().is_none_or(|u| (0.0..=1.0).contains(&u)));
        }
        retries += sent.calls_retry;
    }
    assert!(retries > 0, "an avalanche has retries");
    let (t, last) = (simulation.totals(), simulation.series().last().expect("points"));
    let sum = |f: fn(&SeriesPoint) -> u64| simulation.series().iter().map(f).sum::<u64>();
    assert_eq!((sum(|p| p.born), sum(|p| p.failed)), (t.born, t.failed));
    assert!(last.in_flight.min <= t.in_flight && t.in_flight <= last.in_flight.max);
}

#[test]
fn the_record_stays_within_its_bytes_however_long_the_run() {
    let scenario = scenario("0s");
    let limits = RecordLimits { points_max: 4096, bytes_max: 100_000 };
    let mut simulation = Simulation::new(&scenario, 3);
    simulation.record_within(Duration::from_millis(1), limits);
    for second in 1..=8 {
        simulation.run_until(Time(second * 1_000_000_000)).expect("no limit is met");
        let bytes: usize = simulation.series().iter().map(SeriesPoint::bytes).sum();
        assert_eq!(simulation.series_bytes(), bytes, "what is counted is what is there");
        assert!(bytes <= limits.bytes_max, "{bytes} bytes after {second} s");
        assert!(bytes > limits.bytes_max / 8, "the limit is made use of: {bytes} bytes");
    }
    let most = recorded(&scenario, Duration::from_millis(1), RecordLimits::default(), Time(8_000_000_000));
    assert!(most.series().len() <= 4096 && most.series().len() > 2048, "{} points", most.series().len());
    let least = RecordLimits { points_max: 1, bytes_max: 0 };
    assert_eq!(recorded(&scenario, Duration::from_millis(1), least, SIXTEEN).series().len(), 1);
}

/// Windows that grew between a keyframe and the seek back to it lose nothing: the part of a window that the keyframe stands
/// in the middle of is there as well.
#[test]
fn seeking_after_windows_have_grown_loses_nothing() {
    for warm_up in ["0s", "3.3s"] {
        let scenario = scenario(warm_up);
        let mut simulation = Simulation::new(&scenario, 3);
        simulation.record_within(Duration::from_millis(250), points(10));
        assert_eq!(simulation.advance(Budget::until(Time(1_100_000_000))), floodgate::Progress::Reached);
        let policy = KeyframePolicy { every: Duration::from_secs(3), ..KeyframePolicy::default() };
        let mut timeline = Timeline::new(simulation, policy);
        assert_eq!(timeline.advance(Budget::until(SIXTEEN)), floodgate::Progress::Reached);
        for at in [1.1, 3.0, 3.4, 5.0, 7.5, 2.0, 15.0, 11.9, 9.25, 16.0] {
            timeline.seek(Time::from_secs_f64(at)).expect("no limit is met");
            let series = timeline.simulation().series();
            let direct = recorded(&scenario, Duration::from_secs(2), points(1000), Time::from_secs_f64(at));
            // Windows of two seconds from now on, keyframes of three; the window under way may be there in part.
            let whole = |points: &[SeriesPoint]| -> Vec<SeriesPoint> {
                points.iter().filter(|p| p.end_ns % 2_000_000_000 == 0).cloned().collect()
            };
            assert_eq!(whole(series), whole(direct.series()), "warm-up {warm_up}, at {at}");
        }
    }
}

/// Thousands of nodes and links: fewer points, not more bytes.
#[test]
fn a_large_system_has_fewer_points() {
    let mut text = "format = 1\nname = \"large\"\nuntil = \"2s\"\n".to_owned();
    for i in 0..1000 {
        text += &format!("[[node]]\nid = \"c{i}\"\nkind = \"clients\"\nrate = \"1/s\"\n");
        text += &format!("[[node]]\nid = \"s{i}\"\nkind = \"service\"\n[[link]]\nfrom = \"c{i}\"\nto = \"s{i}\"\n");
    }
    let scenario = Scenario::load(&text).expect("valid");
    let limits = RecordLimits { bytes_max: 8 << 20, ..RecordLimits::default() };
    let simulation = recorded(&scenario, Duration::from_millis(5), limits, scenario.until);
    let points = simulation.series().len();
    assert!((10..30).contains(&points), "{points} points of {} bytes", simulation.series()[0].bytes());
    assert!(simulation.series_bytes() <= limits.bytes_max);
    let born: u64 = simulation.series().iter().map(|p| p.born).sum();
    let sent: u64 = simulation.series().iter().flat_map(|p| &p.links).map(|l| l.calls_first).sum();
    assert!(born > 1500);
    let last = simulation.series().last().map_or(0, |p| p.end_ns);
    let direct = recorded(&scenario, Duration::from_millis(5), limits, Time(last));
    assert_eq!((born, sent), (direct.totals().born, direct.totals().attempts), "nothing is lost");
}

/// A keyframe in the middle of a window of which the end of the warm-up has closed a part.
#[test]
fn a_window_across_the_end_of_the_warm_up_survives_a_seek() {
    let scenario = scenario("3.3s");
    let mut simulation = Simulation::new(&scenario, 3);
    simulation.record(Duration::from_secs(1));
    let policy = KeyframePolicy { every: Duration::from_millis(700), ..KeyframePolicy::default() };
    let mut timeline = Timeline::new(simulation, policy);
    assert_eq!(timeline.advance(Budget::until(SIXTEEN)), floodgate::Progress::Reached);
    timeline.seek(Time::from_secs_f64(3.6)).expect("no limit is met");
    assert_eq!(timeline.simulation().series().last().map(|p| p.end_ns), Some(3_300_000_000), "known in part");
    // On from there, by the keyframe at 3.5 s.
    assert_eq!(timeline.advance(Budget::until(Time::from_secs_f64(4.15))), floodgate::Progress::Reached);
    let direct = recorded(&scenario, Duration::from_secs(1), RecordLimits::default(), Time::from_secs_f64(4.15));
    assert_eq!(timeline.simulation().series(), direct.series());
    assert_eq!(direct.series().len(), 4);
}
