//! What an index holds.

use std::fmt;

use rusqlite::OptionalExtension;
use rusqlite::types::FromSql;
use serde::Serialize;

use super::error::{Result, WithPath};
use super::graph::Recall;
use super::sources::ListSource;
use super::store::Index;
use super::weakness::Weakness;
use crate::photo::PIXELS_ID;

/// What an index holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Pictures, without the removed.
    pub images: u64,
    /// Tombstones of removed pictures.
    pub removed: u64,
    /// Sightings of pictures.
    pub sightings: u64,
    /// Distinct sellers, told apart by platform.
    pub sellers: u64,
    /// Distinct listings.
    pub listings: u64,
    /// Unique PDQ hashes.
    pub hashes: u64,
    /// Unique descriptors of the model in use.
    pub descriptors: u64,
    /// Pictures with landmarks.
    pub landmarks: u64,
    /// Pictures whose hashes, descriptors and landmarks were made of files decoded by an earlier
    /// version: a few bits differ from those made today.
    pub decoded_before: u64,
    /// Pictures that are no evidence by themselves, by reason.
    pub marks: Vec<(Weakness, u64)>,
    /// Hashes of other families, by definition.
    pub perceptual: Vec<(String, u64)>,
    /// Pictures that came from hash lists of others.
    pub imported: u64,
    /// The lists of others.
    pub sources: Vec<ListSource>,
    /// Whether only hashes are kept.
    pub hash_only: bool,
    /// When the packed files were made, UTC; `None` before the first time.
    pub built_at: Option<String>,
    /// Hashes not packed yet.
    pub unpacked: u64,
    /// Model whose descriptors are searched, and its preprocessing.
    pub model: Option<(String, String)>,
    /// Vectors in the graph; 0 while the collection is small enough to scan.
    pub graph_points: u64,
    /// Measured recall of the graph.
    pub recall: Option<Recall>,
    /// Time of the first and the last capture, where captures are dated.
    pub captured: Option<(String, String)>,
}

impl Index {
    /// What the index holds.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn stats(&self) -> Result<Stats> {
        let manifest = self.generation.manifest.as_ref();
        Ok(Stats {
            images: self.images_held()?,
            removed: self.count("FROM image WHERE removed_at IS NOT NULL AND id > 0")?,
            sightings: self.count("FROM sighting")?,
            sellers: self.count_distinct("seller")?,
            listings: self.count_distinct("listing")?,
            hashes: self.count("FROM pdq")?,
            descriptors: self
                .count("FROM descriptor WHERE model = (SELECT max(id) FROM model)")?,
            landmarks: self.count("FROM landmarks")?,
            decoded_before: self.decoded_before()?,
            marks: self.counted(
                "SELECT mark, count(*) FROM image WHERE mark IS NOT NULL AND removed_at IS NULL AND id > 0
                 GROUP BY mark ORDER BY mark",
            )?,
            perceptual: self.counted(
                "SELECT definition, count(*) FROM perceptual GROUP BY definition ORDER BY definition",
            )?,
            imported: self.count("FROM image WHERE source IS NOT NULL AND removed_at IS NULL")?,
            sources: self.sources()?,
            hash_only: self.settings().hash_only,
            built_at: manifest.map(|manifest| manifest.built_at.clone()),
            unpacked: self.tail.len() as u64,
            model: self.pair_of_texts(
                "SELECT model, preprocessing FROM model ORDER BY id DESC LIMIT 1",
            )?,
            graph_points: manifest.map_or(0, |manifest| manifest.graph_points as u64),
            recall: manifest.and_then(|manifest| manifest.recall),
            captured: self.pair_of_texts(
                "SELECT min(captured_at), max(captured_at) FROM sighting WHERE captured_at <> ''
                 HAVING count(*) > 0",
            )?,
        })
    }

    /// Whether a model's descriptors are stored, which only a question with one finds.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn has_descriptors(&self) -> Result<bool> {
        self.db
            .query_row("SELECT EXISTS (SELECT 1 FROM descriptor)", [], |row| {
                row.get(0)
            })
            .with_path(&self.database)
    }

    /// Pictures decoded by an earlier version, without the removed and those from hash lists.
    fn decoded_before(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM image
                   WHERE sha256 IS NOT NULL AND removed_at IS NULL AND pdq_definition NOT LIKE '%' || ?1";
        self.db
            .query_row(sql, [PIXELS_ID], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .with_path(&self.database)
    }

    /// What an owner should know of a sound index; empty when there is nothing.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn remarks(&self) -> Result<Vec<String>> {
        let before = self.decoded_before()?;
        let remark = || {
            format!(
                "{before} pictures were decoded by an earlier version: they are found as before, \
                 though a few bits of their hashes differ from what today's pixels give"
            )
        };
        Ok((before > 0).then(remark).into_iter().collect())
    }

    /// Number of rows of a selection.
    fn count(&self, rows: &str) -> Result<u64> {
        self.db
            .query_row(&format!("SELECT count(*) {rows}"), [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::cast_unsigned)
            .with_path(&self.database)
    }

    /// Number of distinct known values of a column of `sighting`, told apart by platform.
    fn count_distinct(&self, column: &str) -> Result<u64> {
        self.count(&format!(
            "FROM (SELECT DISTINCT platform, {column} FROM sighting WHERE {column} <> '')"
        ))
    }

    /// Values with their counts.
    fn counted<T: FromSql>(&self, sql: &str) -> Result<Vec<(T, u64)>> {
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        });
        rows.and_then(Iterator::collect).with_path(&self.database)
    }

    fn pair_of_texts(&self, sql: &str) -> Result<Option<(String, String)>> {
        self.db
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .with_path(&self.database)
    }

    /// Number of pictures, without the removed.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn images_held(&self) -> Result<u64> {
        // Rows of `image` are never deleted, so the last number is their count; pictures on pages
        // have numbers below 0.
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM image)
                        - (SELECT count(*) FROM image WHERE removed_at IS NOT NULL AND id > 0)";
        self.db
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .with_path(&self.database)
    }

    /// When the packed files were made, UTC; `None` before the first time.
    #[must_use]
    pub fn built_at(&self) -> Option<&str> {
        self.generation
            .manifest
            .as_ref()
            .map(|manifest| manifest.built_at.as_str())
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_contents(f)?;
        self.write_exceptions(f)?;
        self.write_packing(f)
    }
}

