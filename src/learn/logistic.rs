//! Multinomial logistic regression on top of given log-probabilities, with a ridge penalty.

use ndarray::{Array1, Array2, ArrayView1, Axis, Zip, s};

use super::basis::Basis;
use super::labels::LabelSet;
use super::lbfgs::minimise;
use super::training_set::TrainingSet;

/// A constant is hardly held back.
const CONSTANT_PENALTY: f64 = 1e-4;

/// What is fitted: everything but the penalty.
#[derive(Debug)]
pub(super) struct Problem {
    /// Rows x coordinates.
    pub(super) vectors: Array2<f32>,
    /// Rows x labels: what is known before, as log-probabilities; 0 for a label nothing is known
    /// of.
    pub(super) known: Array2<f32>,
    /// Per row, the label it shows; as many as there are labels where it shows any of the rest.
    pub(super) label: Vec<usize>,
    /// Per row, how much it counts.
    pub(super) weight: Array1<f64>,
    /// The labels that get weights; the others stay as they are known.
    pub(super) taught: Vec<usize>,
    /// Per label, whether nothing is known of it before.
    pub(super) fresh: Vec<bool>,
    /// Per label, whether it is one of the rest.
    pub(super) rest: Vec<bool>,
}

impl Problem {
    /// Of all rows of `set`, whose vectors have these `coordinates`.
    pub(super) fn new(coordinates: Array2<f32>, set: &TrainingSet, labels: &LabelSet) -> Self {
        Self {
            vectors: coordinates,
            known: set.known.clone(),
            label: set.label.clone(),
            weight: set.weight.clone(),
            taught: labels.taught.clone(),
            fresh: labels.network_index.iter().map(Option::is_none).collect(),
            rest: labels.is_rest.clone(),
        }
    }

    /// The logarithm of how likely it is, by logits, that a row shows what it shows, before they
    /// are normalised.
    pub(super) fn shown_logit(&self, row: usize, logits: ArrayView1<f64>) -> f64 {
        match logits.get(self.label[row]) {
            Some(logit) => *logit,
            None => log_sum_exp(self.of_rest(logits).view()),
        }
    }

    fn of_rest(&self, logits: ArrayView1<f64>) -> Array1<f64> {
        let rest = logits.iter().zip(&self.rest);
        rest.filter_map(|(logit, &rest)| rest.then_some(*logit))
            .collect()
    }

    /// The same with these rows alone.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self {
            vectors: self.vectors.select(Axis(0), rows),
            known: self.known.select(Axis(0), rows),
            label: rows.iter().map(|&row| self.label[row]).collect(),
            weight: self.weight.select(Axis(0), rows),
            taught: self.taught.clone(),
            fresh: self.fresh.clone(),
            rest: self.rest.clone(),
        }
    }

    /// Weights that change nothing: one row per taught label, the constant last.
    pub(super) fn zero_weights(&self) -> Array2<f64> {
        Array2::zeros((self.taught.len(), self.vectors.ncols() + 1))
    }

    /// Rows x labels.
    pub(super) fn logits(&self, weights: &Array2<f64>) -> Array2<f64> {
        let (slopes, constants) = (slopes(weights), constants(weights));
        let products = self.vectors.dot(&slopes.mapv(|value| value as f32).t());
        let mut logits = self.known.mapv(f64::from);
        for (&label, (products, constant)) in self
            .taught
            .iter()
            .zip(products.columns().into_iter().zip(constants))
        {
            Zip::from(logits.column_mut(label))
                .and(products)
                .for_each(|logit, &product| *logit += f64::from(product) + constant);
        }
        logits
    }

    /// Fits the weights from `start`: the least of the weighted mean negative log-likelihood and
    /// `penalty / 2` times the squared weights.
    pub(super) fn fit(&self, penalty: f64, start: &Array2<f64>) -> Array2<f64> {
        minimise(start, |weights| self.loss_and_gradient(penalty, weights))
    }

    /// The head of a fit to all rows: labels x (values and, last, the constant), on the vectors as
    /// they came. `shift` is added to the constants of labels that nothing was known of.
    pub(super) fn fit_head(&self, basis: &Basis, penalty: f64, shift: f64) -> Array2<f32> {
        let mut weights = self.fit(penalty, &self.zero_weights());
        let last = weights.ncols() - 1;
        let mut head: Option<Array2<f32>> = None;
        for (&label, mut weights) in self.taught.iter().zip(weights.outer_iter_mut()) {
            if self.fresh[label] {
                weights[last] += shift;
            }
            let row = basis.unfold(weights.view());
            head.get_or_insert_with(|| Array2::zeros((self.fresh.len(), row.len())))
                .row_mut(label)
                .assign(&row);
        }
        head.unwrap_or_default()
    }

    fn loss_and_gradient(&self, penalty: f64, weights: &Array2<f64>) -> (f64, Array2<f64>) {
        let (mut loss, errors) = self.loss_and_errors(&self.logits(weights));
        let mut gradient = Array2::zeros(weights.raw_dim());
        let last = weights.ncols() - 1;
        gradient.slice_mut(s![.., ..last]).assign(
            &errors
                .mapv(|error| error as f32)
                .t()
                .dot(&self.vectors)
                .mapv(f64::from),
        );
        gradient
            .slice_mut(s![.., last])
            .assign(&errors.sum_axis(Axis(0)));
        let mut held = Array1::from_elem(weights.ncols(), penalty);
        held[last] *= CONSTANT_PENALTY;
        let pull = weights * &held;
        loss += 0.5 * (weights * &pull).sum();
        (loss, gradient + pull)
    }

    /// The weighted mean negative log-likelihood, and rows x taught labels how it grows with each
    /// logit.
    fn loss_and_errors(&self, logits: &Array2<f64>) -> (f64, Array2<f64>) {
        let total = self.weight.sum();
        let mut loss = 0.0;
        let mut errors = Array2::zeros((self.label.len(), self.taught.len()));
        for (row, (logits, mut errors)) in
            logits.outer_iter().zip(errors.outer_iter_mut()).enumerate()
        {
            let shown = self.label[row];
            let share = self.weight[row] / total;
            let normaliser = log_sum_exp(logits);
            let own = self.shown_logit(row, logits);
            loss += share * (normaliser - own);
            for (error, &label) in errors.iter_mut().zip(&self.taught) {
                let wanted = match shown < logits.len() {
                    true => f64::from(u8::from(shown == label)),
                    false if self.rest[label] => (logits[label] - own).exp(),
                    false => 0.0,
                };
                *error = share * ((logits[label] - normaliser).exp() - wanted);
            }
        }
        (loss, errors)
    }
}

