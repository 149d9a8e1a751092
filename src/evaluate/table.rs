//! Tables as people hand them in: CSV, TSV or JSON lines, columns by name. A line that is no row is put aside with its
//! number and the reason; it never stops the rest.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

/// A row that was not used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Line of the file it stands in, from 1; 0 where there is none.
    pub line: usize,
    /// The photograph.
    pub file: String,
    /// Why.
    pub why: String,
}

/// An evaluation that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A file cannot be read or is not what it should be.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Nothing is left.
    #[error("{}: no usable row of {total}; the first was left out because {first}", path.display())]
    Nothing {
        /// The manifest.
        path: PathBuf,
        /// Rows it has.
        total: usize,
        /// Why the first was left out.
        first: String,
    },
    /// Near-duplicates could not be looked for.
    #[error("near-duplicates cannot be looked for: {0}")]
    Search(#[from] crate::index::IndexError),
}

pub(super) fn unusable(path: &Path, reason: impl ToString) -> RowsError {
    RowsError::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The wanted columns of a file.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// For each wanted column, whether the file has it; for JSON lines, whether some row has it.
    pub(super) present: Vec<bool>,
    /// Line number and, per wanted column, its trimmed text; empty where there is none.
    pub(super) rows: Vec<(usize, Vec<String>)>,
    /// Lines that are no rows.
    pub(super) left_out: Vec<LeftOut>,
}

/// Lower-case extension of a file name.
pub(super) fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
}

/// Opens a text, past the byte order mark that spreadsheets write. UTF-16 is refused by name.
pub(super) fn open(path: &Path) -> Result<BufReader<File>, RowsError> {
    let file = File::open(path).map_err(|error| unusable(path, error))?;
    let mut reader = BufReader::new(file);
    let start = reader.fill_buf().map_err(|error| unusable(path, error))?;
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return Err(unusable(
            path,
            "the file is UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8)",
        ));
    }
    if start.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(reader)
}

/// Reads the `wanted` columns, of which the first `needed` must be there.
///
/// # Errors
/// [`RowsError::Unusable`] for a file that is no such table.
pub(super) fn read(path: &Path, wanted: &[&str], needed: usize) -> Result<Table, RowsError> {
    match extension(path).as_str() {
        "jsonl" | "ndjson" => json_lines(path, wanted),
        "tsv" => separated(path, wanted, needed, b'\t'),
        _ => separated(path, wanted, needed, b','),
    }
}

fn separated(
    path: &Path,
    wanted: &[&str],
    needed: usize,
    delimiter: u8,
) -> Result<Table, RowsError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(open(path)?);
    let header = reader
        .byte_headers()
        .map_err(|error| unusable(path, error))?;
    let header: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .collect();
    let places: Vec<Option<usize>> = wanted
        .iter()
        .map(|name| header.iter().position(|column| column == name))
        .collect();
    if places[..needed].iter().any(Option::is_none) {
        let verb = if needed > 1 {
            "the columns {} are needed"
        } else {
            "the column {} is needed"
        };
        let mut reason = verb.replace("{}", &wanted[..needed].join(" and "));
        reason += &format!("; its columns are: {}", header.join(", "));
        if delimiter == b',' && header.len() == 1 && header[0].contains(';') {
            reason += " (it is separated by semicolons; separate it by commas)";
        }
        return Err(unusable(path, reason));
    }
    let mut table = Table {
        present: places.iter().map(Option::is_some).collect(),
        ..Table::default()
    };
    let mut record = csv::ByteRecord::new();
    loop {
        let line = reader.position().line() as usize;
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(table),
            Err(error) => {
                table.left_out.push(LeftOut {
                    line,
                    file: String::new(),
                    why: format!("the line is no row: {error}"),
                });
                continue;
            }
            Ok(true) => {}
        }
        let fields: Result<Vec<String>, _> = places
            .iter()
            .map(|place| {
                let bytes = place.and_then(|at| record.get(at)).unwrap_or_default();
                std::str::from_utf8(bytes).map(|text| text.trim().to_owned())
            })
            .collect();
        match fields {
            Ok(fields) => table.rows.push((line, fields)),
            Err(_) => table.left_out.push(LeftOut {
                line,
                file: String::from_utf8_lossy(
                    places[0].and_then(|at| record.get(at)).unwrap_or_default(),
                )
                .into_owned(),
                why: "the line is not UTF-8; save the manifest in that encoding".into(),
            }),
        }
    }
}

fn json_lines(path: &Path, wanted: &[&str]) -> Result<Table, RowsError> {
    let mut table = Table {
        present: vec![false; wanted.len()],
        ..Table::default()
    };
    for (number, line) in open(path)?.split(b'\n').enumerate() {
        let line = line.map_err(|error| unusable(path, error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut aside = |why: String| {
            table.left_out.push(LeftOut {
                line: number + 1,
                file: String::new(),
                why,
            });
        };
        match serde_json::from_slice::<Value>(&line) {
            Ok(Value::Object(row)) => {
                let fields = wanted.iter().zip(&mut table.present).map(|(name, known)| {
                    let value = row.get(*name).unwrap_or(&Value::Null);
                    *known |= !value.is_null();
                    match value {
                        Value::String(text) => text.trim().to_owned(),
                        Value::Null => String::new(),
                        other => other.to_string(),
                    }
                });
                let fields = fields.collect();
                table.rows.push((number + 1, fields));
            }
            Ok(_) => aside("the line is no JSON object".into()),
            Err(error) => aside(format!("the line is no JSON: {error}")),
        }
    }
    Ok(table)
}
