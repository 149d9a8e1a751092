//! Why nothing could be learnt.

use std::path::PathBuf;

use crate::escape::name;
use crate::evaluate::rows::RowsError;
use crate::recognize::{BundleError, RecognizeError};

/// Why nothing could be learnt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// The pictures cannot be listed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The base bundle cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The network cannot be run.
    #[error(transparent)]
    Recognize(#[from] RecognizeError),
    /// The base gives nothing to learn from.
    #[error(
        "bundle {0} has neither a features nor a descriptor output, so nothing can be learnt on \
         top of it; take another"
    )]
    NothingToRead(String),
    /// The base was itself taught.
    #[error("bundle {0} was itself taught; teach its base again with all pictures together")]
    TaughtAlready(String),
    /// No label raises a decision.
    #[error("bundle {0} has no thresholds: no label of it raises a decision, in views neither")]
    NoProduct(String),
    /// A label that is to be looked for raises no decision.
    #[error(
        "bundle {bundle} has no thresholds of {label}: it raises no decision, in views neither"
    )]
    RaisesNothing {
        /// The bundle.
        bundle: String,
        /// The label.
        label: String,
    },
    /// No usable picture.
    #[error("{}: no usable picture; {first}", name(from))]
    NoPictures {
        /// The source.
        from: PathBuf,
        /// Why the first was left out.
        first: String,
    },
    /// Too little of a label.
    #[error(
        "label {label}: {pictures} pictures in {groups} {kind}; at least {fewest} are needed, so \
         that some can be held out"
    )]
    TooFew {
        /// The label.
        label: String,
        /// Usable pictures of it.
        pictures: usize,
        /// Groups of them.
        groups: usize,
        /// What a group is.
        kind: GroupKind,
        /// Groups that are needed.
        fewest: usize,
    },
    /// Nothing that the new labels could be told from.
    #[error(
        "bundle {0} has no background pictures to tell new labels from, and the pictures given \
         show new labels only; add a folder named after one of the bundle's labels ({1}) with \
         pictures that show none of the new ones, the more the better"
    )]
    NothingElse(String, String),
    /// Background photographs that could show nothing.
    #[error(
        "every label of the bundle is taught, so a background photograph could be none of them; \
         add pictures of a label named other, or leave the background away"
    )]
    NoRest,
    /// A label was named that there are no pictures of.
    #[error("label {label}, {role}: there are no pictures of it; the labels given are {given}")]
    NotTaught {
        /// What the label was named as.
        role: LabelRole,
        /// The label.
        label: String,
        /// Those there are.
        given: String,
    },
    /// A label that cannot be a name.
    #[error(
        "label {0:?}: letters, digits, `-`, `_` and `.` only, so that it can be written into files \
         and commands"
    )]
    BadName(String),
    /// A label to replace that the network does not have.
    #[error("label {label}, to be replaced: the network has no such label; it has {known}")]
    NothingToReplace {
        /// The label.
        label: String,
        /// Those there are.
        known: String,
    },
    /// The bundle cannot be written.
    #[error("{}: {reason}", name(path))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Threads could not be started.
    #[error("cannot start the workers: {0}")]
    Threads(String),
}

/// What counts as a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    /// What the source names so.
    Named,
    /// Pictures that are nearly the same, where the source names no groups.
    NearDuplicates,
}

impl std::fmt::Display for GroupKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Named => "groups",
            Self::NearDuplicates => "groups of near-duplicates",
        })
    }
}

/// What a label is named as in [`LearnOptions`](super::LearnOptions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelRole {
    /// It raises a decision.
    Product,
    /// What the network knows of it is set aside.
    Replaced,
}

impl std::fmt::Display for LabelRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Product => "a product",
            Self::Replaced => "to be replaced",
        })
    }
}
