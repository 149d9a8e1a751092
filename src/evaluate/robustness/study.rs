//! The study: photographs scored and indexed, copied under every transformation, scored and
//! searched again.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::decontaminate::{LeakSearch, take_out_leaks};
use crate::evaluate::defaults::{available_cores, root_of};
use crate::evaluate::error::EvaluateError;
use crate::evaluate::leak::Leak;
use crate::evaluate::left_out::{Exclusion, LeftOut};
use crate::evaluate::provenance::{describe_model, describe_runtime};
use crate::evaluate::results::Results;
use crate::evaluate::rows::{Answer, Joining, Scored, answers, join_results};
use crate::evaluate::study_index::{Pictures, Reading};
use crate::pipeline::Engine;
use crate::progress::Progress;
use crate::record::Record;
use crate::report::Provenance;

use super::copies::{Copy, Making, Original};
use super::measures::{Material, Measured};
use super::transformation::{SUITE, Transformation};

/// What is copied, and how it is measured.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Photographs with their labels: a table, or a folder per label.
    pub manifest: PathBuf,
    /// Folder to which the files are relative; that of the manifest if `None`.
    pub photos: Option<PathBuf>,
    /// Folder of the index that is made for the study; cleared before and removed after it.
    pub scratch: PathBuf,
    /// What is done to every photograph.
    pub suite: Vec<Transformation>,
    /// At most this many photographs, spread evenly over the manifest.
    pub sample: Option<usize>,
    /// Whether hashes are also asked mirrored and turned.
    pub any_orientation: bool,
    /// How the labels of manifest and model are brought together.
    pub joining: Joining,
    /// Whether near-duplicates of training photographs and across labels stay.
    pub keep_leaks: bool,
    /// How intervals are drawn; its seed also places crops, noise and collages.
    pub resampling: Resampling,
    /// Threads.
    pub workers: usize,
}

impl Plan {
    /// Every photograph of `manifest` under the whole suite, leaks taken out.
    #[must_use]
    pub fn new(manifest: PathBuf, scratch: PathBuf) -> Self {
        Self {
            manifest,
            photos: None,
            scratch,
            suite: SUITE.to_vec(),
            sample: None,
            any_orientation: false,
            joining: Joining::default(),
            keep_leaks: false,
            resampling: Resampling::default(),
            workers: available_cores(),
        }
    }

    fn root(&self) -> PathBuf {
        (self.photos.clone()).unwrap_or_else(|| root_of(&self.manifest))
    }
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// The figures.
    pub measured: Measured,
    /// Photographs that were copied.
    pub photographs: usize,
    /// How many photographs have a label of the model.
    pub labelled: usize,
    /// Near-duplicates.
    pub leaks: LeakSearch,
    /// Rows and copies that were not used.
    pub left_out: Vec<LeftOut>,
    /// Every transformation of one photograph: its name and the file.
    pub examples: Vec<(String, Vec<u8>)>,
    /// What the figures were made from.
    pub provenance: Provenance,
    /// Folder to which the files are relative.
    pub root: PathBuf,
}

/// Makes the study. It has no use for the lattice: an engine that never reads it is faster.
///
/// # Errors
/// [`EvaluateError`] when the manifest cannot be used, no photograph can be read, or model or
/// index fail.
pub fn run(engine: &Engine, plan: &Plan, progress: &dyn Progress) -> Result<Study, EvaluateError> {
    let (answers, bad_lines) = answers(&plan.manifest)?;
    let in_manifest = answers.len();
    let answers = spread(answers, plan.sample);
    let root = plan.root();
    let reading = Reading {
        engine,
        root: &root,
        workers: plan.workers,
        progress,
    };
    let originals = Originals::read(reading, plan, &answers)?;
    let set = LabelledSet::new(engine, plan, answers, bad_lines, &originals)?;
    let skipped = set.leaked_originals(&originals.files);
    let making = making(reading, plan, &originals, &skipped);
    let copies = making.make_all(&originals.pictures.index)?;
    let measured = material(engine, plan, &originals, &set, &copies).measure()?;
    Ok(Study {
        photographs: originals.files.len() - skipped.len(),
        labelled: set.scored.as_ref().map_or(0, |scored| scored.rows.len()),
        left_out: [set.left_out, measured.left_out.clone()].concat(),
        examples: making.examples(),
        provenance: provenance(engine, plan, in_manifest, set.leaks.as_ref()),
        leaks: set.leaks.unwrap_or_else(|| LeakSearch {
            taken_out: !plan.keep_leaks,
            ..LeakSearch::default()
        }),
        measured,
        root,
    })
}

fn making<'a>(
    reading: Reading<'a>,
    plan: &'a Plan,
    originals: &'a Originals,
    skipped: &'a BTreeSet<usize>,
) -> Making<'a> {
    Making {
        engine: reading.engine,
        originals: &originals.files,
        suite: &plan.suite,
        skipped,
        seed: plan.resampling.seed,
        any_orientation: plan.any_orientation,
        workers: plan.workers,
        progress: reading.progress,
    }
}

fn material<'a>(
    engine: &'a Engine,
    plan: &'a Plan,
    originals: &'a Originals,
    set: &'a LabelledSet,
    copies: &'a [Copy],
) -> Material<'a> {
    Material {
        scored: set.scored.as_ref(),
        originals: &originals.records,
        copies,
        suite: &plan.suite,
        thresholds: &engine.bundle().description.thresholds,
        resampling: plan.resampling,
    }
}

