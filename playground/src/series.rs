//! Series made fit for a chart: few points, whole axes, and numbers that people read.

use crate::wire::Point;

/// Points drawn per series at most.
pub const POINTS_MAX: usize = 600;

/// At most [`POINTS_MAX`] points of `value` over time: of each stretch its smallest and its largest, in their order, so that
/// no peak is lost. Missing values (NaN) are left out.
#[must_use]
pub fn decimated(points: &[Point], value: fn(&Point) -> f32) -> Vec<(f64, f64)> {
    let all = |slice: &[Point]| -> Vec<(f64, f64)> {
        slice.iter().map(|p| (f64::from(p.t), f64::from(value(p)))).filter(|(_, v)| v.is_finite()).collect()
    };
    if points.len() <= POINTS_MAX {
        return all(points);
    }
    let stretch = points.len().div_ceil(POINTS_MAX / 2);
    let mut out = Vec::with_capacity(POINTS_MAX);
    for slice in points.chunks(stretch) {
        let here = all(slice);
        let least = here.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = here.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some(a), Some(b)) = (least, most) {
            out.push(if a.0 <= b.0 { a } else { b });
            if a.0 != b.0 {
                out.push(if a.0 <= b.0 { b } else { a });
            }
        }
    }
    out
}

/// End of the time axis: steps, so that the picture does not creep all the time.
#[must_use]
pub fn time_end(now_s: f64) -> f64 {
    const STEPS: [f64; 14] =
        [30.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 450.0, 600.0, 900.0, 1200.0, 1800.0, 2700.0, 3600.0];
    STEPS.into_iter().find(|step| now_s <= *step).unwrap_or(now_s.max(3600.0))
}

/// The next of 1, 2, 3, 4, 5, 6, 8, 10 … × 10ⁿ.
#[must_use]
pub fn nice_above(value: f64) -> f64 {
    let mut unit = 1.0;
    while unit * 10.0 < value {
        unit *= 10.0;
    }
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].into_iter().map(|f| f * unit).find(|v| *v >= value).unwrap_or(unit * 10.0)
}

/// A number in at most four characters: 940, 1.2k, 34k, 1.5M.
#[must_use]
pub fn short(value: f64) -> String {
    let scaled =
        |v: f64, unit: &str| if v < 9.95 { format!("{v:.1}{unit}").replace(".0", "") } else { format!("{v:.0}{unit}") };
    match value.abs() {
        v if v < 0.05 => "0".to_owned(),
        v if v < 9.95 => format!("{value:.1}").trim_end_matches(".0").to_owned(),
        v if v < 999.5 => format!("{value:.0}"),
        v if v < 999_500.0 => scaled(value / 1e3, "k"),
        _ => scaled(value / 1e6, "M"),
    }
}

/// Milliseconds for people: 0.8 ms, 120 ms, 1.5 s.
#[must_use]
pub fn millis(value: f64) -> String {
    match value {
        v if !v.is_finite() => "–".to_owned(),
        v if v < 1000.0 => format!("{} ms", short(v)),
        v => format!("{} s", short(v / 1000.0)),
    }
}

/// Bytes for people.
#[must_use]
pub fn bytes(value: u64) -> String {
    match value as f64 / f64::from(1 << 20) {
        mib if mib < 1024.0 => format!("{mib:.0} MiB"),
        mib => format!("{:.1} GiB", mib / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_survive_decimation() {
        let points: Vec<Point> = (0..5000)
            .map(|i| Point {
                t: i as f32,
                goodput: if i == 3333 { 9.0 } else { 1.0 },
                p50: f32::NAN,
                ..Point::default()
            })
            .collect();
        let line = decimated(&points, |p| p.goodput);
        assert!(line.len() <= POINTS_MAX && line.iter().any(|p| p.1 == 9.0));
        assert!(line.windows(2).all(|w| w[0].0 <= w[1].0));
        assert!(decimated(&points, |p| p.p50).is_empty());
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.84, "0.8"),
            (12.4, "12"),
            (999.6, "1k"),
            (1240.0, "1.2k"),
            (34_000.0, "34k"),
            (1.5e6, "1.5M"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!((nice_above(0.0), nice_above(412.0), nice_above(1000.0)), (1.0, 500.0, 1000.0));
        assert_eq!((millis(1500.0), millis(f64::NAN)), ("1.5 s".to_owned(), "–".to_owned()));
    }
}
