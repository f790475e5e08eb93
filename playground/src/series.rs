//! Series made fit for a chart: few points, whole axes, and numbers that people read.

use crate::wire::Point;

/// Points drawn per series at most.
pub const POINTS_MAX: usize = 600;

/// At most [`POINTS_MAX`] points of `value` over time: of each stretch its smallest and its largest, in their order, so that
/// no peak is lost. Where there is no value (NaN) there is a gap: one point whose value is NaN.
#[must_use]
pub fn decimated(points: &[Point], value: fn(&Point) -> f32) -> Vec<(f64, f64)> {
    thin(points.iter().map(|p| (f64::from(p.t), f64::from(value(p)))))
}

/// The same of any values over time.
#[must_use]
pub fn thin(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> = points.collect();
    let stretch = if points.len() <= POINTS_MAX { 1 } else { points.len().div_ceil(POINTS_MAX / 2) };
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(points.len().min(POINTS_MAX));
    for slice in points.chunks(stretch) {
        let here = || slice.iter().copied().filter(|(_, v)| v.is_finite());
        let least = here().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = here().max_by(|a, b| a.1.total_cmp(&b.1));
        match (least, most) {
            (Some(a), Some(b)) if a.0 == b.0 => out.push(a),
            (Some(a), Some(b)) => out.extend(if a.0 < b.0 { [a, b] } else { [b, a] }),
            _ if out.last().is_some_and(|last| last.1.is_finite()) => out.push((slice[0].0, f64::NAN)),
            _ => {}
        }
    }
    out
}

/// About four values for an axis, such as 0, 500, 1000; on a logarithmic one powers of ten, and 2 and 5 between them where there
/// is room.
#[must_use]
pub fn ticks(low: f64, high: f64, log: bool) -> Vec<f64> {
    let mut unit = 1.0;
    let small = if log { low } else { (high - low) / 4.0 };
    while unit > small {
        unit /= 10.0;
    }
    while unit * 10.0 <= small {
        unit *= 10.0;
    }
    // Sums of tenths are not quite what they should be.
    let (low, high) = (low - unit * 1e-6, high * (1.0 + 1e-9));
    if log {
        let factors: &[f64] = if high / low > 150.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = std::iter::successors(Some(unit), |u| Some(u * 10.0)).take_while(|u| *u <= high);
        return powers.flat_map(|u| factors.iter().map(move |f| f * u)).filter(|v| low <= *v && *v <= high).collect();
    }
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|f| f * unit).into_iter().find(|s| *s >= small).unwrap_or(unit * 10.0);
    (0..=10).map(|i| f64::from(i) * step).filter(|v| low <= *v && *v <= high).collect()
}

/// Whole seconds for a time axis that has room for `labels_max` of them.
#[must_use]
pub fn time_ticks(end_s: f64, labels_max: f64) -> Vec<u32> {
    const STEPS: [u32; 14] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    let step = STEPS.into_iter().find(|s| end_s / f64::from(*s) <= labels_max.max(1.0)).unwrap_or(86_400);
    (0..=end_s as u32).step_by(step as usize).collect()
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
    fn where_there_is_no_value_there_is_a_gap() {
        for many in [1, 1000] {
            let values = [1.0, f64::NAN, f64::NAN, 2.0, f64::NAN];
            let all = values.into_iter().flat_map(|v| std::iter::repeat_n(v, many));
            let line = thin(all.enumerate().map(|(i, v)| (i as f64, v)));
            let mut runs: Vec<String> = line.iter().map(|p| p.1.to_string()).collect();
            runs.dedup();
            assert_eq!(runs, ["1", "NaN", "2", "NaN"], "{many}");
        }
    }

    #[test]
    fn axes_have_whole_values() {
        assert_eq!(ticks(0.0, 2000.0, false), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(ticks(0.0, 1.05, false), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(0.0, 2.0, false), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(ticks(1.0, 10_000.0, true), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(ticks(2.1, 134.0, true), [5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(time_ticks(60.0, 4.2), [0, 20, 40, 60]);
        assert_eq!(time_ticks(3600.0, 7.0), [0, 600, 1200, 1800, 2400, 3000, 3600]);
        for high in [0.3, 7.0, 96.0, 1234.5, 8e6] {
            assert!((3..=6).contains(&ticks(0.0, high, false).len()), "{high}: {:?}", ticks(0.0, high, false));
        }
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
