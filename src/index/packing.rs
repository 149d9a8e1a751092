//! What was added becomes durable, and is packed for searching.

use rusqlite::Connection;

use super::error::{IndexError, Result, WithPath};
use super::generation::{self, Contents, Manifest};
use super::hashes::AllHashes;
use super::spool;
use super::store::{Index, NOW, VectorTail};
use super::vectors::{PackedVectors, floats, quantise};
use crate::escape::name;

/// Unpacked hashes above which a commit packs, if they are also a quarter of the packed ones.
const PACK_FROM: usize = 50_000;
/// Unpacked hashes and descriptors up to which sealing leaves them, if they are also this share of
/// the packed ones: whoever opens the index reads them from the database, in milliseconds.
const LITTLE_HASHES: usize = 5_000;
const LITTLE_DESCRIPTORS: usize = 500;
const LITTLE_SHARE: usize = 64;

impl Index {
    /// Makes everything added or removed so far durable. Packs the hashes when many have gathered.
    ///
    /// # Errors
    /// What the database or the system refuses.
    pub fn commit(&mut self) -> Result<()> {
        self.finish_transaction()?;
        let packed = self
            .generation
            .hashes
            .as_ref()
            .map_or(0, |hashes| hashes.len());
        let many = self.tail.len() >= PACK_FROM.max(packed / 4);
        if self.is_writer() && (many || self.tail_is_spared) {
            self.pack(false, &mut |_| ())?;
        }
        Ok(())
    }

    /// Commits, packs everything for searching and builds the graph when there are enough
    /// descriptors. `progress` is called with the number of descriptors in the graph. What is
    /// little beside what is packed stays as it is, which every search reads as well: twenty
    /// pictures are no reason to write the files of a million anew.
    ///
    /// # Errors
    /// What the database or the system refuses.
    pub fn seal(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.finish_transaction()?;
        self.mark_repeated()?;
        let damaged = self.generation.sound_graph().err();
        if damaged.is_none() && self.is_nearly_packed()? {
            return Ok(());
        }
        self.pack(true, progress)?;
        if let Some(IndexError::Damaged { path, what }) = damaged {
            let path = name(path);
            self.warn(format!(
                "{path}: was damaged ({what}); rebuilt from the database"
            ));
        }
        let manifest = self.generation.manifest.as_ref();
        let recall = manifest.and_then(|manifest| manifest.recall);
        if let Some(warning) = recall.and_then(|recall| recall.warning()) {
            self.warn(warning);
        }
        Ok(())
    }

    /// Whether the packed files hold everything, and the graph, if one is due, every descriptor.
    pub(super) fn is_packed(&self) -> Result<bool> {
        let Some(manifest) = self.generation.manifest.as_ref() else {
            return Ok(false);
        };
        let unpacked = self.vector_tail()?.rows.len();
        let vectors = unpacked + manifest.vectors;
        let wants_graph = vectors >= self.settings().graph_from && manifest.graph_points < vectors;
        Ok(self.tail.is_empty()
            && !self.tail_is_spared
            && unpacked == 0
            && !wants_graph
            && self.is_of_current_model(manifest))
    }

    /// Whether the packed files hold everything but little, and the graph, if one is due, all that
    /// they hold.
    fn is_nearly_packed(&self) -> Result<bool> {
        let Some(manifest) = self.generation.manifest.as_ref() else {
            return Ok(false);
        };
        let hashes = LITTLE_HASHES.min(manifest.hashes / LITTLE_SHARE);
        let descriptors = LITTLE_DESCRIPTORS.min(manifest.vectors / LITTLE_SHARE);
        if self.tail_is_spared
            || self.tail.len() > hashes
            || !self.is_of_current_model(manifest)
            || self.has_unpacked_descriptors(descriptors + 1)?
        {
            return Ok(false);
        }
        let vectors = self.vector_tail()?.rows.len() + manifest.vectors;
        let wants_graph = vectors >= self.settings().graph_from;
        Ok(!wants_graph || manifest.graph_points == manifest.vectors)
    }

    fn is_of_current_model(&self, manifest: &Manifest) -> bool {
        manifest.model == self.model.map(|(row, _)| row)
    }

    /// Rebuilds everything from the rows that are still in use: hashes and descriptors that no
    /// picture holds go, the database shrinks, the packed files and the graph are made anew.
    /// Tombstones stay.
    /// An interrupted compaction leaves the index as it was, or compacted.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], or what the database or the system refuses.
    pub fn compact(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.finish_transaction()?;
        self.mark_repeated()?;
        let compacted = self.compact_in_transaction(progress);
        if compacted.is_err() {
            self.roll_back()?;
        }
        compacted?;
        generation::take_over(&self.root, &self.epoch)?;
        self.db
            .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
            .with_path(&self.database)?;
        self.refresh()
    }

    fn compact_in_transaction(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.drop_unused()?;
        // The packed files of the old epoch are expected to be refused: no warning.
        let kept = self.warnings();
        self.refresh()?;
        self.warnings.replace(kept);
        self.prepare(true, progress)?;
        // Whoever opens the index from here on finds the new generation prepared.
        self.finish_transaction()
    }

