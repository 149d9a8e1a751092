//! Photos added to an index one after another, and what became of them.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::batch::{input, sighting};
use super::memory::{OTHERS_TURN, TOGETHER};
use super::{BatchError, Engine, Examined, Needs, inspect};
use crate::index::{Evidence, Index, IndexError};
use crate::manifest::Item;
use crate::photo::Limits;
use crate::record::Record;

/// What became of the photos that were added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filled {
    /// Pictures whose bytes were new.
    pub pictures: u64,
    /// Sightings that were new.
    pub sightings: u64,
    /// Photos that could not be read.
    pub failed: u64,
    /// Photos that had been removed before, and stay away.
    pub removed: u64,
}

/// Called after each photo with its record, which holds an error when it could not be read.
pub type Each<'a> = &'a mut dyn FnMut(&Record);

/// Adds photos by their hashes and landmarks, without a model. They are durable afterwards, and
/// packed once the index is sealed. The index is held only while some photos are stored: others may
/// add to it in between.
///
/// # Errors
/// [`IndexError`]; single photos that fail are counted.
pub fn fill(
    index: &mut Index,
    items: impl Iterator<Item = Item>,
    limits: &Limits,
    each: Each<'_>,
) -> Result<Filled, IndexError> {
    let also = index.settings().also.clone();
    let mut filled = Filled::default();
    let mut items = items.fuse();
    index.pause_writing()?;
    loop {
        let chunk: Vec<Item> = items.by_ref().take(TOGETHER).collect();
        if chunk.is_empty() {
            index.resume_writing(OTHERS_TURN)?;
            return Ok(filled);
        }
        let mut examined: Vec<_> = chunk
            .par_iter()
            .map(|item| {
                let needs = Needs::everything(&also);
                let inspected = inspect(item.file.clone(), input(item), limits, Some(needs));
                let inspected = inspected.sighted(sighting(item));
                Examined {
                    record: inspected.record,
                    evidence: inspected.evidence,
                }
            })
            .collect();
        filled.store(index, &mut examined, each)?;
    }
}

impl Engine {
    /// Adds photos as [`fill`] does, with the model's descriptors too.
    ///
    /// # Errors
    /// [`BatchError`]; single photos that fail are counted.
    pub fn fill(
        &self,
        index: &mut Index,
        workers: usize,
        items: impl Iterator<Item = Item>,
        each: Each<'_>,
    ) -> Result<Filled, BatchError<IndexError>> {
        let mut filled = Filled::default();
        let mut waiting = Vec::new();
        let never = AtomicBool::new(false);
        let also = index.settings().also.clone();
        index.pause_writing().map_err(BatchError::Index)?;
        self.run(workers, items, Some(&also), &never, |_, examined| {
            waiting.push(examined);
            match waiting.len() < TOGETHER {
                true => Ok(()),
                false => filled.store(index, &mut waiting, each),
            }
            .map_err(BatchError::Index)
        })?;
        filled
            .store(index, &mut waiting, each)
            .and_then(|()| index.resume_writing(OTHERS_TURN))
            .map_err(BatchError::Index)?;
        Ok(filled)
    }
}

impl Filled {
    /// Adds photos and makes them durable, once nobody else writes.
    fn store(
        &mut self,
        index: &mut Index,
        photos: &mut Vec<Examined>,
        each: Each<'_>,
    ) -> Result<(), IndexError> {
        index.resume_writing(OTHERS_TURN)?;
        for photo in photos.drain(..) {
            self.add(index, &photo.record, photo.evidence.as_deref())?;
            each(&photo.record);
        }
        index.pause_writing()
    }

    fn add(
        &mut self,
        index: &mut Index,
        record: &Record,
        evidence: Option<&Evidence>,
    ) -> Result<(), IndexError> {
        let Some(evidence) = evidence.filter(|_| record.error.is_none()) else {
            self.failed += 1;
            return Ok(());
        };
        let added = index.add(&evidence.entry)?;
        self.pictures += u64::from(added.new_image);
        self.sightings += u64::from(added.new_sighting);
        self.removed += u64::from(added.removed);
        Ok(())
    }
}
