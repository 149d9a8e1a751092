//! A page: its record, and what was found of the pictures on it.

use super::raise::raise;
use crate::index::Evidence;
use crate::record::{Record, RegionRecord};
use crate::regions;
use crate::schreger::Species;
use crate::verdict::{self, Decision, Reason, ReasonCode};

/// Share of a page that its pictures take from which it is its pictures rather than its layout.
const MOSTLY_PICTURES: f64 = 0.5;

/// A picture on a page, examined.
pub(super) struct Part {
    pub(super) record: RegionRecord,
    /// The labels that it raised.
    pub(super) verdict: verdict::Verdict,
    /// The lattice's species, where it was read.
    pub(super) species: Species,
    pub(super) evidence: Option<Evidence>,
}

/// Takes the parts into the record of their page: its decision is the worst of all, with the reason
/// of every part that is worse than the page by itself. Of a page that is mostly layout the scores
/// of the whole count where they flag it alone.
pub(super) fn take_up(record: &mut Record, parts: Option<Vec<Part>>) -> Vec<Evidence> {
    let (Some(mut own), Some(parts)) = (record.decision, parts) else {
        return Vec::new();
    };
    if own == Decision::Review && is_mostly_layout(&parts) && is_by_scores_alone(record) {
        own = Decision::Clear;
        record.decision = Some(own);
        record.reasons.clear();
        record.reasons_coded.clear();
        record.law = None;
    }
    let mut evidence = Vec::new();
    let mut regions = Vec::with_capacity(parts.len());
    for (place, part) in parts.into_iter().enumerate() {
        let Part {
            record: region,
            verdict,
            species,
            evidence: found,
        } = part;
        raise(record, own, verdict, species, |reason| Reason::InRegion {
            number: place + 1,
            reason,
        });
        evidence.extend(found);
        regions.push(region);
    }
    record.law.get_or_insert_default();
    record.regions = Some(regions);
    evidence
}

/// Whether most of a page is bubbles, buttons and words, which no network here was taught: of 78
/// photographs that were clear, 11 were raised to review inside a chat, all by the page and none by
/// the picture on it (`eval/robustness/README.md`).
fn is_mostly_layout(parts: &[Part]) -> bool {
    let sure = parts.iter().map(|part| &part.record);
    let sure = sure.filter(|region| region.certainty >= f64::from(regions::SURE));
    let taken: f64 = sure.map(|region| region.area).sum();
    taken > 0.0 && taken < MOSTLY_PICTURES
}

fn is_by_scores_alone(record: &Record) -> bool {
    let mut reasons = record.reasons_coded.iter();
    reasons.all(|reason| {
        matches!(
            reason.code,
            ReasonCode::ScoreReached | ReasonCode::SpeciesUndecided
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn part(area: f64, decision: Decision) -> Part {
        Part {
            record: RegionRecord {
                polygon: Vec::new(),
                area,
                certainty: 0.9,
                materials: Vec::new(),
                decision,
                reasons: Vec::new(),
                reasons_coded: Vec::new(),
                pdq: String::new(),
                pdq_quality: 100,
                schreger: None,
                matches: None,
            },
            verdict: Verdict {
                decision,
                reasons: Vec::new(),
                raised: Vec::new(),
            },
            species: Species::Undecided,
            evidence: None,
        }
    }

    /// What becomes of a page that is raised by its own score, with one picture on it.
    fn decided(own: Decision, part: Part) -> Record {
        let mut record = Record::new("page.png".into());
        record.decision = Some(own);
        record.give_reasons(&[Reason::Score {
            label: "ivory".into(),
            score: 0.7,
            threshold: 0.64,
        }]);
        take_up(&mut record, Some(vec![part]));
        record
    }

    #[test]
    fn what_the_scores_of_a_layout_send_to_review_is_not_looked_at() {
        let record = decided(Decision::Review, part(0.2, Decision::Clear));
        assert_eq!(record.decision, Some(Decision::Clear));
        assert_eq!((record.reasons.len(), record.reasons_coded.len()), (0, 0));
        let record = decided(Decision::Review, part(0.2, Decision::Flag));
        assert_eq!(record.decision, Some(Decision::Flag));
    }

    #[test]
    fn a_flag_a_page_of_pictures_and_an_unsure_frame_leave_the_scores_of_the_whole() {
        for (own, part) in [
            (Decision::Flag, part(0.2, Decision::Clear)),
            (Decision::Review, part(0.6, Decision::Clear)),
        ] {
            let record = decided(own, part);
            assert_eq!(record.decision, Some(own));
            assert_eq!(record.reasons.len(), 1);
        }
        let mut unsure = part(0.2, Decision::Clear);
        unsure.record.certainty = 0.4;
        let record = decided(Decision::Review, unsure);
        assert_eq!(record.decision, Some(Decision::Review));
    }
}
