//! The study: every picture of a manifest read, and held against what is true of it.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::evaluate::error::EvaluateError;
use crate::evaluate::figure::Figure;
use crate::evaluate::left_out::{Exclusion, LeftOut};
use crate::photo::{self, Limits, Photo};
use crate::progress::{Progress, Stage};
use crate::report::Provenance;
use crate::schreger::{Config, read};

use super::cases::{self, Case};
use super::figures::figures;
use super::measures::{Outcome, Summary};
use crate::escape::name;

/// What is read, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Pictures and what is true of them.
    pub manifest: PathBuf,
    /// How the lattice is read.
    pub config: Config,
    /// Limits for decoding.
    pub limits: Limits,
}

impl Plan {
    /// The pictures of `manifest`, read as the program does.
    #[must_use]
    pub fn new(manifest: PathBuf) -> Self {
        Self {
            manifest,
            config: Config::default(),
            limits: Limits::default(),
        }
    }
}

/// A finished study.
#[derive(Debug)]
pub struct Study {
    /// Every picture, in the order of the manifest.
    pub outcomes: Vec<Outcome>,
    /// What was measured.
    pub summary: Summary,
    /// The same as figures.
    pub figures: Vec<Figure>,
    /// Rows that are none and pictures that could not be decoded, with the reason.
    pub left_out: Vec<LeftOut>,
    /// What the figures were made from.
    pub provenance: Provenance,
    /// Folder to which the files are relative.
    pub root: PathBuf,
}

/// Reads every picture, one per thread at a time. A row that is none, and a picture that cannot be
/// decoded, are named in [`Study::left_out`] and never stop the run. The results do not depend on
/// the number of threads.
///
/// # Errors
/// [`EvaluateError::Cases`] where the manifest cannot be read.
pub fn run(plan: &Plan, progress: &dyn Progress) -> Result<Study, EvaluateError> {
    let (cases, mut left_out) = cases::read(&plan.manifest)?;
    let root = plan.manifest.parent().unwrap_or(Path::new(""));
    progress.begin(Stage::Lattices, cases.len());
    let outcomes: Vec<Outcome> = cases
        .into_par_iter()
        .map(|case| {
            progress.step();
            read_case(case, root, plan)
        })
        .collect();
    progress.end();
    left_out.extend(outcomes.iter().filter_map(unreadable));
    let mut provenance = Provenance::default();
    provenance.push_file("manifest", &plan.manifest);
    let summary = Summary::of(&outcomes);
    Ok(Study {
        figures: figures(&summary),
        root: root.to_owned(),
        outcomes,
        summary,
        left_out,
        provenance,
    })
}

fn read_case(case: Case, root: &Path, plan: &Plan) -> Outcome {
    let reading = photo::read_file(&root.join(&case.file), &plan.limits)
        .and_then(|bytes| Photo::from_bytes(&bytes, &plan.limits))
        .map(|photo| read(&photo.pixels, &plan.config));
    Outcome { case, reading }
}

fn unreadable(outcome: &Outcome) -> Option<LeftOut> {
    let error = outcome.reading.as_ref().err()?;
    Some(LeftOut {
        line: outcome.case.line,
        file: name(&outcome.case.file),
        why: Exclusion::Unread(error.to_string()),
    })
}
