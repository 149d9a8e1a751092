//! The study: pictures of which a manifest says which are one, asked of an index of their own or
//! of another tool's answers.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::defaults::{available_cores, root_of};
use crate::evaluate::error::EvaluateError;
use crate::evaluate::provenance::{describe_model, describe_runtime};
use crate::evaluate::rows::LeftOut;
use crate::evaluate::study_index::{Photograph, Pictures, Reading, StudyIndex};
use crate::evaluate::truth::{Question, Truth};
use crate::index::{Evidence, IndexError};
use crate::pipeline::Engine;
use crate::progress::{Progress, Stage};
use crate::report::Provenance;

use super::answers::{Found, query_index, read_answers};
use super::measures::{Measured, measure};

/// What is asked, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Which pictures are one: pairs or clusters.
    pub manifest: PathBuf,
    /// Folder to which the files are relative; that of the manifest if `None`.
    pub photos: Option<PathBuf>,
    /// Folder of the index that is made for the study; cleared before and removed after it.
    pub scratch: PathBuf,
    /// Whether hashes are also asked mirrored and turned.
    pub any_orientation: bool,
    /// How intervals are drawn.
    pub resampling: Resampling,
    /// Threads.
    pub workers: usize,
}

impl Plan {
    /// The pictures of `manifest`, searched upright in an index in `scratch`.
    #[must_use]
    pub fn new(manifest: PathBuf, scratch: PathBuf) -> Self {
        Self {
            manifest,
            photos: None,
            scratch,
            any_orientation: false,
            resampling: Resampling::default(),
            workers: available_cores(),
        }
    }

    fn root(&self) -> PathBuf {
        (self.photos.clone()).unwrap_or_else(|| root_of(&self.manifest))
    }

    fn provenance(&self) -> Provenance {
        let mut provenance = Provenance::default();
        provenance.push_file("manifest", &self.manifest);
        provenance
    }
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// What is true of the pictures that could be read.
    pub truth: Truth,
    /// The figures.
    pub measured: Measured,
    /// The answers, where they were made for the study.
    pub answers: Option<Vec<Found>>,
    /// Rows and answers that were not used.
    pub left_out: Vec<LeftOut>,
    /// What the figures were made from.
    pub provenance: Provenance,
    /// Folder to which the files are relative.
    pub root: PathBuf,
}

/// Puts the references into an index of their own and asks it every question.
///
/// # Errors
/// [`EvaluateError`] when the manifest cannot be used, no picture that is asked can be read, or
/// model or index fail.
pub fn run(engine: &Engine, plan: &Plan, progress: &dyn Progress) -> Result<Study, EvaluateError> {
    let mut truth = Truth::read(&plan.manifest)?;
    let answers = search(engine, plan, &mut truth, progress)?;
    let mut provenance = plan.provenance();
    provenance.push("model", describe_model(engine.bundle()));
    provenance.push("ONNX Runtime", describe_runtime(engine));
    provenance.push("any orientation", plan.any_orientation);
    let study = finish(plan, truth, &answers, Vec::new(), provenance);
    Ok(Study {
        answers: Some(answers),
        ..study
    })
}

/// Measures another tool's answers, or those of an earlier study.
///
/// # Errors
/// [`EvaluateError::Rows`] when the manifest or the answers cannot be used.
pub fn run_on_answers(answers: &Path, plan: &Plan) -> Result<Study, EvaluateError> {
    let truth = Truth::read(&plan.manifest)?;
    let (found, left_out) = read_answers(answers)?;
    let mut provenance = plan.provenance();
    provenance.push_file("answers", answers);
    Ok(finish(plan, truth, &found, left_out, provenance))
}

fn finish(
    plan: &Plan,
    truth: Truth,
    answers: &[Found],
    bad_answers: Vec<LeftOut>,
    mut provenance: Provenance,
) -> Study {
    let measured = measure(&truth, answers, |_, _| false, plan.resampling);
    provenance.push("resamples", plan.resampling.resamples);
    provenance.push("seed", plan.resampling.seed);
    let left_out = [&truth.left_out, &bad_answers, &measured.left_out];
    Study {
        left_out: left_out.into_iter().flatten().cloned().collect(),
        answers: None,
        root: plan.root(),
        truth,
        measured,
        provenance,
    }
}

/// The index's answers to all questions whose picture can be read; the others leave `truth`.
fn search(
    engine: &Engine,
    plan: &Plan,
    truth: &mut Truth,
    progress: &dyn Progress,
) -> Result<Vec<Found>, EvaluateError> {
    let reading = Reading {
        engine,
        root: &plan.root(),
        workers: plan.workers,
        progress,
    };
    let references: HashSet<&str> = truth.references.iter().map(String::as_str).collect();
    let questions = truth.questions.iter();
    let questions: HashSet<&str> = questions.map(|question| question.file.as_str()).collect();
    let pictures = Pictures::read(
        reading,
        &plan.scratch,
        truth.files(),
        |file| references.contains(file),
        |file| questions.contains(file),
    )?;
    truth.without(&unreadable(&pictures));
    if truth.questions.is_empty() {
        return Err(EvaluateError::NothingReadable {
            manifest: plan.manifest.clone(),
            first: pictures.first_failure(),
        });
    }
    let evidence = evidence_by_file(pictures.readable);
    ask_all(&pictures.index, truth, &evidence, plan, progress)
}

/// Why each unreadable picture cannot be read.
fn unreadable(pictures: &Pictures) -> BTreeMap<String, String> {
    let records = pictures.unreadable.iter();
    records
        .map(|record| {
            let why = record.error.as_ref().map(|error| error.message.clone());
            (record.file.clone(), why.unwrap_or_default())
        })
        .collect()
}

fn evidence_by_file(pictures: Vec<Photograph>) -> BTreeMap<String, Box<Evidence>> {
    let pictures = pictures.into_iter();
    pictures
        .filter_map(|picture| Some((picture.file, picture.evidence?)))
        .collect()
}

/// Every question's answers in the order of the questions; each thread opens the index once.
fn ask_all(
    index: &StudyIndex,
    truth: &Truth,
    evidence: &BTreeMap<String, Box<Evidence>>,
    plan: &Plan,
    progress: &dyn Progress,
) -> Result<Vec<Found>, EvaluateError> {
    progress.begin(Stage::Questions, truth.questions.len());
    let share = truth.questions.len().div_ceil(plan.workers.max(1)).max(1);
    let ask_some = |questions: &[Question]| -> Result<Vec<Found>, IndexError> {
        let index = index.open()?;
        let mut found = Vec::new();
        for question in questions {
            progress.step();
            if let Some(evidence) = evidence.get(&question.file) {
                let answers = query_index(&index, &question.file, evidence, plan.any_orientation)?;
                // A picture finds itself where it is searched, too.
                found.extend(answers.into_iter().filter(|found| found.db != found.query));
            }
        }
        Ok(found)
    };
    let chunks = truth.questions.par_chunks(share).map(ask_some);
    let answers: Vec<Vec<Found>> = chunks.collect::<Result<_, _>>()?;
    progress.end();
    Ok(answers.concat())
}
