//! The limits of the reader, grouped by the stage that uses them.
//!
//! Each field says where its value comes from:
//!
//! - **by eye**: on pictures of `examples/schreger_cases` while the reader was first written,
//!   2026-11-23; the readings were not kept. Where seeds are named they are 11 and 12, which the
//!   first study (seed 2026, `eval/schreger/README.md` of that day) names as those that the limits
//!   were set on.
//! - **gates of 2026-11-24**: on photographs of bead mouldings and on drawn knurling that had been
//!   measured as ivory; the pictures were not kept, `tests/schreger.rs` draws such a moulding.
//! - **study of 2026-11-25**: `eval/schreger/README.md`, gates set on seed 3001 of
//!   `examples/schreger_cases` and seed 101 of `scripts/bench/schreger_second.py`, and on the
//!   photographs of `eval/schreger/photos`; then read once on seeds 5033 and 303, whose figures
//!   are published there.

use serde::{Deserialize, Serialize};

/// Limits of the reader. The defaults are those that the published results were made with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Config {
    /// Where a lattice may begin.
    pub search: SearchConfig,
    /// How a lattice is followed from window to window.
    pub growth: GrowthConfig,
    /// Which windows are fitted.
    pub fit: FitConfig,
    /// When what was fitted is not a Schreger lattice.
    pub refusal: RefusalConfig,
    /// When the radial bisector is known.
    pub orientation: OrientationConfig,
    /// When the tusk's outer zone is shown.
    pub outer_zone: OuterZoneConfig,
    /// How wide the interval is.
    pub interval: IntervalConfig,
    /// When a lattice that wanders as real ivory's does is believed.
    pub disorder: DisorderConfig,
}

/// Where a lattice may begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SearchConfig {
    /// Least short side of a picture, pixels: one and a half windows. By eye.
    pub least_side: u32,
    /// Most windows searched per level of the pyramid to begin with. By eye, for speed.
    pub most_windows: usize,
    /// Most lattices followed per level. By eye, seeds 11 and 12.
    pub most_seeds: usize,
    /// Least significance of both peaks of a seed: power over the median power at the same wave
    /// number. By eye.
    pub least_significance: f32,
    /// Least contrast of a seed's stronger family; 0.01 is one per cent. By eye.
    pub least_amplitude: f32,
    /// Least crossing angle of a seed's wave vectors, degrees. By eye: ivory's folded angles begin
    /// at 25.
    pub least_crossing_deg: f32,
    /// Most lattices per picture that are fitted and judged in turn. Study of 2026-11-27: of 135
    /// resolvable sections with cloth and other grounds 75 are decided with six, 78 with eight and
    /// with ten.
    pub most_candidates: usize,
    /// Most lattices that are followed from one place, and judged, where cloth or print behind a
    /// piece starts many. Study of 2026-11-27: woven grounds took all places from the face in
    /// front of them.
    pub most_at_a_place: usize,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            least_side: 96,
            most_windows: 220,
            most_seeds: 10,
            least_significance: 14.0,
            least_amplitude: 0.004,
            least_crossing_deg: 22.0,
            most_candidates: 8,
            most_at_a_place: 2,
        }
    }
}

/// How a lattice is followed from window to window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct GrowthConfig {
    /// Distance between windows, pixels of the level. By eye: a third of a window.
    pub stride: usize,
    /// Most windows on a level; a larger picture gets a wider stride. By eye, for speed.
    pub most_windows: usize,
    /// Least significance of both peaks of a window. By eye.
    pub least_significance: f32,
}

impl Default for GrowthConfig {
    fn default() -> Self {
        Self {
            stride: 20,
            most_windows: 1200,
            least_significance: 6.0,
        }
    }
}

