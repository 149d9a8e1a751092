//! Many numbers of few pictures, in as many numbers as there are pictures.

use rayon::prelude::*;

use super::logistic::{Matrix, product};

/// Vectors centred and brought to a mean square length of 1, in coordinates of their own span.
///
/// A ridge penalty knows vectors by their products alone, so the rows of the Cholesky factor of the
/// matrix of products serve as well as the vectors themselves, at a fraction of their size.
#[derive(Debug)]
pub(super) struct Basis {
    mean: Vec<f32>,
    /// The mean length before.
    scale: f32,
    /// The scaled vectors.
    vectors: Matrix,
    /// Row by row, where there are fewer vectors than numbers in each.
    factor: Option<Vec<Vec<f64>>>,
}

impl Basis {
    pub(super) fn new(mut vectors: Vec<Vec<f32>>) -> Self {
        let size = vectors.first().map_or(0, Vec::len);
        let count = vectors.len().max(1) as f64;
        let mut mean = vec![0.0f64; size];
        for vector in &vectors {
            mean.iter_mut()
                .zip(vector)
                .for_each(|(m, v)| *m += f64::from(*v) / count);
        }
        let mean: Vec<f32> = mean.iter().map(|&m| m as f32).collect();
        for vector in &mut vectors {
            vector.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
        }
        let square: f64 = vectors
            .iter()
            .map(|vector| product(vector, vector))
            .sum::<f64>()
            / count;
        let scale = (square.sqrt() as f32).max(f32::MIN_POSITIVE);
        for vector in &mut vectors {
            vector.iter_mut().for_each(|v| *v /= scale);
        }
        let factor = (vectors.len() < size).then(|| cholesky(&vectors));
        Self {
            mean,
            scale,
            vectors: Matrix::new(size, vectors.concat()),
            factor,
        }
    }

    /// The coordinates of all vectors.
    pub(super) fn coordinates(&self) -> Matrix {
        let Some(factor) = &self.factor else {
            return self.vectors.clone();
        };
        let count = factor.len();
        let padded = factor.iter().flat_map(|row| {
            let zeros = std::iter::repeat_n(0.0, count - row.len());
            row.iter().map(|&value| value as f32).chain(zeros)
        });
        Matrix::new(count, padded.collect())
    }

    /// Weights and constant on the coordinates, as weights and constant on the vectors as they came.
    pub(super) fn unfold(&self, weights: &[f64]) -> Vec<f32> {
        let (constant, weights) = weights.split_last().unwrap_or((&0.0, &[]));
        let scaled: Vec<f64> = match &self.factor {
            None => weights.to_vec(),
            Some(factor) => {
                // L = X Q with orthonormal Q, so Q w = X' a where L' a = w.
                let mut a = weights.to_vec();
                for row in (0..a.len()).rev() {
                    a[row] /= factor[row][row];
                    let value = a[row];
                    for (above, entry) in a.iter_mut().zip(&factor[row][..row]) {
                        *above -= entry * value;
                    }
                }
                let mut sum = vec![0.0; self.vectors.size];
                for (row, share) in a.iter().enumerate() {
                    let vector = self.vectors.row(row);
                    sum.iter_mut()
                        .zip(vector)
                        .for_each(|(s, v)| *s += share * f64::from(*v));
                }
                sum
            }
        };
        let scale = f64::from(self.scale);
        let moved: f64 = scaled
            .iter()
            .zip(&self.mean)
            .map(|(w, m)| w / scale * f64::from(*m))
            .sum();
        let unfolded = scaled.iter().map(|w| (w / scale) as f32);
        unfolded.chain([(constant - moved) as f32]).collect()
    }
}

/// The lower factor of the matrix of products, each row as long as its number. Vectors that depend
/// on each other are told apart by a millionth.
fn cholesky(vectors: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = (0..vectors.len())
        .into_par_iter()
        .map(|i| (0..=i).map(|j| product(&vectors[i], &vectors[j])).collect())
        .collect();
    for i in 0..rows.len() {
        let (done, rest) = rows.split_at_mut(i);
        let row = &mut rest[0];
        for (j, other) in done.iter().enumerate() {
            let sum: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = (row[j] - sum) / other[j];
        }
        let sum: f64 = row[..i].iter().map(|a| a * a).sum();
        row[i] = (row[i] + 1e-6 - sum).max(1e-7).sqrt();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coordinates_keep_products_and_weights_their_meaning(
            rows in prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 9), 2..7),
            weights in prop::collection::vec(-1.0f64..1.0, 10),
        ) {
            let basis = Basis::new(rows.clone());
            let coordinates = basis.coordinates();
            prop_assert_eq!(coordinates.size, rows.len(), "fewer numbers than before");
            let weights: Vec<f64> = weights.into_iter().take(rows.len() + 1).collect();
            let unfolded = basis.unfold(&weights);
            for (number, row) in rows.iter().enumerate() {
                let own = coordinates.row(number);
                let folded: f64 = own.iter().zip(&weights).map(|(v, w)| f64::from(*v) * w).sum::<f64>() + weights[rows.len()];
                let open = product(&unfolded[..9], row) + f64::from(unfolded[9]);
                prop_assert!((folded - open).abs() < 0.05 + 0.01 * open.abs(), "{folded} {open}");
            }
        }
    }
}
