//! Robust least squares for small models: Levenberg and Marquardt with Student weights per
//! observation.

use crate::schreger::cholesky::Cholesky;
use ndarray::{Array1, Array2, ArrayView1};

/// Degrees of freedom of the Student weights.
const TAILS: f64 = 5.0;
/// Step of the forward differences that make the Jacobian.
const DIFFERENCE: f64 = 1e-5;
/// Largest change of one parameter in one step.
const LONGEST_STEP: f64 = 1.0;
/// The search ends where a step lowers the cost by less than this share.
const LEAST_GAIN: f64 = 1e-4;
/// The search ends where the damping exceeds this without finding a step that helps.
const MOST_DAMPING: f64 = 1e8;

/// A model's parameters by name, and as the array that the solver moves.
pub(crate) trait ParameterSet<const P: usize>: Copy {
    /// All values, in the order of [`ParameterSet::from_array`].
    fn to_array(self) -> [f64; P];
    /// The parameters of all values.
    fn from_array(values: [f64; P]) -> Self;
}

/// Normal prior of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prior {
    /// Mean.
    pub(crate) mean: f64,
    /// Standard deviation.
    pub(crate) sd: f64,
}

/// Residuals of one observation: x and y of two wave vectors.
pub(crate) type Residual = [f64; 4];
/// Degrees of freedom of one observation's Student density, with its residuals.
const SHAPE: f64 = TAILS + 4.0;

/// A model with `P` parameters.
pub(crate) trait Model<const P: usize> {
    /// Its parameters.
    type Parameters: ParameterSet<P>;
    /// Residuals of every observation, in units of the noise.
    fn residuals(&self, parameters: &Self::Parameters) -> Vec<Residual>;
    /// The prior of each parameter that has one.
    fn priors(&self) -> [Option<Prior>; P];
    /// Independent observations per observation, at most 1.
    fn independent_share(&self) -> f64;
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Optimum<S> {
    /// The best parameters met.
    pub(crate) parameters: S,
    /// Twice the negative log posterior, up to a constant.
    pub(crate) cost: f64,
}

/// Squared length of one observation's residuals.
pub(crate) fn squared_length(residual: &Residual) -> f64 {
    residual.iter().map(|r| r * r).sum()
}

/// Twice the negative log posterior.
pub(crate) fn cost<const P: usize, M: Model<P>>(model: &M, parameters: &M::Parameters) -> f64 {
    let data: f64 = (model.residuals(parameters).iter())
        .map(|residual| SHAPE * (1.0 + squared_length(residual) / TAILS).ln())
        .sum();
    let prior: f64 = (model.priors().iter().zip(parameters.to_array()))
        .filter_map(|(prior, p)| prior.map(|prior| ((p - prior.mean) / prior.sd).powi(2)))
        .sum();
    data * model.independent_share() + prior
}

/// The log posterior about one set of parameters, to second order.
pub(crate) struct NormalEquations {
    /// Weighted product of the Jacobian with itself, and the priors' precisions; `P` x `P`.
    pub(crate) matrix: Array2<f64>,
    /// Gradient of the log posterior.
    gradient: Array1<f64>,
}

impl NormalEquations {
    /// Works them out with the Student weights of the residuals at `parameters`.
    pub(crate) fn new<const P: usize, M: Model<P>>(model: &M, parameters: &M::Parameters) -> Self {
        let here = model.residuals(parameters);
        let share = model.independent_share();
        let weight = |r: &Residual| (share * SHAPE / (TAILS + squared_length(r))).sqrt();
        let weights: Vec<f64> = here.iter().map(weight).collect();
        let jacobian = weighted_jacobian(model, parameters, &here, &weights);
        let weighted = here.iter().zip(&weights).map(|(r, w)| r.map(|r| r * w));
        let weighted: Vec<Residual> = weighted.collect();
        let mut matrix = jacobian.dot(&jacobian.t());
        let mut gradient = -jacobian.dot(&ArrayView1::from(weighted.as_flattened()));
        for (p, (prior, value)) in (model.priors().iter().zip(parameters.to_array())).enumerate() {
            if let Some(Prior { mean, sd }) = prior {
                matrix[[p, p]] += 1.0 / (sd * sd);
                gradient[p] -= (value - mean) / (sd * sd);
            }
        }
        Self { matrix, gradient }
    }

    /// The step that the equations ask for, shortened by the damping; `None` where they are
    /// singular.
    fn damped_step(&self, damping: f64) -> Option<Array1<f64>> {
        let mut damped = self.matrix.clone();
        damped
            .diag_mut()
            .mapv_inplace(|value| value + (damping * value + 1e-9));
        Some(Cholesky::new(&damped)?.solve(&self.gradient))
    }
}

/// Derivatives of all residuals (columns, one observation after the other) by each parameter
/// (rows), times the observations' weights. `here` are the residuals at `parameters`.
fn weighted_jacobian<const P: usize, M: Model<P>>(
    model: &M,
    parameters: &M::Parameters,
    here: &[Residual],
    weights: &[f64],
) -> Array2<f64> {
    let mut jacobian = Array2::zeros((P, here.as_flattened().len()));
    for (p, mut row) in jacobian.rows_mut().into_iter().enumerate() {
        let mut moved = parameters.to_array();
        moved[p] += DIFFERENCE;
        let mut there = model.residuals(&M::Parameters::from_array(moved));
        for ((there, here), weight) in there.iter_mut().zip(here).zip(weights) {
            let scale = weight / DIFFERENCE;
            *there = std::array::from_fn(|i| (there[i] - here[i]) * scale);
        }
        row.assign(&ArrayView1::from(there.as_flattened()));
    }
    jacobian
}

/// Descends from `start` for at most `rounds` accepted or refused steps.
pub(crate) fn descend<const P: usize, M: Model<P>>(
    model: &M,
    start: M::Parameters,
    rounds: usize,
) -> Optimum<M::Parameters> {
    let mut best = Optimum {
        parameters: start,
        cost: cost(model, &start),
    };
    let mut damping = 1e-2;
    let mut equations = NormalEquations::new(model, &start);
    for _ in 0..rounds {
        let Some(step) = equations.damped_step(damping) else {
            damping *= 10.0;
            continue;
        };
        let next = moved_by(best.parameters, &step);
        let there = cost(model, &next);
        if there < best.cost {
            let gain = best.cost - there;
            best = Optimum {
                parameters: next,
                cost: there,
            };
            damping = (damping * 0.2).max(1e-9);
            if gain < LEAST_GAIN * (1.0 + there.abs()) {
                break;
            }
            equations = NormalEquations::new(model, &next);
        } else {
            damping *= 6.0;
            if damping > MOST_DAMPING {
                break;
            }
        }
    }
    best
}

/// The parameters after a step, each change limited to [`LONGEST_STEP`].
fn moved_by<const P: usize, S: ParameterSet<P>>(parameters: S, step: &Array1<f64>) -> S {
    let mut values = parameters.to_array();
    for (value, change) in values.iter_mut().zip(step) {
        *value += change.clamp(-LONGEST_STEP, LONGEST_STEP);
    }
    S::from_array(values)
}
