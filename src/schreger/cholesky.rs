//! Symmetric positive definite systems. `ndarray` has no factorisation of its own.

use ndarray::{Array1, Array2};

/// Least square of a diagonal element of the factor.
const SINGULAR: f64 = 1e-12;

/// The lower triangular `L` of a matrix `L L^T`.
pub(crate) struct Cholesky(Array2<f64>);

impl Cholesky {
    /// Factors a square matrix, of which the lower triangle is read; `None` where it is not
    /// positive definite.
    pub(crate) fn new(matrix: &Array2<f64>) -> Option<Self> {
        let n = matrix.nrows();
        let mut lower = Array2::<f64>::zeros((n, n));
        for i in 0..n {
            for j in 0..=i {
                let (a, b) = (lower.row(i), lower.row(j));
                let known: f64 = a.iter().zip(b).take(j).map(|(a, b)| a * b).sum();
                let rest = matrix[[i, j]] - known;
                lower[[i, j]] = if i != j {
                    rest / lower[[j, j]]
                } else if rest > SINGULAR {
                    rest.sqrt()
                } else {
                    return None;
                };
            }
        }
        Some(Self(lower))
    }

    /// The vector that the matrix takes to `right`.
    pub(crate) fn solve(&self, right: &Array1<f64>) -> Array1<f64> {
        let mut x = right.clone();
        for (i, row) in self.0.rows().into_iter().enumerate() {
            let known: f64 = row.iter().zip(&x).take(i).map(|(a, b)| a * b).sum();
            x[i] = (x[i] - known) / row[i];
        }
        for (i, column) in self.0.columns().into_iter().enumerate().rev() {
            let known = column.iter().zip(&x).skip(i + 1);
            x[i] = (x[i] - known.map(|(a, b)| a * b).sum::<f64>()) / column[i];
        }
        x
    }

    /// The inverse of the matrix.
    pub(crate) fn inverse(&self) -> Array2<f64> {
        let mut inverse = Array2::eye(self.0.nrows());
        for mut column in inverse.columns_mut() {
            let unit = column.to_owned();
            column.assign(&self.solve(&unit));
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_positive_definite_system_is_solved_and_inverted() {
        let matrix = array![[4.0, 2.0, 0.0], [2.0, 5.0, 1.0], [0.0, 1.0, 3.0]];
        let cholesky = Cholesky::new(&matrix).expect("positive definite");
        let x = cholesky.solve(&array![8.0, 15.0, 11.0]);
        let error = &matrix.dot(&x) - &array![8.0, 15.0, 11.0];
        assert!(error.iter().all(|e| e.abs() < 1e-12), "{error}");
        let identity = matrix.dot(&cholesky.inverse()) - Array2::<f64>::eye(3);
        assert!(identity.iter().all(|e| e.abs() < 1e-12), "{identity}");
    }

    #[test]
    fn a_singular_matrix_has_no_factor() {
        assert!(Cholesky::new(&array![[1.0, 1.0], [1.0, 1.0]]).is_none());
    }
}
