//! The fit of a lattice together with the outline of its section: what the angle is read from.

use crate::schreger::fit::{Comparison, covariance};
use crate::schreger::least_squares::{Model, ParameterSet, Prior, Residual, descend};
use crate::schreger::models::PolarModel;
use crate::schreger::outline::{self, Outline};
use crate::schreger::parameters::{self, Parameters};
use crate::schreger::polar::PolarLattice;
use crate::schreger::vector::norm;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// Number of parameters.
pub(crate) const COUNT: usize = parameters::COUNT + outline::COUNT;
/// Standard deviations of the outline's waves: two crests of at most some 5 % of the distance, three
/// of at most 1.5 %.
const OVAL: f64 = 0.02;
const TRIANGLE: f64 = 0.006;
/// Scale and degrees of freedom of the Student prior of the log stretch: most faces are seen from
/// nearly above, and some are not.
const STRETCH: f64 = 0.08;
const STRETCH_TAILS: f64 = 3.0;
/// Descents, each with the weight that the prior of the stretch has where the last one ended; and
/// most steps of each.
const DESCENTS: usize = 3;
const ROUNDS: usize = 12;

/// A lattice and the outline of its section: the parameters, or something said of each.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Oval<T = f64> {
    pub(crate) lattice: Parameters<T>,
    pub(crate) outline: Outline<T>,
}

impl<T: Copy> Oval<T> {
    /// The values in the order of [`ParameterSet::from_array`].
    pub(crate) fn to_array(self) -> [T; COUNT] {
        let [a, b, c, d, e, f, g, h, i, j] = self.lattice.to_array();
        let ([k, l], [m, n]) = (self.outline.oval, self.outline.triangle);
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n]
    }
}

impl ParameterSet<COUNT> for Oval {
    fn to_array(self) -> [f64; COUNT] {
        Oval::to_array(self)
    }

    fn from_array([a, b, c, d, e, f, g, h, i, j, k, l, m, n]: [f64; COUNT]) -> Self {
        Self {
            lattice: Parameters::from_array([a, b, c, d, e, f, g, h, i, j]),
            outline: Outline {
                oval: [k, l],
                triangle: [m, n],
            },
        }
    }
}

impl Oval {
    /// The lattice of these parameters.
    pub(crate) fn polar(&self) -> PolarLattice {
        PolarLattice::with_outline(&self.lattice, self.outline)
    }
}

/// The lattice of an oval section through the windows of a frame.
struct OvalModel<'a> {
    round: PolarModel<'a>,
}

impl Model<COUNT> for OvalModel<'_> {
    type Parameters = Oval;

    fn residuals(&self, parameters: &Oval) -> Vec<Residual> {
        self.round.residuals_about(&parameters.polar())
    }

    fn priors(&self) -> [Option<Prior>; COUNT] {
        let prior = |sd| Some(Prior { mean: 0.0, sd });
        let round = self.round.priors();
        let waves = [prior(OVAL), prior(OVAL), prior(TRIANGLE), prior(TRIANGLE)];
        std::array::from_fn(|p| {
            round
                .get(p)
                .copied()
                .unwrap_or_else(|| waves[p - parameters::COUNT])
        })
    }

    fn independent_share(&self) -> f64 {
        self.round.independent_share()
    }
}

/// The lattice of an oval section, fitted from that of a round one.
#[derive(Debug, Clone)]
pub(crate) struct OvalFit {
    pub(crate) parameters: Oval,
    /// Covariance of the parameters, in the order of their array.
    pub(crate) covariance: Array2<f64>,
}

impl OvalFit {
    /// The fit of a round section as it is, with the doubt that the outline leaves; `None` where
    /// the windows leave the parameters without limits.
    pub(crate) fn round(comparison: &Comparison) -> Option<Self> {
        let frame = comparison.fine();
        let round = comparison.model(&frame);
        Self::at(&OvalModel { round }, Self::start(comparison))
    }

