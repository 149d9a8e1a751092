//! What each transformation costs: paired differences of the classifier, and matching per
//! transformation.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::classify::Thresholds;
use crate::evaluate::compare::{Comparison, compare};
use crate::evaluate::error::EvaluateError;
use crate::evaluate::left_out::{Exclusion, LeftOut, RowsError};
use crate::evaluate::matching::{self, Found, Method, Part};
use crate::evaluate::near_duplicates;
use crate::evaluate::results::Results;
use crate::evaluate::rows::{Row, Scored};
use crate::evaluate::truth::{Question, Truth};
use crate::fingerprint::PdqHash;
use crate::record::Record;

use super::copies::{Copy, copy_name};
use super::transformation::Transformation;

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
    /// How many they are.
    pub count: usize,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Per transformation; empty where no label is the model's.
    pub drops: Vec<Drop>,
    /// How the copies are found again.
    pub matching: matching::Measured,
    /// Copies that could not be scored.
    pub left_out: Vec<LeftOut>,
    /// Photographs whose label changes, most often first.
    pub unsteady: Vec<Unsteady>,
}

impl Measured {
    /// What a method finds of the copies under one transformation.
    #[must_use]
    pub fn part(&self, method: &Method, transformation: &str) -> Option<&Part> {
        let mut parts = self.matching.parts.iter();
        parts.find(|part| part.method == *method && part.transformation == transformation)
    }
}

/// What is measured, and how.
#[derive(Clone, Copy)]
pub(super) struct Material<'a> {
    /// The originals with their labels, if their labels are the model's.
    pub(super) scored: Option<&'a Scored>,
    /// The records of all photographs that can be read.
    pub(super) originals: &'a [Record],
    pub(super) copies: &'a [Copy],
    pub(super) suite: &'a [Transformation],
    pub(super) thresholds: &'a Thresholds,
    pub(super) resampling: Resampling,
}

