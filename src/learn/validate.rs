//! Choosing the penalty and the temperature, and judging the whole, on pictures held out.

use rayon::prelude::*;

use super::folds::FOLDS;
use super::logistic::{Problem, log_sum_exp};

/// Penalties to choose from, strongest first: each fit starts from the one before.
const PENALTIES: [f64; 9] = [1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4];
/// Shifts that are considered.
const SHIFTS: (f64, f64) = (-3.0, 6.0);
/// Temperatures that are considered.
const TEMPERATURES: (f64, f64) = (0.2, 5.0);

/// Rows left out, with the logits that a fit gives them.
type Said = Vec<(usize, Vec<f64>)>;

/// What was chosen, and how the whole does on pictures that neither the weights nor the choices saw.
#[derive(Debug)]
pub(super) struct Validation {
    /// Chosen on all folds, for the final fit.
    pub(super) penalty: f64,
    /// Likewise.
    pub(super) scaling: Scaling,
    /// Per row its scores, by weights, penalty and temperature from the other folds alone.
    pub(super) held_out: Vec<Vec<f64>>,
}

/// What turns logits into scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaling {
    /// Added to the logits of labels that the network does not know: pictures that a fit has not seen
    /// lie nearer to what it knows already than those that it has.
    pub(super) shift: f64,
    /// Then divides all.
    pub(super) temperature: f64,
}

impl Scaling {
    fn logits(self, logits: &[f64], fresh: &[bool]) -> Vec<f64> {
        let shifted = logits
            .iter()
            .zip(fresh)
            .map(|(logit, &fresh)| logit + if fresh { self.shift } else { 0.0 });
        shifted.map(|logit| logit / self.temperature).collect()
    }

    fn scores(self, logits: &[f64], fresh: &[bool]) -> Vec<f64> {
        let scaled = self.logits(logits, fresh);
        let total = log_sum_exp(&scaled);
        scaled.iter().map(|logit| (logit - total).exp()).collect()
    }
}

/// How sure an answer may be called: with few groups of a label, one of them is no certainty. A
/// label of n groups is taken to be right in (n + 1) of (n + 2) cases, as in Platt's scaling.
#[derive(Debug)]
pub(super) struct Doubt {
    /// Groups per label.
    pub(super) groups: Vec<usize>,
}

impl Doubt {
    fn of(&self, label: usize) -> f64 {
        1.0 / (self.groups[label] as f64 + 2.0)
    }
}

/// Nested cross-validation. Weights fitted without two folds serve to choose for either; weights
/// fitted without one are judged on it, with what the others chose.
pub(super) fn validate(problem: &Problem, folds: &[usize], doubt: &Doubt) -> Validation {
    let mut jobs: Vec<(usize, usize)> = Vec::new();
    for first in 0..FOLDS {
        jobs.extend((first..FOLDS).map(|second| (first, second)));
    }
    // Per job and penalty: the logits of the rows left out.
    let said: Vec<Vec<Said>> = jobs
        .par_iter()
        .map(|&(first, second)| path(problem, folds, first, second))
        .collect();
    let of = |first: usize, second: usize| {
        let wanted = (first.min(second), first.max(second));
        let place = jobs.iter().position(|job| *job == wanted).unwrap_or(0);
        said[place].as_slice()
    };
    let choose = |parts: &[(&[Said], usize)]| {
        let plain = Scaling {
            shift: 0.0,
            temperature: 1.0,
        };
        let mut best = (f64::INFINITY, 0, plain);
        for number in 0..PENALTIES.len() {
            let rows: Vec<&(usize, Vec<f64>)> = parts
                .iter()
                .flat_map(|(said, fold)| said[number].iter().filter(|row| folds[row.0] == *fold))
                .collect();
            let (loss, scaling) = scaling(problem, &rows, doubt);
            if loss < best.0 {
                best = (loss, number, scaling);
            }
        }
        (best.1, best.2)
    };
    let mut held_out = vec![Vec::new(); folds.len()];
    for fold in 0..FOLDS {
        let others = (0..FOLDS).filter(|other| *other != fold);
        let parts: Vec<_> = others.map(|other| (of(fold, other), other)).collect();
        let (number, scaling) = choose(&parts);
        for (row, logits) in &of(fold, fold)[number] {
            held_out[*row] = scaling.scores(logits, &problem.fresh);
        }
    }
    let parts: Vec<_> = (0..FOLDS).map(|fold| (of(fold, fold), fold)).collect();
    let (number, scaling) = choose(&parts);
    Validation {
        penalty: PENALTIES[number],
        scaling,
        held_out,
    }
}

/// Fits along all penalties without two folds, and what each fit says of those.
fn path(problem: &Problem, folds: &[usize], first: usize, second: usize) -> Vec<Said> {
    let out = |row: &usize| folds[*row] == first || folds[*row] == second;
    let (held, used): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(out);
    let mut weights = problem.nothing();
    PENALTIES
        .iter()
        .map(|&penalty| {
            weights = problem.fit(&used, penalty, &weights);
            held.iter()
                .map(|&row| (row, problem.logits(&weights, row)))
                .collect()
        })
        .collect()
}

/// The least loss over shifts and temperatures, each in turn, and where it lies.
fn scaling(problem: &Problem, rows: &[&(usize, Vec<f64>)], doubt: &Doubt) -> (f64, Scaling) {
    let loss = |scaling: Scaling| -> f64 {
        let of_row = |(row, logits): &&(usize, Vec<f64>)| {
            let scaled = scaling.logits(logits, &problem.fresh);
            let (label, doubt) = (problem.label[*row], doubt.of(problem.label[*row]));
            let rest: f64 = scaled.iter().sum::<f64>() - scaled[label];
            let others = rest / (scaled.len() - 1).max(1) as f64;
            let wanted = (1.0 - doubt) * scaled[label] + doubt * others;
            problem.weight[*row] * (log_sum_exp(&scaled) - wanted)
        };
        rows.iter().map(of_row).sum()
    };
    let (low, high) = (TEMPERATURES.0.ln(), TEMPERATURES.1.ln());
    let mut found = Scaling {
        shift: 0.0,
        temperature: 1.0,
    };
    for _ in 0..2 {
        let with = |log: f64| Scaling {
            temperature: log.exp(),
            ..found
        };
        found = with(least(low, high, |log| loss(with(log))));
        if problem.fresh.contains(&true) {
            let with = |shift: f64| Scaling { shift, ..found };
            found = with(least(SHIFTS.0, SHIFTS.1, |shift| loss(with(shift))));
        }
    }
    (loss(found), found)
}

/// Where a convex function is least between two bounds: golden-section search.
fn least(mut low: f64, mut high: f64, of: impl Fn(f64) -> f64) -> f64 {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..16 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if of(a) < of(b) {
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

    #[test]
    fn the_least_of_a_parabola_is_found() {
        assert!((least(-3.0, 6.0, |x| (x - 1.25).powi(2)) - 1.25).abs() < 0.01);
    }

    #[test]
    fn a_shift_is_for_labels_that_the_network_does_not_know() {
        let scaling = Scaling {
            shift: 2.0,
            temperature: 2.0,
        };
        assert_eq!(scaling.logits(&[1.0, 1.0], &[false, true]), [0.5, 1.5]);
        let scores = scaling.scores(&[1.0, 1.0], &[false, true]);
        assert!((scores[1] - 0.731_059).abs() < 1e-5, "1 / (1 + exp(-1))");
    }
}
