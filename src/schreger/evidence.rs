//! What a reading rests on, for drawing and for study.

use crate::schreger::config::OuterZoneConfig;
use crate::schreger::fit::Comparison;
use crate::schreger::fitted::FittedLattice;
use crate::schreger::oval::OvalFit;
use crate::schreger::polar_window::{PolarWindow, polar_windows};
use crate::schreger::pyramid::Level;
use crate::schreger::rim::Rim;
use crate::schreger::uncertainty::ErrorTerms;
use crate::schreger::vector::{Vector, norm, subtract};
use crate::schreger::window::{LatticeWindow, SIDE};
use crate::schreger::zone::OutermostZone;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Share of the radial range inside the outermost zone over which periods are taken.
const PERIODS_FROM: f64 = 0.3;
/// Most log odds that are told.
const MOST_LOG_ODDS: f64 = 1e3;

/// One window that carried the lattice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WindowEvidence {
    /// Centre, pixels of the picture.
    pub centre: [f64; 2],
    /// Wave vectors of the two families, cycles per pixel.
    pub wave_vectors: [[f64; 2]; 2],
    /// Schreger angle about the fitted centre, degrees.
    pub angle_deg: f64,
    /// Direction away from the fitted centre in the picture, radians clockwise from the right.
    pub outward: f64,
    /// Whether the window lies in the outermost zone.
    pub outermost: bool,
}

/// Radii of the visible lattice, pixels from the fitted centre.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Radii {
    /// Inner end.
    pub inner: f64,
    /// Outer end.
    pub outer: f64,
    /// Inner limit of the outermost zone.
    pub zone: f64,
}

/// What a reading rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// Windows that carried the lattice.
    pub windows: Vec<WindowEvidence>,
    /// Side of a window, pixels.
    pub window_side: f64,
    /// Mean angle of the outermost zone under the best orientation, degrees.
    pub angle_deg: f64,
    /// Its standard error, degrees.
    pub standard_error_deg: f64,
    /// Terms of the standard error.
    pub error_terms: ErrorTerms,
    /// Fitted centre of the tusk, pixels (may lie far outside).
    pub centre: [f64; 2],
    /// Where the visible lattice ends.
    pub radii: Radii,
    /// Outer and inner end of the outermost zone over the bearings seen, lines through pixels of
    /// the picture.
    pub zone_outline: [Vec<[f64; 2]>; 2],
    /// Tangential and radial period in the outermost zone, pixels.
    pub periods: [f64; 2],
    /// Tangential periods round the fitted centre.
    pub periods_round: f64,
    /// Radial periods over the visible range.
    pub radial_periods: f64,
    /// Area of the windows over the visible radial range, window sides: how broad the lattice is
    /// seen.
    pub breadth: f64,
    /// Log odds of the orientation, at most 1000.
    pub log_odds_orientation: f64,
    /// Log odds against straight lines.
    pub log_odds_curved: f64,
    /// Relative scatter of the wave vectors about the fit.
    pub scatter: f64,
    /// The same about straight lines.
    pub scatter_straight: f64,
    /// Median contrast of the two families together.
    pub contrast: f64,
    /// Whether the lattice ends outward at an edge round the same centre.
    pub outer_zone: bool,
    /// What lies beyond the outermost windows.
    pub rim: Rim,
    /// Log stretch that the fit gives to tilt or an oblique cut.
    pub log_stretch: f64,
    /// Change of the angle over the visible radial range, degrees.
    pub angle_gain_deg: f64,
    /// Share of the windows in which the fitted radial bisector is the same one.
    pub agreement: f64,
    /// The fit itself, by which the section is unwrapped.
    pub fitted: FittedLattice,
}

impl Evidence {
    /// Gathers what the windows of one level say under a fit; `None` where too few are left for an
    /// outermost zone.
    pub(crate) fn gather(
        comparison: &Comparison,
        lattice: &[LatticeWindow],
        level: &Level,
        config: &OuterZoneConfig,
    ) -> Option<Self> {
        let frame = &comparison.frame;
        let side = SIDE as f64 * level.scale;
        let parameters = &comparison.best.parameters;
        let round = OvalFit::round(comparison)?;
        let windows = polar_windows(frame, &round.parameters.polar(), lattice);
        let zone = OutermostZone::new(&windows, side / frame.extent, frame.independent_share)?;
        let rim = Rim::find(comparison, &windows, level, side);
        let error = ErrorTerms::new(comparison, &round, lattice, &windows, &zone, side);
        let range = (zone.length() * frame.extent).max(1e-6);
        // An independent window covers half its square.
        let area = 0.5 * side * side * frame.independent_share * lattice.len() as f64;
        let periods = periods(lattice, &windows, &zone);
        let share = comparison.best.sum_is_radial;
        let point = |bearing, radius| comparison.picture_point(bearing, radius);
        Some(Self {
            windows: window_evidence(point, lattice, &windows, &zone),
            window_side: side,
            angle_deg: zone.angle_deg,
            standard_error_deg: error.total(),
            error_terms: error,
            centre: comparison.picture_point(0.0, 0.0),
            radii: Radii {
                inner: zone.range.0 * frame.extent,
                outer: zone.range.1 * frame.extent,
                zone: zone.from * frame.extent,
            },
            zone_outline: [zone.range.1, zone.from].map(|r| arc(point, &windows, r)),
            periods,
            periods_round: TAU * zone.range.1 * frame.extent / periods[0],
            radial_periods: range / periods[1],
            breadth: area / (range * side),
            log_odds_orientation: comparison.log_odds_orientation.min(MOST_LOG_ODDS),
            log_odds_curved: comparison.log_odds_curved,
            scatter: comparison.scatter,
            scatter_straight: comparison.scatter_straight,
            contrast: median(lattice.iter().map(|w| f64::from(w.contrast()))),
            outer_zone: rim.shows_outer_zone(config),
            rim,
            log_stretch: norm(parameters.log_stretch),
            angle_gain_deg: zone.slope * zone.length(),
            agreement: share.max(1.0 - share),
            fitted: FittedLattice::new(frame, round.parameters),
        })
    }

