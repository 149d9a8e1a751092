//! Packing beside those who search and add: the files are made aside, and the writer's lock is
//! held only while they are handed over.

use std::path::Path;
use std::time::Duration;

use super::error::{Result, WithPath};
use super::generation;
use super::hashes::AllHashes;
use super::lock::{lock_packer, lock_writer};
use super::store::Index;
use super::vectors::PackedVectors;

/// Unpacked descriptors from which packing is due, if they are also a sixteenth of the packed ones:
/// each reader holds them in memory and scans them all.
const DESCRIPTORS_FROM: usize = 2_000;
const DESCRIPTORS_SHARE: usize = 16;
/// Unpacked hashes from which packing is due, if they are also an eighth of the packed ones: sooner
/// than a commit packs them, which holds the lock meanwhile.
const HASHES_FROM: usize = 25_000;
const HASHES_SHARE: usize = 8;

/// What is packed beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Everything that is not packed yet.
    All,
    /// What has become much, if anything has: a long list of hashes is not written anew for few.
    Due,
}

/// Of what so much is not packed that packing is due.
#[derive(Debug, Clone, Copy)]
struct Unpacked {
    hashes: bool,
    descriptors: bool,
}

impl Index {
    /// Whether so much was added since the packed files were made that packing it saves time and
    /// memory. Looks at the ends of two tables alone.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn packing_is_due(&self) -> Result<bool> {
        let unpacked = self.unpacked()?;
        Ok(unpacked.hashes || unpacked.descriptors)
    }

    fn unpacked(&self) -> Result<Unpacked> {
        let manifest = self.generation.manifest.as_ref();
        let packed = manifest.map_or(0, |manifest| manifest.hashes);
        let vectors = self.packed_vectors().map_or(0, PackedVectors::len);
        let due_from = DESCRIPTORS_FROM.max(vectors / DESCRIPTORS_SHARE);
        Ok(Unpacked {
            hashes: self.tail.len() >= HASHES_FROM.max(packed / HASHES_SHARE),
            descriptors: self.has_unpacked_descriptors(due_from)?,
        })
    }

    /// Whether so many descriptors of the current model are not packed.
    pub(super) fn has_unpacked_descriptors(&self, count: usize) -> Result<bool> {
        let Some((model, _)) = self.model else {
            return Ok(false);
        };
        let manifest = self.generation.manifest.as_ref();
        let manifest = manifest.filter(|_| self.packed_vectors().is_some());
        let packed = manifest.map_or(0, |manifest| manifest.last_descriptor);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        // The last row alone tells mostly.
        let sql = "SELECT coalesce(max(id), 0) - ?1 >= ?2 AND
                     (SELECT count(*) FROM descriptor WHERE id > ?1 AND model = ?3) >= ?2
                   FROM descriptor";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([packed, count, model], |row| row.get(0)))
            .with_path(&self.database)
    }

    /// Packs what was added, and builds the graph where there are enough descriptors, without
    /// keeping others from adding, removing or searching: the writer's lock is waited for, for
    /// `patience`, and held only to hand the files over. `progress` is called with the number of
    /// descriptors in the graph. Tells whether files took over; not where there was nothing to pack,
    /// or another process packs or has packed meanwhile.
    ///
    /// # Errors
    /// As [`open`](Self::open), [`IndexError::Locked`](super::IndexError::Locked), or what the
    /// database or the system refuses.
    pub fn pack_aside(
        dir: &Path,
        packing: Packing,
        patience: Duration,
        progress: &mut dyn FnMut(usize),
    ) -> Result<bool> {
        let Some(_packer) = lock_packer(dir)? else {
            return Ok(false);
        };
        let index = Self::open(dir)?;
        let unpacked = index.unpacked()?;
        let (is_idle, with_hashes) = match packing {
            Packing::All => (index.is_packed()?, true),
            Packing::Due => (!unpacked.hashes && !unpacked.descriptors, unpacked.hashes),
        };
        if is_idle {
            return Ok(false);
        }
        let hashes = AllHashes {
            packed: index.generation.hashes.as_ref(),
            tail: match with_hashes || index.generation.hashes.is_none() {
                true => &index.tail,
                false => &[],
            },
            spooled: None,
        };
        let aside = index.with_contents(hashes, |contents| {
            generation::prepare_aside(dir, &index.generation, contents, progress)
        })?;
        let _writer = lock_writer(dir, patience)?;
        aside.publish(dir, &index.read_epoch()?)
    }
}
