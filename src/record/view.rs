//! What is said of a part of a photo that was looked at more closely.

use serde::{Deserialize, Serialize};

use super::Material;
use crate::verdict::{CodedReason, Decision};

/// What faunalens says of a part of a large photograph, seen at a finer scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViewRecord {
    /// Left, top, width and height, in pixels of the upright photo as large as the file declares
    /// it.
    pub bounds: [u32; 4],
    /// Every label of the bundle, best first; the scores sum to 1.
    pub materials: Vec<Material>,
    /// What should happen for its sake, by the thresholds that the bundle has for views.
    pub decision: Decision,
    /// Why the decision is not `clear`.
    pub reasons: Vec<String>,
    /// The same in parts.
    pub reasons_coded: Vec<CodedReason>,
}

/// The view that speaks loudest: the worst decision, of these the surest label; none where all are
/// clear.
pub(super) fn worst(views: &[ViewRecord]) -> Option<&ViewRecord> {
    let score = |view: &ViewRecord| {
        let scores = view.reasons_coded.iter().filter_map(|reason| reason.score);
        scores.fold(0.0, f64::max)
    };
    let raised = views.iter().filter(|view| view.decision > Decision::Clear);
    raised.max_by(|a, b| {
        let by_decision = a.decision.cmp(&b.decision);
        by_decision.then(score(a).total_cmp(&score(b)))
    })
}
