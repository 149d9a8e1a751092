//! How a head does on pictures held out, and from which score a product is raised.

use ndarray::{Array2, s};

use super::training_set::{RowKind, TrainingSet, argmax, count_groups};
use crate::evaluate::binomial;
use crate::recognize::Threshold;

/// Share of the pictures without a product that may reach its review threshold.
pub(super) const FALSE_REVIEW: f64 = 0.01;
/// Share of them that may reach its flag threshold.
pub(super) const FALSE_FLAG: f64 = 0.001;
/// The review threshold lies no lower, in hundredths, whatever the pictures would allow.
const LOWEST_REVIEW: u32 = 10;
/// As many photographs of the kind that is scanned decide about thresholds alone.
const ENOUGH_SCANNED: usize = 100;
/// The flag threshold lies no lower, in hundredths.
const LOWEST_FLAG: u32 = 50;
/// A tail of fewer scores says nothing.
const SMALLEST_TAIL: usize = 20;
/// Scores nearer to 0 or 1 count as this near.
const LEAST_SCORE: f64 = 1e-9;

/// One taught label on held-out pictures.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LabelReport {
    /// The label.
    pub label: String,
    /// Pictures given of it.
    pub pictures: usize,
    /// Groups of them.
    pub groups: usize,
    /// Pictures of it that were given its name.
    pub found: usize,
    /// 95 % interval of the share found, for as many trials as there are groups.
    pub recall: [f64; 2],
    /// Pictures of all labels, the background's too, that were given its name.
    pub named: usize,
    /// How many of those are of it.
    pub right: usize,
    /// 95 % interval of their share, likewise.
    pub precision: [f64; 2],
}

/// One product's thresholds.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProductReport {
    /// The label.
    pub label: String,
    /// The thresholds.
    pub threshold: Threshold,
    /// Held-out pictures without it that the thresholds were set by: the scanned ones where they
    /// are enough, else all others, the background's too.
    pub others: usize,
    /// Whether those are the scanned ones.
    pub by_scanned: bool,
    /// How many of those reach review, and flag.
    pub others_reached: [usize; 2],
    /// Held-out pictures of it.
    pub own: usize,
    /// How many of those reach review, and flag.
    pub own_reached: [usize; 2],
}

/// How background pictures of the base do, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackgroundReport {
    /// Background pictures that were learnt beside.
    pub pictures: usize,
    /// How many of them the base names rightly.
    pub right_before: usize,
    /// How many the new head names rightly when they are held out.
    pub right_after: usize,
    /// More that were set aside because they are among the pictures given.
    pub set_aside: usize,
}

/// How photographs of the kind that will be scanned do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScannedReport {
    /// How many there were.
    pub pictures: usize,
    /// How many of them, held out, are named as one of the labels taught but `other`.
    pub named: usize,
}

/// Rows with their held-out scores.
pub(super) struct HeldOut<'a> {
    names: &'a [String],
    set: &'a TrainingSet,
    /// Rows x labels.
    scores: &'a Array2<f64>,
    /// Per row the label of the highest score.
    best: Vec<usize>,
}

impl<'a> HeldOut<'a> {
    /// Of all rows of `set`; `scores` are rows x labels.
    pub(super) fn new(names: &'a [String], set: &'a TrainingSet, scores: &'a Array2<f64>) -> Self {
        Self {
            names,
            set,
            scores,
            best: scores.outer_iter().map(|row| argmax(row.iter())).collect(),
        }
    }

    /// Pictures given x labels: their scores.
    pub(super) fn given_scores(&self) -> Array2<f64> {
        self.scores.slice(s![..self.set.given, ..]).to_owned()
    }

    /// How these labels do.
    pub(super) fn label_reports(&self, labels: &[usize]) -> Vec<LabelReport> {
        labels
            .iter()
            .map(|&label| self.label_report(label))
            .collect()
    }

