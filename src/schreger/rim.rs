//! The rim: does the lattice end, on its outer side, at an edge that runs round the same centre?
//!
//! Rays end at their edge, so they are sampled one by one: all together 0.6 % of a reading's time. A
//! warp to polar coordinates (`imageproc`) would lay out every ray to its end.

use crate::schreger::config::OuterZoneConfig;
use crate::schreger::fit::Comparison;
use crate::schreger::polar_window::PolarWindow;
use crate::schreger::pyramid::Level;
use crate::schreger::vector::Vector;
use serde::{Deserialize, Serialize};

/// Edges within this share of a window side lie at the same distance.
const TOLERANCE: f64 = 0.12;
/// Rays are followed this far beyond the outermost window, window sides.
const BEYOND: f64 = 1.3;
/// Edges farther inside than this are not the rim's, window sides from the outermost window.
const INSIDE: f64 = 0.4;
/// Distance between the samples of a ray, window sides.
const STEP: f64 = 1.0 / 28.0;
/// Samples of a ray inside the window, and how many of them must lie in the picture.
const INNER_SAMPLES: i32 = 16;
const LEAST_INNER_SAMPLES: usize = 12;
/// Samples in a row that must differ from those inside for an edge.
const RUN: usize = 3;
/// Half the samples of the arc over which light is averaged, and the distance between two, window
/// sides.
const ARC: i32 = 4;
const ARC_STEP: f64 = 0.035;

/// What lies beyond the outermost windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rim {
    /// Sectors followed outward without leaving the picture.
    pub sectors: usize,
    /// Share of them in which an edge was met, 0 to 1.
    pub met: f64,
    /// Median distance of all edges from the rim, window sides.
    pub uneven: f64,
    /// Sectors whose edges lie at the rim's distance from the centre.
    pub agreeing: usize,
    /// How far the edge lies beyond the outermost window's centre, window sides.
    pub beyond: f64,
}

impl Rim {
    /// Follows rays outward from the outermost windows. `side` is the window's side in pixels of
    /// the picture.
    pub(crate) fn find(
        comparison: &Comparison,
        windows: &[PolarWindow],
        level: &Level,
        side: f64,
    ) -> Self {
        let side = side / comparison.frame.extent;
        let outermost = windows.iter().map(|w| w.radius).fold(0.0, f64::max);
        // A sector is as wide as half a window at the outermost radius.
        let sectors = sectors(windows, (0.5 * side / outermost).max(1e-6));
        let rays = sectors.iter().map(|window| {
            let ray = Ray {
                comparison,
                level,
                side,
                bearing: window.bearing,
            };
            ray.first_edge(window.radius, outermost + BEYOND * side)
        });
        let (mut edges, mut followed) = (Vec::new(), 0);
        for end in rays {
            followed += usize::from(!matches!(end, RayEnd::Left));
            match end {
                RayEnd::Edge(radius) if radius > outermost - INSIDE * side => edges.push(radius),
                _ => {}
            }
        }
        Self::of_edges(edges, followed, outermost, side)
    }

    /// The outermost distance that several sectors share: a carved outline cuts the tusk further
    /// in, at many.
    fn of_edges(mut edges: Vec<f64>, sectors: usize, outermost: f64, side: f64) -> Self {
        edges.sort_by(f64::total_cmp);
        let sharing = |r: f64| {
            (edges.iter())
                .filter(|e| (**e - r).abs() < TOLERANCE * side)
                .count()
        };
        let Some(most) = edges.iter().map(|e| sharing(*e)).max() else {
            return Self {
                sectors,
                ..Self::default()
            };
        };
        let radius = (edges.iter().copied())
            .filter(|e| sharing(*e) * 3 >= most * 2)
            .fold(0.0, f64::max);
        let mut off: Vec<f64> = edges.iter().map(|e| (e - radius).abs()).collect();
        off.sort_by(f64::total_cmp);
        Self {
            sectors,
            met: edges.len() as f64 / sectors as f64,
            agreeing: sharing(radius),
            uneven: off[off.len() / 2] / side,
            beyond: (radius - outermost) / side,
        }
    }

