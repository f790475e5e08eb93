//! Points in time as files write them, read exactly to the nanosecond.

use crate::choices;

choices! {
    /// What a plain number in the column of times counts.
    pub enum Unit {
        /// Seconds.
        Seconds = "s",
        /// Milliseconds.
        Milliseconds = "ms",
        /// Microseconds.
        Microseconds = "us",
        /// Nanoseconds.
        Nanoseconds = "ns",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that declares it has no place for the mark")]
impl Default for Unit {
    fn default() -> Unit {
        Unit::Seconds
    }
}

impl Unit {
    fn nanoseconds(self) -> i128 {
        match self {
            Unit::Seconds => 1_000_000_000,
            Unit::Milliseconds => 1_000_000,
            Unit::Microseconds => 1_000,
            Unit::Nanoseconds => 1,
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECOND: i128 = 1_000_000_000;

/// A point in time in nanoseconds: a plain number of `unit`s, `2023-11-16 18:17:03.9799600` (with `T` for the space, and `Z`
/// or an offset behind it, if there is one), or `10/Oct/2000:13:55:36 -0700`. Dates count from 1970, in UTC where an offset is
/// given.
///
/// `None` when it is none of them, or finer than a nanosecond.
#[must_use]
pub fn parse_time(text: &str, unit: Unit) -> Option<i128> {
    let text = text.trim();
    decimal(text, unit.nanoseconds()).or_else(|| date_and_time(text)).or_else(|| log_time(text))
}

/// A decimal times `scale`, where that is a whole number.
fn decimal(text: &str, scale: i128) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let value = number(whole)?.checked_mul(scale)?.checked_add(part(fraction, scale)?)?;
    Some(if negative { -value } else { value })
}

/// Digits and nothing else.
fn number(text: &str) -> Option<i128> {
    let digits = !text.is_empty() && text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The digits behind a point, times `scale`.
fn part(fraction: &str, scale: i128) -> Option<i128> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (mut value, mut scale) = (0, scale);
    for byte in fraction.bytes() {
        let digit = i128::from(byte - b'0');
        if scale % 10 != 0 {
            // Finer than a nanosecond: only nothing is exact.
            if digit != 0 {
                return None;
            }
            continue;
        }
        scale /= 10;
        value += digit * scale;
    }
    Some(value)
}

fn within(text: &str, min: i128, max: i128) -> Option<i128> {
    number(text).filter(|value| (min..=max).contains(value))
}

/// Days from 1970-01-01 of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i128, month: i128, day: i128) -> Option<i128> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i128::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > length {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `HH:MM:SS` and what is behind it; second 60 is a leap second, which counts as the next one.
fn clock(text: &str) -> Option<(i128, &str)> {
    let (hms, rest) = text.split_at_checked(8)?;
    let mut parts = hms.split(':');
    let mut next = |max| parts.next().filter(|part| part.len() == 2).and_then(|part| within(part, 0, max));
    let (hours, minutes, seconds) = (next(23)?, next(59)?, next(60)?);
    Some(((hours * 60 + minutes) * 60 + seconds, rest)).filter(|_| parts.next().is_none())
}

/// An offset from UTC, in seconds: `Z`, `+0130`, `-07:00`, `+02`.
fn offset(text: &str) -> Option<i128> {
    if text == "Z" || text == "z" || text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (within(&digits, 0, 23)?, 0),
        4 => (within(digits.get(..2)?, 0, 23)?, within(digits.get(2..)?, 0, 59)?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes) * 60)
}

fn date_and_time(text: &str) -> Option<i128> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let mut next = |length: usize, max| {
        parts.next().filter(|part| part.len() == length).and_then(|part| within(part, i128::from(length == 2), max))
    };
    let days = days(next(4, 9999)?, next(2, 12)?, next(2, 31)?)?;
    let (seconds, rest) = clock(rest.strip_prefix([' ', 'T'])?)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("0", rest),
    };
    let offset = offset(rest.trim_start())?;
    Some((days * 86_400 + seconds - offset) * SECOND + part(fraction, SECOND)?)
}

fn log_time(text: &str) -> Option<i128> {
    let text = text.strip_prefix('[').unwrap_or(text);
    let text = text.strip_suffix(']').unwrap_or(text);
    let (date, rest) = text.split_once(':')?;
    let mut parts = date.split('/');
    let day = within(parts.next()?, 1, 31)?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))? as i128 + 1;
    let days = days(within(parts.next()?, 1, 9999)?, month, day)?;
    let (seconds, rest) = clock(rest)?;
    Some((days * 86_400 + seconds - offset(rest.trim())?) * SECOND)
}
