//! How far the angle may be off: sampling by spatial blocks, centre and tilt by the fit, and the choice of zone.

use crate::schreger::fit::{Comparison, PARAMETERS};
use crate::schreger::lattice::Node;
use crate::schreger::zone::{Outermost, Spot, outermost, spots};

/// Replicates of the block bootstrap.
const REPLICATES: usize = 60;
/// Error that no window tells of, degrees: a section that is not round, a course of the angle that is no parabola,
/// interpolation between frequency bins. From lobed sections, see `scripts/bench/schreger_second.py`.
const FLOOR: f64 = 1.6;

/// Terms of the standard error of the angle, degrees.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Terms {
    /// Spread over spatial blocks.
    pub(crate) sampling: f64,
    /// Centre, tilt, perspective and the other parameters of the fit.
    pub(crate) fit: f64,
    /// Where the outermost zone ends.
    pub(crate) zone: f64,
}

impl Terms {
    /// All terms together.
    pub(crate) fn total(&self) -> f64 {
        (self.sampling.powi(2) + self.fit.powi(2) + self.zone.powi(2) + FLOOR * FLOOR).sqrt()
    }
}

/// Standard error of the outermost angle. `side` is the window's side in pixels.
pub(crate) fn standard_error(
    comparison: &Comparison,
    nodes: &[Node],
    spots_here: &[Spot],
    zone: &Outermost,
    side: f64,
) -> Terms {
    let window = side / comparison.frame.extent;
    Terms {
        sampling: by_blocks(spots_here, side, window, comparison.frame.share),
        fit: by_fit(comparison, nodes, zone, window),
        zone: zone.slope.abs() * 0.06 * (zone.range.1 - zone.range.0),
    }
}

/// Spread of the angle when square blocks of a window's side are drawn with replacement.
fn by_blocks(spots: &[Spot], side: f64, window: f64, share: f64) -> f64 {
    let mut blocks: Vec<((i64, i64), Vec<Spot>)> = Vec::new();
    for spot in spots {
        let key = (
            (spot.at[0] / side).floor() as i64,
            (spot.at[1] / side).floor() as i64,
        );
        match blocks.iter_mut().find(|b| b.0 == key) {
            Some(block) => block.1.push(*spot),
            None => blocks.push((key, vec![*spot])),
        }
    }
    if blocks.len() < 3 {
        return 6.0;
    }
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut draw = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % n
    };
    let mut angles = Vec::with_capacity(REPLICATES);
    let mut drawn = Vec::with_capacity(spots.len() * 2);
    for _ in 0..REPLICATES {
        drawn.clear();
        for _ in 0..blocks.len() {
            drawn.extend_from_slice(&blocks[draw(blocks.len())].1);
        }
        if let Some(zone) = outermost(&drawn, window, share) {
            angles.push(zone.angle);
        }
    }
    let n = angles.len().max(2) as f64;
    let mean = angles.iter().sum::<f64>() / n;
    (angles.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// Standard error that the parameters' covariance gives the angle, to first order.
fn by_fit(comparison: &Comparison, nodes: &[Node], zone: &Outermost, window: f64) -> f64 {
    let mut gradient = [0.0; PARAMETERS];
    for (p, slope) in gradient.iter_mut().enumerate() {
        // The local angles depend on centre, stretch and perspective alone.
        if (2..6).contains(&p) {
            continue;
        }
        let step = comparison.covariance[p][p]
            .max(0.0)
            .sqrt()
            .clamp(1e-4, 0.05);
        let mut moved = comparison.best.parameters;
        moved[p] += step;
        if let Some(there) = outermost(
            &spots(comparison, &moved, nodes),
            window,
            comparison.frame.share,
        ) {
            *slope = (there.angle - zone.angle) / step;
        }
    }
    let mut variance = 0.0;
    for p in 0..PARAMETERS {
        for q in 0..PARAMETERS {
            variance += gradient[p] * comparison.covariance[p][q] * gradient[q];
        }
    }
    variance.max(0.0).sqrt()
}
