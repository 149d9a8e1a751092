//! What an index holds, and whether it is sound.

use std::fmt;

use rusqlite::OptionalExtension;
use serde::Serialize;

use super::error::{AtPath, Result};
use super::generation::Generation;
use super::graph::Recall;
use super::store::Index;

/// What an index holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// Pictures that are no evidence by themselves, by reason.
    pub marks: Vec<(String, u64)>,
    /// Pictures that came from hash lists of others.
    pub imported: u64,
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
        let count = |sql: &str| -> Result<u64> {
            self.db
                .query_row(sql, [], |row| row.get::<_, i64>(0))
                .map(i64::cast_unsigned)
                .at(&self.database)
        };
        let pairs = |sql: &str| -> Result<Vec<(String, u64)>> {
            let mut statement = self.db.prepare(sql).at(&self.database)?;
            let rows = statement.query_map([], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
            });
            rows.and_then(Iterator::collect).at(&self.database)
        };
        let model = "SELECT model, preprocessing FROM model ORDER BY id DESC LIMIT 1";
        let model = self
            .db
            .query_row(model, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional();
        let captured = "SELECT min(captured_at), max(captured_at) FROM sighting WHERE captured_at <> '' HAVING count(*) > 0";
        let captured = self
            .db
            .query_row(captured, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional();
        let manifest = self.generation.manifest.as_ref();
        Ok(Stats {
            images: self.images_held()?,
            removed: count("SELECT count(*) FROM image WHERE removed_at IS NOT NULL")?,
            sightings: count("SELECT count(*) FROM sighting")?,
            sellers: count(
                "SELECT count(*) FROM (SELECT DISTINCT platform, seller FROM sighting WHERE seller <> '')",
            )?,
            listings: count(
                "SELECT count(*) FROM (SELECT DISTINCT platform, listing FROM sighting WHERE listing <> '')",
            )?,
            hashes: count("SELECT count(*) FROM pdq")?,
            descriptors: count(
                "SELECT count(*) FROM descriptor WHERE model = (SELECT max(id) FROM model)",
            )?,
            landmarks: count("SELECT count(*) FROM landmarks")?,
            marks: pairs(
                "SELECT mark, count(*) FROM image WHERE mark IS NOT NULL AND removed_at IS NULL GROUP BY mark ORDER BY mark",
            )?,
            imported: count(
                "SELECT count(*) FROM image WHERE source IS NOT NULL AND removed_at IS NULL",
            )?,
            hash_only: self.settings().hash_only,
            built_at: manifest.map(|manifest| manifest.built_at.clone()),
            unpacked: self.tail.len() as u64,
            model: model.at(&self.database)?,
            graph_points: manifest.map_or(0, |manifest| manifest.graph_points as u64),
            recall: manifest.and_then(|manifest| manifest.recall),
            captured: captured.at(&self.database)?,
        })
    }

    /// Number of pictures, without the removed.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn images_held(&self) -> Result<u64> {
        // Rows of `image` are never deleted, so the last number is their count.
        let sql = "SELECT (SELECT coalesce(max(id), 0) FROM image)
                        - (SELECT count(*) FROM image WHERE removed_at IS NOT NULL)";
        self.db
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
            .at(&self.database)
    }

    /// When the packed files were made, UTC; `None` before the first time.
    #[must_use]
    pub fn built_at(&self) -> Option<&str> {
        self.generation
            .manifest
            .as_ref()
            .map(|manifest| manifest.built_at.as_str())
    }

    /// Every problem found: the database by SQLite's own checks, every checksum of the packed files, and whether
    /// they hold what the database does. Empty for a sound index.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn verify(&self) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let mut statement = self
            .db
            .prepare("PRAGMA integrity_check(20)")
            .at(&self.database)?;
        let lines = statement
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect);
        let lines: Vec<String> = lines.at(&self.database)?;
        problems.extend(
            lines
                .into_iter()
                .filter(|line| line != "ok")
                .map(|line| format!("database: {line}")),
        );
        let mut statement = self
            .db
            .prepare("PRAGMA foreign_key_check")
            .at(&self.database)?;
        let tables = statement
            .query_map([], |row| row.get::<_, String>(0))
            .and_then(Iterator::collect);
        let tables: Vec<String> = tables.at(&self.database)?;
        problems.extend(
            tables
                .into_iter()
                .map(|table| format!("database: a row of {table} refers to a missing row")),
        );
        problems.extend(Generation::problems(&self.root));
        problems.extend(self.warnings());
        if let Some(packed) = &self.generation.hashes {
            let mut statement = self
                .db
                .prepare("SELECT hash FROM pdq WHERE id = ?1")
                .at(&self.database)?;
            let mut wrong = 0;
            for (hash, row) in packed.iter() {
                let stored: Option<[u8; 32]> = statement
                    .query_row([row], |found| found.get(0))
                    .optional()
                    .at(&self.database)?;
                wrong += u64::from(stored != Some(hash.to_bytes()));
            }
            if wrong > 0 {
                problems.push(format!("{wrong} packed hashes are not those of the database; run `faunalens index compact`"));
            }
        }
        problems.sort();
        problems.dedup();
        Ok(problems)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "pictures      {:>10}   in {} sightings",
            self.images, self.sightings
        )?;
        writeln!(
            f,
            "sellers       {:>10}   with {} listings",
            self.sellers, self.listings
        )?;
        writeln!(
            f,
            "unique hashes {:>10}   {} not packed yet",
            self.hashes, self.unpacked
        )?;
        writeln!(
            f,
            "descriptors   {:>10}   {} pictures with landmarks",
            self.descriptors, self.landmarks
        )?;
        if let Some((model, preprocessing)) = &self.model {
            writeln!(f, "model         {model} ({preprocessing})")?;
        }
        if let Some((first, last)) = &self.captured {
            writeln!(f, "captured      {first} to {last}")?;
        }
        for (mark, count) in &self.marks {
            writeln!(f, "no evidence by itself, {mark}: {count}")?;
        }
        if self.imported > 0 {
            writeln!(f, "from hash lists of others: {}", self.imported)?;
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
