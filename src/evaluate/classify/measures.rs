//! The figures of a classifier, each with its interval, its data and its limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::binomial;
use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::figure::{Figure, Measure, OperatingPoint, Prevalence};
use crate::evaluate::metrics::{
    self, Calibration, Confidence, Counts, DEPTHS, Point, RATES, Ranked, Walk, calibration,
    confusion, of_label, precision_in_feed,
};
use crate::evaluate::rows::{Row, Scored};
use crate::recognize::Threshold;

/// Shares of positives in a feed at which precision is told.
pub const PREVALENCES: [Prevalence; 3] = [1e-2, 1e-3, 1e-4];

/// False-positive rates at which precision is told of a label without thresholds.
const RATES_OF_PRECISION: [f64; 2] = [RATES[1], RATES[2]];

/// False positives from which a precision needs no warning.
const FEW_FALSE_POSITIVES: usize = 5;

/// Thresholds of the model, per label.
pub type Thresholds = BTreeMap<String, Threshold>;

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

/// What was measured.
#[derive(Debug, Clone)]
pub struct Measured {
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

/// Measures scored photographs.
#[must_use]
pub fn measure(scored: &Scored, thresholds: &Thresholds, resampling: Resampling) -> Measured {
    let rows = &scored.rows;
    let prepared = Prepared::new(scored, thresholds);
    let ones = vec![1; rows.len()];
    let values = prepared.values(&ones);
    let groups: Vec<usize> = rows.iter().map(|row| row.group).collect();
    let intervals = resampling.intervals(&groups, |weights| prepared.values(weights));
    let supports = supports(scored, thresholds, &prepared.measures);
    let figures = supports.into_iter().enumerate().map(|(place, support)| {
        let value = values[place].filter(|_| support.supported);
        let drawn = intervals.get(place).copied().flatten();
        Figure {
            value,
            interval: value
                .filter(|_| resampling.resamples > 0)
                .and_then(|value| support.widened(value, drawn)),
            ..support.figure
        }
    });
    Measured {
        figures: figures.collect(),
        confusion: confusion(&prepared.truth, &prepared.best, &ones, prepared.labels),
        calibration: calibration(&prepared.confidence, &ones),
        selective: metrics::selective(&prepared.confidence),
        curves: prepared.curves(&scored.labels),
        errors: prepared.errors(scored),
    }
}

/// One measure of one label, or of all labels together.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::evaluate) struct Asked {
    /// Number of the label; `None` for all.
    label: Option<usize>,
    measure: Measure,
}

/// Every measure, in the order of the reports. `prevalences` are the labels' shares in the set.
fn asked(prevalences: &[f64], thresholds: &[Option<&Threshold>]) -> Vec<Asked> {
    use Measure::{
        Accuracy, BalancedAccuracy, BrierScore, ExpectedCalibrationError, LogLoss, MacroF1,
    };
    let of_all = [
        Accuracy,
        BalancedAccuracy,
        MacroF1,
        LogLoss,
        BrierScore,
        ExpectedCalibrationError,
    ];
    let of_all = of_all.map(|measure| Asked {
        label: None,
        measure,
    });
    let labels = prevalences.iter().zip(thresholds).enumerate();
    let of_labels = labels.flat_map(|(label, (&prevalence, threshold))| {
        let measures = asked_of_label(prevalence, *threshold);
        measures.into_iter().map(move |measure| Asked {
            label: Some(label),
            measure,
        })
    });
    of_all.into_iter().chain(of_labels).collect()
}

fn asked_of_label(prevalence: f64, threshold: Option<&Threshold>) -> Vec<Measure> {
    let mut measures = vec![Measure::Precision, Measure::Recall, Measure::F1];
    measures.extend([Measure::AveragePrecision { prevalence }, Measure::RocAuc]);
    let rates = RATES.map(OperatingPoint::FalsePositiveRate);
    measures.extend(rates.map(Measure::RecallAt));
    measures.extend(DEPTHS.map(Measure::RecallInTop));
    let Some(threshold) = threshold else {
        let points = RATES_OF_PRECISION.map(OperatingPoint::FalsePositiveRate);
        measures.extend(points.into_iter().flat_map(precision_at_prevalences));
        return measures;
    };
    for point in [
        OperatingPoint::Review(threshold.review),
        OperatingPoint::Flag(threshold.flag),
    ] {
        measures.extend([
            Measure::RecallAt(point),
            Measure::FalsePositiveRateAt(point),
        ]);
        measures.extend(precision_at_prevalences(point));
    }
    measures
}

/// Precision, then work per hit, in feeds of every prevalence.
fn precision_at_prevalences(point: OperatingPoint) -> impl Iterator<Item = Measure> {
    let precision = PREVALENCES.map(|share| Measure::PrecisionAt(point, share));
    let reviewed = PREVALENCES.map(|share| Measure::ReviewedPerHitAt(point, share));
    precision.into_iter().chain(reviewed)
}