    /// Whether the edge is one that shows the tusk's outer zone.
    pub(crate) fn shows_outer_zone(&self, config: &OuterZoneConfig) -> bool {
        self.agreeing >= config.least_sectors
            && self.agreeing as f64 >= config.least_share * self.sectors as f64
            && self.beyond > config.least_beyond
    }
}

/// The outermost window of each sector of `width` radians, in the order in which the sectors are
/// met.
fn sectors(windows: &[PolarWindow], width: f64) -> Vec<PolarWindow> {
    let mut sectors: Vec<(i32, PolarWindow)> = Vec::new();
    for window in windows {
        let sector = (window.bearing / width).floor() as i32;
        match sectors.iter_mut().find(|held| held.0 == sector) {
            Some(held) if held.1.radius < window.radius => held.1 = *window,
            Some(_) => {}
            None => sectors.push((sector, *window)),
        }
    }
    sectors.into_iter().map(|(_, window)| window).collect()
}

/// What a ray outward came to.
enum RayEnd {
    /// An edge at this distance from the axis, extents.
    Edge(f64),
    /// The picture's end.
    Left,
    /// Neither.
    Nothing,
}

/// A ray outward from the tusk's axis.
struct Ray<'a> {
    comparison: &'a Comparison,
    level: &'a Level,
    /// Side of a window, extents.
    side: f64,
    /// Radians.
    bearing: f64,
}

impl Ray<'_> {
    /// Distance from the axis at which the light along the ray first leaves what it was inside the
    /// window at `radius`.
    fn first_edge(&self, radius: f64, until: f64) -> RayEnd {
        let step = STEP * self.side;
        let start = radius - 0.5 * self.side;
        let inside: Vec<f64> = (0..INNER_SAMPLES)
            .filter_map(|i| self.light(start + f64::from(i) * step))
            .collect();
        if inside.len() < LEAST_INNER_SAMPLES {
            return RayEnd::Left;
        }
        let (mean, limit) = mean_and_limit(&inside);
        let mut run = 0;
        let mut r = start + f64::from(INNER_SAMPLES) * step;
        while r < until {
            let Some(light) = self.light(r) else {
                return RayEnd::Left;
            };
            run = if (light - mean).abs() > limit {
                run + 1
            } else {
                0
            };
            if run == RUN {
                return RayEnd::Edge(r - (RUN - 1) as f64 * step);
            }
            r += step;
        }
        RayEnd::Nothing
    }

    /// Mean luminance over a short arc, so that the lattice itself averages out; `None` outside
    /// the picture.
    fn light(&self, radius: f64) -> Option<f64> {
        let mut sum = 0.0;
        for i in -ARC..=ARC {
            let turn = f64::from(i) * ARC_STEP * self.side / radius.max(self.side);
            let point = self.comparison.picture_point(self.bearing + turn, radius);
            sum += self.luminance(point)?;
        }
        Some(sum / f64::from(2 * ARC + 1))
    }

    /// Luminance of the pixel of the level at a point of the picture.
    fn luminance(&self, point: Vector) -> Option<f64> {
        let light = &self.level.light;
        let [x, y] = point.map(|v| v / self.level.scale - 0.5);
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (x, y) = (x as usize, y as usize);
        (x + 1 < light.width && y + 1 < light.height)
            .then(|| f64::from(light.values[y * light.width + x]))
    }
}

/// Mean light inside the window, and how far light must differ from it to be of something else.
fn mean_and_limit(inside: &[f64]) -> (f64, f64) {
    let n = inside.len() as f64;
    let mean = inside.iter().sum::<f64>() / n;
    let spread = (inside.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    (mean, (4.0 * spread).max(0.07 * mean).max(4.0))
}
