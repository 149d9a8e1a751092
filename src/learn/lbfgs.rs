//! L-BFGS with backtracking (Nocedal and Wright, "Numerical Optimization", algorithms 3.1 and
//! 7.4).

use std::collections::VecDeque;

use ndarray::{Array2, Zip};

/// Iterations after which a fit that has not settled is taken as it is.
const MOST_ITERATIONS: usize = 150;
/// Pairs of steps that are remembered.
const MEMORY: usize = 8;
/// Length of the gradient from which a point counts as the minimum.
const FLAT: f64 = 1e-5;
/// Share of the loss (or of [`LEAST_LOSS`]) below which a gain ends the search.
const LEAST_GAIN: f64 = 1e-9;
/// See [`LEAST_GAIN`].
const LEAST_LOSS: f64 = 1e-3;
/// Share of the promised descent that a step must keep.
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// Step lengths below this are given up.
const SHORTEST_STEP: f64 = 1e-10;

/// A point with its loss and gradient.
struct Point {
    weights: Array2<f64>,
    loss: f64,
    gradient: Array2<f64>,
}

/// The weights from which `loss_and_gradient` cannot be lowered, beginning at `start`.
pub(super) fn minimise(
    start: &Array2<f64>,
    loss_and_gradient: impl Fn(&Array2<f64>) -> (f64, Array2<f64>),
) -> Array2<f64> {
    let point = |weights: Array2<f64>| {
        let (loss, gradient) = loss_and_gradient(&weights);
        Point {
            weights,
            loss,
            gradient,
        }
    };
    let mut current = point(start.clone());
    let mut history = History::default();
    for _ in 0..MOST_ITERATIONS {
        let steepness = inner(&current.gradient, &current.gradient).sqrt();
        if steepness < FLAT {
            break;
        }
        let direction = history.descent_direction(&current.gradient);
        let first = if history.steps.is_empty() {
            (1.0 / steepness).min(1.0)
        } else {
            1.0
        };
        let Some(next) = backtrack(&current, &direction, first, &point) else {
            break;
        };
        history.remember(&current, &next);
        let gained = current.loss - next.loss;
        let settled = gained < LEAST_GAIN * current.loss.abs().max(LEAST_LOSS);
        current = next;
        if settled {
            break;
        }
    }
    current.weights
}

/// The first of ever shorter steps along `direction` that lowers the loss enough.
fn backtrack(
    from: &Point,
    direction: &Array2<f64>,
    first: f64,
    point: &impl Fn(Array2<f64>) -> Point,
) -> Option<Point> {
    let descent = inner(direction, &from.gradient);
    let mut length = first;
    while length >= SHORTEST_STEP {
        let mut weights = from.weights.clone();
        weights.scaled_add(length, direction);
        let next = point(weights);
        if next.loss <= from.loss + SUFFICIENT_DECREASE * length * descent {
            return Some(next);
        }
        length /= 2.0;
    }
    None
}

/// One step, and how it changed the gradient.
struct Step {
    moved: Array2<f64>,
    turned: Array2<f64>,
    /// 1 by the product of the two.
    rho: f64,
}

/// The last steps, oldest first.
#[derive(Default)]
struct History {
    steps: VecDeque<Step>,
}

impl History {
    /// Minus the inverse Hessian, as remembered, times the gradient; a history by which this would
    /// not lead downhill is forgotten.
    fn descent_direction(&mut self, gradient: &Array2<f64>) -> Array2<f64> {
        let direction = self.two_loops(gradient);
        if inner(&direction, gradient) < 0.0 {
            return direction;
        }
        self.steps.clear();
        -gradient
    }

    fn two_loops(&self, gradient: &Array2<f64>) -> Array2<f64> {
        let mut direction = -gradient;
        let mut alphas = Vec::with_capacity(self.steps.len());
        for step in self.steps.iter().rev() {
            let alpha = step.rho * inner(&step.moved, &direction);
            direction.scaled_add(-alpha, &step.turned);
            alphas.push(alpha);
        }
        if let Some(Step { moved, turned, .. }) = self.steps.back() {
            direction *= inner(moved, turned) / inner(turned, turned);
        }
        for (step, alpha) in self.steps.iter().zip(alphas.into_iter().rev()) {
            let beta = step.rho * inner(&step.turned, &direction);
            direction.scaled_add(alpha - beta, &step.moved);
        }
        direction
    }

    fn remember(&mut self, from: &Point, to: &Point) {
        let moved = &to.weights - &from.weights;
        let turned = &to.gradient - &from.gradient;
        let curvature = inner(&moved, &turned);
        if curvature <= 1e-12 {
            return;
        }
        if self.steps.len() == MEMORY {
            self.steps.pop_front();
        }
        self.steps.push_back(Step {
            moved,
            turned,
            rho: 1.0 / curvature,
        });
    }
}

/// The sum of the products of all elements.
fn inner(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    Zip::from(a).and(b).fold(0.0, |sum, a, b| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_minimum_of_an_ill_scaled_bowl_is_found() {
        let (centre, steepness) = (array![[3.0, -2.0]], array![[1.0, 400.0]]);
        let found = minimise(&array![[0.0, 0.0]], |weights| {
            let away = weights - &centre;
            let gradient = &away * &steepness;
            (0.5 * inner(&away, &gradient), gradient)
        });
        assert!(
            (&found - &centre).iter().all(|by| by.abs() < 1e-3),
            "{found}"
        );
    }

    #[test]
    fn a_flat_start_stays() {
        let start = array![[1.0]];
        let found = minimise(&start, |_| (7.0, array![[0.0]]));
        assert_eq!(found, start);
    }
}
