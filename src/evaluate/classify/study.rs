//! The study: a manifest's answers and a model's scores become figures.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::decontaminate::{LeakSearch, take_out_leaks};
use crate::evaluate::defaults::root_of;
use crate::evaluate::error::EvaluateError;
use crate::evaluate::provenance::describe_model;
use crate::evaluate::rows::{Answer, Joining, Scored, join};
use crate::recognize::Bundle;
use crate::report::Provenance;

use super::measures::{Measured, Thresholds, measure};

/// Labels of a manifest that an error names.
const NAMED: usize = 8;

/// What is measured, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Photographs with their labels: a table, or a folder per label.
    pub manifest: PathBuf,
    /// Their scores: records of a scan, or a table with a column per label.
    pub results: PathBuf,
    /// How the labels of the two are brought together.
    pub joining: Joining,
    /// The thresholds of the tool that scored, by label; `None` takes the bundle's, where the
    /// scores are its own.
    pub thresholds: Option<Thresholds>,
    /// Whether near-duplicates of training photographs and across labels stay.
    pub keep_leaks: bool,
    /// How intervals are drawn.
    pub resampling: Resampling,
}

impl Plan {
    /// The scores in `results` against the labels in `manifest`, leaks taken out.
    #[must_use]
    pub fn new(manifest: PathBuf, results: PathBuf) -> Self {
        Self {
            manifest,
            results,
            joining: Joining::default(),
            thresholds: None,
            keep_leaks: false,
            resampling: Resampling::default(),
        }
    }
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// The photographs with their labels and scores, and those left out.
    pub scored: Scored,
    /// The figures.
    pub measured: Measured,
    /// Near-duplicates.
    pub leaks: LeakSearch,
    /// What the figures were made from.
    pub provenance: Provenance,
    /// Folder to which the files of the rows are relative.
    pub root: PathBuf,
}

/// Makes the study. The thresholds of `bundle` count only where the scores are its own; its
/// training photographs are looked for in any case.
///
/// # Errors
/// [`EvaluateError`] when a file cannot be used or no row is left.
pub fn run(plan: &Plan, bundle: Option<&Bundle>) -> Result<Study, EvaluateError> {
    let mut scored = join(&plan.manifest, &plan.results, &plan.joining)?;
    let leaks = take_out_leaks(&mut scored, bundle, plan.keep_leaks)?;
    let own = bundle.filter(|bundle| is_scored_by(&plan.results, bundle));
    let thresholds = thresholds_of(&plan.results, plan.thresholds.as_ref(), bundle);
    require_scored(&thresholds, &scored.labels, plan.thresholds.is_some())?;
    Ok(Study {
        measured: measure(&scored, &thresholds, plan.resampling),
        provenance: provenance(plan, &scored, own, &leaks),
        root: root_of(&plan.manifest),
        scored,
        leaks,
    })
}

/// The thresholds given for these scores, else those of the bundle that made them, else none.
pub(in crate::evaluate) fn thresholds_of(
    results: &Path,
    given: Option<&Thresholds>,
    bundle: Option<&Bundle>,
) -> Thresholds {
    given.cloned().unwrap_or_else(|| {
        let own = bundle.filter(|bundle| is_scored_by(results, bundle));
        own.map_or_else(Thresholds::new, |bundle| {
            bundle.description.thresholds.clone()
        })
    })
}

/// Refuses a threshold, where it was `given`, of a label that nobody scores: a misspelt label would
/// silently have none.
pub(in crate::evaluate) fn require_scored(
    thresholds: &Thresholds,
    labels: &[String],
    given: bool,
) -> Result<(), EvaluateError> {
    let unknown = thresholds.keys().find(|label| !labels.contains(label));
    match unknown.filter(|_| given) {
        Some(label) => Err(EvaluateError::ThresholdOfNothing {
            label: label.clone(),
            labels: labels.to_vec(),
        }),
        None => Ok(()),
    }
}

fn provenance(
    plan: &Plan,
    scored: &Scored,
    own: Option<&Bundle>,
    leaks: &LeakSearch,
) -> Provenance {
    let mut provenance = Provenance::default();
    provenance.push_file("manifest", &plan.manifest);
    provenance.push_file("scores", &plan.results);
    provenance.push(
        "scores of files that are not in the manifest",
        scored.not_asked,
    );
    provenance.push("the scores are", plan.joining.scale);
    provenance.push("model", own.map_or("another tool".into(), describe_model));
    provenance.push("training photographs known", leaks.describe_training());
    provenance.push("resamples", plan.resampling.resamples);
    provenance.push("seed", plan.resampling.seed);
    provenance
}

/// Refuses answers of whose labels the model knows none, before an hour of scoring.
///
/// # Errors
/// [`EvaluateError::NoKnownLabel`].
pub fn require_known_label(
    answers: &[Answer],
    joining: &Joining,
    bundle: &Bundle,
) -> Result<(), EvaluateError> {
    let names = &bundle.description.labels.names;
    let renamed = |answer: &Answer| {
        let label = joining.renamed.get(&answer.label);
        names.contains(label.unwrap_or(&answer.label))
    };
    if answers.iter().any(renamed) {
        return Ok(());
    }
    let labels: BTreeSet<&String> = answers.iter().map(|answer| &answer.label).collect();
    Err(EvaluateError::NoKnownLabel {
        manifest: labels.into_iter().take(NAMED).cloned().collect(),
        model: names.clone(),
    })
}

/// Whether the first record names this bundle's model.
fn is_scored_by(results: &Path, bundle: &Bundle) -> bool {
    let Ok(file) = File::open(results) else {
        return false;
    };
    let first = BufReader::new(file).lines().next();
    first.is_some_and(|line| line.is_ok_and(|line| line.contains(&bundle.description.identity())))
}
