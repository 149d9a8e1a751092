//! Pictures held out by turns, a group never on both sides.

use std::collections::BTreeMap;

/// Parts into which the pictures are divided.
pub(super) const FOLDS: usize = 5;

/// The fold of each row. Whole groups go, largest first, to the fold that has the fewest rows of
/// the group's most frequent label.
pub(super) fn assign(labels: &[usize], groups: &[usize]) -> Vec<usize> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, &group) in groups.iter().enumerate() {
        members.entry(group).or_default().push(row);
    }
    let mut by_label: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for rows in members.into_values() {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for &row in &rows {
            *counts.entry(labels[row]).or_default() += 1;
        }
        let most = counts
            .iter()
            .max_by_key(|(label, count)| (**count, usize::MAX - **label));
        let label = most.map_or(0, |(label, _)| *label);
        by_label.entry(label).or_default().push(rows);
    }
    let mut folds = vec![0; labels.len()];
    for (label, mut own) in by_label {
        own.sort_by_key(|rows| (usize::MAX - rows.len(), rows[0]));
        // Labels of few groups do not all begin with the same fold.
        let mut sizes = [0; FOLDS];
        for rows in own {
            let order = |fold: &usize| (sizes[*fold], (fold + FOLDS - label % FOLDS) % FOLDS);
            let fold = (0..FOLDS).min_by_key(order).unwrap_or(0);
            sizes[fold] += rows.len();
            for row in rows {
                folds[row] = fold;
            }
        }
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_group_stays_together_and_labels_are_spread(
            rows in prop::collection::vec((0usize..3, 0usize..12), 1..60),
        ) {
            let (labels, groups): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let folds = assign(&labels, &groups);
            for (group, fold) in groups.iter().zip(&folds) {
                for (other, other_fold) in groups.iter().zip(&folds) {
                    prop_assert!(group != other || fold == other_fold);
                }
            }
        }
    }

    #[test]
    fn five_groups_of_a_label_go_to_five_folds() {
        let mut folds = assign(&[2; 5], &[4, 3, 9, 1, 7]);
        folds.sort_unstable();
        assert_eq!(folds, [0, 1, 2, 3, 4]);
    }
}
