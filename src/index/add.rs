//! Remembering a photograph.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::entry::{Added, Descriptor, Entry, Sighting};
use super::error::{IndexError, Result, WithPath};
use super::parts::{landmarks_to_keep, place_in_words};
use super::store::{Index, NOW, VectorTail};
use super::vectors::{normalised, quantise};
use super::weakness::Weakness;
use crate::fingerprint::{LANDMARKS_ID, Landmarks, PDQ_ID, PdqHash, PerceptualHash, Thumbnail};
use crate::photo::PIXELS_ID;

/// A picture that is in the database.
struct Known {
    image_id: i64,
    removed: bool,
    has_landmarks: bool,
}

impl Index {
    /// Remembers one photograph. It is durable after [`commit`](Self::commit); adding it again
    /// changes nothing.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], [`IndexError::Input`] for an impossible descriptor, or what the
    /// database refuses.
    pub fn add(&mut self, entry: &Entry) -> Result<Added> {
        self.begin()?;
        let known = self.known(&entry.sha256)?;
        let mut added = Added {
            image_id: known.as_ref().map_or(0, |known| known.image_id),
            new_image: known.is_none(),
            new_sighting: false,
            removed: known.as_ref().is_some_and(|known| known.removed),
        };
        if added.removed {
            return Ok(added);
        }
        let keep = !self.settings().hash_only;
        let descriptor = match &entry.descriptor {
            Some(descriptor) if keep && !entry.blank => Some(self.store_descriptor(descriptor)?),
            _ => None,
        };
        if known.is_none() {
            added.image_id = self.store_image(entry, descriptor)?;
        } else if let Some(row) = descriptor {
            self.replace_descriptor(added.image_id, row)?;
        }
        if entry.blank && known.is_some() {
            self.mark_blank(added.image_id)?;
        }
        let has_landmarks = known.is_some_and(|known| known.has_landmarks);
        if let Some(landmarks) = landmarks_to_keep(entry).filter(|_| keep && !has_landmarks) {
            self.store_landmarks(added.image_id, &landmarks, entry.thumbnail.as_ref())?;
        }
        self.store_perceptual(added.image_id, &entry.perceptual)?;
        self.store_decision(added.image_id, entry)?;
        self.store_parts(added.image_id, entry)?;
        added.new_sighting = self.store_sighting(added.image_id, &entry.sighting)?;
        Ok(added)
    }

