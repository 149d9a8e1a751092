//! Scored photographs with known answers: the answers of a manifest joined to the scores of a model.
//!
//! No row is dropped silently: what cannot be used is in [`Scored::left_out`], with its line and the reason.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::fingerprint::{MIN_QUALITY, PdqHash};
use crate::photo::source::Source;

/// What is known of one photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Line of the manifest, from 1; 0 for a folder.
    pub line: usize,
    /// The photograph, as the manifest names it.
    pub file: String,
    /// What it shows.
    pub label: String,
    /// Rows that belong together: the `group` column, else the seller; `None` when neither is given.
    pub group: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// What a model said of one photograph.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    scores: BTreeMap<String, f64>,
    pdq: Option<PdqHash>,
    failure: Option<String>,
}

/// One photograph with its answer and scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
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

/// A row that was not used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Line of the manifest, from 1; 0 where there is none.
    pub line: usize,
    /// The photograph.
    pub file: String,
    /// Why.
    pub why: String,
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

/// An evaluation that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// A file cannot be read or is not what it should be.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Nothing is left.
    #[error("{}: no usable row of {total}; the first was left out because {first}", path.display())]
    Nothing {
        /// The manifest.
        path: PathBuf,
        /// Rows it has.
        total: usize,
        /// Why the first was left out.
        first: String,
    },
}

fn unusable(path: &Path, reason: impl ToString) -> RowsError {
    RowsError::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// The answers of a manifest (CSV, TSV or JSONL with `file` and `label`; optional `group`, `seller`, `source`), or of a
/// folder that holds one folder per label.
///
/// # Errors
/// [`RowsError::Unusable`] for what is no manifest. Single bad lines are in the second value.
pub fn answers(path: &Path) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    if path.is_dir() {
        return folder(path);
    }
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    match extension.as_deref().and_then(|e| e.to_str()) {
        Some("jsonl" | "ndjson") => json_answers(path),
        Some("tsv") => table_answers(path, b'\t'),
        Some("csv") => table_answers(path, b','),
        _ => Err(unusable(
            path,
            "not a folder and no manifest; give a .csv, .tsv or .jsonl with the columns file and label, or a folder per label",
        )),
    }
}

fn folder(root: &Path) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    let source = Source::Folder {
        root: root.to_owned(),
        all_files: false,
    };
    let items = source.items().map_err(|error| unusable(root, error))?;
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    for item in items {
        let below = Path::new(&item.file).strip_prefix(root);
        let below = below.map_or_else(|_| PathBuf::from(&item.file), Path::to_path_buf);
        let mut parts = below.components();
        match (parts.next(), parts.next()) {
            (Some(label), Some(_)) => answers.push(Answer {
                line: 0,
                label: label.as_os_str().to_string_lossy().into_owned(),
                file: item.file,
                group: None,
                source: String::new(),
            }),
            _ => left_out.push(LeftOut {
                line: 0,
                file: item.file,
                why: "it lies in no folder that names a label".into(),
            }),
        }
    }
    Ok((answers, left_out))
}

fn table_answers(path: &Path, delimiter: u8) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_path(path)
        .map_err(|error| unusable(path, error))?;
    let header = reader
        .headers()
        .map_err(|error| unusable(path, error))?
        .clone();
    let place = |name: &str| header.iter().position(|column| column.trim() == name);
    let (Some(file), Some(label)) = (place("file"), place("label")) else {
        return Err(unusable(
            path,
            format!(
                "the columns file and label are needed; its columns are: {}",
                header.iter().collect::<Vec<_>>().join(", ")
            ),
        ));
    };
    let (group, seller, source) = (place("group"), place("seller"), place("source"));
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    let mut record = csv::ByteRecord::new();
    loop {
        let line = reader.position().line() as usize;
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Err(error) => {
                left_out.push(LeftOut {
                    line,
                    file: String::new(),
                    why: format!("the line is no row: {error}"),
                });
                continue;
            }
            Ok(true) => {}
        }
        let text = |column: Option<usize>| -> Result<String, ()> {
            let bytes = column.and_then(|at| record.get(at)).unwrap_or_default();
            std::str::from_utf8(bytes)
                .map(|text| text.trim().to_owned())
                .map_err(|_| ())
        };
        let fields = (
            text(Some(file)),
            text(Some(label)),
            text(group),
            text(seller),
            text(source),
        );
        let (Ok(file), Ok(label), Ok(group), Ok(seller), Ok(source)) = fields else {
            left_out.push(LeftOut {
                line,
                file: String::from_utf8_lossy(record.get(file).unwrap_or_default()).into_owned(),
                why: "the line is not UTF-8; save the manifest in that encoding".into(),
            });
            continue;
        };
        answers.push(Answer {
            line,
            file,
            label,
            group: [group, seller].into_iter().find(|name| !name.is_empty()),
            source,
        });
    }
    Ok((answers, left_out))
}

