//! Choosing the penalty and the temperature, and judging the whole, on pictures held out.

use rayon::prelude::*;

use super::folds::FOLDS;
use super::logistic::{Problem, log_sum_exp};

/// Penalties to choose from, strongest first: each fit starts from the one before.
const PENALTIES: [f64; 9] = [1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4];
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
    pub(super) temperature: f64,
    /// Per row its scores, by weights, penalty and temperature from the other folds alone.
    pub(super) held_out: Vec<Vec<f64>>,
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
        let mut best = (f64::INFINITY, 0, 1.0);
        for number in 0..PENALTIES.len() {
            let rows: Vec<&(usize, Vec<f64>)> = parts
                .iter()
                .flat_map(|(said, fold)| said[number].iter().filter(|row| folds[row.0] == *fold))
                .collect();
            let (loss, temperature) = temperature(problem, &rows, doubt);
            if loss < best.0 {
                best = (loss, number, temperature);
            }
        }
        (best.1, best.2)
    };
    let mut held_out = vec![Vec::new(); folds.len()];
    for fold in 0..FOLDS {
        let others = (0..FOLDS).filter(|other| *other != fold);
        let parts: Vec<_> = others.map(|other| (of(fold, other), other)).collect();
        let (number, temperature) = choose(&parts);
        for (row, logits) in &of(fold, fold)[number] {
            held_out[*row] = softmax(logits, temperature);
        }
    }
    let parts: Vec<_> = (0..FOLDS).map(|fold| (of(fold, fold), fold)).collect();
    let (number, temperature) = choose(&parts);
    Validation {
        penalty: PENALTIES[number],
        temperature,
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

/// The least loss over temperatures and where it lies: golden-section search over the logarithm.
fn temperature(problem: &Problem, rows: &[&(usize, Vec<f64>)], doubt: &Doubt) -> (f64, f64) {
    let loss = |log: f64| {
        let temperature = log.exp();
        let mut sum = 0.0;
        for (row, logits) in rows {
            let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
            let total = log_sum_exp(&scaled);
            let (label, doubt) = (problem.label[*row], doubt.of(problem.label[*row]));
            let all: f64 = scaled.iter().sum::<f64>() - scaled[label];
            let others = all / (scaled.len() - 1).max(1) as f64;
            let wanted = (1.0 - doubt) * scaled[label] + doubt * others;
            sum += problem.weight[*row] * (total - wanted);
        }
        sum
    };
    let (mut low, mut high) = (TEMPERATURES.0.ln(), TEMPERATURES.1.ln());
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..24 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) < loss(b) {
            high = b;
        } else {
            low = a;
        }
    }
    let middle = f64::midpoint(low, high);
    (loss(middle), middle.exp())
}

pub(super) fn softmax(logits: &[f64], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
    let total = log_sum_exp(&scaled);
    scaled.iter().map(|logit| (logit - total).exp()).collect()
}
