//! What is said about a photograph, in the contract's words, and what it rests on.

use crate::schreger::fit::Comparison;
use crate::schreger::lattice::Node;
use crate::schreger::rim::Rim;
use crate::schreger::species::{self, Species};
use crate::schreger::uncertainty::Terms;
use crate::schreger::zone::{Outermost, Spot};
use serde::{Deserialize, Serialize};

/// How the reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A lattice was found and its angle measured, perhaps without orientation.
    Measured,
    /// The picture shows no Schreger lattice.
    NoLattice,
    /// Something crosses, but too few pixels or periods show it.
    NotResolvable,
    /// The picture was not asked about.
    NotApplicable,
}

impl Status {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::NoLattice => "no_lattice",
            Self::NotResolvable => "not_resolvable",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Whether the radial direction is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// The bisector that points to the tusk's axis is known.
    Radial,
    /// Either bisector may be radial.
    Unknown,
}

impl Orientation {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Radial => "radial",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a reading is not more than it is. Stable values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The short side is below the smallest that is read.
    PictureTooSmall,
    /// No window shows two crossing families above the local spectrum.
    NoCrossingPeaks,
    /// The families run on over too few windows.
    TooFewPeriods,
    /// The lines are straight and evenly spaced: printed, engraved, knurled or woven.
    StraightLattice,
    /// The families do not belong to one centre.
    NoCommonCentre,
    /// The pattern is stronger than ivory shows.
    ContrastTooStrong,
    /// The pattern is too faint to be told from noise.
    ContrastTooWeak,
    /// The shortest period has too few pixels.
    PeriodTooShort,
    /// The fit needs more tilt than a readable photograph has.
    TooOblique,
    /// The angle lies outside what ivory shows.
    AngleOutOfRange,
    /// The angle falls away from the centre, where a tusk's grows.
    AngleFallsOutward,
    /// The radial direction could not be told from the tangential one.
    OrientationUnknown,
    /// The outer zone of the tusk is not shown.
    OuterZoneNotShown,
    /// The angle lies where elephant and mammoth overlap.
    AngleInOverlap,
}

impl Reason {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PictureTooSmall => "picture_too_small",
            Self::NoCrossingPeaks => "no_crossing_peaks",
            Self::TooFewPeriods => "too_few_periods",
            Self::StraightLattice => "straight_lattice",
            Self::NoCommonCentre => "no_common_centre",
            Self::ContrastTooStrong => "contrast_too_strong",
            Self::ContrastTooWeak => "contrast_too_weak",
            Self::PeriodTooShort => "period_too_short",
            Self::TooOblique => "too_oblique",
            Self::AngleOutOfRange => "angle_out_of_range",
            Self::AngleFallsOutward => "angle_falls_outward",
            Self::OrientationUnknown => "orientation_unknown",
            Self::OuterZoneNotShown => "outer_zone_not_shown",
            Self::AngleInOverlap => "angle_in_overlap",
        }
    }
}

