//! The outermost zone: local angles about the fitted centre and their mean at the outer end of what is seen.

use crate::schreger::fit::{Comparison, Course, PARAMETERS};
use crate::schreger::lattice::Node;
use crate::schreger::least_squares::solve;

/// Share of the visible radial range that counts as the outermost zone.
const OUTERMOST: f64 = 0.15;
/// Windows within this share of the range (or two window sides) carry the angle of the outermost zone.
const CARRYING: f64 = 0.45;

/// Spread of one independent window's angle, degrees.
const SPREAD: f64 = 4.0;
/// Prior standard deviations of slope and bend of the angle over the carrying depth, degrees.
const SLOPE: f64 = 30.0;
const BEND: f64 = 8.0;

/// Distance from the outermost window's centre to the end of the visible lattice, window sides. Windows that reach over
/// the end still show the lattice, which makes up for their half side.
const BORDER: f64 = 0.0;

/// One window seen from the fitted centre.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    /// Distance from the centre, extents.
    pub(crate) r: f64,
    /// Direction from the centre, radians.
    pub(crate) bearing: f64,
    /// Schreger angle, degrees.
    pub(crate) angle: f64,
    /// Place in the picture, pixels.
    pub(crate) at: [f64; 2],
    /// Weight from significance, 0 to 1.
    pub(crate) weight: f64,
}

/// Local angles of all windows for given parameters.
pub(crate) fn spots(
    comparison: &Comparison,
    parameters: &[f64; PARAMETERS],
    nodes: &[Node],
) -> Vec<Spot> {
    let course = Course::new(parameters);
    nodes
        .iter()
        .map(|node| {
            let x = comparison.place(node.at);
            let here = course.at(x);
            let mut radial = 0.0;
            let mut tangential = 0.0;
            let s = here.slope;
            let det = s[0][0] * s[1][1] - s[0][1] * s[1][0];
            // Wave vectors go to the plane with the transposed inverse of the derivative.
            let inverse = [
                [s[1][1] / det, -s[1][0] / det],
                [-s[0][1] / det, s[0][0] / det],
            ];
            for k in node.k {
                let plane = [
                    inverse[0][0] * k[0] + inverse[0][1] * k[1],
                    inverse[1][0] * k[0] + inverse[1][1] * k[1],
                ];
                radial += (plane[0] * here.outward[0] + plane[1] * here.outward[1]).abs();
                tangential += (plane[1] * here.outward[0] - plane[0] * here.outward[1]).abs();
            }
            let weak = f64::from(node.significance[0].min(node.significance[1]));
            Spot {
                r: here.r,
                bearing: here.outward[1].atan2(here.outward[0]),
                angle: 2.0 * radial.atan2(tangential).to_degrees(),
                at: node.at,
                weight: weak / (weak + 12.0),
            }
        })
        .collect()
}

/// The radial range seen and the angle of its outermost zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outermost {
    /// Inner and outer end of the visible lattice, extents.
    pub(crate) range: (f64, f64),
    /// Inner limit of the outermost zone, extents.
    pub(crate) from: f64,
    /// Mean Schreger angle of the zone, degrees.
    pub(crate) angle: f64,
    /// Change of the angle along the radius at the outer end, degrees per extent.
    pub(crate) slope: f64,
}

/// Mean angle of the outermost zone: a weighted parabola through the local angles of the outer windows, read in the
/// middle of the zone. `side` is the window's side in extents, `share` the number of independent windows per window.
pub(crate) fn outermost(spots: &[Spot], side: f64, share: f64) -> Option<Outermost> {
    let mut radii: Vec<f64> = spots.iter().map(|s| s.r).collect();
    if radii.len() < 4 {
        return None;
    }
    radii.sort_by(f64::total_cmp);
    let at = |q: f64| radii[((radii.len() - 1) as f64 * q).round() as usize];
    // A window still shows the lattice when its centre is a little inside the lattice's end.
    let low = (at(0.01) - BORDER * side).max(0.0);
    let high = at(0.99) + BORDER * side;
    let range = (high - low).max(1e-6);
    let depth = (CARRYING * range).max(1.8 * side);
    let middle = high - 0.5 * OUTERMOST * range;
    // The later rounds go without windows far from the first line.
    let mut course: Option<[f64; 3]> = None;
    for _ in 0..3 {
        let mut matrix = [[0.0; 3]; 3];
        let mut right = [0.0; 3];
        for spot in spots {
            let x = (spot.r - middle) / depth;
            if x < -1.0 {
                continue;
            }
            let mut weight =
                spot.weight * (1.0 - (x.abs().min(1.0)).powi(3)) * share / (SPREAD * SPREAD);
            if let Some([a, b, c]) = course {
                let off = (spot.angle - a - b * x - c * x * x) / (3.0 * SPREAD);
                weight /= 1.0 + off * off;
            }
            let row = [1.0, x, x * x];
            for i in 0..3 {
                right[i] += weight * row[i] * spot.angle;
                for j in 0..3 {
                    matrix[i][j] += weight * row[i] * row[j];
                }
            }
        }
        if matrix[0][0] < 1e-9 {
            return None;
        }
        matrix[0][0] += 1e-9;
        matrix[1][1] += 1.0 / (SLOPE * SLOPE);
        matrix[2][2] += 1.0 / (BEND * BEND);
        course = solve(&matrix, &right);
    }
    let [angle, slope, _] = course?;
    Some(Outermost {
        range: (low, high),
        from: high - OUTERMOST * range,
        angle: angle.clamp(5.0, 175.0),
        slope: slope / depth,
    })
}
