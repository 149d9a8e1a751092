//! The same picture again: by bytes, by hash, by descriptor and landmarks.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::error::{AtPath, IndexError, Result};
use super::hashes::{self, Near};
use super::store::{Index, floats, normalised};
use super::vectors::{cosine, product, quantise};
use super::{Descriptor, Match, Query, Sighting};
use crate::fingerprint::{Landmarks, MIN_QUALITY, PdqHash};

/// How a picture was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The same bytes.
    Sha256,
    /// A PDQ hash within reach.
    Pdq,
    /// A near descriptor, verified by landmarks.
    Descriptor,
}

impl Method {
    /// The method's name, as in the record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Pdq => "pdq",
            Self::Descriptor => "descriptor",
        }
    }
}

/// A picture with its sightings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureSightings {
    /// Number in the index.
    pub image_id: i64,
    /// SHA-256 in hexadecimal; empty for an imported hash.
    pub sha256: String,
    /// Why it is no evidence by itself; `None` when it is.
    pub mark: Option<String>,
    /// Where it was seen.
    pub sightings: Vec<Sighting>,
}

/// Two pictures of the index that are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PicturePair {
    /// The smaller picture number.
    pub first: i64,
    /// The larger one.
    pub second: i64,
    /// How they were found.
    pub method: Method,
    /// As in [`Match::distance`].
    pub distance: f64,
    /// As in [`Match::similarity`].
    pub similarity: f64,
}

impl Index {
    /// Every sighting of the photograph asked for, surest first: same bytes, then by distance.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] for an impossible descriptor.
    pub fn query(&self, query: &Query<'_>) -> Result<Vec<Match>> {
        // Picture number -> how it was found; the first and surest answer stays.
        let mut found: BTreeMap<i64, (Method, f64, f64)> = BTreeMap::new();
        if let Some(sha256) = query.sha256 {
            for image in self.images(
                "SELECT id FROM image WHERE sha256 = ?1 AND removed_at IS NULL",
                params![sha256],
            )? {
                found.insert(image, (Method::Sha256, 0.0, 1.0));
            }
        }
        let mut nearest: BTreeMap<u32, u32> = BTreeMap::new();
        for hash in &query.hashes {
            for (row, distance) in self.near_hashes(hash, query.max_distance, query.exact) {
                nearest
                    .entry(row)
                    .and_modify(|least| *least = distance.min(*least))
                    .or_insert(distance);
            }
        }
        let mut nearest: Vec<Near> = nearest.into_iter().collect();
        nearest.sort_unstable_by_key(|&(row, distance)| (distance, row));
        for (row, distance) in nearest {
            if found.len() >= query.limit.saturating_mul(2).max(1000) {
                break;
            }
            let by_hash =
                "SELECT id FROM image WHERE pdq = ?1 AND removed_at IS NULL ORDER BY id LIMIT ?2";
            for image in self.images(by_hash, params![row, sql_limit(query.limit)])? {
                let distance = f64::from(distance);
                found
                    .entry(image)
                    .or_insert((Method::Pdq, distance, 1.0 - distance / 256.0));
            }
        }
        if let (Some(descriptor), Some(landmarks)) = (query.descriptor, query.landmarks) {
            for (image, similarity) in
                self.same_by_descriptor(descriptor, landmarks, query, &found)?
            {
                found
                    .entry(image)
                    .or_insert((Method::Descriptor, 1.0 - similarity, similarity));
            }
        }
        self.sightings_of(found, query)
    }

