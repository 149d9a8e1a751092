//! Going on where an earlier run ended: which photos already have a row.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::{Record, SCHEMA, identity, prior_in_words};
use crate::escape::name;
use crate::verdict::Decision;

/// An output file that cannot be opened or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// Another run holds the file.
    #[error("{}: another faunalens is writing to it", name(.0))]
    Locked(PathBuf),
    /// No file that rows can be read back from and appended to, nor a pipe that takes them.
    #[error(
        "{}: is {what}; rows can go to a file or to a pipe that somebody reads",
        name(path)
    )]
    NotAFile {
        /// The output.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A file with other content than rows of ours. It is left as it is.
    #[error(
        "{}: holds something else than this program's rows ({reason}); it was left as it is",
        name(path)
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
    /// A pipe or device, for a form that needs a file.
    #[error("{}: a table in Parquet needs a regular file", name(.0))]
    NeedsFile(PathBuf),
    /// Its rows came from another model.
    #[error("{}: holds rows of model {found}, this run uses {wanted}", name(path))]
    OtherModel {
        /// The output file.
        path: PathBuf,
        /// Identity of the model that wrote it, see
        /// [`ModelStamp::identity`](super::ModelStamp::identity).
        found: String,
        /// Identity of this run's model.
        wanted: String,
    },
    /// Its rows have other columns than this run writes: an earlier version wrote them, or the
    /// manifest has changed.
    #[error("{}: its columns are not this run's ({difference})", name(path))]
    OtherColumns {
        /// The output file.
        path: PathBuf,
        /// Which are missing, and which there are beside.
        difference: String,
    },
    /// A row in the middle of it is not one of ours.
    #[error("{}: row {row} is damaged ({reason})", name(path))]
    Damaged {
        /// The output file.
        path: PathBuf,
        /// Counted from 1, without the header.
        row: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody reads standard output any more.
    #[error("standard output was closed")]
    ClosedPipe,
    /// The file cannot be read or written.
    #[error("{}: {reason}", name(path))]
    Io {
        /// The output file.
        path: PathBuf,
        /// The system's or the format's words.
        reason: String,
    },
}

/// Counts over the rows of an output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Photos without a finding.
    pub clear: u64,
    /// Photos to review.
    pub review: u64,
    /// Flagged photos.
    pub flag: u64,
    /// Photos that could not be read.
    pub errors: u64,
}

impl Tally {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.clear + self.review + self.flag + self.errors
    }

    /// Counts one row; no decision means an error.
    pub fn count(&mut self, decision: Option<Decision>) {
        match decision {
            Some(Decision::Clear) => self.clear += 1,
            Some(Decision::Review) => self.review += 1,
            Some(Decision::Flag) => self.flag += 1,
            None => self.errors += 1,
        }
    }
}

/// Refuses columns that are not those of this run, which would be mixed otherwise.
pub(super) fn check_columns<'a>(
    path: &Path,
    found: impl IntoIterator<Item = &'a str>,
    wanted: impl IntoIterator<Item = &'a str>,
) -> Result<(), ResumeError> {
    let (found, wanted): (Vec<&str>, Vec<&str>) =
        (found.into_iter().collect(), wanted.into_iter().collect());
    if found == wanted {
        return Ok(());
    }
    let without = |these: &[&'a str], those: &[&'a str]| -> String {
        let left: Vec<&str> = (these.iter().copied())
            .filter(|name| !those.contains(name))
            .collect();
        left.join(", ")
    };
    let difference = match (without(&wanted, &found), without(&found, &wanted)) {
        (missing, beside) if missing.is_empty() && beside.is_empty() => {
            "they are in another order".into()
        }
        (missing, beside) if beside.is_empty() => format!("{missing} are missing"),
        (missing, beside) if missing.is_empty() => format!("{beside} are not wanted"),
        (missing, beside) => format!("{missing} are missing, {beside} are not wanted"),
    };
    Err(ResumeError::OtherColumns {
        path: path.to_owned(),
        difference,
    })
}

pub(super) fn io_error(path: &Path, error: impl std::fmt::Display) -> ResumeError {
    ResumeError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// The first field of a row: that of our schema.
#[derive(Debug, Default)]
pub(super) struct Ours;

impl<'de> Deserialize<'de> for Ours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schema = String::deserialize(deserializer)?;
        match schema == SCHEMA {
            true => Ok(Self),
            false => Err(serde::de::Error::custom(format!("schema is not {SCHEMA}"))),
        }
    }
}

/// The part of a written row that matters for going on.
#[derive(Debug, Deserialize)]
pub(super) struct PastRow {
    #[serde(rename = "schema")]
    pub(super) _ours: Ours,
    pub(super) sha256: Option<String>,
    pub(super) file: String,
    pub(super) decision: Option<Decision>,
    pub(super) model: Option<PastModel>,
    /// Whether it has the manifest's columns, be they null: early versions wrote none.
    #[serde(default, rename = "source", deserialize_with = "is_there")]
    pub(super) has_source: bool,
}

fn is_there<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(field).map(|_| true)
}

