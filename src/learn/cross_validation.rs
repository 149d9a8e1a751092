//! Choosing the penalty and the temperature, and judging the whole, on pictures held out.

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use super::folds::FOLDS;
use super::labels::LabelSet;
use super::logistic::{Problem, log_sum_exp};
use super::training_set::TrainingSet;

/// Penalties to choose from, strongest first: each fit starts from the one before. Stronger ones
/// lose less on pictures held out of one source, since they move little but constants, and call
/// many times as much of another source by the label (eval/learn).
const PENALTIES: [f64; 3] = [1e-3, 3e-4, 1e-4];
/// Shifts that are considered.
const SHIFTS: (f64, f64) = (-3.0, 6.0);
/// Temperatures that are considered.
const TEMPERATURES: (f64, f64) = (0.2, 5.0);

/// What was chosen, and how the whole does on pictures that neither the weights nor the choices
/// saw.
#[derive(Debug)]
pub(super) struct Validation {
    /// Chosen on all folds, for the final fit.
    pub(super) penalty: f64,
    /// Likewise.
    pub(super) scaling: Scaling,
    /// Rows x labels: scores by weights, penalty and scaling from the other folds alone.
    pub(super) scores: Array2<f64>,
}

/// What turns logits into scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaling {
    /// Added to the logits of labels that the network does not know: pictures that a fit has not
    /// seen lie nearer to what it knows already than those that it has.
    pub(super) shift: f64,
    /// Then divides all.
    pub(super) temperature: f64,
}

impl Scaling {
    /// Changes nothing.
    const NONE: Self = Self {
        shift: 0.0,
        temperature: 1.0,
    };

    fn logits(self, logits: ArrayView1<f64>, fresh: &[bool]) -> Array1<f64> {
        let shifted = logits
            .iter()
            .zip(fresh)
            .map(|(logit, &fresh)| logit + if fresh { self.shift } else { 0.0 });
        shifted.map(|logit| logit / self.temperature).collect()
    }

    fn scores(self, logits: ArrayView1<f64>, fresh: &[bool]) -> Array1<f64> {
        let scaled = self.logits(logits, fresh);
        let normaliser = log_sum_exp(scaled.view());
        scaled.mapv(|logit| (logit - normaliser).exp())
    }
}

/// How sure an answer may be called: with few groups of a label, one of them is no certainty. A
/// label of n groups is taken to be right in (n + 1) of (n + 2) cases (Platt, "Probabilistic
/// Outputs for Support Vector Machines", 1999).
#[derive(Debug)]
pub(super) struct LabelSmoothing {
    /// Groups per label.
    groups: Vec<usize>,
}

impl LabelSmoothing {
    /// By the groups of all rows.
    pub(super) fn new(set: &TrainingSet, labels: &LabelSet) -> Self {
        // What is scanned shows labels that are numbered last, as one.
        let labels = 0..=labels.names.len();
        Self {
            groups: labels.map(|label| set.groups_of(label)).collect(),
        }
    }

    /// The share in which the label is taken to be wrong.
    fn doubt(&self, label: usize) -> f64 {
        1.0 / (self.groups[label] as f64 + 2.0)
    }
}

/// Logits of rows that a fit left out.
struct LeftOutLogits {
    rows: Vec<usize>,
    /// For each of [`PENALTIES`], rows x labels.
    by_penalty: Vec<Array2<f64>>,
}

/// A row and the logits that a fit without it gives it.
type LeftOutRow<'a> = (usize, ArrayView1<'a, f64>);

impl LeftOutLogits {
    /// Fits without the rows of two folds, along all penalties, and applies the fits to those
    /// rows.
    fn new(problem: &Problem, folds: &[usize], first: usize, second: usize) -> Self {
        let left_out = |row: &usize| folds[*row] == first || folds[*row] == second;
        let (rows, used): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(left_out);
        let (fitted, held) = (problem.select(&used), problem.select(&rows));
        let mut weights = problem.zero_weights();
        let by_penalty = PENALTIES.iter().map(|&penalty| {
            weights = fitted.fit(penalty, &weights);
            held.logits(&weights)
        });
        Self {
            by_penalty: by_penalty.collect(),
            rows,
        }
    }

    fn rows_of_fold<'a>(
        &'a self,
        penalty: usize,
        folds: &'a [usize],
        fold: usize,
    ) -> impl Iterator<Item = LeftOutRow<'a>> {
        let logits = self.by_penalty[penalty].outer_iter();
        let rows = self.rows.iter().copied().zip(logits);
        rows.filter(move |(row, _)| folds[*row] == fold)
    }
}