/// Limits of the reader. The defaults are those that the published results were made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Least short side of a picture, pixels.
    pub smallest_side: u32,
    /// Windows looked at per level to begin with.
    pub gate_windows: usize,
    /// Most windows looked at on a level when a lattice is followed.
    pub most_windows: usize,
    /// Distance between followed windows, pixels of the level.
    pub stride: usize,
    /// Seeds followed per level.
    pub seeds_per_level: usize,
    /// Least significance of both peaks of a seed.
    pub seed_significance: f32,
    /// Least significance of both peaks of a followed window.
    pub least_significance: f32,
    /// The same for windows found from the fit's prediction alone.
    pub gathered_significance: f32,
    /// Least contrast of the stronger family, 0.01 is one per cent.
    pub least_amplitude: f32,
    /// Least crossing angle of a seed's wave vectors, degrees.
    pub least_crossing_deg: f32,
    /// Least number of independent windows.
    pub least_independent_windows: f64,
    /// Most relative scatter of wave vectors about the fit.
    pub most_scatter: f64,
    /// The same where the curvature is beyond doubt, and the log odds that put it there.
    pub most_scatter_curved: f64,
    /// See `most_scatter_curved`.
    pub beyond_doubt: f64,
    /// Most distance of a window's wave vectors from the fit, units of the scatter.
    pub most_misfit: f64,
    /// Lattices followed per picture and judged in turn.
    pub candidates: usize,
    /// Least significance in every window of a lattice too small to fit, for the picture to be worth a closer one.
    pub clear_significance: f32,
    /// Least and most contrast of the two families together.
    pub contrast: [f64; 2],
    /// Angles from here on, degrees, are beyond the mean of any measured tusk (143, Espinoza and Mann 1993) and common in
    /// bead mouldings and knurling: they are believed only of a pattern as faint and as fine as ivory's.
    pub rare_angle: f64,
    /// Most contrast of a pattern with a rare angle.
    pub rare_contrast: f64,
    /// Least tangential periods round the centre of a pattern with a rare angle; tusks have 150 to 500.
    pub rare_periods_round: f64,
    /// Least shortest period, pixels.
    pub least_period: f64,
    /// Least number of radial periods seen: rows of beads round a frame have three or four.
    pub least_radial_periods: f64,
    /// Least breadth of the lattice across its radial range, window sides: a narrow strip of windows bends to any centre.
    pub least_breadth: f64,
    /// Least change of the angle outward, degrees; a tusk's grows (Palombo and Villa 2001), up to the error of reading it.
    pub least_angle_gain: f64,
    /// Most log stretch of the fit.
    pub most_stretch: f64,
    /// Least log odds against straight lines for a lattice whose orientation stays open.
    pub least_log_odds_curved_unoriented: f64,
    /// Least log odds against straight lines.
    pub least_log_odds_curved: f64,
    /// Most scatter about the fit relative to that about straight lines, with and without orientation.
    pub most_relative_scatter: [f64; 2],
    /// Most tangential periods round the fitted centre; tusks have 150 to 500.
    pub most_periods_round: f64,
    /// Least log odds for the orientation.
    pub least_log_odds_orientation: f64,
    /// Factor on the standard error that makes the 90 % interval cover: 1.645 where the terms were complete; set to what
    /// covered on cases of both generators, seeds 3001 and 101.
    pub interval_factor: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            smallest_side: 96,
            gate_windows: 220,
            most_windows: 1200,
            stride: 20,
            seeds_per_level: 10,
            seed_significance: 14.0,
            least_significance: 6.0,
            gathered_significance: 9.0,
            least_amplitude: 0.004,
            least_crossing_deg: 22.0,
            least_independent_windows: 3.0,
            most_scatter: 0.05,
            most_scatter_curved: 0.07,
            beyond_doubt: 80.0,
            most_misfit: 5.0,
            candidates: 6,
            clear_significance: 40.0,
            contrast: [0.0045, 0.4],
            rare_angle: 144.0,
            rare_contrast: 0.08,
            rare_periods_round: 140.0,
            least_period: 5.65,
            least_radial_periods: 4.7,
            least_breadth: 1.1,
            least_angle_gain: -9.0,
            most_stretch: 0.32,
            least_log_odds_curved: 22.0,
            most_periods_round: 1000.0,
            most_relative_scatter: [0.45, 0.6],
            least_log_odds_curved_unoriented: 18.0,
            least_log_odds_orientation: 22.0,
            interval_factor: 1.55,
        }
    }
}

/// The reading, field by field as the record's contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// How the reading ended.
    pub status: Status,
    /// Mean Schreger angle of the outermost zone seen, degrees 0..180; `None` without orientation.
    pub angle_deg: Option<f64>,
    /// 90 % interval of `angle_deg`, or of `folded_angle_deg` without orientation, degrees.
    pub ci90_deg: Option<[f64; 2]>,
    /// The smaller of the angle and 180 less the angle, degrees 0..90.
    pub folded_angle_deg: Option<f64>,
    /// Whether the radial direction is known.
    pub orientation: Orientation,
    /// Whose ivory the angle speaks for.
    pub species: Species,
    /// Base 10 logarithm of the likelihood ratio, -2..2; `None` without orientation.
    pub log10_lr_elephant_vs_mammoth: Option<f64>,
    /// Windows that carried the lattice.
    pub windows: usize,
    /// Why the reading is not more than it is.
    pub reasons: Vec<Reason>,
}

impl Reading {
    /// A reading without a measurement.
    pub fn without(status: Status, reasons: Vec<Reason>) -> Self {
        Self {
            status,
            angle_deg: None,
            ci90_deg: None,
            folded_angle_deg: None,
            orientation: Orientation::Unknown,
            species: Species::Undecided,
            log10_lr_elephant_vs_mammoth: None,
            windows: 0,
            reasons,
        }
    }

