//! The study: two files of scores, one manifest.

use std::path::{Path, PathBuf};

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::classify::Thresholds;
use crate::evaluate::defaults::root_of;
use crate::evaluate::error::EvaluateError;
use crate::evaluate::rows::{Joining, Scored, join, labels_of};
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
    /// What they were made from.
    pub provenance: Provenance,
    /// Folder to which the files are relative.
    pub root: PathBuf,
}

/// Makes the study.
///
/// # Errors
/// [`EvaluateError`] when a file cannot be used, or the two have no label or no photograph in
/// common.
pub fn run(plan: &Plan) -> Result<Study, EvaluateError> {
    let joining = Joining {
        kept: labels_to_compare(&plan.first, &plan.second)?,
        ..plan.joining.clone()
    };
    let joined = |results: &Path| -> Result<Scored, EvaluateError> {
        Ok(join(&plan.answers, results, &joining)?)
    };
    let (first, second) = (joined(&plan.first)?, joined(&plan.second)?);
    let comparison = compare(&first, &second, &Thresholds::new(), plan.resampling);
    if comparison.photographs == 0 {
        return Err(EvaluateError::NoSharedPhotograph);
    }
    Ok(Study {
        comparison,
        provenance: provenance(plan),
        root: (plan.photos.clone()).unwrap_or_else(|| root_of(&plan.answers)),
    })
}

/// The labels that both score, where they do not score the same ones.
fn labels_to_compare(first: &Path, second: &Path) -> Result<Option<Vec<String>>, EvaluateError> {
    let (one, other) = (labels_of(first)?, labels_of(second)?);
    let shared: Vec<String> = (one.iter().filter(|label| other.contains(label)))
        .cloned()
        .collect();
    if shared.is_empty() {
        return Err(EvaluateError::NoSharedLabel {
            first: first.to_owned(),
            first_labels: one,
            second: second.to_owned(),
            second_labels: other,
        });
    }
    Ok((one != other).then_some(shared))
}

fn provenance(plan: &Plan) -> Provenance {
    let mut provenance = Provenance::default();
    provenance.push_file("first", &plan.first);
    provenance.push_file("second", &plan.second);
    provenance.push_file("answers", &plan.answers);
    provenance.push("resamples", plan.resampling.resamples);
    provenance.push("seed", plan.resampling.seed);
    provenance
}
