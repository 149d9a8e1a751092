//! What is said of one picture on a page.

use serde::{Deserialize, Serialize};

use super::Material;
use crate::index::Match;
use crate::schreger::Reading;
use crate::verdict::{CodedReason, Decision};

/// What faunalens says of one picture on a page: the same as of a photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// Its corners, clockwise from the upper left, in pixels of the upright photo as large as the
    /// file declares it.
    pub polygon: Vec<[f64; 2]>,
    /// Its share of the photo's area, 0 to 1.
    pub area: f64,
    /// How sure it is that this is a picture on a page, 0 to 1.
    pub certainty: f64,
    /// Every label of the bundle, best first; the scores sum to 1.
    pub materials: Vec<Material>,
    /// What should happen for its sake.
    pub decision: Decision,
    /// Why the decision is not `clear`.
    pub reasons: Vec<String>,
    /// The same in parts.
    pub reasons_coded: Vec<CodedReason>,
    /// PDQ hash, 64 lower-case hex digits.
    pub pdq: String,
    /// PDQ quality, 0 to 100; below 50 the hash says little.
    pub pdq_quality: u8,
    /// The reading of the Schreger lattice.
    pub schreger: Option<Reading>,
    /// The same picture elsewhere; null without an index.
    pub matches: Option<Vec<Match>>,
}

/// The region that speaks loudest: the worst decision, of these the surest label.
pub(super) fn worst(regions: &[RegionRecord]) -> Option<&RegionRecord> {
    let score = |region: &RegionRecord| {
        let scores = region
            .reasons_coded
            .iter()
            .filter_map(|reason| reason.score);
        scores.fold(0.0, f64::max)
    };
    // Of equals the first, which is the surest to be a picture.
    regions.iter().rev().max_by(|a, b| {
        let by_decision = a.decision.cmp(&b.decision);
        by_decision.then(score(a).total_cmp(&score(b)))
    })
}
