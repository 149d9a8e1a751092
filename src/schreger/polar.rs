//! The polar lattice: one centre, one wave number, one radial course of the angle, one tilt, for
//! all windows together.
//!
//! In polar coordinates about the tusk's axis the lattice is `2 cos(N phi) cos(N Psi(r))` with
//! `dPsi/dr = tan(theta/2)/r`. Its two families have the wave vectors `kt phi^ +- kr r^` with `kt
//! = N/r` and `kr = kt tan(theta/2)`. The frame `(r^, phi^)` turns along the tangent and nowhere
//! else, and `kt` falls with `r` alone: that is what tells the radial bisector from the tangential
//! one.

use crate::schreger::outline::Outline;
use crate::schreger::parameters::Parameters;
use crate::schreger::vector::{
    Matrix, Vector, add, divide, dot, multiply, norm, quarter_turn, scale, subtract, transposed,
};

/// Least and most depth of a point seen in perspective, against the middle of the windows.
const LEAST_DEPTH: f64 = 0.1;
/// The same on the way back from the plane to the picture.
const LEAST_DEPTH_BACK: f64 = 0.05;
/// Farthest axis, extents.
const FARTHEST: f64 = 1e5;

/// The lattice of one set of parameters, ready to be evaluated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolarLattice {
    /// The tusk's axis on the unfolded plane, extents.
    axis: Vector,
    /// Its distance from the middle of the windows, extents.
    distance: f64,
    /// Undoes the stretch; symmetric, of determinant one.
    unfolding: Matrix,
    vanishing_line: Vector,
    /// Tangential wave number times the distance from the axis.
    turns: f64,
    /// Log tan of half the angle amid the windows and its course along the radius: value, slope,
    /// bend.
    log_tan: [f64; 3],
    outline: Outline,
}

/// The lattice at one place.
pub(crate) struct LocalLattice {
    /// Distance from the axis on the unfolded plane, extents; on a section that is not round that
    /// of the round one's growth layer.
    pub(crate) radius: f64,
    /// Unit vector away from the axis, unfolded plane.
    pub(crate) outward: Vector,
    /// How much a growth layer turns from the circle about the axis: the derivative of the
    /// logarithm of its distance by the bearing.
    pub(crate) skew: f64,
    /// Derivative of the unfolded plane by the picture.
    pub(crate) derivative: Matrix,
    /// Wave vectors of the two families in the picture, units of the frame.
    pub(crate) wave_vectors: [Vector; 2],
}

impl PolarLattice {
    /// The lattice of a round section.
    pub(crate) fn new(parameters: &Parameters) -> Self {
        Self::with_outline(parameters, Outline::ROUND)
    }

    /// The lattice of a section with this outline.
    pub(crate) fn with_outline(parameters: &Parameters, outline: Outline) -> Self {
        let axis = parameters.axis_position();
        let distance = norm(axis);
        let turns = parameters.log_wave_number.clamp(-5.0, 5.0).exp();
        Self {
            axis,
            distance,
            unfolding: parameters.unfolding(),
            vanishing_line: parameters.vanishing_line,
            turns: turns * (1.0 + distance * distance).sqrt(),
            log_tan: [
                parameters.log_tan,
                parameters.log_tan_slope,
                parameters.log_tan_bend,
            ],
            outline,
        }
    }

    /// A position in the picture (extents) on the unfolded plane, and the derivative of the one by
    /// the other.
    fn unfold(&self, position: Vector) -> (Vector, Matrix) {
        let line = self.vanishing_line;
        let nearness = 1.0 / (1.0 + line[0] * position[0] + line[1] * position[1]).max(LEAST_DEPTH);
        let on_plane = scale(multiply(&self.unfolding, position), nearness);
        let row = |i: usize| {
            let foreshortened = scale(line, on_plane[i]);
            scale(subtract(self.unfolding[i], foreshortened), nearness)
        };
        (on_plane, [row(0), row(1)])
    }

    /// The position in the picture (extents) of a point of the unfolded plane.
    fn fold(&self, on_plane: Vector) -> Vector {
        let [[a, b], [c, d]] = self.unfolding;
        // The inverse of a matrix of determinant one.
        let flat = multiply(&[[d, -b], [-c, a]], on_plane);
        let line = self.vanishing_line;
        let depth = (1.0 - line[0] * flat[0] - line[1] * flat[1]).max(LEAST_DEPTH_BACK);
        divide(flat, depth)
    }

