//! The figures of an evaluation: scikit-learn's numbers reproduced, and what holds for any data.

#![allow(clippy::unwrap_used)]

use faunalens::evaluate::bootstrap;
use faunalens::evaluate::metrics::{
    Confidence, Ranked, calibration, confusion, mcnemar, of_label, selective,
};
use faunalens::evaluate::near_duplicates::near_pairs;
use faunalens::evaluate::retrieval::{Answered, Answers};
use faunalens::fingerprint::PdqHash;
use proptest::prelude::*;
use serde::Deserialize;

/// Made by tests/data/evaluate/make_sklearn.py with scikit-learn 1.9.1.
const SKLEARN: &str = include_str!("data/evaluate/sklearn.json");

#[derive(Deserialize)]
struct Golden {
    binary: Vec<Binary>,
    several: Vec<Several>,
    retrieval: Vec<Retrieval>,
}

#[derive(Deserialize)]
struct Retrieval {
    name: String,
    scores: Vec<f64>,
    right: Vec<bool>,
    weights: Vec<u32>,
    missing: usize,
    micro_ap: Option<f64>,
    recall_at_precision: Option<[f64; 2]>,
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
    ece: f64,
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
        assert!(same(found.ece, Some(case.ece)), "{name}");
    }
}

/// One question per answer, which has one match: the answer if it is right, else one that is never named. Questions
/// without an answer stand for the matches that are missing.
fn answers_of(scores: &[f64], right: &[bool], missing: usize) -> Answers {
    let answers = scores.iter().zip(right).enumerate();
    let answers = answers.map(|(question, (&score, &right))| Answered {
        question,
        score,
        right,
    });
    let wanted = right.iter().map(|&right| usize::from(right));
    let wanted = wanted.chain(std::iter::repeat_n(1, missing));
    Answers::new(answers.collect(), wanted.collect())
}

#[test]
fn answers_ranked_together_give_the_figures_of_scikit_learn_with_ties_at_their_worst() {
    for case in golden().retrieval {
        let mut weights = case.weights.clone();
        weights.extend(std::iter::repeat_n(1, case.missing));
        let walk = answers_of(&case.scores, &case.right, case.missing).walk(&weights);
        let name = &case.name;
        assert!(same(walk.micro_ap, case.micro_ap), "{name}: {walk:?}");
        for k in 0..2 {
            let found = walk.at_precision[k].map(|at| at.recall);
            let expected = case.recall_at_precision.map(|values| values[k]);
            assert!(same(found, expected), "{name}: {found:?} {expected:?}");
        }
    }
}

#[test]
fn a_threshold_keeps_the_precision_it_is_given_for() {
    let answers = answers_of(
        &[0.9, 0.8, 0.8, 0.7, 0.6],
        &[true, true, true, false, true],
        0,
    );
    let at = answers.walk(&[1; 5]).at_precision[0].unwrap();
    assert_eq!((at.recall, at.threshold), (0.75, 0.8));
    let none = answers_of(&[0.9, 0.8], &[false, true], 0).walk(&[1; 2]);
    let at = none.at_precision[1].unwrap();
    assert_eq!(
        (at.recall, at.threshold),
        (0.0, f64::INFINITY),
        "none reaches it"
    );
}

#[test]
fn the_first_answer_counts_only_if_no_wrong_one_is_as_sure() {
    let answers = vec![
        Answered {
            question: 0,
            score: 0.5,
            right: true,
        },
        Answered {
            question: 0,
            score: 0.5,
            right: false,
        },
        Answered {
            question: 1,
            score: 0.4,
            right: true,
        },
    ];
    let walk = Answers::new(answers, vec![1, 2, 0]).walk(&[1; 3]);
    assert_eq!(walk.within_rank, [Some(0.5), Some(1.0)]);
    assert_eq!(walk.found, Some(1.0));
    assert_eq!(walk.wrong_per_question, Some(1.0 / 3.0));
}