    /// The same with the angle read again from a section that need not be round.
    pub(crate) fn of_any_outline(self, comparison: &Comparison, lattice: &[LatticeWindow]) -> Self {
        self.read_again(comparison, lattice).unwrap_or(self)
    }

    fn read_again(&self, comparison: &Comparison, lattice: &[LatticeWindow]) -> Option<Self> {
        let (frame, side) = (&comparison.frame, self.window_side);
        let oval = OvalFit::new(comparison)?;
        let polar = oval.parameters.polar();
        let windows = polar_windows(frame, &polar, lattice);
        let zone = OutermostZone::new(&windows, side / frame.extent, frame.independent_share)?;
        let error = ErrorTerms::new(comparison, &oval, lattice, &windows, &zone, side);
        let point = |bearing, radius| frame.to_picture(polar.position(bearing, radius));
        Some(Self {
            windows: window_evidence(point, lattice, &windows, &zone),
            angle_deg: zone.angle_deg,
            standard_error_deg: error.total(),
            error_terms: error,
            centre: point(0.0, 0.0),
            fitted: FittedLattice::new(frame, oval.parameters),
            zone_outline: [zone.range.1, zone.from].map(|r| arc(point, &windows, r)),
            ..self.clone()
        })
    }
}

/// `point` is the point of the picture at a bearing and a radius.
fn window_evidence(
    point: impl Fn(f64, f64) -> Vector,
    lattice: &[LatticeWindow],
    windows: &[PolarWindow],
    zone: &OutermostZone,
) -> Vec<WindowEvidence> {
    (lattice.iter().zip(windows))
        .map(|(found, window)| {
            let ahead = point(window.bearing, window.radius + 0.05);
            let here = point(window.bearing, window.radius);
            let [x, y] = subtract(ahead, here);
            WindowEvidence {
                centre: found.centre,
                wave_vectors: found.wave_vectors,
                angle_deg: window.angle_deg,
                outward: y.atan2(x),
                outermost: window.radius >= zone.from,
            }
        })
        .collect()
}

/// Median tangential and radial period about the outermost zone, pixels.
fn periods(lattice: &[LatticeWindow], windows: &[PolarWindow], zone: &OutermostZone) -> [f64; 2] {
    let from = zone.from - PERIODS_FROM * zone.length();
    let outer = || (lattice.iter().zip(windows)).filter(|(_, window)| window.radius > from);
    let period = |part: fn(f64) -> f64| {
        let periods = outer().map(|(found, window)| {
            let wave_number = 0.5 * found.wave_vectors.iter().map(|k| norm(*k)).sum::<f64>();
            1.0 / (wave_number * part((window.angle_deg / 2.0).to_radians())).max(1e-9)
        });
        median(periods)
    };
    [period(f64::cos), period(f64::sin)]
}

/// The circle of a radius (extents) over the bearings of the windows, as a line through the
/// picture.
fn arc(point: impl Fn(f64, f64) -> Vector, windows: &[PolarWindow], radius: f64) -> Vec<[f64; 2]> {
    let mut bearings: Vec<f64> = windows.iter().map(|window| window.bearing).collect();
    bearings.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (bearings.first().copied(), bearings.last().copied()) else {
        return Vec::new();
    };
    // The arc begins after the widest gap, which may lie across the cut at 180 degrees.
    let (mut gap, mut start) = (first + TAU - last, first);
    for pair in bearings.windows(2) {
        if pair[1] - pair[0] > gap {
            gap = pair[1] - pair[0];
            start = pair[1];
        }
    }
    (0..=64)
        .map(|i| start + (TAU - gap) * f64::from(i) / 64.0)
        .map(|bearing| point(bearing, radius))
        .collect()
}

/// The middle value, the upper one of an even number; 0 of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
impl Evidence {
    /// What a sound section shows: mammoth, frontal, a broad field.
    pub(crate) fn sound() -> Self {
        Self {
            windows: Vec::new(),
            window_side: 64.0,
            angle_deg: 74.0,
            standard_error_deg: 2.0,
            error_terms: ErrorTerms::default(),
            centre: [0.0; 2],
            radii: Radii {
                inner: 200.0,
                outer: 500.0,
                zone: 455.0,
            },
            zone_outline: [Vec::new(), Vec::new()],
            periods: [10.0, 13.0],
            periods_round: 300.0,
            radial_periods: 23.0,
            breadth: 5.0,
            log_odds_orientation: 200.0,
            log_odds_curved: 200.0,
            scatter: 0.02,
            scatter_straight: 0.1,
            contrast: 0.06,
            outer_zone: true,
            rim: Rim::default(),
            log_stretch: 0.02,
            angle_gain_deg: 20.0,
            agreement: 1.0,
            fitted: FittedLattice::default(),
        }
    }
}
