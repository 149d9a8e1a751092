//! How well the same picture is found again: by the index as it answers, by PDQ alone, by descriptor and landmarks alone, or
//! by another tool's scores.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::Serialize;

use crate::fingerprint::MATCH_DISTANCE;
use crate::index::{Evidence, Index, IndexError, Method, Query};

use crate::evaluate::bootstrap;
use crate::evaluate::classify::Figure;
use crate::evaluate::retrieval::{Answered, Answers, PRECISIONS, RANKS, Walk};
use crate::evaluate::table::{self, LeftOut, RowsError, unusable};
use crate::evaluate::truth::Truth;

/// Differing bits up to which PDQ's own ranking is looked at: far beyond any threshold that is worth using.
const PDQ_REACH: u32 = 90;
/// Sightings asked for, nearest first: with more, answers of no use would fill the memory.
const LIMIT: usize = 1000;

/// The methods, in the order of the reports.
pub const METHODS: [&str; 3] = ["index", "pdq", "descriptor"];

/// One answer of one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The picture asked.
    pub query: String,
    /// The picture named.
    pub db: String,
    /// Higher is surer; comparable within a method.
    pub score: f64,
    /// `index`, `pdq`, `descriptor`, or what another tool calls itself.
    pub method: String,
}

/// Asks the index for one picture, by each method.
///
/// `index` is what a user of `check --index` is told, in its order: the same bytes 2, by PDQ 1 plus the share of equal bits, by verified
/// descriptor the cosine. `pdq` is the share of equal bits down to 166 of 256, `descriptor` the cosine where the landmarks agree.
///
/// # Errors
/// What the index refuses.
pub fn ask(
    index: &Index,
    query: &str,
    evidence: &Evidence,
    any_orientation: bool,
) -> Result<Vec<Found>, IndexError> {
    let question = Query {
        limit: LIMIT,
        ..evidence.query(any_orientation)
    };
    let by_hash = index.query(&Query {
        sha256: None,
        descriptor: None,
        max_distance: PDQ_REACH,
        ..question.clone()
    })?;
    let by_descriptor = index.query(&Query {
        sha256: None,
        hashes: Vec::new(),
        ..question.clone()
    })?;
    let by_bytes = index.query(&Query {
        hashes: Vec::new(),
        descriptor: None,
        ..question
    })?;
    let mut best: BTreeMap<(&str, String), f64> = BTreeMap::new();
    let mut found = |method: &'static str, db: &str, score: f64| {
        let known = best.entry((method, db.to_owned())).or_insert(score);
        *known = known.max(score);
    };
    for one in by_hash.iter().chain(&by_descriptor).chain(&by_bytes) {
        match one.method {
            Method::Sha256 => found("index", &one.file, 2.0),
            Method::Pdq => {
                found("pdq", &one.file, one.similarity);
                if one.distance <= f64::from(MATCH_DISTANCE) {
                    found("index", &one.file, 1.0 + one.similarity);
                }
            }
            Method::Descriptor => {
                found("descriptor", &one.file, one.similarity);
                found("index", &one.file, one.similarity);
            }
        }
    }
    let answers = best.into_iter().map(|((method, db), score)| Found {
        query: query.to_owned(),
        db,
        score,
        method: method.to_owned(),
    });
    Ok(answers.collect())
}

