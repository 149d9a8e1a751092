//! What is true of a rendered section.

use crate::camera::Development;
use crate::section::Section;
use crate::shot::Shape;
use crate::tusk::Taxon;
use std::f32::consts::{PI, TAU};

/// Pixels between the points at which visibility is judged.
const GRID: usize = 4;

/// Where the lattice is visible, on a coarse grid of the picture.
pub(crate) struct Visible {
    /// Radius (mm), bearing (radians) and contrast of each point, by radius.
    points: Vec<(f32, f32, f32)>,
    /// Points at the rim.
    at_rim: usize,
    /// Inner and outer end of the visible range, mm.
    low: f32,
    high: f32,
}

impl Visible {
    pub(crate) fn new(section: &Section) -> Self {
        let pattern = &section.pattern;
        let least = 0.35 * pattern.contrast * pattern.inner_factor.max(0.4);
        let (width, height) = section.shot.view.size;
        let mut points: Vec<(f32, f32, f32)> = Vec::new();
        for j in (0..height).step_by(GRID) {
            for i in (0..width).step_by(GRID) {
                let (x, y, r) = section.shot.section_point(i as f32, j as f32);
                let strength = section.strength((x, y, r));
                if strength > least && section.cover((x, y, r)) > 0.9 {
                    points.push((r, y.atan2(x), strength));
                }
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rim = section.tusk.rim;
        let quantile = |q: f32| {
            let i = (q * (points.len().max(1) - 1) as f32) as usize;
            points.get(i).map_or(rim, |point| point.0)
        };
        Self {
            at_rim: points.iter().filter(|point| point.0 > rim * 0.97).count(),
            low: quantile(0.01),
            high: quantile(0.995),
            points,
        }
    }

    /// Mean Schreger angle over the outer share `depth` of the visible range.
    fn mean_angle(&self, section: &Section, depth: f32) -> f32 {
        const STEPS: i32 = 50;
        let from = self.high - depth * (self.high - self.low);
        let angle = |i| from + (self.high - from) * (i as f32 + 0.5) / STEPS as f32;
        (0..STEPS)
            .map(|i| section.tusk.angle(angle(i)))
            .sum::<f32>()
            / STEPS as f32
    }

    /// Angle at the tusk's axis over which the lattice extends, degrees.
    fn span(&self) -> f32 {
        let turns: (f32, f32) =
            (self.points.iter()).fold((0.0, 0.0), |(c, s), v| (c + v.1.cos(), s + v.1.sin()));
        let centre = turns.1.atan2(turns.0);
        let mut bearings: Vec<f32> = (self.points.iter())
            .map(|v| ((v.1 - centre + PI).rem_euclid(TAU) - PI).abs())
            .collect();
        bearings.sort_by(f32::total_cmp);
        bearings
            .get(bearings.len() * 95 / 100)
            .map_or(0.0, |b| 2.0 * b.to_degrees())
    }

    /// Mean contrast in the outer three tenths of the visible range.
    fn outer_contrast(&self) -> f32 {
        let from = self.high - 0.3 * (self.high - self.low);
        let outer = || self.points.iter().filter(|v| v.0 > from);
        outer().map(|v| v.2).sum::<f32>() / outer().count().max(1) as f32
    }
}

/// What is true of a rendered section.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) taxon: Taxon,
    pub(crate) shape: Shape,
    /// Mean Schreger angle over the outermost 15 % of the radial range in which the lattice is
    /// visible.
    pub(crate) angle_deg: f32,
    /// Schreger angle at the outer end of the visible range, and mean over its outer third.
    pub(crate) rim_angle_deg: f32,
    pub(crate) third_angle_deg: f32,
    pub(crate) outer_zone: bool,
    pub(crate) tilt_deg: f32,
    pub(crate) oblique_deg: f32,
    /// Pixels per shortest lattice period (the smaller of tangential and radial) in the outer
    /// zone.
    pub(crate) px_per_period: f32,
    /// Michelson contrast in the outer zone before blur and compression.
    pub(crate) contrast: f32,
    /// Angle over which the lattice extends, seen from the tusk's centre, degrees.
    pub(crate) span_deg: f32,
    /// Distance from the tusk's axis at which the visible lattice ends, in pixels of a frontal
    /// view.
    pub(crate) outer_radius_px: f32,
    /// Visible lattice, in squares of the shortest period.
    pub(crate) cells: f32,
    pub(crate) blur: f32,
    pub(crate) jpeg: u8,
}

impl Truth {
    pub(crate) fn new(section: &Section, visible: &Visible, development: &Development) -> Self {
        let (tusk, shot) = (&section.tusk, &section.shot);
        let px_per_mm = shot.view.px_per_mm;
        let angle_deg = visible.mean_angle(section, 0.15);
        let tangential = TAU * visible.high / tusk.periods;
        let radial = tangential / (angle_deg.to_radians() / 2.0).tan();
        let px_per_period = tangential.min(radial) * px_per_mm;
        Self {
            taxon: tusk.taxon,
            shape: section.shape,
            angle_deg,
            rim_angle_deg: tusk.angle(visible.high),
            third_angle_deg: visible.mean_angle(section, 1.0 / 3.0),
            outer_zone: visible.at_rim as f32 * 4.0 > 40.0 && visible.high > 0.97 * tusk.rim,
            tilt_deg: shot.view.tilt_deg,
            oblique_deg: shot.oblique_deg,
            px_per_period,
            contrast: visible.outer_contrast(),
            span_deg: visible.span(),
            outer_radius_px: visible.high * px_per_mm,
            cells: visible.points.len() as f32 * 16.0 / px_per_period.powi(2),
            blur: development.blur,
            jpeg: development.jpeg,
        }
    }
}
