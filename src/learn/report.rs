//! How a head does on pictures held out, and from which score a product is raised.

use std::collections::BTreeSet;

use super::{best, groups_of};
use crate::recognize::bundle::Threshold;

/// Share of the pictures without a product that may reach its review threshold, and its flag threshold.
pub(super) const FALSE_REVIEW: f64 = 0.01;
/// See [`FALSE_REVIEW`].
pub(super) const FALSE_FLAG: f64 = 0.001;
/// Thresholds lie no lower, whatever the pictures would allow.
const LOWEST: (u32, u32) = (10, 50);

/// One taught label on held-out pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelReport {
    /// The label.
    pub label: String,
    /// Pictures given of it.
    pub pictures: usize,
    /// Groups of them.
    pub groups: usize,
    /// Pictures of it that were given its name.
    pub found: usize,
    /// 95 % interval of the share found: Wilson's, for as many trials as there are groups.
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

/// Rows with their held-out scores: the pictures given first, then the background.
pub(super) struct Judged<'a> {
    pub(super) labels: &'a [String],
    pub(super) label: &'a [usize],
    pub(super) group: &'a [usize],
    pub(super) held_out: &'a [Vec<f64>],
    /// How many were given.
    pub(super) own: usize,
}

impl Judged<'_> {
    pub(super) fn label(&self, label: usize) -> LabelReport {
        let given = || (0..self.own).filter(|&row| self.label[row] == label);
        let found = given()
            .filter(|&row| best(&self.held_out[row]) == label)
            .count();
        let pictures = given().count();
        let groups = groups_of(&self.label[..self.own], &self.group[..self.own], label);
        let named: Vec<usize> = (0..self.label.len())
            .filter(|&row| best(&self.held_out[row]) == label)
            .collect();
        let right = named
            .iter()
            .filter(|&&row| self.label[row] == label)
            .count();
        let named_groups = named
            .iter()
            .map(|&row| self.group[row])
            .collect::<BTreeSet<_>>()
            .len();
        LabelReport {
            label: self.labels[label].clone(),
            pictures,
            groups,
            found,
            recall: wilson(found, pictures, groups),
            named: named.len(),
            right,
            precision: wilson(right, named.len(), named_groups),
        }
    }

    /// The lowest hundredths from which at most [`FALSE_REVIEW`] and [`FALSE_FLAG`] of the pictures without
    /// the product are reached.
    pub(super) fn product(&self, label: usize) -> ProductReport {
        let scores = |own: bool| -> Vec<f64> {
            let rows = (0..self.label.len()).filter(|&row| (self.label[row] == label) == own);
            rows.map(|row| self.held_out[row][label]).collect()
        };
        let (own, others) = (scores(true), scores(false));
        let reaching = |scores: &[f64], threshold: f32| {
            scores
                .iter()
                .filter(|&&score| score >= f64::from(threshold))
                .count()
        };
        let least = |lowest: u32, most: f64| {
            let most = most * others.len() as f64;
            let steps = (lowest..=99).map(|step| step as f32 / 100.0);
            let mut fitting = steps.filter(|&step| reaching(&others, step) as f64 <= most);
            fitting.next().unwrap_or(0.99)
        };
        let review = least(LOWEST.0, FALSE_REVIEW);
        let threshold = Threshold {
            review,
            flag: least(LOWEST.1, FALSE_FLAG).max(review),
        };
        let both = |scores: &[f64]| {
            [
                reaching(scores, threshold.review),
                reaching(scores, threshold.flag),
            ]
        };
        ProductReport {
            label: self.labels[label].clone(),
            threshold,
            others: others.len(),
            others_reached: both(&others),
            own: own.len(),
            own_reached: both(&own),
        }
    }
}

/// Wilson's 95 % interval of `hits` in `pictures`, as if there were `trials` independent ones (Wilson,
/// "Probable Inference", Journal of the American Statistical Association 1927).
fn wilson(hits: usize, pictures: usize, trials: usize) -> [f64; 2] {
    if pictures == 0 || trials == 0 {
        return [0.0, 1.0];
    }
    let (share, n) = (hits as f64 / pictures as f64, trials as f64);
    let z2 = 1.959_964_f64.powi(2);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let spread = (z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    [(middle - spread).max(0.0), (middle + spread).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_s_interval_as_published() {
        let [low, high] = wilson(9, 10, 10);
        assert!(
            (low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3,
            "{low} {high}"
        );
        let fewer = wilson(9, 10, 5);
        assert!(fewer[0] < low, "five groups say less than ten");
    }

    #[test]
    fn thresholds_keep_the_others_below() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let held_out: Vec<Vec<f64>> = (0..200)
            .map(|row| {
                if row < 100 {
                    0.9
                } else {
                    f64::from(row - 100) / 200.0
                }
            })
            .map(|score| vec![score, 1.0 - score])
            .collect();
        let label: Vec<usize> = (0..200).map(|row| usize::from(row >= 100)).collect();
        let group: Vec<usize> = (0..200).collect();
        let judged = Judged {
            labels: &labels,
            label: &label,
            group: &group,
            held_out: &held_out,
            own: 200,
        };
        let product = judged.product(0);
        assert_eq!(
            product.threshold,
            Threshold {
                review: 0.49,
                flag: 0.5
            }
        );
        assert_eq!(
            product.others_reached,
            [1, 0],
            "1 % of 100 may reach review, none flag"
        );
        assert_eq!(product.own_reached, [100, 100]);
    }
}
