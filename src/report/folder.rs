//! The folder of one report, and its files.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ::csv::Error as CsvError;
use serde::Serialize;

use super::csv;
use crate::escape::name;
use crate::replace::replace;

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder or a file in it cannot be made.
    #[error("{}: {source}; check that the folder can be written", name(path))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Figures cannot be written as JSON.
    #[error("{}: {source}", name(path))]
    Json {
        /// The file.
        path: PathBuf,
        /// What the JSON writer said.
        source: serde_json::Error,
    },
}

/// The folder of one report.
#[derive(Debug, Clone)]
pub struct ReportFolder(PathBuf);

impl ReportFolder {
    /// Makes the folder, with those above it.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        fs::create_dir_all(path).map_err(|source| ReportError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self(path.to_owned()))
    }

    /// Writes a text, such as a page.
    ///
    /// # Errors
    /// [`ReportError::Write`] naming the file.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), ReportError> {
        let path = self.0.join(name);
        replace(&path, "", |out| out.write_all(text.as_bytes()))
            .map_err(|source| ReportError::Write { path, source })
    }

    /// Writes indented JSON.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), ReportError> {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.write_text(name, &(text + "\n")),
            Err(source) => Err(ReportError::Json {
                path: self.0.join(name),
                source,
            }),
        }
    }

    /// Writes one line per row under the names of its fields; nothing at all without a row.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn write_table<R: Serialize>(
        &self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), ReportError> {
        self.write_csv(name, |file| csv::write_table(file, rows))
    }

    /// Writes a header, whether rows follow or not, and one line per row, all as wide as the
    /// header.
    ///
    /// # Errors
    /// [`ReportError`] naming the file.
    pub fn write_records<R: AsRef<[String]>>(
        &self,
        name: &str,
        header: &[&str],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), ReportError> {
        self.write_csv(name, |file| csv::write_records(file, header, rows))
    }

    fn write_csv(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), CsvError>,
    ) -> Result<(), ReportError> {
        let path = self.0.join(name);
        let written = replace(&path, "", |out| write(out).map_err(io::Error::from));
        written.map_err(|source| ReportError::Write { path, source })
    }
}
