//! Near-duplicate photographs where there must be none: between an evaluation set and a model's training photographs,
//! and across labels. By PDQ, within the reference's match threshold, at sufficient quality.

use rayon::prelude::*;
use serde::Serialize;

use crate::fingerprint::{MATCH_DISTANCE, PdqHash};

use super::rows::Scored;

/// A photograph that should not be in the evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The photograph of the evaluation set.
    pub file: String,
    /// What it is a near-duplicate of.
    pub of: String,
    /// Differing bits of 256.
    pub distance: u32,
    /// Whether the other one is a training photograph; else it carries another label here.
    pub training: bool,
}

/// Pairs `(i, j, distance)`, `i < j`, of hashes within the match threshold.
#[must_use]
pub fn near_pairs(hashes: &[Option<PdqHash>]) -> Vec<(usize, usize, u32)> {
    (0..hashes.len())
        .into_par_iter()
        .flat_map_iter(|i| {
            let later = hashes.iter().enumerate().skip(i + 1);
            later.filter_map(move |(j, other)| {
                let distance = hashes[i]?.hamming(&(*other)?);
                (distance <= MATCH_DISTANCE).then_some((i, j, distance))
            })
        })
        .collect()
}

/// The number of each photograph's cluster of near-duplicates: the smallest row in it.
#[must_use]
pub fn clusters(hashes: &[Option<PdqHash>]) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..hashes.len()).collect();
    let root = |parent: &[usize], mut i: usize| {
        while parent[i] != i {
            i = parent[i];
        }
        i
    };
    for (i, j, _) in near_pairs(hashes) {
        let (a, b) = (root(&parent, i), root(&parent, j));
        parent[a.max(b)] = a.min(b);
    }
    (0..hashes.len()).map(|i| root(&parent, i)).collect()
}

/// Near-duplicates of `training` photographs, and pairs of near-duplicates under two labels, among the rows.
#[must_use]
pub fn find(scored: &Scored, training: &[PdqHash]) -> Vec<Leak> {
    let hashes: Vec<Option<PdqHash>> = scored.rows.iter().map(|row| row.pdq).collect();
    let mut leaks: Vec<Leak> = scored
        .rows
        .par_iter()
        .filter_map(|row| {
            let own = row.pdq?;
            let nearest = training.iter().map(|other| own.hamming(other)).min()?;
            (nearest <= MATCH_DISTANCE).then(|| Leak {
                file: row.file.clone(),
                of: "a training photograph".into(),
                distance: nearest,
                training: true,
            })
        })
        .collect();
    for (i, j, distance) in near_pairs(&hashes) {
        let (a, b) = (&scored.rows[i], &scored.rows[j]);
        if a.label != b.label {
            for (one, other) in [(a, b), (b, a)] {
                leaks.push(Leak {
                    file: one.file.clone(),
                    of: format!("{} ({})", other.file, scored.labels[other.label]),
                    distance,
                    training: false,
                });
            }
        }
    }
    leaks
}
