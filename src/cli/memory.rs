//! `--index` of `check` and `scan`: where the memory lies, and how it is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::console::tell;
use anyhow::Context;
use clap::Args;
use faunalens::fingerprint::MATCH_DISTANCE;
use faunalens::index::{Index, Match, Method};
use faunalens::pipeline::{Memory, Search, SharedMemory};
use faunalens::verdict::Policy;

/// How long a command waits for another writer to finish.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The index and how it is searched.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Index")]
pub(super) struct MemoryOptions {
    /// Index of pictures seen before; `scan` adds to it, and makes it when it is not there
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,

    /// Differing bits up to which PDQ hashes match, of 256
    #[arg(long, value_name = "BITS", default_value_t = MATCH_DISTANCE, value_parser = clap::value_parser!(u32).range(0..=256))]
    max_distance: u32,

    /// Also match mirrored and turned copies by their hashes
    #[arg(long)]
    any_orientation: bool,

    /// Scan the whole index: no tables, no graph
    #[arg(long)]
    exact: bool,

    /// What a match with a list of others raises: a file in TOML, see docs/policy.md
    #[arg(long, value_name = "FILE", requires = "index")]
    policy: Option<PathBuf>,
}

impl MemoryOptions {
    /// No index.
    pub(super) fn none() -> Self {
        Self {
            index: None,
            max_distance: MATCH_DISTANCE,
            any_orientation: false,
            exact: false,
            policy: None,
        }
    }

    /// The index to ask, if one is named.
    pub(super) fn reader(&self) -> anyhow::Result<Option<Memory>> {
        let policy = self.policy()?;
        let Some(dir) = self.index.as_deref() else {
            return Ok(None);
        };
        let memory = Memory::open(dir, self.search())?;
        warn_of_unknown_sources(policy.as_deref(), memory.index())?;
        Ok(Some(memory.with_policy(policy)))
    }

    /// The index to ask and add to, if one is named.
    pub(super) fn writer(&self) -> anyhow::Result<Option<Memory>> {
        let policy = self.policy()?;
        let Some(dir) = self.index.as_deref() else {
            return Ok(None);
        };
        let memory = Memory::open_to_add(dir, self.search(), PATIENCE)?;
        warn_of_unknown_sources(policy.as_deref(), memory.index())?;
        Ok(Some(memory.with_policy(policy)))
    }

    /// The index to ask and add to beside others; it has to be named.
    pub(super) fn shared(&self) -> anyhow::Result<SharedMemory> {
        let policy = self.policy()?;
        let dir = self.index.as_deref().context("no index is named")?;
        let memory = SharedMemory::open(dir, self.search(), PATIENCE)?;
        if policy.is_some() {
            warn_of_unknown_sources(policy.as_deref(), &Index::open(dir)?)?;
        }
        Ok(memory.with_policy(policy))
    }

    /// Whether an index is named.
    pub(super) fn is_named(&self) -> bool {
        self.index.is_some()
    }

    /// What a match raises, where a file says so.
    pub(super) fn policy(&self) -> anyhow::Result<Option<Arc<Policy>>> {
        let policy = self.policy.as_deref().map(Policy::load).transpose()?;
        Ok(policy.map(Arc::new))
    }

    /// Where the index lies.
    #[cfg(all(unix, feature = "serve"))]
    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.index.clone()
    }

    /// How it is searched.
    pub(super) fn search(&self) -> Search {
        let mut search = Search::default();
        search.max_distance = self.max_distance;
        search.any_orientation = self.any_orientation;
        search.exact = self.exact;
        search
    }
}

/// An index to change, once nobody else changes it.
pub(super) fn writer(dir: &Path) -> anyhow::Result<Index> {
    Ok(Index::writer(dir, PATIENCE)?)
}

/// A name that is misspelt in a policy would never raise anything.
fn warn_of_unknown_sources(policy: Option<&Policy>, index: &Index) -> anyhow::Result<()> {
    let Some(policy) = policy else {
        return Ok(());
    };
    let known = index.source_names()?;
    for name in policy.sources() {
        if !known.iter().any(|known| known == name) {
            tell(format!(
                "faunalens: warning: the policy names the list {name:?}, which this index doesn't \
                 hold (it holds {known:?})"
            ));
        }
    }
    Ok(())
}

/// Tells people what was found wrong with an index and worked around.
pub(super) fn warn(index: &Index) {
    for warning in index.warnings() {
        tell(format!("faunalens: warning: {warning}"));
    }
}

/// One indented line: how near, by which method, where it was seen.
pub(super) fn in_words(found: &Match) -> String {
    let near = match found.method {
        Method::Sha256 => "the same file".to_owned(),
        Method::Pdq => format!("{} of 256 bits differ", found.distance),
        Method::Perceptual => format!("{} of 256 bits of pHash differ", found.distance),
        Method::Descriptor => format!("part of it, cosine {:.2}", found.similarity),
    };
    let seen = [
        ("seller", &found.seller),
        ("listing", &found.listing),
        ("platform", &found.platform),
        ("captured", &found.captured_at),
        ("file", &found.file),
    ];
    let seen: Vec<String> = seen
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let weak = found.weak.map_or(String::new(), |why| {
        format!(" (no evidence by itself: {why})")
    });
    let mut line = match &found.source {
        None => format!("        seen before: {near}"),
        Some(source) => format!("        on list {source}: {near}"),
    };
    let listed = [
        ("opinion", found.opinion.map(|opinion| opinion.to_string())),
        ("category", found.category.clone()),
        (
            "tags",
            (!found.tags.is_empty()).then(|| found.tags.join(" ")),
        ),
        ("since", found.listed_at.clone()),
    ];
    let listed = listed.into_iter();
    let listed = listed.filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    let known: Vec<String> = seen.into_iter().chain(listed).collect();
    if !known.is_empty() {
        line += &format!("; {}", known.join(", "));
    }
    line + &weak
}
