//! What can go wrong with an index, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// There is no index in the directory.
    #[error("{0}: no index here; make one first, or name the directory of another")]
    Missing(PathBuf),
    /// An index would be overwritten.
    #[error("{0}: there is an index here already; use it, or name another directory")]
    Exists(PathBuf),
    /// A second writer.
    #[error("{0}: another process is writing to this index; try again when it has finished")]
    Locked(PathBuf),
    /// The index was written by a later version.
    #[error(
        "{path}: index format {found} is newer than {known}, the last this version knows; use a newer faunalens"
    )]
    Newer {
        /// The index.
        path: PathBuf,
        /// Format found.
        found: i64,
        /// Newest format this version reads.
        known: i64,
    },
    /// The index was written by an earlier version, and was opened for reading.
    #[error(
        "{path}: index format {found} is older than {known}; opening the index for writing, as \
         compacting it does, brings it up to date"
    )]
    Older {
        /// The index.
        path: PathBuf,
        /// Format found.
        found: i64,
        /// Format this version reads.
        known: i64,
    },
    /// Something else stands where a file of the index should be.
    #[error(
        "{path}: {what}, which is no part of an index; remove it, or take the index from a copy"
    )]
    Foreign {
        /// Where it stands.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// Packed files of another state of the database: a copy of an index that was put together
    /// from parts, or a compaction by an earlier version that was interrupted.
    #[error(
        "{0}: stale (its packed files are of another state of the database); compacting the index \
         makes them anew"
    )]
    Stale(PathBuf),
    /// A change was asked of an index opened for reading.
    #[error("{0}: the index is open for reading only; open it for writing")]
    ReadOnly(PathBuf),
    /// A list could not be written where it should go.
    #[error("the list could not be written")]
    Unwritable(#[source] std::io::Error),
    /// An input that cannot be stored or searched.
    #[error("{0}")]
    Input(String),
    /// A file of the index is not what it should be.
    #[error("{path}: damaged ({what}); compacting the index rebuilds it from the database")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The database refused.
    #[error("{path}: {source}; verifying the index checks the database")]
    Database {
        /// The database.
        path: PathBuf,
        /// SQLite's own message.
        source: rusqlite::Error,
    },
    /// The operating system refused.
    #[error("{path}: {source}; check that the directory exists, is writable and has room")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's own message.
        source: io::Error,
    },
}

/// Result of an operation on an index.
pub type Result<T, E = IndexError> = std::result::Result<T, E>;

/// Names the file in an input or output error.
pub(super) trait WithPath<T> {
    fn with_path(self, path: &Path) -> Result<T>;
}

impl<T> WithPath<T> for io::Result<T> {
    fn with_path(self, path: &Path) -> Result<T> {
        self.map_err(|source| IndexError::Io {
            path: path.into(),
            source,
        })
    }
}

impl<T> WithPath<T> for rusqlite::Result<T> {
    fn with_path(self, path: &Path) -> Result<T> {
        self.map_err(|source| IndexError::Database {
            path: path.into(),
            source,
        })
    }
}