impl Stats {
    fn write_contents(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |f: &mut fmt::Formatter<'_>, name: &str, count: u64, more: String| {
            writeln!(f, "{name:<13} {count:>10}   {more}")
        };
        let in_sightings = format!("in {} sightings", self.sightings);
        count(f, "pictures", self.images, in_sightings)?;
        let with_listings = format!("with {} listings", self.listings);
        count(f, "sellers", self.sellers, with_listings)?;
        let unpacked = format!("{} not packed yet", self.unpacked);
        count(f, "unique hashes", self.hashes, unpacked)?;
        let landmarks = format!("{} pictures with landmarks", self.landmarks);
        count(f, "descriptors", self.descriptors, landmarks)?;
        for (definition, count) in &self.perceptual {
            writeln!(f, "also          {count:>10}   {definition}")?;
        }
        if let Some((model, preprocessing)) = &self.model {
            writeln!(f, "model         {model} ({preprocessing})")?;
        }
        if let Some((first, last)) = &self.captured {
            writeln!(f, "captured      {first} to {last}")?;
        }
        Ok(())
    }

    fn write_exceptions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (mark, count) in &self.marks {
            writeln!(f, "no evidence by itself, {mark}: {count}")?;
        }
        if self.decoded_before > 0 {
            writeln!(
                f,
                "decoded by an earlier version: {} (found as before; a few bits of hashes differ)",
                self.decoded_before
            )?;
        }
        if self.imported > 0 {
            writeln!(f, "from hash lists of others: {}", self.imported)?;
        }
        for source in &self.sources {
            writeln!(
                f,
                "list {}: {} hashes, {} of them negative, imported {}",
                source.name, source.hashes, source.negative, source.imported_at
            )?;
        }
        if self.removed > 0 {
            writeln!(f, "removed, tombstone kept: {}", self.removed)?;
        }
        if self.hash_only {
            writeln!(
                f,
                "hash-only: no file names, landmarks or descriptors are kept"
            )?;
        }
        Ok(())
    }

    fn write_packing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.recall, self.graph_points) {
            (Some(recall), points) => writeln!(
                f,
                "graph         {points:>10}   finds {:.4} of the ten nearest ({} asked, width {})",
                recall.recall_at_10, recall.sample, recall.width
            )?,
            (None, _) => writeln!(f, "graph               none   small enough to scan")?,
        }
        match &self.built_at {
            Some(time) => write!(f, "packed        {time}"),
            None => write!(f, "packed        never; searches read the database"),
        }
    }
}
