//! Robust least squares for small models: Levenberg and Marquardt with Student weights per group of residuals.

/// A model with `P` parameters that leaves `G` residuals per observation.
pub(crate) trait Model<const P: usize, const G: usize> {
    /// What is worked out once for a set of parameters.
    type Ready;
    /// Works it out.
    fn ready(&self, parameters: &[f64; P]) -> Self::Ready;
    /// Number of observations.
    fn observations(&self) -> usize;
    /// Residuals of observation `i`, in units of the noise.
    fn residuals(&self, ready: &Self::Ready, i: usize) -> [f64; G];
    /// Mean and standard deviation of the prior of each parameter, where it has one.
    fn prior(&self) -> [Option<(f64, f64)>; P];
    /// Independent observations per observation, at most 1.
    fn share(&self) -> f64;
}

/// Degrees of freedom of the Student weights.
const TAILS: f64 = 5.0;

/// Where the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Optimum<const P: usize> {
    pub(crate) parameters: [f64; P],
    /// Twice the negative log posterior, up to a constant.
    pub(crate) cost: f64,
}

/// Twice the negative log posterior.
pub(crate) fn cost<const P: usize, const G: usize>(
    model: &impl Model<P, G>,
    parameters: &[f64; P],
) -> f64 {
    let ready = model.ready(parameters);
    let data: f64 = (0..model.observations())
        .map(|i| {
            let d2: f64 = model.residuals(&ready, i).iter().map(|r| r * r).sum();
            (TAILS + G as f64) * (1.0 + d2 / TAILS).ln()
        })
        .sum();
    let prior: f64 = model
        .prior()
        .iter()
        .zip(parameters)
        .filter_map(|(prior, p)| prior.map(|(mean, sd)| ((p - mean) / sd).powi(2)))
        .sum();
    data * model.share() + prior
}

/// Normal matrix and gradient of the log posterior at `parameters`.
pub(crate) fn normal<const P: usize, const G: usize, M: Model<P, G>>(
    model: &M,
    parameters: &[f64; P],
) -> ([[f64; P]; P], [f64; P]) {
    const STEP: f64 = 1e-5;
    let mut matrix = [[0.0; P]; P];
    let mut gradient = [0.0; P];
    let here = model.ready(parameters);
    let moved: [M::Ready; P] = std::array::from_fn(|p| {
        let mut moved = *parameters;
        moved[p] += STEP;
        model.ready(&moved)
    });
    for i in 0..model.observations() {
        let base = model.residuals(&here, i);
        let d2: f64 = base.iter().map(|r| r * r).sum();
        let weight = model.share() * (TAILS + G as f64) / (TAILS + d2);
        let mut slope = [[0.0; G]; P];
        for (p, row) in slope.iter_mut().enumerate() {
            let there = model.residuals(&moved[p], i);
            for g in 0..G {
                row[g] = (there[g] - base[g]) / STEP;
            }
        }
        for p in 0..P {
            for g in 0..G {
                gradient[p] -= weight * slope[p][g] * base[g];
            }
            for q in 0..=p {
                let dot: f64 = (0..G).map(|g| slope[p][g] * slope[q][g]).sum();
                matrix[p][q] += weight * dot;
            }
        }
    }
    for (p, prior) in model.prior().iter().enumerate() {
        if let Some((mean, sd)) = prior {
            matrix[p][p] += 1.0 / (sd * sd);
            gradient[p] -= (parameters[p] - mean) / (sd * sd);
        }
    }
    let lower = matrix;
    for (q, row) in matrix.iter_mut().enumerate() {
        for (p, value) in row.iter_mut().enumerate().skip(q + 1) {
            *value = lower[p][q];
        }
    }
    (matrix, gradient)
}

/// Solves a symmetric positive definite system by Cholesky; `None` where it is not definite.
pub(crate) fn solve<const P: usize>(matrix: &[[f64; P]; P], right: &[f64; P]) -> Option<[f64; P]> {
    let mut lower = [[0.0; P]; P];
    for i in 0..P {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = matrix[i][j] - dot;
            if i == j {
                if rest <= 1e-12 {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    let mut x = *right;
    for i in 0..P {
        for k in 0..i {
            x[i] -= lower[i][k] * x[k];
        }
        x[i] /= lower[i][i];
    }
    for i in (0..P).rev() {
        for k in i + 1..P {
            x[i] -= lower[k][i] * x[k];
        }
        x[i] /= lower[i][i];
    }
    Some(x)
}

/// Descends from `start` for at most `rounds` accepted or refused steps.
pub(crate) fn descend<const P: usize, const G: usize>(
    model: &impl Model<P, G>,
    start: [f64; P],
    rounds: usize,
) -> Optimum<P> {
    let mut at = start;
    let mut best = cost(model, &at);
    let mut damping = 1e-2;
    let (mut matrix, mut gradient) = normal(model, &at);
    for _ in 0..rounds {
        let mut damped = matrix;
        for (p, row) in damped.iter_mut().enumerate() {
            row[p] += damping * row[p] + 1e-9;
        }
        let Some(step) = solve(&damped, &gradient) else {
            damping *= 10.0;
            continue;
        };
        let mut next = at;
        for (value, move_by) in next.iter_mut().zip(step) {
            *value += move_by.clamp(-1.0, 1.0);
        }
        let there = cost(model, &next);
        if there < best {
            let gain = best - there;
            at = next;
            best = there;
            damping = (damping * 0.2).max(1e-9);
            if gain < 1e-4 * (1.0 + best.abs()) {
                break;
            }
            (matrix, gradient) = normal(model, &at);
        } else {
            damping *= 6.0;
            if damping > 1e8 {
                break;
            }
        }
    }
    Optimum {
        parameters: at,
        cost: best,
    }
}