fn json_answers(path: &Path) -> Result<(Vec<Answer>, Vec<LeftOut>), RowsError> {
    let bytes = fs::read(path).map_err(|error| unusable(path, error))?;
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Value>(line) {
            Ok(Value::Object(row)) => {
                let text = |name: &str| {
                    row.get(name)
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                answers.push(Answer {
                    line: number + 1,
                    file: text("file"),
                    label: text("label"),
                    group: [text("group"), text("seller")]
                        .into_iter()
                        .find(|name| !name.is_empty()),
                    source: text("source"),
                });
            }
            other => left_out.push(LeftOut {
                line: number + 1,
                file: String::new(),
                why: match other {
                    Err(error) => format!("the line is no JSON: {error}"),
                    Ok(_) => "the line is no JSON object".into(),
                },
            }),
        }
    }
    Ok((answers, left_out))
}

/// Scores by file: records of `scan` as JSONL, or a CSV with `file` and, per label, a column `score_LABEL`.
fn scores(path: &Path) -> Result<HashMap<String, Said>, RowsError> {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    if extension.as_deref().and_then(|e| e.to_str()) == Some("csv") {
        return table_scores(path);
    }
    let bytes = fs::read(path).map_err(|error| unusable(path, error))?;
    let mut found = HashMap::new();
    for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row: Value = serde_json::from_slice(line)
            .map_err(|error| unusable(path, format!("line {} is no JSON: {error}", number + 1)))?;
        let Some(file) = row["file"].as_str() else {
            return Err(unusable(path, format!("line {} names no file", number + 1)));
        };
        let materials = row["materials"].as_array().into_iter().flatten();
        let scores = materials.filter_map(|material| {
            Some((
                material["label"].as_str()?.to_owned(),
                material["score"].as_f64().unwrap_or(f64::NAN),
            ))
        });
        let said = Said {
            scores: scores.collect(),
            pdq: row["pdq"]
                .as_str()
                .filter(|_| row["pdq_quality"].as_u64().unwrap_or(0) >= u64::from(MIN_QUALITY))
                .and_then(|text| text.parse().ok()),
            failure: row["error"]["kind"].as_str().map(str::to_owned),
        };
        found.insert(file.to_owned(), said);
    }
    Ok(found)
}

fn table_scores(path: &Path) -> Result<HashMap<String, Said>, RowsError> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| unusable(path, error))?;
    let header = reader
        .headers()
        .map_err(|error| unusable(path, error))?
        .clone();
    let place = |name: &str| header.iter().position(|column| column == name);
    let labels: Vec<(usize, &str)> = header
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((at, column.strip_prefix("score_")?)))
        .collect();
    let (Some(file), false) = (place("file"), labels.is_empty()) else {
        return Err(unusable(
            path,
            "the columns file and score_LABEL, one per label, are needed",
        ));
    };
    let (pdq, quality, failure) = (place("pdq"), place("pdq_quality"), place("error_kind"));
    let mut found = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| unusable(path, error))?;
        let text = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let said = Said {
            scores: labels
                .iter()
                .map(|&(at, label)| {
                    (
                        label.to_owned(),
                        text(Some(at)).trim().parse().unwrap_or(f64::NAN),
                    )
                })
                .collect(),
            pdq: text(pdq)
                .parse()
                .ok()
                .filter(|_| text(quality).parse().unwrap_or(0) >= MIN_QUALITY),
            failure: Some(text(failure).to_owned()).filter(|kind| !kind.is_empty()),
        };
        found.insert(text(Some(file)).to_owned(), said);
    }
    Ok(found)
}

/// The labels that a results file scores, sorted.
///
/// # Errors
/// [`RowsError`] when it cannot be read.
pub fn labels_of(results: &Path) -> Result<Vec<String>, RowsError> {
    Ok(labels(&scores(results)?))
}

fn labels(said: &HashMap<String, Said>) -> Vec<String> {
    let most = said.values().max_by_key(|one| one.scores.len());
    most.map_or_else(Vec::new, |one| one.scores.keys().cloned().collect())
}

/// How answers and scores are brought together.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// Labels of the manifest that the model calls otherwise: manifest's -> model's.
    pub renamed: BTreeMap<String, String>,
    /// Labels to keep; all others, in answers and scores, become [`REST`]. Set where two tools with different
    /// labels are compared. A results file with a single score keeps that one by itself.
    pub kept: Option<Vec<String>>,
}

/// The label that stands for all that were not kept.
pub const REST: &str = "(rest)";

