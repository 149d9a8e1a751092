//! What is asked of an index, and what it answers.

use serde::{Deserialize, Serialize};

use super::entry::Descriptor;
use super::method::Method;
use super::opinion::Opinion;
use super::weakness::Weakness;
use crate::fingerprint::{
    Covers, FreeCells, Landmarks, MATCH_DISTANCE, Pdq, PdqHash, PerceptualHash, Thumbnail,
};

/// What is seen of a picture beside what is laid over it.
#[derive(Debug, Clone, Copy)]
pub struct Uncovered<'a> {
    /// Its thumbnail, covers and all.
    pub thumbnail: &'a Thumbnail,
    /// What is laid over it.
    pub covers: &'a Covers,
    /// The cells of the thumbnail in which it is seen; `None` where nothing is laid over it.
    pub free: Option<&'a FreeCells>,
}

/// A search for one photograph.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Query<'a> {
    /// SHA-256 of the file, to find the same bytes.
    pub sha256: Option<[u8; 32]>,
    /// The hash of the picture, or of its eight orientations ([`crate::fingerprint::dihedral`]).
    pub hashes: Vec<PdqHash>,
    /// Quality of the hash.
    pub quality: u8,
    /// The upright hash where its quality is sufficient, to tell another product in the same layout
    /// from a copy.
    pub view: Option<PdqHash>,
    /// The descriptor, to find crops and composites; needs `landmarks`.
    pub descriptor: Option<&'a Descriptor>,
    /// Landmarks of the picture ([`crate::fingerprint::QUERY_LANDMARKS`] of them).
    pub landmarks: Option<&'a Landmarks>,
    /// More landmarks of it ([`crate::fingerprint::DENSE_LANDMARKS`]), to find what is left of a
    /// covered picture in its place.
    pub dense_landmarks: Option<&'a Landmarks>,
    /// What is seen of a covered picture; needs `dense_landmarks`.
    pub uncovered: Option<Uncovered<'a>>,
    /// Hashes of other families, one of each; pHash is looked for where the index keeps it and the
    /// PDQ hash says little.
    pub perceptual: &'a [PerceptualHash],
    /// Whether the photograph shows nothing: it matches nothing, not even its own bytes.
    pub blank: bool,
    /// Hamming distance up to which hashes match, 0 to 256.
    pub max_distance: u32,
    /// Scan everything: no tables, no graph.
    pub exact: bool,
    /// Candidates by descriptor whose landmarks are compared, wherever they stand.
    pub candidates: usize,
    /// Candidates by descriptor whose landmarks are compared in their places, which takes little
    /// time: a cover changes the descriptor of a picture, and leaves the landmarks beside it.
    pub candidates_in_place: usize,
    /// Cosine under which a candidate is not considered. By the shipped descriptor strangers have
    /// 0.0 in the median and 0.2 at the 99th percentile, screenshots of a picture 0.3 at the first
    /// (`eval/index/README.md`).
    pub min_cosine: f32,
    /// Longest answer, in sightings.
    pub limit: usize,
}

impl Default for Query<'_> {
    fn default() -> Self {
        Self {
            sha256: None,
            hashes: Vec::new(),
            quality: 100,
            view: None,
            descriptor: None,
            landmarks: None,
            dense_landmarks: None,
            uncovered: None,
            perceptual: &[],
            blank: false,
            max_distance: MATCH_DISTANCE,
            exact: false,
            candidates: 12,
            candidates_in_place: 64,
            min_cosine: 0.1,
            limit: 100,
        }
    }
}

impl Query<'_> {
    /// The SHA-256 of the file, to find the same bytes too.
    #[must_use]
    pub fn with_sha256(mut self, sha256: [u8; 32]) -> Self {
        self.sha256 = Some(sha256);
        self
    }

    /// The Hamming distance up to which PDQ hashes match, 0 to 256.
    #[must_use]
    pub fn within(mut self, bits: u32) -> Self {
        self.max_distance = bits;
        self
    }

    /// Whether everything is scanned: no tables, no graph.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// The longest answer, in sightings.
    #[must_use]
    pub fn limit(mut self, sightings: usize) -> Self {
        self.limit = sightings;
        self
    }

    /// The same search by one method alone.
    #[must_use]
    pub fn only(mut self, method: Method) -> Self {
        if method != Method::Sha256 {
            self.sha256 = None;
        }
        if method != Method::Pdq {
            self.hashes = Vec::new();
        }
        if method != Method::Perceptual {
            self.perceptual = &[];
        }
        if method != Method::Descriptor {
            self.descriptor = None;
        }
        self
    }
}

impl Query<'static> {
    /// A search by one hash.
    #[must_use]
    pub fn of(pdq: Pdq) -> Self {
        Self {
            hashes: vec![pdq.hash],
            quality: pdq.quality,
            ..Self::default()
        }
    }
}

/// A sighting of the same picture: an element of `matches` in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The picture's number in the index.
    pub image_id: i64,
    /// File name or URL of the sighting; empty for an imported hash.
    pub file: String,
    /// Seller of the sighting.
    pub seller: String,
    /// Listing of the sighting.
    pub listing: String,
    /// Platform of the sighting.
    #[serde(default)]
    pub platform: String,
    /// When it was captured; empty when undated.
    #[serde(default)]
    pub captured_at: String,
    /// How it was found.
    pub method: Method,
    /// 0 for the same bytes, differing bits (0 to 256) by PDQ and pHash, one minus the cosine (0 to
    /// 2) by descriptor.
    pub distance: f64,
    /// 1 for the same bytes, share of equal bits by PDQ and pHash, cosine by descriptor.
    pub similarity: f64,
    /// Why the match is no evidence by itself; null when it is.
    pub weak: Option<Weakness>,
    /// The list that the hash came from; null for a picture of this index.
    #[serde(default)]
    pub source: Option<String>,
    /// The category that the list puts it in.
    #[serde(default)]
    pub category: Option<String>,
    /// Words of the list's maker.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the list's maker says of the hash.
    #[serde(default)]
    pub opinion: Option<Opinion>,
    /// When the list last changed it, or when it was imported where the list doesn't say; UTC.
    #[serde(default)]
    pub listed_at: Option<String>,
}
