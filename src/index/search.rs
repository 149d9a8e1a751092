//! The same picture again: by bytes, by hashes, by descriptor and landmarks.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rusqlite::{Params, params};

use super::descriptor_search::Breadth;
use super::entry::Descriptor;
use super::error::{Result, WithPath};
use super::hashes::{AllHashes, Near};
use super::method::Method;
use super::part_search::surest;
use super::query::{Match, Query, Uncovered};
use super::store::Index;
use super::verification::{Kind, StoredView};
use super::weakness::Weakness;
use crate::fingerprint::{InPlace, Landmarks, MIN_QUALITY, PdqHash};

/// How a picture was found.
#[derive(Debug, Clone, Copy)]
struct Answer {
    method: Method,
    distance: f64,
    similarity: f64,
    /// Why the answer is no evidence by itself, whatever the picture.
    weakness: Option<Weakness>,
}

/// Pictures found, by number; the first and surest answer stays.
#[derive(Debug, Default)]
struct Answers(BTreeMap<i64, Answer>);

impl Answers {
    fn add(&mut self, image: i64, answer: Answer) {
        self.0.entry(image).or_insert(answer);
    }

    /// Surest method first, then by distance, then by number.
    fn sorted(self) -> Vec<(i64, Answer)> {
        let mut sorted: Vec<_> = self.0.into_iter().collect();
        sorted.sort_by(|(a, x), (b, y)| {
            let by_method = x.method.cmp(&y.method);
            by_method
                .then(x.distance.total_cmp(&y.distance))
                .then(a.cmp(b))
        });
        sorted
    }
}

/// Pictures with one descriptor, what the first of them shows, its cosine with the one asked for,
/// and whether it is near enough to be looked for wherever it stands.
type Candidate = (Vec<i64>, StoredView, f64, bool);

impl Index {
    /// Every sighting of the photograph asked for, surest first: same bytes, then by distance.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`](super::IndexError::Input) for an impossible
    /// descriptor.
    pub fn query(&self, query: &Query<'_>) -> Result<Vec<Match>> {
        if query.blank {
            return Ok(Vec::new());
        }
        let mut answers = Answers::default();
        self.find_bytes(query, &mut answers)?;
        self.find_hashes(query, &mut answers)?;
        self.find_descriptors(query, &mut answers)?;
        self.find_perceptual(query, &mut answers)?;
        self.matches(answers, query.limit)
    }

    fn find_bytes(&self, query: &Query<'_>, answers: &mut Answers) -> Result<()> {
        let Some(sha256) = query.sha256 else {
            return Ok(());
        };
        let sql = "SELECT id FROM image WHERE sha256 = ?1 AND removed_at IS NULL";
        for image in self.images(sql, [sha256])? {
            let answer = Answer {
                method: Method::Sha256,
                distance: 0.0,
                similarity: 1.0,
                weakness: None,
            };
            answers.add(image, answer);
        }
        Ok(())
    }

    fn find_hashes(&self, query: &Query<'_>, answers: &mut Answers) -> Result<()> {
        let weakness = (query.quality < MIN_QUALITY).then_some(Weakness::LowQuality);
        let sql = "SELECT id FROM image WHERE pdq = ?1 AND removed_at IS NULL ORDER BY id LIMIT ?2";
        for (row, distance) in self.near_any(query) {
            if answers.0.len() >= query.limit.saturating_mul(2).max(1000) {
                break;
            }
            let distance = f64::from(distance);
            let answer = Answer {
                method: Method::Pdq,
                distance,
                similarity: 1.0 - distance / 256.0,
                weakness,
            };
            for image in self.images(sql, params![row, sql_limit(query.limit)])? {
                answers.add(image, answer);
            }
        }
        Ok(())
    }

    /// Candidates for a picture of which PDQ says little.
    fn find_perceptual(&self, query: &Query<'_>, answers: &mut Answers) -> Result<()> {
        if query.quality >= MIN_QUALITY {
            return Ok(());
        }
        for (image, distance) in self.near_perceptual(query.perceptual)? {
            let distance = f64::from(distance);
            let answer = Answer {
                method: Method::Perceptual,
                distance,
                similarity: 1.0 - distance / 256.0,
                weakness: Some(Weakness::LowQuality),
            };
            answers.add(image, answer);
        }
        Ok(())
    }

    /// Unique hashes near to any of those asked for, nearest first.
    fn near_any(&self, query: &Query<'_>) -> Vec<Near> {
        let mut nearest: BTreeMap<u32, u32> = BTreeMap::new();
        for hash in &query.hashes {
            for (row, distance) in self.near_hashes(hash, query.max_distance, query.exact) {
                let least = nearest.entry(row).or_insert(distance);
                *least = distance.min(*least);
            }
        }
        let mut nearest: Vec<Near> = nearest.into_iter().collect();
        nearest.sort_unstable_by_key(|&(row, distance)| (distance, row));
        nearest
    }

    /// Unique hashes within `reach` bits of `hash`, as (row of `pdq`, differing bits), the packed
    /// ones first and by distance. `exhaustive` leaves the tables aside.
    #[must_use]
    pub fn near_hashes(&self, hash: &PdqHash, reach: u32, exhaustive: bool) -> Vec<Near> {
        self.hashes().within(hash, reach, exhaustive)
    }

