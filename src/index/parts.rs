//! The pictures on a page, remembered as pictures of their own.

use std::borrow::Cow;

use rusqlite::params;

use super::entry::Entry;
use super::error::{Result, WithPath};
use super::store::{Index, NOW};
use super::weakness::Weakness;
use crate::fingerprint::Landmarks;

/// Share of a page that its pictures take from which the page is no layout: it is its pictures.
const MOSTLY_PICTURES: f64 = 0.5;

impl Index {
    /// Remembers the pictures on a page that is in the index as `page`; a page whose pictures are
    /// there keeps them. A page that is mostly layout is marked: it links nobody by itself.
    pub(super) fn store_parts(&mut self, page: i64, entry: &Entry) -> Result<()> {
        if entry.parts.is_empty() || self.has_parts(page)? {
            return Ok(());
        }
        for part in &entry.parts {
            let descriptor = match &part.descriptor {
                Some(descriptor) if !self.settings().hash_only => {
                    Some(self.store_descriptor(descriptor)?)
                }
                _ => None,
            };
            let image = self.store_part(page, part, descriptor)?;
            let landmarks = part.landmarks.as_ref();
            if let Some(landmarks) = landmarks.filter(|_| !self.settings().hash_only) {
                self.store_landmarks(image, landmarks, part.thumbnail.as_ref())?;
            }
        }
        if !is_mostly_pictures(entry) {
            let sql = format!(
                "UPDATE image SET mark = ?2, updated_at = {NOW} WHERE id = ?1 AND mark IS NULL"
            );
            self.execute(&sql, params![page, Weakness::Page])?;
        }
        Ok(())
    }

    fn has_parts(&self, page: i64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM image WHERE page = ?1)";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([page], |row| row.get(0)))
            .with_path(&self.database)
    }

    /// Removes the pictures on a page with it.
    pub(super) fn remove_parts(&self, page: i64) -> Result<()> {
        let parts = "SELECT id FROM image WHERE page = ?1 AND removed_at IS NULL";
        for part in self.images(parts, [page])? {
            self.remove_image(part)?;
        }
        Ok(())
    }
}

/// The landmarks to keep of a picture. Of a page that is mostly pictures those on its pictures: what
/// is around them is the same on other pages of its app.
pub(super) fn landmarks_to_keep(entry: &Entry) -> Option<Cow<'_, Landmarks>> {
    let landmarks = entry.landmarks.as_ref()?;
    if entry.parts.is_empty() || !is_mostly_pictures(entry) {
        return Some(Cow::Borrowed(landmarks));
    }
    let longer = entry.width.max(entry.height).max(1) as f32;
    let places = entry.parts.iter().filter_map(|part| part.place);
    let places: Vec<_> = places
        .map(|place| place.map(|(x, y)| (x / longer, y / longer)))
        .collect();
    Some(Cow::Owned(landmarks.on(&places)))
}

/// Whether the pictures of a page take so much of it that it is no layout.
fn is_mostly_pictures(entry: &Entry) -> bool {
    let places = entry.parts.iter().filter_map(|part| part.place);
    let taken: f64 = places.map(area).sum();
    taken >= MOSTLY_PICTURES * f64::from(entry.width) * f64::from(entry.height)
}

/// Corners as they are stored.
pub(super) fn place_in_words(place: [(f32, f32); 4]) -> String {
    place.map(|(x, y)| format!("{x:.1},{y:.1}")).join(" ")
}

/// Area of a quadrilateral in square pixels.
fn area(place: [(f32, f32); 4]) -> f64 {
    let cross = |k: usize| {
        let ((ax, ay), (bx, by)) = (place[k], place[(k + 1) % 4]);
        f64::from(ax) * f64::from(by) - f64::from(bx) * f64::from(ay)
    };
    (0..4).map(cross).sum::<f64>().abs() / 2.0
}
