//! Multinomial logistic regression on top of given log-probabilities, with a ridge penalty.

use simsimd::SpatialSimilarity;

/// Rows of vectors, all of one size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    pub(super) size: usize,
    values: Vec<f32>,
}

impl Matrix {
    pub(super) fn new(size: usize, values: Vec<f32>) -> Self {
        Self { size, values }
    }

    pub(super) fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.size..(index + 1) * self.size]
    }
}

/// What is fitted: everything but the rows that take part and the penalty.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) vectors: Matrix,
    /// Per row and label, what is known before: log-probabilities, 0 for a label nothing is known of.
    pub(super) known: Matrix,
    /// Per row, the label it shows.
    pub(super) label: Vec<usize>,
    /// Per row, how much it counts.
    pub(super) weight: Vec<f64>,
    /// The labels that get weights; the others stay as they are known.
    pub(super) taught: Vec<usize>,
    /// Per label, whether nothing is known of it before.
    pub(super) fresh: Vec<bool>,
}

/// Per taught label the weights, then the constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weights(pub(super) Vec<Vec<f64>>);

/// Iterations after which a fit that has not settled is taken as it is.
const MOST_ITERATIONS: usize = 150;
/// Pairs of steps that L-BFGS remembers.
const MEMORY: usize = 8;
/// A constant is hardly held back.
const CONSTANT_PENALTY: f64 = 1e-4;

impl Problem {
    pub(super) fn nothing(&self) -> Weights {
        Weights(vec![vec![0.0; self.vectors.size + 1]; self.taught.len()])
    }

    /// The logits of one row.
    pub(super) fn logits(&self, weights: &Weights, row: usize) -> Vec<f64> {
        self.logits_by(&single(weights), row)
    }

    fn logits_by(&self, weights: &[(Vec<f32>, f64)], row: usize) -> Vec<f64> {
        let mut logits: Vec<f64> = self.known.row(row).iter().map(|&v| f64::from(v)).collect();
        for (&label, (weights, constant)) in self.taught.iter().zip(weights) {
            logits[label] += product(weights, self.vectors.row(row)) + constant;
        }
        logits
    }

    /// Fits the weights to `rows`, from `start`: the least of the weighted mean negative
    /// log-likelihood and `penalty / 2` times the squared weights, by L-BFGS (Nocedal and Wright,
    /// "Numerical Optimization", algorithm 7.4) with backtracking.
    pub(super) fn fit(&self, rows: &[usize], penalty: f64, start: &Weights) -> Weights {
        let total: f64 = rows.iter().map(|&row| self.weight[row]).sum();
        let mut at: Vec<f64> = start.0.concat();
        let (mut loss, mut slope) = self.loss(rows, total, penalty, &at);
        let mut steps: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
        for _ in 0..MOST_ITERATIONS {
            let steepness = dot(&slope, &slope).sqrt();
            if steepness < 1e-5 {
                break;
            }
            let mut direction = two_loops(&slope, &steps);
            let mut descent = dot(&direction, &slope);
            if descent >= 0.0 {
                steps.clear();
                direction = slope.iter().map(|s| -s).collect();
                descent = -dot(&slope, &slope);
            }
            let mut length = if steps.is_empty() {
                (1.0 / steepness).min(1.0)
            } else {
                1.0
            };
            let found = loop {
                let next: Vec<f64> = at
                    .iter()
                    .zip(&direction)
                    .map(|(a, d)| a + length * d)
                    .collect();
                let (next_loss, next_slope) = self.loss(rows, total, penalty, &next);
                if next_loss <= loss + 1e-4 * length * descent {
                    break Some((next, next_loss, next_slope));
                }
                length /= 2.0;
                if length < 1e-10 {
                    break None;
                }
            };
            let Some((next, next_loss, next_slope)) = found else {
                break;
            };
            let moved: Vec<f64> = next.iter().zip(&at).map(|(n, a)| n - a).collect();
            let turned: Vec<f64> = next_slope.iter().zip(&slope).map(|(n, s)| n - s).collect();
            let curvature = dot(&moved, &turned);
            if curvature > 1e-12 {
                if steps.len() == MEMORY {
                    steps.remove(0);
                }
                steps.push((moved, turned, 1.0 / curvature));
            }
            let gained = loss - next_loss;
            (at, loss, slope) = (next, next_loss, next_slope);
            if gained < 1e-9 * loss.abs().max(1e-3) {
                break;
            }
        }
        let each = self.vectors.size + 1;
        Weights(at.chunks_exact(each).map(<[f64]>::to_vec).collect())
    }

