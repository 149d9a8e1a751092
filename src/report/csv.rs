//! Tables as CSV (RFC 4180, lines end in LF), quoted where a field needs it; no cell is a formula
//! ([`crate::escape::cell`]).

use std::io::Write;

use csv::{Error, Writer, WriterBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::escape::cell;

/// Writes one line per row under the names of its fields; nothing at all without a row.
///
/// # Errors
/// When `out` refuses, or a row has nested values.
pub fn write_table<R: Serialize>(
    out: impl Write,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), Error> {
    let mut writer = Writer::from_writer(out);
    let mut is_first = true;
    for row in rows {
        let fields = match serde_json::to_value(row).map_err(unwritable)? {
            Value::Object(fields) => fields,
            other => return Err(unwritable(format!("{other} is no row of named fields"))),
        };
        if std::mem::take(&mut is_first) {
            writer.write_record(fields.keys().map(|name| cell(name).into_owned()))?;
        }
        let cells: Result<Vec<String>, Error> = fields.values().map(as_cell).collect();
        writer.write_record(cells?)?;
    }
    Ok(writer.flush()?)
}

/// Writes a header, whether rows follow or not, and one line per row.
///
/// # Errors
/// When `out` refuses, or a row is wider or narrower than the header.
pub fn write_records<R: AsRef<[String]>>(
    out: impl Write,
    header: &[&str],
    rows: impl IntoIterator<Item = R>,
) -> Result<(), Error> {
    let mut writer = WriterBuilder::new().from_writer(out);
    let as_cells = |row: &[String]| -> Vec<String> {
        row.iter().map(|text| cell(text).into_owned()).collect()
    };
    writer.write_record(header.iter().map(|name| cell(name).into_owned()))?;
    for row in rows {
        writer.write_record(as_cells(row.as_ref()))?;
    }
    Ok(writer.flush()?)
}

fn as_cell(value: &Value) -> Result<String, Error> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(cell(text).into_owned()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(_) | Value::Object(_) => Err(unwritable("a nested value is no cell")),
    }
}

fn unwritable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    std::io::Error::other(why).into()
}

/// A number with this many decimals; empty where there is none.
#[must_use]
pub fn decimals(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.digits$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_field_with_a_comma_a_quote_or_a_line_break_stays_one_field() {
        let row = ["a, b.jpg".to_owned(), "5\" tusk\nraw".to_owned()];
        let written = text(|out| write_records(out, &["file", "kind"], [row.clone()]));
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let read = reader.records().next().unwrap().unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), row);
    }

    #[test]
    fn a_table_without_rows_keeps_the_header_that_was_given() {
        let none: [[String; 2]; 0] = [];
        assert_eq!(text(|out| write_records(out, &["a", "b"], none)), "a,b\n");
        assert_eq!(text(|out| write_table(out, [0; 0])), "");
    }

    #[test]
    fn text_is_no_formula_and_numbers_are_numbers() {
        #[derive(Serialize)]
        struct Row {
            file: &'static str,
            difference: f64,
            rank: Option<u8>,
        }
        let row = Row {
            file: "=1+1",
            difference: -0.5,
            rank: None,
        };
        assert_eq!(
            text(|out| write_table(out, [row])),
            "file,difference,rank\n'=1+1,-0.5,\n"
        );
        let row = ["@x".to_owned(), "-0.5000".to_owned()];
        assert_eq!(
            text(|out| write_records(out, &["a", "b"], [row])),
            "a,b\n'@x,-0.5000\n"
        );
    }

    #[test]
    fn a_row_of_another_width_is_refused() {
        let row = ["one".to_owned()];
        assert!(write_records(Vec::new(), &["a", "b"], [row]).is_err());
    }
}