impl Material<'_> {
    /// Brings together what became of the copies.
    pub(super) fn measure(self) -> Result<Measured, EvaluateError> {
        let (mut drops, mut unsteady) = (Vec::new(), Vec::new());
        if let Some(scored) = self.scored {
            let copies: Vec<Scored> = (0..self.suite.len())
                .map(|place| self.scored_copies(scored, place))
                .collect();
            drops = self.drops(scored, &copies);
            unsteady = self.unsteady(scored, &copies);
        }
        Ok(Measured {
            drops,
            unsteady,
            matching: self.measure_matching()?,
            left_out: self.failed_copies(),
        })
    }

    /// The rows with the scores of their copies under one transformation; those without are left
    /// away.
    fn scored_copies(self, scored: &Scored, place: usize) -> Scored {
        let copies = self
            .copies
            .iter()
            .filter(|copy| copy.transformation == place);
        rescore(
            scored,
            &Results::of_records(copies.map(|copy| &copy.record)),
        )
    }

    fn drops(self, scored: &Scored, copies: &[Scored]) -> Vec<Drop> {
        let suite = self.suite.iter().zip(copies);
        suite
            .map(|(transformation, copies)| Drop {
                transformation: transformation.name.to_owned(),
                comparison: compare(scored, copies, [self.thresholds; 2], self.resampling),
            })
            .collect()
    }

    fn unsteady(self, scored: &Scored, copies: &[Scored]) -> Vec<Unsteady> {
        let originals = scored
            .rows
            .iter()
            .map(|row| (row.file.as_str(), row.best()));
        let originals: HashMap<&str, usize> = originals.collect();
        let mut changes: HashMap<&str, Vec<String>> = HashMap::new();
        for (transformation, copies) in self.suite.iter().zip(copies) {
            for row in &copies.rows {
                if originals.get(row.file.as_str()) != Some(&row.best()) {
                    let label = &scored.labels[row.best()];
                    let change = format!("{}: {label}", transformation.name);
                    changes.entry(&row.file).or_default().push(change);
                }
            }
        }
        let rows = scored.rows.iter();
        let mut unsteady: Vec<Unsteady> = rows
            .filter_map(|row| Some(unsteady(scored, row, changes.get(row.file.as_str())?)))
            .collect();
        unsteady.sort_by_key(|one| std::cmp::Reverse(one.count));
        unsteady
    }

    fn failed_copies(self) -> Vec<LeftOut> {
        let failed = self.copies.iter().filter_map(|copy| {
            let error = copy.record.error.as_ref()?;
            Some(LeftOut {
                line: 0,
                file: copy_name(&copy.record.file, self.suite[copy.transformation].name),
                why: Exclusion::CopyUnscored(error.message.clone()),
            })
        });
        failed.collect()
    }

    /// How the copies are found again among the originals. Near-duplicates of a photograph, and
    /// the other pictures of a collage, are neither right nor wrong.
    fn measure_matching(self) -> Result<matching::Measured, EvaluateError> {
        let clusters = clusters_of_near_duplicates(self.originals)?;
        let asked: Vec<&Copy> = (self.copies.iter())
            .filter(|copy| copy.record.error.is_none())
            .filter(|copy| self.originals[copy.photograph].error.is_none())
            .collect();
        let shown: HashSet<(usize, usize)> = (asked.iter().enumerate())
            .flat_map(|(question, copy)| copy.shows.iter().map(move |&other| (question, other)))
            .collect();
        let neither = |question: usize, reference: usize| {
            let original = asked[question].photograph;
            let near = clusters[reference] == clusters[original];
            reference != original && (near || shown.contains(&(question, reference)))
        };
        let found: Vec<Found> = asked.iter().flat_map(|copy| copy.found.clone()).collect();
        let truth = self.truth(&asked, &clusters);
        Ok(matching::measure(&truth, &found, neither, self.resampling))
    }

    /// Every copy is to be found as its original; copies of near-duplicates are resampled together.
    fn truth(self, asked: &[&Copy], clusters: &[usize]) -> Truth {
        let mut groups: HashMap<usize, usize> = HashMap::new();
        let questions = asked.iter().map(|copy| {
            let transformation = self.suite[copy.transformation].name;
            let next = groups.len();
            Question {
                line: 0,
                file: copy_name(&copy.record.file, transformation),
                wanted: BTreeSet::from([copy.photograph]),
                transformation: transformation.to_owned(),
                group: *groups.entry(clusters[copy.photograph]).or_insert(next),
            }
        });
        Truth {
            questions: questions.collect(),
            references: self
                .originals
                .iter()
                .map(|record| record.file.clone())
                .collect(),
            left_out: Vec::new(),
        }
    }
}

fn unsteady(scored: &Scored, row: &Row, changes: &[String]) -> Unsteady {
    Unsteady {
        file: row.file.clone(),
        label: scored.labels[row.label].clone(),
        said: scored.labels[row.best()].clone(),
        count: changes.len(),
        changes: changes.join("; "),
    }
}

fn clusters_of_near_duplicates(originals: &[Record]) -> Result<Vec<usize>, RowsError> {
    let hashes: Vec<Option<PdqHash>> = (originals.iter())
        .map(|record| record.pdq.as_ref()?.parse().ok())
        .collect();
    Ok(near_duplicates::clusters(&hashes)?)
}

/// The same rows with other scores; those without are left away.
fn rescore(scored: &Scored, results: &Results) -> Scored {
    let places: Option<Vec<usize>> = (scored.labels.iter())
        .map(|label| results.labels.iter().position(|other| other == label))
        .collect();
    let mut changed = scored.clone();
    changed.rows.retain_mut(|row| {
        let scores = places
            .as_ref()
            .and_then(|places| finite_scores(results, &row.file, places));
        scores.map(|scores| row.scores = scores).is_some()
    });
    changed
}

/// A file's scores at these places, if it has them all.
fn finite_scores(results: &Results, file: &str, places: &[usize]) -> Option<Vec<f64>> {
    let scored = results
        .by_file
        .get(file)
        .filter(|scored| scored.failure.is_none())?;
    let scores = places.iter().map(|&place| Some(scored.scores[place]));
    scores
        .map(|score| score.filter(|score| score.is_finite()))
        .collect()
}
