//! What is remembered of a photograph.

use serde::Serialize;

use crate::fingerprint::{Landmarks, Pdq, PerceptualHash, Thumbnail};

/// Where and when a picture was seen. An empty text is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Sighting {
    /// File name or URL.
    pub file: String,
    /// Seller's name on the platform.
    pub seller: String,
    /// Listing identifier.
    pub listing: String,
    /// Platform or market.
    pub platform: String,
    /// When it was captured, in the form of [`Times::canonical`](crate::moment::Times::canonical).
    pub captured_at: String,
}

/// A descriptor with the model and preprocessing that made it. Descriptors of different makers are
/// never compared, but for makers that differ only in how files became pixels
/// ([`PIXELS_ID`](crate::photo::PIXELS_ID)): those of one photograph have a cosine above .995.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// Unit vector of 1 to 4096 components; it is normalised again when stored.
    pub vector: Vec<f32>,
    /// Identity of the model, such as the SHA-256 of its file.
    pub model: String,
    /// Identity of the preprocessing, with that of the pixels as its last word where it is known.
    pub preprocessing: String,
}

impl Descriptor {
    /// Whether it can be compared with descriptors of another preprocessing of the same model.
    pub(super) fn is_comparable(&self, preprocessing: &str) -> bool {
        without_pixels(&self.preprocessing) == without_pixels(preprocessing)
    }
}

/// A preprocessing's identity without that of the pixels.
fn without_pixels(preprocessing: &str) -> &str {
    match preprocessing.rsplit_once(' ') {
        Some((rest, pixels)) if pixels.starts_with("pixels/") => rest,
        _ => preprocessing,
    }
}

/// One photograph to remember.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where it was seen.
    pub sighting: Sighting,
    /// Its PDQ hash and quality.
    pub pdq: Pdq,
    /// Hashes of other families, if wanted.
    pub perceptual: Vec<PerceptualHash>,
    /// Its descriptor, if a model made one.
    pub descriptor: Option<Descriptor>,
    /// Its landmarks, without which a descriptor match cannot be verified.
    pub landmarks: Option<Landmarks>,
    /// Its thumbnail, without which what a cover leaves free of it is no evidence; kept beside the
    /// landmarks.
    pub thumbnail: Option<Thumbnail>,
    /// Share of one flat tone, from [`crate::fingerprint::flatness`]; 0 when not measured.
    pub flatness: f32,
    /// Whether it shows nothing: it is kept, but matches and links nothing.
    pub blank: bool,
    /// Its corners on the page that it is a picture of, clockwise from the upper left, in pixels.
    pub place: Option<[(f32, f32); 4]>,
    /// The pictures on it, where it is a page.
    pub parts: Vec<Entry>,
    /// What was decided of it, such as `flag`; a known picture keeps the last decision.
    pub decision: Option<String>,
    /// The labels behind the decision.
    pub raised: Vec<String>,
}

/// What became of an added photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The picture's number in the index.
    pub image_id: i64,
    /// Whether these bytes were new.
    pub new_image: bool,
    /// Whether this sighting was new.
    pub new_sighting: bool,
    /// Whether the picture had been removed, and so stays away.
    pub removed: bool,
}
