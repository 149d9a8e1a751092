//! How well photographs are classified: every figure with its interval, its data and its limits.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::recognize::Threshold;

use crate::evaluate::bootstrap;
use crate::evaluate::metrics::{
    self, Calibration, Confidence, Counts, DEPTHS, Point, RATES, Ranked, calibration, confusion,
    of_label, precision_in_feed,
};
use crate::evaluate::rows::Scored;

/// Shares of positives in a feed at which precision is told.
pub const PREVALENCES: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// Places in [`RATES`] of the false-positive rates at which precision is told of a label without thresholds.
const RATES_OF_PRECISION: [usize; 2] = [1, 2];

/// How the study is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Bootstrap resamples; 0 gives no intervals.
    pub resamples: u64,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Thresholds of the model, per label.
    pub thresholds: BTreeMap<String, Threshold>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The label it is about; empty for all.
    pub label: String,
    /// Its name.
    pub name: String,
    /// Its value; `None` where it is not defined or not supported by the data.
    pub value: Option<f64>,
    /// 95 % interval by bootstrap over groups.
    pub interval: Option<[f64; 2]>,
    /// Photographs it rests on.
    pub photographs: usize,
    /// Groups it rests on.
    pub groups: usize,
    /// What limits it, if something does.
    pub note: String,
}

/// The curves of one label.
#[derive(Debug, Clone)]
pub struct Curves {
    /// The label.
    pub label: String,
    /// Photographs that carry it.
    pub positives: usize,
    /// One point per distinct score.
    pub points: Vec<Point>,
}

/// A finished study.
#[derive(Debug, Clone)]
pub struct Study {
    /// All figures: first of all labels, then per label.
    pub figures: Vec<Figure>,
    /// Confusion matrix `[true][best]`, row-major.
    pub confusion: Vec<u64>,
    /// Confidence against truth.
    pub calibration: Calibration,
    /// (coverage, error), surest photographs first.
    pub selective: Vec<(f64, f64)>,
    /// Per label.
    pub curves: Vec<Curves>,
    /// Rows whose best label is wrong, most confident first.
    pub errors: Vec<usize>,
}

/// A figure before it has a value.
pub(in crate::evaluate) struct Plan {
    pub(in crate::evaluate) label: String,
    pub(in crate::evaluate) name: String,
    pub(in crate::evaluate) photographs: usize,
    pub(in crate::evaluate) groups: usize,
    pub(in crate::evaluate) note: String,
    pub(in crate::evaluate) supported: bool,
}

/// Data in the shape that a resample needs.
pub(in crate::evaluate) struct Prepared<'a> {
    labels: usize,
    truth: Vec<usize>,
    best: Vec<usize>,
    confidence: Vec<Confidence>,
    ranked: Vec<Ranked>,
    thresholds: Vec<Option<&'a Threshold>>,
}

/// Photographs reviewed per hit at a precision; `None` where nothing is hit.
fn reviewed(precision: f64) -> Option<f64> {
    (precision > 0.0).then(|| 1.0 / precision)
}