/// Joins the answers of `manifest` to the scores in `results`.
///
/// # Errors
/// [`RowsError`] when a file cannot be read, or no row is left.
pub fn join(manifest: &Path, results: &Path, joining: &Joining) -> Result<Scored, RowsError> {
    let (answers, mut left_out) = answers(manifest)?;
    let said = scores(results)?;
    let scored = labels(&said);
    let kept = joining
        .kept
        .clone()
        .or_else(|| (scored.len() == 1).then(|| scored.clone()));
    let reduced = kept.is_some();
    let mut names = kept.unwrap_or_else(|| scored.clone());
    if reduced {
        names.push(REST.into());
    }
    let total = answers.len() + left_out.len();
    let mut rows = Vec::with_capacity(answers.len());
    let mut groups = Vec::with_capacity(answers.len());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for answer in answers {
        let label = joining.renamed.get(&answer.label).unwrap_or(&answer.label);
        let place = names
            .iter()
            .position(|name| name == label)
            .or_else(|| reduced.then(|| names.len() - 1));
        let found = said.get(&answer.file);
        let usable = |one: &Said| {
            one.scores.len() == scored.len() && one.scores.values().all(|score| score.is_finite())
        };
        let why = if answer.file.is_empty() {
            "it names no file".to_owned()
        } else if let Some(first) = seen.get(&answer.file) {
            format!("the same file stands in line {first}")
        } else if label.is_empty() {
            "it has no label".to_owned()
        } else if place.is_none() {
            format!(
                "label {label} is none of the model's ({}); --rename {label}=LABEL maps it",
                names.join(", ")
            )
        } else {
            match found {
                None => "there are no scores for this file".to_owned(),
                Some(Said {
                    failure: Some(kind),
                    ..
                }) => format!("the photograph could not be read: {kind}"),
                Some(one) if !usable(one) => "a score is missing or no number".to_owned(),
                Some(_) => String::new(),
            }
        };
        seen.entry(answer.file.clone()).or_insert(answer.line);
        match (why.is_empty(), found, place) {
            (true, Some(found), Some(label)) => {
                let mut scores: Vec<f64> = names
                    .iter()
                    .filter(|name| *name != REST)
                    .map(|name| found.scores.get(name).copied().unwrap_or(0.0))
                    .collect();
                if reduced {
                    scores.push(1.0 - scores.iter().sum::<f64>());
                }
                rows.push(Row {
                    label,
                    group: 0,
                    source: answer.source,
                    scores,
                    pdq: found.pdq,
                    file: answer.file,
                });
                groups.push(answer.group);
            }
            _ => left_out.push(LeftOut {
                line: answer.line,
                file: answer.file,
                why,
            }),
        }
    }
    if rows.is_empty() {
        return Err(RowsError::Nothing {
            path: manifest.to_owned(),
            total,
            first: left_out
                .first()
                .map_or("it is empty".into(), |row| row.why.clone()),
        });
    }
    left_out.sort_by_key(|row| row.line);
    let grouping = assign_groups(&mut rows, groups);
    Ok(Scored {
        labels: names,
        rows,
        left_out,
        grouping,
    })
}

impl Scored {
    /// Takes the rows of these files out, for the reason given.
    pub fn leave_out(&mut self, files: &HashMap<String, String>) {
        let (out, rows): (Vec<Row>, Vec<Row>) = std::mem::take(&mut self.rows)
            .into_iter()
            .partition(|row| files.contains_key(&row.file));
        self.rows = rows;
        self.left_out.extend(out.into_iter().map(|row| LeftOut {
            line: 0,
            why: files[&row.file].clone(),
            file: row.file,
        }));
    }

    /// The rows as CSV with file, label, group, source and the scores: what [`join`] reads as both manifest and results.
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
                row.file.clone(),
                self.labels[row.label].clone(),
                row.group.to_string(),
                row.source.clone(),
            ];
            record.extend(row.scores.iter().map(f64::to_string));
            let _ = writer.write_record(&record);
        }
        String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
    }
}

/// Numbers the groups: by name where every row has one, else near-duplicates together (rows with a name keep it).
fn assign_groups(rows: &mut [Row], names: Vec<Option<String>>) -> Grouping {
    let named = names.iter().all(Option::is_some);
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let clusters = if named {
        Vec::new()
    } else {
        super::leak::clusters(&rows.iter().map(|row| row.pdq).collect::<Vec<_>>())
    };
    for (i, (row, name)) in rows.iter_mut().zip(names).enumerate() {
        let name = name.unwrap_or_else(|| format!("\u{0}{}", clusters[i]));
        let next = numbers.len();
        row.group = *numbers.entry(name).or_insert(next);
    }
    if named {
        Grouping::Manifest
    } else {
        Grouping::NearDuplicates
    }
}
