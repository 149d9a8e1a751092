//! Scored photographs with known answers: the answers of a manifest joined to the scores of a
//! model.
//!
//! No row is dropped silently: what cannot be used is in [`Scored::left_out`], with its line and
//! the reason.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::escape::{cell, name};
use crate::fingerprint::PdqHash;
use crate::links::DisjointSets;
use crate::manifest::{Column, Rows, Source};

use super::left_out::{Exclusion, unusable};
use super::near_duplicates::near_pairs;
use super::results::{Prediction, Results};
use super::score_scale::ScoreScale;

pub use super::left_out::{LeftOut, RowsError};

/// What is known of one photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Line of the manifest, from 1; 0 for a folder.
    pub line: usize,
    /// The photograph, as the manifest names it.
    pub file: String,
    /// What it shows.
    pub label: String,
    /// Rows that belong together: the `group` column, else the seller; `None` when neither is
    /// given.
    pub group: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// One photograph with its answer and scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Line of the manifest, from 1; 0 for a folder.
    pub line: usize,
    /// The photograph, as the manifest names it.
    pub file: String,
    /// Index of the true label.
    pub label: usize,
    /// Number of its group; groups are resampled whole.
    pub group: usize,
    /// Where it comes from.
    pub source: String,
    /// One score per label, finite.
    pub scores: Vec<f64>,
    /// Its hash, where it has one of sufficient quality.
    pub pdq: Option<PdqHash>,
}

impl Row {
    /// Index of the label with the highest score; the first of equals.
    #[must_use]
    pub fn best(&self) -> usize {
        let mut best = 0;
        for (label, score) in self.scores.iter().enumerate() {
            if *score > self.scores[best] {
                best = label;
            }
        }
        best
    }
}

/// An evaluation set.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The labels, in the order of the scores.
    pub labels: Vec<String>,
    /// The usable rows, in the order of the manifest.
    pub rows: Vec<Row>,
    /// The others.
    pub left_out: Vec<LeftOut>,
    /// How the groups came about.
    pub grouping: Grouping,
    /// Groups that were put together with another because they share a near-duplicate.
    pub merged: usize,
    /// Files that have scores but are not in the manifest.
    pub not_asked: usize,
}

/// What a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The manifest says: its `group` column, else its `seller`.
    Manifest,
    /// Near-duplicate photographs, by their PDQ hashes.
    NearDuplicates,
}

/// The answers of a table with `file` and `label` (optional `group`, `seller`, `source`), or of a
/// folder that holds one folder per label.
///
/// # Errors
/// [`RowsError::Unusable`] for what is no manifest. Single bad lines are in the second value.
pub fn answers(path: &Path) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    match Source::parse(path, false, false)? {
        Source::Manifest(path) => of_manifest(&path),
        folder @ Source::Folder { .. } => of_folder(path, &folder),
        Source::Stdin { .. } => Err(unusable(
            path,
            "a list of paths names no labels; give a table with the columns file and label",
        )),
    }
}

fn of_manifest(path: &Path) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    let columns = [
        Column::File,
        Column::Label,
        Column::Group,
        Column::Seller,
        Column::Source,
    ];
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    for row in Rows::open(path, columns, 2)? {
        match row {
            Ok(row) => {
                let [file, label, group, seller, source] = row.cells;
                answers.push(Answer {
                    line: row.line as usize,
                    file,
                    label,
                    group: [group, seller].into_iter().find(|name| !name.is_empty()),
                    source,
                });
            }
            Err(bad) => left_out.push(bad.into()),
        }
    }
    Ok((answers, left_out))
}

fn of_folder(root: &Path, folder: &Source) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    for item in folder.items()? {
        let path = item
            .path
            .clone()
            .unwrap_or_else(|_| PathBuf::from(&item.file));
        let below = path.strip_prefix(root).unwrap_or(&path);
        let mut parts = below.components();
        match (parts.next(), parts.next()) {
            (Some(label), Some(_)) => answers.push(Answer {
                line: 0,
                label: name(label),
                file: item.file,
                group: None,
                source: String::new(),
            }),
            _ => left_out.push(LeftOut {
                line: 0,
                file: item.file,
                why: Exclusion::NoLabelFolder,
            }),
        }
    }
    Ok((answers, left_out))
}

