//! Vectors and 2 x 2 matrices of the picture's plane.

/// A point, a direction or a wave vector: x to the right, y down.
pub(crate) type Vector = [f64; 2];
/// Two rows.
pub(crate) type Matrix = [Vector; 2];

/// Euclidean length.
pub(crate) fn norm(v: Vector) -> f64 {
    v[0].hypot(v[1])
}

/// Scalar product.
pub(crate) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// `a + b`.
pub(crate) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1]]
}

/// `a - b`.
pub(crate) fn subtract(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1]]
}

/// `v` times a number.
pub(crate) fn scale(v: Vector, by: f64) -> Vector {
    [v[0] * by, v[1] * by]
}

/// `v` in units of `unit`.
pub(crate) fn divide(v: Vector, unit: f64) -> Vector {
    [v[0] / unit, v[1] / unit]
}

/// `v` turned by a quarter from x to y.
pub(crate) fn quarter_turn(v: Vector) -> Vector {
    [-v[1], v[0]]
}

/// `matrix` times `v`.
pub(crate) fn multiply(matrix: &Matrix, v: Vector) -> Vector {
    [dot(matrix[0], v), dot(matrix[1], v)]
}

/// Rows become columns.
pub(crate) fn transposed(matrix: &Matrix) -> Matrix {
    [[matrix[0][0], matrix[1][0]], [matrix[0][1], matrix[1][1]]]
}

/// The inverse; not finite where the matrix is singular.
pub(crate) fn inverted(matrix: &Matrix) -> Matrix {
    let [[a, b], [c, d]] = *matrix;
    let determinant = a * d - b * c;
    [
        [d / determinant, -b / determinant],
        [-c / determinant, a / determinant],
    ]
}