#[test]
fn a_single_group_gives_an_interval_of_no_width() {
    let found = bootstrap::intervals(&[0, 0, 0], 50, 3, |weights| {
        vec![Some(f64::from(weights.iter().sum::<u32>()))]
    });
    assert_eq!(found, [Some([3.0, 3.0])]);
}

#[test]
fn near_duplicates_connect_the_clusters_that_comparing_all_with_all_connects() {
    let mut hashes: Vec<Option<PdqHash>> = (0..60_u64)
        .map(|k| {
            Some(PdqHash([
                k.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                !k,
                k << 9,
                7,
            ]))
        })
        .collect();
    hashes.push(None);
    hashes.push(hashes[3]);
    hashes.push(hashes[3]);
    let mut near = hashes[9].unwrap();
    near.0[0] ^= 0b1011;
    hashes.push(Some(near));
    let reached = |pairs: Vec<(usize, usize)>| {
        let mut root: Vec<usize> = (0..hashes.len()).collect();
        for _ in 0..hashes.len() {
            for &(a, b) in &pairs {
                let least = root[a].min(root[b]);
                (root[a], root[b]) = (least, least);
            }
        }
        root
    };
    let found = near_pairs(&hashes).unwrap();
    let all = (0..hashes.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    let all = all.filter(
        |&(i, j)| matches!((hashes[i], hashes[j]), (Some(a), Some(b)) if a.hamming(&b) <= 31),
    );
    assert_eq!(
        reached(found.iter().map(|&(i, j, _)| (i, j)).collect()),
        reached(all.collect())
    );
}

#[test]
fn nothing_gives_no_figure_and_no_panic() {
    assert_eq!(
        Answers::new(Vec::new(), Vec::new()).walk(&[]).micro_ap,
        None
    );

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
    let counts = ranked.counts_at(0.55, &vec![1; 200]);
    assert_eq!((counts.found, counts.wrong), (80, 10));
    let precision = counts.precision_at(1e-2).unwrap();
    assert!((precision - 0.008 / (0.008 + 0.099)).abs() < 1e-12);
}

fn rows() -> impl Strategy<Value = Vec<(u8, bool, u32)>> {
    prop::collection::vec((0u8..12, any::<bool>(), 0u32..4), 1..60)
}

proptest! {
    #[test]
    fn a_question_asked_twice_counts_twice(rows in rows()) {
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let right: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let weighted = answers_of(&scores, &right, 0).walk(&weights);
        let copies: Vec<(f64, bool)> = rows
            .iter()
            .flat_map(|&(score, right, weight)| vec![(f64::from(score), right); weight as usize])
            .collect();
        let scores: Vec<f64> = copies.iter().map(|row| row.0).collect();
        let right: Vec<bool> = copies.iter().map(|row| row.1).collect();
        let copied = answers_of(&scores, &right, 0).walk(&vec![1; copies.len()]);
        prop_assert!(same(weighted.micro_ap, copied.micro_ap));
        for k in 0..2 {
            let recall = |walk: &faunalens::evaluate::retrieval::Walk| walk.at_precision[k].map(|at| at.recall);
            prop_assert!(same(recall(&weighted), recall(&copied)));
        }
    }

    #[test]
    fn worse_answers_never_raise_the_micro_average_precision(rows in rows(), at in 0usize..60) {
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let right: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let ones = vec![1; rows.len()];
        let before = answers_of(&scores, &right, 0).walk(&ones).micro_ap;
        let mut worse = scores.clone();
        let at = at % rows.len();
        // A right answer that loses ground, or a wrong one that gains it.
        worse[at] += if right[at] { -2.5 } else { 2.5 };
        let after = answers_of(&worse, &right, 0).walk(&ones).micro_ap;
        prop_assert!(after.unwrap_or(0.0) <= before.unwrap_or(0.0) + 1e-12);
    }

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
