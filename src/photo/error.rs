//! Why a picture could not be read.

use std::fmt;
use std::path::PathBuf;

use crate::escape::name;
use serde::{Deserialize, Serialize};

/// The stable word for a failure, in records and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// No file at the path.
    NotFound,
    /// Not a picture, or a format or variant that is not built in.
    Unsupported,
    /// Bytes that are damaged, cut short or empty.
    Corrupt,
    /// Beyond [`Limits`](super::Limits).
    TooLarge,
    /// A fault of the program or of the system.
    Internal,
}

impl FailureKind {
    /// The word, such as `not_found`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::Corrupt => "corrupt",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A picture that could not be turned into pixels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// No file at this path.
    #[error("{}: no such file", name(path))]
    NotFound {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file exists but the system does not let us read it.
    #[error("{}: cannot be read ({reason})", name(path))]
    Unreadable {
        /// The path that was asked for.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// Not a picture, or a format or variant that is not built in.
    #[error("{0}")]
    Unsupported(String),
    /// A picture whose bytes are damaged, cut short or empty.
    #[error("{0}")]
    Corrupt(String),
    /// Beyond [`Limits`](super::Limits).
    #[error("{0}")]
    TooLarge(String),
    /// A decoder broke: a bug, not the file's fault alone.
    #[error("{0}")]
    Internal(String),
}

impl PhotoError {
    /// The stable word for this error in records.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NotFound { .. } => FailureKind::NotFound,
            Self::Unsupported(_) => FailureKind::Unsupported,
            Self::Corrupt(_) => FailureKind::Corrupt,
            Self::TooLarge(_) => FailureKind::TooLarge,
            Self::Unreadable { .. } | Self::Internal(_) => FailureKind::Internal,
        }
    }
}
