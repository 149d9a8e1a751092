//! The decision policy: thresholds of the bundle against calibrated scores.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::recognize::Threshold;
use crate::schreger::{Reading, Species, Status};

/// What should happen to a photo. A screening aid's advice: a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Nothing found that a person should look at.
    Clear,
    /// A person should look.
    Review,
    /// A person should look first.
    Flag,
}

impl Decision {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Review => "review",
            Self::Flag => "flag",
        }
    }

    /// The decision of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Clear, Self::Review, Self::Flag]
            .into_iter()
            .find(|decision| decision.name() == name)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a decision is not clear. Its [`Display`](fmt::Display) is the line in the record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// A score reached a threshold: `ivory 0.97 >= 0.90`.
    Score {
        /// The label.
        label: String,
        /// Its calibrated score, 0 to 1.
        score: f32,
        /// The highest threshold that it reached.
        threshold: f32,
    },
    /// A Schreger lattice was measured.
    Lattice {
        /// The label that means ivory.
        label: String,
        /// The Schreger angle and its 90 % interval in degrees, where the axis is known.
        angle: Option<(f64, [f64; 2])>,
        /// What the angle speaks for.
        species: Species,
    },
    /// Ivory was raised, and no lattice says whose.
    SpeciesUndecided {
        /// The label that means ivory.
        label: String,
    },
    /// The picture is on a list that the policy names.
    Listed {
        /// The list.
        source: String,
        /// What the policy's rule names.
        by: ListedBy,
        /// Bits of 256 in which the hashes differ; `None` for a match that is not by hash.
        differing_bits: Option<u32>,
        /// Similarity of the match, 0 to 1.
        similarity: f64,
        /// Similarity that the rule asks for, 0 to 1.
        threshold: Option<f64>,
    },
    /// What a picture on a page raises.
    InRegion {
        /// Its place in the record's `regions`, from 1.
        number: usize,
        /// Why it raises something.
        reason: Box<Self>,
    },
    /// What a closer look at a part of the photo raises.
    InView {
        /// Its place in the record's `views`, from 1.
        number: usize,
        /// Why it raises something.
        reason: Box<Self>,
    },
    /// A match that would have raised the picture was cleared.
    Cleared {
        /// The list with which the picture matches.
        source: String,
        /// The list that says it is negative.
        by: String,
        /// Similarity of the match with the latter, 0 to 1.
        similarity: f64,
    },
}

/// What of a listed hash a rule of the policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedBy {
    /// The list.
    Source(String),
    /// Its category.
    Category(String),
    /// One of its tags.
    Tag(String),
}

impl Reason {
    /// Whether it differs from `other` in how near the match is alone.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Listed { source, by, .. },
                Self::Listed {
                    source: other_source,
                    by: other_by,
                    ..
                },
            ) => (source, by) == (other_source, other_by),
            (
                Self::Cleared { source, by, .. },
                Self::Cleared {
                    source: other_source,
                    by: other_by,
                    ..
                },
            ) => (source, by) == (other_source, other_by),
            _ => self == other,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Score {
                label,
                score,
                threshold,
            } => {
                let (score, threshold) = (format_score(*score), format_score(*threshold));
                write!(f, "{label} {score} >= {threshold}")
            }
            Self::Lattice {
                label,
                angle,
                species,
            } => {
                match angle {
                    Some((angle, [low, high])) => write!(
                        f,
                        "Schreger angle {angle:.0} degrees ({low:.0} to {high:.0})"
                    ),
                    None => f.write_str("Schreger lattice, axis unknown"),
                }?;
                let words = match species {
                    Species::Elephant => "speaks for elephant",
                    Species::Mammoth => "speaks for mammoth",
                    Species::Undecided => "species undecided",
                };
                write!(f, ": {label}, {words}")
            }
            Self::InRegion { number, reason } => write!(f, "region {number}: {reason}"),
            Self::InView { number, reason } => write!(f, "view {number}: {reason}"),
            Self::SpeciesUndecided { label } => write!(f, "{label}, species undecided"),
            Self::Listed {
                source,
                by,
                differing_bits,
                similarity,
                ..
            } => {
                write!(f, "on list {source}")?;
                match by {
                    ListedBy::Source(_) => Ok(()),
                    ListedBy::Category(category) => write!(f, ", category {category}"),
                    ListedBy::Tag(tag) => write!(f, ", tag {tag}"),
                }?;
                match differing_bits {
                    Some(bits) => write!(f, ": {bits} of 256 bits differ"),
                    None => write!(f, ": similarity {similarity:.2}"),
                }
            }
            Self::Cleared { source, by, .. } => {
                write!(f, "on list {source}, cleared by list {by}")
            }
        }
    }
}

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// The strongest decision that any label raises.
    pub decision: Decision,
    /// One per label at or above a threshold, highest score first, then the lattice's. Empty when
    /// the decision is clear.
    pub reasons: Vec<Reason>,
    /// The labels raised, in the same order.
    pub raised: Vec<String>,
}