/// Which windows are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FitConfig {
    /// Fewest windows. By eye.
    pub least_windows: usize,
    /// Fewest independent windows; a Hann window covers about half its square. By eye.
    pub least_independent_windows: f64,
    /// Least significance in every window of a lattice too small to fit, for the picture to be
    /// worth a closer one. By eye, seeds 11 and 12.
    pub clear_significance: f32,
    /// Most relative scatter of the wave vectors about the fit for its prediction to gather more
    /// windows. By eye, seeds 11 and 12.
    pub most_scatter: f64,
    /// Least significance of both peaks of a window found from the prediction alone. By eye, seeds
    /// 11 and 12.
    pub least_significance: f32,
    /// Most distance of a window's wave vectors from the fit, units of the scatter. By eye, seeds
    /// 11 and 12.
    pub most_misfit: f64,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            least_windows: 6,
            least_independent_windows: 3.0,
            clear_significance: 40.0,
            most_scatter: 0.05,
            least_significance: 9.0,
            most_misfit: 5.0,
        }
    }
}

/// When what was fitted is not a Schreger lattice.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RefusalConfig {
    /// Whether the families belong to one centre.
    pub centre: CentreLimits,
    /// Whether the lines are curved.
    pub curvature: CurvatureLimits,
    /// Whether enough of the lattice is seen.
    pub extent: ExtentLimits,
    /// Whether contrast, angle and stretch are ivory's.
    pub pattern: PatternLimits,
}

/// Whether the families belong to one centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CentreLimits {
    /// Most relative scatter of the wave vectors about the fit. By eye, seeds 11 and 12.
    pub most_scatter: f64,
    /// The same where the curvature is beyond doubt: perspective and a strong radial course loosen
    /// the fit. By eye, seeds 11 and 12.
    pub most_scatter_curved: f64,
    /// Log odds against straight lines that put the curvature beyond doubt. By eye, seeds 11 and
    /// 12.
    pub beyond_doubt: f64,
    /// Most angle for which `most_scatter_curved` holds, degrees. By eye, seeds 11 and 12.
    pub most_angle_curved_deg: f64,
    /// Least log odds of the orientation as a share of those against straight lines, where these
    /// suffice: if either bisector serves as well as radial, neither is. By eye, seeds 11 and 12.
    pub least_orientation_share: f64,
    /// Log odds against straight lines beyond which they ask for no more orientation. By eye,
    /// seeds 11 and 12.
    pub most_curved_counted: f64,
    /// Least share of windows in which the fitted radial bisector is the same one. By eye.
    pub least_agreement: f64,
}

impl Default for CentreLimits {
    fn default() -> Self {
        Self {
            most_scatter: 0.05,
            most_scatter_curved: 0.07,
            beyond_doubt: 80.0,
            most_angle_curved_deg: 135.0,
            least_orientation_share: 0.5,
            most_curved_counted: 60.0,
            least_agreement: 0.8,
        }
    }
}

/// Whether the lines are curved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CurvatureLimits {
    /// Least log odds against straight lines. By eye, seeds 11 and 12.
    pub least_log_odds: f64,
    /// Most scatter about the fit relative to that about straight lines. By eye, seeds 11 and 12.
    pub most_relative_scatter: f64,
    /// Most tangential periods round the fitted centre. By eye; tusks have 150 to 500 (0.8 to 1.3
    /// mm round a radius of 15 to 90 mm).
    pub most_periods_round: f64,
}

impl Default for CurvatureLimits {
    fn default() -> Self {
        Self {
            least_log_odds: 18.0,
            most_relative_scatter: 0.6,
            most_periods_round: 1000.0,
        }
    }
}

/// Whether enough of the lattice is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExtentLimits {
    /// Least shortest period, pixels. Gates of 2026-11-24 (4 before).
    pub least_period: f64,
    /// Least number of radial periods seen: rows of beads round a frame have three or four. Study
    /// of 2026-11-25.
    pub least_radial_periods: f64,
    /// Least breadth of the lattice across its radial range, window sides: a narrow strip of
    /// windows bends to any centre. Study of 2026-11-25: the edge of a fan and the bezel of a
    /// brooch among the photographs.
    pub least_breadth: f64,
    /// Fewest independent windows that agree with the fit. Study of 2026-11-25: six windows of
    /// drawn rings (seed 4021) were read as elephant.
    pub least_independent_windows: f64,
    /// Least breadth of a band, window sides.
    pub band_breadth: f64,
    /// Depth below which such a band is hardly deeper than a window, window sides, and the radial
    /// periods it must then show: windows reach over its edges, so that three rows of beads round a
    /// frame count as five to twelve. Study of 2026-11-27: nine of nine beaded borders that were
    /// measured, and 25 of 1,803 lattices.
    pub bands: [[f64; 2]; 2],
}

