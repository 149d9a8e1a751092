//! Whether an index is sound: every byte that an answer may come from is read and compared.

use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::error::{Result, WithPath};
use super::generation::Generation;
use super::store::Index;
use super::vectors::{floats, quantise};
use crate::fingerprint::{Landmarks, Thumbnail};

impl Index {
    /// Every problem found: the database by SQLite's own checks, descriptors by their digests,
    /// landmarks by their form, every checksum of the packed files, and whether these hold what
    /// the database does. Empty for a sound index. What has no digest (hashes that are not packed
    /// yet, names of sellers and files) is checked in its form alone.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn verify(&self) -> Result<Vec<String>> {
        let checks = self.texts("PRAGMA integrity_check(20)")?.into_iter();
        let mut problems: Vec<String> = checks
            .filter(|line| line != "ok")
            .map(|line| format!("database: {line}"))
            .collect();
        let tables = self.texts("PRAGMA foreign_key_check")?.into_iter();
        problems.extend(
            tables.map(|table| format!("database: a row of {table} refers to a missing row")),
        );
        problems.extend(Generation::problems(&self.root, &self.epoch));
        problems.extend(self.warnings());
        let counted = [
            (
                self.wrong_descriptors()?,
                "descriptors are not what was stored; remove their pictures and add them again",
            ),
            (
                self.wrong_landmarks()?,
                "pictures have broken landmarks; remove them and add them again",
            ),
            (
                self.wrong_packed_hashes()?,
                "packed hashes are not those of the database; compact the index",
            ),
            (
                self.wrong_packed_vectors()?,
                "packed descriptors are not those of the database; compact the index",
            ),
        ];
        let wrong = counted.iter().filter(|(count, _)| *count > 0);
        problems.extend(wrong.map(|(count, what)| format!("{count} {what}")));
        problems.sort();
        problems.dedup();
        Ok(problems)
    }

    /// The first column of a statement's rows.
    fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).with_path(&self.database)
    }

    /// Descriptors of another length than their model's, or that their digests deny.
    fn wrong_descriptors(&self) -> Result<u64> {
        let sql = "SELECT vector, digest, 4 * dimension FROM descriptor JOIN model ON model.id = descriptor.model";
        self.count_unsound(sql, |row| {
            let length: i64 = row.get(2)?;
            let sound = blob(row, 0)
                .zip(blob(row, 1))
                .is_some_and(|(vector, digest)| {
                    i64::try_from(vector.len()) == Ok(length)
                        && Sha256::digest(vector)[..16] == *digest
                });
            Ok(sound)
        })
    }

    fn wrong_landmarks(&self) -> Result<u64> {
        self.count_unsound("SELECT points, thumbnail FROM landmarks", |row| {
            let thumbnail: Option<Vec<u8>> = row.get(1).unwrap_or(Some(Vec::new()));
            let is_whole = |levels: &Vec<u8>| Thumbnail::from_bytes(levels).is_some();
            Ok(blob(row, 0).and_then(Landmarks::from_bytes).is_some()
                && thumbnail.as_ref().is_none_or(is_whole))
        })
    }

    /// How many rows of a statement are not sound.
    fn count_unsound(
        &self,
        sql: &str,
        is_sound: impl Fn(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> Result<u64> {
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let mut rows = statement.query([]).with_path(&self.database)?;
        let mut unsound = 0;
        while let Some(row) = rows.next().with_path(&self.database)? {
            unsound += u64::from(!is_sound(row).with_path(&self.database)?);
        }
        Ok(unsound)
    }

    fn wrong_packed_hashes(&self) -> Result<u64> {
        let packed = self.generation.hashes.iter();
        let packed = packed.flat_map(|packed| packed.iter());
        let packed = packed.map(|(hash, row)| (row, hash.to_bytes()));
        self.unlike_stored(
            "SELECT hash FROM pdq WHERE id = ?1",
            packed,
            |stored: [u8; 32]| stored,
        )
    }

    fn wrong_packed_vectors(&self) -> Result<u64> {
        let vectors = self.generation.vectors.iter();
        let packed = vectors.flat_map(|packed| {
            let vector = |(k, &row)| (row, packed.vector(k).to_vec());
            packed.rows().iter().enumerate().map(vector)
        });
        let sql = "SELECT vector FROM descriptor WHERE id = ?1";
        self.unlike_stored(sql, packed, |stored: Vec<u8>| quantise(&floats(&stored)))
    }

    /// How many packed values are not what the database holds in their rows.
    fn unlike_stored<S: FromSql, T: PartialEq>(
        &self,
        sql: &str,
        packed: impl Iterator<Item = (u32, T)>,
        as_packed: impl Fn(S) -> T,
    ) -> Result<u64> {
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let mut wrong = 0;
        for (row, value) in packed {
            let stored = statement
                .query_row([row], |found| found.get::<_, S>(0))
                .optional()
                .with_path(&self.database)?;
            wrong += u64::from(stored.map(&as_packed) != Some(value));
        }
        Ok(wrong)
    }
}

/// A cell's bytes; `None` where it holds something else.
fn blob<'a>(row: &'a Row<'_>, column: usize) -> Option<&'a [u8]> {
    row.get_ref(column).ok()?.as_blob().ok()
}