    /// Fits the outline as well; `None` where the windows leave the parameters without limits.
    pub(crate) fn new(comparison: &Comparison) -> Option<Self> {
        let frame = comparison.fine();
        let mut round = comparison.model(&frame);
        let scale = round.stretch.max(STRETCH);
        let mut parameters = Self::start(comparison);
        for _ in 0..DESCENTS {
            round.stretch = student_sd(scale, norm(parameters.lattice.log_stretch));
            parameters = descend(&OvalModel { round }, parameters, ROUNDS).parameters;
        }
        Self::at(&OvalModel { round }, parameters)
    }

    fn start(comparison: &Comparison) -> Oval {
        Oval {
            lattice: comparison.best.parameters,
            outline: Outline::ROUND,
        }
    }

    fn at(model: &OvalModel<'_>, parameters: Oval) -> Option<Self> {
        Some(Self {
            covariance: covariance(model, &parameters)?,
            parameters,
        })
    }
}

/// Standard deviation of the normal prior that pulls a pair of parameters of this length as much as
/// the Student prior of this scale does.
fn student_sd(scale: f64, length: f64) -> f64 {
    let square = (STRETCH_TAILS * scale * scale + length * length) / (STRETCH_TAILS + 2.0);
    square.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schreger::fit::Expected;
    use crate::schreger::polar_window::polar_windows;
    use crate::schreger::window::LatticeWindow;
    use crate::schreger::zone::OutermostZone;

    /// The windows of a face of 700 pixels, seen square on, some 600 pixels from the axis of an
    /// oval section.
    fn oval_face(oval: [f64; 2]) -> (Oval, Vec<LatticeWindow>) {
        let truth = Oval {
            lattice: Parameters {
                axis: Parameters::axis_of([-2.0, -1.0]),
                log_wave_number: 3.2,
                log_tan: (120.0f64 / 2.0).to_radians().tan().ln(),
                log_tan_slope: 0.1,
                ..Parameters::default()
            },
            outline: Outline {
                oval,
                triangle: [0.005, 0.0],
            },
        };
        let lattice = truth.polar();
        let places = (0..13).flat_map(|row| (0..13).map(move |column| (column, row)));
        let windows = places.map(|(column, row)| {
            let [x, y] = [column, row].map(|i| i as f64 - 6.0);
            let here = lattice.local([x / 5.29, y / 5.29]);
            LatticeWindow {
                centre: [x * 50.0 + 350.0, y * 50.0 + 350.0],
                wave_vectors: here.wave_vectors.map(|k| k.map(|v| v / 264.5)),
                significance: [40.0; 2],
                amplitude: [0.02; 2],
                cell: (column, row),
            }
        });
        (truth, windows.collect())
    }

    #[test]
    fn the_angle_of_an_oval_section_is_not_taken_for_a_stretched_ones() {
        for oval in [0.04, -0.04] {
            let (truth, windows) = oval_face([0.0, oval]);
            let comparison = Comparison::new(&windows, 0.5, Expected::REGULAR).unwrap();
            let angle = |lattice: PolarLattice| {
                let windows = polar_windows(&comparison.frame, &lattice, &windows);
                let zone = OutermostZone::new(&windows, 0.24, 0.5).unwrap();
                zone.angle_deg
            };
            let truth = angle(truth.polar());
            let round = angle(PolarLattice::new(&comparison.best.parameters));
            let fitted = angle(OvalFit::new(&comparison).unwrap().parameters.polar());
            assert!((round - truth).abs() > 3.0, "{round} of {truth}");
            assert!((fitted - truth).abs() < 0.5, "{fitted} of {truth}");
        }
    }

    #[test]
    fn the_prior_of_the_stretch_lets_go_of_what_is_surely_seen_from_aside() {
        assert!(student_sd(0.08, 0.0) < 0.08);
        assert!(student_sd(0.08, 0.5) > 0.2);
    }
}
