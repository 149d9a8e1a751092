//! What a part of a photo raises beyond the whole.

use crate::record::Record;
use crate::schreger::Species;
use crate::verdict::{self, Decision, Reason, Verdict};

/// Takes the verdict on a part into the record, where it is worse than `own`, that on the whole by
/// itself: the record is worth what its worst part is. Reasons are given as reasons `of_part`.
pub(super) fn raise(
    record: &mut Record,
    own: Decision,
    verdict: Verdict,
    species: Species,
    of_part: impl Fn(Box<Reason>) -> Reason,
) {
    if verdict.decision <= own {
        return;
    }
    record.decision = record.decision.max(Some(verdict.decision));
    let reasons = verdict.reasons.into_iter().map(Box::new).map(of_part);
    record.give_reasons(&reasons.collect::<Vec<_>>());
    let law = record.law.get_or_insert_default();
    for status in verdict::legal_status(&verdict.raised, species) {
        if !law.contains(&status) {
            law.push(status);
        }
    }
}
