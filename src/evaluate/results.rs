//! Scores by file: records of `scan` as JSON lines, or a CSV with `file` and, per label, a column `score_LABEL`.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;

use crate::fingerprint::{MIN_QUALITY, PdqHash};
use crate::record::Record;

use super::table::{RowsError, extension, open, unusable};

/// What a model said of one photograph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// In the order of [`Results::labels`]; a score that is missing or no number is NaN.
    pub(super) scores: Vec<f64>,
    pub(super) pdq: Option<PdqHash>,
    pub(super) failure: Option<String>,
}

/// What a model said of every photograph.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// The labels, sorted.
    pub(super) labels: Vec<String>,
    pub(super) said: HashMap<String, Said>,
}

impl Results {
    /// Reads a file of results.
    ///
    /// # Errors
    /// [`RowsError::Unusable`] naming the line that is none.
    pub fn read(path: &Path) -> Result<Self, RowsError> {
        if extension(path) == "csv" {
            table(path)
        } else {
            records(path)
        }
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
    said: HashMap<String, Said>,
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
        let mut said = Said {
            scores: vec![f64::NAN; self.labels.len()],
            pdq: pdq
                .filter(|_| quality.unwrap_or(0) >= MIN_QUALITY)
                .and_then(|text| text.parse().ok()),
            failure,
        };
        for (label, score) in scores {
            match self.labels.iter().position(|known| known == label) {
                Some(at) => said.scores[at] = score,
                None => {
                    self.labels.push(label.to_owned());
                    said.scores.push(score);
                }
            }
        }
        match self.said.get_mut(file) {
            None => {
                self.said.insert(file.to_owned(), said);
            }
            Some(first) => {
                let equal = first.scores.len() == said.scores.len()
                    && first.scores.iter().zip(&said.scores).all(|(a, b)| a == b);
                if !equal && first.failure.is_none() {
                    first.failure =
                        Some("it is scored twice, differently, in the same results".into());
                }
            }
        }
    }

    /// Sorts the labels; rows read before a label turned up lack its score.
    fn results(mut self) -> Results {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by(|&a, &b| self.labels[a].cmp(&self.labels[b]));
        for said in self.said.values_mut() {
            let scores = order
                .iter()
                .map(|&at| said.scores.get(at).copied().unwrap_or(f64::NAN));
            said.scores = scores.collect();
        }
        Results {
            labels: order
                .iter()
                .map(|&at| std::mem::take(&mut self.labels[at]))
                .collect(),
            said: self.said,
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
    for (number, line) in open(path)?.split(b'\n').enumerate() {
        let line = line.map_err(|error| unusable(path, error))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row: Row = serde_json::from_slice(&line)
            .map_err(|error| unusable(path, format!("line {} is no record of `scan` ({error}); give its JSON lines, or a .csv with file and score_LABEL columns", number + 1)))?;
        let Some(file) = row.file else {
            return Err(unusable(path, format!("line {} names no file", number + 1)));
        };
        let scores = row.materials.iter();
        gathered.take(
            &file,
            scores.map(|m| (m.label.as_str(), m.score.unwrap_or(f64::NAN))),
            row.pdq.as_deref(),
            row.pdq_quality,
            row.error.map(|error| error.kind),
        );
    }
    Ok(gathered.results())
}

fn table(path: &Path) -> Result<Results, RowsError> {
    let mut reader = csv::Reader::from_reader(open(path)?);
    let header = reader
        .headers()
        .map_err(|error| unusable(path, error))?
        .clone();
    let place = |name: &str| header.iter().position(|column| column.trim() == name);
    let labels: Vec<(usize, &str)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((at, column.trim().strip_prefix("score_")?)))
        .collect();
    let (Some(file), false) = (place("file"), labels.is_empty()) else {
        return Err(unusable(
            path,
            format!(
                "the columns file and score_LABEL, one per label, are needed; its columns are: {}",
                header.iter().collect::<Vec<_>>().join(", ")
            ),
        ));
    };
    let (pdq, quality, failure) = (place("pdq"), place("pdq_quality"), place("error_kind"));
    let mut gathered = Gathered::default();
    for record in reader.records() {
        let record = record.map_err(|error| unusable(path, error))?;
        let text = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let scores = labels
            .iter()
            .map(|&(at, label)| (label, text(Some(at)).trim().parse().unwrap_or(f64::NAN)));
        gathered.take(
            text(Some(file)).trim(),
            scores,
            Some(text(pdq)),
            text(quality).parse().ok(),
            Some(text(failure).to_owned()).filter(|kind| !kind.is_empty()),
        );
    }
    Ok(gathered.results())
}
