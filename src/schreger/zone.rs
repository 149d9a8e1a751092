//! The outermost zone: the mean Schreger angle at the outer end of what is seen.

use crate::schreger::cholesky::Cholesky;
use crate::schreger::polar_window::PolarWindow;
use ndarray::{Array1, Array2};

/// Share of the visible radial range that counts as the outermost zone.
const OUTERMOST: f64 = 0.15;
/// Windows within this share of the range, or this many window sides, carry the angle of the
/// outermost zone.
const CARRYING: f64 = 0.45;
const CARRYING_SIDES: f64 = 1.8;

/// Spread of one independent window's angle, degrees.
const SPREAD: f64 = 4.0;
/// Prior standard deviations of slope and bend of the angle over the carrying depth, degrees.
const SLOPE: f64 = 30.0;
const BEND: f64 = 8.0;
/// Fits of the parabola: the later ones go without windows far from the first.
const ROUNDS: usize = 3;

/// Distance from the outermost window's centre to the end of the visible lattice, window sides.
/// Windows that reach over the end still show the lattice, which makes up for their half side.
const BORDER: f64 = 0.045;

/// The radial range seen and the angle of its outermost zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OutermostZone {
    /// Inner and outer end of the visible lattice, extents.
    pub(crate) range: (f64, f64),
    /// Inner limit of the outermost zone, extents.
    pub(crate) from: f64,
    /// Mean Schreger angle of the zone, degrees.
    pub(crate) angle_deg: f64,
    /// Change of the angle along the radius at the outer end, degrees per extent.
    pub(crate) slope: f64,
}

impl OutermostZone {
    /// A weighted parabola through the local angles of the outer windows, read in the middle of
    /// the zone; `None` below four windows.
    ///
    /// `side` is the window's side in extents, `independent_share` the number of independent
    /// windows per window.
    pub(crate) fn new(windows: &[PolarWindow], side: f64, independent_share: f64) -> Option<Self> {
        let (low, high) = radial_range(windows, side)?;
        let length = (high - low).max(1e-6);
        let depth = (CARRYING * length).max(CARRYING_SIDES * side);
        let middle = high - 0.5 * OUTERMOST * length;
        let carrying: Vec<(f64, &PolarWindow)> = (windows.iter())
            .map(|window| ((window.radius - middle) / depth, window))
            .filter(|(x, _)| *x >= -1.0)
            .collect();
        let mut course = None;
        for _ in 0..ROUNDS {
            course = Some(parabola(&carrying, independent_share, course)?);
        }
        let [angle, slope, _] = course?;
        Some(Self {
            range: (low, high),
            from: high - OUTERMOST * length,
            angle_deg: angle.clamp(5.0, 175.0),
            slope: slope / depth,
        })
    }

    /// Length of the radial range seen, extents.
    pub(crate) fn length(&self) -> f64 {
        self.range.1 - self.range.0
    }
}

/// Inner and outer end of the visible lattice, extents; `None` below four windows.
fn radial_range(windows: &[PolarWindow], side: f64) -> Option<(f64, f64)> {
    let mut radii: Vec<f64> = windows.iter().map(|window| window.radius).collect();
    if radii.len() < 4 {
        return None;
    }
    radii.sort_by(f64::total_cmp);
    let quantile = |q: f64| radii[((radii.len() - 1) as f64 * q).round() as usize];
    // A window still shows the lattice when its centre is a little inside the lattice's end.
    let low = (quantile(0.01) - BORDER * side).max(0.0);
    Some((low, quantile(0.99) + BORDER * side))
}

/// Value, slope and bend of the angle at depth 0, degrees. Windows come with their depth, -1 at
/// the inner end of those that carry; those far from an `earlier` course count for little.
fn parabola(
    windows: &[(f64, &PolarWindow)],
    independent_share: f64,
    earlier: Option<[f64; 3]>,
) -> Option<[f64; 3]> {
    let mut matrix = Array2::<f64>::zeros((3, 3));
    let mut right = Array1::<f64>::zeros(3);
    for (x, window) in windows {
        let taper = 1.0 - (x.abs().min(1.0)).powi(3);
        let mut weight = window.weight * taper * independent_share / (SPREAD * SPREAD);
        if let Some([value, slope, bend]) = earlier {
            let off = (window.angle_deg - value - slope * x - bend * x * x) / (3.0 * SPREAD);
            weight /= 1.0 + off * off;
        }
        let row = [1.0, *x, x * x];
        for i in 0..3 {
            right[i] += weight * row[i] * window.angle_deg;
            for j in 0..3 {
                matrix[[i, j]] += weight * row[i] * row[j];
            }
        }
    }
    if matrix[[0, 0]] < 1e-9 {
        return None;
    }
    matrix[[0, 0]] += 1e-9;
    matrix[[1, 1]] += 1.0 / (SLOPE * SLOPE);
    matrix[[2, 2]] += 1.0 / (BEND * BEND);
    let course = Cholesky::new(&matrix)?.solve(&right);
    Some([course[0], course[1], course[2]])
}
