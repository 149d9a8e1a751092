//! Where the descents of the fit begin.

use crate::schreger::frame::{Frame, FramedWindow};
use crate::schreger::parameters::Parameters;
use crate::schreger::vector::{
    Matrix, Vector, add, divide, dot, inverted, multiply, norm, quarter_turn, scale, subtract,
};

/// Distances of axes tried along each bisector, extents.
const FAR: [f64; 4] = [-12.0, -3.0, 3.0, 12.0];

/// Sum and difference of the two wave vectors: along the bisectors of the lines.
pub(crate) fn bisectors([a, b]: [Vector; 2]) -> [Vector; 2] {
    [add(a, b), subtract(a, b)]
}

/// Axes to begin at (extents): where the bisectors of each kind meet, and far off along each of
/// the four directions.
pub(crate) fn axes(frame: &Frame) -> Vec<Vector> {
    let mut axes: Vec<Vector> = (0..2)
        .map(|kind| meeting_point(frame, |window| bisectors(window.wave_vectors)[kind]))
        .collect();
    let amid = (frame.windows.iter()).min_by(|a, b| norm(a.position).total_cmp(&norm(b.position)));
    for bisector in amid.into_iter().flat_map(|w| bisectors(w.wave_vectors)) {
        let direction = divide(bisector, norm(bisector).max(1e-9));
        axes.extend(FAR.map(|distance| scale(direction, distance)));
    }
    axes
}

/// The point nearest, in least squares, to the lines through the windows along `direction`.
fn meeting_point(frame: &Frame, direction: impl Fn(&FramedWindow) -> Vector) -> Vector {
    let mut matrix: Matrix = [[1e-6, 0.0], [0.0, 1e-6]];
    let mut right = [0.0; 2];
    for window in &frame.windows {
        let d = direction(window);
        let length2 = dot(d, d).max(1e-12);
        // What is left of a vector across the line.
        let across: Matrix = [
            [1.0 - d[0] * d[0] / length2, -d[0] * d[1] / length2],
            [-d[0] * d[1] / length2, 1.0 - d[1] * d[1] / length2],
        ];
        matrix = [add(matrix[0], across[0]), add(matrix[1], across[1])];
        right = add(right, multiply(&across, window.position));
    }
    multiply(&inverted(&matrix), right)
}

/// Parameters of the lattice that suits the windows best on average, were the tusk's axis at
/// `axis` (extents).
pub(crate) fn parameters(frame: &Frame, axis: Vector) -> Parameters {
    let n = frame.windows.len().max(1) as f64;
    let distance = norm(axis).max(1e-6);
    let (mut log_wave_number, mut log_tan) = (0.0, 0.0);
    for window in &frame.windows {
        let arm = subtract(window.position, axis);
        let radius = norm(arm).max(1e-6);
        let outward = divide(arm, radius);
        let radial = mean_part(window, outward);
        let tangential = mean_part(window, quarter_turn(outward));
        log_wave_number += (tangential * radius / (1.0 + distance * distance).sqrt()).ln();
        log_tan += (radial / tangential).ln();
    }
    Parameters {
        axis: Parameters::axis_of(axis),
        log_wave_number: log_wave_number / n,
        log_tan: log_tan / n,
        ..Parameters::default()
    }
}

/// Mean size of the two wave vectors' parts along `direction`, at least 0.02 together.
fn mean_part(window: &FramedWindow, direction: Vector) -> f64 {
    let parts = window.wave_vectors.map(|k| dot(k, direction).abs());
    0.5 * (parts[0] + parts[1]).max(0.02)
}
