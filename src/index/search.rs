//! The same picture again: by bytes, by hash, by descriptor and landmarks.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::{AtPath, IndexError, Result};
use super::hashes::{self, Near, PackedHashes};
use super::store::{Index, floats, normalised};
use super::vectors::{cosine, product, quantise};
use super::{Descriptor, Match, Query, Sighting};
use crate::fingerprint::{Landmarks, MIN_QUALITY, PdqHash};

/// Pictures compared between two looks at the database.
const TOGETHER: usize = 256;

/// Bits by which two hashes of one view may differ while the pictures count as one. Copies with the strongest banner or
/// watermark tried differ in 70 at the 95th percentile; other products in one layout, of which 15 to 60 % is the layout, in 74 to 109
/// at the 5th (`eval/index/README.md`).
const SAME_VIEW: u32 = 72;

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

/// What two linked pictures have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// They are prints of one picture.
    Picture,
    /// They show one object in different shots, or share a layout, or are prints changed beyond telling: the weaker
    /// claim.
    Object,
}

impl Kind {
    /// The kind's name, as in `pairs.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Object => "object",
        }
    }
}

/// How widely descriptors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breadth {
    /// The graph, as wide as its build found necessary; without a graph, all.
    #[default]
    Tuned,
    /// The graph, with this many points kept on the way; without a graph, all.
    Width(usize),
    /// Every descriptor.
    All,
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

