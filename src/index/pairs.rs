//! Every pair of pictures of an index that are one, or show one object.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rusqlite::Row;

use super::descriptor_search::Breadth;
use super::error::{Result, WithPath};
use super::hashes::AllHashes;
use super::method::Method;
use super::query::Query;
use super::store::Index;
use super::verification::{Kind, StoredView};
use crate::fingerprint::PdqHash;

/// Pictures compared between two visits to the database.
const TOGETHER: usize = 256;

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
    /// As in [`Match::distance`](super::Match::distance).
    pub distance: f64,
    /// As in [`Match::similarity`](super::Match::similarity).
    pub similarity: f64,
}

/// The first picture of a unique hash: its number, and the hash.
type First = (i64, PdqHash);

/// A picture, what it shows, and the pictures of near descriptors with their cosines.
type Proposed = (i64, StoredView, Vec<(i64, StoredView, f64)>);

impl Index {
    /// Every pair of pictures that are one, also mirrored or turned, or show one object; without
    /// the removed, and without pages that are mostly layout, for which their pictures stand. Among pictures of one hash, each is paired with the first only. `candidates`
    /// descriptors are verified per picture; 0 leaves descriptors out. `progress` is called with
    /// the share done, 0 to 1.
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
        let firsts = self.first_of_each_hash()?;
        let all: Vec<(u32, First)> = firsts.iter().map(|(&row, &first)| (row, first)).collect();
        let hashes = self.hashes();
        let mut done = 0;
        for chunk in all.chunks(TOGETHER) {
            let near = |&(row, first): &(u32, First)| {
                near_firsts(hashes, row, first, &firsts, max_distance)
            };
            for (a, b, bits) in chunk.par_iter().flat_map_iter(near).collect::<Vec<_>>() {
                pairs.add(a, b, Link::by_hash(bits));
            }
            for &(row, (first, _)) in chunk {
                let copies =
                    "SELECT id FROM image WHERE pdq = ?1 AND removed_at IS NULL AND coalesce(mark, '') NOT IN ('blank', 'page')
                     ORDER BY id";
                for copy in self.images(copies, [row])? {
                    pairs.add(first, copy, Link::by_hash(0));
                }
            }
            done += chunk.len();
            progress(done as f64 / all.len() as f64);
        }
        Ok(())
    }

    /// The first picture of every unique hash, by row of `pdq`.
    fn first_of_each_hash(&self) -> Result<BTreeMap<u32, First>> {
        let sql = "SELECT image.pdq, min(image.id), hash FROM image JOIN pdq ON pdq.id = image.pdq
                   WHERE removed_at IS NULL AND coalesce(mark, '') NOT IN ('blank', 'page')
                   GROUP BY image.pdq ORDER BY image.pdq";
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let read = |row: &Row<'_>| {
            let hash = PdqHash::from_bytes(row.get(2)?);
            Ok((row.get(0)?, (row.get(1)?, hash)))
        };
        let rows = statement.query_map([], read).with_path(&self.database)?;
        rows.collect::<rusqlite::Result<_>>()
            .with_path(&self.database)
    }

    fn pairs_by_descriptor(
        &self,
        candidates: usize,
        pairs: &mut Pairs,
        progress: &mut dyn FnMut(f64),
    ) -> Result<()> {
        let firsts = self.first_of_each_descriptor()?;
        let all: Vec<(i64, i64)> = firsts.iter().map(|(&row, &image)| (row, image)).collect();
        let mut done = 0;
        for chunk in all.chunks(TOGETHER) {
            let mut proposed = Vec::new();
            for &(row, image) in chunk {
                let copies = "SELECT id FROM image WHERE descriptor = ?1 AND removed_at IS NULL AND mark IS NOT 'page'";
                for copy in self.images(copies, [row])? {
                    pairs.add(image, copy, Link::by_descriptor(Kind::Picture, 1.0));
                }
                proposed.extend(self.proposed(row, image, candidates, &firsts, pairs)?);
            }
            let links: Vec<_> = proposed.into_par_iter().flat_map_iter(verified).collect();
            for (first, second, link) in links {
                pairs.add(first, second, link);
            }
            done += chunk.len();
            progress(done as f64 / all.len() as f64);
        }
        Ok(())
    }

    /// The first picture of every unique descriptor of the current model, by row of `descriptor`.
    fn first_of_each_descriptor(&self) -> Result<BTreeMap<i64, i64>> {
        let Some((model, _)) = self.model else {
            return Ok(BTreeMap::new());
        };
        let sql = "SELECT descriptor.id, min(image.id) FROM descriptor JOIN image ON image.descriptor = descriptor.id
                   WHERE descriptor.model = ?1 AND removed_at IS NULL AND mark IS NOT 'page' GROUP BY descriptor.id ORDER BY descriptor.id";
        let mut statement = self.db.prepare(sql).with_path(&self.database)?;
        let rows = statement
            .query_map([model], |row| Ok((row.get(0)?, row.get(1)?)))
            .with_path(&self.database)?;
        rows.collect::<rusqlite::Result<_>>()
            .with_path(&self.database)
    }

    /// Pictures whose descriptors are near to that of `row`, unless they are known to be one
    /// picture with `image`.
    fn proposed(
        &self,
        row: i64,
        image: i64,
        candidates: usize,
        firsts: &BTreeMap<i64, i64>,
        pairs: &Pairs,
    ) -> Result<Option<Proposed>> {
        let Some(view) = self.stored_view(image)? else {
            return Ok(None);
        };
        let descriptor = self.descriptor(row)?;
        let nearest = self.near_descriptors(&descriptor, candidates + 1, Breadth::Tuned)?;
        let min_cosine = Query::default().min_cosine;
        let mut near = Vec::new();
        for (other, similarity) in nearest {
            let Some(&second) = firsts.get(&other).filter(|_| other != row) else {
                continue;
            };
            if similarity < min_cosine {
                break;
            }
            if pairs.holds_picture(image, second) {
                continue;
            }
            if let Some(stored) = self.stored_view(second)? {
                near.push((second, stored, f64::from(similarity)));
            }
        }
        Ok(Some((image, view, near)))
    }
}