    pub(crate) fn conclude(evidence: &Evidence, config: &Config) -> Self {
        let rejected = evidence.rejection(config);
        if evidence.periods[0].min(evidence.periods[1]) < config.least_period && rejected.is_empty()
        {
            return Self {
                windows: evidence.windows.len(),
                ..Self::without(Status::NotResolvable, vec![Reason::PeriodTooShort])
            };
        }
        if !rejected.is_empty() {
            return Self {
                windows: evidence.windows.len(),
                ..Self::without(Status::NoLattice, rejected)
            };
        }
        let angle = evidence.angle_deg;
        let folded = angle.min(180.0 - angle);
        let half = config.interval_factor * evidence.standard_error_deg;
        let mut reasons = Vec::new();
        let oriented = evidence.log_odds_orientation >= config.least_log_odds_orientation
            && evidence.log_odds_curved >= config.least_log_odds_curved
            && evidence.scatter[0] <= config.most_relative_scatter[0] * evidence.scatter[1];
        if !oriented {
            reasons.push(Reason::OrientationUnknown);
            return Self {
                status: Status::Measured,
                ci90_deg: Some([(folded - half).max(0.0), (folded + half).min(90.0)]),
                folded_angle_deg: Some(folded),
                windows: evidence.windows.len(),
                ..Self::without(Status::Measured, reasons)
            };
        }
        let named = species::name(angle, evidence.standard_error_deg, evidence.outer_zone);
        if named == Species::Undecided {
            reasons.push(if evidence.outer_zone {
                Reason::AngleInOverlap
            } else {
                Reason::OuterZoneNotShown
            });
        }
        Self {
            status: Status::Measured,
            angle_deg: Some(angle),
            ci90_deg: Some([(angle - half).max(0.0), (angle + half).min(180.0)]),
            folded_angle_deg: Some(folded),
            orientation: Orientation::Radial,
            species: named,
            log10_lr_elephant_vs_mammoth: Some(species::log10_likelihood_ratio(
                angle,
                evidence.standard_error_deg,
                evidence.outer_zone,
            )),
            windows: evidence.windows.len(),
            reasons,
        }
    }
}

/// One window that carried the lattice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WindowEvidence {
    /// Centre, pixels of the picture.
    pub at: [f64; 2],
    /// Wave vectors of the two families, cycles per pixel.
    pub wave_vectors: [[f64; 2]; 2],
    /// Schreger angle about the fitted centre, degrees.
    pub angle_deg: f64,
    /// Direction away from the fitted centre in the picture, radians clockwise from the right.
    pub outward: f64,
    /// Whether the window lies in the outermost zone.
    pub outermost: bool,
}

/// What a reading rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Windows that carried the lattice.
    pub windows: Vec<WindowEvidence>,
    /// Side of a window, pixels.
    pub window_side: f64,
    /// Mean angle of the outermost zone under the best orientation, degrees.
    pub angle_deg: f64,
    /// Its standard error, degrees.
    pub standard_error_deg: f64,
    /// Terms of the standard error: sampling, fit and tilt, zone; degrees.
    pub error_terms_deg: [f64; 3],
    /// Fitted centre of the tusk, pixels (may lie far outside).
    pub centre: [f64; 2],
    /// Inner and outer end of the visible lattice and inner limit of the outermost zone, pixels from the centre.
    pub radii: [f64; 3],
    /// Outer and inner end of the outermost zone over the bearings seen, lines through pixels of the picture.
    pub zone_outline: [Vec<[f64; 2]>; 2],
    /// Tangential and radial period in the outermost zone, pixels.
    pub periods: [f64; 2],
    /// Tangential periods round the fitted centre.
    pub periods_round: f64,
    /// Radial periods over the visible range.
    pub radial_periods: f64,
    /// Area of the windows over the visible radial range, window sides: how broad the lattice is seen.
    pub breadth: f64,
    /// Log odds of the orientation.
    pub log_odds_orientation: f64,
    /// Log odds against straight lines.
    pub log_odds_curved: f64,
    /// Relative scatter of the wave vectors about the fit, and about straight lines.
    pub scatter: [f64; 2],
    /// Median contrast of the two families together.
    pub contrast: f64,
    /// Whether the lattice ends outward at an edge round the same centre.
    pub outer_zone: bool,
    /// Sectors followed outward, sectors with an edge at the rim's distance, share with any edge, median distance of the
    /// edges from the rim and of the rim from the outermost window, both in window sides.
    pub rim: [f64; 5],
    /// Log stretch that the fit gives to tilt or an oblique cut.
    pub log_stretch: f64,
    /// Change of the angle over the visible radial range, degrees.
    pub angle_gain_deg: f64,
    /// Share of the windows in which the fitted radial bisector is the same one.
    pub agreement: f64,
}