/// At most `most` answers, spread evenly.
fn spread(answers: Vec<Answer>, most: Option<usize>) -> Vec<Answer> {
    let Some(most) = most else { return answers };
    let step = (answers.len() as f64 / most.max(1) as f64).max(1.0);
    let mut due = 0.0;
    let answers = answers.into_iter().enumerate().filter(|(number, _)| {
        let taken = *number as f64 >= due;
        due += if taken { step } else { 0.0 };
        taken
    });
    answers.map(|(_, answer)| answer).collect()
}

/// The photographs that can be read, scored, and those that cannot.
struct Originals {
    files: Vec<Original>,
    records: Vec<Record>,
    pictures: Pictures,
}

impl Originals {
    /// A file that stands in two lines is taken once; the join names the second.
    fn read(reading: Reading<'_>, plan: &Plan, answers: &[Answer]) -> Result<Self, EvaluateError> {
        let mut seen = HashSet::new();
        let named = answers.iter().map(|answer| &answer.file);
        let files = named
            .filter(|file| !file.is_empty() && seen.insert(*file))
            .cloned();
        let mut pictures =
            Pictures::read(reading, &plan.scratch, files.collect(), |_| true, |_| false)?;
        if pictures.readable.is_empty() {
            return Err(EvaluateError::NothingReadable {
                manifest: plan.manifest.clone(),
                first: pictures.first_failure(),
            });
        }
        let readable = std::mem::take(&mut pictures.readable).into_iter();
        let (files, records) = readable
            .map(|picture| ((picture.file, picture.path), picture.record))
            .unzip();
        Ok(Self {
            files,
            records,
            pictures,
        })
    }
}

fn knows_any_label(engine: &Engine, plan: &Plan, answers: &[Answer]) -> bool {
    let names = &engine.bundle().description.labels.names;
    answers.iter().any(|answer| {
        let label = plan.joining.renamed.get(&answer.label);
        names.contains(label.unwrap_or(&answer.label))
    })
}

/// What is known of the photographs' labels.
struct LabelledSet {
    /// The photographs with their labels, where the model knows any of them.
    scored: Option<Scored>,
    left_out: Vec<LeftOut>,
    /// Near-duplicates, where they were looked for.
    leaks: Option<LeakSearch>,
}

impl LabelledSet {
    fn new(
        engine: &Engine,
        plan: &Plan,
        answers: Vec<Answer>,
        bad_lines: Vec<LeftOut>,
        originals: &Originals,
    ) -> Result<Self, EvaluateError> {
        let unreadable = &originals.pictures.unreadable;
        let mut set = if knows_any_label(engine, plan, &answers) {
            let records = originals.records.iter().chain(unreadable);
            let results = Results::of_records(records);
            let mut scored =
                join_results(&plan.manifest, answers, bad_lines, &results, &plan.joining)?;
            let leaks = take_out_leaks(&mut scored, Some(engine.bundle()), plan.keep_leaks)?;
            Self {
                left_out: scored.left_out.clone(),
                scored: Some(scored),
                leaks: Some(leaks),
            }
        } else {
            Self::without_labels(answers, bad_lines, unreadable)
        };
        set.tell_what_is_matched(&originals.files);
        Ok(set)
    }

    fn without_labels(
        answers: Vec<Answer>,
        mut left_out: Vec<LeftOut>,
        unreadable: &[Record],
    ) -> Self {
        let unreadable: HashSet<&str> = unreadable.iter().map(|row| row.file.as_str()).collect();
        let answers = answers.into_iter();
        let lost = answers.filter(|answer| unreadable.contains(answer.file.as_str()));
        left_out.extend(lost.map(|answer| LeftOut {
            line: answer.line,
            file: answer.file,
            why: Exclusion::PhotographUnread {
                kind: String::new(),
            },
        }));
        Self {
            scored: None,
            left_out,
            leaks: None,
        }
    }

    /// A row whose label the model does not know was matched all the same.
    fn tell_what_is_matched(&mut self, originals: &[Original]) {
        let files: HashSet<&str> = originals.iter().map(|(file, _)| file.as_str()).collect();
        for row in &mut self.left_out {
            if let Exclusion::UnknownLabel { matched, .. } = &mut row.why {
                *matched = files.contains(row.file.as_str());
            }
        }
    }

    /// Numbers of the originals that were taken out as leaks.
    fn leaked_originals(&self, originals: &[Original]) -> BTreeSet<usize> {
        let leaks = self.leaks.iter().filter(|search| search.taken_out);
        let leaks = leaks.flat_map(|search| &search.leaks);
        let is_leak = |leak: &&Leak| leak.kind.is_leak();
        let leaked: HashSet<&str> = leaks
            .filter(is_leak)
            .map(|leak| leak.file.as_str())
            .collect();
        let numbers = originals.iter().enumerate();
        let leaked = numbers.filter(|(_, (file, _))| leaked.contains(file.as_str()));
        leaked.map(|(number, _)| number).collect()
    }
}

fn provenance(
    engine: &Engine,
    plan: &Plan,
    in_manifest: usize,
    leaks: Option<&LeakSearch>,
) -> Provenance {
    let mut provenance = Provenance::default();
    provenance.push_file("manifest", &plan.manifest);
    provenance.push("photographs in the manifest", in_manifest);
    provenance.push("model", describe_model(engine.bundle()));
    provenance.push("ONNX Runtime", describe_runtime(engine));
    let training = leaks.map(LeakSearch::describe_training);
    let training = training.unwrap_or_else(|| "not looked for".into());
    provenance.push("training photographs known", training);
    provenance.push("any orientation", plan.any_orientation);
    provenance.push("resamples", plan.resampling.resamples);
    provenance.push("seed", plan.resampling.seed);
    provenance
}
