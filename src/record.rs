//! The one output row, and its forms: JSON lines, CSV, Parquet.

mod csv;
mod flat;
mod jsonl;
mod parquet;
mod place;
mod region;
pub mod resume;
pub mod sink;
mod view;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use region::RegionRecord;
pub use view::ViewRecord;

use crate::escape;
use crate::index::Match;
use crate::manifest::{Context, Passthrough};
use crate::photo::{FailureKind, Mark, PhotoError};
use crate::schreger::Reading;
use crate::verdict::{CodedReason, Decision, Law, Policy, Reason, ReasonCode};

/// The value of every record's `schema` field.
pub const SCHEMA: &str = "faunalens.record.v1";

/// The JSON Schema (draft 2020-12) of a record.
pub const JSON_SCHEMA: &str = include_str!("record/schema.json");

/// What faunalens says of one photo. A field whose stage did not run is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The photo as it was named to the program; `-` is standard input.
    pub file: String,
    /// SHA-256 of the file's bytes, lower-case hex.
    pub sha256: Option<String>,
    /// `jpeg`, `png`, ... by content, not by name.
    pub format: Option<String>,
    /// Upright width in pixels, as the file declares it.
    pub width: Option<u32>,
    /// Upright height in pixels, as the file declares it.
    pub height: Option<u32>,
    /// Null when the photo could not be read.
    pub decision: Option<Decision>,
    /// Why the decision is not `clear`.
    pub reasons: Vec<String>,
    /// Every label of the bundle, best first; the scores sum to 1.
    pub materials: Vec<Material>,
    /// The reading of the Schreger lattice.
    pub schreger: Option<Reading>,
    /// PDQ hash, 64 lower-case hex digits.
    pub pdq: Option<String>,
    /// PDQ quality, 0 to 100; below 50 the hash says little.
    pub pdq_quality: Option<u8>,
    /// The same picture elsewhere; null without an index.
    pub matches: Option<Vec<Match>>,
    /// Legal status per jurisdiction of what was raised; empty when nothing was.
    pub law: Option<Vec<Law>>,
    /// Which model gave the scores.
    pub model: Option<ModelStamp>,
    /// Which index was asked.
    pub index: Option<IndexStamp>,
    /// Time spent on this photo, in milliseconds.
    pub elapsed_ms: f64,
    /// Why the photo could not be read.
    pub error: Option<Failure>,
    /// Who offers it, as the manifest says.
    #[serde(default)]
    pub seller: Option<String>,
    /// The listing it illustrates, as the manifest says.
    #[serde(default)]
    pub listing: Option<String>,
    /// The site it was seen on, as the manifest says.
    #[serde(default)]
    pub platform: Option<String>,
    /// When it was captured, as the manifest states it.
    #[serde(default)]
    pub captured_at: Option<String>,
    /// The manifest's other columns, in its order; null where it has none.
    #[serde(default)]
    pub source: Option<Passthrough>,
    /// What to know of a picture that was read all the same, in a fixed order; mostly empty.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// The reasons in parts, each in the place of the one in `reasons`.
    #[serde(default)]
    pub reasons_coded: Vec<CodedReason>,
    /// The pictures on a page, the surest first; empty for an ordinary photograph, null where they
    /// were not looked for.
    #[serde(default)]
    pub regions: Option<Vec<RegionRecord>>,
    /// Parts of a large photograph that were looked at more closely; empty where the first look was
    /// enough, null where none are looked at.
    #[serde(default)]
    pub views: Option<Vec<ViewRecord>>,
}

/// A label and its calibrated score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Material {
    /// A label of the bundle.
    pub label: String,
    /// Calibrated probability, 0 to 1.
    pub score: f64,
}

/// Identity of the model behind a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelStamp {
    /// The bundle's name.
    pub name: String,
    /// The bundle's version.
    pub version: String,
    /// SHA-256 of the ONNX file, lower-case hex; of a taught bundle, that of the hashes of the ONNX
    /// file and of the head.
    pub sha256: String,
    /// The rates of labels that the scores were moved to (`--prior`); absent when they were not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prior: BTreeMap<String, f64>,
}

impl ModelStamp {
    /// What rows must share to stand in one output: the hash and the prior, such as
    /// `25fc62.. at ivory=0.001`.
    #[must_use]
    pub fn identity(&self) -> String {
        identity(&self.sha256, &prior_in_words(&self.prior))
    }
}

