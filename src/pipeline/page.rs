//! A page: its record, and what was found of the pictures on it.

use crate::index::Evidence;
use crate::record::{Record, RegionRecord};
use crate::schreger::Species;
use crate::verdict::{self, Decision, Reason};

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
/// of every part that is worse than the page by itself.
pub(super) fn take_up(record: &mut Record, parts: Option<Vec<Part>>) -> Vec<Evidence> {
    let (Some(own), Some(parts)) = (record.decision, parts) else {
        return Vec::new();
    };
    let mut evidence = Vec::new();
    let mut worst = own;
    let mut law = record.law.take().unwrap_or_default();
    let mut regions = Vec::with_capacity(parts.len());
    for (place, part) in parts.into_iter().enumerate() {
        let Part {
            record: region,
            verdict,
            species,
            evidence: found,
        } = part;
        if verdict.decision > own && verdict.decision > Decision::Clear {
            worst = worst.max(verdict.decision);
            let reasons = verdict.reasons.into_iter().map(|reason| Reason::InRegion {
                number: place + 1,
                reason: Box::new(reason),
            });
            record.give_reasons(&reasons.collect::<Vec<_>>());
            for status in verdict::legal_status(&verdict.raised, species) {
                if !law.contains(&status) {
                    law.push(status);
                }
            }
        }
        evidence.extend(found);
        regions.push(region);
    }
    record.decision = Some(worst);
    record.law = Some(law);
    record.regions = Some(regions);
    evidence
}