/// Data in the shape that a resample needs.
pub(in crate::evaluate) struct Prepared<'a> {
    labels: usize,
    truth: Vec<usize>,
    best: Vec<usize>,
    confidence: Vec<Confidence>,
    ranked: Vec<Ranked>,
    thresholds: Vec<Option<&'a Threshold>>,
    pub(in crate::evaluate) measures: Vec<Asked>,
}

impl<'a> Prepared<'a> {
    pub(in crate::evaluate) fn new(scored: &Scored, thresholds: &'a Thresholds) -> Self {
        let rows = &scored.rows;
        let truth: Vec<usize> = rows.iter().map(|row| row.label).collect();
        let best: Vec<usize> = rows.iter().map(|row| row.best()).collect();
        let labels = scored.labels.len();
        let thresholds: Vec<_> = (scored.labels.iter())
            .map(|label| thresholds.get(label))
            .collect();
        let prevalences: Vec<f64> = (0..labels)
            .map(|label| count(&truth, label) as f64 / rows.len() as f64)
            .collect();
        let confidence = rows.iter().zip(&best);
        Self {
            labels,
            confidence: confidence
                .map(|(row, &best)| Confidence::new(&row.scores, row.label, best))
                .collect(),
            ranked: (0..labels).map(|label| rank(scored, label)).collect(),
            measures: asked(&prevalences, &thresholds),
            thresholds,
            truth,
            best,
        }
    }

    /// A value per measure, rows counting `weights[row]` times.
    pub(in crate::evaluate) fn values(&self, weights: &[u32]) -> Vec<Option<f64>> {
        let table = confusion(&self.truth, &self.best, weights, self.labels);
        let labels: Vec<LabelStatistics> = (0..self.labels)
            .map(|label| LabelStatistics {
                counts: of_label(&table, self.labels, label),
                walk: self.ranked[label].walk(weights),
                raised: self.thresholds[label].map(|threshold| {
                    [threshold.review, threshold.flag]
                        .map(|score| self.ranked[label].counts_at(f64::from(score), weights))
                }),
            })
            .collect();
        let total: u64 = table.iter().sum();
        let right: u64 = labels.iter().map(|label| label.counts.found).sum();
        let all = OverallStatistics {
            accuracy: (total > 0).then(|| right as f64 / total as f64),
            calibration: calibration(&self.confidence, weights),
            labels: &labels,
        };
        let measures = self.measures.iter();
        measures
            .map(|asked| match asked.label {
                None => all.value(&asked.measure),
                Some(label) => labels[label].value(&asked.measure),
            })
            .collect()
    }

    fn curves(&self, labels: &[String]) -> Vec<Curves> {
        let labels = labels.iter().enumerate();
        labels
            .map(|(label, name)| Curves {
                label: name.clone(),
                positives: count(&self.truth, label),
                points: self.ranked[label].curve(),
            })
            .collect()
    }

    /// Rows whose best label is wrong, most confident first.
    fn errors(&self, scored: &Scored) -> Vec<usize> {
        let confidence = |row: usize| scored.rows[row].scores[self.best[row]];
        let mut errors: Vec<usize> = (0..self.best.len())
            .filter(|&row| self.best[row] != self.truth[row])
            .collect();
        errors.sort_by(|&a, &b| confidence(b).total_cmp(&confidence(a)));
        errors
    }
}

fn count(truth: &[usize], label: usize) -> usize {
    truth.iter().filter(|&&other| other == label).count()
}

fn rank(scored: &Scored, label: usize) -> Ranked {
    let scores: Vec<f64> = scored.rows.iter().map(|row| row.scores[label]).collect();
    Ranked::new(&scores, |row| scored.rows[row].label == label)
}

/// What the measures of all labels together are read from.
struct OverallStatistics<'a> {
    accuracy: Option<f64>,
    calibration: Calibration,
    labels: &'a [LabelStatistics],
}

impl OverallStatistics<'_> {
    fn value(&self, measure: &Measure) -> Option<f64> {
        let counts = || self.labels.iter().map(|label| &label.counts);
        match measure {
            Measure::Accuracy => self.accuracy,
            Measure::BalancedAccuracy => mean(counts().map(Counts::recall)),
            Measure::MacroF1 => {
                let present = counts().filter(|counts| counts.found + counts.missed > 0);
                mean(present.map(Counts::f1))
            }
            Measure::LogLoss => self.calibration.log_loss,
            Measure::BrierScore => self.calibration.brier,
            Measure::ExpectedCalibrationError => self.calibration.ece,
            _ => None,
        }
    }
}

