//! `--index` of `check` and `scan`: finding what was seen before, and remembering what is seen now.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use faunalens::fingerprint::MATCH_DISTANCE;
use faunalens::index::{
    Index, IndexError, Match, Method, Query, Settings as IndexSettings, Sighting,
};
use faunalens::photo::source::Item;
use faunalens::record::{IndexStamp, Record};
use indicatif::ProgressBar;

/// Rows that are made durable together.
const TOGETHER: usize = 64;
/// Longest time a row waits to be made durable.
const AT_MOST: Duration = Duration::from_millis(500);
/// How long a scan waits for another writer to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// The index and how it is searched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Index")]
pub(super) struct Memory {
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

impl Memory {
    /// No index.
    pub(super) fn none() -> Self {
        Self {
            index: None,
            max_distance: MATCH_DISTANCE,
            any_orientation: false,
            exact: false,
        }
    }

    /// Whether an index is to be asked.
    pub(super) fn is_named(&self) -> bool {
        self.index.is_some()
    }

    /// The index to ask, if one is named.
    pub(super) fn reader(&self) -> anyhow::Result<Option<Index>> {
        Ok(self.index.as_deref().map(Index::open).transpose()?)
    }

    /// The index to ask and add to, if one is named.
    pub(super) fn writer(&self) -> anyhow::Result<Option<Index>> {
        let Some(dir) = &self.index else {
            return Ok(None);
        };
        match Index::writer(dir, PATIENCE) {
            Err(IndexError::Missing(_)) => Ok(Some(Index::create(dir, IndexSettings::default())?)),
            other => Ok(Some(other?)),
        }
    }

    /// Puts the matches of a photo into its record, without the sighting `own`.
    pub(super) fn recall(
        &self,
        index: &Index,
        record: &mut Record,
        own: Option<&Sighting>,
    ) -> Result<(), IndexError> {
        let Some(evidence) = &record.evidence else {
            return Ok(());
        };
        let query = Query {
            max_distance: self.max_distance,
            exact: self.exact,
            ..evidence.query(self.any_orientation)
        };
        let mut matches = index.query(&query)?;
        if let Some(own) = own {
            let same = |found: &Match| {
                found.method == Method::Sha256
                    && (&found.file, &found.seller, &found.listing)
                        == (&own.file, &own.seller, &own.listing)
            };
            matches.retain(|found| !same(found));
        }
        record.matches = Some(matches);
        record.index = Some(IndexStamp {
            images: index.images_held()?,
            built_at: index.built_at().map(str::to_owned),
        });
        Ok(())
    }

    /// Matches a photo, then adds it.
    pub(super) fn remember(
        &self,
        index: &mut Index,
        item: Item,
        record: &mut Record,
    ) -> Result<(), IndexError> {
        let context = item.context;
        let sighting = Sighting {
            file: item.file,
            seller: context.seller.unwrap_or_default(),
            listing: context.listing.unwrap_or_default(),
            platform: context.platform.unwrap_or_default(),
            captured_at: context.captured_at.unwrap_or_default(),
        };
        self.recall(index, record, Some(&sighting))?;
        if let Some(mut evidence) = record.evidence.take() {
            evidence.entry.sighting = sighting;
            index.add(&evidence.entry)?;
        }
        Ok(())
    }

    /// Packs what was added.
    pub(super) fn seal(&self, index: &mut Index, progress: &ProgressBar) -> anyhow::Result<()> {
        Ok(index.seal(&mut |points| {
            progress.set_message(format!("{points} descriptors in the graph"))
        })?)
    }
}

/// Rows whose photos are in the index but not yet durable there: written out only afterwards, so that a row in the
/// output is always a picture in the index.
#[derive(Default)]
pub(super) struct Waiting {
    rows: Vec<Record>,
    since: Option<Instant>,
}

impl Waiting {
    /// Takes one row; gives back those that are durable now.
    pub(super) fn take(
        &mut self,
        index: &mut Index,
        record: Record,
    ) -> Result<Vec<Record>, IndexError> {
        self.rows.push(record);
        let since = *self.since.get_or_insert_with(Instant::now);
        if self.rows.len() < TOGETHER && since.elapsed() < AT_MOST {
            return Ok(Vec::new());
        }
        self.rest(index)
    }

    /// Makes all rows durable.
    pub(super) fn rest(&mut self, index: &mut Index) -> Result<Vec<Record>, IndexError> {
        index.commit()?;
        self.since = None;
        Ok(std::mem::take(&mut self.rows))
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
    let weak = found.weak.as_ref().map_or(String::new(), |why| {
        format!(" (no evidence by itself: {why})")
    });
    format!("        seen before: {near}; {}{weak}", seen.join(", "))
}
