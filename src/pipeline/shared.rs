//! An index that many processes add to at once: each holds it for as long as one call takes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Examined, Memory, Search};
use crate::fingerprint::PerceptualAlgorithm;
use crate::index::{Index, Result};
use crate::record::Record;
use crate::verdict::Policy;

/// An index that photos are matched with and remembered in, without holding it in between: hooks
/// and services can add to one index at the same time.
#[derive(Debug, Clone)]
pub struct SharedMemory {
    dir: PathBuf,
    search: Search,
    patience: Duration,
    also: Vec<PerceptualAlgorithm>,
    policy: Option<Arc<Policy>>,
}

/// Photos that are in the index.
#[derive(Debug)]
#[non_exhaustive]
pub struct Remembered {
    /// A row for each photo, in order; those that could not be read are not in the index.
    pub records: Vec<Record>,
    /// What was found wrong with the index and worked around, for people.
    pub warnings: Vec<String>,
}

impl SharedMemory {
    /// Names an index, which is made where there is none. Every call waits up to `patience` for
    /// other writers.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError), [`Locked`](crate::index::IndexError::Locked)
    /// among them.
    pub fn open(dir: &Path, search: Search, patience: Duration) -> Result<Self> {
        let index = Index::writer_or_new(dir, patience)?;
        Ok(Self {
            dir: dir.into(),
            search,
            patience,
            also: index.settings().also.clone(),
            policy: None,
        })
    }

    /// The same memory, whose matches raise what the policy says.
    #[must_use]
    pub fn with_policy(self, policy: Option<Arc<Policy>>) -> Self {
        Self { policy, ..self }
    }

    /// Hashes that the index keeps beside PDQ: what [`inspect`](super::inspect) has to make.
    #[must_use]
    pub fn also(&self) -> &[PerceptualAlgorithm] {
        &self.also
    }

    /// Matches photos with what the index holds, judges them, and remembers them: they are on the
    /// disk when this returns. Photos of one call are matched with one another too, the later with
    /// the earlier.
    ///
    /// # Errors
    /// [`IndexError`](crate::index::IndexError); then none of them is remembered.
    pub fn screen(&self, photos: impl IntoIterator<Item = Examined>) -> Result<Remembered> {
        let photos: Vec<Examined> = photos.into_iter().collect();
        if photos.iter().all(|photo| photo.evidence.is_none()) {
            return Ok(Remembered {
                records: photos.into_iter().map(|photo| photo.record).collect(),
                warnings: Vec::new(),
            });
        }
        let memory = Memory::open_to_add(&self.dir, self.search, self.patience)?;
        let mut memory = memory.with_policy(self.policy.clone());
        let records = photos.into_iter().map(|photo| memory.screen(photo));
        let records: Vec<Record> = records.collect::<Result<_>>()?;
        memory.commit()?;
        Ok(Remembered {
            records,
            warnings: memory.index().warnings(),
        })
    }
}