impl Prepared<'_> {
    /// Every figure, in the order of the plans.
    pub(in crate::evaluate) fn figures(&self, weights: &[u32]) -> Vec<Option<f64>> {
        let table = confusion(&self.truth, &self.best, weights, self.labels);
        let total: u64 = table.iter().sum();
        let right: u64 = (0..self.labels).map(|l| table[l * self.labels + l]).sum();
        let counts: Vec<Counts> = (0..self.labels)
            .map(|l| of_label(&table, self.labels, l))
            .collect();
        let mean = |values: Vec<Option<f64>>| {
            let known: Vec<f64> = values.into_iter().flatten().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        };
        let calibration = calibration(&self.confidence, weights);
        let mut values = vec![
            (total > 0).then(|| right as f64 / total as f64),
            mean(counts.iter().map(Counts::recall).collect()),
            mean(
                counts
                    .iter()
                    .filter(|c| c.found + c.missed > 0)
                    .map(Counts::f1)
                    .collect(),
            ),
            calibration.log_loss,
            calibration.brier,
            calibration.ece,
        ];
        for ((ranked, counts), threshold) in self.ranked.iter().zip(&counts).zip(&self.thresholds) {
            let walk = ranked.walk(weights);
            values.extend([counts.precision(), counts.recall(), counts.f1()]);
            values.extend([walk.average_precision, walk.roc_auc]);
            values.extend(walk.recall_at_fpr);
            values.extend(walk.recall_in_top);
            if let Some(threshold) = threshold {
                for limit in [threshold.review, threshold.flag] {
                    let counts = ranked.at(f64::from(limit), weights);
                    values.extend([counts.recall(), counts.false_positive_rate()]);
                    values.extend(PREVALENCES.map(|share| counts.precision_at(share)));
                    values.extend(
                        PREVALENCES.map(|share| counts.precision_at(share).and_then(reviewed)),
                    );
                }
            } else {
                for place in RATES_OF_PRECISION {
                    let precision = PREVALENCES.map(|share| {
                        precision_in_feed(walk.recall_at_fpr[place]?, RATES[place], share)
                    });
                    values.extend(precision);
                    values.extend(precision.map(|precision| precision.and_then(reviewed)));
                }
            }
        }
        values
    }
}

/// Brings the rows into the shape that a resample needs.
pub(in crate::evaluate) fn prepare<'a>(scored: &Scored, settings: &'a Settings) -> Prepared<'a> {
    let rows = &scored.rows;
    let truth: Vec<usize> = rows.iter().map(|row| row.label).collect();
    let best: Vec<usize> = rows.iter().map(|row| row.best()).collect();
    let ranked: Vec<Ranked> = (0..scored.labels.len())
        .map(|label| {
            let scores: Vec<f64> = rows.iter().map(|row| row.scores[label]).collect();
            Ranked::new(&scores, |row| truth[row] == label)
        })
        .collect();
    Prepared {
        labels: scored.labels.len(),
        confidence: rows
            .iter()
            .zip(&best)
            .map(|(row, &best)| Confidence::new(&row.scores, row.label, best))
            .collect(),
        thresholds: scored
            .labels
            .iter()
            .map(|label| settings.thresholds.get(label))
            .collect(),
        ranked,
        truth,
        best,
    }
}

/// Makes the study.
#[must_use]
pub fn study(scored: &Scored, settings: &Settings) -> Study {
    let rows = &scored.rows;
    let prepared = prepare(scored, settings);
    let plans = plans(scored, settings);
    let ones = vec![1; rows.len()];
    let values = prepared.figures(&ones);
    let groups: Vec<usize> = rows.iter().map(|row| row.group).collect();
    let intervals = bootstrap::intervals(&groups, settings.resamples, settings.seed, |weights| {
        prepared.figures(weights)
    });
    let figures = plans
        .into_iter()
        .enumerate()
        .map(|(k, plan)| Figure {
            label: plan.label,
            name: plan.name,
            value: values[k].filter(|_| plan.supported),
            interval: intervals
                .get(k)
                .copied()
                .flatten()
                .filter(|_| plan.supported),
            photographs: plan.photographs,
            groups: plan.groups,
            note: plan.note,
        })
        .collect();
    let mut errors: Vec<usize> = (0..rows.len())
        .filter(|&i| prepared.best[i] != prepared.truth[i])
        .collect();
    errors.sort_by(|&a, &b| {
        rows[b].scores[prepared.best[b]].total_cmp(&rows[a].scores[prepared.best[a]])
    });
    Study {
        confusion: confusion(&prepared.truth, &prepared.best, &ones, prepared.labels),
        calibration: calibration(&prepared.confidence, &ones),
        selective: metrics::selective(&prepared.confidence),
        curves: scored
            .labels
            .iter()
            .enumerate()
            .map(|(label, name)| Curves {
                label: name.clone(),
                positives: prepared.truth.iter().filter(|&&l| l == label).count(),
                points: prepared.ranked[label].curve(),
            })
            .collect(),
        figures,
        errors,
    }
}

