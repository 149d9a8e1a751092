//! How a head does on pictures held out, and from which score a product is raised.

use ndarray::{Array2, s};

use super::training_set::{TrainingSet, argmax, count_groups};
use crate::evaluate::binomial;
use crate::recognize::Threshold;

/// Share of the pictures without a product that may reach its review threshold.
pub(super) const FALSE_REVIEW: f64 = 0.01;
/// Share of them that may reach its flag threshold.
pub(super) const FALSE_FLAG: f64 = 0.001;
/// The review threshold lies no lower, in hundredths, whatever the pictures would allow.
const LOWEST_REVIEW: u32 = 10;
/// The flag threshold lies no lower, in hundredths.
const LOWEST_FLAG: u32 = 50;

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
    /// Held-out pictures without it, the background's too.
    pub others: usize,
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
        let named = || (0..shown.len()).filter(|&row| self.best[row] == label);
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
    /// pictures without the product are reached.
    fn product_report(&self, label: usize) -> ProductReport {
        let scores = |of_label: bool| -> Vec<f64> {
            let rows = self.set.label.iter().zip(self.scores.column(label));
            let rows = rows.filter(|&(&shown, _)| (shown == label) == of_label);
            rows.map(|(_, &score)| score).collect()
        };
        let (own, others) = (scores(true), scores(false));
        let review = lowest_threshold(&others, LOWEST_REVIEW, FALSE_REVIEW);
        let threshold = Threshold {
            review,
            flag: lowest_threshold(&others, LOWEST_FLAG, FALSE_FLAG).max(review),
        };
        let both = |scores: &[f64]| {
            [threshold.review, threshold.flag].map(|threshold| reaching(scores, threshold))
        };
        ProductReport {
            label: self.names[label].clone(),
            threshold,
            others: others.len(),
            others_reached: both(&others),
            own: own.len(),
            own_reached: both(&own),
        }
    }

    /// How the background does; `set_aside` of it took no part.
    pub(super) fn background_report(&self, set_aside: usize) -> BackgroundReport {
        let background = self.set.given..self.set.label.len();
        let right = |named: &[usize]| {
            let right = |&row: &usize| named[row] == self.set.label[row];
            background.clone().filter(right).count()
        };
        BackgroundReport {
            pictures: background.len(),
            right_before: right(&self.set.network_best),
            right_after: right(&self.best),
            set_aside,
        }
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
    fn scores_that_nothing_keeps_apart_end_at_the_highest_threshold() {
        assert_eq!(
            lowest_threshold(&[1.0; 3], LOWEST_REVIEW, FALSE_REVIEW),
            0.99
        );
    }
}
