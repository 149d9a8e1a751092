//! How far the angle may be off: sampling by spatial blocks, centre and tilt by the fit, and the
//! choice of zone.

use crate::schreger::fit::Comparison;
use crate::schreger::least_squares::ParameterSet;
use crate::schreger::outline::Outline;
use crate::schreger::oval::{Oval, OvalFit};
use crate::schreger::parameters::Parameters;
use crate::schreger::polar_window::{PolarWindow, polar_windows};
use crate::schreger::window::LatticeWindow;
use crate::schreger::zone::OutermostZone;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

/// Replicates of the block bootstrap.
const REPLICATES: usize = 60;
/// Sampling error below three blocks, degrees.
const FEW_BLOCKS: f64 = 6.0;
/// The outer end of the lattice is known to this share of its radial range.
const END: f64 = 0.032;
/// Error that no window tells of, degrees: a course of the angle that is no parabola, interpolation
/// between frequency bins.
const FLOOR: f64 = 0.92;
/// Windows of neighbouring blocks overlap and share their errors, so that blocks drawn one by one
/// spread less than the angle does.
const SHARED: f64 = 1.97;
/// Frames seen from above have less doubt about tilt than the priors, which must serve all, give
/// them.
const FROM_ABOVE: f64 = 0.77;
/// The parameters on which the local angles depend.
const MOVES_ANGLES: Oval<bool> = Oval {
    lattice: Parameters {
        axis: [true; 2],
        log_wave_number: false,
        log_tan: false,
        log_tan_slope: false,
        log_tan_bend: false,
        log_stretch: [true; 2],
        vanishing_line: [true; 2],
    },
    outline: Outline {
        oval: [true; 2],
        triangle: [true; 2],
    },
};

/// Terms of the standard error of the angle, degrees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorTerms {
    /// Spread over spatial blocks.
    pub sampling: f64,
    /// Centre, tilt, perspective and the other parameters of the fit.
    pub fit: f64,
    /// Where the outermost zone ends.
    pub zone: f64,
}

impl ErrorTerms {
    /// The terms of the outermost angle's error. `side` is the window's side in pixels.
    pub(crate) fn new(
        comparison: &Comparison,
        oval: &OvalFit,
        lattice: &[LatticeWindow],
        windows: &[PolarWindow],
        zone: &OutermostZone,
        side: f64,
    ) -> Self {
        Self {
            sampling: SHARED * sampling_error(comparison, windows, side),
            fit: FROM_ABOVE * fit_error(comparison, oval, lattice, zone, side),
            zone: zone.slope.abs() * END * zone.length(),
        }
    }

    /// All terms together, degrees; never below the error that no window tells of.
    pub fn total(&self) -> f64 {
        (self.sampling.powi(2) + self.fit.powi(2) + self.zone.powi(2) + FLOOR * FLOOR).sqrt()
    }
}

/// The outermost zone of windows of a fit.
fn outermost(comparison: &Comparison, windows: &[PolarWindow], side: f64) -> Option<OutermostZone> {
    let frame = &comparison.frame;
    OutermostZone::new(windows, side / frame.extent, frame.independent_share)
}

/// Spread of the angle when square blocks of a window's side are drawn with replacement.
fn sampling_error(comparison: &Comparison, windows: &[PolarWindow], side: f64) -> f64 {
    let blocks = blocks(windows, side);
    if blocks.len() < 3 {
        return FEW_BLOCKS;
    }
    let mut random = XorShift::new();
    let mut angles = Vec::with_capacity(REPLICATES);
    let mut drawn = Vec::with_capacity(windows.len() * 2);
    for _ in 0..REPLICATES {
        drawn.clear();
        for _ in 0..blocks.len() {
            drawn.extend_from_slice(&blocks[random.below(blocks.len())]);
        }
        angles.extend(outermost(comparison, &drawn, side).map(|zone| zone.angle_deg));
    }
    let n = angles.len().max(2) as f64;
    let mean = angles.iter().sum::<f64>() / n;
    (angles.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// The windows by squares of the picture, in the order in which the squares are met.
fn blocks(windows: &[PolarWindow], side: f64) -> Vec<Vec<PolarWindow>> {
    let mut blocks: Vec<([i64; 2], Vec<PolarWindow>)> = Vec::new();
    for window in windows {
        let square = window.centre.map(|v| (v / side).floor() as i64);
        match blocks.iter_mut().find(|block| block.0 == square) {
            Some(block) => block.1.push(*window),
            None => blocks.push((square, vec![*window])),
        }
    }
    blocks.into_iter().map(|(_, windows)| windows).collect()
}

/// Marsaglia's xorshift generator (2003) from a fixed seed, so that a reading is the same every
/// time.
struct XorShift(u64);

impl XorShift {
    fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// One of `0..n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

/// Standard error that the parameters' covariance gives the angle, to first order.
fn fit_error(
    comparison: &Comparison,
    oval: &OvalFit,
    lattice: &[LatticeWindow],
    zone: &OutermostZone,
    side: f64,
) -> f64 {
    let best = oval.parameters.to_array();
    let slope = |(p, moves): (usize, bool)| {
        let variance = oval.covariance[[p, p]];
        let step = variance.max(0.0).sqrt().clamp(1e-4, 0.05);
        let mut moved = best;
        moved[p] += step;
        let windows = moves
            .then(|| polar_windows(&comparison.frame, &Oval::from_array(moved).polar(), lattice))?;
        let there = outermost(comparison, &windows, side)?;
        Some((there.angle_deg - zone.angle_deg) / step)
    };
    let gradient: Array1<f64> = (MOVES_ANGLES.to_array().into_iter().enumerate())
        .map(|parameter| slope(parameter).unwrap_or(0.0))
        .collect();
    let variance = gradient.dot(&oval.covariance.dot(&gradient));
    variance.max(0.0).sqrt()
}
