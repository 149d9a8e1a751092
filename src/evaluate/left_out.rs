//! What was not used, and why: no row is dropped silently.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::escape::name;
use crate::manifest::{BadRow, ManifestError, RowFault};

use super::score_scale::ScoreScale;

/// A row that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Line of the file it stands in, from 1; 0 where there is none.
    pub line: usize,
    /// The photograph.
    pub file: String,
    /// Why.
    pub why: Exclusion,
}

impl From<BadRow> for LeftOut {
    fn from(bad: BadRow) -> Self {
        Self {
            line: bad.line as usize,
            file: String::new(),
            why: Exclusion::NoRow(bad.fault),
        }
    }
}

/// Why a row was left out. Reports hold its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Exclusion {
    /// The line is no row of the table.
    #[error("{0}")]
    NoRow(RowFault),
    /// The line is no case of the Schreger study.
    #[error("the line is no case: {0}")]
    NoCase(String),
    /// The cell of the file is empty.
    #[error("it names no file")]
    NoFile,
    /// Neither the one that asks nor the one that is named.
    #[error("it names no picture")]
    NoPicture,
    /// A file that stands in the table twice.
    #[error("the same file stands in line {0}")]
    SameFile(usize),
    /// No label to compare with.
    #[error("it has no label")]
    NoLabel,
    /// In a folder of folders: beside these.
    #[error("it lies in no folder that names a label")]
    NoLabelFolder,
    /// A label that the model does not score.
    #[error(
        "label {label} is none of the model's ({}){}",
        known.join(", "),
        if *matched { "; it was used for matching alone" } else { "" }
    )]
    UnknownLabel {
        /// The row's label.
        label: String,
        /// The model's.
        known: Vec<String>,
        /// Whether the photograph was searched and looked for all the same.
        matched: bool,
    },
    /// The results say nothing of it.
    #[error("there are no scores for this file")]
    NoScores,
    /// The results contradict themselves.
    #[error("it is scored twice, differently, in the same results")]
    ScoredTwice,
    /// A label without a finite score.
    #[error("a score is missing or no number")]
    NoNumber,
    /// The model could not read it; empty where the kind of failure is not known.
    #[error(
        "the photograph could not be read{}{kind}",
        if kind.is_empty() { "" } else { ": " }
    )]
    PhotographUnread {
        /// The kind of failure, such as `corrupt`.
        kind: String,
    },
    /// It could not be read, in the reader's words.
    #[error("it could not be read: {0}")]
    Unread(String),
    /// The same, of a picture that is only searched.
    #[error("as a reference, it could not be read: {0}")]
    ReferenceUnread(String),
    /// The network could not take it, in its own words.
    #[error("{0}")]
    NotSeen(String),
    /// A copy that could not be scored.
    #[error("the copy could not be scored: {0}")]
    CopyUnscored(String),
    /// A leak.
    #[error("a near-duplicate ({distance} bits) of {of}")]
    NearDuplicate {
        /// Differing bits of 256.
        distance: u32,
        /// The other photograph.
        of: String,
    },
    /// A near-duplicate under another label: nobody can learn from what contradicts itself.
    #[error("a near-duplicate, {other}, is labelled {of_other}; this one {label}")]
    Contested {
        /// The other photograph.
        other: String,
        /// Its label.
        of_other: String,
        /// This one's label.
        label: String,
    },
    /// A label with too few groups to learn from, to choose on and to judge by.
    #[error("label {label} is skipped: {groups} independent pictures of it, {fewest} are needed")]
    RareLabel {
        /// The label.
        label: String,
        /// Its groups.
        groups: usize,
        /// Groups that are needed.
        fewest: usize,
    },
    /// A pair of one picture with itself.
    #[error("a picture is no match of itself")]
    OwnMatch,
    /// A pair that stands in the table twice.
    #[error("the same pair stands in an earlier line")]
    SamePair,
    /// A pair of a question with two transformations.
    #[error(
        "its transformation is {this}, that of line {line} is {first}; the pair counts under the \
         first"
    )]
    OtherTransformation {
        /// Of this line.
        this: String,
        /// Line that names the question first.
        line: usize,
        /// Its transformation.
        first: String,
    },
    /// A role that there is not.
    #[error("role {0} is neither query nor reference")]
    UnknownRole(String),
    /// An answer that was given twice.
    #[error("the same pair with {0} has a score in an earlier line")]
    SameAnswer(String),
    /// An answer without a score.
    #[error("score {score:?} with {db} is no number")]
    NoScore {
        /// What stands there.
        score: String,
        /// The picture that is named.
        db: String,
    },
    /// An answer to no question.
    #[error("an answer to a picture that the manifest does not ask")]
    NotAsked,
    /// An answer that names something else.
    #[error("an answer names {0}, which is no reference")]
    NoReference(String),
    /// A photograph that only one of two results scores.
    #[error("only the {0} has scores for it")]
    OnlyIn(Which),
}

impl Serialize for Exclusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One of two results that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one named first.
    First,
    /// The other.
    Second,
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::First => "first",
            Self::Second => "second",
        })
    }
}

/// An evaluation that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// A table cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A file is not what it should be.
    #[error("{}: {reason}", name(path))]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Scores that are no probabilities.
    #[error(
        "{}: {file} has the score {score} of {label}, which is not {}; the scores look like {}: \
         say which they are",
        name(path),
        match scale {
            ScoreScale::Probabilities => "between 0 and 1",
            ScoreScale::Percent => "between 0 and 100",
            ScoreScale::Logits => "a finite number",
        },
        looks_like
    )]
    ScoreOutOfRange {
        /// The results.
        path: PathBuf,
        /// The photograph.
        file: String,
        /// The label.
        label: String,
        /// Its score.
        score: f64,
        /// What the scores were taken for.
        scale: ScoreScale,
        /// What they look like.
        looks_like: ScoreScale,
    },
    /// Nothing is left.
    #[error(
        "{}: no usable row of {total}; the first was left out because {first}",
        name(path)
    )]
    Nothing {
        /// The manifest.
        path: PathBuf,
        /// Rows it has.
        total: usize,
        /// Why the first was left out.
        first: String,
    },
    /// Near-duplicates could not be looked for.
    #[error("near-duplicates cannot be looked for: {0}")]
    Search(#[from] crate::index::IndexError),
}

pub(super) fn unusable(path: &Path, reason: impl ToString) -> RowsError {
    RowsError::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
