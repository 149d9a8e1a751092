//! Every picture of an index with its sightings.

use rusqlite::Row;

use super::entry::Sighting;
use super::error::{Result, WithPath};
use super::store::Index;
use super::weakness::Weakness;

/// A picture with its sightings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureSightings {
    /// Number in the index; below 0 for a picture on a page.
    pub image_id: i64,
    /// Number of the page that it is on; `None` for a picture that is a file of its own.
    pub page: Option<i64>,
    /// SHA-256 in hexadecimal; empty for an imported hash.
    pub sha256: String,
    /// Why it is no evidence by itself; `None` when it is.
    pub mark: Option<Weakness>,
    /// Where it was seen.
    pub sightings: Vec<Sighting>,
}

impl Index {
    /// Every picture with its sightings, without the removed, by number; the pictures on pages, which
    /// are seen where their page is, come last.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pictures(&self) -> Result<Vec<PictureSightings>> {
        let sql = "SELECT image.id, coalesce(lower(hex(sha256)), ''), mark, file, seller, listing, platform, captured_at, page
                   FROM image LEFT JOIN sighting ON sighting.image = coalesce(page, image.id) WHERE removed_at IS NULL
                   ORDER BY image.id < 0, abs(image.id), sighting.id";
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let mut rows = statement.query([]).with_path(&self.database)?;
        let mut pictures: Vec<PictureSightings> = Vec::new();
        while let Some(row) = rows.next().with_path(&self.database)? {
            append(&mut pictures, row).with_path(&self.database)?;
        }
        Ok(pictures)
    }
}

/// Takes up one row: a sighting of the last picture, or of a new one.
fn append(pictures: &mut Vec<PictureSightings>, row: &Row<'_>) -> rusqlite::Result<()> {
    let image_id = row.get(0)?;
    if pictures.last().is_none_or(|last| last.image_id != image_id) {
        pictures.push(PictureSightings {
            image_id,
            page: row.get(8)?,
            sha256: row.get(1)?,
            mark: row.get(2)?,
            sightings: Vec::new(),
        });
    }
    if let (Some(last), Some(file)) = (pictures.last_mut(), row.get(3)?) {
        last.sightings.push(Sighting {
            file,
            seller: row.get(4)?,
            listing: row.get(5)?,
            platform: row.get(6)?,
            captured_at: row.get(7)?,
        });
    }
    Ok(())
}