fn slopes(weights: &Array2<f64>) -> ndarray::ArrayView2<'_, f64> {
    weights.slice(s![.., ..weights.ncols() - 1])
}

fn constants(weights: &Array2<f64>) -> ArrayView1<'_, f64> {
    weights.column(weights.ncols() - 1)
}

/// The logarithm of the sum of exponentials.
pub(super) fn log_sum_exp(values: ArrayView1<f64>) -> f64 {
    let highest = values.fold(f64::NEG_INFINITY, |highest, &value| highest.max(value));
    let sum: f64 = values.iter().map(|value| (value - highest).exp()).sum();
    highest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    /// Two labels, of which the second is taught and nothing is known of it.
    fn problem(vectors: Array2<f32>, known: Array2<f32>, label: Vec<usize>) -> Problem {
        Problem {
            vectors,
            known,
            weight: Array1::ones(label.len()),
            label,
            taught: vec![1],
            fresh: vec![false, true],
            rest: vec![true, false],
        }
    }

    #[test]
    fn without_anything_to_see_a_label_gets_the_odds_of_its_share() {
        let fitted = problem(
            Array2::zeros((4, 1)),
            Array2::zeros((4, 2)),
            vec![1, 0, 0, 0],
        );
        let weights = fitted.fit(1e-3, &fitted.zero_weights());
        assert!(
            (weights[[0, 1]] - (1f64 / 3.0).ln()).abs() < 1e-3,
            "{weights}"
        );
    }

    #[test]
    fn a_strong_penalty_leaves_what_was_known() {
        let known = array![[-0.1, -2.0], [-2.0, -0.1]];
        let fitted = problem(array![[1.0], [-1.0]], known, vec![1, 0]);
        let weights = fitted.fit(1e9, &fitted.zero_weights());
        assert!(weights.iter().all(|value| value.abs() < 1e-4), "{weights}");
    }

    proptest! {
        #[test]
        fn the_gradient_is_the_loss_s(
            values in prop::collection::vec(-2.0f32..2.0, 12),
            known in prop::collection::vec(-3.0f32..0.0, 8),
            weights in prop::collection::vec(-1.0f64..1.0, 4),
            rest_is_taught in any::<bool>(),
        ) {
            let vectors = Array2::from_shape_vec((4, 3), values).unwrap();
            let known = Array2::from_shape_vec((4, 2), known).unwrap();
            let weights = Array2::from_shape_vec((1, 4), weights).unwrap();
            let mut problem = problem(vectors, known, vec![1, 0, 1, 2]);
            problem.rest[1] = rest_is_taught;
            let (_, gradient) = problem.loss_and_gradient(0.1, &weights);
            for (index, slope) in gradient.indexed_iter() {
                let loss_beside = |by: f64| {
                    let mut moved = weights.clone();
                    moved[index] += by;
                    problem.loss_and_gradient(0.1, &moved).0
                };
                let measured = (loss_beside(1e-2) - loss_beside(-1e-2)) / 2e-2;
                prop_assert!((slope - measured).abs() < 1e-3, "{slope} {measured}");
            }
        }
    }
}