    fn images(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<i64>> {
        let mut statement = self.db.prepare_cached(sql).at(&self.database)?;
        let rows = statement
            .query_map(values, |row| row.get(0))
            .at(&self.database)?;
        rows.collect::<rusqlite::Result<_>>().at(&self.database)
    }

    fn sightings_of(
        &self,
        found: BTreeMap<i64, (Method, f64, f64)>,
        query: &Query<'_>,
    ) -> Result<Vec<Match>> {
        let mut order: Vec<_> = found.into_iter().collect();
        order.sort_by(|(a, (x, dx, _)), (b, (y, dy, _))| {
            x.cmp(y).then(dx.total_cmp(dy)).then(a.cmp(b))
        });
        let mut matches = Vec::new();
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT coalesce(file, ''), coalesce(seller, ''), coalesce(listing, ''), mark
                 FROM image LEFT JOIN sighting ON sighting.image = image.id
                 WHERE image.id = ?1 ORDER BY sighting.id LIMIT ?2",
            )
            .at(&self.database)?;
        for (image_id, (method, distance, similarity)) in order {
            let left = query.limit - matches.len().min(query.limit);
            if left == 0 {
                break;
            }
            let rows = statement.query_map(params![image_id, sql_limit(left)], |row| {
                let mark: Option<String> = row.get(3)?;
                let own = (method == Method::Pdq && query.quality < MIN_QUALITY)
                    .then(|| "low quality".to_owned());
                Ok(Match {
                    image_id,
                    file: row.get(0)?,
                    seller: row.get(1)?,
                    listing: row.get(2)?,
                    method,
                    distance,
                    similarity,
                    weak: mark.or(own),
                })
            });
            for found in rows.at(&self.database)? {
                matches.push(found.at(&self.database)?);
            }
        }
        Ok(matches)
    }

    /// Unique hashes within `reach` bits of `hash`, as (row of `pdq`, differing bits), the packed ones first and by
    /// distance. `exhaustive` leaves the tables aside.
    #[must_use]
    pub fn near_hashes(&self, hash: &PdqHash, reach: u32, exhaustive: bool) -> Vec<(u32, u32)> {
        let mut near = match &self.generation.hashes {
            Some(packed) => packed.within(hash, reach, exhaustive),
            None => Vec::new(),
        };
        let tail = self.tail.iter().filter_map(|(other, row)| {
            hashes::within(&other.0, &hash.0, reach).map(|distance| (*row, distance))
        });
        near.extend(tail);
        near
    }

    /// Pictures whose descriptor is near and whose landmarks agree, with their cosines.
    fn same_by_descriptor(
        &self,
        descriptor: &Descriptor,
        landmarks: &Landmarks,
        query: &Query<'_>,
        known: &BTreeMap<i64, (Method, f64, f64)>,
    ) -> Result<Vec<(i64, f64)>> {
        let mut same = Vec::new();
        for (row, similarity) in self.near_descriptors(descriptor, query.candidates, query.exact)? {
            if similarity < query.min_cosine {
                break;
            }
            let by_descriptor = "SELECT id FROM image WHERE descriptor = ?1 AND removed_at IS NULL ORDER BY id LIMIT ?2";
            // Copies share the descriptor; the landmarks of the first that has any speak for all of them.
            let images = self.images(by_descriptor, params![row, sql_limit(query.limit)])?;
            if images.iter().all(|image| known.contains_key(image)) {
                continue;
            }
            for image in &images {
                let Some(stored) = self.landmarks_of(*image)? else {
                    continue;
                };
                if stored
                    .find_in(landmarks)
                    .is_some_and(|placed| placed.is_same_picture())
                {
                    same.extend(images.iter().map(|&image| (image, f64::from(similarity))));
                }
                break;
            }
        }
        Ok(same)
    }

