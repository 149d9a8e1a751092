//! What was seen before: an index, and how it is asked.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Examined;
use super::inspect::{Needs, sighting_of};
use crate::fingerprint::{MATCH_DISTANCE, PerceptualAlgorithm};
use crate::index::{
    Evidence, Followed, Index, Match, Matches, Method, PackedFiles, Query, Result, Sighting,
};
use crate::manifest::Item;
use crate::record::{IndexStamp, Record};
use crate::verdict::Policy;

/// Photos that are made durable together.
pub(super) const TOGETHER: usize = 64;
/// Longest time a row waits to be made durable.
const AT_MOST: Duration = Duration::from_millis(500);
/// How long a run that has begun waits for another writer, such as a compaction, before it gives
/// up.
pub(super) const OTHERS_TURN: Duration = Duration::from_secs(3600);

/// How an index is searched for a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// Differing bits up to which PDQ hashes match, 0 to 256.
    pub max_distance: u32,
    /// Also match mirrored and turned copies by their hashes.
    pub any_orientation: bool,
    /// Scan the whole index: no tables, no graph.
    pub exact: bool,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            max_distance: MATCH_DISTANCE,
            any_orientation: false,
            exact: false,
        }
    }
}

/// An index that photos are matched with and, where it is open to add, that remembers them.
#[derive(Debug)]
pub struct Memory {
    index: Index,
    search: Search,
    adds: bool,
    policy: Option<Arc<Policy>>,
}

impl Memory {
    /// Opens an index to match photos with.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError), its
    /// [`Missing`](crate::index::IndexError::Missing) among them.
    pub fn open(dir: &Path, search: Search) -> Result<Self> {
        Self::open_sharing(dir, search, &PackedFiles::default())
    }

    /// Opens an index to match photos with, whose packed files are mapped once for all that share
    /// them.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_sharing(dir: &Path, search: Search, packed_files: &PackedFiles) -> Result<Self> {
        Ok(Self {
            index: Index::open_sharing(dir, packed_files)?,
            search,
            adds: false,
            policy: None,
        })
    }

    /// Opens an index to match photos with and to remember them; makes it where there is none.
    /// Another writer is waited for, for `patience`.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError), its
    /// [`Locked`](crate::index::IndexError::Locked) among them.
    pub fn open_to_add(dir: &Path, search: Search, patience: Duration) -> Result<Self> {
        let index = Index::writer_or_new(dir, patience)?;
        Ok(Self {
            index,
            search,
            adds: true,
            policy: None,
        })
    }

    /// The same memory, whose matches raise what the policy says.
    #[must_use]
    pub fn with_policy(self, policy: Option<Arc<Policy>>) -> Self {
        Self { policy, ..self }
    }

    /// The index behind it.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The index behind it, to be changed where this is open to add.
    pub fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// Hashes that the index keeps beside PDQ.
    #[must_use]
    pub fn also(&self) -> &[PerceptualAlgorithm] {
        &self.index.settings().also
    }

    /// What is needed of a photo to match it and, where it is to be `remembered`, to keep it.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn needs(&self, remembered: bool) -> Result<Needs<'_>> {
        Ok(Needs {
            also: self.also(),
            landmarks: remembered || self.index.compares_landmarks()?,
        })
    }

    /// Whether the photo of an entry, whose SHA-256 begins with `picture`, is remembered as it is
    /// offered there.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn remembers(&self, picture: u64, item: &Item) -> Result<bool> {
        self.index
            .has_sighting(picture, &sighting_of(&item.file, &item.context))
    }

    /// Matches an examined photo and, where this is open to add, remembers it: durable only after
    /// [`Memory::commit`]. A photo's own earlier sighting (same bytes, file, seller and listing) is
    /// no match of a photo that is being added. One that could not be read passes unchanged.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn screen(&mut self, examined: Examined) -> Result<Record> {
        let Examined {
            mut record,
            evidence,
        } = examined;
        let Some(mut evidence) = evidence else {
            return Ok(record);
        };
        let mut matches = self.matches(&evidence)?;
        if self.adds {
            let own = &evidence.entry.sighting;
            matches.whole.retain(|found| !is_sighting(found, own));
            // The page's own pictures, from an earlier run.
            let parts = matches.parts.iter_mut();
            parts.for_each(|part| part.retain(|found| !is_place(found, own)));
        }
        record.matches = Some(matches.together());
        for (region, found) in record.regions.iter_mut().flatten().zip(matches.parts) {
            region.matches = Some(found);
        }
        record.index = Some(IndexStamp {
            images: self.index.images_held()?,
            built_at: self.index.built_at().map(str::to_owned),
        });
        if let Some(policy) = &self.policy {
            record.judge_matches(policy);
        }
        if self.adds {
            let entry = &mut evidence.entry;
            entry.decision = record.decision.map(|decision| decision.name().to_owned());
            entry.raised = record.raised().into_iter().map(str::to_owned).collect();
            self.index.add(entry)?;
        }
        Ok(record)
    }

    fn matches(&self, evidence: &Evidence) -> Result<Matches> {
        let adjust = |query| Query {
            max_distance: self.search.max_distance,
            exact: self.search.exact,
            ..query
        };
        self.index
            .matches_of(evidence, self.search.any_orientation, adjust)
    }

    /// Takes up what other processes added since the index was opened or last followed.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn follow(&mut self) -> Result<Followed> {
        self.index.follow()
    }

    /// What matches raise.
    #[must_use]
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// From now on, matches raise what another policy says.
    pub fn set_policy(&mut self, policy: Option<Arc<Policy>>) {
        self.policy = policy;
    }

    /// Makes what was added durable, and lets other processes add until
    /// [`resume`](Self::resume). Where this is not open to add, it does nothing.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn pause(&mut self) -> Result<()> {
        match self.adds {
            true => self.index.pause_writing(),
            false => Ok(()),
        }
    }

    /// Goes on adding after [`pause`](Self::pause); another writer is waited for, for `patience`.
    /// Where this is not open to add, it does nothing.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError), its
    /// [`Locked`](crate::index::IndexError::Locked) among them.
    pub fn resume(&mut self, patience: Duration) -> Result<()> {
        match self.adds {
            true => self.index.resume_writing(patience),
            false => Ok(()),
        }
    }

    /// Takes back what was added since it was last durable.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn abandon(&mut self) -> Result<()> {
        self.index.abandon()
    }

    /// Makes what was added durable.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn commit(&mut self) -> Result<()> {
        self.index.commit()
    }

    /// Commits, and packs what was added for searching; `progress` is called with the number of
    /// descriptors in the graph. Another writer is waited for, for an hour at most.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError).
    pub fn seal(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.resume(OTHERS_TURN)?;
        self.index.seal(progress)
    }
}

