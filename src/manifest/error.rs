//! What can be wrong with a table: with all of it, or with one row.

use std::path::{Path, PathBuf};

use super::column::Ambiguity;
use crate::escape::name;

/// A source of photos, or another table, that cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Nothing at this path.
    #[error("{}: no such folder or manifest", name(.0))]
    NotFound(PathBuf),
    /// A file whose name is not that of a manifest.
    #[error("{}: not a folder, and no manifest (.csv, .tsv, .jsonl)", name(.0))]
    NotAManifest(PathBuf),
    /// A column that is needed is not there.
    #[error("{}: {}; its columns are: {found}", name(path), needed(wanted))]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// Every column that is needed.
        wanted: Vec<&'static str>,
        /// The columns it has.
        found: String,
    },
    /// Two columns that mean the same.
    #[error("{}: {ambiguity}", name(path))]
    Ambiguous {
        /// The table.
        path: PathBuf,
        /// The two.
        ambiguity: Ambiguity,
    },
    /// Another encoding than UTF-8, or UTF-16 with its byte order mark.
    #[error(
        "{}: line {line} is not UTF-8; save the whole file as UTF-8 (in a spreadsheet: CSV UTF-8; \
         or: iconv -f GBK -t UTF-8, with the encoding it has)",
        name(path)
    )]
    Encoding {
        /// The table.
        path: PathBuf,
        /// The first line that is none, from 1.
        line: u64,
    },
    /// The header is no row.
    #[error("{}: line {line}: {fault}", name(path))]
    Header {
        /// The table.
        path: PathBuf,
        /// Where the header starts.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// So many columns that they cannot be those of a table.
    #[error(
        "{}: more than {most} columns; write JSON lines, which keep them row by row",
        name(path)
    )]
    ManyColumns {
        /// The table.
        path: PathBuf,
        /// The most that are taken.
        most: usize,
    },
    /// The system does not let it be read.
    #[error("{}: {source}", name(path))]
    Io {
        /// The table.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

impl ManifestError {
    pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

/// `the column file is needed`, `the columns file and label are needed`.
fn needed(wanted: &[&str]) -> String {
    match wanted {
        [one] => format!("the column {one} is needed"),
        [all @ .., last] => format!("the columns {} and {last} are needed", all.join(", ")),
        [] => "a header is needed".into(),
    }
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct BadRow {
    /// The physical line in which it starts, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// A quote that opens a cell, and none closes where that cell ends.
    #[error(
        "the quote that opens in line {opened} is not closed where its cell ends; close it, or \
         double it if it belongs to the text"
    )]
    UnclosedQuote {
        /// The physical line, from 1.
        opened: u64,
    },
    /// More cells than the header has.
    #[error("it has {found} cells, the header {header}; quote cells that hold the separator")]
    ManyCells {
        /// Cells of the row.
        found: usize,
        /// Columns of the table.
        header: usize,
    },
    /// Too long to be a row.
    #[error("it is longer than {0} MiB")]
    TooLong(usize),
    /// Not text; nothing after it is read.
    #[error(
        "the line is not UTF-8; save the manifest in that encoding (nothing after it was read)"
    )]
    NotUtf8,
    /// The file ends here without an end: the system refuses to read on.
    #[error("nothing after it could be read: {0}")]
    Io(String),
    /// Not JSON.
    #[error("the line is no JSON: {0}")]
    NotJson(String),
    /// JSON, but no object.
    #[error("the line is no JSON object")]
    NotAnObject,
    /// A list or an object where one value is needed.
    #[error("`{0}` holds a list or an object; a text or a number is needed")]
    Nested(&'static str),
    /// Two columns that mean the same.
    #[error(transparent)]
    Ambiguous(#[from] Ambiguity),
}
