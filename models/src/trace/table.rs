//! Tables: CSV with a line of headers.

use super::{Builder, Columns, Line, TraceProblem, parse_time, shown};
use floodgate_core::Duration;

/// Where the columns are.
struct Places {
    at: usize,
    client: Option<usize>,
    path: Option<usize>,
    bytes: Option<usize>,
    key: Option<usize>,
    demand: Vec<(Option<usize>, u64)>,
}

pub(super) fn read(text: &str, columns: &Columns, builder: &mut Builder) -> Result<(), TraceProblem> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| broken(&error))?.clone();
    let places = places(&headers, columns)?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| broken(&error))? {
        let number = record.position().map_or(0, csv::Position::line);
        builder.add(&line(number, &record, &headers, &places, columns)?)?;
    }
    Ok(())
}

fn places(headers: &csv::StringRecord, columns: &Columns) -> Result<Places, TraceProblem> {
    let place = |name: &str| {
        headers.iter().position(|header| header == name).ok_or_else(|| {
            let names: Vec<&str> = headers.iter().collect();
            let remedy = format!("the columns are: {}", shown(&names.join(", ")));
            TraceProblem::new(1, format!("there is no column `{}`", shown(name)), remedy)
        })
    };
    let optional = |name: &Option<String>| name.as_deref().map(place).transpose();
    let term = |term: &super::Term| Ok((optional(&term.column)?, term.each.0));
    Ok(Places {
        at: place(&columns.at)?,
        client: optional(&columns.client)?,
        path: optional(&columns.path)?,
        bytes: optional(&columns.bytes)?,
        key: optional(&columns.key)?,
        demand: columns.demand.iter().map(term).collect::<Result<_, TraceProblem>>()?,
    })
}

fn line<'r>(
    number: u64,
    record: &'r csv::StringRecord,
    headers: &csv::StringRecord,
    places: &Places,
    columns: &Columns,
) -> Result<Line<'r>, TraceProblem> {
    let get = |place: usize| record.get(place).unwrap_or("");
    let wrong = |place: usize, what: &str, remedy: &str| {
        let (name, found) = (headers.get(place).unwrap_or(""), shown(get(place)));
        TraceProblem::new(number, format!("`{}` is \"{found}\", which is no {what}", shown(name)), remedy)
    };
    const TIMES: &str =
        "a number, 2023-11-16 18:17:03.9799600, or 10/Oct/2000:13:55:36 -0700, not finer than a nanosecond";
    let at = parse_time(get(places.at), columns.unit).ok_or_else(|| wrong(places.at, "time", TIMES))?;
    let bytes = match places.bytes.map(|place| (place, get(place))) {
        None | Some((_, "" | "-")) => 0,
        Some((place, text)) => text.parse().map_err(|_| wrong(place, "number of bytes", "a whole number, or -"))?,
    };
    let mut demand = (!places.demand.is_empty()).then_some(Duration::ZERO);
    for &(place, each) in &places.demand {
        let length = match place {
            None => Some(each),
            Some(place) => {
                let remedy = "a number from 0 on, so that the demand is less than centuries";
                Some(times(get(place), each).ok_or_else(|| wrong(place, "number for a demand", remedy))?)
            }
        };
        demand = demand.zip(length).map(|(sum, length)| sum + Duration(length));
    }
    Ok(Line {
        number,
        at,
        client: places.client.map(get),
        path: places.path.map(get),
        bytes,
        key: places.key.map(get),
        demand,
    })
}

/// A number of a table times a length of time, exactly where the number is whole.
fn times(text: &str, each: u64) -> Option<u64> {
    if let Ok(count) = text.parse::<u64>() {
        return count.checked_mul(each);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let length = number * each as f64;
    (length < 1e18).then_some((length + 0.5) as u64)
}

fn broken(error: &csv::Error) -> TraceProblem {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let message = format!("it has {len} fields, and the line of headers has {expected_len}");
            TraceProblem::new(line, message, "give every line as many fields as there are headers")
        }
        csv::ErrorKind::Utf8 { .. } => TraceProblem::new(line, "it is not UTF-8 text", "save the file as UTF-8"),
        _ => TraceProblem::new(line, "it cannot be read as a line of a table", "is this a CSV file?"),
    }
}
