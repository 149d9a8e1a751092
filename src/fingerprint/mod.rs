//! Pixels to fingerprints that survive recompression and resizing.

mod pdq;
mod perceptual;

pub use pdq::{
    MATCH_DISTANCE, MIN_QUALITY, PDQ_ID, ParsePdqError, Pdq, PdqHash, dihedral, pdq, pdq_prescaled,
};
pub use perceptual::{Algorithm, PerceptualHash, perceptual};
