//! Near-duplicate photographs, by PDQ with the index's own search, within the match threshold.

use std::collections::HashMap;

use crate::fingerprint::{MATCH_DISTANCE, PdqHash};
use crate::index::{IndexError, near_hashes};
use crate::links::DisjointSets;

/// Unique hashes, and the rows that have each.
pub(super) fn unique(hashes: &[Option<PdqHash>]) -> (Vec<PdqHash>, Vec<Vec<usize>>) {
    let mut places: HashMap<PdqHash, usize> = HashMap::new();
    let (mut unique, mut rows) = (Vec::new(), Vec::<Vec<usize>>::new());
    for (row, hash) in hashes.iter().enumerate() {
        let Some(hash) = hash else { continue };
        let place = *places.entry(*hash).or_insert_with(|| {
            unique.push(*hash);
            rows.push(Vec::new());
            unique.len() - 1
        });
        rows[place].push(row);
    }
    (unique, rows)
}

/// Pairs `(i, j, distance)`, `i` not `j`, of rows whose hashes are within the match threshold. Of
/// rows with the same hash each is paired with the first alone, which connects the same clusters
/// without a quadratic list.
///
/// # Errors
/// [`IndexError`] when the system gives no memory.
pub fn near_pairs(hashes: &[Option<PdqHash>]) -> Result<Vec<(usize, usize, u32)>, IndexError> {
    let (unique, rows) = unique(hashes);
    let mut pairs = Vec::new();
    for (place, near) in near_hashes(&unique, &unique, MATCH_DISTANCE)?
        .iter()
        .enumerate()
    {
        let first = rows[place][0];
        pairs.extend(rows[place][1..].iter().map(|&row| (first, row, 0)));
        let others = near.iter().filter(|(other, _)| *other as usize > place);
        pairs.extend(others.map(|&(other, distance)| (first, rows[other as usize][0], distance)));
    }
    Ok(pairs)
}

/// The number of each photograph's cluster of near-duplicates: the smallest row in it.
///
/// # Errors
/// [`IndexError`] when the system gives no memory.
pub fn clusters(hashes: &[Option<PdqHash>]) -> Result<Vec<usize>, IndexError> {
    let mut sets = DisjointSets::new(hashes.len());
    for (a, b, _) in near_pairs(hashes)? {
        sets.join(a, b);
    }
    Ok(sets.roots())
}
