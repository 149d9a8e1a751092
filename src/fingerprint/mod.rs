//! Pixels to fingerprints that survive recompression and resizing.

mod affine;
mod alignment;
mod brief;
mod cosine;
mod cover;
mod flatness;
mod free_cells;
mod harris;
mod in_place;
mod landmark;
mod landmarks;
mod orientation;
mod pdq;
mod pdq_hash;
mod perceptual;
mod plane;
mod samples;
mod shrink;
mod tent_filter;
#[cfg(test)]
mod test_pictures;
mod thumbnail;
mod writing;

pub use alignment::Alignment;
pub use cover::{Covers, covers};
pub use flatness::flatness;
pub use free_cells::FreeCells;
pub use in_place::{ENOUGH_IN_PLACE, InPlace};
pub use landmarks::{
    DENSE_LANDMARKS, LANDMARKS_ID, Landmarks, QUERY_LANDMARKS, STORED_LANDMARKS, landmarks,
    landmarks_and_dense,
};
pub use orientation::{turned, turned_to};
pub use pdq::{
    MATCH_DISTANCE, MIN_QUALITY, PDQ_ID, Pdq, dihedral, dihedral_at, pdq, pdq_at, pdq_prescaled,
};
pub use pdq_hash::{ParsePdqError, PdqHash};
pub use perceptual::{
    ParseAlgorithmError, PerceptualAlgorithm, PerceptualHash, USUAL_GRID, perceptual,
};
pub(crate) use perceptual::{differing_bits, perceptual_definition};
pub(crate) use shrink::shrunk;
pub use thumbnail::Thumbnail;
