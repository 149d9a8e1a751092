//! Standard output and standard error. What is printed came from others in part: it is made visible
//! here, so that no name moves a cursor or forges a line.

use std::io::{self, Write};

use faunalens::escape;

/// Prints one line for people or of a list.
pub(super) fn print_line(line: &str) -> io::Result<()> {
    put(&escape::visible(line))
}

/// Prints a text of several lines.
pub(super) fn print_lines(text: &str) -> io::Result<()> {
    text.lines().try_for_each(print_line)
}

/// Prints one line of JSON.
pub(super) fn print_json(json: &str) -> io::Result<()> {
    put(&escape::json(json))
}

fn put(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// Tells a line on standard error. A full disk or a closed pipe behind it stops no work.
pub(crate) fn tell(line: impl AsRef<str>) {
    let line = format!("{}\n", escape::visible(line.as_ref()));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