/// Reads answers: a CSV or JSON lines with `query`, `db`, `score` and, if there are several, `method`. Rows that are none are in the
/// second value.
///
/// # Errors
/// [`RowsError`] when the file is no such table.
pub fn read_answers(path: &Path) -> Result<(Vec<Found>, Vec<LeftOut>), RowsError> {
    let table = table::read(path, &["query", "db", "score", "method"], 3)?;
    let (mut answers, mut left_out) = (Vec::new(), table.left_out);
    let mut seen = HashSet::new();
    for (line, fields) in table.rows {
        let mut fields = fields.into_iter();
        let mut next = || fields.next().unwrap_or_default();
        let (query, db, score, method) = (next(), next(), next(), next());
        let why = match score.parse::<f64>() {
            Ok(score) if score.is_finite() => {
                let method = if method.is_empty() {
                    "scores".into()
                } else {
                    method
                };
                let found = Found {
                    query,
                    db,
                    score,
                    method,
                };
                if seen.insert((found.query.clone(), found.db.clone(), found.method.clone())) {
                    answers.push(found);
                    continue;
                }
                left_out.push(LeftOut {
                    line,
                    file: found.query,
                    why: format!(
                        "the same pair with {} has a score in an earlier line",
                        found.db
                    ),
                });
                continue;
            }
            _ => format!("score {score:?} with {db} is no number"),
        };
        left_out.push(LeftOut {
            line,
            file: query,
            why,
        });
    }
    if answers.is_empty() {
        return Err(unusable(
            path,
            "no usable answer; give the columns query, db and score",
        ));
    }
    Ok((answers, left_out))
}

/// How the study is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Bootstrap resamples; 0 gives no intervals.
    pub resamples: u64,
    /// Seed of the bootstrap.
    pub seed: u64,
}

/// What is said of the answers of one method to all questions, or to those of one transformation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// The method.
    pub method: String,
    /// The transformation; empty for all questions.
    pub transformation: String,
    /// Its figures; each one's label is the method.
    pub figures: Vec<Figure>,
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// By method: first all questions, then per transformation.
    pub parts: Vec<Part>,
    /// By method: precision against recall over all questions.
    pub curves: Vec<(String, Vec<(f64, f64)>)>,
    /// Answers that name a picture that is no reference, or no question.
    pub left_out: Vec<LeftOut>,
    /// Wrong answers of the first method, surest first: question, reference, score.
    pub wrong: Vec<Found>,
    /// Questions that the first method answers with no match.
    pub missed: Vec<String>,
}

