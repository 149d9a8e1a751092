//! Pixels to fingerprints that survive recompression and resizing.

mod flatness;
mod landmarks;
mod pdq;
mod perceptual;

pub use flatness::flatness;
pub use landmarks::{
    Alignment, LANDMARKS_ID, Landmarks, QUERY_LANDMARKS, STORED_LANDMARKS, landmarks,
};
pub use pdq::{
    MATCH_DISTANCE, MIN_QUALITY, PDQ_ID, ParsePdqError, Pdq, PdqHash, dihedral, pdq, pdq_prescaled,
};
pub use perceptual::{Algorithm, PerceptualHash, perceptual};