impl Default for ExtentLimits {
    fn default() -> Self {
        Self {
            least_period: 5.65,
            least_radial_periods: 4.7,
            least_breadth: 1.1,
            least_independent_windows: 3.0,
            band_breadth: 2.2,
            bands: [[1.2, 12.0], [1.45, 6.0]],
        }
    }
}

/// Whether contrast, angle and stretch are ivory's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PatternLimits {
    /// Least contrast of the two families together; 0.01 is one per cent. By eye, seeds 11 and 12.
    pub least_contrast: f64,
    /// Most contrast of the two families together. By eye.
    pub most_contrast: f64,
    /// Least angle, degrees. By eye: the least inner angle of mammoths is 25 (Abelova 2008).
    pub least_angle_deg: f64,
    /// Most angle, degrees. By eye: the greatest outer angle of elephants is 163 (Espinoza and
    /// Mann 1993).
    pub most_angle_deg: f64,
    /// Angles from here on, degrees, are beyond the mean of any measured tusk (143, Espinoza and
    /// Mann 1993) and common in bead mouldings and knurling: they are believed only of a pattern
    /// as faint and as fine as ivory's. Gates of 2026-11-24.
    pub rare_angle_deg: f64,
    /// Most contrast of a pattern with a rare angle. Gates of 2026-11-24.
    pub most_rare_contrast: f64,
    /// Least tangential periods round the centre of a pattern with a rare angle; tusks have 150 to
    /// 500. Gates of 2026-11-24.
    pub least_rare_periods_round: f64,
    /// Least change of the angle outward over the radial range seen, degrees: a tusk's grows
    /// (Palombo and Villa 2001), up to the error of reading it. Study of 2026-11-25.
    pub least_angle_gain_deg: f64,
    /// Most log stretch of the fit, by tilt or an oblique cut; 0.32 is a tilt of 43 degrees. By
    /// eye, seeds 11 and 12.
    pub most_stretch: f64,
}

impl Default for PatternLimits {
    fn default() -> Self {
        Self {
            least_contrast: 0.0045,
            most_contrast: 0.4,
            least_angle_deg: 25.0,
            most_angle_deg: 168.0,
            rare_angle_deg: 144.0,
            most_rare_contrast: 0.08,
            least_rare_periods_round: 140.0,
            least_angle_gain_deg: -9.0,
            most_stretch: 0.32,
        }
    }
}

/// When the radial bisector is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OrientationConfig {
    /// Least log odds of the best fit against the best with the bisectors exchanged. By eye, seeds
    /// 11 and 12.
    pub least_log_odds: f64,
    /// Least log odds against straight lines. By eye, seeds 11 and 12.
    pub least_log_odds_curved: f64,
    /// Most scatter about the fit relative to that about straight lines. By eye, seeds 11 and 12.
    pub most_relative_scatter: f64,
    /// Log odds, of the orientation and against straight lines, beyond which the scatter is not
    /// asked: that of a lattice that wanders is no less about straight lines. Study of 2026-11-27.
    pub beyond_doubt: f64,
    /// Least log odds, of the orientation and against straight lines, for a species to be named.
    /// As many as put the curvature beyond doubt; study of 2026-11-27: two meshes on a ball (38 and
    /// 77) were called elephant; of 1,193 lattices named 31 have less.
    pub least_log_odds_named: f64,
    /// Log odds that a rim round the fitted centre adds to these where the lattice is as faint as
    /// ivory's. Study of 2026-11-27, on windows of seeds 70041 to 70043: 15 more lattices are named,
    /// all rightly, and no look-alike.
    pub rim_log_odds: f64,
    /// Most contrast of such a lattice: real ones show 1 to 6 %.
    pub most_contrast_of_rim: f64,
    /// Most standard error of the angle for a species to be named, degrees: beyond it the tilt is
    /// not told. Study of 2026-11-27: of lattices fitted with any tilt that would be named on seed
    /// 70041, 88 with less error were named rightly; of six with more one elephant, seen from 28
    /// degrees aside, was called mammoth.
    pub most_error_named_deg: f64,
}

