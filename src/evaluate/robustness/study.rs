//! What is lost when photographs are reposted: every photograph through the transformation suite, scored and searched again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use crate::fingerprint::PdqHash;
use crate::index::{Index, IndexError};
use crate::photo::{self, Limits, Photo};
use crate::pipeline::{Engine, Examined, Input, inspect};
use crate::recognize::RecognizeError;
use crate::record::{Failure, Record};

use super::transformation::{Transformation, for_collage};
use crate::evaluate::classify::Settings as ClassifySettings;
use crate::evaluate::compare::{Comparison, compare};
use crate::evaluate::leak;
use crate::evaluate::matching::{self, Found, Part, Settings, Study, ask};
use crate::evaluate::results::Results;
use crate::evaluate::rows::{Row, Scored};
use crate::evaluate::table::{LeftOut, RowsError};
use crate::evaluate::truth::{Question, Truth};

/// Pictures kept for the other cells of collages.
const POOL: usize = 24;

/// The copies could not be made or searched.
#[derive(Debug, thiserror::Error)]
pub enum CopiesError {
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(#[from] RecognizeError),
    /// The index cannot be asked.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// One photograph after one transformation.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Number of the photograph.
    pub photograph: usize,
    /// Place of the transformation in the suite.
    pub transformation: usize,
    /// What the model says of it; named as the original is.
    pub record: Record,
    /// What the index answers.
    pub found: Vec<Found>,
    /// Numbers of the other photographs that it shows, too.
    pub shows: Vec<usize>,
}

/// How copies are made and asked.
#[derive(Debug, Clone, Copy)]
pub struct Making<'a> {
    /// What is done to every photograph.
    pub suite: &'a [Transformation],
    /// Numbers of photographs that are searched but not copied: the model may have learned from them.
    pub skipped: &'a BTreeSet<usize>,
    /// Seed of the places of crops, of noise and of collages.
    pub seed: u64,
    /// Whether hashes are also asked mirrored and turned.
    pub any_orientation: bool,
    /// Limits for decoding.
    pub limits: &'a Limits,
    /// Threads.
    pub workers: usize,
}

/// Makes every copy of every photograph (name and path), scores it and asks the index at `index` for it, in the order of photographs and
/// of the suite. `done` is called once a photograph. A photograph that cannot be read gives copies whose record is an error.
///
/// # Errors
/// [`CopiesError`] when the model or the index cannot be used.
pub fn copies(
    engine: &Engine,
    photographs: &[(String, PathBuf)],
    index: &Path,
    making: Making<'_>,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Copy>, CopiesError> {
    let step = photographs.len().div_ceil(POOL).max(1);
    let (mut pool, mut pool_of) = (Vec::new(), Vec::new());
    for (number, (_, path)) in photographs.iter().enumerate().step_by(step) {
        if let Ok(photo) = read(path, making.limits) {
            pool.push(for_collage(&photo.pixels));
            pool_of.push(number);
        }
    }
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::new());
    let work = || -> Result<(), CopiesError> {
        let index = Index::open(index)?;
        let mut worker = engine.worker(1)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, path)) = photographs.get(number) else {
                return Ok(());
            };
            if making.skipped.contains(&number) {
                done();
                continue;
            }
            let own = pool_of.iter().position(|&other| other == number);
            let photo = read(path, making.limits);
            for (place, one) in making.suite.iter().enumerate() {
                let copied = match &photo {
                    Ok(photo) => one
                        .copy(file, &photo.pixels, &pool, own, making.seed)
                        .map_err(|error| Failure::internal(error.to_string())),
                    Err(error) => Err(error.clone()),
                };
                let (Examined { record, evidence }, shows) = match copied {
                    Ok(copied) => {
                        let input = Input::Bytes(copied.jpeg);
                        let inspected = inspect(file.clone(), input, making.limits, true);
                        (worker.examine(inspected), copied.shows)
                    }
                    Err(error) => {
                        let mut record = Record::new(file.clone());
                        record.fail(error);
                        let evidence = None;
                        (Examined { record, evidence }, Vec::new())
                    }
                };
                let query = name_of(file, one.name);
                let found = match evidence {
                    Some(evidence) => ask(&index, &query, &evidence, making.any_orientation)?,
                    None => Vec::new(),
                };
                let copy = Copy {
                    photograph: number,
                    transformation: place,
                    record,
                    found,
                    shows: shows.into_iter().map(|place| pool_of[place]).collect(),
                };
                if let Ok(mut made) = made.lock() {
                    made.push(copy);
                }
            }
            done();
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..making.workers.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(outcome) => outcome,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    let mut made = made.into_inner().unwrap_or_default();
    made.sort_by_key(|copy: &Copy| (copy.photograph, copy.transformation));
    Ok(made)
}

