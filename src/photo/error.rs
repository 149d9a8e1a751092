//! Why a picture could not be read.

use std::path::PathBuf;

/// A picture that could not be turned into pixels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// No file at this path.
    #[error("{}: no such file", path.display())]
    NotFound {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file exists but the system does not let us read it.
    #[error("{}: cannot be read ({reason})", path.display())]
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
    /// The stable word for this error in records:
    /// `not_found`, `unsupported`, `corrupt`, `too_large` or `internal`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Unsupported(_) => "unsupported",
            Self::Corrupt(_) => "corrupt",
            Self::TooLarge(_) => "too_large",
            Self::Unreadable { .. } | Self::Internal(_) => "internal",
        }
    }
}
