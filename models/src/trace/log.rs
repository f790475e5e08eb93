//! Access logs of web servers: the common log format of NCSA httpd, and the combined one of Apache, which has referrer and
//! user agent behind it.
//!
//! `host ident user [10/Oct/2000:13:55:36 -0700] "GET /path?query HTTP/1.0" 200 2326 …`

use super::{Builder, Line, TraceProblem, Unit, parse_time, shown};

pub(super) fn read(text: &str, builder: &mut Builder) -> Result<(), TraceProblem> {
    for (number, text) in (1..).zip(text.lines()) {
        if !text.trim().is_empty() {
            builder.add(&line(number, text)?)?;
        }
    }
    Ok(())
}

fn line(number: u64, text: &str) -> Result<Line<'_>, TraceProblem> {
    let wrong = |what: &str| {
        let remedy = "host ident user [10/Oct/2000:13:55:36 -0700] \"GET /path HTTP/1.0\" 200 2326, as the common log \
                      format has it";
        TraceProblem::new(number, format!("{what}: {}", shown(text)), remedy)
    };
    let (client, rest) = text.trim().split_once(' ').ok_or_else(|| wrong("there is no host"))?;
    let (_, rest) = rest.split_once('[').ok_or_else(|| wrong("there is no time in brackets"))?;
    let (time, rest) = rest.split_once(']').ok_or_else(|| wrong("there is no time in brackets"))?;
    let at = parse_time(time, Unit::Seconds).ok_or_else(|| wrong("its time cannot be read"))?;
    let (_, rest) = rest.split_once('"').ok_or_else(|| wrong("there is no request in quotes"))?;
    let end = quoted(rest).ok_or_else(|| wrong("there is no request in quotes"))?;
    let (request, rest) = (&rest[..end], &rest[end + 1..]);
    let mut fields = rest.split_whitespace();
    let status = fields.next().filter(|status| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()));
    status.ok_or_else(|| wrong("there is no status"))?;
    let bytes = match fields.next() {
        Some("-") => 0,
        Some(bytes) => bytes.parse().map_err(|_| wrong("there is no number of bytes"))?,
        None => return Err(wrong("there is no number of bytes")),
    };
    // What is no request (a scanner's noise, an empty line) stands there as it came.
    let path = request.split(' ').nth(1).unwrap_or(request);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    Ok(Line { number, at, client: Some(client), path: Some(path), bytes, key: Some(path), demand: None })
}

/// Where the closing quote is; one behind a backslash does not close.
fn quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(i, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(i)
    })
}
