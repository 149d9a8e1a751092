//! The study: two files of scores, one manifest.

use std::path::{Path, PathBuf};

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::classify::{Thresholds, require_scored, thresholds_of};
use crate::evaluate::defaults::root_of;
use crate::evaluate::error::EvaluateError;
use crate::evaluate::rows::{Joining, Scored, join, labels_of};
use crate::evaluate::score_scale::ScoreScale;
use crate::recognize::Bundle;
use crate::report::Provenance;

use super::measures::{Comparison, compare};

/// What is compared, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The first scores.
    pub first: PathBuf,
    /// The second scores.
    pub second: PathBuf,
    /// What the two are called in the report.
    pub names: [String; 2],
    /// On which scale each scores.
    pub scales: [ScoreScale; 2],
    /// The thresholds of each, by label; `None` takes the bundle's, where the scores are its own.
    pub thresholds: [Option<Thresholds>; 2],
    /// Photographs with their labels; the first scores where they hold them.
    pub answers: PathBuf,
    /// How labels are brought together; where the two score different ones, those they share are
    /// compared against all the rest.
    pub joining: Joining,
    /// Folder to which the files are relative; that of the answers if `None`.
    pub photos: Option<PathBuf>,
    /// How intervals are drawn.
    pub resampling: Resampling,
}

impl Plan {
    /// `second` against `first`, which holds the labels.
    #[must_use]
    pub fn new(first: PathBuf, second: PathBuf) -> Self {
        Self {
            answers: first.clone(),
            first,
            second,
            names: ["first".into(), "second".into()],
            scales: [ScoreScale::default(); 2],
            thresholds: [None, None],
            joining: Joining::default(),
            photos: None,
            resampling: Resampling::default(),
        }
    }
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// The figures.
    pub comparison: Comparison,
    /// What the two are called.
    pub names: [String; 2],
    /// What they were made from.
    pub provenance: Provenance,
    /// Folder to which the files are relative.
    pub root: PathBuf,
}

/// Makes the study. The thresholds of `bundle` count for scores of its own that are given none.
///
/// # Errors
/// [`EvaluateError`] when a file cannot be used, the two have no label or no photograph in common,
/// or a threshold belongs to none or to one of them.
pub fn run(plan: &Plan, bundle: Option<&Bundle>) -> Result<Study, EvaluateError> {
    let kept = labels_to_compare(plan)?;
    let joined = |results: &Path, scale: ScoreScale| -> Result<Scored, EvaluateError> {
        let joining = Joining {
            kept: kept.clone(),
            scale,
            ..plan.joining.clone()
        };
        Ok(join(&plan.answers, results, &joining)?)
    };
    let [one, other] = plan.scales;
    let (first, second) = (joined(&plan.first, one)?, joined(&plan.second, other)?);
    let [ours, theirs] = thresholds(plan, bundle, [&first.labels, &second.labels])?;
    let comparison = compare(&first, &second, [&ours, &theirs], plan.resampling);
    if comparison.photographs == 0 {
        return Err(EvaluateError::NoSharedPhotograph);
    }
    Ok(Study {
        comparison,
        names: plan.names.clone(),
        provenance: provenance(plan),
        root: (plan.photos.clone()).unwrap_or_else(|| root_of(&plan.answers)),
    })
}

/// The thresholds of both. One that is given for a label is needed of the other, too.
fn thresholds(
    plan: &Plan,
    bundle: Option<&Bundle>,
    labels: [&[String]; 2],
) -> Result<[Thresholds; 2], EvaluateError> {
    let [first, second] = [&plan.thresholds[0], &plan.thresholds[1]];
    let both = [
        thresholds_of(&plan.first, first.as_ref(), bundle),
        thresholds_of(&plan.second, second.as_ref(), bundle),
    ];
    require_scored(&both[0], labels[0], first.is_some())?;
    require_scored(&both[1], labels[1], second.is_some())?;
    for (given, others) in [(first, &both[1]), (second, &both[0])] {
        let mut given = given.iter().flat_map(|thresholds| thresholds.keys());
        if let Some(label) = given.find(|label| !others.contains_key(*label)) {
            return Err(EvaluateError::ThresholdOfOne {
                label: label.clone(),
            });
        }
    }
    Ok(both)
}

/// The labels that both score, where they do not score the same ones.
fn labels_to_compare(plan: &Plan) -> Result<Option<Vec<String>>, EvaluateError> {
    let (first, second) = (&plan.first, &plan.second);
    let one = labels_of(first, plan.scales[0])?;
    let other = labels_of(second, plan.scales[1])?;
    let shared: Vec<String> = (one.iter().filter(|label| other.contains(label)))
        .cloned()
        .collect();
    if shared.is_empty() {
        return Err(EvaluateError::NoSharedLabel {
            first: first.clone(),
            first_labels: one,
            second: second.clone(),
            second_labels: other,
        });
    }
    Ok((one != other).then_some(shared))
}

fn provenance(plan: &Plan) -> Provenance {
    let mut provenance = Provenance::default();
    let [first, second] = &plan.names;
    provenance.push_file(&format!("first, {first}"), &plan.first);
    provenance.push_file(&format!("second, {second}"), &plan.second);
    provenance.push_file("answers", &plan.answers);
    provenance.push("resamples", plan.resampling.resamples);
    provenance.push("seed", plan.resampling.seed);
    provenance
}
