//! What a stored picture and the one asked for have in common, by landmarks.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use super::error::{Result, WithPath};
use super::query::Uncovered;
use super::store::Index;
use crate::fingerprint::{ENOUGH_IN_PLACE, InPlace, Landmarks, MIN_QUALITY, PdqHash, Thumbnail};

/// Bits by which two hashes of one view may differ while the pictures count as one. Copies with the
/// strongest banner or watermark tried differ in 70 at the 95th percentile; other products in one
/// layout, of which 15 to 60 % is the layout, in 74 to 109 at the 5th (`eval/index/README.md`).
const SAME_VIEW: u32 = 72;

/// What two linked pictures have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// They are prints of one picture.
    Picture,
    /// They show one object in different shots, or share a layout, or are prints changed beyond
    /// telling: the weaker claim.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Picture => "picture",
            Self::Object => "object",
        })
    }
}

/// What is compared of a stored picture: its landmarks, and its hash where that says enough.
pub(super) struct StoredView {
    pub(super) landmarks: Landmarks,
    pub(super) view: Option<PdqHash>,
    thumbnail: Option<Thumbnail>,
    /// Whether it is a page that is mostly layout, which all pages of an app have in its place.
    is_page: bool,
}

impl StoredView {
    /// Whether enough of the picture stands in its place in the one asked for, by its landmarks or,
    /// cell by cell, by its brightness where that one is seen. That what is laid over it hides no
    /// other picture is more than they can tell: the weaker claim, unless all that a cover leaves
    /// free is the same by landmarks and brightness.
    pub(super) fn stands_in(
        &self,
        asked: &InPlace<'_>,
        uncovered: Option<Uncovered<'_>>,
    ) -> Option<Kind> {
        if self.is_page {
            return None;
        }
        if asked.count(&self.landmarks) < ENOUGH_IN_PLACE {
            return self.is_seen_in(asked, uncovered?).then_some(Kind::Object);
        }
        let is_rest_the_same = uncovered
            .zip(self.thumbnail.as_ref())
            .is_some_and(|(seen, own)| {
                !seen.covers.is_empty()
                    && asked.stands_beside(&self.landmarks, seen.covers)
                    && own.is_same_beside(seen.covers, seen.thumbnail, asked.aspect())
            });
        Some(match is_rest_the_same {
            true => Kind::Picture,
            false => Kind::Object,
        })
    }

    /// Whether the picture is the same in all cells in which the one asked for is seen.
    fn is_seen_in(&self, asked: &InPlace<'_>, seen: Uncovered<'_>) -> bool {
        let thumbnails = self.thumbnail.as_ref().zip(seen.free);
        thumbnails.is_some_and(|(own, free)| {
            asked.has_shape_of(&self.landmarks) && own.is_same_in(free, seen.thumbnail)
        })
    }

    /// What the picture and the one asked for have in common, by their landmarks; and where these
    /// lay one frame on the other, by their hashes: a layout full of words agrees in its words
    /// alone.
    pub(super) fn compare(&self, asked: &Landmarks, view: Option<PdqHash>) -> Option<Kind> {
        let alignment = self.landmarks.find_in(asked)?;
        if !alignment.is_same_picture() {
            return None;
        }
        let views = self.view.zip(view);
        let another_view =
            alignment.same_frame && views.is_some_and(|(a, b)| a.hamming(&b) > SAME_VIEW);
        Some(match alignment.is_one_print() && !another_view {
            true => Kind::Picture,
            false => Kind::Object,
        })
    }
}

impl Index {
    /// Whether a search compares landmarks at all: where no picture has any, or none a descriptor,
    /// those of the picture asked for are not needed.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn compares_landmarks(&self) -> Result<bool> {
        let sql = "SELECT EXISTS(SELECT 1 FROM landmarks)";
        let some = self
            .db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .with_path(&self.database)?;
        Ok(some && self.model.is_some())
    }

    /// What is compared of a picture; `None` when its landmarks are not kept.
    pub(super) fn stored_view(&self, image: i64) -> Result<Option<StoredView>> {
        let sql = "SELECT points, CASE WHEN quality >= ?2 THEN hash END, mark IS 'page', thumbnail FROM landmarks
                   JOIN image ON image.id = landmarks.image LEFT JOIN pdq ON pdq.id = image.pdq WHERE image.id = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let Some(landmarks) = Landmarks::from_bytes(&row.get::<_, Vec<u8>>(0)?) else {
                return Ok(None);
            };
            let hash: Option<[u8; 32]> = row.get(1)?;
            let levels: Option<Vec<u8>> = row.get(3)?;
            Ok(Some(StoredView {
                landmarks,
                view: hash.map(PdqHash::from_bytes),
                thumbnail: levels.and_then(|levels| Thumbnail::from_bytes(&levels)),
                is_page: row.get(2)?,
            }))
        };
        let found = self.db.prepare_cached(sql).and_then(|mut statement| {
            let found = statement.query_row(params![image, MIN_QUALITY], read);
            found.optional()
        });
        Ok(found.with_path(&self.database)?.flatten())
    }
}
