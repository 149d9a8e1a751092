//! The figures of an evaluation: scikit-learn's numbers reproduced, and what holds for any data.

#![allow(clippy::unwrap_used)]

use faunalens::evaluate::bootstrap;
use faunalens::evaluate::metrics::{
    Confidence, Ranked, calibration, confusion, mcnemar, of_label, selective,
};
use proptest::prelude::*;
use serde::Deserialize;

/// Made by tests/data/evaluate/make_sklearn.py with scikit-learn 1.9.1.
const SKLEARN: &str = include_str!("data/evaluate/sklearn.json");

#[derive(Deserialize)]
struct Golden {
    binary: Vec<Binary>,
    several: Vec<Several>,
}

#[derive(Deserialize)]
struct Binary {
    name: String,
    scores: Vec<f64>,
    positive: Vec<bool>,
    weights: Vec<u32>,
    average_precision: Option<f64>,
    roc_auc: Option<f64>,
    recall_at_fpr: Option<[f64; 3]>,
}

#[derive(Deserialize)]
struct Several {
    name: String,
    scores: Vec<Vec<f64>>,
    truth: Vec<usize>,
    confusion: Vec<u64>,
    accuracy: f64,
    balanced_accuracy: f64,
    log_loss: f64,
    brier: f64,
    precision: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    f1: Vec<Option<f64>>,
    average_precision: Vec<Option<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(SKLEARN).unwrap()
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

#[test]
fn rankings_give_the_figures_of_scikit_learn() {
    for case in golden().binary {
        let ranked = Ranked::new(&case.scores, |row| case.positive[row]);
        let walk = ranked.walk(&case.weights);
        let name = &case.name;
        assert!(
            same(walk.average_precision, case.average_precision),
            "{name}: {walk:?}"
        );
        assert!(same(walk.roc_auc, case.roc_auc), "{name}: {walk:?}");
        for (k, found) in walk.recall_at_fpr.into_iter().enumerate() {
            let expected = case.recall_at_fpr.map(|values| values[k]);
            assert!(same(found, expected), "{name}: {found:?} {expected:?}");
        }
    }
}

#[test]
fn tables_give_the_figures_of_scikit_learn() {
    for case in golden().several {
        let name = &case.name;
        let labels = case.scores[0].len();
        let best: Vec<usize> = case
            .scores
            .iter()
            .map(|row| (0..labels).fold(0, |b, l| if row[l] > row[b] { l } else { b }))
            .collect();
        let ones = vec![1; best.len()];
        let table = confusion(&case.truth, &best, &ones, labels);
        assert_eq!(table, case.confusion, "{name}");
        let right: u64 = (0..labels).map(|l| table[l * labels + l]).sum();
        assert!((right as f64 / best.len() as f64 - case.accuracy).abs() < 1e-9);
        let mut recalls = Vec::new();
        for label in 0..labels {
            let counts = of_label(&table, labels, label);
            assert!(same(counts.precision(), case.precision[label]), "{name}");
            assert!(same(counts.recall(), case.recall[label]), "{name}");
            assert!(same(counts.f1(), case.f1[label]), "{name} {label}");
            recalls.extend(counts.recall());
            let scores: Vec<f64> = case.scores.iter().map(|row| row[label]).collect();
            let walk = Ranked::new(&scores, |row| case.truth[row] == label).walk(&ones);
            assert!(
                same(walk.average_precision, case.average_precision[label]),
                "{name}"
            );
        }
        let balanced = recalls.iter().sum::<f64>() / recalls.len() as f64;
        assert!((balanced - case.balanced_accuracy).abs() < 1e-9, "{name}");
        let rows: Vec<Confidence> = (0..best.len())
            .map(|i| Confidence::new(&case.scores[i], case.truth[i], best[i]))
            .collect();
        let found = calibration(&rows, &ones);
        assert!(same(found.log_loss, Some(case.log_loss)), "{name}");
        assert!(same(found.brier, Some(case.brier)), "{name}");
    }
}

#[test]
fn nothing_gives_no_figure_and_no_panic() {
    let walk = Ranked::new(&[], |_| true).walk(&[]);
    assert_eq!(walk.average_precision, None);
    assert_eq!(walk.recall_in_top, [None; 2]);
    assert_eq!(calibration(&[], &[]).ece, None);
    assert!(selective(&[]).is_empty());
}

#[test]
fn mcnemar_is_the_sign_test_on_what_changed() {
    assert_eq!(mcnemar(0, 0), 1.0);
    // 2 * 0.5^6: six that only one names rightly.
    assert!((mcnemar(0, 6) - 0.03125).abs() < 1e-12);
    // scipy.stats.binomtest(3, 15).pvalue
    assert!((mcnemar(12, 3) - 0.035_156_25).abs() < 1e-12);
    assert!(mcnemar(5000, 5600) < 1e-8);
}

#[test]
fn precision_in_a_feed_follows_bayes() {
    let scores: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    // Of 100 positives 80 are raised, of 100 negatives 10.
    let positive = |row: usize| (120..200).contains(&row) || row < 20;
    let ranked = Ranked::new(&scores, positive);
    let counts = ranked.at(0.55, &vec![1; 200]);
    assert_eq!((counts.found, counts.wrong), (80, 10));
    let precision = counts.precision_at(1e-2).unwrap();
    assert!((precision - 0.008 / (0.008 + 0.099)).abs() < 1e-12);
}

fn rows() -> impl Strategy<Value = Vec<(u8, bool, u32)>> {
    prop::collection::vec((0u8..12, any::<bool>(), 0u32..4), 1..60)
}

proptest! {
    #[test]
    fn a_weight_counts_as_that_many_copies(rows in rows()) {
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let weights: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let weighted = Ranked::new(&scores, |row| rows[row].1).walk(&weights);
        let copies: Vec<(u8, bool)> = rows
            .iter()
            .flat_map(|&(score, positive, weight)| vec![(score, positive); weight as usize])
            .collect();
        let scores: Vec<f64> = copies.iter().map(|row| f64::from(row.0)).collect();
        let copied = Ranked::new(&scores, |row| copies[row].1).walk(&vec![1; copies.len()]);
        prop_assert!(same(weighted.average_precision, copied.average_precision));
        prop_assert!(same(weighted.roc_auc, copied.roc_auc));
        for k in 0..3 {
            prop_assert!(same(weighted.recall_at_fpr[k], copied.recall_at_fpr[k]));
        }
        for k in 0..2 {
            prop_assert!(same(weighted.recall_in_top[k], copied.recall_in_top[k]));
        }
    }

    #[test]
    fn figures_do_not_depend_on_the_order_of_the_rows(rows in rows(), by in 0usize..60) {
        let walk = |rows: &[(u8, bool, u32)]| {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            Ranked::new(&scores, |row| rows[row].1).walk(&vec![1; rows.len()])
        };
        let mut turned = rows.clone();
        turned.rotate_left(by % rows.len());
        let (a, b) = (walk(&rows), walk(&turned));
        prop_assert!(same(a.average_precision, b.average_precision));
        prop_assert!(same(a.roc_auc, b.roc_auc));
        prop_assert!(same(a.recall_in_top[0], b.recall_in_top[0]));
    }

    #[test]
    fn a_looser_false_positive_rate_never_finds_less(rows in rows()) {
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let walk = Ranked::new(&scores, |row| rows[row].1).walk(&vec![1; rows.len()]);
        if let [Some(tenth), Some(hundredth), Some(thousandth)] = walk.recall_at_fpr {
            prop_assert!(tenth >= hundredth && hundredth >= thousandth);
        }
    }

    #[test]
    fn intervals_are_the_same_on_any_number_of_threads(seed in any::<u64>()) {
        let groups: Vec<usize> = (0..40).map(|row| row / 3).collect();
        let mean = |weights: &[u32]| {
            let sum: u32 = weights.iter().enumerate().map(|(i, w)| w * (i as u32 % 2)).sum();
            vec![Some(f64::from(sum))]
        };
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| bootstrap::intervals(&groups, 50, seed, mean))
        };
        prop_assert_eq!(on(1), on(4));
    }
}
