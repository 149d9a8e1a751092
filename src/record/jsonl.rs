//! JSON lines: one record a line, appended.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Record;
use super::resume::{Past, PastRow, ResumeError};

/// An open JSON lines file with its end after the last whole row.
#[derive(Debug)]
pub(super) struct JsonLines {
    path: PathBuf,
    file: File,
}

pub(super) fn io_error(path: &Path, error: impl std::fmt::Display) -> ResumeError {
    ResumeError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
    }
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

impl JsonLines {
    /// Opens or creates the file, reads the rows it holds and cuts off a torn
    /// last line.
    pub(super) fn open(path: &Path, model: &str) -> Result<(Self, Past), ResumeError> {
        let mut file = open_locked(path)?;
        let mut past = Past::default();
        let mut reader = BufReader::new(&mut file);
        let (mut whole, mut row, mut line) = (0, 0, Vec::new());
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(|error| io_error(path, error))?;
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            row += 1;
            let parsed: PastRow =
                serde_json::from_slice(&line).map_err(|error| ResumeError::Damaged {
                    path: path.to_owned(),
                    row,
                    reason: error.to_string(),
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
        };
        Ok((lines, past))
    }

    /// Appends one row in a single write, so that a kill tears at most this one.
    pub(super) fn write(&mut self, record: &Record) -> Result<(), ResumeError> {
        let mut line = record
            .to_json()
            .map_err(|error| io_error(&self.path, error))?;
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
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