/// Two pictures of the index that are one, or show one object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PicturePair {
    /// The smaller picture number.
    pub first: i64,
    /// The larger one.
    pub second: i64,
    /// What they have in common.
    pub kind: Kind,
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
        // Pictures of which only a part may be the same.
        let mut parts = BTreeSet::new();
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
            for (image, similarity, kind) in
                self.same_by_descriptor(descriptor, landmarks, query, &found)?
            {
                if kind == Kind::Object && !found.contains_key(&image) {
                    parts.insert(image);
                }
                found
                    .entry(image)
                    .or_insert((Method::Descriptor, 1.0 - similarity, similarity));
            }
        }
        self.sightings_of(found, &parts, query)
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
        parts: &BTreeSet<i64>,
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
                    .then(|| "low quality".to_owned())
                    .or_else(|| parts.contains(&image_id).then(|| "part only".to_owned()));
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
        let packed = self.generation.hashes.as_ref();
        near_hashes(packed, &self.tail, hash, reach, exhaustive)
    }

    /// Pictures whose descriptor is near and whose landmarks agree, with their cosines.
    fn same_by_descriptor(
        &self,
        descriptor: &Descriptor,
        landmarks: &Landmarks,
        query: &Query<'_>,
        known: &BTreeMap<i64, (Method, f64, f64)>,
    ) -> Result<Vec<(i64, f64, Kind)>> {
        let breadth = match query.exact {
            true => Breadth::All,
            false => Breadth::Tuned,
        };
        let mut candidates = Vec::new();
        for (row, similarity) in self.near_descriptors(descriptor, query.candidates, breadth)? {
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
                if let Some(stored) = self.look_of(*image)? {
                    candidates.push((images, stored, f64::from(similarity)));
                    break;
                }
            }
        }
        // Comparing landmarks is most of the work of a search.
        let same = candidates
            .into_par_iter()
            .filter_map(|(images, stored, similarity)| {
                Some((images, similarity, common(&stored, landmarks, query.view)?))
            })
            .flat_map_iter(|(images, similarity, kind)| {
                images
                    .into_iter()
                    .map(move |image| (image, similarity, kind))
            });
        Ok(same.collect())
    }

    fn look_of(&self, image: i64) -> Result<Option<Look>> {
        let sql = "SELECT points, CASE WHEN quality >= ?2 THEN hash END FROM landmarks
                   JOIN image ON image.id = landmarks.image LEFT JOIN pdq ON pdq.id = image.pdq WHERE image.id = ?1";
        let found: Option<(Vec<u8>, Option<[u8; 32]>)> = self
            .db
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row(params![image, MIN_QUALITY], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()
            })
            .at(&self.database)?;
        Ok(found.and_then(|(points, hash)| {
            Some(Look {
                landmarks: Landmarks::from_bytes(&points)?,
                view: hash.map(PdqHash::from_bytes),
            })
        }))
    }

    /// The `k` nearest stored descriptors of the same model, as (row of `descriptor`, cosine), best first.
    /// Packed bytes propose twice as many; the floats in the database rank them.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] for an impossible descriptor.
    pub fn near_descriptors(
        &self,
        descriptor: &Descriptor,
        k: usize,
        breadth: Breadth,
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
            let (graph, width) = match breadth {
                Breadth::All => (None, None),
                Breadth::Tuned => (self.graph()?, None),
                Breadth::Width(width) => (self.graph()?, Some(width)),
            };
            let from = graph.map_or(0, |_| {
                self.generation
                    .manifest
                    .as_ref()
                    .map_or(0, |m| m.graph_points)
            });
            let positions = match graph {
                Some(graph) => graph
                    .nearest(packed, &query, wide, width)
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

    /// Every pair of pictures that are one, also mirrored or turned, or show one object; without the removed. Among pictures of one hash,
    /// each is paired with the first only. `candidates` descriptors are verified per picture; 0 leaves descriptors
    /// out. `progress` is called with the share done, 0 to 1.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pairs(
        &self,
        max_distance: u32,
        candidates: usize,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Vec<PicturePair>> {
        let mut pairs = Pairs::default();
        let half = if candidates > 0 { 0.5 } else { 1.0 };
        self.pairs_by_hash(max_distance, &mut pairs, &mut |share| {
            progress(half * share)
        })?;
        if candidates > 0 {
            self.pairs_by_descriptor(candidates, &mut pairs, &mut |share| {
                progress(half + half * share)
            })?;
        }
        Ok(pairs.0.into_values().collect())
    }

    fn pairs_by_hash(
        &self,
        max_distance: u32,
        pairs: &mut Pairs,
        progress: &mut dyn FnMut(f64),
    ) -> Result<()> {
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
        let all: Vec<_> = firsts
            .iter()
            .map(|(&row, &(image, hash))| (row, image, hash))
            .collect();
        let (packed, tail) = (self.generation.hashes.as_ref(), self.tail.as_slice());
        let mut done = 0;
        for chunk in all.chunks(TOGETHER) {
            let found = chunk.par_iter().flat_map_iter(|&(row, image, hash)| {
                let mut nearest: BTreeMap<u32, u32> = BTreeMap::new();
                for turned in hash.orientations() {
                    for (other, distance) in near_hashes(packed, tail, &turned, max_distance, false)
                    {
                        let least = nearest.entry(other).or_insert(distance);
                        *least = distance.min(*least);
                    }
                }
                nearest
                    .into_iter()
                    .filter(move |&(other, _)| other > row)
                    .filter_map(|(other, distance)| Some((firsts.get(&other)?.0, distance)))
                    .map(move |(other, distance)| (image, other, f64::from(distance)))
            });
            for (a, b, distance) in found.collect::<Vec<_>>() {
                pairs.add(
                    a,
                    b,
                    Kind::Picture,
                    Method::Pdq,
                    distance,
                    1.0 - distance / 256.0,
                );
            }
            for &(row, first, _) in chunk {
                let copies =
                    "SELECT id FROM image WHERE pdq = ?1 AND removed_at IS NULL ORDER BY id";
                for copy in self.images(copies, [row])? {
                    pairs.add(first, copy, Kind::Picture, Method::Pdq, 0.0, 1.0);
                }
            }
            done += chunk.len();
            progress(done as f64 / all.len() as f64);
        }
        Ok(())
    }

    fn pairs_by_descriptor(
        &self,
        candidates: usize,
        pairs: &mut Pairs,
        progress: &mut dyn FnMut(f64),
    ) -> Result<()> {
        let Some((model, _)) = self.model else {
            return Ok(());
        };
        let sql = "SELECT descriptor.id, min(image.id) FROM descriptor JOIN image ON image.descriptor = descriptor.id
                   WHERE descriptor.model = ?1 AND removed_at IS NULL GROUP BY descriptor.id ORDER BY descriptor.id";
        let mut statement = self.db.prepare(sql).at(&self.database)?;
        let rows = statement
            .query_map([model], |row| Ok((row.get(0)?, row.get(1)?)))
            .at(&self.database)?;
        let firsts: BTreeMap<i64, i64> = rows.collect::<rusqlite::Result<_>>().at(&self.database)?;
        let all: Vec<(i64, i64)> = firsts.iter().map(|(&row, &image)| (row, image)).collect();
        let mut done = 0;
        for chunk in all.chunks(TOGETHER) {
            let mut proposed = Vec::new();
            for &(own, image) in chunk {
                let copies = "SELECT id FROM image WHERE descriptor = ?1 AND removed_at IS NULL";
                for copy in self.images(copies, [own])? {
                    pairs.add(image, copy, Kind::Picture, Method::Descriptor, 0.0, 1.0);
                }
                let Some(look) = self.look_of(image)? else {
                    continue;
                };
                let mut near = Vec::new();
                let descriptor = self.descriptor(own)?;
                for (other, similarity) in
                    self.near_descriptors(&descriptor, candidates + 1, Breadth::Tuned)?
                {
                    let Some(&second) = firsts.get(&other).filter(|_| other != own) else {
                        continue;
                    };
                    if similarity < Query::default().min_cosine {
                        break;
                    }
                    if pairs.holds_picture(image, second) {
                        continue;
                    }
                    if let Some(stored) = self.look_of(second)? {
                        near.push((second, stored, f64::from(similarity)));
                    }
                }
                proposed.push((image, look, near));
            }
            let found = proposed
                .into_par_iter()
                .flat_map_iter(|(image, look, near)| {
                    near.into_iter()
                        .filter_map(move |(second, stored, similarity)| {
                            let kind = common(&stored, &look.landmarks, look.view)?;
                            Some((image, second, similarity, kind))
                        })
                });
            for (image, second, similarity, kind) in found.collect::<Vec<_>>() {
                let distance = 1.0 - similarity;
                pairs.add(
                    image,
                    second,
                    kind,
                    Method::Descriptor,
                    distance,
                    similarity,
                );
            }
            done += chunk.len();
            progress(done as f64 / all.len() as f64);
        }
        Ok(())
    }

    fn descriptor(&self, row: i64) -> Result<Descriptor> {
        let sql = "SELECT vector, model.model, preprocessing
                   FROM descriptor JOIN model ON model.id = descriptor.model WHERE descriptor.id = ?1";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.query_row([row], |row| {
                    let bytes: Vec<u8> = row.get(0)?;
                    Ok(Descriptor {
                        vector: floats(&bytes),
                        model: row.get(1)?,
                        preprocessing: row.get(2)?,
                    })
                })
            })
            .at(&self.database)
    }
}

