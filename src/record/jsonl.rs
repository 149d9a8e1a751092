//! JSON lines: one record a line, appended.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::resume::{Past, PastRow, ResumeError, io_error};
use super::{Record, SCHEMA};

/// An open JSON lines file with its end after the last whole row.
#[derive(Debug)]
pub(super) struct JsonLines {
    path: PathBuf,
    file: File,
    /// Bytes of whole rows.
    whole: u64,
}

/// How every row begins.
fn beginning() -> String {
    format!("{{\"schema\":\"{SCHEMA}\",\"file\":\"")
}

/// Whether a kill may have left this of a row.
fn is_torn_row(tail: &[u8]) -> bool {
    let beginning = beginning();
    let length = tail.len().min(beginning.len());
    tail[..length] == beginning.as_bytes()[..length]
}

/// Opens for reading and appending, alone.
pub(super) fn open_locked(path: &Path) -> Result<File, ResumeError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| io_error(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ResumeError::Locked(path.to_owned())),
        // A file system without locks: go on without.
        Err(std::fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// Writes at the end of a file of `whole` bytes, all or nothing.
pub(super) fn append(file: &mut File, whole: &mut u64, bytes: &[u8]) -> std::io::Result<()> {
    let written = file.write_all(bytes);
    match written {
        Ok(()) => *whole += bytes.len() as u64,
        // Where this fails too, the next run cuts the torn row off.
        Err(_) => {
            let _ = file.set_len(*whole);
        }
    }
    written
}

impl JsonLines {
    /// Opens or creates the file, reads the rows it holds and cuts off a torn last line. A file
    /// with anything else in it is refused, and left as it is.
    pub(super) fn open(path: &Path, model: &str) -> Result<(Self, Past), ResumeError> {
        let mut file = open_locked(path)?;
        let foreign = |reason: String| ResumeError::Foreign {
            path: path.to_owned(),
            reason,
        };
        let mut past = Past::default();
        let mut reader = BufReader::new(&mut file);
        let start = reader.fill_buf().map_err(|error| io_error(path, error))?;
        if start.first().is_some_and(|&first| first != b'{') {
            return Err(foreign("row 1 is no JSON object".into()));
        }
        let (mut whole, mut row, mut line) = (0, 0, Vec::new());
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(|error| io_error(path, error))?;
            row += 1;
            if line.last() != Some(&b'\n') {
                if read > 0 && !is_torn_row(&line) {
                    return Err(foreign(format!("row {row} is none, and has no end")));
                }
                break;
            }
            let parsed: PastRow = serde_json::from_slice(&line).map_err(|error| match row {
                1 => foreign(format!("row 1: {error}")),
                _ => ResumeError::Damaged {
                    path: path.to_owned(),
                    row,
                    reason: error.to_string(),
                },
            })?;
            past.note(&parsed, path, model)?;
            whole += read as u64;
        }
        file.set_len(whole)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(|error| io_error(path, error))?;
        let lines = Self {
            path: path.to_owned(),
            file,
            whole,
        };
        Ok((lines, past))
    }

    /// Appends one row in a single write, so that a kill tears at most this one. Of a row that the
    /// disk has no room for, nothing stays.
    pub(super) fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        let mut line = record
            .to_json()
            .map_err(|error| io_error(&self.path, error))?;
        line.push('\n');
        append(&mut self.file, &mut self.whole, line.as_bytes())
            .map_err(|error| io_error(&self.path, error))
    }

    /// Brings the rows to the disk.
    pub(super) fn sync(&self) -> Result<(), ResumeError> {
        self.file
            .sync_data()
            .map_err(|error| io_error(&self.path, error))
    }

    /// Reads the rows back, from the first.
    pub(super) fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<Record, ResumeError>>, ResumeError> {
        let file = File::open(&self.path).map_err(|error| io_error(&self.path, error))?;
        let path = self.path.clone();
        Ok(BufReader::new(file).lines().map(move |line| {
            let line = line.map_err(|error| io_error(&path, error))?;
            serde_json::from_str(&line).map_err(|error| io_error(&path, error))
        }))
    }
}