/// Nested cross-validation. Weights fitted without two folds serve to choose for either; weights
/// fitted without one are judged on it, with what the others chose.
pub(super) fn cross_validate(
    problem: &Problem,
    folds: &[usize],
    smoothing: &LabelSmoothing,
) -> Validation {
    let pairs: Vec<(usize, usize)> = (0..FOLDS)
        .flat_map(|first| (first..FOLDS).map(move |second| (first, second)))
        .collect();
    let fits: Vec<LeftOutLogits> = pairs
        .par_iter()
        .map(|&(first, second)| LeftOutLogits::new(problem, folds, first, second))
        .collect();
    let without = |first: usize, second: usize| {
        let pair = (first.min(second), first.max(second));
        &fits[pairs.iter().position(|&known| known == pair).unwrap_or(0)]
    };
    let choose = |parts: &[(&LeftOutLogits, usize)]| choose(problem, folds, smoothing, parts);

    let mut scores = Array2::zeros(problem.known.raw_dim());
    for fold in 0..FOLDS {
        let others = (0..FOLDS).filter(|other| *other != fold);
        let parts: Vec<_> = others.map(|other| (without(fold, other), other)).collect();
        let (penalty, scaling) = choose(&parts);
        for (row, logits) in without(fold, fold).rows_of_fold(penalty, folds, fold) {
            let row_scores = scaling.scores(logits, &problem.fresh);
            scores.row_mut(row).assign(&row_scores);
        }
    }
    let parts: Vec<_> = (0..FOLDS).map(|fold| (without(fold, fold), fold)).collect();
    let (penalty, scaling) = choose(&parts);
    Validation {
        penalty: PENALTIES[penalty],
        scaling,
        scores,
    }
}

/// The penalty (as its place in [`PENALTIES`]) and the scaling that lose least on the left-out
/// rows of these folds; among equals the stronger penalty.
fn choose(
    problem: &Problem,
    folds: &[usize],
    smoothing: &LabelSmoothing,
    parts: &[(&LeftOutLogits, usize)],
) -> (usize, Scaling) {
    let fitted: Vec<(f64, Scaling)> = (0..PENALTIES.len())
        .into_par_iter()
        .map(|penalty| {
            let rows: Vec<LeftOutRow> = parts
                .iter()
                .flat_map(|(fit, fold)| fit.rows_of_fold(penalty, folds, *fold))
                .collect();
            fit_scaling(problem, &rows, smoothing)
        })
        .collect();
    let mut best = (f64::INFINITY, 0, Scaling::NONE);
    for (penalty, &(loss, scaling)) in fitted.iter().enumerate() {
        if loss < best.0 {
            best = (loss, penalty, scaling);
        }
    }
    (best.1, best.2)
}

/// The least loss over shifts and temperatures, each in turn, and where it lies.
fn fit_scaling(
    problem: &Problem,
    rows: &[LeftOutRow],
    smoothing: &LabelSmoothing,
) -> (f64, Scaling) {
    let loss = |scaling: Scaling| -> f64 {
        let losses = rows
            .iter()
            .map(|row| smoothed_loss(problem, row, scaling, smoothing));
        losses.sum()
    };
    let (low, high) = (TEMPERATURES.0.ln(), TEMPERATURES.1.ln());
    let mut found = Scaling::NONE;
    for _ in 0..2 {
        let with = |log: f64| Scaling {
            temperature: log.exp(),
            ..found
        };
        found = with(golden_section_minimum(low, high, |log| loss(with(log))));
        if problem.fresh.contains(&true) {
            let with = |shift: f64| Scaling { shift, ..found };
            let shift = golden_section_minimum(SHIFTS.0, SHIFTS.1, |shift| loss(with(shift)));
            found = with(shift);
        }
    }
    (loss(found), found)
}

/// Cross-entropy of one row against its smoothed label.
fn smoothed_loss(
    problem: &Problem,
    (row, logits): &LeftOutRow,
    scaling: Scaling,
    smoothing: &LabelSmoothing,
) -> f64 {
    let scaled = scaling.logits(*logits, &problem.fresh);
    let label = problem.label[*row];
    let doubt = smoothing.doubt(label);
    let own = problem.shown_logit(*row, scaled.view());
    let wanted = match scaled.get(label) {
        Some(logit) => {
            let others = (scaled.sum() - logit) / (scaled.len() - 1).max(1) as f64;
            (1.0 - doubt) * own + doubt * others
        }
        None => own,
    };
    problem.weight[*row] * (log_sum_exp(scaled.view()) - wanted)
}

/// Where a convex function is least between two bounds, within 0.05 % of their distance:
/// golden-section search (Kiefer 1953).
fn golden_section_minimum(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..16 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if function(a) < function(b) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_least_of_a_parabola_is_found() {
        let found = golden_section_minimum(-3.0, 6.0, |x| (x - 1.25).powi(2));
        assert!((found - 1.25).abs() < 0.01);
    }

    #[test]
    fn a_shift_is_for_labels_that_the_network_does_not_know() {
        let scaling = Scaling {
            shift: 2.0,
            temperature: 2.0,
        };
        let logits = array![1.0, 1.0];
        assert_eq!(
            scaling.logits(logits.view(), &[false, true]),
            array![0.5, 1.5]
        );
        let scores = scaling.scores(logits.view(), &[false, true]);
        assert!((scores[1] - 0.731_059).abs() < 1e-5, "1 / (1 + exp(-1))");
    }
}