/// Pairs found so far, by their pictures; the first answer, the surest, stays, unless it claims less.
#[derive(Default)]
struct Pairs(BTreeMap<(i64, i64), PicturePair>);

impl Pairs {
    fn holds_picture(&self, a: i64, b: i64) -> bool {
        let pair = self.0.get(&(a.min(b), a.max(b)));
        pair.is_some_and(|pair| pair.kind == Kind::Picture)
    }

    fn add(&mut self, a: i64, b: i64, kind: Kind, method: Method, distance: f64, similarity: f64) {
        if a == b {
            return;
        }
        let (first, second) = (a.min(b), a.max(b));
        let pair = PicturePair {
            first,
            second,
            kind,
            method,
            distance,
            similarity,
        };
        let known = self.0.entry((first, second)).or_insert(pair);
        if kind < known.kind {
            *known = pair;
        }
    }
}

fn near_hashes(
    packed: Option<&PackedHashes>,
    tail: &[(PdqHash, u32)],
    hash: &PdqHash,
    reach: u32,
    exhaustive: bool,
) -> Vec<Near> {
    let mut near = packed.map_or_else(Vec::new, |packed| packed.within(hash, reach, exhaustive));
    near.extend(tail.iter().filter_map(|(other, row)| {
        hashes::within(&other.0, &hash.0, reach).map(|distance| (*row, distance))
    }));
    near
}

/// What is compared of a stored picture: its landmarks, and its hash where that says enough.
struct Look {
    landmarks: Landmarks,
    view: Option<PdqHash>,
}

/// What a stored picture and the one asked for have in common, by their landmarks; and where these lay one frame on the
/// other, by their hashes: a layout full of words agrees in its words alone.
fn common(stored: &Look, asked: &Landmarks, view: Option<PdqHash>) -> Option<Kind> {
    let placed = stored.landmarks.find_in(asked)?;
    if !placed.is_same_picture() {
        return None;
    }
    let another_view = placed.same_frame
        && stored
            .view
            .zip(view)
            .is_some_and(|(a, b)| a.hamming(&b) > SAME_VIEW);
    Some(match placed.is_one_print() && !another_view {
        true => Kind::Picture,
        false => Kind::Object,
    })
}

fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
