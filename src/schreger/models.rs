//! The two explanations of the windows that are fitted: a polar lattice, and straight lines in
//! perspective.

use crate::schreger::frame::Frame;
use crate::schreger::least_squares::{Model, ParameterSet, Prior, Residual};
use crate::schreger::parameters::{COUNT, Parameters};
use crate::schreger::polar::PolarLattice;
use crate::schreger::vector::{Vector, divide, dot, scale, subtract};

/// Standard deviation of the log stretch by tilt or an oblique cut; cos 25 degrees is -0.1.
pub(crate) const STRETCH: f64 = 0.07;
/// Standard deviation of the vanishing line: how much scale changes over one extent.
pub(crate) const VANISHING: f64 = 0.05;
/// The same for straight lines, which have nothing else to bend them.
const VANISHING_STRAIGHT: f64 = 0.3;

/// A polar lattice through the windows of a frame.
#[derive(Clone, Copy)]
pub(crate) struct PolarModel<'a> {
    pub(crate) frame: &'a Frame,
    /// Whether the windows' first family is the lattice's second.
    pub(crate) swapped: bool,
    /// Standard deviation of a wave vector, relative to its length.
    pub(crate) noise: f64,
    /// Standard deviation of the log stretch.
    pub(crate) stretch: f64,
    /// Standard deviation of the vanishing line.
    pub(crate) vanishing: f64,
}

impl PolarModel<'_> {
    /// Residuals of every window about a lattice.
    pub(crate) fn residuals_about(&self, lattice: &PolarLattice) -> Vec<Residual> {
        let rows = (self.frame.windows.iter()).map(|window| {
            let [a, b] = lattice.local(window.position).wave_vectors;
            let expected = if self.swapped { [b, a] } else { [a, b] };
            deviations(window.wave_vectors, expected, self.noise)
        });
        rows.collect()
    }
}

impl Model<COUNT> for PolarModel<'_> {
    type Parameters = Parameters;

    fn residuals(&self, parameters: &Parameters) -> Vec<Residual> {
        self.residuals_about(&PolarLattice::new(parameters))
    }

    fn priors(&self) -> [Option<Prior>; COUNT] {
        let prior = |mean, sd| Some(Prior { mean, sd });
        Parameters {
            axis: [None; 2],
            log_wave_number: None,
            log_tan: prior(0.0, 1.5),
            log_tan_slope: prior(0.1, 1.0),
            log_tan_bend: prior(0.0, 0.5),
            log_stretch: [prior(0.0, self.stretch); 2],
            vanishing_line: [prior(0.0, self.vanishing); 2],
        }
        .to_array()
    }

    fn independent_share(&self) -> f64 {
        self.frame.independent_share
    }
}

/// Two families of straight, evenly spaced lines on a plane seen in perspective.
pub(crate) struct StraightModel<'a> {
    pub(crate) frame: &'a Frame,
    /// Standard deviation of a wave vector, relative to its length.
    pub(crate) noise: f64,
}

/// The parameters of straight lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StraightLines {
    /// Wave vectors of the two families amid the windows, units of the frame.
    pub(crate) wave_vectors: [Vector; 2],
    /// Vanishing line, as in [`Parameters::vanishing_line`].
    pub(crate) vanishing_line: Vector,
}

impl ParameterSet<6> for StraightLines {
    fn to_array(self) -> [f64; 6] {
        let [[ax, ay], [bx, by]] = self.wave_vectors;
        let [vx, vy] = self.vanishing_line;
        [ax, ay, bx, by, vx, vy]
    }

    fn from_array([ax, ay, bx, by, vx, vy]: [f64; 6]) -> Self {
        Self {
            wave_vectors: [[ax, ay], [bx, by]],
            vanishing_line: [vx, vy],
        }
    }
}

impl StraightLines {
    /// Wave vectors of the two families at a position of the frame.
    fn local(&self, position: Vector) -> [Vector; 2] {
        let line = self.vanishing_line;
        let depth = (1.0 + line[0] * position[0] + line[1] * position[1]).max(0.05);
        self.wave_vectors.map(|k| {
            let along = dot(k, position) / (depth * depth);
            subtract(divide(k, depth), scale(line, along))
        })
    }
}

impl Model<6> for StraightModel<'_> {
    type Parameters = StraightLines;

    fn residuals(&self, lines: &StraightLines) -> Vec<Residual> {
        let rows = (self.frame.windows.iter())
            .map(|w| deviations(w.wave_vectors, lines.local(w.position), self.noise));
        rows.collect()
    }

    fn priors(&self) -> [Option<Prior>; 6] {
        let vanishing = Some(Prior {
            mean: 0.0,
            sd: VANISHING_STRAIGHT,
        });
        [None, None, None, None, vanishing, vanishing]
    }

    fn independent_share(&self) -> f64 {
        self.frame.independent_share
    }
}

/// How far the expected wave vectors of both families lie from the measured ones, in units of the
/// noise.
pub(crate) fn deviations(measured: [Vector; 2], expected: [Vector; 2], noise: f64) -> Residual {
    let [ax, ay] = deviation(measured[0], expected[0], noise);
    let [bx, by] = deviation(measured[1], expected[1], noise);
    [ax, ay, bx, by]
}

/// A wave has no sign: the nearer of the expected wave vector and its opposite counts.
fn deviation(measured: Vector, expected: Vector, noise: f64) -> Vector {
    let sign = if dot(measured, expected) < 0.0 {
        -1.0
    } else {
        1.0
    };
    let length = dot(measured, measured).sqrt();
    let unit = 1.0 / (noise * length.max(1e-9));
    scale(subtract(scale(expected, sign), measured), unit)
}
