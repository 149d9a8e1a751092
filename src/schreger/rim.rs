//! The rim: does the lattice end, on its outer side, at an edge that runs round the same centre?

use crate::schreger::fit::Comparison;
use crate::schreger::light::Level;
use crate::schreger::zone::Spot;

/// Edges within this share of a window side lie at the same distance.
const TOLERANCE: f64 = 0.12;

/// What lies beyond the outermost windows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rim {
    /// Sectors followed outward without leaving the picture.
    pub(crate) sectors: usize,
    /// Share of them in which an edge was met.
    pub(crate) met: f64,
    /// Median distance of all edges from the rim, window sides.
    pub(crate) uneven: f64,
    /// Sectors whose edges lie at the rim's distance from the centre.
    pub(crate) agreeing: usize,
    /// How far the edge lies beyond the outermost window's centre, window sides.
    pub(crate) beyond: f64,
}

/// Follows rays outward from the outermost windows. `side` is the window's side in pixels of the picture.
pub(crate) fn look(comparison: &Comparison, spots: &[Spot], level: &Level, side: f64) -> Rim {
    let side = side / comparison.frame.extent;
    let mut sectors: Vec<(i32, Spot)> = Vec::new();
    let outermost = spots.iter().map(|s| s.r).fold(0.0, f64::max);
    // A sector is as wide as half a window at the outermost radius.
    let width = (0.5 * side / outermost).max(1e-6);
    for spot in spots {
        let sector = (spot.bearing / width).floor() as i32;
        match sectors.iter_mut().find(|s| s.0 == sector) {
            Some(held) if held.1.r < spot.r => held.1 = *spot,
            Some(_) => {}
            None => sectors.push((sector, *spot)),
        }
    }
    let mut edges = Vec::new();
    let mut blocked = 0;
    for (_, spot) in &sectors {
        match first_edge(comparison, spot, level, side, outermost + 1.3 * side) {
            Ray::Edge(r) if r > outermost - 0.4 * side => edges.push(r),
            Ray::Left => blocked += 1,
            Ray::Edge(_) | Ray::Nothing => {}
        }
    }
    let total = sectors.len() - blocked;
    if edges.is_empty() {
        return Rim {
            sectors: total,
            ..Rim::default()
        };
    }
    edges.sort_by(f64::total_cmp);
    // The outermost distance that several sectors share: a carved outline cuts the tusk further in, at many.
    let near = TOLERANCE * side;
    let sharing = |r: f64| edges.iter().filter(|e| (**e - r).abs() < near).count();
    let most = edges.iter().map(|e| sharing(*e)).max().unwrap_or(0);
    let radius = edges
        .iter()
        .copied()
        .filter(|e| sharing(*e) * 3 >= most * 2)
        .fold(0.0, f64::max);
    let mut off: Vec<f64> = edges.iter().map(|e| (e - radius).abs()).collect();
    off.sort_by(f64::total_cmp);
    let agreeing = sharing(radius);
    Rim {
        sectors: total,
        met: edges.len() as f64 / total as f64,
        agreeing,
        uneven: off[off.len() / 2] / side,
        beyond: (radius - outermost) / side,
    }
}

/// What a ray outward came to.
enum Ray {
    Edge(f64),
    Left,
    Nothing,
}

/// Distance from the centre at which the light along the ray first leaves what it was inside the window.
fn first_edge(comparison: &Comparison, spot: &Spot, level: &Level, side: f64, until: f64) -> Ray {
    const STEP: f64 = 1.0 / 28.0;
    let light = &level.light;
    let sample = |r: f64| -> Option<f64> {
        // Mean over a short arc, so that the lattice itself averages out.
        let mut sum = 0.0;
        for i in -4..=4 {
            let bearing = spot.bearing + f64::from(i) * 0.035 * side / r.max(side);
            let at = comparison.picture(bearing, r);
            let (x, y) = (at[0] / level.scale - 0.5, at[1] / level.scale - 0.5);
            if x < 0.0 || y < 0.0 {
                return None;
            }
            let (x, y) = (x as usize, y as usize);
            if x + 1 >= light.width || y + 1 >= light.height {
                return None;
            }
            sum += f64::from(light.values[y * light.width + x]);
        }
        Some(sum / 9.0)
    };
    let step = STEP * side;
    let start = spot.r - 0.5 * side;
    let inside: Vec<f64> = (0..16)
        .filter_map(|i| sample(start + f64::from(i) * step))
        .collect();
    if inside.len() < 12 {
        return Ray::Left;
    }
    let mean = inside.iter().sum::<f64>() / inside.len() as f64;
    let spread =
        (inside.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / inside.len() as f64).sqrt();
    let limit = (4.0 * spread).max(0.07 * mean).max(4.0);
    let mut run = 0;
    let mut r = start + 16.0 * step;
    while r < until {
        let Some(value) = sample(r) else {
            return Ray::Left;
        };
        if (value - mean).abs() > limit {
            run += 1;
            if run == 3 {
                return Ray::Edge(r - 2.0 * step);
            }
        } else {
            run = 0;
        }
        r += step;
    }
    Ray::Nothing
}