/// The mean of the values that are defined.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// What the measures of one label are read from.
struct LabelStatistics {
    counts: Counts,
    walk: Walk,
    /// At the review and at the flag threshold.
    raised: Option<[Counts; 2]>,
}

impl LabelStatistics {
    fn value(&self, measure: &Measure) -> Option<f64> {
        match measure {
            Measure::Precision => self.counts.precision(),
            Measure::Recall => self.counts.recall(),
            Measure::F1 => self.counts.f1(),
            Measure::AveragePrecision { .. } => self.walk.average_precision,
            Measure::RocAuc => self.walk.roc_auc,
            Measure::RecallInTop(depth) => {
                let place = DEPTHS.iter().position(|other| other == depth)?;
                self.walk.recall_in_top[place]
            }
            Measure::RecallAt(point) => self.recall_at(*point),
            Measure::FalsePositiveRateAt(point) => self.raised_at(*point)?.false_positive_rate(),
            Measure::PrecisionAt(point, share) => self.precision_at(*point, *share),
            Measure::ReviewedPerHitAt(point, share) => {
                let precision = self.precision_at(*point, *share)?;
                (precision > 0.0).then(|| 1.0 / precision)
            }
            _ => None,
        }
    }

    fn recall_at(&self, point: OperatingPoint) -> Option<f64> {
        let OperatingPoint::FalsePositiveRate(rate) = point else {
            return self.raised_at(point)?.recall();
        };
        let place = RATES.iter().position(|other| *other == rate)?;
        self.walk.recall_at_fpr[place]
    }

    fn precision_at(&self, point: OperatingPoint, share: Prevalence) -> Option<f64> {
        match point {
            OperatingPoint::FalsePositiveRate(rate) => {
                precision_in_feed(self.recall_at(point)?, rate, share)
            }
            _ => self.raised_at(point)?.precision_at(share),
        }
    }

    fn raised_at(&self, point: OperatingPoint) -> Option<&Counts> {
        self.raised.as_ref()?.get(point.threshold_place()?)
    }
}

/// A figure without its value, and whether the data support one.
pub(in crate::evaluate) struct Support {
    pub(in crate::evaluate) figure: Figure,
    pub(in crate::evaluate) supported: bool,
    /// Independent trials of a share; `None` of what is no share of them.
    pub(in crate::evaluate) trials: Option<usize>,
    /// What the false positives that may be there, though none turned up, make of the value.
    unseen: Option<[f64; 2]>,
}

impl Support {
    /// The interval that was drawn, and what a bootstrap cannot draw since it never saw it.
    fn widened(&self, value: f64, drawn: Option<[f64; 2]>) -> Option<[f64; 2]> {
        match (self.trials, self.unseen) {
            (Some(trials), _) => binomial::no_narrower(drawn, value, trials),
            (None, Some([least, most])) => {
                let [low, high] = drawn.unwrap_or([least, most]);
                Some([low.min(least), high.max(most)])
            }
            (None, None) => drawn,
        }
    }

    /// The same of a paired difference: where no pair differs that was tried, some of the others
    /// may.
    pub(in crate::evaluate) fn widened_difference(
        &self,
        drawn: Option<[f64; 2]>,
    ) -> Option<[f64; 2]> {
        let [low, high] = drawn?;
        match self.trials {
            Some(trials) if low == high => {
                let most = binomial::most_if_none(trials);
                Some([(low - most).max(-1.0), (high + most).min(1.0)])
            }
            _ => drawn,
        }
    }
}

/// Data and limits of every measure, in their order.
pub(in crate::evaluate) fn supports(
    scored: &Scored,
    thresholds: &Thresholds,
    measures: &[Asked],
) -> Vec<Support> {
    let all = LabelData {
        // Every photograph is given some label.
        named_groups: count_groups(scored, |_| true),
        positives: scored.rows.len(),
        positive_groups: count_groups(scored, |_| true),
        ..LabelData::default()
    };
    let labels: Vec<LabelData> = (0..scored.labels.len())
        .map(|label| LabelData::of(scored, thresholds, label))
        .collect();
    let measures = measures.iter();
    measures
        .map(|asked| match asked.label {
            None => all.support("", &asked.measure, &all),
            Some(label) => labels[label].support(&scored.labels[label], &asked.measure, &all),
        })
        .collect()
}

/// Groups of the rows whose label is kept.
fn count_groups(scored: &Scored, keep: impl Fn(usize) -> bool) -> usize {
    groups_of(scored.rows.iter().filter(|row| keep(row.label)))
}

fn groups_of<'a>(rows: impl Iterator<Item = &'a Row>) -> usize {
    rows.map(|row| row.group).collect::<BTreeSet<_>>().len()
}

/// What the figures of one label rest on.
#[derive(Default)]
struct LabelData {
    positives: usize,
    positive_groups: usize,
    negatives: usize,
    negative_groups: usize,
    /// Groups of the photographs that are given the label.
    named_groups: usize,
    /// Positives raised at the review and at the flag threshold.
    true_positives: [usize; 2],
    /// Negatives raised likewise.
    false_positives: [usize; 2],
}

