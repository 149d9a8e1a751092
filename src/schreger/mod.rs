//! The Schreger lattice of ivory: found, oriented, measured, or honestly left undecided.
//!
//! A transverse face of elephant or mammoth ivory shows two families of crossing lines. The angle
//! between them that opens to the tusk's axis is the Schreger angle. The two families also cross
//! at 180 degrees less that angle, so the reading stands or falls with knowing which bisector is
//! radial; [`read`] settles this by one joint fit of the tusk's centre to the wave vectors of all
//! windows, and says [`Orientation::Unknown`] when the fit cannot.
//!
//! `angle_deg` is the mean Schreger angle of the outermost zone seen: the outer 15 % of the radial
//! range over which the lattice is visible.
//!
//! ```text
//! pixels -> pyramid (light, contrast) -> spectrum (peaks per window, on a grid)
//!        -> search (seed, growth: two families) -> fit (centre, wave number, angle, tilt)
//!        -> oval (the outline of the section)
//!        -> zone + rim + uncertainty -> evidence -> refusal -> disorder -> reading (species)
//! ```

mod band;
mod cholesky;
mod config;
mod connected;
mod disorder;
mod evidence;
mod examination;
mod fit;
mod fitted;
mod frame;
mod grid;
mod growth;
mod ink;
mod judge;
mod least_squares;
mod marked;
mod models;
mod outline;
mod oval;
mod overlay;
mod parameters;
mod plane;
mod polar;
mod polar_window;
mod pyramid;
mod reading;
mod reason;
mod refusal;
mod rim;
mod search;
mod seed;
mod species;
mod spectrum;
mod starts;
mod status;
mod surfaces;
mod uncertainty;
mod unwrapped;
mod vector;
mod window;
mod zone;

pub use config::{
    CentreLimits, Config, CurvatureLimits, DisorderConfig, ExtentLimits, FitConfig, GrowthConfig,
    IntervalConfig, OrientationConfig, OuterZoneConfig, PatternLimits, RefusalConfig, SearchConfig,
};
pub use evidence::{Evidence, Radii, WindowEvidence};
pub use examination::{CrossingPair, Examination, Surface, examine};
pub use fitted::FittedLattice;
pub use marked::{Line, LinePair, MarkedLines, MarkedLinesError, read_marked};
pub use overlay::{OverlayError, overlay, overlay_of_examination};
pub use reading::Reading;
pub use reason::Reason;
pub use rim::Rim;
pub use species::{
    ELEPHANT_OUTER, LOUDEST, MAMMOTH_OUTER, Species, log10_likelihood_ratio, posterior,
};
pub use status::{Orientation, Status};
pub use uncertainty::ErrorTerms;
pub use unwrapped::unwrapped;

use image::RgbImage;

/// Reads the lattice of one photograph.
///
/// `pixels` is upright RGB of any size. Pure and deterministic: the same pixels and configuration
/// give the same reading.
pub fn read(pixels: &RgbImage, config: &Config) -> Reading {
    read_with_evidence(pixels, config).0
}

/// Reads the lattice and keeps what the reading rests on, for drawing and for study.
///
/// The evidence is `None` where no lattice was followed far enough to fit it.
pub fn read_with_evidence(pixels: &RgbImage, config: &Config) -> (Reading, Option<Evidence>) {
    let found = examination::search_and_judge(pixels, config, false);
    (found.reading, found.evidence)
}
