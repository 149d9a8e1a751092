//! Lists of hashes that organisations exchange: their forms and their rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A form of hash list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// ThreatExchange's local file: `pdq <64 hex>` or a bare hash per line.
    ThreatExchange,
    /// ThreatExchange's data set as CSV: `signal_type,signal_str,collab,category,tags`.
    Csv,
    /// The PDQ tools: `hash,quality,path` per line.
    PdqTool,
    /// JSON lines: a head, then one hash per line with stable id, time of change, tombstones and
    /// sellers.
    Json,
}

/// How sellers leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sellers<'a> {
    /// Not at all.
    Omitted,
    /// As pseudonyms under this key; partners who share the key can compare them.
    Pseudonyms(&'a [u8]),
    /// By name.
    Plain,
}

/// Names the JSON form in the head of a list.
pub(super) const FORMAT: &str = "faunalens.hashes.v1";

/// First line of a list in JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) definition: String,
    /// Latest change in the list: ask for changes since then next time.
    pub(super) checkpoint: String,
}

/// One hash of a list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pdq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quality: Option<u8>,
    pub(super) updated_at: String,
    #[serde(default)]
    pub(super) deleted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sightings: Vec<Seen>,
    /// Hashes of other families, by definition, in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) perceptual: BTreeMap<String, String>,
}

/// Where a hash was seen.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) seller: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) platform: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) captured_at: String,
}

impl Row {
    /// A row of a list without ids: the hash is the id.
    pub(super) fn without_id(hash: &str, quality: Option<u8>, tags: &str) -> Self {
        let hash = hash.trim().to_ascii_lowercase();
        Self {
            id: hash.clone(),
            pdq: Some(hash),
            quality,
            tags: tags.split_whitespace().map(str::to_owned).collect(),
            ..Self::default()
        }
    }
}
