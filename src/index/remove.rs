//! Removing pictures for good: a tombstone keeps them from coming back.

use rusqlite::OptionalExtension;

use super::error::{IndexError, Result, WithPath};
use super::pictures_seen::PictureSet;
use super::store::{Index, NOW};
use crate::fingerprint::PdqHash;

impl Index {
    /// Removes the picture of `sha256` from every answer; its tombstone stays, so that adding it
    /// again does not bring it back. Its sightings, hashes and landmarks go at once; a hash or
    /// descriptor that no other picture shares goes from the database with the next
    /// [`compact`](Self::compact). Returns whether there was one.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn remove(&mut self, sha256: &[u8; 32]) -> Result<bool> {
        self.begin()?;
        let find = "SELECT id FROM image WHERE sha256 = ?1 AND removed_at IS NULL";
        let found = self
            .db
            .query_row(find, [sha256], |row| row.get(0))
            .optional()
            .with_path(&self.database)?;
        found.map_or(Ok(false), |id| self.remove_image(id).map(|()| true))
    }

    /// Removes every picture that only `seller` showed, and the seller's sightings of the others.
    /// Returns how many pictures went.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn remove_seller(&mut self, seller: &str) -> Result<usize> {
        self.begin()?;
        let sql = "SELECT DISTINCT image FROM sighting WHERE seller = ?1
                   AND image NOT IN (SELECT image FROM sighting WHERE seller <> ?1)";
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let images = statement
            .query_map([seller], |row| row.get(0))
            .with_path(&self.database)?;
        let images: Vec<i64> = images
            .collect::<rusqlite::Result<_>>()
            .with_path(&self.database)?;
        drop(statement);
        for &image in &images {
            self.remove_image(image)?;
        }
        self.execute("DELETE FROM sighting WHERE seller = ?1", [seller])?;
        Ok(images.len())
    }

    /// Withdraws a whole list of others, with its name; importing it again brings it back. Returns
    /// how many hashes went.
    ///
    /// # Errors
    /// [`IndexError::Input`] where there is no such list,
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn remove_source(&mut self, source: &str) -> Result<usize> {
        self.begin()?;
        let pictures = self.pictures_of(source)?;
        let known = self.execute("DELETE FROM source WHERE name = ?1", [source])?;
        if known == 0 && pictures.is_empty() {
            let names = self.source_names()?;
            return Err(IndexError::Input(format!(
                "there is no list {source:?} in this index, which holds {names:?}"
            )));
        }
        let mut removed = 0;
        for image in pictures.iter() {
            self.withdraw(image)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes every picture and listed hash with exactly this PDQ hash. No list brings it back;
    /// photographs come back only as other files. Returns how many went.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn remove_pdq(&mut self, hash: PdqHash) -> Result<usize> {
        self.begin()?;
        let sql = "SELECT image.id FROM image JOIN pdq ON pdq.id = image.pdq
                   WHERE hash = ?1 AND removed_at IS NULL";
        let images = self.images(sql, [hash.to_bytes()])?;
        for &image in &images {
            self.remove_image(image)?;
        }
        self.execute(
            "INSERT OR IGNORE INTO unwanted(hash) VALUES (?1)",
            [hash.to_bytes()],
        )?;
        Ok(images.len())
    }

    /// The pictures of a list that are not withdrawn.
    pub(super) fn pictures_of(&self, source: &str) -> Result<PictureSet> {
        let sql = "SELECT id FROM image WHERE source = ?1 AND removed_at IS NULL";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let mut rows = statement.query([source]).with_path(&self.database)?;
        let mut pictures = PictureSet::default();
        while let Some(row) = rows.next().with_path(&self.database)? {
            pictures.insert(row.get(0).with_path(&self.database)?);
        }
        Ok(pictures)
    }

    /// Removes a hash for its list, which may bring it back.
    pub(super) fn withdraw(&self, image: i64) -> Result<()> {
        self.remove_image(image)?;
        let sql = "UPDATE image SET withdrawn = 1 WHERE id = ?1";
        self.execute(sql, [image]).map(|_| ())
    }

    /// Leaves the tombstone of a picture.
    pub(super) fn remove_image(&self, image: i64) -> Result<()> {
        let sql = format!(
            "UPDATE image SET removed_at = {NOW}, updated_at = {NOW}, pdq = NULL, quality = NULL, descriptor = NULL
             WHERE id = ?1 AND removed_at IS NULL"
        );
        self.execute(&sql, [image])?;
        self.remove_parts(image)?;
        self.execute("DELETE FROM sighting WHERE image = ?1", [image])?;
        self.execute("DELETE FROM perceptual WHERE image = ?1", [image])?;
        self.execute("DELETE FROM landmarks WHERE image = ?1", [image])
            .map(|_| ())
    }
}