    /// Whether a photo was seen there already, by the first 64 bits of its SHA-256. One that was
    /// removed counts as seen: it stays away.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn has_sighting(&self, picture: u64, sighting: &Sighting) -> Result<bool> {
        let sql = "SELECT EXISTS(
                     SELECT 1 FROM image WHERE sha256 BETWEEN ?1 AND ?2 AND (removed_at IS NOT NULL OR EXISTS(
                       SELECT 1 FROM sighting WHERE image = image.id AND seller = ?3 AND listing = ?4 AND file = ?5)))";
        let [mut first, mut last] = [[0; 32], [0xff; 32]];
        first[..8].copy_from_slice(&picture.to_be_bytes());
        last[..8].copy_from_slice(&picture.to_be_bytes());
        let Sighting {
            seller, listing, ..
        } = sighting;
        let values = params![first, last, seller, listing, self.stored_file(sighting)];
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)))
            .with_path(&self.database)
    }

    /// The file as it is kept: not at all in an index of hashes only.
    fn stored_file<'a>(&self, sighting: &'a Sighting) -> &'a str {
        match self.settings().hash_only {
            true => "",
            false => &sighting.file,
        }
    }

    fn known(&self, sha256: &[u8; 32]) -> Result<Option<Known>> {
        let sql = "SELECT id, removed_at IS NOT NULL, EXISTS(SELECT 1 FROM landmarks WHERE image = image.id)
                   FROM image WHERE sha256 = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Known {
                image_id: row.get(0)?,
                removed: row.get(1)?,
                has_landmarks: row.get(2)?,
            })
        };
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([sha256], read).optional())
            .with_path(&self.database)
    }

    fn store_image(&mut self, entry: &Entry, descriptor: Option<i64>) -> Result<i64> {
        let pdq = self.store_hash(entry.pdq.hash)?;
        let landmarks = entry.landmarks.as_ref().map(Landmarks::len);
        let mark = match entry.blank {
            true => Some(Weakness::Blank),
            false => Weakness::of(entry.pdq.quality, entry.flatness, landmarks),
        };
        let definition = format!("{PDQ_ID} {PIXELS_ID}");
        let values = params![
            entry.sha256,
            entry.width,
            entry.height,
            i64::from(pdq),
            definition,
            entry.pdq.quality,
            descriptor,
            mark,
        ];
        let sql = format!(
            "INSERT INTO image(sha256, width, height, pdq, pdq_definition, quality, descriptor, mark, added_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {NOW}, {NOW})"
        );
        self.execute(&sql, values)?;
        Ok(self.db.last_insert_rowid())
    }

    /// A picture on a page. Its number is below 0, so that those of pictures stay their count.
    pub(super) fn store_part(
        &mut self,
        page: i64,
        part: &Entry,
        descriptor: Option<i64>,
    ) -> Result<i64> {
        let pdq = self.store_hash(part.pdq.hash)?;
        let landmarks = part.landmarks.as_ref().map(Landmarks::len);
        let mark = Weakness::of(part.pdq.quality, part.flatness, landmarks);
        let definition = format!("{PDQ_ID} {PIXELS_ID}");
        let values = params![
            page,
            part.place.map(place_in_words),
            part.width,
            part.height,
            i64::from(pdq),
            definition,
            part.pdq.quality,
            descriptor,
            mark,
        ];
        let sql = format!(
            "INSERT INTO image(id, page, place, width, height, pdq, pdq_definition, quality, descriptor, mark, added_at, updated_at)
             VALUES ((SELECT min(0, coalesce(min(id), 0)) - 1 FROM image), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {NOW}, {NOW})"
        );
        self.execute(&sql, values)?;
        Ok(self.db.last_insert_rowid())
    }

    /// An index of an earlier version may hold it as another kind of weak picture.
    fn mark_blank(&self, image: i64) -> Result<()> {
        let sql = format!(
            "UPDATE image SET mark = ?2, descriptor = NULL, updated_at = {NOW}
             WHERE id = ?1 AND mark IS NOT ?2"
        );
        self.execute(&sql, params![image, Weakness::Blank])
            .map(|_| ())
    }

    fn replace_descriptor(&self, image: i64, descriptor: i64) -> Result<()> {
        let sql = format!(
            "UPDATE image SET descriptor = ?2, updated_at = {NOW} WHERE id = ?1 AND descriptor IS NOT ?2"
        );
        self.execute(&sql, params![image, descriptor]).map(|_| ())
    }

    fn store_decision(&self, image: i64, entry: &Entry) -> Result<()> {
        let Some(decision) = &entry.decision else {
            return Ok(());
        };
        let sql = format!(
            "UPDATE image SET decision = ?2, raised = ?3, updated_at = {NOW}
             WHERE id = ?1 AND (decision IS NOT ?2 OR raised IS NOT ?3)"
        );
        self.execute(&sql, params![image, decision, entry.raised.join("\n")])
            .map(|_| ())
    }

    pub(super) fn store_landmarks(
        &self,
        image: i64,
        landmarks: &Landmarks,
        thumbnail: Option<&Thumbnail>,
    ) -> Result<()> {
        let sql =
            "INSERT INTO landmarks(image, definition, points, thumbnail) VALUES (?1, ?2, ?3, ?4)";
        let levels = thumbnail.map(Thumbnail::as_bytes);
        let values = params![image, LANDMARKS_ID, landmarks.to_bytes(), levels];
        self.execute(sql, values).map(|_| ())
    }

    fn store_perceptual(&self, image: i64, hashes: &[PerceptualHash]) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO perceptual(image, definition, bits) VALUES (?1, ?2, ?3)";
        for hash in hashes {
            self.execute(sql, params![image, hash.definition, &hash.bits[..]])?;
        }
        Ok(())
    }

    /// Whether the sighting was new.
    fn store_sighting(&self, image: i64, sighting: &Sighting) -> Result<bool> {
        let file = self.stored_file(sighting);
        let sql = format!(
            "INSERT OR IGNORE INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, {NOW})"
        );
        let values = params![
            image,
            file,
            sighting.seller,
            sighting.listing,
            sighting.platform,
            sighting.captured_at
        ];
        Ok(self.execute(&sql, values)? == 1)
    }

    /// The row of a hash, which is made when it is not there.
    pub(super) fn store_hash(&mut self, hash: PdqHash) -> Result<u32> {
        let bytes = hash.to_bytes();
        let known = self
            .db
            .prepare_cached("SELECT id FROM pdq WHERE hash = ?1")
            .and_then(|mut statement| statement.query_row([bytes], |row| row.get(0)).optional())
            .with_path(&self.database)?;
        if let Some(row) = known {
            return Ok(row);
        }
        self.execute("INSERT INTO pdq(hash) VALUES (?1)", [bytes])?;
        let row = row_number(self.db.last_insert_rowid())?;
        self.tail.push((hash, row));
        Ok(row)
    }

    /// The row of a descriptor, which is made when it is not there.
    pub(super) fn store_descriptor(&mut self, descriptor: &Descriptor) -> Result<i64> {
        let vector = normalised(&descriptor.vector)?;
        let model = self.store_model(descriptor)?;
        let bytes: Vec<u8> = vector
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let digest = Sha256::digest(&bytes);
        let known = self
            .db
            .prepare_cached("SELECT id FROM descriptor WHERE model = ?1 AND digest = ?2")
            .and_then(|mut s| {
                s.query_row(params![model, &digest[..16]], |row| row.get(0))
                    .optional()
            })
            .with_path(&self.database)?;
        if let Some(row) = known {
            return Ok(row);
        }
        // Read the tail before the row is there, so that it is not counted twice.
        let current = self.model.is_some_and(|(row, _)| row == model);
        if current {
            self.vector_tail()?;
        }
        self.execute(
            "INSERT INTO descriptor(model, digest, vector) VALUES (?1, ?2, ?3)",
            params![model, &digest[..16], bytes],
        )?;
        let row = self.db.last_insert_rowid();
        if let Some(tail) = self.vector_tail.get_mut().filter(|_| current) {
            tail.rows.push(row_number(row)?);
            tail.bytes.extend(quantise(&vector));
        }
        Ok(row)
    }

    /// The row of the maker of a descriptor. A new maker's descriptors are searched from now on.
    /// One that differs only in how files became pixels is no new maker: its descriptors join
    /// those that are there, else they would no longer be found.
    fn store_model(&mut self, descriptor: &Descriptor) -> Result<i64> {
        let dimension = descriptor.vector.len();
        let find = "SELECT id, preprocessing FROM model WHERE model = ?1 AND dimension = ?2
                    ORDER BY preprocessing = ?3 DESC, id DESC";
        let values = params![descriptor.model, dimension as i64, descriptor.preprocessing];
        let known: Vec<(i64, String)> = self
            .db
            .prepare_cached(find)
            .and_then(|mut statement| {
                let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect()
            })
            .with_path(&self.database)?;
        let joined = known
            .into_iter()
            .find(|(_, maker)| descriptor.is_comparable(maker));
        if let Some((model, _)) = joined {
            return Ok(model);
        }
        let key = params![descriptor.model, descriptor.preprocessing, dimension as i64];
        self.execute(
            "INSERT INTO model(model, preprocessing, dimension) VALUES (?1, ?2, ?3)",
            key,
        )?;
        let model = self.db.last_insert_rowid();
        self.model = Some((model, dimension));
        self.vector_tail = VectorTail::default().into();
        Ok(model)
    }
}

fn row_number(row: i64) -> Result<u32> {
    u32::try_from(row).map_err(|_| {
        IndexError::Input("the index is full: it holds four thousand million hashes".into())
    })
}
