//! Where a batch's records go: a file in one of three formats, or a stream.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Record;
use super::csv::Csv;
use super::flat::Layout;
use super::jsonl::JsonLines;
use super::parquet::Parquet;
use super::resume::{Past, ResumeError};

/// How often rows are brought to the disk, so that a power cut loses little.
const SYNC_EVERY: Duration = Duration::from_secs(10);

/// The form of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A table with one column per label.
    Csv,
    /// The same table, compressed and typed.
    Parquet,
}

/// An output that takes records in order.
#[derive(Debug)]
pub struct Sink {
    kind: SinkKind,
    synced: Instant,
}

#[derive(Debug)]
enum SinkKind {
    JsonLines(JsonLines),
    Csv(Csv),
    Parquet(Parquet),
    Stream,
}

impl Sink {
    /// Opens or continues an output file. `model` is the identity of this run's model, `labels`
    /// are its labels. `others` are the manifest's columns that stand in a table as `source_NAME`;
    /// JSON lines hold them row by row, and need none here.
    ///
    /// # Errors
    /// [`ResumeError`] when the file is in use, damaged, another model's, or has other columns.
    pub fn open(
        path: &Path,
        format: Format,
        model: &str,
        labels: &[String],
        others: Vec<String>,
    ) -> Result<(Self, Past), ResumeError> {
        let layout = Layout {
            labels: labels.to_vec(),
            others,
        };
        let (kind, past) = match format {
            Format::Jsonl => {
                let (lines, past) = JsonLines::open(path, model)?;
                (SinkKind::JsonLines(lines), past)
            }
            Format::Csv => {
                let (table, past) = Csv::open(path, model, layout)?;
                (SinkKind::Csv(table), past)
            }
            Format::Parquet => {
                let (table, past) = Parquet::open(path, model, layout)?;
                (SinkKind::Parquet(table), past)
            }
        };
        let synced = Instant::now();
        Ok((Self { kind, synced }, past))
    }

    /// JSON lines on standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self {
            kind: SinkKind::Stream,
            synced: Instant::now(),
        }
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`ResumeError::Io`], or [`ResumeError::ClosedPipe`] when nobody reads
    /// standard output any more.
    pub fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        match &mut self.kind {
            SinkKind::JsonLines(lines) => lines.write(record)?,
            SinkKind::Csv(table) => table.write(record)?,
            SinkKind::Parquet(table) => table.write(record)?,
            SinkKind::Stream => {
                let line = record.to_json().map_err(|error| stream(&error))?;
                writeln!(std::io::stdout().lock(), "{line}").map_err(|error| {
                    if error.kind() == std::io::ErrorKind::BrokenPipe {
                        ResumeError::ClosedPipe
                    } else {
                        stream(&error)
                    }
                })?;
            }
        }
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), ResumeError> {
        match &self.kind {
            SinkKind::JsonLines(lines) => lines.sync(),
            SinkKind::Csv(table) => table.sync(),
            SinkKind::Parquet(table) => table.sync(),
            SinkKind::Stream => Ok(()),
        }
    }

    /// Brings everything to the disk. With `complete`, a Parquet file is put
    /// together; an interrupted run leaves its journal for the next.
    ///
    /// # Errors
    /// [`ResumeError::Io`].
    pub fn finish(self, complete: bool) -> Result<(), ResumeError> {
        self.sync()?;
        match self.kind {
            SinkKind::Parquet(table) if complete => table.finish(),
            _ => Ok(()),
        }
    }
}

fn stream(error: &dyn std::fmt::Display) -> ResumeError {
    ResumeError::Io {
        path: "standard output".into(),
        reason: error.to_string(),
    }
}