/// Measures answers against the truth. An answer that names the picture itself is passed over, and so is one for which `neither` holds
/// (question, reference): it is neither right nor wrong.
#[must_use]
pub fn study(
    truth: &Truth,
    found: &[Found],
    neither: impl Fn(usize, usize) -> bool,
    settings: Settings,
) -> Study {
    let questions: HashMap<&str, usize> = (truth.questions.iter().enumerate())
        .map(|(number, question)| (question.file.as_str(), number))
        .collect();
    let references: HashMap<&str, usize> = (truth.references.iter().enumerate())
        .map(|(number, file)| (file.as_str(), number))
        .collect();
    let mut methods: Vec<&str> = METHODS.to_vec();
    for one in found {
        if !methods.contains(&one.method.as_str()) {
            methods.push(&one.method);
        }
    }
    methods.retain(|method| found.iter().any(|one| one.method == *method));
    if methods.is_empty() {
        methods.push(METHODS[0]);
    }
    let mut left_out = Vec::new();
    let mut by_method: Vec<Vec<(usize, &Found)>> = vec![Vec::new(); methods.len()];
    let mut answers: Vec<Vec<Answered>> = vec![Vec::new(); methods.len()];
    for one in found {
        let known = (
            questions.get(one.query.as_str()),
            references.get(one.db.as_str()),
        );
        let (Some(&question), Some(&reference)) = known else {
            left_out.push(LeftOut {
                line: 0,
                file: one.query.clone(),
                why: match known.0 {
                    None => "an answer to a picture that the manifest does not ask".into(),
                    Some(_) => format!("an answer names {}, which is no reference", one.db),
                },
            });
            continue;
        };
        if one.query == one.db || neither(question, reference) {
            continue;
        }
        let method = methods
            .iter()
            .position(|name| *name == one.method)
            .unwrap_or(0);
        let right = truth.questions[question].wanted.contains(&reference);
        answers[method].push(Answered {
            question,
            score: one.score,
            right,
        });
        if !right {
            by_method[method].push((question, one));
        }
    }
    let names: BTreeSet<&str> = (truth.questions.iter())
        .map(|question| question.transformation.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    // In the order in which the manifest names them.
    let mut transformations: Vec<&str> = Vec::new();
    for question in &truth.questions {
        let name = question.transformation.as_str();
        if names.contains(name) && !transformations.contains(&name) {
            transformations.push(name);
        }
    }
    let (mut parts, mut curves) = (Vec::new(), Vec::new());
    let mut missed = Vec::new();
    for (number, (method, answers)) in methods.iter().zip(&answers).enumerate() {
        let all = part(truth, answers, method, "", settings);
        if number == 0 {
            let right: HashSet<usize> = answers
                .iter()
                .filter(|answer| answer.right)
                .map(|answer| answer.question)
                .collect();
            missed = (truth.questions.iter().enumerate())
                .filter(|(number, question)| !question.wanted.is_empty() && !right.contains(number))
                .map(|(_, question)| question.file.clone())
                .collect();
        }
        curves.push(((*method).to_owned(), all.1.curve()));
        parts.push(all.0);
        parts.extend(
            transformations
                .iter()
                .map(|name| part(truth, answers, method, name, settings).0),
        );
    }
    let mut wrong: Vec<Found> = by_method[0].iter().map(|(_, one)| (*one).clone()).collect();
    wrong.sort_by(|a, b| b.score.total_cmp(&a.score));
    Study {
        parts,
        curves,
        left_out,
        wrong,
        missed,
    }
}

/// The figures of one method on the questions of one transformation, or of all.
fn part(
    truth: &Truth,
    answers: &[Answered],
    method: &str,
    transformation: &str,
    settings: Settings,
) -> (Part, Answers) {
    // Questions of the part, numbered anew.
    let mut numbers: Vec<Option<usize>> = Vec::with_capacity(truth.questions.len());
    let (mut wanted, mut groups, mut renumbered) = (Vec::new(), Vec::new(), HashMap::new());
    for question in &truth.questions {
        if transformation.is_empty() || question.transformation == transformation {
            numbers.push(Some(wanted.len()));
            wanted.push(question.wanted.len());
            let next = renumbered.len();
            groups.push(*renumbered.entry(question.group).or_insert(next));
        } else {
            numbers.push(None);
        }
    }
    let own = answers.iter().filter_map(|answer| {
        Some(Answered {
            question: numbers[answer.question]?,
            ..*answer
        })
    });
    let ranked = Answers::new(own.collect(), wanted);
    let values = listed(&ranked.walk(&vec![1; ranked.questions()]));
    let intervals = bootstrap::intervals(&groups, settings.resamples, settings.seed, |weights| {
        listed(&ranked.walk(weights))
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    });
    let figures = values
        .into_iter()
        .enumerate()
        .map(|(k, (name, value))| Figure {
            label: method.to_owned(),
            note: if name.starts_with("threshold") && value.is_none() {
                "no threshold reaches this precision".into()
            } else {
                String::new()
            },
            name,
            // One group says nothing of others.
            interval: intervals
                .get(k)
                .copied()
                .flatten()
                .filter(|_| value.is_some() && renumbered.len() > 1),
            value,
            photographs: ranked.questions(),
            groups: renumbered.len(),
        })
        .collect();
    let part = Part {
        method: method.to_owned(),
        transformation: transformation.to_owned(),
        figures,
    };
    (part, ranked)
}

/// The figures by name, in the order of the reports.
fn listed(walk: &Walk) -> Vec<(String, Option<f64>)> {
    let mut figures = vec![("micro-average precision".to_owned(), walk.micro_ap)];
    for (at, precision) in walk.at_precision.iter().zip(PRECISIONS) {
        figures.push((
            format!("recall at precision {precision}"),
            at.map(|at| at.recall),
        ));
        let threshold = at.map(|at| at.threshold).filter(|score| score.is_finite());
        figures.push((format!("threshold at precision {precision}"), threshold));
    }
    for (share, rank) in walk.within_rank.iter().zip(RANKS) {
        figures.push((format!("recall@{rank}"), *share));
    }
    figures.push(("found at all".into(), walk.found));
    figures.push(("wrong answers per question".into(), walk.wrong_per_question));
    figures
}
