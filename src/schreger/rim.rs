//! The rim: does the lattice end, on its outer side, at an edge that runs round the same centre?

use crate::schreger::fit::Comparison;
use crate::schreger::light::Level;
use crate::schreger::zone::Spot;

/// What lies beyond the outermost windows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Rim {
    /// Sectors of the outermost windows that were followed outward.
    pub(crate) sectors: usize,
    /// Share of them in which an edge was met.
    pub(crate) met: f64,
    /// Scatter (median absolute deviation) of the edge's distance from the centre, in window sides.
    pub(crate) uneven: f64,
    /// Median distance of the edge from the centre, extents of the fit; 0 where none was met.
    pub(crate) radius: f64,
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
    sectors.retain(|s| s.1.r > outermost - 1.5 * side);
    let mut edges = Vec::new();
    for (_, spot) in &sectors {
        if let Some(edge) = first_edge(comparison, spot, level, side) {
            edges.push(edge);
        }
    }
    let total = sectors.len();
    if edges.is_empty() {
        return Rim {
            sectors: total,
            ..Rim::default()
        };
    }
    edges.sort_by(f64::total_cmp);
    let radius = edges[edges.len() / 2];
    let mut off: Vec<f64> = edges.iter().map(|e| (e - radius).abs()).collect();
    off.sort_by(f64::total_cmp);
    Rim {
        sectors: total,
        met: edges.len() as f64 / total as f64,
        uneven: off[off.len() / 2] / side,
        radius,
    }
}

/// Distance from the centre at which the light along the ray first leaves what it was inside the window.
fn first_edge(comparison: &Comparison, spot: &Spot, level: &Level, side: f64) -> Option<f64> {
    const STEPS: i32 = 64;
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
    let step = 2.2 * side / f64::from(STEPS);
    let start = spot.r - 0.5 * side;
    let inside: Vec<f64> = (0..16)
        .filter_map(|i| sample(start + f64::from(i) * step))
        .collect();
    if inside.len() < 12 {
        return None;
    }
    let mean = inside.iter().sum::<f64>() / inside.len() as f64;
    let spread = (inside.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / inside.len() as f64).sqrt();
    let limit = (4.0 * spread).max(0.07 * mean).max(4.0);
    let mut run = 0;
    for i in 16..STEPS {
        let r = start + f64::from(i) * step;
        let value = sample(r)?;
        if (value - mean).abs() > limit {
            run += 1;
            if run == 3 {
                return Some(r - 2.0 * step);
            }
        } else {
            run = 0;
        }
    }
    None
}