fn is_sighting(found: &Match, own: &Sighting) -> bool {
    found.method == Method::Sha256 && is_place(found, own)
}

fn is_place(found: &Match, own: &Sighting) -> bool {
    (&found.file, &found.seller, &found.listing) == (&own.file, &own.seller, &own.listing)
}

/// Photos that wait to be matched and remembered together. The index is held for that long alone,
/// so that others can add to it beside a long scan, and a row leaves only once its photo is
/// durable.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    photos: Vec<(T, Examined)>,
    since: Option<Instant>,
}

impl<T> Waiting<T> {
    /// Nobody waits; where the index is open to add, others may have it.
    pub(super) fn new(memory: &mut Memory) -> Result<Self> {
        memory.pause()?;
        Ok(Self {
            photos: Vec::new(),
            since: None,
        })
    }

    /// Takes one photo; gives back the rows that are durable now: at once where nothing is added.
    pub(super) fn push(
        &mut self,
        memory: &mut Memory,
        item: T,
        examined: Examined,
    ) -> Result<Vec<(T, Record)>> {
        self.photos.push((item, examined));
        let since = *self.since.get_or_insert_with(Instant::now);
        if memory.adds && self.photos.len() < TOGETHER && since.elapsed() < AT_MOST {
            return Ok(Vec::new());
        }
        self.screen(memory)
    }

    /// Screens all that wait, makes them durable, and gives back their rows.
    pub(super) fn screen(&mut self, memory: &mut Memory) -> Result<Vec<(T, Record)>> {
        self.since = None;
        memory.resume(OTHERS_TURN)?;
        let rows = self
            .photos
            .drain(..)
            .map(|(item, examined)| Ok((item, memory.screen(examined)?)))
            .collect::<Result<_>>()?;
        memory.pause()?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Landmarks;
    use crate::index::{Descriptor, Entry};

    #[test]
    fn landmarks_are_needed_to_remember_and_once_some_can_be_compared() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, patience) = (folder.path().join("seen"), Duration::from_secs(5));
        let mut memory = Memory::open_to_add(&dir, Search::default(), patience).unwrap();
        let needed = |memory: &Memory, remembered| memory.needs(remembered).unwrap().landmarks;
        assert!(!needed(&memory, false) && needed(&memory, true));
        let entry = Entry {
            sha256: [1; 32],
            landmarks: Some(Landmarks::default()),
            ..Entry::default()
        };
        memory.index_mut().add(&entry).unwrap();
        assert!(!needed(&memory, false), "nothing proposes it");
        let entry = Entry {
            sha256: [2; 32],
            descriptor: Some(Descriptor {
                vector: vec![1.0, 0.0],
                model: "m".into(),
                preprocessing: "p".into(),
            }),
            ..entry
        };
        memory.index_mut().add(&entry).unwrap();
        memory.commit().unwrap();
        assert!(needed(&memory, false));
        let reader = Memory::open(&dir, Search::default()).unwrap();
        assert!(needed(&reader, false));
    }
}