impl LabelData {
    fn of(scored: &Scored, thresholds: &Thresholds, label: usize) -> Self {
        let rows = || scored.rows.iter();
        let negatives = || rows().filter(|row| row.label != label);
        let threshold = thresholds.get(&scored.labels[label]);
        let raised = |positive: bool| {
            threshold.map_or([0; 2], |threshold| {
                [threshold.review, threshold.flag].map(|score| {
                    let of_kind = rows().filter(|row| (row.label == label) == positive);
                    let raised = of_kind.filter(|row| row.scores[label] >= f64::from(score));
                    raised.count()
                })
            })
        };
        Self {
            positives: scored.rows.len() - negatives().count(),
            positive_groups: count_groups(scored, |other| other == label),
            negatives: negatives().count(),
            negative_groups: count_groups(scored, |other| other != label),
            named_groups: groups_of(rows().filter(|row| row.best() == label)),
            true_positives: raised(true),
            false_positives: raised(false),
        }
    }

    /// What a measure of this label rests on; `all` are all rows.
    fn support(&self, label: &str, measure: &Measure, all: &Self) -> Support {
        use Measure::{FalsePositiveRateAt, PrecisionAt, RecallAt, ReviewedPerHitAt};
        // A rate of false positives rests on the other labels' photographs alone.
        let without = self.positives == 0 && !matches!(measure, FalsePositiveRateAt(_));
        let (photographs, groups) = match measure {
            FalsePositiveRateAt(_) => (self.negatives, self.negative_groups),
            PrecisionAt(..) | ReviewedPerHitAt(..) => (all.positives, all.positive_groups),
            _ => (self.positives, self.positive_groups),
        };
        let (unsupported, warning) = match measure {
            _ if without => (Some("no photograph carries this label".to_owned()), None),
            RecallAt(point) => (self.lacks_negatives(*point), None),
            PrecisionAt(point, _) | ReviewedPerHitAt(point, _) => (
                self.lacks_negatives(*point),
                self.few_false_positives(*point),
            ),
            _ => (None, None),
        };
        Support {
            supported: unsupported.is_none(),
            trials: self.trials(measure),
            unseen: self.unseen_false_positives(measure),
            figure: Figure {
                label: label.to_owned(),
                measure: measure.clone(),
                value: None,
                interval: None,
                photographs,
                groups,
                note: unsupported.or(warning).unwrap_or_default(),
            },
        }
    }

    /// Independent trials of what is a share of them.
    fn trials(&self, measure: &Measure) -> Option<usize> {
        match measure {
            Measure::Accuracy | Measure::Precision => Some(self.named_groups),
            Measure::Recall | Measure::RecallAt(_) | Measure::RecallInTop(_) => {
                Some(self.positive_groups)
            }
            Measure::FalsePositiveRateAt(_) => Some(self.negative_groups),
            _ => None,
        }
    }

    /// From the value at the exact upper bound of the false-positive rate to the value without any,
    /// where none turned up.
    fn unseen_false_positives(&self, measure: &Measure) -> Option<[f64; 2]> {
        let (Measure::PrecisionAt(point, share) | Measure::ReviewedPerHitAt(point, share)) =
            measure
        else {
            return None;
        };
        let place = point.threshold_place()?;
        if self.false_positives[place] > 0 || self.true_positives[place] == 0 {
            return None;
        }
        let recall = self.true_positives[place] as f64 / self.positives as f64;
        let most = binomial::most_if_none(self.negative_groups);
        let least = precision_in_feed(recall, most, *share)?;
        match measure {
            Measure::PrecisionAt(..) => Some([least, 1.0]),
            _ => Some([1.0, 1.0 / least]),
        }
    }

    /// With fewer than 3/rate independent negatives, none of them found does not show (at 95 %)
    /// that the rate is kept.
    fn lacks_negatives(&self, point: OperatingPoint) -> Option<String> {
        let OperatingPoint::FalsePositiveRate(rate) = point else {
            return None;
        };
        let needed = (3.0 / rate).round() as usize;
        (self.negative_groups < needed).then(|| {
            format!(
                "not supported: {} independent negatives, {needed} are needed",
                self.negative_groups
            )
        })
    }

    fn few_false_positives(&self, point: OperatingPoint) -> Option<String> {
        let wrong = self.false_positives[point.threshold_place()?];
        (wrong < FEW_FALSE_POSITIVES).then(|| {
            format!(
                "rests on {wrong} false positives; up to {:.4} of negatives may be raised (95 %, \
                exact binomial bound)",
                binomial::upper_bound(wrong, self.negative_groups)
            )
        })
    }
}