    fn loss(&self, rows: &[usize], total: f64, penalty: f64, at: &[f64]) -> (f64, Vec<f64>) {
        let each = self.vectors.size + 1;
        let weights = Weights(at.chunks_exact(each).map(<[f64]>::to_vec).collect());
        let rounded = single(&weights);
        let mut loss = 0.0;
        let mut sums = vec![vec![0.0f32; self.vectors.size]; self.taught.len()];
        let mut slope = vec![0.0; at.len()];
        for &row in rows {
            let logits = self.logits_by(&rounded, row);
            let total_logit = log_sum_exp(&logits);
            let share = self.weight[row] / total;
            loss += share * (total_logit - logits[self.label[row]]);
            for (place, &label) in self.taught.iter().enumerate() {
                let wanted = f64::from(u8::from(self.label[row] == label));
                let error = share * ((logits[label] - total_logit).exp() - wanted);
                slope[place * each + each - 1] += error;
                let error = error as f32;
                for (sum, value) in sums[place].iter_mut().zip(self.vectors.row(row)) {
                    *sum += error * value;
                }
            }
        }
        for (place, sums) in sums.iter().enumerate() {
            for (slope, sum) in slope[place * each..].iter_mut().zip(sums) {
                *slope += f64::from(*sum);
            }
        }
        for (index, value) in at.iter().enumerate() {
            let held = if index % each == each - 1 {
                CONSTANT_PENALTY * penalty
            } else {
                penalty
            };
            loss += held / 2.0 * value * value;
            slope[index] += held * value;
        }
        (loss, slope)
    }
}

fn single(weights: &Weights) -> Vec<(Vec<f32>, f64)> {
    let one = |row: &Vec<f64>| {
        let (constant, row) = row.split_last().unwrap_or((&0.0, &[]));
        (row.iter().map(|&value| value as f32).collect(), *constant)
    };
    weights.0.iter().map(one).collect()
}

/// Minus the inverse Hessian, as remembered, times the slope.
fn two_loops(slope: &[f64], steps: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|s| -s).collect();
    let mut alphas = Vec::with_capacity(steps.len());
    for (moved, turned, rho) in steps.iter().rev() {
        let alpha = rho * dot(moved, &direction);
        direction
            .iter_mut()
            .zip(turned)
            .for_each(|(d, t)| *d -= alpha * t);
        alphas.push(alpha);
    }
    if let Some((moved, turned, _)) = steps.last() {
        let scale = dot(moved, turned) / dot(turned, turned);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((moved, turned, rho), alpha) in steps.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(turned, &direction);
        direction
            .iter_mut()
            .zip(moved)
            .for_each(|(d, m)| *d += (alpha - beta) * m);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The product of two vectors of one size.
pub(super) fn product(a: &[f32], b: &[f32]) -> f64 {
    f32::dot(a, b).unwrap_or(0.0)
}

/// The logarithm of the sum of exponentials.
pub(super) fn log_sum_exp(values: &[f64]) -> f64 {
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest
        + values
            .iter()
            .map(|value| (value - highest).exp())
            .sum::<f64>()
            .ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(values: Vec<f32>, known: Vec<f32>, label: Vec<usize>) -> Problem {
        let rows = label.len();
        Problem {
            vectors: Matrix::new(values.len() / rows, values),
            known: Matrix::new(known.len() / rows, known),
            label,
            weight: vec![1.0; rows],
            taught: vec![1],
            fresh: vec![false, true],
        }
    }

    #[test]
    fn without_anything_to_see_a_label_gets_the_odds_of_its_share() {
        let fitted = problem(vec![0.0; 4], vec![0.0; 8], vec![1, 0, 0, 0]);
        let weights = fitted.fit(&[0, 1, 2, 3], 1e-3, &fitted.nothing());
        assert!(
            (weights.0[0][1] - (1f64 / 3.0).ln()).abs() < 1e-3,
            "{weights:?}"
        );
    }

    #[test]
    fn a_strong_penalty_leaves_what_was_known() {
        let known = vec![-0.1, -2.0, -2.0, -0.1];
        let fitted = problem(vec![1.0, -1.0], known.clone(), vec![1, 0]);
        let weights = fitted.fit(&[0, 1], 1e9, &fitted.nothing());
        assert!(
            weights.0[0].iter().all(|value| value.abs() < 1e-4),
            "{weights:?}"
        );
    }

    proptest! {
        #[test]
        fn the_slope_is_the_loss_s(
            values in prop::collection::vec(-2.0f32..2.0, 12),
            known in prop::collection::vec(-3.0f32..0.0, 8),
            at in prop::collection::vec(-1.0f64..1.0, 4),
        ) {
            let problem = problem(values, known, vec![1, 0, 1, 0]);
            let rows = [0, 1, 2, 3];
            let (_, slope) = problem.loss(&rows, 4.0, 0.1, &at);
            for (place, slope) in slope.iter().enumerate() {
                let beside = |by: f64| {
                    let mut there = at.clone();
                    there[place] += by;
                    problem.loss(&rows, 4.0, 0.1, &there).0
                };
                let measured = (beside(1e-2) - beside(-1e-2)) / 2e-2;
                prop_assert!((slope - measured).abs() < 1e-3, "{slope} {measured}");
            }
        }
    }
}
