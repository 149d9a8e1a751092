//! The joint fit: every explanation of the windows is fitted and compared on the same noise.

use crate::schreger::cholesky::Cholesky;
use crate::schreger::frame::Frame;
use crate::schreger::least_squares::{
    Model, NormalEquations, Optimum, cost, descend, squared_length,
};
use crate::schreger::models::{
    PolarModel, STRETCH, StraightLines, StraightModel, VANISHING, deviations,
};
use crate::schreger::parameters::Parameters;
use crate::schreger::polar::PolarLattice;
use crate::schreger::starts::{self, bisectors};
use crate::schreger::vector::{Vector, dot, norm, scale};
use crate::schreger::window::LatticeWindow;
use ndarray::Array2;

/// Fewest windows that are fitted.
const FEWEST: usize = 5;
/// Most windows of the first descents, and of the later ones.
const COARSE: usize = 60;
const FINE: usize = 240;
/// Relative noise of a wave vector with which the first descents weigh the windows, and its range
/// afterwards.
const FIRST_NOISE: f64 = 0.03;
const LEAST_NOISE: f64 = 0.008;
const MOST_NOISE: f64 = 0.1;
/// Most noise of a lattice that wanders.
const MOST_NOISE_DISORDERED: f64 = 0.2;
/// Median of chi-square with four degrees of freedom.
const MEDIAN_CHI_SQUARE_4: f64 = 3.357;

/// What is expected of a lattice before it is fitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Standard deviation of the log stretch by tilt or an oblique cut.
    stretch: f64,
    /// Standard deviation of the vanishing line.
    vanishing: f64,
    /// Most relative noise of a wave vector.
    most_noise: f64,
}

impl Expected {
    /// A regular lattice, seen from nearly above.
    pub(crate) const REGULAR: Self = Self {
        stretch: STRETCH,
        vanishing: VANISHING,
        most_noise: MOST_NOISE,
    };
    /// A lattice that wanders as real ivory's does (6 to 15 %), from about above.
    pub(crate) const DISORDERED: Self = Self {
        stretch: 0.15,
        vanishing: VANISHING,
        most_noise: MOST_NOISE_DISORDERED,
    };
    /// The same from as far as 60 degrees aside (a log stretch of 0.69), where a near camera sees
    /// the scale change over the face.
    pub(crate) const DISORDERED_ASIDE: Self = Self {
        stretch: 0.5,
        vanishing: 0.2,
        most_noise: MOST_NOISE_DISORDERED,
    };
}

/// The best explanation of the windows under one reading of the bisectors.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    pub(crate) parameters: Parameters,
    /// Whether the windows' first family is the lattice's second.
    swapped: bool,
    /// Twice the negative log posterior.
    cost: f64,
    /// Share of windows in which the sum of the two wave vectors is the radial one.
    pub(crate) sum_is_radial: f64,
}

/// All explanations compared on the same noise.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub(crate) frame: Frame,
    /// The best polar lattice.
    pub(crate) best: Solution,
    lattice: PolarLattice,
    /// Log odds of the best against the best with the bisectors exchanged.
    pub(crate) log_odds_orientation: f64,
    /// Log odds of the best against straight lines in perspective.
    pub(crate) log_odds_curved: f64,
    /// Relative scatter of the wave vectors about the best polar lattice.
    pub(crate) scatter: f64,
    /// The same about straight lines.
    pub(crate) scatter_straight: f64,
    /// Relative noise of a wave vector with which the explanations were compared, and what was
    /// expected of the lattice.
    noise: f64,
    expected: Expected,
}

impl Comparison {
    /// Fits every explanation and compares them; `None` below five windows.
    ///
    /// `independent_share` is the number of independent windows per window.
    pub(crate) fn new(
        windows: &[LatticeWindow],
        independent_share: f64,
        expected: Expected,
    ) -> Option<Self> {
        if windows.len() < FEWEST {
            return None;
        }
        let frame = Frame::new(windows, independent_share);
        let (coarse, fine) = (frame.thinned(COARSE), frame.thinned(FINE));
        let attempts = descents(&coarse, expected);
        // The noise that the best explanation leaves sets the scale for all.
        let (swapped, first) = attempts.first()?;
        let noise = scatter(
            &polar(&coarse, *swapped, FIRST_NOISE, expected),
            &first.parameters,
        );
        let noise = (noise * FIRST_NOISE).clamp(LEAST_NOISE, expected.most_noise);
        let mut solutions = refined(&attempts, &coarse, |swapped| {
            polar(&fine, swapped, noise, expected)
        })
        .into_iter();
        let (best, other) = (solutions.next()?, solutions.next());
        let (straight, scatter_straight) = straight_lines(&coarse, &fine, noise);
        let model = polar(&fine, best.swapped, noise, expected);
        Some(Self {
            log_odds_orientation: other.map_or(f64::INFINITY, |o| 0.5 * (o.cost - best.cost)),
            log_odds_curved: 0.5 * (straight.cost - best.cost),
            lattice: PolarLattice::new(&best.parameters),
            scatter: noise * scatter(&model, &best.parameters),
            scatter_straight,
            noise,
            expected,
            best,
            frame,
        })
    }

    /// The windows of the last descents.
    pub(crate) fn fine(&self) -> Frame {
        self.frame.thinned(FINE)
    }

