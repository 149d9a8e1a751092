//! Reasons with stable codes, so that programs can tell and translate them.

use serde::{Deserialize, Serialize};

use super::policy::Reason;
use crate::schreger::Species;

/// What a reason says, whatever the language. Codes are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasonCode {
    /// A label's score reached a threshold of the bundle.
    ScoreReached,
    /// A Schreger lattice was measured, and speaks for elephant.
    LatticeElephant,
    /// A Schreger lattice was measured, and speaks for mammoth.
    LatticeMammoth,
    /// A Schreger lattice was measured, which tells no species.
    LatticeUndecided,
    /// The label was raised, and no lattice says whose it is.
    SpeciesUndecided,
    /// The picture is on a list that the policy names.
    MatchSource,
    /// The picture is in a category that the policy names.
    MatchCategory,
    /// The picture has a tag that the policy names.
    MatchTag,
    /// A negative list cleared a match that would have raised the picture.
    MatchCleared,
}

/// A reason in parts: an element of `reasons_coded` in the record, beside the one of `reasons` in
/// the same place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodedReason {
    /// What it says.
    pub code: ReasonCode,
    /// Whose score, lattice or species: a label of the bundle. Of a match, the list, category or
    /// tag that the code names; of a cleared one the list that cleared it.
    pub label: Option<String>,
    /// The label's score, or the similarity of the match, 0 to 1.
    pub score: Option<f64>,
    /// What the score had to reach; null where nothing had to be reached.
    pub threshold: Option<f64>,
    /// The picture on a page that it is about, by its place in `regions`, from 1; not
    /// written for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<usize>,
    /// The view that it is about, by its place in `views`, from 1; not written for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<usize>,
}

impl Reason {
    /// The reason in parts.
    #[must_use]
    pub fn coded(&self) -> CodedReason {
        let (code, label, score, threshold) = match self {
            Self::InRegion { number, reason } => {
                return CodedReason {
                    region: Some(*number),
                    ..reason.coded()
                };
            }
            Self::InView { number, reason } => {
                return CodedReason {
                    view: Some(*number),
                    ..reason.coded()
                };
            }
            Self::Score {
                label,
                score,
                threshold,
            } => (
                ReasonCode::ScoreReached,
                label,
                Some(f64::from(*score)),
                Some(f64::from(*threshold)),
            ),
            Self::Lattice { label, species, .. } => {
                let code = match species {
                    Species::Elephant => ReasonCode::LatticeElephant,
                    Species::Mammoth => ReasonCode::LatticeMammoth,
                    Species::Undecided => ReasonCode::LatticeUndecided,
                };
                (code, label, None, None)
            }
            Self::SpeciesUndecided { label } => (ReasonCode::SpeciesUndecided, label, None, None),
            Self::Listed {
                by,
                similarity,
                threshold,
                ..
            } => (by.code(), by.name(), Some(*similarity), *threshold),
            Self::Cleared { by, similarity, .. } => {
                (ReasonCode::MatchCleared, by, Some(*similarity), None)
            }
        };
        CodedReason {
            code,
            label: Some(label.clone()),
            score: score.map(rounded),
            threshold: threshold.map(rounded),
            region: None,
            view: None,
        }
    }
}

impl super::policy::ListedBy {
    fn code(&self) -> ReasonCode {
        match self {
            Self::Source(_) => ReasonCode::MatchSource,
            Self::Category(_) => ReasonCode::MatchCategory,
            Self::Tag(_) => ReasonCode::MatchTag,
        }
    }

    fn name(&self) -> &String {
        match self {
            Self::Source(name) | Self::Category(name) | Self::Tag(name) => name,
        }
    }
}

/// Six decimals, which is beyond what inference reproduces.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
