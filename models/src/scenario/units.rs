//! Quantities with their units: `"120/s"`, `"250ms"`, `"512MiB"`. Decimal and exact: `"0.1s"` is 100,000,000 ns and not
//! the nearest binary fraction of a second.

use floodgate_core::Duration;

/// Units of time, in nanoseconds.
pub(crate) const TIME: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Units of data, in bytes.
pub(crate) const DATA: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Units of rates, in events per hour, so that all are whole.
const RATES: &[(&str, u64)] = &[("/ms", 3_600_000), ("/s", 3_600), ("/min", 60), ("/h", 1)];

/// Longest number that is read: beyond it nothing in a file has a meaning.
const DIGITS_MAX: usize = 400;

/// Digits after the point that are read exactly; with the largest unit the product stays below 2¹²⁸.
const FRACTION_MAX: usize = 25;

/// Why a text is not a quantity, worded to follow the value: `"5" has no unit`.
pub(crate) type Reason = String;

/// A length of time.
pub(crate) fn duration(text: &str) -> Result<Duration, Reason> {
    let (number, unit) = split(text, TIME)?;
    exact(number, unit).map(Duration).map_err(|e| match e {
        Inexact::TooLarge => "is longer than can be counted".to_string(),
        Inexact::TooFine => "is finer than a nanosecond".to_string(),
    })
}

/// An amount of data, in bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, Reason> {
    let (number, unit) = split(text, DATA)?;
    exact(number, unit).map_err(|e| match e {
        Inexact::TooLarge => "is more than can be counted".to_string(),
        Inexact::TooFine => "is not a whole number of bytes".to_string(),
    })
}

/// A rate, per second.
pub(crate) fn rate(text: &str) -> Result<f64, Reason> {
    let (number, per_hour) = split(text, RATES)?;
    // A decimal of at most DIGITS_MAX characters always parses; what is too large becomes infinite and is out of range.
    let number: f64 = number.parse().unwrap_or(f64::INFINITY);
    Ok(match per_hour {
        3_600 => number,
        _ => number * per_hour as f64 / 3_600.0,
    })
}

/// Number and unit; the number is digits, perhaps with a point and more digits.
fn split<'t>(text: &'t str, units: &[(&str, u64)]) -> Result<(&'t str, u64), Reason> {
    if text.starts_with('-') {
        return Err("is negative".to_string());
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !is_decimal(number) {
        return Err("does not begin with a number".to_string());
    }
    if number.len() > DIGITS_MAX {
        return Err("has too many digits".to_string());
    }
    if unit.is_empty() {
        return Err("has no unit".to_string());
    }
    match units.iter().find(|(name, _)| *name == unit) {
        Some((_, size)) => Ok((number, *size)),
        None if unit.starts_with(char::is_whitespace) => Err("has a space before the unit".to_string()),
        None => Err(format!("has the unknown unit \"{}\"", super::problem::shown(unit))),
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

enum Inexact {
    TooLarge,
    TooFine,
}

/// A decimal times a unit, when that is a whole number.
fn exact(number: &str, unit: u64) -> Result<u64, Inexact> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().map_err(|_| Inexact::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    let mut sum = u128::from(whole) * u128::from(unit);
    if !fraction.is_empty() {
        if fraction.len() > FRACTION_MAX {
            return Err(Inexact::TooFine);
        }
        let scale = 10u128.pow(fraction.len() as u32);
        let part = fraction.parse::<u128>().map_err(|_| Inexact::TooFine)? * u128::from(unit);
        if part % scale != 0 {
            return Err(Inexact::TooFine);
        }
        sum += part / scale;
    }
    u64::try_from(sum).map_err(|_| Inexact::TooLarge)
}

/// An amount of data in the largest unit in which it is whole.
pub(crate) fn bytes_text(bytes: u64) -> String {
    let fits = |(_, size): &&(&str, u64)| bytes != 0 && bytes.is_multiple_of(*size);
    // Binary units stand last and are preferred: memory comes in them.
    let (name, size) = DATA[1..].iter().rev().find(fits).unwrap_or(&DATA[0]);
    format!("{}{name}", bytes / size)
}

/// A rate, in a form that reads back as the same number.
pub(crate) fn rate_text(per_second: f64) -> String {
    format!("{per_second}/s")
}

/// A limit on a length of time, in the coarsest unit in which it is whole: `24h` rather than `86400s`.
pub(crate) fn duration_limit_text(limit: Duration) -> String {
    let fits = |(_, size): &&(&str, u64)| limit.0 != 0 && limit.0.is_multiple_of(*size);
    match TIME.iter().rev().find(fits) {
        Some((name, size)) => format!("{}{name}", limit.0 / size),
        None => limit.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        assert_eq!(duration("0.1s"), Ok(Duration(100_000_000)));
        assert_eq!(duration("1.5min"), Ok(Duration(90_000_000_000)));
        assert_eq!(duration("2h"), Ok(Duration(7_200_000_000_000)));
        assert_eq!(duration("0.000000001s"), Ok(Duration(1)));
        assert_eq!(duration("18446744073709551615ns"), Ok(Duration::MAX));
        assert_eq!(bytes("1.5KiB"), Ok(1536));
        assert_eq!(bytes("0.000000000931322574615478515625GiB"), Err("is not a whole number of bytes".into()));
        assert_eq!(rate("120/s"), Ok(120.0));
        assert_eq!(rate("90/min"), Ok(1.5));
        assert_eq!(rate("0.5/ms"), Ok(500.0));
        assert_eq!(rate("1/h"), Ok(1.0 / 3600.0));
    }

    #[test]
    fn what_is_no_quantity_is_told() {
        for (text, reason) in [
            ("", "does not begin with a number"),
            ("ms", "does not begin with a number"),
            (".5s", "does not begin with a number"),
            ("5.s", "does not begin with a number"),
            ("1.2.3s", "does not begin with a number"),
            ("NaN", "does not begin with a number"),
            ("inf", "does not begin with a number"),
            ("+5s", "does not begin with a number"),
            ("-5s", "is negative"),
            ("5", "has no unit"),
            ("5 ms", "has a space before the unit"),
            ("5sec", "has the unknown unit \"sec\""),
            ("1e3s", "has the unknown unit \"e3s\""),
            ("5\u{0}", "has the unknown unit \"\\0\""),
            ("0.5ns", "is finer than a nanosecond"),
            ("18446744073709551616ns", "is longer than can be counted"),
            ("99999999999999999999999999999999999999999999h", "is longer than can be counted"),
        ] {
            assert_eq!(duration(text), Err(reason.to_string()), "{text:?}");
        }
        assert_eq!(rate("10k/s"), Err("has the unknown unit \"k/s\"".to_string()));
        assert_eq!(duration(&format!("{}s", "9".repeat(401))), Err("has too many digits".to_string()));
    }

    #[test]
    fn bytes_are_shown_in_the_largest_whole_unit() {
        for (value, text) in [
            (0, "0B"),
            (1, "1B"),
            (1024, "1KiB"),
            (1000, "1KB"),
            (1_000_000, "1MB"),
            (512 << 20, "512MiB"),
            (1_024_000, "1000KiB"),
            (u64::MAX, "18446744073709551615B"),
        ] {
            assert_eq!(bytes_text(value), text);
            assert_eq!(bytes(text), Ok(value));
        }
    }
}