/// The labels that a results file scores, sorted.
///
/// # Errors
/// [`RowsError`] when it cannot be read.
pub fn labels_of(results: &Path, scale: ScoreScale) -> Result<Vec<String>, RowsError> {
    Ok(Results::read(results, scale)?.labels)
}

/// How answers and scores are brought together.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// Labels of the manifest that the model calls otherwise: manifest's -> model's.
    pub renamed: BTreeMap<String, String>,
    /// Labels to keep; all others, in answers and scores, become [`REST`]. Set where two tools
    /// with different labels are compared. A results file with a single score keeps that one by
    /// itself.
    pub kept: Option<Vec<String>>,
    /// What the scores are.
    pub scale: ScoreScale,
}

/// The label that stands for all that were not kept.
pub const REST: &str = "(rest)";

/// Joins the answers of `manifest` to the scores in `results`.
///
/// # Errors
/// [`RowsError`] when a file cannot be read, or no row is left.
pub fn join(manifest: &Path, results: &Path, joining: &Joining) -> Result<Scored, RowsError> {
    let (answers, left_out) = answers(manifest)?;
    join_results(
        manifest,
        answers,
        left_out,
        &Results::read(results, joining.scale)?,
        joining,
    )
}

/// Joins `answers`, read from `manifest` beside the lines in `left_out`, to `results`.
///
/// # Errors
/// [`RowsError`] when no row is left.
pub fn join_results(
    manifest: &Path,
    answers: Vec<Answer>,
    mut left_out: Vec<LeftOut>,
    results: &Results,
    joining: &Joining,
) -> Result<Scored, RowsError> {
    let total = answers.len() + left_out.len();
    let targets = Targets::new(results, joining);
    let mut rows = Vec::with_capacity(answers.len());
    let mut groups = Vec::with_capacity(answers.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut answered = 0;
    for answer in answers {
        let earlier = seen.get(&answer.file).copied();
        answered += usize::from(results.by_file.contains_key(&answer.file) && earlier.is_none());
        seen.entry(answer.file.clone()).or_insert(answer.line);
        match targets.row(&answer, earlier, results) {
            Ok(row) => {
                rows.push(row);
                groups.push(answer.group);
            }
            Err(why) => left_out.push(LeftOut {
                line: answer.line,
                file: answer.file,
                why,
            }),
        }
    }
    left_out.sort_by_key(|row| row.line);
    if rows.is_empty() {
        let first = left_out.first();
        return Err(RowsError::Nothing {
            path: manifest.to_owned(),
            total,
            first: first.map_or("it is empty".into(), |row| row.why.to_string()),
        });
    }
    let grouping = if groups.iter().all(Option::is_some) {
        Grouping::Manifest
    } else {
        Grouping::NearDuplicates
    };
    let merged = assign_groups(&mut rows, groups)?;
    Ok(Scored {
        labels: targets.names,
        rows,
        left_out,
        grouping,
        merged,
        not_asked: results.by_file.len() - answered,
    })
}

/// The labels that answers and scores are brought to.
struct Targets<'a> {
    names: Vec<String>,
    /// Where each name's score stands; [`REST`] has no place.
    places: Vec<Option<usize>>,
    /// Whether the last name is [`REST`].
    reduced: bool,
    joining: &'a Joining,
}

impl<'a> Targets<'a> {
    fn new(results: &Results, joining: &'a Joining) -> Self {
        let scored = &results.labels;
        let kept = (joining.kept.clone()).or_else(|| (scored.len() == 1).then(|| scored.clone()));
        let reduced = kept.is_some();
        let mut names = kept.unwrap_or_else(|| scored.clone());
        let places = names
            .iter()
            .map(|name| scored.iter().position(|other| other == name))
            .collect();
        if reduced {
            names.push(REST.into());
        }
        Self {
            names,
            places,
            reduced,
            joining,
        }
    }

