//! Near-duplicates taken out of an evaluation set: what the model learned from, and what stands
//! under two labels.

use std::collections::HashMap;

use crate::recognize::Bundle;

use super::error::EvaluateError;
use super::leak::{self, Kind, Leak};
use super::left_out::Exclusion;
use super::rows::Scored;

/// What the search for near-duplicates found.
#[derive(Debug, Clone, Default)]
pub struct LeakSearch {
    /// Every near-duplicate.
    pub leaks: Vec<Leak>,
    /// Whether the leaks among them were taken out.
    pub taken_out: bool,
    /// Training photographs whose hashes are known; `None` where the bundle holds none.
    pub training: Option<usize>,
}

/// Looks for near-duplicates of the bundle's training photographs and within the set, and takes
/// the leaks among them out unless told to `keep` them.
///
/// # Errors
/// [`EvaluateError::OnlyLeaks`] when no row is left; [`EvaluateError`] when the search fails.
pub fn take_out_leaks(
    scored: &mut Scored,
    bundle: Option<&Bundle>,
    keep: bool,
) -> Result<LeakSearch, EvaluateError> {
    let training = bundle.map(Bundle::training_hashes).transpose()?.flatten();
    let leaks = leak::find(scored, training.as_deref().unwrap_or_default())?;
    if !keep {
        scored.leave_out(&reasons(&leaks));
        if scored.rows.is_empty() {
            return Err(EvaluateError::OnlyLeaks);
        }
    }
    Ok(LeakSearch {
        leaks,
        taken_out: !keep,
        training: training.map(|hashes| hashes.len()),
    })
}

/// Why each file that is a leak is taken out.
fn reasons(leaks: &[Leak]) -> HashMap<String, Exclusion> {
    let leaks = leaks.iter().filter(|leak| leak.kind.is_leak());
    leaks
        .map(|leak| {
            let reason = Exclusion::NearDuplicate {
                distance: leak.distance,
                of: leak.of.clone(),
            };
            (leak.file.clone(), reason)
        })
        .collect()
}

impl LeakSearch {
    /// How many training photographs are known, in words.
    #[must_use]
    pub fn describe_training(&self) -> String {
        match self.training {
            Some(known) => known.to_string(),
            None => "none: near-duplicates of training photographs could not be looked for".into(),
        }
    }

    /// What was found, in words.
    pub(super) fn describe(&self) -> String {
        let count = |kind| self.leaks.iter().filter(|leak| leak.kind == kind).count();
        let (training, other) = (count(Kind::Training), count(Kind::OtherLabel));
        let fate = match (training + other, self.taken_out) {
            (0, _) => "",
            (_, true) => " and taken out",
            (_, false) => " and kept",
        };
        format!(
            "{training} near-duplicates of training photographs and {other} of photographs with \
            another label were found{fate}. {} are near-duplicates of a photograph with the same \
            label: they stay, in one group.",
            count(Kind::SameLabel)
        )
    }
}