/// Names, data and limits of the figures, in the order of [`Prepared::figures`].
pub(in crate::evaluate) fn plans(scored: &Scored, settings: &Settings) -> Vec<Plan> {
    let rows = &scored.rows;
    let groups_of = |keep: &dyn Fn(usize) -> bool| {
        let kept = rows
            .iter()
            .filter(|row| keep(row.label))
            .map(|row| row.group);
        kept.collect::<BTreeSet<_>>().len()
    };
    let everything = groups_of(&|_| true);
    let plan = |label: &str, name: String, photographs: usize, groups: usize| Plan {
        label: label.to_owned(),
        name,
        photographs,
        groups,
        note: String::new(),
        supported: true,
    };
    let mut plans: Vec<Plan> = [
        "accuracy",
        "balanced accuracy",
        "macro F1",
        "log loss",
        "Brier score",
        "expected calibration error",
    ]
    .into_iter()
    .map(|name| plan("", name.into(), rows.len(), everything))
    .collect();
    for (number, label) in scored.labels.iter().enumerate() {
        let positives = rows.iter().filter(|row| row.label == number).count();
        let positive_groups = groups_of(&|l| l == number);
        let negative_groups = groups_of(&|l| l != number);
        let negatives = rows.len() - positives;
        let mut add = |name: String| plans.push(plan(label, name, positives, positive_groups));
        for name in ["precision", "recall", "F1"] {
            add(name.into());
        }
        add(format!(
            "average precision (prevalence {:.3})",
            positives as f64 / rows.len() as f64
        ));
        add("ROC AUC".into());
        for rate in RATES {
            add(format!("recall at false-positive rate {rate}"));
        }
        for depth in DEPTHS {
            add(format!("recall in top {depth}"));
        }
        let from = plans.len() - RATES.len() - DEPTHS.len();
        let mut rates: Vec<(usize, f64)> = (from..).zip(RATES).collect();
        if !settings.thresholds.contains_key(label) {
            for place in RATES_OF_PRECISION {
                let rate = RATES[place];
                for words in ["precision", "photographs reviewed per hit"] {
                    for share in PREVALENCES {
                        rates.push((plans.len(), rate));
                        let name =
                            format!("{words} at false-positive rate {rate}, prevalence {share}");
                        plans.push(plan(label, name, rows.len(), everything));
                    }
                }
            }
        }
        for (place, rate) in rates {
            let plan = &mut plans[place];
            // With fewer than 3/rate independent negatives, none of them found does not show (at 95 %) that the rate is kept.
            let needed = (3.0 / rate).round() as usize;
            if negative_groups < needed {
                plan.supported = false;
                plan.note = format!(
                    "not supported: {negative_groups} independent negatives, {needed} are needed"
                );
            }
        }
        if let Some(threshold) = settings.thresholds.get(label) {
            for (kind, limit) in [("review", threshold.review), ("flag", threshold.flag)] {
                plans.push(plan(
                    label,
                    format!("recall at {kind} {limit:.2}"),
                    positives,
                    positive_groups,
                ));
                plans.push(plan(
                    label,
                    format!("false-positive rate at {kind} {limit:.2}"),
                    negatives,
                    negative_groups,
                ));
                for words in ["precision", "photographs reviewed per hit"] {
                    for share in PREVALENCES {
                        let mut figure = plan(
                            label,
                            format!("{words} at {kind} {limit:.2}, prevalence {share}"),
                            rows.len(),
                            everything,
                        );
                        let wrong = rows
                            .iter()
                            .filter(|row| {
                                row.label != number && row.scores[number] >= f64::from(limit)
                            })
                            .count();
                        if wrong < 5 {
                            figure.note = format!(
                                "rests on {wrong} false positives; up to {:.4} of negatives may be raised (95 %, rule of three)",
                                (wrong as f64 + 3.0) / negatives.max(1) as f64
                            );
                        }
                        plans.push(figure);
                    }
                }
            }
        }
    }
    plans
}
