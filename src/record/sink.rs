//! Where a batch's records go: a file in one of three formats, or a stream.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Record;
use super::csv::{self, Csv};
use super::flat::Layout;
use super::jsonl::JsonLines;
use super::parquet::Parquet;
use super::place::Place;
use super::resume::{Past, ResumeError, io_error};

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
    Stream(Stream, Form),
}

/// What takes rows and gives none back.
#[derive(Debug)]
enum Stream {
    Stdout,
    File(PathBuf, File),
}

/// The form of rows on a stream.
#[derive(Debug)]
enum Form {
    JsonLines,
    Csv(Layout),
}

impl Sink {
    /// Opens or continues an output file. `model` is the identity of this run's model, `labels`
    /// are its labels. `others` are the manifest's columns that stand in a table as `source_NAME`;
    /// JSON lines hold them row by row, and need none here.
    ///
    /// # Errors
    /// [`ResumeError`] when the file is in use, damaged, another model's, has other columns, or is
    /// none of ours: it is left as it is then.
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
        if let Place::Stream(file) = Place::of(path)? {
            return Ok((Self::onto(path, file, format, layout)?, Past::default()));
        }
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
            kind: SinkKind::Stream(Stream::Stdout, Form::JsonLines),
            synced: Instant::now(),
        }
    }

    /// Rows onto a pipe or a device.
    fn onto(path: &Path, file: File, format: Format, layout: Layout) -> Result<Self, ResumeError> {
        let mut stream = Stream::File(path.to_owned(), file);
        let form = match format {
            Format::Jsonl => Form::JsonLines,
            Format::Csv => {
                let header = csv::header_line(&layout);
                stream.put(&header.map_err(|error| io_error(path, error))?)?;
                Form::Csv(layout)
            }
            Format::Parquet => return Err(ResumeError::NeedsFile(path.to_owned())),
        };
        Ok(Self {
            kind: SinkKind::Stream(stream, form),
            synced: Instant::now(),
        })
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
            SinkKind::Stream(stream, form) => {
                let line = match form {
                    Form::JsonLines => record
                        .to_json()
                        .map(|line| (line + "\n").into_bytes())
                        .map_err(io::Error::from),
                    Form::Csv(layout) => csv::line(record, layout),
                };
                stream.put(&line.map_err(|error| io_error(stream.name(), error))?)?;
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
            SinkKind::Stream(..) => Ok(()),
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

impl Stream {
    fn name(&self) -> &Path {
        match self {
            Self::Stdout => Path::new("standard output"),
            Self::File(path, _) => path,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ResumeError> {
        let written = match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Self::File(_, file) => file.write_all(bytes),
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => ResumeError::ClosedPipe,
            _ => io_error(self.name(), error),
        })
    }
}
