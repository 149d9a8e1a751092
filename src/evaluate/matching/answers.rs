//! Answers: which pictures a method names for a picture, and how surely.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::evaluate::left_out::{Exclusion, LeftOut, RowsError, unusable};
use crate::fingerprint::MATCH_DISTANCE;
use crate::index::{self, Evidence, Index, IndexError, Match, Query};
use crate::manifest::{Column, Rows};

/// Differing bits up to which PDQ's own ranking is looked at: far beyond any threshold that is
/// worth using.
const PDQ_REACH: u32 = 90;
/// Sightings asked for, nearest first: with more, answers of no use would fill the memory.
const LIMIT: usize = 1000;
/// Score of the same bytes, which nothing else reaches.
const SAME_BYTES: f64 = 2.0;

/// What gave an answer; ordered by name, as answers are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Descriptors whose landmarks agree.
    Descriptor,
    /// The index, as it answers a user.
    Index,
    /// PDQ hashes alone.
    Pdq,
    /// Another tool, by the name that it goes by.
    Other(String),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "index",
            Self::Pdq => "pdq",
            Self::Descriptor => "descriptor",
            Self::Other(name) => name,
        })
    }
}

impl FromStr for Method {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(match name {
            "index" => Self::Index,
            "pdq" => Self::Pdq,
            "descriptor" => Self::Descriptor,
            "" => Self::Other("scores".into()),
            other => Self::Other(other.to_owned()),
        })
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One answer of one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The picture asked.
    pub query: String,
    /// The picture named.
    pub db: String,
    /// Higher is surer; comparable within a method.
    pub score: f64,
    /// What gave the answer.
    pub method: Method,
}

/// Asks the index for one picture, by each method.
///
/// [`Method::Index`] is what a user of the index is told, in its order: the same bytes 2, by PDQ 1
/// plus the share of equal bits, by verified descriptor the cosine. [`Method::Pdq`] is the share
/// of equal bits down to 166 of 256, [`Method::Descriptor`] the cosine where the landmarks agree.
///
/// # Errors
/// What the index refuses.
pub fn query_index(
    index: &Index,
    query: &str,
    evidence: &Evidence,
    any_orientation: bool,
) -> Result<Vec<Found>, IndexError> {
    let mut best = BestScores::default();
    for found in matches_by_each_means(index, evidence, any_orientation)? {
        let similarity = found.similarity;
        match found.method {
            index::Method::Sha256 => best.raise(Method::Index, &found.file, SAME_BYTES),
            index::Method::Pdq => {
                best.raise(Method::Pdq, &found.file, similarity);
                if found.distance <= f64::from(MATCH_DISTANCE) {
                    best.raise(Method::Index, &found.file, 1.0 + similarity);
                }
            }
            // Candidates that are no evidence; the indexes of studies keep none.
            index::Method::Perceptual => {}
            index::Method::Descriptor => {
                best.raise(Method::Descriptor, &found.file, similarity);
                best.raise(Method::Index, &found.file, similarity);
            }
        }
    }
    let answers = best.0.into_iter().map(|((method, db), score)| Found {
        query: query.to_owned(),
        db,
        score,
        method,
    });
    Ok(answers.collect())
}

/// The matches by hash, by descriptor and by bytes, each asked alone.
fn matches_by_each_means(
    index: &Index,
    evidence: &Evidence,
    any_orientation: bool,
) -> Result<Vec<Match>, IndexError> {
    let mut matches = Vec::new();
    for one in std::iter::once(evidence).chain(&evidence.parts) {
        matches.extend(matches_of_one(index, one, any_orientation)?);
    }
    Ok(matches)
}

/// The same of the photograph as one picture, or of one picture on it.
fn matches_of_one(
    index: &Index,
    evidence: &Evidence,
    any_orientation: bool,
) -> Result<Vec<Match>, IndexError> {
    let all = Query {
        limit: LIMIT,
        ..evidence.query(any_orientation)
    };
    let mut matches = index.query(&Query {
        sha256: None,
        descriptor: None,
        max_distance: PDQ_REACH,
        ..all.clone()
    })?;
    matches.extend(index.query(&Query {
        sha256: None,
        hashes: Vec::new(),
        ..all.clone()
    })?);
    matches.extend(index.query(&Query {
        hashes: Vec::new(),
        descriptor: None,
        ..all
    })?);
    Ok(matches)
}

/// The highest score of every picture by every method.
#[derive(Default)]
struct BestScores(BTreeMap<(Method, String), f64>);

impl BestScores {
    fn raise(&mut self, method: Method, db: &str, score: f64) {
        let known = self.0.entry((method, db.to_owned())).or_insert(score);
        *known = known.max(score);
    }
}

/// Reads answers: a table with the columns `query`, `db`, `score` and, if there are several,
/// `method`. Rows that are none are in the second value.
///
/// # Errors
/// [`RowsError`] when the file is no such table.
pub fn read_answers(path: &Path) -> Result<(Vec<Found>, Vec<LeftOut>), RowsError> {
    let columns = [Column::Query, Column::Db, Column::Score, Column::Method];
    let (mut answers, mut left_out) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for row in Rows::open(path, columns, 3)? {
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                left_out.push(bad.into());
                continue;
            }
        };
        let query = row.cells[0].clone();
        let parsed = parse_answer(row.cells).and_then(|found| {
            let key = (found.query.clone(), found.db.clone(), found.method.clone());
            let repeated = Exclusion::SameAnswer(found.db.clone());
            seen.insert(key).then_some(found).ok_or(repeated)
        });
        match parsed {
            Ok(found) => answers.push(found),
            Err(why) => left_out.push(LeftOut {
                line: row.line as usize,
                file: query,
                why,
            }),
        }
    }
    if answers.is_empty() {
        let reason = "no usable answer; give the columns query, db and score";
        return Err(unusable(path, reason));
    }
    Ok((answers, left_out))
}

/// The columns `query`, `db`, `score` and `method`; else why they are no answer.
fn parse_answer([query, db, score, method]: [String; 4]) -> Result<Found, Exclusion> {
    match score.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Found {
            query,
            db,
            score: number,
            method: method.parse().unwrap_or(Method::Other(method)),
        }),
        _ => Err(Exclusion::NoScore { score, db }),
    }
}
