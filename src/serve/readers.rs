//! Readers of the index that were opened aside, for workers to take up without a pause; and what
//! is known of the index's state.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::index::{Followed, PackedFiles, Result};
use crate::pipeline::{Memory, Search};

/// What is known of the index.
#[derive(Debug, Clone)]
pub(super) struct IndexState {
    /// The packed files in use; `None` before the first were made.
    pub(super) generation: Option<String>,
    /// When they were made, UTC.
    pub(super) built_at: Option<String>,
    /// Pictures in it.
    pub(super) images: u64,
    /// When it was last seen to be up to date.
    pub(super) seen: Instant,
}

impl IndexState {
    /// Time since the index was last seen to be up to date: what was added before is found.
    pub(super) fn age(&self) -> Duration {
        self.seen.elapsed()
    }
}

/// Readers of one index.
#[derive(Debug)]
pub(super) struct Readers {
    dir: PathBuf,
    search: Search,
    packed_files: PackedFiles,
    workers: usize,
    state: Mutex<IndexState>,
    fresh: Mutex<Vec<Memory>>,
}

impl Readers {
    /// Opens the index for the first time.
    pub(super) fn open(
        dir: PathBuf,
        search: Search,
        packed_files: PackedFiles,
        workers: usize,
    ) -> Result<(Self, Memory)> {
        let memory = Memory::open_sharing(&dir, search, &packed_files)?;
        let readers = Self {
            state: Mutex::new(state(&memory)?),
            fresh: Mutex::default(),
            dir,
            search,
            packed_files,
            workers,
        };
        Ok((readers, memory))
    }

    /// One more reader.
    pub(super) fn reader(&self) -> Result<Memory> {
        Memory::open_sharing(&self.dir, self.search, &self.packed_files)
    }

    /// Takes up what was added; where the packed files were made anew, `memory` becomes one that
    /// was opened aside, as soon as there is one.
    pub(super) fn follow(&self, memory: &mut Memory) -> Result<()> {
        let followed = memory.follow()?;
        if followed == Followed::Repacked
            && let Some(mut fresh) = lock(&self.fresh).pop()
        {
            fresh.follow()?;
            fresh.set_policy(memory.policy().cloned());
            *memory = fresh;
        }
        match followed {
            Followed::Unchanged => lock(&self.state).seen = Instant::now(),
            Followed::Changed | Followed::Repacked => {
                let now = state(memory)?;
                *lock(&self.state) = now;
            }
        }
        Ok(())
    }

    /// Follows with the watcher's own reader, and opens readers for the workers where the packed
    /// files were made anew.
    pub(super) fn watch(&self, own: &mut Memory) -> Result<()> {
        if own.follow()? == Followed::Repacked {
            let mut opened = Vec::with_capacity(self.workers);
            for _ in 0..self.workers {
                opened.push(self.reader()?);
            }
            *own = self.reader()?;
            // Those of an earlier generation that nobody took are dropped.
            *lock(&self.fresh) = opened;
        }
        let now = state(own)?;
        *lock(&self.state) = now;
        Ok(())
    }

    pub(super) fn state(&self) -> IndexState {
        lock(&self.state).clone()
    }
}

fn state(memory: &Memory) -> Result<IndexState> {
    let index = memory.index();
    Ok(IndexState {
        generation: index.generation().map(str::to_owned),
        built_at: index.built_at().map(str::to_owned),
        images: index.images_held()?,
        seen: Instant::now(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
