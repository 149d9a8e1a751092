//! What can go wrong with an index, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::escape::name;

/// A failure of the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// There is no index in the directory.
    #[error("{}: no index here; make one first, or name the directory of another", name(.0))]
    Missing(PathBuf),
    /// An index would be overwritten.
    #[error("{}: there is an index here already; use it, or name another directory", name(.0))]
    Exists(PathBuf),
    /// A second writer.
    #[error("{}: another process is writing to this index; try again when it has finished", name(.0))]
    Locked(PathBuf),
    /// The index was written by a later version.
    #[error(
        "{}: index format {found} is newer than {known}, the last this version knows; use a newer faunalens",
        name(path)
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
        "{}: index format {found} is older than {known}; opening the index for writing, as \
         compacting it does, brings it up to date",
        name(path)
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
        "{}: {what}, which is no part of an index; remove it, or take the index from a copy",
        name(path)
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
        "{}: stale (its packed files are of another state of the database); compacting the index \
         makes them anew",
        name(.0)
    )]
    Stale(PathBuf),
    /// A write was cut off, and what it left behind cannot be settled while only reading.
    #[error(
        "{}: a write was interrupted, and what it left beside this file must be settled first; \
         opening the index for writing, as compacting it does, settles it",
        name(.0)
    )]
    Interrupted(PathBuf),
    /// A change was asked of an index opened for reading.
    #[error("{}: the index is open for reading only; open it for writing", name(.0))]
    ReadOnly(PathBuf),
    /// A list could not be written where it should go.
    #[error("the list could not be written")]
    Unwritable(#[source] std::io::Error),
    /// An input that cannot be stored or searched.
    #[error("{0}")]
    Input(String),
    /// A file of the index is not what it should be.
    #[error(
        "{}: damaged ({what}); compacting the index rebuilds it from the database",
        name(path)
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no room for the database.
    #[error("{}: the disk is full; make room and try again", name(.0))]
    Full(PathBuf),
    /// The database refused.
    #[error("{}: {source}; verifying the index checks the database", name(path))]
    Database {
        /// The database.
        path: PathBuf,
        /// SQLite's own message.
        source: rusqlite::Error,
    },
    /// The operating system refused.
    #[error(
        "{}: {source}; check that the directory exists, is writable and has room",
        name(path)
    )]
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
        self.map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => IndexError::Full(path.into()),
            _ => IndexError::Database {
                path: path.into(),
                source,
            },
        })
    }
}