/// Compares every label's calibrated score with the bundle's thresholds.
///
/// `scores` go with `labels`, in the bundle's order. A label without
/// thresholds never raises a decision.
#[must_use]
pub fn decide(
    labels: &[String],
    scores: &[f32],
    thresholds: &BTreeMap<String, Threshold>,
) -> Verdict {
    let mut raised: Vec<(&String, f32, Decision, f32)> = labels
        .iter()
        .zip(scores)
        .filter_map(|(label, &score)| {
            let (decision, threshold) = threshold_reached(score, thresholds.get(label)?)?;
            Some((label, score, decision, threshold))
        })
        .collect();
    raised.sort_by(|a, b| b.1.total_cmp(&a.1));
    let decisions = raised.iter().map(|&(_, _, decision, _)| decision);
    let reason = |&(label, score, _, threshold): &(&String, f32, Decision, f32)| Reason::Score {
        label: label.clone(),
        score,
        threshold,
    };
    Verdict {
        decision: decisions.max().unwrap_or(Decision::Clear),
        reasons: raised.iter().map(reason).collect(),
        raised: raised.iter().map(|(label, ..)| (*label).clone()).collect(),
    }
}

/// What a score raises, and the threshold that it reached.
fn threshold_reached(score: f32, threshold: &Threshold) -> Option<(Decision, f32)> {
    if score >= threshold.flag {
        Some((Decision::Flag, threshold.flag))
    } else if score >= threshold.review {
        Some((Decision::Review, threshold.review))
    } else {
        None
    }
}

impl Verdict {
    /// The verdict on a picture that shows nothing, whatever its scores.
    #[must_use]
    pub fn clear() -> Self {
        Self {
            decision: Decision::Clear,
            reasons: Vec::new(),
            raised: Vec::new(),
        }
    }

    /// The verdict with the reading of the lattice taken in; `ivory` is the bundle's label for it.
    ///
    /// A measured lattice is itself a sign of ivory, so it never leaves a photo below
    /// review; one that speaks for elephant is flagged. A mammoth reading clears
    /// nothing: mammoth is what elephant is sold as. Ivory without a species stays
    /// "ivory, species undecided".
    #[must_use]
    pub fn with_reading(mut self, reading: &Reading, ivory: &str) -> Self {
        let label = ivory.to_owned();
        let named = self.raised.contains(&label);
        if reading.status == Status::Measured {
            let least = match reading.species {
                Species::Elephant => Decision::Flag,
                Species::Mammoth | Species::Undecided => Decision::Review,
            };
            self.decision = self.decision.max(least);
            self.reasons.push(Reason::Lattice {
                label: label.clone(),
                angle: reading.angle_deg.zip(reading.ci90_deg),
                species: reading.species,
            });
            if !named {
                self.raised.push(label);
            }
        } else if named {
            self.reasons.push(Reason::SpeciesUndecided { label });
        }
        self
    }
}