fn identity(sha256: &str, prior: &str) -> String {
    if prior.is_empty() {
        return sha256.to_owned();
    }
    format!("{sha256} at {prior}")
}

/// `ivory=0.001 rhino_horn=0.0001`, sorted by label; empty for none.
fn prior_in_words(prior: &BTreeMap<String, f64>) -> String {
    let rates: Vec<String> = prior
        .iter()
        .map(|(label, rate)| format!("{label}={rate}"))
        .collect();
    rates.join(" ")
}

/// Which state of an index was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexStamp {
    /// Pictures in it.
    pub images: u64,
    /// When its packed files were made, UTC; null before the first time.
    pub built_at: Option<String>,
}

/// Why a photo could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// The same in words.
    pub message: String,
}

impl Record {
    /// A record of which nothing but the file is known yet.
    #[must_use]
    pub fn new(file: String) -> Self {
        Self {
            schema: SCHEMA.into(),
            file,
            sha256: None,
            format: None,
            width: None,
            height: None,
            decision: None,
            reasons: Vec::new(),
            materials: Vec::new(),
            schreger: None,
            pdq: None,
            pdq_quality: None,
            matches: None,
            law: None,
            model: None,
            index: None,
            elapsed_ms: 0.0,
            error: None,
            seller: None,
            listing: None,
            platform: None,
            captured_at: None,
            source: None,
            marks: Vec::new(),
            reasons_coded: Vec::new(),
            regions: None,
            views: None,
        }
    }

    /// Takes over what a manifest says of the photo.
    pub fn set_context(&mut self, context: &Context) {
        let context = context.clone();
        self.seller = context.seller;
        self.listing = context.listing;
        self.platform = context.platform;
        self.captured_at = context.captured_at;
        self.source = context.source;
    }

    /// Adds reasons, in words and in parts.
    pub fn give_reasons(&mut self, reasons: &[Reason]) {
        self.reasons.extend(reasons.iter().map(ToString::to_string));
        self.reasons_coded.extend(reasons.iter().map(Reason::coded));
    }

    /// Raises the decision by what the matches are under a policy, and says why. Without a
    /// decision or matches nothing changes.
    pub fn judge_matches(&mut self, policy: &Policy) {
        let (Some(decision), Some(matches)) = (self.decision, &self.matches) else {
            return;
        };
        let judged = policy.judge(matches);
        self.decision = Some(decision.max(judged.decision));
        self.give_reasons(&judged.reasons);
    }

    /// The labels of the bundle that raised the decision, each once, in the order of the reasons.
    #[must_use]
    pub fn raised(&self) -> Vec<&str> {
        let mut raised: Vec<&str> = Vec::new();
        for reason in &self.reasons_coded {
            let by_label = !matches!(
                reason.code,
                ReasonCode::MatchSource
                    | ReasonCode::MatchCategory
                    | ReasonCode::MatchTag
                    | ReasonCode::MatchCleared
            );
            let label = reason.label.as_deref().filter(|_| by_label);
            raised.extend(label.filter(|label| !raised.contains(label)));
        }
        raised
    }

    /// Takes back what was found of the photo, and says why it could not be read.
    pub fn fail(&mut self, failure: Failure) {
        self.decision = None;
        self.reasons.clear();
        self.reasons_coded.clear();
        self.regions = None;
        self.views = None;
        self.materials.clear();
        self.law = None;
        self.error = Some(failure);
    }

    /// The record as one line of JSON, without the line end.
    ///
    /// # Errors
    /// Never in practice: every field has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let line = serde_json::to_string(self)?;
        Ok(match escape::json(&line) {
            Cow::Owned(safe) => safe,
            Cow::Borrowed(_) => line,
        })
    }
}

impl Failure {
    /// A fault of the program or of the system.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Internal,
            message: message.into(),
        }
    }
}

impl From<PhotoError> for Failure {
    fn from(error: PhotoError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

/// Scores with their labels, best first; equal scores keep the bundle's order.
/// Rounded to six decimals, which is beyond what inference reproduces.
#[must_use]
pub fn materials(labels: &[String], scores: &[f32]) -> Vec<Material> {
    let mut materials: Vec<Material> = labels
        .iter()
        .zip(scores)
        .map(|(label, &score)| Material {
            label: label.clone(),
            score: (f64::from(score) * 1e6).round() / 1e6,
        })
        .collect();
    materials.sort_by(|a, b| b.score.total_cmp(&a.score));
    materials
}
