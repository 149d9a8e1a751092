//! CSV: one record a row, appended.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Record;
use super::flat::{Cell, Layout, cells, columns};
use super::jsonl::{append, open_locked};
use super::resume::{Ours, Past, PastModel, PastRow, ResumeError, check_columns, io_error};
use crate::escape::{cell, cell_text};
use crate::verdict::Decision;

/// An open CSV file with its end after the last whole row.
#[derive(Debug)]
pub(super) struct Csv {
    path: PathBuf,
    file: File,
    layout: Layout,
    /// Bytes of whole rows.
    whole: u64,
}

impl Csv {
    /// Opens or creates the file, reads the rows it holds and cuts off a torn
    /// last row.
    pub(super) fn open(
        path: &Path,
        model: &str,
        layout: Layout,
    ) -> Result<(Self, Past), ResumeError> {
        let file = open_locked(path)?;
        let mut table = Self {
            path: path.to_owned(),
            file,
            layout,
            whole: 0,
        };
        let past = table.past(model)?;
        if table.whole == 0 {
            let names = header(&table.layout);
            table.write_row(names)?;
        }
        Ok((table, past))
    }

    /// Reads what is there and leaves the file positioned after its last whole row.
    fn past(&mut self, model: &str) -> Result<Past, ResumeError> {
        let path = self.path.clone();
        let fail = |error: &dyn std::fmt::Display| io_error(&path, error);
        self.refuse_foreign()?;
        let ends_whole = ends_with_newline(&mut self.file).map_err(|error| fail(&error))?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(BufReader::new(&mut self.file));
        let mut check = RowCheck::new(&path, model, &self.layout);
        let mut whole = 0;
        // A row counts once the next one has begun, or the file ends with a line end outside
        // quotes.
        let mut pending: Option<(csv::ByteRecord, u64)> = None;
        let mut row = csv::ByteRecord::new();
        while reader
            .read_byte_record(&mut row)
            .map_err(|error| fail(&error))?
        {
            if let Some((row, end)) = pending.replace((row.clone(), reader.position().byte())) {
                check.take(&row)?;
                whole = end;
            }
        }
        drop(reader);
        let closed =
            ends_whole && quotes_after(&mut self.file, whole).map_err(|e| fail(&e))? % 2 == 0;
        if let Some((row, end)) = pending.filter(|_| closed) {
            check.take(&row)?;
            whole = end;
        }
        self.whole = whole;
        if whole == 0 {
            self.refuse_unless_torn_header()?;
        }
        self.file
            .set_len(whole)
            .and_then(|()| self.file.seek(SeekFrom::Start(whole)))
            .map_err(|error| fail(&error))?;
        Ok(check.past)
    }

    /// Refuses a file that does not begin as a table of ours does, whatever follows.
    fn refuse_foreign(&mut self) -> Result<(), ResumeError> {
        let mut start = Vec::new();
        (self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| {
                (&mut self.file)
                    .take(FIRST_NAME.len() as u64)
                    .read_to_end(&mut start)
            })
            .map_err(|error| io_error(&self.path, error))?;
        match FIRST_NAME.starts_with(&start) {
            true => Ok(()),
            false => Err(self.foreign("its first column is not `file`")),
        }
    }

    /// Refuses a file without a whole row, unless it is what a kill may leave of the header.
    fn refuse_unless_torn_header(&mut self) -> Result<(), ResumeError> {
        let header =
            row_bytes(header(&self.layout)).map_err(|error| io_error(&self.path, error))?;
        let mut there = Vec::new();
        (self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| {
                let most = header.len() as u64 + 1;
                (&mut self.file).take(most).read_to_end(&mut there)
            })
            .map_err(|error| io_error(&self.path, error))?;
        match header.starts_with(&there) {
            true => Ok(()),
            false => Err(self.foreign("its first line is not the header, and has no end")),
        }
    }

    fn foreign(&self, reason: &str) -> ResumeError {
        ResumeError::Foreign {
            path: self.path.clone(),
            reason: reason.into(),
        }
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        self.write_row(as_text(record, &self.layout))
    }

