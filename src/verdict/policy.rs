//! The decision policy: thresholds of the bundle against calibrated scores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recognize::bundle::Threshold;
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

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The strongest decision that any label raises.
    pub decision: Decision,
    /// One line per label at or above a threshold, such as `ivory 0.97 >= 0.90`,
    /// highest score first. Empty when the decision is clear.
    pub reasons: Vec<String>,
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
    let mut raised: Vec<(f32, Decision, String, &String)> = labels
        .iter()
        .zip(scores)
        .filter_map(|(label, &score)| {
            let threshold = thresholds.get(label)?;
            let (decision, limit) = if score >= threshold.flag {
                (Decision::Flag, threshold.flag)
            } else if score >= threshold.review {
                (Decision::Review, threshold.review)
            } else {
                return None;
            };
            Some((
                score,
                decision,
                format!("{label} {} >= {}", tell(score), tell(limit)),
                label,
            ))
        })
        .collect();
    raised.sort_by(|a, b| b.0.total_cmp(&a.0));
    Verdict {
        decision: raised
            .iter()
            .map(|(_, decision, ..)| *decision)
            .max()
            .unwrap_or(Decision::Clear),
        raised: raised.iter().map(|(.., label)| (*label).clone()).collect(),
        reasons: raised.into_iter().map(|(_, _, reason, _)| reason).collect(),
    }
}

/// Weighs the reading of the lattice into the decision.
///
/// A measured lattice is itself a sign of ivory, so it never leaves a photo below
/// review; one that speaks for elephant is flagged. A mammoth reading clears
/// nothing: mammoth is what elephant is sold as. Ivory without a species stays
/// "ivory, species undecided".
#[must_use]
pub fn weigh(verdict: Verdict, reading: &Reading, ivory: &str) -> Verdict {
    let Verdict {
        mut decision,
        mut reasons,
        mut raised,
    } = verdict;
    let named = raised.iter().any(|label| label == ivory);
    let angle = match (reading.angle_deg, reading.ci90_deg) {
        (Some(angle), Some([low, high])) => {
            format!("Schreger angle {angle:.0} degrees ({low:.0} to {high:.0})")
        }
        _ => "Schreger lattice, axis unknown".to_owned(),
    };
    let measured = reading.status == Status::Measured;
    if measured {
        let (least, words) = match reading.species {
            Species::Elephant => (Decision::Flag, "speaks for elephant"),
            Species::Mammoth => (Decision::Review, "speaks for mammoth"),
            Species::Undecided => (Decision::Review, "species undecided"),
        };
        decision = decision.max(least);
        reasons.push(format!("{angle}: {ivory}, {words}"));
        if !named {
            raised.push(ivory.to_owned());
        }
    } else if named {
        reasons.push(format!("{ivory}, species undecided"));
    }
    Verdict {
        decision,
        reasons,
        raised,
    }
}

/// A score in words: two decimals, or up to the first that is not a nine, as `0.97` or
/// `0.998`. Cut, not rounded, so that it never reads as certainty.
pub fn tell(value: f32) -> String {
    let text = value.to_string();
    let Some((whole, decimals)) = text.split_once('.') else {
        return format!("{value:.2}");
    };
    let nines = decimals.bytes().take_while(|&digit| digit == b'9').count();
    let kept = (nines + 1).max(2).min(decimals.len());
    format!("{whole}.{:0<2}", &decimals[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert_eq!(verdict.reasons, ["ivory 0.60 >= 0.50", "bone 0.35 >= 0.30"]);
        let verdict = decide(&labels(), &[0.97, 0.02, 0.01], &thresholds());
        assert_eq!(verdict.decision, Decision::Flag);
        assert_eq!(verdict.reasons, ["ivory 0.97 >= 0.90"]);
    }

    #[test]
    fn a_label_without_thresholds_never_raises_a_decision() {
        let verdict = decide(&labels(), &[0.0, 0.0, 1.0], &thresholds());
        assert_eq!(verdict.decision, Decision::Clear);
        assert!(verdict.reasons.is_empty());
    }

    #[test]
    fn a_high_score_is_never_written_as_certainty() {
        assert_eq!(tell(0.9), "0.90");
        assert_eq!(tell(0.9987), "0.998");
        assert_eq!(tell(0.99999), "0.99999");
        assert_eq!(tell(1.0), "1.00");
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
            let elephant = weigh(before.clone(), &reading(Species::Elephant), "ivory");
            assert_eq!(elephant.decision, Decision::Flag);
            assert!(
                elephant
                    .reasons
                    .iter()
                    .any(|reason| reason.contains("121 degrees (118 to 125)"))
            );
            let mammoth = weigh(before.clone(), &reading(Species::Mammoth), "ivory");
            assert_eq!(mammoth.decision, before.decision.max(Decision::Review));
        }
    }

    #[test]
    fn raised_ivory_without_a_species_says_so() {
        let before = decide(&labels(), &[0.6, 0.0, 0.0], &thresholds());
        let nothing = Reading::without(Status::NoLattice, Vec::new());
        let after = weigh(before, &nothing, "ivory");
        assert_eq!(after.decision, Decision::Review);
        assert_eq!(
            after.reasons,
            ["ivory 0.60 >= 0.50", "ivory, species undecided"]
        );
        let clear = decide(&labels(), &[0.1, 0.0, 0.9], &thresholds());
        assert_eq!(weigh(clear.clone(), &nothing, "ivory"), clear);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_weakens_the_decision(low in 0.0f32..1.0, step in 0.0f32..1.0) {
            let at = |score: f32| decide(&labels(), &[score.min(1.0), 0.0, 0.0], &thresholds());
            prop_assert!(at(low + step).decision >= at(low).decision);
        }
    }
}