    /// An answer with its scores, or why it cannot be used. `earlier` is the line in which the
    /// same file stood before.
    fn row(
        &self,
        answer: &Answer,
        earlier: Option<usize>,
        results: &Results,
    ) -> Result<Row, Exclusion> {
        if answer.file.is_empty() {
            return Err(Exclusion::NoFile);
        }
        if let Some(line) = earlier {
            return Err(Exclusion::SameFile(line));
        }
        let label = self.label(answer)?;
        let prediction = (results.by_file.get(&answer.file)).ok_or(Exclusion::NoScores)?;
        if let Some(failure) = &prediction.failure {
            return Err(failure.clone());
        }
        if !prediction.scores.iter().all(|score| score.is_finite()) {
            return Err(Exclusion::NoNumber);
        }
        Ok(Row {
            line: answer.line,
            file: answer.file.clone(),
            label,
            group: 0,
            source: answer.source.clone(),
            scores: self.scores(prediction),
            pdq: prediction.pdq,
        })
    }

    fn label(&self, answer: &Answer) -> Result<usize, Exclusion> {
        let renamed = self.joining.renamed.get(&answer.label);
        let label = renamed.unwrap_or(&answer.label);
        if label.is_empty() {
            return Err(Exclusion::NoLabel);
        }
        let known = self.names.iter().position(|name| name == label);
        known
            .or_else(|| self.reduced.then(|| self.names.len() - 1))
            .ok_or_else(|| Exclusion::UnknownLabel {
                label: label.clone(),
                known: self.names.clone(),
                matched: false,
            })
    }

    fn scores(&self, prediction: &Prediction) -> Vec<f64> {
        let mut scores: Vec<f64> = self
            .places
            .iter()
            .map(|place| place.map_or(0.0, |place| prediction.scores[place]))
            .collect();
        if self.reduced {
            // Scores of labels that do not exclude each other may sum to more than 1.
            scores.push((1.0 - scores.iter().sum::<f64>()).max(0.0));
        }
        scores
    }
}

impl Scored {
    /// Takes the rows of these files out, for the reason given.
    pub fn leave_out(&mut self, files: &HashMap<String, Exclusion>) {
        let (out, rows): (Vec<Row>, Vec<Row>) = std::mem::take(&mut self.rows)
            .into_iter()
            .partition(|row| files.contains_key(&row.file));
        self.rows = rows;
        number_groups(&mut self.rows);
        self.left_out.extend(out.into_iter().map(|row| LeftOut {
            line: row.line,
            why: files[&row.file].clone(),
            file: row.file,
        }));
        self.left_out.sort_by_key(|row| row.line);
    }

    /// The rows as CSV with file, label, group, source and the scores: what [`join`] reads as both
    /// manifest and results.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header = vec![
            "file".to_owned(),
            "label".into(),
            "group".into(),
            "source".into(),
        ];
        header.extend(self.labels.iter().map(|label| format!("score_{label}")));
        let _ = writer.write_record(&header);
        for row in &self.rows {
            let mut record = vec![
                cell(&row.file).into_owned(),
                cell(&self.labels[row.label]).into_owned(),
                row.group.to_string(),
                cell(&row.source).into_owned(),
            ];
            record.extend(row.scores.iter().map(f64::to_string));
            let _ = writer.write_record(&record);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// Puts rows into groups: those of one name, and near-duplicates, which are never independent,
/// whatever their names. Gives the number of named groups that were put together with another.
fn assign_groups(rows: &mut [Row], names: Vec<Option<String>>) -> Result<usize, RowsError> {
    let mut clusters = DisjointSets::new(rows.len());
    let mut first: HashMap<String, usize> = HashMap::new();
    for (row, name) in names.into_iter().enumerate() {
        let Some(name) = name else { continue };
        clusters.join(*first.entry(name).or_insert(row), row);
    }
    let hashes: Vec<Option<PdqHash>> = rows.iter().map(|row| row.pdq).collect();
    for (a, b, _) in near_pairs(&hashes)? {
        clusters.join(a, b);
    }
    let roots: std::collections::BTreeSet<usize> =
        first.values().map(|&row| clusters.root(row)).collect();
    for (number, row) in rows.iter_mut().enumerate() {
        row.group = clusters.root(number);
    }
    number_groups(rows);
    Ok(first.len() - roots.len())
}

/// Numbers the groups from 0 in the order in which they turn up, so that a resample draws as many
/// as there are.
fn number_groups(rows: &mut [Row]) {
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for row in rows {
        let next = numbers.len();
        row.group = *numbers.entry(row.group).or_insert(next);
    }
}