    /// Tangent of half the Schreger angle at a radius (extents) from the axis.
    pub(crate) fn tan_half_angle(&self, radius: f64) -> f64 {
        let along = radius - self.distance;
        let [log_tan, slope, bend] = self.log_tan;
        let log_tan = log_tan + along * (slope + along * bend);
        log_tan.clamp(-4.0, 4.0).exp()
    }

    /// The position in the picture (extents) at a bearing (radians) and a radius (extents) from
    /// the axis.
    pub(crate) fn position(&self, bearing: f64, radius: f64) -> Vector {
        let direction = [bearing.cos(), bearing.sin()];
        let (lobe, _) = self.outline.at(direction);
        self.fold(add(self.axis, scale(direction, radius * lobe)))
    }

    /// The lattice at a position of the picture (extents).
    pub(crate) fn local(&self, position: Vector) -> LocalLattice {
        let (on_plane, derivative) = self.unfold(position);
        let arm = subtract(on_plane, self.axis);
        let distance = dot(arm, arm).sqrt().max(1e-6);
        let outward = divide(arm, distance);
        let (lobe, skew) = self.outline.at(outward);
        let radius = distance / lobe;
        let tangential = self.turns / distance;
        let radial = tangential * self.tan_half_angle(radius);
        let turned = quarter_turn(outward);
        let round = scale(turned, tangential);
        let out = scale(subtract(outward, scale(turned, skew)), radial);
        let to_picture = transposed(&derivative);
        LocalLattice {
            radius,
            outward,
            skew,
            derivative,
            wave_vectors: [add(round, out), subtract(round, out)].map(|k| multiply(&to_picture, k)),
        }
    }
}

impl Parameters {
    /// The tusk's axis, extents from the middle of the windows.
    fn axis_position(&self) -> Vector {
        let length = norm(self.axis).max(1e-9);
        scale(self.axis, length.tan().clamp(-FARTHEST, FARTHEST) / length)
    }

    /// The [`Parameters::axis`] of an axis at `position` (extents from the middle of the windows).
    pub(crate) fn axis_of(position: Vector) -> Vector {
        let distance = norm(position).max(1e-6);
        scale(divide(position, distance), distance.atan())
    }

    /// The matrix that undoes the stretch, symmetric and of determinant one.
    fn unfolding(&self) -> Matrix {
        let [a, b] = self.log_stretch.map(|v| v / 2.0);
        let m = a.hypot(b);
        let s = if m > 1e-9 { m.sinh() / m } else { 1.0 };
        [[m.cosh() + s * a, s * b], [s * b, m.cosh() - s * a]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilted() -> PolarLattice {
        PolarLattice::new(&Parameters {
            axis: Parameters::axis_of([2.0, -1.0]),
            log_wave_number: 0.2,
            log_tan: 0.3,
            log_stretch: [0.1, -0.05],
            vanishing_line: [0.04, 0.02],
            ..Parameters::default()
        })
    }

    #[test]
    fn a_position_comes_back_from_its_bearing_and_radius() {
        let lattice = tilted();
        for position in [[0.0, 0.0], [1.2, -0.7], [-0.9, 1.1]] {
            let here = lattice.local(position);
            let bearing = here.outward[1].atan2(here.outward[0]);
            let again = lattice.position(bearing, here.radius);
            let off = norm(subtract(again, position));
            assert!(off < 1e-9, "{position:?} came back as {again:?}");
        }
    }

    #[test]
    fn the_families_cross_at_the_schreger_angle_about_the_radius() {
        let flat = PolarLattice::new(&Parameters {
            axis: Parameters::axis_of([3.0, 0.0]),
            log_tan: (124.2f64 / 2.0).to_radians().tan().ln(),
            ..Parameters::default()
        });
        let here = flat.local([0.0, 0.0]);
        let [a, b] = here.wave_vectors;
        // The lines of a family run across its wave vector, so the lines' angle about the radius
        // is the vectors' about the tangent.
        let angle = (dot(a, b) / (norm(a) * norm(b))).acos().to_degrees();
        assert!((angle - 124.2).abs() < 1e-6, "{angle}");
    }
}
