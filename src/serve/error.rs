//! Why a service could not start or go on.

use std::path::PathBuf;

use crate::index::IndexError;
use crate::recognize::RecognizeError;

/// Why a service could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address or a socket could not be listened at.
    #[error("{place}: cannot be listened at; is another service running there?")]
    Listen {
        /// The address or path.
        place: String,
        /// The system's own message.
        source: std::io::Error,
    },
    /// A socket's place is taken by something else.
    #[error("{0}: there is a file here that is no socket; remove it, or name another path")]
    NoSocket(PathBuf),
    /// A token's file could not be used.
    #[error("{path}: {reason}")]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine could not be loaded.
    #[error("{0}")]
    Engine(String),
    /// The model could not be made ready.
    #[error(transparent)]
    Model(#[from] RecognizeError),
    /// The index could not be opened.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The operating system refused.
    #[error("{what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's own message.
        source: std::io::Error,
    },
}