impl Default for OrientationConfig {
    fn default() -> Self {
        Self {
            least_log_odds: 22.0,
            least_log_odds_curved: 22.0,
            most_relative_scatter: 0.45,
            beyond_doubt: 200.0,
            least_log_odds_named: 80.0,
            rim_log_odds: 30.0,
            most_contrast_of_rim: 0.06,
            most_error_named_deg: 8.0,
        }
    }
}

/// When the tusk's outer zone is shown: the lattice ends outward at an edge that runs round the
/// same centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OuterZoneConfig {
    /// Fewest sectors that share the edge's distance from the centre. By eye, seeds 11 and 12.
    pub least_sectors: usize,
    /// Least share of such sectors among those followed without leaving the picture. By eye, seeds
    /// 11 and 12.
    pub least_share: f64,
    /// Least distance of the edge beyond the outermost window's centre, window sides. By eye,
    /// seeds 11 and 12.
    pub least_beyond: f64,
}

impl Default for OuterZoneConfig {
    fn default() -> Self {
        Self {
            least_sectors: 4,
            least_share: 0.2,
            least_beyond: -0.3,
        }
    }
}

/// How wide the interval is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct IntervalConfig {
    /// Half of the 90 % interval in standard errors: that of a normal distribution. The terms of the
    /// standard error are scaled for it, study of 2026-11-27: `eval/schreger/README.md`.
    pub factor: f64,
}

impl Default for IntervalConfig {
    fn default() -> Self {
        Self { factor: 1.645 }
    }
}

/// When a lattice that wanders, as real ivory's does, is believed: its scatter is a parameter of
/// the fit, and what speaks for ivory is summed as log odds. Study of 2026-11-27: of 3,051 surfaces
/// followed over 6,409 photographs none of a faint pattern within these limits had a rim round its
/// centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DisorderConfig {
    /// Least contrast of the two families together.
    pub least_contrast: f64,
    /// Most contrast: real lattices show 1 to 6 %.
    pub most_contrast: f64,
    /// Least log odds in all: against straight lines or against exchanged bisectors, whichever are
    /// less, and of the rim.
    pub least_log_odds: f64,
    /// Log odds that a rim round the fitted centre adds.
    pub rim_log_odds: f64,
    /// Least log odds against straight lines, and of the orientation, whatever else speaks.
    pub least_curved: f64,
    /// Least and most angle, degrees.
    pub angles_deg: [f64; 2],
    /// Least and most tangential periods round the fitted centre.
    pub periods_round: [f64; 2],
    /// Most scatter about the fit relative to that about straight lines.
    pub most_relative_scatter: f64,
    /// Most log stretch; 0.75 is a tilt of 62 degrees.
    pub most_stretch: f64,
    /// Log odds that a strong tilt must gain before it is believed.
    pub aside_log_odds: f64,
    /// Factor by which the standard error is wider than of a regular lattice.
    pub wider: f64,
}

impl Default for DisorderConfig {
    fn default() -> Self {
        Self {
            least_contrast: 0.006,
            most_contrast: 0.06,
            least_log_odds: 24.0,
            rim_log_odds: 20.5,
            least_curved: 3.0,
            angles_deg: [35.0, 140.0],
            periods_round: [100.0, 1000.0],
            most_relative_scatter: 0.95,
            most_stretch: 0.75,
            aside_log_odds: 4.0,
            wider: 1.25,
        }
    }
}
