use super::*;
use crate::wire::{Frame, Loaded, band_of};

const TEXT: &str = "[[node]]\nid = 'c'\nkind = 'clients'\n[[node]]\nid = 's'\nkind = 'service'\ntitle = 'Web'\n\
                    [[link]]\nfrom = 'c'\nto = 's'\n";

fn live() -> Live {
    let mut live = Live::new(Loaded { nodes: vec!["c".into(), "s".into()], ..Loaded::default() });
    let detail = |i: u64| Detail {
        start_ns: i * 250_000_000,
        end_ns: (i + 1) * 250_000_000,
        errors: if i < 4 { Vec::new() } else { vec![(3, 50), (6, 25)] },
        latency: vec![(band_of(10_000_000), 90), (band_of(900_000_000), 10)],
        nodes: vec![
            NodeDetail::default(),
            NodeDetail { used_s: 0.5, capacity_s: 1.0, queue_s: 1.0 * i as f64, queue_max: 8 * i },
        ],
        tracks: vec![
            TrackDetail { node: 1, track: 0, sum_s: 0.75, min: 3, max: 3 },
            TrackDetail { node: 1, track: 1, sum_s: 0.5, min: 2, max: 2 },
            TrackDetail { node: 1, track: 2, sum_s: 0.0, min: 0, max: u64::from(i == 4) },
        ],
    };
    let point = |i: u64| Point {
        t: (i + 1) as f32 * 0.25,
        offered: 100.0 * i as f32,
        goodput: 40.0,
        p50: 10.0,
        p95: 20.0,
        p99: 900.0,
        ..Point::default()
    };
    let frame = Frame {
        now_ns: 2_200_000_000,
        points: (0..8).map(point).collect(),
        details: (0..8).map(detail).collect(),
        details_anew: true,
        ..Frame::default()
    };
    live.take(frame);
    live
}

fn said(kind: Kind, t: Option<f64>) -> String {
    let (live, outline) = (live(), Outline::read(TEXT));
    let source = Source { live: &live, rival: None, outline: &outline, selected: None, all: false };
    let words = |r: &Reading| format!("{} {}", r.label, r.value).trim().to_owned();
    readings(kind, &source, t).iter().map(words).collect::<Vec<_>>().join(", ")
}

#[test]
fn all_charts_are_read_at_one_time() {
    assert_eq!(said(Kind::Load, Some(1.1)), "offered 400, throughput 0, goodput 40, wasted 0");
    assert_eq!(said(Kind::Load, None), "offered 700, throughput 0, goodput 40, wasted 0");
    assert_eq!(said(Kind::Errors, Some(0.3)), "503 unavailable 0, timeout time-out 0");
    assert_eq!(said(Kind::Errors, Some(1.1)), "503 unavailable 200, timeout time-out 100");
    assert_eq!(said(Kind::Saturation, Some(1.1)), "Web 50 %");
    assert_eq!(said(Kind::Queues, Some(1.1)), "Web 16 (at most 32)");
    assert_eq!(said(Kind::Replicas, Some(1.1)), "Web desired 3, Web ready 2");
    assert_eq!(said(Kind::States, Some(1.1)), "Web replicas missing");
    assert_eq!(said(Kind::Heat, Some(1.1)), "answers 100, most took 8.4 ms–13 ms: 90 %, slowest below 1.1 s");
    for kind in [Kind::Load, Kind::Errors, Kind::Queues] {
        assert_eq!(said(kind, Some(2.1)), said(kind, None), "the latest window that has ended");
        assert_eq!(said(kind, Some(60.0)), "", "nothing was yet");
    }
}

#[test]
fn charts_hold_what_the_windows_hold() {
    let (live, outline) = (live(), Outline::read(TEXT));
    let source = Source { live: &live, rival: None, outline: &outline, selected: None, all: true };
    for kind in Kind::ALL {
        let plot = plot(kind, &source);
        assert!(plot.empty.is_none(), "{kind:?}");
        assert_eq!(Kind::of(kind.key()), Some(kind));
        let inside = |v: f64| plot.range.0 <= v && v <= plot.range.1;
        assert!(plot.lines.iter().flat_map(|l| &l.points).all(|p| p.1.is_nan() || inside(p.1)), "{kind:?}");
        assert!(plot.cells.iter().all(|c| inside(c.value.0) && inside(c.value.1)), "{kind:?}");
    }
    let errors = plot(Kind::Errors, &source);
    let highest = errors.areas.iter().flat_map(|a| &a.outline).map(|p| p.1).fold(0.0, f64::max);
    assert_eq!(highest, 300.0, "stacked");
    let states = plot(Kind::States, &source);
    let bands: Vec<_> = states.cells.iter().map(|c| (c.text, c.time)).collect();
    assert_eq!(bands, [("up", (0.0, 1.0)), ("replicas missing", (1.0, 1.25)), ("up", (1.25, 2.0))]);
    assert!(has(Kind::States, &source) && has(Kind::Replicas, &source));
}

#[test]
fn a_state_is_said_unless_it_is_as_it_should_be() {
    let service = floodgate::catalogue().iter().find(|d| d.kind == "service").expect("there is one");
    let mut gauges = vec![0.0; service.gauges.len()];
    let said = |gauges: &[f64]| unwell(service, gauges).map(|s| (s.title, s.tone));
    assert_eq!(said(&gauges), None);
    gauges[service.gauge("state").expect("it has one")] = 2.0;
    assert_eq!(said(&gauges), Some(("down", Tone::Bad)));
    assert_eq!(said(&[]), None, "nothing is known yet");
}

#[test]
fn both_sides_stand_on_the_same_axes_and_are_read_together() {
    let (live, outline) = (live(), Outline::read(TEXT));
    let mut b = live.clone();
    b.points.iter_mut().for_each(|p| (p.goodput, p.p99) = (900.0, 20_000.0));
    let source = Source { live: &live, rival: Some(&b), outline: &outline, selected: None, all: false };
    let said = |kind| {
        let words = |r: &Reading| format!("{} {}", r.label, r.value);
        readings(kind, &source, Some(1.1)).iter().map(words).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(said(Kind::Load), "offered 400, throughput 0, goodput 40, wasted 0, goodput B 900");
    assert_eq!(said(Kind::Latency), "p99 A 900 ms, p99 B 20 s");
    assert_eq!(said(Kind::Errors), "503 unavailable 200, timeout time-out 100, all of B 300");
    for kind in [Kind::Load, Kind::Latency, Kind::Errors] {
        let plot = plot(kind, &source);
        let rival = plot.lines.last().expect("B has a line");
        assert!(rival.label.ends_with('B') && rival.points.len() == 8, "{rival:?}");
        assert!(rival.points.iter().all(|p| p.1 <= plot.range.1), "{kind:?}");
    }
    // Eight windows of a quarter of a second, two replicas ready in each.
    assert_eq!(replica_seconds(&live, &outline), 4.0);
}
