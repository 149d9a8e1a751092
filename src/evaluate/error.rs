//! Why a study cannot be made.

use std::io;
use std::path::PathBuf;

use crate::index::IndexError;
use crate::pipeline::BatchError;
use crate::recognize::{BundleError, RecognizeError};

use super::rows::RowsError;
use super::schreger::cases::CasesError;
use crate::escape::name;

/// A study that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A manifest or a table of results cannot be used.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A manifest of pictures with a lattice cannot be used.
    #[error(transparent)]
    Cases(#[from] CasesError),
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] RecognizeError),
    /// The hashes of the model's training photographs cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The photographs cannot be scored.
    #[error("the photographs cannot be scored: {0}")]
    Batch(String),
    /// The index that is made for the study fails.
    #[error("the index of this study: {0}")]
    Index(#[from] IndexError),
    /// The folder of that index cannot be made or cleared.
    #[error("{}: {source}; check that the folder can be written", name(path))]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The model knows none of the manifest's labels.
    #[error(
        "none of the manifest's labels ({}) is one of the model's ({}); rename those that mean \
        the same",
        manifest.join(", "), model.join(", ")
    )]
    NoKnownLabel {
        /// Some of the manifest's labels.
        manifest: Vec<String>,
        /// The model's labels.
        model: Vec<String>,
    },
    /// A threshold that would decide nothing.
    #[error("a threshold is given for {label}, which is not scored; scored are {}", labels.join(", "))]
    ThresholdOfNothing {
        /// The label.
        label: String,
        /// Those that are scored.
        labels: Vec<String>,
    },
    /// A threshold that only one of two results has.
    #[error("a threshold of {label} is given for one of the two results only; give it for both")]
    ThresholdOfOne {
        /// The label.
        label: String,
    },
    /// Every row is a leak.
    #[error(
        "every row is a near-duplicate of a training photograph or stands under two labels; \
         add photographs that the model has not seen, or keep them"
    )]
    OnlyLeaks,
    /// No picture can be read.
    #[error("{}: no photograph can be read; the first: {first}", name(manifest))]
    NothingReadable {
        /// The manifest.
        manifest: PathBuf,
        /// Why the first cannot.
        first: String,
    },
    /// Two results that score different labels.
    #[error(
        "{} scores {}, {} scores {}: no label is the same",
        name(first), first_labels.join(", "), name(second), second_labels.join(", ")
    )]
    NoSharedLabel {
        /// The first results.
        first: PathBuf,
        /// Its labels.
        first_labels: Vec<String>,
        /// The second results.
        second: PathBuf,
        /// Its labels.
        second_labels: Vec<String>,
    },
    /// Two results without a photograph in common.
    #[error("the two results have no photograph in common")]
    NoSharedPhotograph,
}

impl From<BatchError<IndexError>> for EvaluateError {
    fn from(error: BatchError<IndexError>) -> Self {
        match error {
            BatchError::Setup(error) => Self::Model(error),
            BatchError::Emit(error) | BatchError::Index(error) => Self::Index(error),
            other => Self::Batch(other.to_string()),
        }
    }
}