/// First pictures of later rows whose hashes are near to that of `row` in any orientation.
fn near_firsts(
    hashes: AllHashes<'_>,
    row: u32,
    (image, hash): First,
    firsts: &BTreeMap<u32, First>,
    reach: u32,
) -> Vec<(i64, i64, u32)> {
    let mut nearest: BTreeMap<u32, u32> = BTreeMap::new();
    for turned in hash.orientations() {
        for (other, bits) in hashes.within(&turned, reach, false) {
            let least = nearest.entry(other).or_insert(bits);
            *least = bits.min(*least);
        }
    }
    let later = nearest.into_iter().filter(|&(other, _)| other > row);
    later
        .filter_map(|(other, bits)| Some((image, firsts.get(&other)?.0, bits)))
        .collect()
}

/// The links that landmarks confirm.
fn verified((image, view, near): Proposed) -> Vec<(i64, i64, Link)> {
    let link = |(second, stored, similarity): (i64, StoredView, f64)| {
        let kind = stored.compare(&view.landmarks, view.view)?;
        Some((image, second, Link::by_descriptor(kind, similarity)))
    };
    near.into_iter().filter_map(link).collect()
}

/// What links two pictures.
#[derive(Clone, Copy)]
struct Link {
    kind: Kind,
    method: Method,
    distance: f64,
    similarity: f64,
}

impl Link {
    fn by_hash(bits: u32) -> Self {
        Self {
            kind: Kind::Picture,
            method: Method::Pdq,
            distance: f64::from(bits),
            similarity: 1.0 - f64::from(bits) / 256.0,
        }
    }

    fn by_descriptor(kind: Kind, similarity: f64) -> Self {
        Self {
            kind,
            method: Method::Descriptor,
            distance: 1.0 - similarity,
            similarity,
        }
    }
}

/// Pairs found so far, by their pictures; the first answer, the surest, stays, unless it claims
/// less.
#[derive(Default)]
struct Pairs(BTreeMap<(i64, i64), PicturePair>);

impl Pairs {
    fn holds_picture(&self, a: i64, b: i64) -> bool {
        let pair = self.0.get(&(a.min(b), a.max(b)));
        pair.is_some_and(|pair| pair.kind == Kind::Picture)
    }

    fn add(&mut self, a: i64, b: i64, link: Link) {
        if a == b {
            return;
        }
        let (first, second) = (a.min(b), a.max(b));
        let pair = PicturePair {
            first,
            second,
            kind: link.kind,
            method: link.method,
            distance: link.distance,
            similarity: link.similarity,
        };
        let known = self.0.entry((first, second)).or_insert(pair);
        if link.kind < known.kind {
            *known = pair;
        }
    }
}
