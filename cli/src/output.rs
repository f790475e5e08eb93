//! Printing that survives a reader who goes away (`floodgate … | head`): what can no longer be written is dropped, and the
//! exit code still tells how the command ended.

use std::io::Write;

/// Prints to standard output.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and not an error of ours.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints a line to standard error.
pub(crate) fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.write_all(b"\n"));
}

/// Books that do not balance, as told to a person.
pub(crate) fn defect(books: &str) -> String {
    format!("the books do not balance, which is a defect of the simulator: {books}")
}

/// Rows as aligned columns, each line indented. Columns of numbers are aligned to the right by the caller's choice.
pub(crate) fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            if right.contains(&column) {
                line += &format!(" {cell:>width$} ");
            } else {
                line += &format!(" {cell:<width$} ");
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