/// A score in words: two decimals, or up to the first that is not a nine, as `0.97` or
/// `0.998`. Cut, not rounded, so that it never reads as certainty.
#[must_use]
pub fn format_score(score: f32) -> String {
    let text = score.to_string();
    let Some((whole, decimals)) = text.split_once('.') else {
        return format!("{score:.2}");
    };
    let nines = decimals.bytes().take_while(|&digit| digit == b'9').count();
    let kept = (nines + 1).max(2).min(decimals.len());
    format!("{whole}.{:0<2}", &decimals[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(verdict: &Verdict) -> Vec<String> {
        verdict.reasons.iter().map(ToString::to_string).collect()
    }

    fn labels() -> Vec<String> {
        ["ivory", "bone", "other"].map(String::from).to_vec()
    }

    fn thresholds() -> BTreeMap<String, Threshold> {
        let threshold = |review, flag| Threshold { review, flag };
        BTreeMap::from([
            ("ivory".into(), threshold(0.5, 0.9)),
            ("bone".into(), threshold(0.3, 1.0)),
        ])
    }

    #[test]
    fn the_strongest_label_decides_and_every_raised_label_is_named() {
        let verdict = decide(&labels(), &[0.6, 0.35, 0.05], &thresholds());
        assert_eq!(verdict.decision, Decision::Review);
        assert_eq!(lines(&verdict), ["ivory 0.60 >= 0.50", "bone 0.35 >= 0.30"]);
        let verdict = decide(&labels(), &[0.97, 0.02, 0.01], &thresholds());
        assert_eq!(verdict.decision, Decision::Flag);
        assert_eq!(lines(&verdict), ["ivory 0.97 >= 0.90"]);
    }

    #[test]
    fn a_label_without_thresholds_never_raises_a_decision() {
        let verdict = decide(&labels(), &[0.0, 0.0, 1.0], &thresholds());
        assert_eq!(verdict.decision, Decision::Clear);
        assert!(verdict.reasons.is_empty());
    }

    #[test]
    fn a_high_score_is_never_written_as_certainty() {
        assert_eq!(format_score(0.9), "0.90");
        assert_eq!(format_score(0.9987), "0.998");
        assert_eq!(format_score(0.99999), "0.99999");
        assert_eq!(format_score(1.0), "1.00");
    }

    fn reading(species: Species) -> Reading {
        Reading {
            angle_deg: Some(121.4),
            ci90_deg: Some([117.9, 125.0]),
            species,
            ..Reading::without(Status::Measured, Vec::new())
        }
    }

    #[test]
    fn an_elephant_reading_flags_and_a_mammoth_reading_never_clears() {
        for score in [0.2, 0.6, 0.95] {
            let before = decide(&labels(), &[score, 0.0, 0.0], &thresholds());
            let elephant = before
                .clone()
                .with_reading(&reading(Species::Elephant), "ivory");
            assert_eq!(elephant.decision, Decision::Flag);
            assert!(
                lines(&elephant)
                    .iter()
                    .any(|reason| reason.contains("121 degrees (118 to 125)"))
            );
            let mammoth = before
                .clone()
                .with_reading(&reading(Species::Mammoth), "ivory");
            assert_eq!(mammoth.decision, before.decision.max(Decision::Review));
        }
    }

    #[test]
    fn raised_ivory_without_a_species_says_so() {
        let before = decide(&labels(), &[0.6, 0.0, 0.0], &thresholds());
        let nothing = Reading::without(Status::NoLattice, Vec::new());
        let after = before.with_reading(&nothing, "ivory");
        assert_eq!(after.decision, Decision::Review);
        assert_eq!(
            lines(&after),
            ["ivory 0.60 >= 0.50", "ivory, species undecided"]
        );
        let clear = decide(&labels(), &[0.1, 0.0, 0.9], &thresholds());
        assert_eq!(clear.clone().with_reading(&nothing, "ivory"), clear);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_weakens_the_decision(low in 0.0f32..1.0, step in 0.0f32..1.0) {
            let decision = |score: f32| {
                decide(&labels(), &[score.min(1.0), 0.0, 0.0], &thresholds()).decision
            };
            prop_assert!(decision(low + step) >= decision(low));
        }
    }
}
