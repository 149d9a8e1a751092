//! Why a reading is not more than it is, in the contract's words.

use serde::{Deserialize, Serialize};

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