/// The name of a copy.
fn name_of(file: &str, transformation: &str) -> String {
    format!("{file} [{transformation}]")
}

fn read(path: &Path, limits: &Limits) -> Result<Photo, Failure> {
    let bytes = photo::read_file(path, limits)?;
    Ok(Photo::from_bytes(&bytes, limits)?)
}

/// What one transformation costs a classifier.
#[derive(Debug, Clone)]
pub struct Drop {
    /// The transformation.
    pub transformation: String,
    /// Every figure of the originals and of the copies, and their paired difference.
    pub comparison: Comparison,
}

/// A photograph whose most likely label transformations change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unsteady {
    /// The photograph.
    pub file: String,
    /// What it shows.
    pub label: String,
    /// What the model says of it as it is.
    pub said: String,
    /// Transformations under which it says something else, with what it says.
    pub changes: String,
    /// How many those are.
    pub count: usize,
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Robustness {
    /// Per transformation; empty where no label is the model's.
    pub drops: Vec<Drop>,
    /// How the copies are found again.
    pub matching: Study,
    /// Copies that could not be scored.
    pub left_out: Vec<LeftOut>,
    /// Photographs whose label changes, most often first.
    pub unsteady: Vec<Unsteady>,
}

/// Brings together what became of the copies. `scored` are the originals with their labels, if their labels are the model's;
/// `originals` the records of all photographs, in their order.
///
/// # Errors
/// [`RowsError`] when near-duplicates cannot be looked for.
pub fn study(
    scored: Option<&Scored>,
    originals: &[Record],
    copies: &[Copy],
    suite: &[Transformation],
    settings: &ClassifySettings,
) -> Result<Robustness, RowsError> {
    let mut drops = Vec::new();
    let rows = scored.map_or(&[][..], |scored| &scored.rows);
    let by_file: HashMap<&str, &Row> = rows.iter().map(|row| (row.file.as_str(), row)).collect();
    let mut changes: HashMap<&str, Vec<String>> = HashMap::new();
    for (place, one) in suite.iter().enumerate() {
        let Some(scored) = scored else { break };
        let own = copies.iter().filter(|copy| copy.transformation == place);
        let results = Results::of_records(own.map(|copy| &copy.record));
        let changed = rescored(scored, &results);
        for row in &changed.rows {
            let Some(original) = by_file.get(row.file.as_str()) else {
                continue;
            };
            if original.best() != row.best() {
                let words = format!("{}: {}", one.name, scored.labels[row.best()]);
                changes.entry(&original.file).or_default().push(words);
            }
        }
        drops.push(Drop {
            transformation: one.name.to_owned(),
            comparison: compare(scored, &changed, settings),
        });
    }
    let mut unsteady: Vec<Unsteady> = rows
        .iter()
        .filter_map(|row| {
            let labels = &scored?.labels;
            let changes = changes.get(row.file.as_str())?;
            Some(Unsteady {
                file: row.file.clone(),
                label: labels[row.label].clone(),
                said: labels[row.best()].clone(),
                count: changes.len(),
                changes: changes.join("; "),
            })
        })
        .collect();
    unsteady.sort_by_key(|one| std::cmp::Reverse(one.count));
    let left_out = copies.iter().filter_map(|copy| {
        let error = copy.record.error.as_ref()?;
        Some(LeftOut {
            line: 0,
            file: name_of(&copy.record.file, suite[copy.transformation].name),
            why: format!("the copy could not be scored: {}", error.message),
        })
    });
    Ok(Robustness {
        drops,
        matching: found_again(originals, copies, suite, settings)?,
        left_out: left_out.collect(),
        unsteady,
    })
}

