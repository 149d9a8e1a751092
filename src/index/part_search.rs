//! What is found of a page: by itself, and by the pictures on it.

use std::collections::BTreeMap;

use super::error::Result;
use super::evidence::Evidence;
use super::query::{Match, Query};
use super::store::Index;

/// What is found of a photograph, and of each picture on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matches {
    /// Of the photograph as one picture.
    pub whole: Vec<Match>,
    /// Of every picture on it, in the order of [`Evidence::parts`].
    pub parts: Vec<Vec<Match>>,
}

impl Index {
    /// Every sighting of a photograph and of the pictures on it. `adjust` sets how each is asked.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn matches_of<'a>(
        &self,
        evidence: &'a Evidence,
        any_orientation: bool,
        adjust: impl Fn(Query<'a>) -> Query<'a>,
    ) -> Result<Matches> {
        let ask = |one: &'a Evidence| {
            let mut query = one.query(any_orientation);
            // A picture on a page is no file.
            if one.entry.place.is_some() {
                query.sha256 = None;
            }
            self.query(&adjust(query))
        };
        Ok(Matches {
            whole: ask(evidence)?,
            parts: evidence.parts.iter().map(ask).collect::<Result<_>>()?,
        })
    }
}

impl Matches {
    /// All of them, each picture by its surest match, surest first.
    #[must_use]
    pub fn together(&self) -> Vec<Match> {
        let each = std::iter::once(&self.whole).chain(&self.parts);
        let by_picture = each.flat_map(|found| found.chunk_by(|a, b| a.image_id == b.image_id));
        let mut answers: Vec<Vec<Match>> = by_picture.map(<[Match]>::to_vec).collect();
        // Stable: the whole comes before its parts.
        answers.sort_by(|a, b| {
            let by_method = a[0].method.cmp(&b[0].method);
            by_method.then(a[0].distance.total_cmp(&b[0].distance))
        });
        surest(answers)
    }
}

/// The answers, each all sightings of one picture, without those of a picture that a surer one
/// names: the first that is evidence, else the first. A page is named by itself and by each of its
/// pictures.
pub(super) fn surest(answers: Vec<Vec<Match>>) -> Vec<Match> {
    let mut chosen: BTreeMap<i64, usize> = BTreeMap::new();
    for (place, answer) in answers.iter().enumerate() {
        let Some(found) = answer.first() else {
            continue;
        };
        let best = chosen.entry(found.image_id).or_insert(place);
        let is_weak = answers[*best]
            .first()
            .is_some_and(|best| best.weak.is_some());
        if is_weak && found.weak.is_none() {
            *best = place;
        }
    }
    let kept = answers.into_iter().enumerate().filter(|(place, answer)| {
        let first = answer.first();
        first.is_some_and(|found| chosen.get(&found.image_id) == Some(place))
    });
    kept.flat_map(|(_, answer)| answer).collect()
}
