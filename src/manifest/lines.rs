//! Physical lines of a text, numbered, one at a time and none of them endless.

use std::io::{BufRead, Read};
use std::path::Path;

use super::encoding::{self, Text};
use super::error::{BadRow, ManifestError, RowFault};

/// The longest row, in MiB: memory stays bounded whatever a file holds.
const LONGEST_MIB: usize = 16;
/// The same in bytes.
pub(super) const LONGEST: usize = LONGEST_MIB << 20;

/// A physical line, its end included.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) text: String,
}

/// The lines of a text.
pub(super) struct Lines {
    text: Text,
    /// The last byte of a line.
    end: u8,
    /// Lines read.
    number: u64,
    /// Set after a line that cannot be read: what comes after it is not known.
    ended: bool,
}

impl Lines {
    /// Opens a text. `old_ends` takes a carriage return for the end of a line where no line feed
    /// is near, as spreadsheets on old Macs write it.
    pub(super) fn open(path: &Path, old_ends: bool) -> Result<Self, ManifestError> {
        let mut text = encoding::open(path)?;
        let start = text.fill_buf().map_err(ManifestError::io(path))?;
        let old = old_ends && !start.contains(&b'\n') && start.contains(&b'\r');
        Ok(Self {
            text,
            end: if old { b'\r' } else { b'\n' },
            number: 0,
            ended: false,
        })
    }

    /// Reads the next line into `line`, whose memory is used again; tells whether there was one.
    pub(super) fn read(&mut self, line: &mut Line) -> Result<bool, BadRow> {
        if self.ended {
            return Ok(false);
        }
        let mut bytes = std::mem::take(&mut line.text).into_bytes();
        bytes.clear();
        let mut input = self.text.by_ref().take(LONGEST as u64);
        let outcome = input.read_until(self.end, &mut bytes);
        self.number += 1;
        line.number = self.number;
        match outcome {
            Ok(0) => Ok(false),
            Ok(LONGEST..) if bytes.last() != Some(&self.end) => {
                self.pass_over_rest()
                    .map_err(|error| self.end_with(RowFault::Io(error.to_string())))?;
                Err(self.bad(RowFault::TooLong(LONGEST_MIB)))
            }
            Ok(_) => {
                line.text =
                    String::from_utf8(bytes).map_err(|_| self.end_with(RowFault::NotUtf8))?;
                Ok(true)
            }
            Err(error) => Err(self.end_with(RowFault::Io(error.to_string()))),
        }
    }

    fn pass_over_rest(&mut self) -> std::io::Result<()> {
        self.text.skip_until(self.end).map(|_| ())
    }

    fn bad(&self, fault: RowFault) -> BadRow {
        BadRow {
            line: self.number,
            fault,
        }
    }

    fn end_with(&mut self, fault: RowFault) -> BadRow {
        self.ended = true;
        self.bad(fault)
    }
}
