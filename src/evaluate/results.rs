//! Scores by file: records of `scan` as JSON lines, or a CSV with `file` and, per label, a column
//! `score_LABEL`.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::fingerprint::{MIN_QUALITY, PdqHash};
use crate::manifest::{Column, JsonLines, Passthrough, Rows};
use crate::record::Record;

use super::left_out::{Exclusion, RowsError, unusable};
use super::score_scale::ScoreScale;

/// What a model predicts for one photograph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prediction {
    /// In the order of [`Results::labels`]; a score that is missing or no number is NaN.
    pub(super) scores: Vec<f64>,
    pub(super) pdq: Option<PdqHash>,
    /// Why there is none.
    pub(super) failure: Option<Exclusion>,
}

/// What a model predicts for every photograph.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// The labels, sorted.
    pub(super) labels: Vec<String>,
    pub(super) by_file: HashMap<String, Prediction>,
}

impl Results {
    /// Reads a file of results whose scores are on this scale.
    ///
    /// # Errors
    /// [`RowsError::Unusable`] naming the line that is none, [`RowsError::ScoreOutOfRange`] the
    /// first score that is not on the scale.
    pub fn read(path: &Path, scale: ScoreScale) -> Result<Self, RowsError> {
        let mut results = Self::read_as_written(path)?;
        results.become_probabilities(path, scale)?;
        Ok(results)
    }

    fn read_as_written(path: &Path) -> Result<Self, RowsError> {
        let extension = path.extension().unwrap_or_default();
        if ["csv", "tsv"]
            .iter()
            .any(|name| extension.eq_ignore_ascii_case(name))
        {
            table(path)
        } else {
            records(path)
        }
    }

    fn become_probabilities(&mut self, path: &Path, scale: ScoreScale) -> Result<(), RowsError> {
        let scores = self.by_file.values().flat_map(|one| &one.scores);
        let (least, most) = scores.fold((0.0_f64, 0.0_f64), |(least, most), &score| {
            (least.min(score), most.max(score))
        });
        // The first by name, so that the message is the same every time.
        let mut first: Option<(&String, Vec<f64>)> = None;
        for (file, prediction) in &mut self.by_file {
            let written = prediction.scores.clone();
            let on_scale = scale.to_probabilities(&mut prediction.scores).is_some();
            if !on_scale && first.as_ref().is_none_or(|(other, _)| file < *other) {
                first = Some((file, written));
            }
        }
        let Some((file, scores)) = first else {
            return Ok(());
        };
        let alone = |score: f64| scale.to_probabilities(&mut [score]).is_some();
        let place = scores.iter().position(|&score| !alone(score)).unwrap_or(0);
        Err(RowsError::ScoreOutOfRange {
            path: path.to_owned(),
            file: file.clone(),
            label: self.labels[place].clone(),
            score: scores[place],
            scale,
            looks_like: ScoreScale::guess(least, most),
        })
    }

    /// The labels that are scored, sorted.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Takes records that were just made, all by one model.
    #[must_use]
    pub fn of_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut gathered = Gathered::default();
        for record in records {
            let scores = record.materials.iter();
            gathered.take(
                &record.file,
                scores.map(|m| (m.label.as_str(), m.score)),
                record.pdq.as_deref(),
                record.pdq_quality,
                (record.error.as_ref()).map(|error| error.kind.to_string()),
            );
        }
        gathered.results()
    }
}

/// Results while they are read: labels in the order in which they turn up.
#[derive(Default)]
struct Gathered {
    labels: Vec<String>,
    by_file: HashMap<String, Prediction>,
}