    /// Every unique hash of the index.
    pub(super) fn hashes(&self) -> AllHashes<'_> {
        AllHashes {
            packed: self.generation.hashes.as_ref(),
            tail: &self.tail,
            spooled: None,
        }
    }

    /// Pictures whose descriptor is near and whose landmarks agree.
    fn find_descriptors(&self, query: &Query<'_>, answers: &mut Answers) -> Result<()> {
        let (Some(descriptor), Some(landmarks)) = (query.descriptor, query.landmarks) else {
            return Ok(());
        };
        let candidates = self.candidates(descriptor, query, answers)?;
        let in_place = query.dense_landmarks.map(InPlace::of);
        let in_place = in_place.as_ref().map(|asked| (asked, query.uncovered));
        let asked = (landmarks, in_place);
        for (images, similarity, kind) in verified(candidates, asked, query.view) {
            let answer = Answer {
                method: Method::Descriptor,
                distance: 1.0 - similarity,
                similarity,
                weakness: (kind == Kind::Object).then_some(Weakness::PartOnly),
            };
            images
                .into_iter()
                .for_each(|image| answers.add(image, answer));
        }
        Ok(())
    }

    /// Pictures of near descriptors that are not found yet, with what verifies them.
    fn candidates(
        &self,
        descriptor: &Descriptor,
        query: &Query<'_>,
        answers: &Answers,
    ) -> Result<Vec<Candidate>> {
        let breadth = match query.exact {
            true => Breadth::All,
            false => Breadth::Tuned,
        };
        let sql = "SELECT id FROM image WHERE descriptor = ?1 AND removed_at IS NULL ORDER BY id LIMIT ?2";
        let in_place = query
            .dense_landmarks
            .map_or(0, |_| query.candidates_in_place);
        let wanted = query.candidates.max(in_place);
        let near = self.near_descriptors(descriptor, wanted, breadth)?;
        let mut candidates = Vec::new();
        for (place, (row, similarity)) in near.into_iter().enumerate() {
            if similarity < query.min_cosine {
                break;
            }
            let images = self.images(sql, params![row, sql_limit(query.limit)])?;
            if images.iter().all(|image| answers.0.contains_key(image)) {
                continue;
            }
            if let Some(stored) = self.first_view(&images)? {
                let is_near = place < query.candidates;
                candidates.push((images, stored, f64::from(similarity), is_near));
            }
        }
        Ok(candidates)
    }

    /// Copies share the descriptor; the landmarks of the first that has any speak for all of them.
    fn first_view(&self, images: &[i64]) -> Result<Option<StoredView>> {
        for &image in images {
            if let Some(stored) = self.stored_view(image)? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    fn matches(&self, answers: Answers, limit: usize) -> Result<Vec<Match>> {
        let (mut answered, mut held) = (Vec::new(), 0);
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT coalesce(file, ''), coalesce(seller, ''), coalesce(listing, ''), mark,
                        source, category, tags, opinion, coalesce(listed_at, image.added_at),
                        coalesce(platform, ''), coalesce(captured_at, ''), coalesce(page, image.id)
                 FROM image LEFT JOIN sighting ON sighting.image = coalesce(page, image.id)
                 WHERE image.id = ?1 AND mark IS NOT 'blank' ORDER BY sighting.id LIMIT ?2",
            )
            .with_path(&self.database)?;
        for (image_id, answer) in answers.sorted() {
            let left = limit - held.min(limit);
            if left == 0 {
                break;
            }
            let read = |row: &rusqlite::Row<'_>| {
                let mark: Option<Weakness> = row.get(3)?;
                let source: Option<String> = row.get(4)?;
                let tags: Option<String> = row.get(6)?;
                let listed_at: String = row.get(8)?;
                Ok(Match {
                    image_id: row.get(11)?,
                    file: row.get(0)?,
                    seller: row.get(1)?,
                    listing: row.get(2)?,
                    platform: row.get(9)?,
                    captured_at: row.get(10)?,
                    method: answer.method,
                    distance: answer.distance,
                    similarity: answer.similarity,
                    weak: mark.or(answer.weakness),
                    category: row.get(5)?,
                    tags: words(tags.as_deref()),
                    opinion: row.get(7)?,
                    listed_at: source.is_some().then_some(listed_at),
                    source,
                })
            };
            let rows = statement.query_map(params![image_id, sql_limit(left)], read);
            let sightings = rows.and_then(Iterator::collect::<rusqlite::Result<Vec<Match>>>);
            let sightings = sightings.with_path(&self.database)?;
            held += sightings.len();
            answered.push(sightings);
        }
        Ok(surest(answered))
    }

    /// The picture numbers that a statement gives.
    pub(super) fn images(&self, sql: &str, values: impl Params) -> Result<Vec<i64>> {
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let rows = statement
            .query_map(values, |row| row.get(0))
            .with_path(&self.database)?;
        rows.collect::<rusqlite::Result<_>>()
            .with_path(&self.database)
    }
}

/// The candidates whose landmarks agree: of the nearest wherever they stand, of all in their
/// places. Comparing landmarks is most of the work of a search.
fn verified(
    candidates: Vec<Candidate>,
    (asked, in_place): (&Landmarks, Option<(&InPlace<'_>, Option<Uncovered<'_>>)>),
    view: Option<PdqHash>,
) -> Vec<(Vec<i64>, f64, Kind)> {
    candidates
        .into_par_iter()
        .filter_map(|(images, stored, similarity, is_near)| {
            let anywhere = is_near.then(|| stored.compare(asked, view)).flatten();
            let kind = match anywhere {
                Some(Kind::Picture) => anywhere,
                // The surer of both.
                _ => {
                    let placed = in_place.and_then(|(asked, seen)| stored.stands_in(asked, seen));
                    anywhere.into_iter().chain(placed).min()
                }
            };
            Some((images, similarity, kind?))
        })
        .collect()
}

/// Words that stand on a line each.
pub(super) fn words(lines: Option<&str>) -> Vec<String> {
    lines
        .into_iter()
        .flat_map(str::lines)
        .map(str::to_owned)
        .collect()
}

fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