    fn label_report(&self, label: usize) -> LabelReport {
        let TrainingSet {
            label: shown,
            group,
            given,
            ..
        } = self.set;
        let of_label = || (0..*given).filter(|&row| shown[row] == label);
        let named = || {
            self.rows_of(|kind| kind != RowKind::Look)
                .filter(|&row| self.best[row] == label)
        };
        // What is scanned and rightly called `other` shows no label of its own.
        let named =
            || named().filter(|&row| shown[row] < self.names.len() || !self.set.rest[label]);
        let pictures = of_label().count();
        let groups = count_groups(of_label(), group);
        let found = of_label().filter(|&row| self.best[row] == label).count();
        let right = named().filter(|&row| shown[row] == label).count();
        LabelReport {
            label: self.names[label].clone(),
            pictures,
            groups,
            found,
            recall: interval_by_groups(found, pictures, groups),
            named: named().count(),
            right,
            precision: interval_by_groups(right, named().count(), count_groups(named(), group)),
        }
    }

    /// Thresholds for these labels, and what reaches them.
    pub(super) fn product_reports(&self, labels: &[usize]) -> Vec<ProductReport> {
        labels
            .iter()
            .map(|&label| self.product_report(label))
            .collect()
    }

    /// The lowest hundredths from which at most [`FALSE_REVIEW`] and [`FALSE_FLAG`] of the
    /// pictures without the product are reached; flag from where the tail of their scores says so,
    /// too.
    fn product_report(&self, label: usize) -> ProductReport {
        let scores = |rows: &mut dyn Iterator<Item = usize>| -> Vec<f64> {
            rows.map(|row| self.scores[[row, label]]).collect()
        };
        let of_label = |row: &usize| self.set.label[*row] == label;
        let plain = || self.rows_of(|kind| kind != RowKind::Look);
        let own = scores(&mut plain().filter(of_label));
        let scanned = scores(&mut self.rows_of(|kind| kind == RowKind::Scanned));
        let by_scanned = scanned.len() >= ENOUGH_SCANNED;
        let others = match by_scanned {
            true => scanned,
            false => scores(&mut plain().filter(|row| !of_label(row))),
        };
        let review = lowest_threshold(&others, LOWEST_REVIEW, FALSE_REVIEW);
        let threshold = Threshold {
            review,
            flag: lowest_threshold(&others, LOWEST_FLAG, FALSE_FLAG)
                .max(tail_threshold(&others, FALSE_FLAG))
                .max(review),
        };
        let both = |scores: &[f64]| {
            [threshold.review, threshold.flag].map(|threshold| reaching(scores, threshold))
        };
        ProductReport {
            label: self.names[label].clone(),
            threshold,
            others: others.len(),
            by_scanned,
            others_reached: both(&others),
            own: own.len(),
            own_reached: both(&own),
        }
    }

    /// How the background does; `set_aside` of it took no part.
    pub(super) fn background_report(&self, set_aside: usize) -> BackgroundReport {
        let background = || self.rows_of(|kind| kind == RowKind::Background);
        let right = |named: &[usize]| {
            background()
                .filter(|&row| named[row] == self.set.label[row])
                .count()
        };
        BackgroundReport {
            pictures: background().count(),
            right_before: right(&self.set.network_best),
            right_after: right(&self.best),
            set_aside,
        }
    }

    /// How what is scanned does; `None` where nothing was given of it.
    pub(super) fn scanned_report(&self, taught: &[usize]) -> Option<ScannedReport> {
        let scanned = || self.rows_of(|kind| kind == RowKind::Scanned);
        let wrong = |label: usize| taught.contains(&label) && !self.set.rest[label];
        (scanned().count() > 0).then(|| ScannedReport {
            pictures: scanned().count(),
            named: scanned().filter(|&row| wrong(self.best[row])).count(),
        })
    }

    /// The rows of these kinds.
    fn rows_of(&self, kind: impl Fn(RowKind) -> bool) -> impl Iterator<Item = usize> {
        let rows = self.set.kind.iter().enumerate();
        rows.filter(move |(_, own)| kind(**own)).map(|(row, _)| row)
    }
}

/// The lowest hundredth, from `lowest` of them, that at most the share `most` of the scores
/// reaches;
/// 0.99 if none is high enough.
fn lowest_threshold(scores: &[f64], lowest: u32, most: f64) -> f32 {
    let most = most * scores.len() as f64;
    let mut hundredths = (lowest..=99).map(|step| step as f32 / 100.0);
    let found = hundredths.find(|&threshold| reaching(scores, threshold) as f64 <= most);
    found.unwrap_or(0.99)
}