/// The circle of radius `r` (extents) over the bearings of the spots, as a line through the picture.
fn arc(comparison: &Comparison, spots: &[Spot], r: f64) -> Vec<[f64; 2]> {
    let mut bearings: Vec<f64> = spots.iter().map(|s| s.bearing).collect();
    bearings.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (bearings.first().copied(), bearings.last().copied()) else {
        return Vec::new();
    };
    // The arc begins after the widest gap, which may lie across the cut at 180 degrees.
    let turn = std::f64::consts::TAU;
    let (mut gap, mut start) = (first + turn - last, first);
    for pair in bearings.windows(2) {
        if pair[1] - pair[0] > gap {
            gap = pair[1] - pair[0];
            start = pair[1];
        }
    }
    (0..=64)
        .map(|i| comparison.picture(start + (turn - gap) * f64::from(i) / 64.0, r))
        .collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

impl Evidence {
    pub(crate) fn gather(
        comparison: &Comparison,
        nodes: &[Node],
        spots: &[Spot],
        zone: &Outermost,
        rim: &Rim,
        error: Terms,
        scale: f64,
    ) -> Self {
        let extent = comparison.frame.extent;
        let windows = nodes
            .iter()
            .zip(spots)
            .map(|(node, spot)| {
                let ahead = comparison.picture(spot.bearing, spot.r + 0.05);
                let here = comparison.picture(spot.bearing, spot.r);
                WindowEvidence {
                    at: node.at,
                    wave_vectors: node.k,
                    angle_deg: spot.angle,
                    outward: (ahead[1] - here[1]).atan2(ahead[0] - here[0]),
                    outermost: spot.r >= zone.from,
                }
            })
            .collect();
        let middle = comparison.picture(0.0, 0.0);
        let part = |radial: bool| {
            median(
                nodes
                    .iter()
                    .zip(spots)
                    .filter(|(_, s)| s.r > zone.from - 0.3 * (zone.range.1 - zone.range.0))
                    .map(|(n, s)| {
                        let k = 0.5 * n.k.iter().map(|k| k[0].hypot(k[1])).sum::<f64>();
                        let half = (s.angle / 2.0).to_radians();
                        1.0 / (k * if radial { half.sin() } else { half.cos() }).max(1e-9)
                    })
                    .collect(),
            )
        };
        let share = comparison.best.sum_is_radial;
        let side = crate::schreger::spectrum::SIDE as f64 * scale;
        let range = ((zone.range.1 - zone.range.0) * extent).max(1e-6);
        // An independent window covers half its square.
        let area = 0.5 * side * side * comparison.frame.share * nodes.len() as f64;
        let periods = [part(false), part(true)];
        Self {
            windows,
            window_side: side,
            angle_deg: zone.angle,
            standard_error_deg: error.total(),
            error_terms_deg: [error.sampling, error.fit, error.zone],
            centre: middle,
            radii: [
                zone.range.0 * extent,
                zone.range.1 * extent,
                zone.from * extent,
            ],
            zone_outline: [zone.range.1, zone.from].map(|r| arc(comparison, spots, r)),
            periods,
            periods_round: std::f64::consts::TAU * zone.range.1 * extent / periods[0],
            radial_periods: range / periods[1],
            breadth: area / (range * side),
            log_odds_orientation: comparison.log_odds_orientation.min(1e3),
            log_odds_curved: comparison.log_odds_curved,
            scatter: [comparison.scatter, comparison.scatter_straight],
            contrast: median(
                nodes
                    .iter()
                    .map(|n| f64::from(n.amplitude[0] + n.amplitude[1]))
                    .collect(),
            ),
            outer_zone: rim.agreeing >= 4
                && rim.agreeing as f64 >= 0.2 * rim.sectors as f64
                && rim.beyond > -0.3,
            rim: [
                rim.sectors as f64,
                rim.agreeing as f64,
                rim.met,
                rim.uneven,
                rim.beyond,
            ],
            log_stretch: comparison.best.parameters[6].hypot(comparison.best.parameters[7]),
            angle_gain_deg: zone.slope * (zone.range.1 - zone.range.0),
            agreement: share.max(1.0 - share),
        }
    }

    /// Reasons why what was followed is not a Schreger lattice; empty where nothing speaks against it.
    pub(crate) fn rejection(&self, config: &Config) -> Vec<Reason> {
        let mut reasons = Vec::new();
        // Perspective and a strong radial course loosen the fit; then the curvature must be beyond doubt.
        let loose = self.scatter[0] > config.most_scatter
            && !(self.scatter[0] <= config.most_scatter_curved
                && self.log_odds_curved >= config.beyond_doubt
                && self.angle_deg < 135.0);
        // Where the lines are surely curved but either bisector serves as well as radial, neither is.
        let torn = self.log_odds_orientation < 0.5 * self.log_odds_curved.min(60.0)
            && self.log_odds_curved > config.least_log_odds_curved;
        if loose || torn || self.agreement < 0.8 {
            reasons.push(Reason::NoCommonCentre);
        }
        if self.log_odds_curved < config.least_log_odds_curved_unoriented
            || self.scatter[0] > config.most_relative_scatter[1] * self.scatter[1]
            || self.periods_round > config.most_periods_round
        {
            reasons.push(Reason::StraightLattice);
        }
        let oriented = self.log_odds_orientation >= config.least_log_odds_orientation;
        // Without orientation "radial" and "outward" may be either way.
        let independent =
            2.0 * self.breadth * (self.radii[1] - self.radii[0]) / self.window_side.max(1e-9);
        if self.breadth < config.least_breadth
            || independent < config.least_independent_windows
            || (oriented && self.radial_periods < config.least_radial_periods)
        {
            reasons.push(Reason::TooFewPeriods);
        }
        if oriented && self.angle_gain_deg < config.least_angle_gain {
            reasons.push(Reason::AngleFallsOutward);
        }
        if self.contrast > config.contrast[1] {
            reasons.push(Reason::ContrastTooStrong);
        }
        if self.contrast < config.contrast[0] {
            reasons.push(Reason::ContrastTooWeak);
        }
        if self.log_stretch > config.most_stretch {
            reasons.push(Reason::TooOblique);
        }
        let rare = self.angle_deg > config.rare_angle
            && (self.contrast > config.rare_contrast
                || self.periods_round < config.rare_periods_round);
        if rare || !(25.0..=168.0).contains(&self.angle_deg) {
            reasons.push(Reason::AngleOutOfRange);
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a sound section shows: mammoth, frontal, a broad field.
    fn sound() -> Evidence {
        Evidence {
            windows: Vec::new(),
            window_side: 64.0,
            angle_deg: 74.0,
            standard_error_deg: 2.0,
            error_terms_deg: [0.5; 3],
            centre: [0.0; 2],
            radii: [200.0, 500.0, 455.0],
            zone_outline: [Vec::new(), Vec::new()],
            periods: [10.0, 13.0],
            periods_round: 300.0,
            radial_periods: 23.0,
            breadth: 5.0,
            log_odds_orientation: 200.0,
            log_odds_curved: 200.0,
            scatter: [0.02, 0.1],
            contrast: 0.06,
            outer_zone: true,
            rim: [10.0, 9.0, 1.0, 0.0, 0.0],
            log_stretch: 0.02,
            angle_gain_deg: 20.0,
            agreement: 1.0,
        }
    }

    fn rejection(change: impl Fn(&mut Evidence)) -> Vec<Reason> {
        let mut evidence = sound();
        change(&mut evidence);
        evidence.rejection(&Config::default())
    }

    #[test]
    fn nothing_speaks_against_a_sound_section() {
        assert_eq!(rejection(|_| {}), []);
    }

    #[test]
    fn a_strip_or_a_few_rows_have_too_few_periods() {
        // The edge of a fan and the bezel of a brooch were measured over 25 windows in a strip narrower than one.
        assert_eq!(rejection(|e| e.breadth = 0.9), [Reason::TooFewPeriods]);
        assert_eq!(
            rejection(|e| e.radial_periods = 4.0),
            [Reason::TooFewPeriods]
        );
        // Six windows of concentric rings were left of more, and read as elephant.
        assert_eq!(rejection(|e| e.radii[0] = 485.0), [Reason::TooFewPeriods]);
    }

    #[test]
    fn an_angle_that_falls_outward_is_no_tusks() {
        // Rays and rings of wood's end grain cross at an angle that falls away from the pith.
        assert_eq!(
            rejection(|e| e.angle_gain_deg = -10.0),
            [Reason::AngleFallsOutward]
        );
        assert_eq!(rejection(|e| e.angle_gain_deg = -6.0), []);
    }
}
