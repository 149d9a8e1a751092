//! What a page needs beside a finished study.

use crate::photo::Limits;

use super::provenance::Provenance;

/// What is said of the report's making, and how its pictures are shown.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Frame {
    /// What is said of the report's making.
    pub provenance: Provenance,
    /// Whether thumbnails are shown.
    pub pictures: bool,
    /// Limits for decoding them.
    pub limits: Limits,
}

impl Frame {
    /// A page with thumbnails of pictures within `limits`.
    #[must_use]
    pub fn new(provenance: Provenance, limits: Limits) -> Self {
        Self {
            provenance,
            pictures: true,
            limits,
        }
    }

    /// The same without thumbnails, unless `pictures`.
    #[must_use]
    pub fn with_pictures(self, pictures: bool) -> Self {
        Self { pictures, ..self }
    }
}
