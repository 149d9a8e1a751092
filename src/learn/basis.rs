//! Many numbers of few pictures, in as many numbers as there are pictures.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};

/// Vectors centred and brought to a mean square length of 1, in coordinates of their own span.
///
/// A ridge penalty knows vectors by their products alone, so the rows of the Cholesky factor of
/// the matrix of products serve as well as the vectors themselves, at a fraction of their size.
#[derive(Debug)]
pub(super) struct Basis {
    mean: Array1<f32>,
    /// Root of the mean square length before.
    scale: f32,
    /// Rows x values: the scaled vectors.
    vectors: Array2<f32>,
    /// Rows x rows, lower triangular, where there are fewer rows than values in each.
    factor: Option<Array2<f64>>,
}

impl Basis {
    /// Of rows x values.
    pub(super) fn new(mut vectors: Array2<f32>) -> Self {
        let (count, size) = vectors.dim();
        let mean = vectors.mapv(f64::from).sum_axis(Axis(0)) / count.max(1) as f64;
        let mean = mean.mapv(|value| value as f32);
        vectors -= &mean;
        let square_lengths = vectors.outer_iter().map(|row| f64::from(row.dot(&row)));
        let square = square_lengths.sum::<f64>() / count.max(1) as f64;
        let scale = (square.sqrt() as f32).max(f32::MIN_POSITIVE);
        vectors /= scale;
        let factor = (count < size).then(|| cholesky(&vectors));
        Self {
            mean,
            scale,
            vectors,
            factor,
        }
    }

    /// Rows x coordinates of all vectors.
    pub(super) fn coordinates(&self) -> Array2<f32> {
        match &self.factor {
            Some(factor) => factor.mapv(|value| value as f32),
            None => self.vectors.clone(),
        }
    }

    /// Weights and, last, a constant on the coordinates, as weights and constant on the vectors as
    /// they came.
    pub(super) fn unfold(&self, weights: ArrayView1<f64>) -> Array1<f32> {
        let (weights, constant) = weights.split_at(Axis(0), weights.len() - 1);
        let scaled = match &self.factor {
            None => weights.to_owned(),
            Some(factor) => {
                // L = X Q with orthonormal Q, so Q w = X' a where L' a = w.
                let shares = solve_transposed(factor, weights);
                let mut sum = Array1::zeros(self.vectors.ncols());
                for (vector, &share) in self.vectors.outer_iter().zip(&shares) {
                    sum.scaled_add(share, &vector.mapv(f64::from));
                }
                sum
            }
        } / f64::from(self.scale);
        let moved = scaled.dot(&self.mean.mapv(f64::from));
        let constant = constant.mapv(|constant| constant - moved);
        let unfolded = concatenate![Axis(0), scaled, constant];
        unfolded.mapv(|value| value as f32)
    }
}

/// The lower factor of the matrix of the rows' products. Rows that depend on each other are told
/// apart by a millionth.
fn cholesky(vectors: &Array2<f32>) -> Array2<f64> {
    let mut factor = vectors.dot(&vectors.t()).mapv(f64::from);
    for i in 0..factor.nrows() {
        let (done, mut rest) = factor.view_mut().split_at(Axis(0), i);
        let mut row = rest.row_mut(0);
        for (j, other) in done.outer_iter().enumerate() {
            let sum = row.slice(s![..j]).dot(&other.slice(s![..j]));
            row[j] = (row[j] - sum) / other[j];
        }
        let before = row.slice(s![..i]);
        let sum = before.dot(&before);
        row[i] = (row[i] + 1e-6 - sum).max(1e-7).sqrt();
        row.slice_mut(s![i + 1..]).fill(0.0);
    }
    factor
}

/// `a` where `factor' a = b`, by back substitution.
fn solve_transposed(factor: &Array2<f64>, b: ArrayView1<f64>) -> Array1<f64> {
    let mut a = b.to_owned();
    for row in (0..a.len()).rev() {
        a[row] /= factor[[row, row]];
        let value = a[row];
        a.slice_mut(s![..row])
            .scaled_add(-value, &factor.slice(s![row, ..row]));
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coordinates_keep_products_and_weights_their_meaning(
            values in prop::collection::vec(-1.0f32..1.0, 9 * 2..9 * 7),
            weights in prop::collection::vec(-1.0f64..1.0, 10),
        ) {
            let rows = values.len() / 9;
            let vectors = Array2::from_shape_vec((rows, 9), values[..9 * rows].to_vec()).unwrap();
            let basis = Basis::new(vectors.clone());
            let coordinates = basis.coordinates();
            prop_assert_eq!(coordinates.ncols(), rows, "fewer numbers than before");
            let weights = Array1::from(weights[..=rows].to_vec());
            let unfolded = basis.unfold(weights.view()).mapv(f64::from);
            for (folded, open) in coordinates.outer_iter().zip(vectors.outer_iter()) {
                let folded = folded.mapv(f64::from).dot(&weights.slice(s![..rows])) + weights[rows];
                let open = open.mapv(f64::from).dot(&unfolded.slice(s![..9])) + unfolded[9];
                prop_assert!((folded - open).abs() < 0.05 + 0.01 * open.abs(), "{folded} {open}");
            }
        }
    }
}