    /// Appends one row in a single write, so that a kill tears at most this one. Of a row that the
    /// disk has no room for, nothing stays.
    fn write_row(&mut self, row: Vec<String>) -> Result<(), ResumeError> {
        row_bytes(row)
            .and_then(|bytes| append(&mut self.file, &mut self.whole, &bytes))
            .map_err(|error| io_error(&self.path, error))
    }

    pub(super) fn sync(&self) -> Result<(), ResumeError> {
        self.file
            .sync_data()
            .map_err(|error| io_error(&self.path, error))
    }
}

/// How a table of ours begins.
const FIRST_NAME: &[u8] = b"file,";

/// One record as a line, its end included.
pub(super) fn line(record: &Record, layout: &Layout) -> std::io::Result<Vec<u8>> {
    row_bytes(as_text(record, layout))
}

/// The header as a line, its end included.
pub(super) fn header_line(layout: &Layout) -> std::io::Result<Vec<u8>> {
    row_bytes(header(layout))
}

fn as_text(record: &Record, layout: &Layout) -> Vec<String> {
    let text = |value| match value {
        Cell::Text(value) => cell(&value.unwrap_or_default()).into_owned(),
        Cell::Integer(value) => value.map(|value| value.to_string()).unwrap_or_default(),
        Cell::Number(value) => value.map(|value| value.to_string()).unwrap_or_default(),
    };
    cells(record, layout).into_iter().map(text).collect()
}

fn row_bytes(row: Vec<String>) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(row)?;
    writer.into_inner().map_err(|error| error.into_error())
}

/// Names of the columns, as cells.
fn header(layout: &Layout) -> Vec<String> {
    let columns = columns(layout).into_iter();
    columns.map(|(name, _)| cell(&name).into_owned()).collect()
}

/// Reads rows that were written before, the header first.
struct RowCheck<'a> {
    path: &'a Path,
    model: &'a str,
    names: Vec<String>,
    rows: u64,
    past: Past,
}

impl<'a> RowCheck<'a> {
    fn new(path: &'a Path, model: &'a str, layout: &Layout) -> Self {
        Self {
            path,
            model,
            names: header(layout),
            rows: 0,
            past: Past::default(),
        }
    }

    fn take(&mut self, row: &csv::ByteRecord) -> Result<(), ResumeError> {
        let damaged = |reason: String| ResumeError::Damaged {
            path: self.path.to_owned(),
            row: self.rows,
            reason,
        };
        if self.rows == 0 {
            let found: Vec<String> = (row.iter())
                .map(|name| String::from_utf8_lossy(name).into_owned())
                .collect();
            let wanted = self.names.iter().map(String::as_str);
            check_columns(self.path, found.iter().map(String::as_str), wanted)?;
        } else if row.len() != self.names.len() {
            let (found, wanted) = (row.len(), self.names.len());
            return Err(damaged(format!("{found} cells, {wanted} are expected")));
        } else {
            let text = |name: &str| {
                let column = self.names.iter().position(|column| column == name);
                cell_text(&String::from_utf8_lossy(&row[column.unwrap_or(0)])).into_owned()
            };
            let past_row = PastRow {
                _ours: Ours,
                sha256: Some(text("sha256")),
                file: text("file"),
                decision: Decision::from_name(&text("decision")),
                model: Some(PastModel::new(&text("model_sha256"), &text("model_prior"))),
                has_source: true,
            };
            self.past.note(&past_row, self.path, self.model)?;
        }
        self.rows += 1;
        Ok(())
    }
}

/// Counts quotes from `start` to the end: an odd number leaves a cell open.
fn quotes_after(file: &mut File, start: u64) -> std::io::Result<usize> {
    file.seek(SeekFrom::Start(start))?;
    let mut row = Vec::new();
    file.read_to_end(&mut row)?;
    Ok(row.iter().filter(|&&byte| byte == b'"').count())
}

fn ends_with_newline(file: &mut File) -> std::io::Result<bool> {
    let mut last = [0];
    let length = file.seek(SeekFrom::End(0))?;
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(last[0] == b'\n')
}
