//! Removing pictures for good: a tombstone keeps them from coming back.

use rusqlite::OptionalExtension;

use super::error::{Result, WithPath};
use super::store::{Index, NOW};

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

    /// Leaves the tombstone of a picture.
    pub(super) fn remove_image(&self, image: i64) -> Result<()> {
        let sql = format!(
            "UPDATE image SET removed_at = {NOW}, updated_at = {NOW}, pdq = NULL, quality = NULL, descriptor = NULL
             WHERE id = ?1 AND removed_at IS NULL"
        );
        self.execute(&sql, [image])?;
        self.execute("DELETE FROM sighting WHERE image = ?1", [image])?;
        self.execute("DELETE FROM perceptual WHERE image = ?1", [image])?;
        self.execute("DELETE FROM landmarks WHERE image = ?1", [image])
            .map(|_| ())
    }
}