    /// The model of the best lattice over the windows of a frame.
    pub(crate) fn model<'a>(&self, frame: &'a Frame) -> PolarModel<'a> {
        polar(frame, self.best.swapped, self.noise, self.expected)
    }

    /// How far a window's wave vectors lie from the fit, in units of its scatter (Euclidean over
    /// both families).
    pub(crate) fn misfit(&self, window: &LatticeWindow) -> f64 {
        let expected = self.predict(window.centre);
        let noise = self.scatter.max(LEAST_NOISE);
        squared_length(&deviations(window.wave_vectors, expected, noise)).sqrt()
    }

    /// Wave vectors that the best lattice has at a point of the picture (pixels), cycles per
    /// pixel.
    pub(crate) fn predict(&self, point: Vector) -> [Vector; 2] {
        let [a, b] = (self
            .lattice
            .local(self.frame.from_picture(point))
            .wave_vectors)
            .map(|k| scale(k, self.frame.wave_number));
        if self.best.swapped { [b, a] } else { [a, b] }
    }

    /// The point of the picture (pixels) at a bearing (radians) and a radius (extents) from the
    /// tusk's axis.
    pub(crate) fn picture_point(&self, bearing: f64, radius: f64) -> Vector {
        self.frame
            .to_picture(self.lattice.position(bearing, radius))
    }
}

fn polar(frame: &Frame, swapped: bool, noise: f64, expected: Expected) -> PolarModel<'_> {
    PolarModel {
        frame,
        swapped,
        noise,
        stretch: expected.stretch,
        vanishing: expected.vanishing,
    }
}

/// Descends from every start; the best first, each with whether the families are swapped.
fn descents(frame: &Frame, expected: Expected) -> Vec<(bool, Optimum<Parameters>)> {
    let mut attempts: Vec<_> = starts::axes(frame)
        .into_iter()
        .map(|axis| {
            let start = starts::parameters(frame, axis);
            let model = |swapped| polar(frame, swapped, FIRST_NOISE, expected);
            let swapped = cost(&model(true), &start) < cost(&model(false), &start);
            (swapped, descend(&model(swapped), start, 14))
        })
        .collect();
    attempts.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
    attempts
}

/// The best attempt for each reading of the bisectors, descended further on more windows; the
/// better first.
fn refined<'a>(
    attempts: &[(bool, Optimum<Parameters>)],
    coarse: &Frame,
    fine: impl Fn(bool) -> PolarModel<'a>,
) -> Vec<Solution> {
    let mut solutions: Vec<Solution> = [false, true]
        .into_iter()
        .filter_map(|sum_radial| {
            let (swapped, found) = (attempts.iter())
                .find(|(_, a)| (sum_is_radial(coarse, &a.parameters) > 0.5) == sum_radial)?;
            let refined = descend(&fine(*swapped), found.parameters, 20);
            Some(Solution {
                parameters: refined.parameters,
                swapped: *swapped,
                cost: refined.cost,
                sum_is_radial: sum_is_radial(fine(*swapped).frame, &refined.parameters),
            })
        })
        .collect();
    solutions.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    solutions
}

/// Share of windows in which the sum of the two wave vectors points along the radius, rather than
/// their difference.
fn sum_is_radial(frame: &Frame, parameters: &Parameters) -> f64 {
    let lattice = PolarLattice::new(parameters);
    let radial = (frame.windows.iter()).filter(|window| {
        let outward = lattice.local(window.position).outward;
        let along = |v: Vector| dot(v, outward).abs() / norm(v).max(1e-9);
        let [sum, difference] = bisectors(window.wave_vectors);
        along(sum) > along(difference)
    });
    radial.count() as f64 / frame.windows.len().max(1) as f64
}

/// The best straight lines and their relative scatter.
fn straight_lines(coarse: &Frame, fine: &Frame, noise: f64) -> (Optimum<StraightLines>, f64) {
    let start = StraightLines {
        wave_vectors: fine.windows[fine.windows.len() / 2].wave_vectors,
        vanishing_line: [0.0; 2],
    };
    // A rough noise first: strong perspective is far from where this starts.
    let rough = StraightModel {
        frame: coarse,
        noise: MOST_NOISE,
    };
    let start = descend(&rough, start, 20).parameters;
    let model = StraightModel { frame: fine, noise };
    let lines = descend(&model, start, 30);
    let scatter = noise * scatter(&model, &lines.parameters);
    (lines, scatter)
}

/// Scatter of the observations of two wave vectors each about a model, in units of the model's
/// noise.
fn scatter<const P: usize, M: Model<P>>(model: &M, parameters: &M::Parameters) -> f64 {
    let residuals = model.residuals(parameters);
    let mut sizes: Vec<f64> = residuals.iter().map(squared_length).collect();
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    (*median / MEDIAN_CHI_SQUARE_4).sqrt()
}

/// Inverse of the normal matrix at `parameters`; `None` where they leave it singular.
pub(crate) fn covariance<const P: usize, M: Model<P>>(
    model: &M,
    parameters: &M::Parameters,
) -> Option<Array2<f64>> {
    let mut matrix = NormalEquations::new(model, parameters).matrix;
    matrix.diag_mut().mapv_inplace(|value| value + 1e-6);
    Some(Cholesky::new(&matrix)?.inverse())
}
