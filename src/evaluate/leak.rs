//! Near-duplicate photographs where there must be none: between an evaluation set and a model's
//! training photographs, and across labels. By PDQ with the index's own search, within the
//! reference's match threshold, at sufficient quality.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fingerprint::{MATCH_DISTANCE, PdqHash};
use crate::index::{IndexError, near_hashes};

use super::near_duplicates::unique;
use super::rows::Scored;

/// Of a picture: upright, turned and mirrored.
const ORIENTATIONS: usize = 8;

/// What a photograph is a near-duplicate of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A photograph that the model learned from.
    Training,
    /// A photograph of the set that carries another label: one of the two labels is wrong.
    OtherLabel,
    /// A photograph of the set with the same label: no leak, but the two are not independent, and
    /// are resampled together.
    SameLabel,
}

impl Kind {
    /// Whether such a photograph is taken out.
    #[must_use]
    pub fn is_leak(self) -> bool {
        self != Self::SameLabel
    }
}

/// A photograph with a near-duplicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The photograph of the evaluation set.
    pub file: String,
    /// What it is a near-duplicate of.
    pub of: String,
    /// Differing bits of 256.
    pub distance: u32,
    /// What the other one is.
    pub kind: Kind,
}

/// The photographs of the set that have a near-duplicate among `training`, in any orientation, or
/// upright in the set itself. Each is named once, by the gravest kind and the nearest other.
///
/// # Errors
/// [`IndexError`] when the system gives no memory.
pub fn find(scored: &Scored, training: &[PdqHash]) -> Result<Vec<Leak>, IndexError> {
    let hashes: Vec<Option<PdqHash>> = scored.rows.iter().map(|row| row.pdq).collect();
    let (unique, rows) = unique(&hashes);
    // A mirrored or turned copy of a training photograph was learned from as well.
    let turned: Vec<PdqHash> = unique.iter().flat_map(PdqHash::orientations).collect();
    let learned: Vec<Option<u32>> = near_hashes(&turned, training, MATCH_DISTANCE)?
        .chunks(ORIENTATIONS)
        .map(|near| near.iter().flatten().map(|&(_, distance)| distance).min())
        .collect();
    let inside = near_hashes(&unique, &unique, MATCH_DISTANCE)?;
    // Two rows per hash and label are enough to find another than oneself, however many share
    // them.
    let mut by_label: Vec<BTreeMap<usize, Vec<usize>>> = vec![BTreeMap::new(); rows.len()];
    for (place, own) in rows.iter().enumerate() {
        for &row in own {
            let some = by_label[place].entry(scored.rows[row].label).or_default();
            if some.len() < 2 {
                some.push(row);
            }
        }
    }
    let mut leaks: Vec<(usize, Leak)> = Vec::new();
    for (place, own) in rows.iter().enumerate() {
        for &row in own {
            let leak = |of: String, distance: u32, kind: Kind| Leak {
                file: scored.rows[row].file.clone(),
                of,
                distance,
                kind,
            };
            let nearest = |same: bool| {
                inside[place].iter().find_map(|&(other, distance)| {
                    let labels = by_label[other as usize].iter();
                    let other = *labels
                        .filter(|(label, _)| (**label == scored.rows[row].label) == same)
                        .flat_map(|(_, some)| some)
                        .find(|&&other| other != row)?;
                    Some((other, distance))
                })
            };
            let named = |other: usize| {
                let other = &scored.rows[other];
                format!("{} ({})", other.file, scored.labels[other.label])
            };
            let found = if let Some(distance) = learned[place] {
                leak("a training photograph".into(), distance, Kind::Training)
            } else if let Some((other, distance)) = nearest(false) {
                leak(named(other), distance, Kind::OtherLabel)
            } else if let Some((other, distance)) = nearest(true) {
                leak(named(other), distance, Kind::SameLabel)
            } else {
                continue;
            };
            leaks.push((row, found));
        }
    }
    leaks.sort_by_key(|(row, _)| *row);
    Ok(leaks.into_iter().map(|(_, leak)| leak).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::rows::{Grouping, Row};

    const LEARNED: PdqHash = PdqHash([
        0x9f3c_71d2_04ab_e56f,
        0x2b88_f01e_c7d3_5a94,
        0xd10e_46b7_935f_8c2a,
        0x6ae5_1d3b_f824_07c9,
    ]);

    fn set(hashes: [PdqHash; 3]) -> Scored {
        let row = |(line, pdq)| Row {
            line,
            file: format!("{line}.jpg"),
            label: line % 2,
            group: line,
            source: String::new(),
            scores: vec![0.5, 0.5],
            pdq: Some(pdq),
        };
        Scored {
            labels: vec!["ivory".into(), "other".into()],
            rows: hashes
                .into_iter()
                .zip(1..)
                .map(|(pdq, line)| row((line, pdq)))
                .collect(),
            left_out: Vec::new(),
            grouping: Grouping::NearDuplicates,
            merged: 0,
            not_asked: 0,
        }
    }

    #[test]
    fn what_was_learned_is_found_upright_changed_and_mirrored_and_nothing_else() {
        let mut changed = LEARNED;
        changed.0[0] ^= 0b111;
        let stranger = PdqHash(
            LEARNED
                .0
                .map(|word| word.rotate_left(13) ^ 0x5555_0f0f_3333_00ff),
        );
        for (k, turned) in LEARNED.orientations().into_iter().enumerate() {
            let leaks = find(&set([changed, turned, stranger]), &[LEARNED]).unwrap();
            let named: Vec<(&str, u32)> = leaks
                .iter()
                .filter(|leak| leak.kind == Kind::Training)
                .map(|leak| (leak.file.as_str(), leak.distance))
                .collect();
            assert_eq!(named, [("1.jpg", 3), ("2.jpg", 0)], "orientation {k}");
        }
    }

    #[test]
    fn one_photograph_under_two_labels_is_a_leak_and_under_one_is_not() {
        let stranger = PdqHash(LEARNED.0.map(|word| !word.rotate_left(9)));
        let leaks = find(&set([LEARNED, LEARNED, stranger]), &[]).unwrap();
        assert!(leaks.iter().all(|leak| leak.kind == Kind::OtherLabel));
        assert_eq!(leaks.len(), 2);
        let leaks = find(&set([LEARNED, stranger, LEARNED]), &[]).unwrap();
        assert!(leaks.iter().all(|leak| leak.kind == Kind::SameLabel));
        assert_eq!(leaks.len(), 2);
    }
}