/// The hundredth that at most the share `most` of such pictures reaches, were there many more of
/// them: none of 600 above the highest of their scores shows little about one in a thousand.
///
/// Log-odds over the highest tenth's least are taken to fall off exponentially (the simplest of the
/// peaks over a threshold: Pickands, "Statistical Inference Using Extreme Order Statistics", 1975),
/// with the upper end of the 95 % interval of their mean. 0 where there are too few.
fn tail_threshold(scores: &[f64], most: f64) -> f32 {
    let mut log_odds: Vec<f64> = scores
        .iter()
        .map(|score| score.clamp(LEAST_SCORE, 1.0 - LEAST_SCORE))
        .map(|score| (score / (1.0 - score)).ln())
        .collect();
    log_odds.sort_by(|a, b| b.total_cmp(a));
    let tail = log_odds.len() / 10;
    if tail < SMALLEST_TAIL {
        return 0.0;
    }
    let start = log_odds[tail];
    let mean = log_odds[..tail]
        .iter()
        .map(|odds| odds - start)
        .sum::<f64>()
        / tail as f64;
    let upper = mean * (1.0 + 1.64 / (tail as f64).sqrt());
    let reached = start + upper * (tail as f64 / log_odds.len() as f64 / most).ln();
    let score = 1.0 / (1.0 + (-reached).exp());
    ((score * 100.0).ceil() / 100.0).min(0.99) as f32
}

fn reaching(scores: &[f64], threshold: f32) -> usize {
    let threshold = f64::from(threshold);
    scores.iter().filter(|&&score| score >= threshold).count()
}

/// 95 % interval of `hits` in `pictures`, as if there were `trials` independent ones: pictures of
/// one group say little more than one of them.
fn interval_by_groups(hits: usize, pictures: usize, trials: usize) -> [f64; 2] {
    let share = hits as f64 / pictures.max(1) as f64;
    binomial::interval_of_share(share, if pictures == 0 { 0 } else { trials })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_groups_say_less_than_more() {
        assert!(interval_by_groups(9, 10, 5)[0] < interval_by_groups(9, 10, 10)[0]);
        assert_eq!(interval_by_groups(0, 0, 0), [0.0, 1.0]);
    }

    #[test]
    fn thresholds_keep_the_others_below() {
        let own = vec![0.9; 100];
        let others: Vec<f64> = (0..100).map(|row| f64::from(row) / 200.0).collect();
        let review = lowest_threshold(&others, LOWEST_REVIEW, FALSE_REVIEW);
        let flag = lowest_threshold(&others, LOWEST_FLAG, FALSE_FLAG);
        assert_eq!((review, flag), (0.49, 0.5));
        assert_eq!(
            (reaching(&others, review), reaching(&others, flag)),
            (1, 0),
            "1 % of 100 may reach review, none flag"
        );
        assert_eq!(reaching(&own, flag), 100);
    }

    #[test]
    fn a_tail_tells_more_than_its_highest_score() {
        // Log-odds that fall off exponentially from -6, one unit a factor of e: a thousandth of
        // them lies above -6 + ln(1000).
        let of = |quantile: f64| 1.0 / (1.0 + (6.0 + quantile.ln()).exp());
        let scores: Vec<f64> = (0..600)
            .map(|row| of((f64::from(row) + 0.5) / 600.0))
            .collect();
        let threshold = f64::from(tail_threshold(&scores, FALSE_FLAG));
        let thousandth = of(FALSE_FLAG);
        assert!(
            threshold > thousandth,
            "{threshold}: the upper end of an interval"
        );
        assert!(threshold < of(FALSE_FLAG / 10.0), "{threshold}");
        assert_eq!(tail_threshold(&scores[..100], FALSE_FLAG), 0.0, "too few");
    }

    #[test]
    fn scores_that_nothing_keeps_apart_end_at_the_highest_threshold() {
        assert_eq!(
            lowest_threshold(&[1.0; 3], LOWEST_REVIEW, FALSE_REVIEW),
            0.99
        );
    }
}