impl Gathered {
    fn take<'a>(
        &mut self,
        file: &str,
        scores: impl Iterator<Item = (&'a str, f64)>,
        pdq: Option<&str>,
        quality: Option<u8>,
        failure: Option<String>,
    ) {
        let mut prediction = Prediction {
            scores: vec![f64::NAN; self.labels.len()],
            pdq: pdq
                .filter(|_| quality.unwrap_or(0) >= MIN_QUALITY)
                .and_then(|text| text.parse().ok()),
            failure: failure.map(|kind| Exclusion::PhotographUnread { kind }),
        };
        for (label, score) in scores {
            match self.labels.iter().position(|known| known == label) {
                Some(at) => prediction.scores[at] = score,
                None => {
                    self.labels.push(label.to_owned());
                    prediction.scores.push(score);
                }
            }
        }
        match self.by_file.get_mut(file) {
            None => {
                self.by_file.insert(file.to_owned(), prediction);
            }
            Some(first) => {
                let equal = first.scores.len() == prediction.scores.len()
                    && first
                        .scores
                        .iter()
                        .zip(&prediction.scores)
                        .all(|(a, b)| a == b);
                if !equal && first.failure.is_none() {
                    first.failure = Some(Exclusion::ScoredTwice);
                }
            }
        }
    }

    /// Sorts the labels; rows read before a label turned up lack its score.
    fn results(mut self) -> Results {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by(|&a, &b| self.labels[a].cmp(&self.labels[b]));
        for prediction in self.by_file.values_mut() {
            let scores = order
                .iter()
                .map(|&at| prediction.scores.get(at).copied().unwrap_or(f64::NAN));
            prediction.scores = scores.collect();
        }
        Results {
            labels: order
                .iter()
                .map(|&at| std::mem::take(&mut self.labels[at]))
                .collect(),
            by_file: self.by_file,
        }
    }
}

fn records(path: &Path) -> Result<Results, RowsError> {
    #[derive(Deserialize)]
    struct Row {
        file: Option<String>,
        #[serde(default)]
        materials: Vec<Material>,
        pdq: Option<String>,
        pdq_quality: Option<u8>,
        error: Option<Failure>,
    }
    #[derive(Deserialize)]
    struct Material {
        label: String,
        score: Option<f64>,
    }
    #[derive(Deserialize)]
    struct Failure {
        kind: String,
    }
    let mut gathered = Gathered::default();
    let mut lines = JsonLines::open(path)?;
    while let Some(line) = lines.read() {
        let (number, line) = line.map_err(|bad| unusable(path, bad))?;
        let row: Row = serde_json::from_str(line).map_err(|error| {
            let cure = "give its JSON lines, or a .csv with file and score_LABEL columns";
            let words = format!("line {number} is no record of `scan` ({error}); {cure}");
            unusable(path, words)
        })?;
        let Some(file) = row.file else {
            return Err(unusable(path, format!("line {number} names no file")));
        };
        let scores = row.materials.iter();
        gathered.take(
            file.trim(),
            scores.map(|m| (m.label.as_str(), m.score.unwrap_or(f64::NAN))),
            row.pdq.as_deref(),
            row.pdq_quality,
            row.error.map(|error| error.kind),
        );
    }
    Ok(gathered.results())
}

fn table(path: &Path) -> Result<Results, RowsError> {
    let columns = [
        Column::File,
        Column::Pdq,
        Column::PdqQuality,
        Column::ErrorKind,
    ];
    let rows = Rows::open(path, columns, 1)?.with_others();
    let others = rows.other_names();
    if !others.iter().any(|name| name.starts_with(SCORE)) {
        return Err(unusable(
            path,
            format!(
                "a column score_LABEL per label is needed beside file; its other columns are: {}",
                others.join(", ")
            ),
        ));
    }
    let mut gathered = Gathered::default();
    for row in rows {
        let row = row.map_err(|bad| unusable(path, bad))?;
        let [file, pdq, quality, failure] = row.cells;
        gathered.take(
            &file,
            scores_of(&row.others),
            Some(&pdq),
            quality.parse().ok(),
            Some(failure).filter(|kind| !kind.is_empty()),
        );
    }
    Ok(gathered.results())
}

/// What the name of a label's column starts with.
const SCORE: &str = "score_";

fn scores_of(others: &Passthrough) -> impl Iterator<Item = (&str, f64)> {
    others.iter().filter_map(|(name, value)| {
        let label = name.strip_prefix(SCORE)?;
        let score = value.as_cell().and_then(|cell| cell.parse().ok());
        Some((label, score.unwrap_or(f64::NAN)))
    })
}
