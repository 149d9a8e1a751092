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
    /// The lattice wanders, or is seen from far aside, and is not so clear that its angle, which is
    /// measured, could name a species.
    DisorderedLattice,
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
            Self::DisorderedLattice => "disordered_lattice",
        }
    }

    /// What it means, for an expert; goes on after "because".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::PictureTooSmall => "the picture is too small to hold a lattice",
            Self::NoCrossingPeaks => "no window shows two families of lines that cross",
            Self::TooFewPeriods => "too few periods of the lines are seen",
            Self::StraightLattice => {
                "straight, evenly spaced lines explain it as well, as of print, engraving or cloth"
            }
            Self::NoCommonCentre => "the two families do not belong to one centre",
            Self::ContrastTooStrong => "the lines are stronger than ivory shows",
            Self::ContrastTooWeak => "the lines are too faint to be told from noise",
            Self::PeriodTooShort => "the shortest period has too few pixels",
            Self::TooOblique => "the fit needs more tilt than can be undone",
            Self::AngleOutOfRange => "the angle lies outside what ivory shows",
            Self::AngleFallsOutward => "the angle falls away from the centre, where a tusk's grows",
            Self::OrientationUnknown => "the radial direction cannot be told from the tangential",
            Self::OuterZoneNotShown => "the outer zone of the tusk is not shown",
            Self::AngleInOverlap => "the angle lies where elephant and mammoth overlap",
            Self::DisorderedLattice => {
                "the lattice wanders or is seen from far aside, too much to name a species"
            }
        }
    }
}
