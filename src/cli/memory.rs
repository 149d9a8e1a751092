//! `--index` of `check` and `scan`: where the memory lies, and how it is asked.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use faunalens::fingerprint::MATCH_DISTANCE;
use faunalens::index::{Index, Match, Method};
use faunalens::pipeline::{Memory, Search};

/// How long a command waits for another writer to finish.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The index and how it is searched.
#[derive(Debug, Args)]
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
}

impl MemoryOptions {
    /// No index.
    pub(super) fn none() -> Self {
        Self {
            index: None,
            max_distance: MATCH_DISTANCE,
            any_orientation: false,
            exact: false,
        }
    }

    /// The index to ask, if one is named.
    pub(super) fn reader(&self) -> anyhow::Result<Option<Memory>> {
        let index = self.index.as_deref();
        Ok(index
            .map(|dir| Memory::open(dir, self.search()))
            .transpose()?)
    }

    /// The index to ask and add to, if one is named.
    pub(super) fn writer(&self) -> anyhow::Result<Option<Memory>> {
        let index = self.index.as_deref();
        let open = |dir| Memory::open_to_add(dir, self.search(), PATIENCE);
        Ok(index.map(open).transpose()?)
    }

    fn search(&self) -> Search {
        let mut search = Search::default();
        search.max_distance = self.max_distance;
        search.any_orientation = self.any_orientation;
        search.exact = self.exact;
        search
    }
}

/// Tells people what was found wrong with an index and worked around.
pub(super) fn warn(index: &Index) {
    for warning in index.warnings() {
        eprintln!("faunalens: warning: {warning}");
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
    format!("        seen before: {near}; {}{weak}", seen.join(", "))
}
