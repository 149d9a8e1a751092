//! An index that stays open follows what other processes write, without pauses.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::error::{Result, WithPath};
use super::lock::lock_writer;
use super::packing::read_vectors_after;
use super::seen::Seen;
use super::store::Index;

/// What other processes have done to an index since it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Nothing.
    Unchanged,
    /// Something was added, removed or changed: it is taken up.
    Changed,
    /// What was added is taken up, and the packed files were made anew: opening the index once
    /// more, aside, gives a smaller remainder to scan.
    Repacked,
}

impl Index {
    /// Takes up what other processes added, by reading what is new alone: some microseconds where
    /// nothing is. Only where rows were renumbered (a compaction) is everything opened anew.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn follow(&mut self) -> Result<Followed> {
        let now = Seen::now(&self.db, &self.root).with_path(&self.database)?;
        if now == self.seen {
            return Ok(Followed::Unchanged);
        }
        if now.version != self.seen.version {
            if self.read_epoch()? != self.epoch {
                self.refresh()?;
                return Ok(Followed::Changed);
            }
            self.take_up_hashes()?;
            self.take_up_vectors()?;
            self.seen.version = now.version;
        }
        // The packed files that are open stay right, with a longer remainder beside them.
        Ok(match now.manifest == self.seen.manifest {
            true => Followed::Changed,
            false => Followed::Repacked,
        })
    }

    fn take_up_hashes(&mut self) -> Result<()> {
        let packed = self.generation.manifest.as_ref();
        let packed = packed.map_or(0, |manifest| manifest.last_hash);
        let last = self.tail.last().map_or(packed, |(_, row)| i64::from(*row));
        let new = self.read_hashes_after(last)?;
        self.tail.extend(new);
        Ok(())
    }

    fn take_up_vectors(&mut self) -> Result<()> {
        let newest = self.newest_model()?;
        if newest != self.model {
            self.model = newest;
            self.vector_tail.take();
            return Ok(());
        }
        let (Some((model, dimension)), Some(mut tail)) = (self.model, self.vector_tail.take())
        else {
            return Ok(());
        };
        let packed = self.generation.manifest.as_ref();
        let packed = packed.filter(|_| self.packed_vectors().is_some());
        let packed = packed.map_or(0, |manifest| manifest.last_descriptor);
        let last = tail.rows.last().map_or(packed, |&row| i64::from(row));
        let new = read_vectors_after(&self.db, (model, dimension), last);
        let new = new.with_path(&self.database)?;
        tail.rows.extend(new.rows);
        tail.bytes.extend(new.bytes);
        self.vector_tail = tail.into();
        Ok(())
    }

    /// The row and dimension of the model that was added last.
    pub(super) fn newest_model(&self) -> Result<Option<(i64, usize)>> {
        let newest = "SELECT id, dimension FROM model ORDER BY id DESC LIMIT 1";
        let model = self.db.query_row(newest, [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))
        });
        model.optional().with_path(&self.database)
    }

    /// The name of the packed files in use; `None` before the first were made.
    #[must_use]
    pub fn generation(&self) -> Option<&str> {
        let manifest = self.generation.manifest.as_ref();
        manifest.map(|manifest| manifest.generation.as_str())
    }

    /// Lets other processes write while this one has nothing to: what was added is made durable,
    /// and the writer's lock is given back until [`resume_writing`](Self::resume_writing).
    ///
    /// # Errors
    /// What the database or the system refuses.
    pub fn pause_writing(&mut self) -> Result<()> {
        self.commit()?;
        self.lock = None;
        Ok(())
    }

    /// Takes the writer's lock again, waiting up to `wait` for another writer, and takes up what
    /// was written meanwhile.
    ///
    /// # Errors
    /// [`IndexError::Locked`](super::IndexError::Locked), or what the database or the system
    /// refuses.
    pub fn resume_writing(&mut self, wait: Duration) -> Result<()> {
        if self.lock.is_none() {
            self.lock = Some(lock_writer(&self.root, wait)?);
        }
        if self.follow()? == Followed::Repacked {
            self.refresh()?;
        }
        Ok(())
    }

    /// Takes back what was added since the last commit.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn abandon(&mut self) -> Result<()> {
        self.roll_back()
    }
}
