//! CSV: one record a row, appended.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Record;
use super::flat::{Cell, Layout, cells, columns};
use super::jsonl::{io_error, open_locked};
use super::resume::{Past, PastModel, PastRow, ResumeError, check_columns};
use crate::verdict::Decision;

/// An open CSV file with its end after the last whole row.
#[derive(Debug)]
pub(super) struct Csv {
    path: PathBuf,
    file: File,
    layout: Layout,
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
        };
        let past = table.past(model)?;
        if table
            .file
            .stream_position()
            .map_err(|error| io_error(path, error))?
            == 0
        {
            let header = columns(&table.layout).into_iter().map(|(name, _)| name);
            table.write_row(header)?;
        }
        Ok((table, past))
    }

    /// Reads what is there and leaves the file positioned after its last whole row.
    fn past(&mut self, model: &str) -> Result<Past, ResumeError> {
        let path = self.path.clone();
        let fail = |error: &dyn std::fmt::Display| io_error(&path, error);
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
        self.file
            .set_len(whole)
            .and_then(|()| self.file.seek(SeekFrom::Start(whole)))
            .map_err(|error| fail(&error))?;
        Ok(check.past)
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        let row = cells(record, &self.layout)
            .into_iter()
            .map(|cell| match cell {
                Cell::Text(value) => value.unwrap_or_default(),
                Cell::Integer(value) => value.map(|value| value.to_string()).unwrap_or_default(),
                Cell::Number(value) => value.map(|value| value.to_string()).unwrap_or_default(),
            });
        self.write_row(row)
    }

    /// Appends one row in a single write, so that a kill tears at most this one.
    fn write_row(&mut self, row: impl Iterator<Item = String>) -> Result<(), ResumeError> {
        let fail = |error: &dyn std::fmt::Display| io_error(&self.path, error);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(row).map_err(|error| fail(&error))?;
        let bytes = writer.into_inner().map_err(|error| fail(&error))?;
        self.file.write_all(&bytes).map_err(|error| fail(&error))
    }

    pub(super) fn sync(&self) -> Result<(), ResumeError> {
        self.file
            .sync_data()
            .map_err(|error| io_error(&self.path, error))
    }
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
            names: columns(layout).into_iter().map(|(name, _)| name).collect(),
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
            let cell = |name: &str| {
                let column = self.names.iter().position(|column| column == name);
                String::from_utf8_lossy(&row[column.unwrap_or(0)]).into_owned()
            };
            let past_row = PastRow {
                file: cell("file"),
                decision: Decision::from_name(&cell("decision")),
                model: Some(PastModel::new(&cell("model_sha256"), &cell("model_prior"))),
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