/// Its [`ModelStamp::identity`](super::ModelStamp::identity).
#[derive(Debug, Deserialize)]
#[serde(from = "PastStamp")]
pub(super) struct PastModel(String);

/// The part of a written stamp that matters.
#[derive(Debug, Deserialize)]
struct PastStamp {
    sha256: String,
    #[serde(default)]
    prior: BTreeMap<String, f64>,
}

impl From<PastStamp> for PastModel {
    fn from(stamp: PastStamp) -> Self {
        Self::new(&stamp.sha256, &prior_in_words(&stamp.prior))
    }
}

impl PastModel {
    /// From a table's cells.
    pub(super) fn new(sha256: &str, prior: &str) -> Self {
        Self(identity(sha256, prior))
    }
}

/// The first 64 bits of a photo's SHA-256; none for a photo that could not be read.
pub type Picture = Option<u64>;

/// The rows that an output file already holds. Some 24 bytes a row.
#[derive(Debug, Default)]
pub struct Past {
    rows: Vec<(u64, Picture)>,
    next: usize,
    /// Rows not met in order, the last first, once the source and the file have parted.
    parted: Option<HashMap<u64, Vec<Picture>>>,
    /// What those rows said.
    pub tally: Tally,
}

impl Past {
    /// Notes one written row, refusing rows of another model or without the manifest's columns.
    pub(super) fn note(
        &mut self,
        row: &PastRow,
        path: &Path,
        model: &str,
    ) -> Result<(), ResumeError> {
        if let Some(PastModel(found)) = row.model.as_ref().filter(|found| found.0 != model) {
            return Err(ResumeError::OtherModel {
                path: path.to_owned(),
                found: found.clone(),
                wanted: model.to_owned(),
            });
        }
        if !row.has_source {
            return Err(ResumeError::OtherColumns {
                path: path.to_owned(),
                difference: "seller, listing, platform, captured_at, source are missing".into(),
            });
        }
        let picture = row.decision.and(row.sha256.as_deref()).and_then(picture);
        self.rows.push((key(&row.file), picture));
        self.tally.count(row.decision);
        Ok(())
    }

    /// Takes over the rows of `other`, which come after these.
    pub(super) fn append(&mut self, other: &Self) {
        self.rows.extend(&other.rows);
        let (mine, theirs) = (&mut self.tally, other.tally);
        mine.clear += theirs.clear;
        mine.review += theirs.review;
        mine.flag += theirs.flag;
        mine.errors += theirs.errors;
    }

    /// True when this photo, the next of the source, has a row already. A name
    /// that stands in a source twice needs two rows.
    pub fn has(&mut self, file: &str) -> bool {
        self.take(file).is_some()
    }

    /// The row that this photo, the next of the source, has already: what picture it was of.
    pub fn take(&mut self, file: &str) -> Option<Picture> {
        let key = key(file);
        let Some(parted) = &mut self.parted else {
            match self.rows.get(self.next) {
                Some(&(name, picture)) if name == key => {
                    self.next += 1;
                    return Some(picture);
                }
                None => return None,
                Some(_) => {}
            }
            // The source has changed since: look rows up by name from here on.
            let mut rest: HashMap<u64, Vec<Picture>> = HashMap::new();
            for (name, picture) in self.rows.drain(self.next..).rev() {
                rest.entry(name).or_default().push(picture);
            }
            self.parted = Some(rest);
            return self.take(file);
        };
        parted.get_mut(&key)?.pop()
    }
}

/// The first 64 bits of a hash in hexadecimal.
fn picture(sha256: &str) -> Picture {
    u64::from_str_radix(sha256.get(..16)?, 16).ok()
}

/// 64 bits of a file's name: among 10^7 names, two collide with a chance below 10^-5.
fn key(file: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    hasher.finish()
}

impl From<&Record> for PastRow {
    fn from(record: &Record) -> Self {
        Self {
            _ours: Ours,
            sha256: record.sha256.clone(),
            file: record.file.clone(),
            decision: record.decision,
            model: record
                .model
                .as_ref()
                .map(|model| PastModel(model.identity())),
            has_source: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn past(files: &[String]) -> Past {
        Past {
            rows: files.iter().map(|file| (key(file), None)).collect(),
            ..Past::default()
        }
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-e]", 0..20)
    }

    proptest! {
        #[test]
        fn an_unchanged_source_goes_on_after_the_last_row(files in names(), cut in 0usize..20) {
            let cut = cut.min(files.len());
            let mut past = past(&files[..cut]);
            for (position, file) in files.iter().enumerate() {
                prop_assert_eq!(past.has(file), position < cut);
            }
        }

        #[test]
        fn whatever_the_source_has_become_no_row_is_written_twice(old in names(), new in names()) {
            let mut past = past(&old);
            let mut written = old.clone();
            written.extend(new.iter().filter(|file| !past.has(file)).cloned());
            for name in &written {
                let count = |list: &[String]| list.iter().filter(|other| *other == name).count();
                prop_assert_eq!(count(&written), count(&old).max(count(&new)));
            }
        }
    }
}