    pub(super) fn landmarks_of(&self, image: i64) -> Result<Option<Landmarks>> {
        let sql = "SELECT points FROM landmarks WHERE image = ?1";
        let bytes: Vec<Vec<u8>> = self
            .db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map([image], |row| row.get(0))?.collect())
            .at(&self.database)?;
        Ok(bytes.first().and_then(|bytes| Landmarks::from_bytes(bytes)))
    }

    /// The `k` nearest stored descriptors of the same model, as (row of `descriptor`, cosine), best first.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] for an impossible descriptor.
    pub fn near_descriptors(
        &self,
        descriptor: &Descriptor,
        k: usize,
        exact: bool,
    ) -> Result<Vec<(i64, f32)>> {
        let vector = normalised(&descriptor.vector)?;
        let Some((model, dimension)) = self.model else {
            return Ok(Vec::new());
        };
        let maker: (String, String) = self
            .db
            .prepare_cached("SELECT model, preprocessing FROM model WHERE id = ?1")
            .and_then(|mut statement| {
                statement.query_row([model], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .at(&self.database)?;
        if maker != (descriptor.model.clone(), descriptor.preprocessing.clone())
            || dimension != vector.len()
        {
            self.warn_once(format!(
                "the index holds descriptors of model {} ({}), not of {} ({}): crops and composites are not searched; \
                 run `faunalens scan --index` with one model over everything",
                maker.0, maker.1, descriptor.model, descriptor.preprocessing
            ));
            return Ok(Vec::new());
        }
        let query = quantise(&vector);
        // Bytes rank nearly as floats do: twice as many are looked up, then ranked by the floats.
        let wide = 2 * k + 8;
        let mut rows: Vec<(i32, u32)> = Vec::new();
        if let Some(packed) = self.packed_vectors() {
            let graph = if exact { None } else { self.graph()? };
            let from = graph.map_or(0, |_| {
                self.generation
                    .manifest
                    .as_ref()
                    .map_or(0, |m| m.graph_points)
            });
            let positions = match graph {
                Some(graph) => graph
                    .nearest(&query, wide)
                    .into_iter()
                    .chain(from..packed.len())
                    .collect(),
                None => packed.nearest(&query, wide),
            };
            let all = packed.rows();
            rows.extend(
                positions
                    .into_iter()
                    .filter(|&position| position < packed.len())
                    .map(|position| (product(packed.vector(position), &query), all[position])),
            );
        }
        let tail = self.vector_tail()?;
        rows.extend(
            tail.bytes
                .chunks_exact(dimension.max(1))
                .zip(&tail.rows)
                .map(|(v, &row)| (product(v, &query), row)),
        );
        rows.sort_unstable_by_key(|&(value, row)| (std::cmp::Reverse(value), row));
        rows.truncate(wide);
        // One statement for all: each takes the database's locks anew.
        let rows: Vec<u32> = rows.into_iter().map(|(_, row)| row).collect();
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT id, vector FROM descriptor WHERE id IN (SELECT value FROM json_each(?1))",
            )
            .at(&self.database)?;
        let mut nearest: Vec<(i64, f32)> = statement
            .query_map([format!("{rows:?}")], |found| {
                let bytes: Vec<u8> = found.get(1)?;
                Ok((found.get(0)?, cosine(&floats(&bytes), &vector)))
            })
            .and_then(Iterator::collect)
            .at(&self.database)?;
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest.truncate(k);
        Ok(nearest)
    }

    fn graph(&self) -> Result<Option<&super::graph::Graph>> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph.as_ref());
        }
        let graph = self.generation.graph().unwrap_or_else(|error: IndexError| {
            self.warn_once(format!("{error}; scanning all descriptors until then"));
            None
        });
        Ok(self.graph.get_or_init(|| graph).as_ref())
    }

    fn warn_once(&self, warning: String) {
        if !self.warnings().contains(&warning) {
            self.warn(warning);
        }
    }

    /// Every picture with its sightings, without the removed, by number.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pictures(&self) -> Result<Vec<PictureSightings>> {
        let sql = "SELECT image.id, coalesce(lower(hex(sha256)), ''), mark, file, seller, listing, platform, captured_at
                   FROM image LEFT JOIN sighting ON sighting.image = image.id WHERE removed_at IS NULL
                   ORDER BY image.id, sighting.id";
        let mut statement = self.db.prepare(sql).at(&self.database)?;
        let mut rows = statement.query([]).at(&self.database)?;
        let mut pictures: Vec<PictureSightings> = Vec::new();
        while let Some(row) = rows.next().at(&self.database)? {
            let mut read = || -> rusqlite::Result<()> {
                let image_id = row.get(0)?;
                if pictures.last().is_none_or(|last| last.image_id != image_id) {
                    let (sha256, mark) = (row.get(1)?, row.get(2)?);
                    pictures.push(PictureSightings {
                        image_id,
                        sha256,
                        mark,
                        sightings: Vec::new(),
                    });
                }
                if let (Some(last), Some(file)) = (pictures.last_mut(), row.get(3)?) {
                    let (seller, listing, platform) = (row.get(4)?, row.get(5)?, row.get(6)?);
                    last.sightings.push(Sighting {
                        file,
                        seller,
                        listing,
                        platform,
                        captured_at: row.get(7)?,
                    });
                }
                Ok(())
            };
            read().at(&self.database)?;
        }
        Ok(pictures)
    }

    /// Every pair of pictures that are one, without the removed. Among pictures of one hash, each is paired with the
    /// first only. `candidates` descriptors are verified per picture; 0 leaves descriptors out. `progress` is called
    /// with the share done, 0 to 1.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pairs(
        &self,
        max_distance: u32,
        candidates: usize,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Vec<PicturePair>> {
        let mut pairs = BTreeMap::new();
        let mut add = |a: i64, b: i64, method: Method, distance: f64, similarity: f64| {
            if a != b {
                let (first, second) = (a.min(b), a.max(b));
                let pair = PicturePair {
                    first,
                    second,
                    method,
                    distance,
                    similarity,
                };
                pairs.entry((first, second)).or_insert(pair);
            }
        };
        let sql = "SELECT image.pdq, min(image.id), hash FROM image JOIN pdq ON pdq.id = image.pdq
                   WHERE removed_at IS NULL GROUP BY image.pdq ORDER BY image.pdq";
        let mut statement = self.db.prepare(sql).at(&self.database)?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, u32>(0)?,
                    (row.get(1)?, PdqHash::from_bytes(row.get(2)?)),
                ))
            })
            .at(&self.database)?;
        let firsts: BTreeMap<u32, (i64, PdqHash)> =
            rows.collect::<rusqlite::Result<_>>().at(&self.database)?;
        let total = firsts.len().max(1) as f64;
        for (done, (&row, &(first, hash))) in firsts.iter().enumerate() {
            for (other, distance) in self.near_hashes(&hash, max_distance, false) {
                if let Some(&(second, _)) = firsts.get(&other).filter(|_| other > row) {
                    let distance = f64::from(distance);
                    add(first, second, Method::Pdq, distance, 1.0 - distance / 256.0);
                }
            }
            for copy in self.images(
                "SELECT id FROM image WHERE pdq = ?1 AND removed_at IS NULL ORDER BY id",
                [row],
            )? {
                add(first, copy, Method::Pdq, 0.0, 1.0);
            }
            if done.is_multiple_of(256) {
                progress(done as f64 / total / if candidates > 0 { 2.0 } else { 1.0 });
            }
        }
        if let Some((model, _)) = self.model.filter(|_| candidates > 0) {
            let sql = "SELECT descriptor.id, min(image.id), vector, model.model, preprocessing
                       FROM descriptor JOIN image ON image.descriptor = descriptor.id JOIN model ON model.id = descriptor.model
                       WHERE descriptor.model = ?1 AND removed_at IS NULL GROUP BY descriptor.id ORDER BY descriptor.id";
            let mut statement = self.db.prepare(sql).at(&self.database)?;
            let mut rows = statement.query([model]).at(&self.database)?;
            let mut done = 0;
            while let Some(row) = rows.next().at(&self.database)? {
                let own: i64 = row.get(0).at(&self.database)?;
                let image: i64 = row.get(1).at(&self.database)?;
                let bytes: Vec<u8> = row.get(2).at(&self.database)?;
                let descriptor = Descriptor {
                    vector: floats(&bytes),
                    model: row.get(3).at(&self.database)?,
                    preprocessing: row.get(4).at(&self.database)?,
                };
                done += 1;
                progress((0.5 + 0.5 * f64::from(done) / total).min(1.0));
                for copy in self.images(
                    "SELECT id FROM image WHERE descriptor = ?1 AND removed_at IS NULL",
                    [own],
                )? {
                    add(image, copy, Method::Descriptor, 0.0, 1.0);
                }
                let Some(landmarks) = self.landmarks_of(image)? else {
                    continue;
                };
                for (other, similarity) in
                    self.near_descriptors(&descriptor, candidates + 1, false)?
                {
                    if other == own || similarity < Query::default().min_cosine {
                        continue;
                    }
                    let first = "SELECT min(id) FROM image WHERE descriptor = ?1 AND removed_at IS NULL HAVING min(id) NOT NULL";
                    for second in self.images(first, [other])? {
                        let Some(stored) = self.landmarks_of(second)? else {
                            continue;
                        };
                        if stored
                            .find_in(&landmarks)
                            .is_some_and(|placed| placed.is_same_picture())
                        {
                            let similarity = f64::from(similarity);
                            add(
                                image,
                                second,
                                Method::Descriptor,
                                1.0 - similarity,
                                similarity,
                            );
                        }
                    }
                }
            }
        }
        Ok(pairs.into_values().collect())
    }
}

fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