/// The same rows with the scores of their copies; those without are left away.
fn rescored(scored: &Scored, results: &Results) -> Scored {
    let mut changed = scored.clone();
    changed.rows.retain_mut(|row| {
        let Some(said) = results
            .said
            .get(&row.file)
            .filter(|said| said.failure.is_none())
        else {
            return false;
        };
        let scores: Option<Vec<f64>> = (scored.labels.iter())
            .map(|label| {
                let place = results.labels.iter().position(|other| other == label)?;
                Some(said.scores[place]).filter(|score| score.is_finite())
            })
            .collect();
        scores.map(|scores| row.scores = scores).is_some()
    });
    changed
}

/// How the copies are found again among the originals. Near-duplicates of a photograph, and the other pictures of a collage, are
/// neither right nor wrong.
fn found_again(
    originals: &[Record],
    copies: &[Copy],
    suite: &[Transformation],
    settings: &ClassifySettings,
) -> Result<Study, RowsError> {
    let hashes: Vec<Option<PdqHash>> = originals
        .iter()
        .map(|record| record.pdq.as_ref()?.parse().ok())
        .collect();
    let mut clusters = leak::Clusters::new(originals.len());
    for (a, b, _) in leak::near_pairs(&hashes)? {
        clusters.join(a, b);
    }
    let roots: Vec<usize> = (0..originals.len()).map(|row| clusters.root(row)).collect();
    let readable: BTreeSet<usize> = (originals.iter().enumerate())
        .filter(|(_, record)| record.error.is_none())
        .map(|(number, _)| number)
        .collect();
    let asked: Vec<&Copy> = copies
        .iter()
        .filter(|copy| readable.contains(&copy.photograph) && copy.record.error.is_none())
        .collect();
    let mut groups: HashMap<usize, usize> = HashMap::new();
    let questions = asked.iter().map(|copy| {
        let next = groups.len();
        Question {
            line: 0,
            file: name_of(&copy.record.file, suite[copy.transformation].name),
            wanted: BTreeSet::from([copy.photograph]),
            transformation: suite[copy.transformation].name.to_owned(),
            group: *groups.entry(roots[copy.photograph]).or_insert(next),
        }
    });
    let truth = Truth {
        questions: questions.collect(),
        references: originals.iter().map(|record| record.file.clone()).collect(),
        left_out: Vec::new(),
    };
    let shown: HashSet<(usize, usize)> = (asked.iter().enumerate())
        .flat_map(|(question, copy)| copy.shows.iter().map(move |&other| (question, other)))
        .collect();
    let neither = |question: usize, reference: usize| {
        let own = asked[question].photograph;
        reference != own
            && (roots[reference] == roots[own] || shown.contains(&(question, reference)))
    };
    let found: Vec<Found> = asked.iter().flat_map(|copy| copy.found.clone()).collect();
    let settings = Settings {
        resamples: settings.resamples,
        seed: settings.seed,
    };
    Ok(matching::study(&truth, &found, neither, settings))
}

impl Robustness {
    /// The parts of one method, per transformation.
    #[must_use]
    pub fn parts_of(&self, method: &str) -> Vec<&Part> {
        let parts = self.matching.parts.iter();
        parts
            .filter(|part| part.method == method && !part.transformation.is_empty())
            .collect()
    }
}
