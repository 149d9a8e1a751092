//! Lists of hashes that organisations exchange: their forms and their rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::opinion::Opinion;

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

impl Form {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ThreatExchange => "threatexchange",
            Self::Csv => "csv",
            Self::PdqTool => "pdq",
            Self::Json => "json",
        }
    }
}

/// Names the JSON form in the head of a list.
pub(super) const FORMAT: &str = "faunalens.hashes.v1";

/// First line of a list in JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) definition: String,
    /// Ask for changes since then next time.
    pub(super) checkpoint: String,
    /// The list holds what changed after this time alone; empty: it is the whole state.
    #[serde(default)]
    pub(super) since: String,
    /// Lines after this one, by which a list that was cut off is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lines: Option<u64>,
}

impl Head {
    /// Whether its hashes are comparable with ours: PDQ of the first version, however it is made
    /// smaller.
    pub(super) fn names_our_hash(&self) -> bool {
        let name = self.definition.split_whitespace().next().unwrap_or("");
        name.eq_ignore_ascii_case("pdq") || name.eq_ignore_ascii_case("pdq/1")
    }
}

/// One hash of a list.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pdq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quality: Option<u8>,
    #[serde(default)]
    pub(super) updated_at: String,
    #[serde(default)]
    pub(super) deleted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<String>,
    #[serde(
        default,
        alias = "label",
        skip_serializing_if = "Option::is_none",
        deserialize_with = "opinion"
    )]
    pub(super) opinion: Option<Opinion>,
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

/// Most tags of a hash that are kept.
const MOST_TAGS: usize = 64;
/// Longest text of a partner's that is kept, in characters.
const LONGEST_TEXT: usize = 200;

impl Row {
    /// A row of a list without ids: the hash is the id.
    pub(super) fn without_id(hash: &str, quality: Option<u8>) -> Self {
        let hash = hash.trim().to_ascii_lowercase();
        Self {
            id: hash.clone(),
            pdq: Some(hash),
            quality,
            ..Self::default()
        }
    }

    /// The same with what its list says of it: a category, and tags between commas, or between
    /// blanks where there is no comma.
    pub(super) fn said(mut self, category: &str, tags: &str) -> Self {
        let separated: Vec<&str> = match tags.contains(',') {
            true => tags.split(',').collect(),
            false => tags.split_whitespace().collect(),
        };
        for tag in separated {
            // Words between blanks: `false positive` is one tag, and not a positive one.
            match self.tags.last_mut() {
                Some(last) if Opinion::of(&format!("{last} {tag}")).is_some() => {
                    *last += " ";
                    *last += tag;
                }
                _ => self.tags.push(tag.trim().to_owned()),
            }
        }
        self.category = Some(category.to_owned());
        self
    }

    /// The row with texts that can be shown, and the opinion that they state.
    pub(super) fn cleaned(mut self) -> Self {
        let shown = |text: String| Some(clean(&text)).filter(|text| !text.is_empty());
        self.category = self.category.and_then(shown);
        self.tags = self.tags.into_iter().filter_map(shown).collect();
        self.tags.truncate(MOST_TAGS);
        let stated = self.category.iter().chain(&self.tags);
        let stated = stated.filter_map(|word| Opinion::of(word));
        self.opinion = stated.fold(self.opinion, Opinion::and);
        for seen in &mut self.sightings {
            for text in [&mut seen.seller, &mut seen.platform, &mut seen.captured_at] {
                *text = clean(text);
            }
        }
        self
    }
}

/// A partner's text in one line of bounded length, without what would act on a terminal.
pub(super) fn clean(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = text.trim().chars().take(LONGEST_TEXT);
    text.map(|c| if acts(c) { ' ' } else { c }).collect()
}

fn opinion<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Opinion>, D::Error> {
    let Some(word) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let opinion = Opinion::of(&word);
    let unknown = || de::Error::custom(format!("`{}` is no opinion", clean(&word)));
    opinion.map(Some).ok_or_else(unknown)
}