    /// Drops hashes and descriptors that no picture holds, in a new epoch; not committed yet.
    fn drop_unused(&mut self) -> Result<()> {
        self.begin()?;
        let statements = [
            "DELETE FROM pdq WHERE NOT EXISTS (SELECT 1 FROM image WHERE image.pdq = pdq.id)",
            "DELETE FROM descriptor
             WHERE id NOT IN (SELECT descriptor FROM image WHERE descriptor IS NOT NULL)",
            "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'epoch'",
        ];
        for sql in statements {
            self.execute(sql, [])?;
        }
        Ok(())
    }

    /// Marks pictures that one seller shows in five listings or more: logos, banners, delivery
    /// notices.
    fn mark_repeated(&mut self) -> Result<()> {
        if !self.is_writer() {
            return Ok(());
        }
        self.begin()?;
        self.execute(
            "UPDATE image SET mark = 'repeated' WHERE mark IS NULL AND id IN (
               SELECT image FROM sighting WHERE listing <> '' GROUP BY image, platform, seller
               HAVING count(DISTINCT listing) >= 5)",
            [],
        )?;
        self.finish_transaction()
    }

    fn pack(&mut self, with_graph: bool, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.prepare(with_graph, progress)?;
        generation::take_over(&self.root, &self.epoch)?;
        self.refresh()
    }

    /// Writes the packed files of what the database now holds.
    fn prepare(&mut self, with_graph: bool, progress: &mut dyn FnMut(usize)) -> Result<()> {
        if !self.is_writer() {
            return Err(IndexError::ReadOnly(self.root.clone()));
        }
        let spooled = match self.tail_is_spared {
            true => Some(spool::hashes(self)?),
            false => None,
        };
        let hashes = AllHashes {
            packed: self.generation.hashes.as_ref(),
            tail: if spooled.is_some() { &[] } else { &self.tail },
            spooled: spooled.as_ref(),
        };
        self.with_contents(hashes, |contents| {
            generation::prepare(&self.root, &self.generation, contents, with_graph, progress)
        })
    }

    /// What is to be packed, with these hashes.
    pub(super) fn with_contents<T>(
        &self,
        hashes: AllHashes<'_>,
        pack: impl FnOnce(&Contents<'_>) -> Result<T>,
    ) -> Result<T> {
        let (vectors, vector_rows) = self.all_vectors()?;
        let built_at = self
            .db
            .query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))
            .with_path(&self.database)?;
        pack(&Contents {
            epoch: self.epoch.clone(),
            built_at,
            hashes,
            model: self.model.map(|(row, _)| row),
            dimension: self.model.map_or(0, |(_, dimension)| dimension),
            vectors: &vectors,
            vector_rows: &vector_rows,
            graph_from: self.settings().graph_from,
        })
    }

    /// The bytes of all vectors, one after another, and their rows.
    fn all_vectors(&self) -> Result<(Vec<i8>, Vec<u32>)> {
        let (mut bytes, mut rows) = (Vec::new(), Vec::new());
        if let Some(packed) = self.packed_vectors() {
            (0..packed.len()).for_each(|k| bytes.extend_from_slice(packed.vector(k)));
            rows.extend_from_slice(packed.rows());
        }
        let tail = self.vector_tail()?;
        bytes.extend_from_slice(&tail.bytes);
        rows.extend_from_slice(&tail.rows);
        Ok((bytes, rows))
    }

    /// The packed vectors, if they are of the current model.
    pub(super) fn packed_vectors(&self) -> Option<&PackedVectors> {
        let manifest = self.generation.manifest.as_ref()?;
        let vectors = self.generation.vectors.as_ref();
        vectors.filter(|_| self.is_of_current_model(manifest))
    }

    /// Descriptors of the current model that are not packed yet.
    pub(super) fn vector_tail(&self) -> Result<&VectorTail> {
        if let Some(tail) = self.vector_tail.get() {
            return Ok(tail);
        }
        let tail = match self.model {
            Some((model, _)) => self.read_vector_tail(model)?,
            None => VectorTail::default(),
        };
        Ok(self.vector_tail.get_or_init(|| tail))
    }

    fn read_vector_tail(&self, model: i64) -> Result<VectorTail> {
        let manifest = self.generation.manifest.as_ref();
        let manifest = manifest.filter(|_| self.packed_vectors().is_some());
        let last = manifest.map_or(0, |manifest| manifest.last_descriptor);
        let dimension = self.model.map_or(0, |(_, dimension)| dimension);
        read_vectors_after(&self.db, (model, dimension), last).with_path(&self.database)
    }
}

/// Descriptors of a model, given by row and dimension, above a row of theirs.
pub(super) fn read_vectors_after(
    db: &Connection,
    (model, dimension): (i64, usize),
    last: i64,
) -> rusqlite::Result<VectorTail> {
    let sql = "SELECT id, vector FROM descriptor WHERE model = ?1 AND id > ?2 ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([model, last])?;
    let mut tail = VectorTail::default();
    while let Some(row) = rows.next()? {
        let vector = floats(row.get_ref(1)?.as_blob().unwrap_or_default());
        // A damaged vector is not searched; verifying counts it.
        if vector.len() == dimension {
            tail.rows.push(row.get(0)?);
            tail.bytes.extend(quantise(&vector));
        }
    }
    Ok(tail)
}
