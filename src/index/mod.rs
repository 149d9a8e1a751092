//! What was seen before: every picture, where it was sighted, and the search for it.
//!
//! An index is a directory. `faunalens.sqlite` in it is the truth and can be read with any SQLite client (start with
//! the view `seen`). Beside it stand packed copies of the hashes and descriptors for searching, made anew in a
//! generation directory and named by `manifest.json`; they can be deleted at any time. Unique hashes and descriptors
//! are kept once, however many pictures share them, so that copies do not slow or hide anything.
//!
//! A search asks in this order, and each answer says which it was: the same bytes (SHA-256), a PDQ hash within reach
//! (exact, never approximate), then descriptors, whose candidates count only when the landmarks of both pictures
//! agree on a placement.
//!
//! ```
//! use faunalens::fingerprint::Pdq;
//! use faunalens::index::{Entry, Index, Query, Settings, Sighting};
//!
//! # fn main() -> Result<(), faunalens::index::IndexError> {
//! # let dir = tempfile::tempdir().expect("a directory");
//! # let dir = dir.path().join("seen");
//! let mut index = Index::create(&dir, Settings::default())?;
//! let pdq = Pdq { hash: "0f".repeat(32).parse().expect("a hash"), quality: 90 };
//! let sighting = Sighting { file: "tusk.jpg".into(), seller: "shop 12".into(), ..Sighting::default() };
//! index.add(&Entry { sha256: [7; 32], pdq, sighting, ..Entry::default() })?;
//! index.commit()?;
//!
//! let found = Index::open(&dir)?.query(&Query::of(pdq))?;
//! assert_eq!((found[0].seller.as_str(), found[0].distance), ("shop 12", 0.0));
//! # Ok(())
//! # }
//! ```

mod adjacency;
mod audit;
mod error;
mod exchange;
mod generation;
mod graph;
#[cfg(feature = "graph")]
mod graph_build;
mod hashes;
mod mapped;
mod pseudonym;
mod schema;
mod search;
mod store;
mod vectors;

use serde::{Deserialize, Serialize};

pub use audit::Stats;
pub use error::{IndexError, Result};
pub use exchange::{Exported, Form, Imported, Sellers};
pub use graph::Recall;
pub use hashes::{Near, near_hashes};
pub use pseudonym::pseudonym;
pub use search::{Breadth, Kind, Method, PicturePair, PictureSightings};
pub use store::Index;

use crate::fingerprint::{
    self, Landmarks, MATCH_DISTANCE, MIN_QUALITY, Pdq, PdqHash, PerceptualHash,
};

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
    /// When it was captured, ISO 8601 so that texts sort by time.
    pub captured_at: String,
}

/// A descriptor with the model and preprocessing that made it. Descriptors of different makers are never compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// Unit vector of 1 to 4096 components; it is normalised again when stored.
    pub vector: Vec<f32>,
    /// Identity of the model, such as the SHA-256 of its file.
    pub model: String,
    /// Identity of the preprocessing.
    pub preprocessing: String,
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
    /// Share of one flat tone, from [`crate::fingerprint::flatness`]; 0 when not measured.
    pub flatness: f32,
}

/// Everything an index needs of one photograph, to find it and to remember it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// What would be remembered.
    pub entry: Entry,
    /// Its hash in the eight orientations, as it is first.
    pub orientations: Vec<PdqHash>,
    /// The larger set of landmarks that a search needs.
    pub landmarks: Landmarks,
}

impl Evidence {
    /// Fingerprints upright pixels. The sighting and the descriptor are for the caller to fill in.
    #[must_use]
    pub fn of(pixels: &image::RgbImage, sha256: [u8; 32]) -> Self {
        let turned = fingerprint::dihedral(pixels);
        let landmarks = fingerprint::landmarks(pixels, fingerprint::QUERY_LANDMARKS);
        let entry = Entry {
            sha256,
            width: pixels.width(),
            height: pixels.height(),
            pdq: turned[0],
            landmarks: Some(landmarks.fewer(fingerprint::STORED_LANDMARKS)),
            flatness: fingerprint::flatness(pixels),
            ..Entry::default()
        };
        Self {
            entry,
            orientations: turned.iter().map(|pdq| pdq.hash).collect(),
            landmarks,
        }
    }

    /// The search for this photograph, also mirrored and turned if `any_orientation`.
    #[must_use]
    pub fn query(&self, any_orientation: bool) -> Query<'_> {
        let hashes = if any_orientation {
            self.orientations.clone()
        } else {
            vec![self.entry.pdq.hash]
        };
        Query {
            sha256: Some(self.entry.sha256),
            hashes,
            quality: self.entry.pdq.quality,
            view: self.entry.pdq.sufficient(),
            descriptor: self.entry.descriptor.as_ref(),
            landmarks: Some(&self.landmarks),
            ..Query::default()
        }
    }
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

/// Choices made when an index is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Keep hashes, sellers and times only: no file names, landmarks or descriptors.
    pub hash_only: bool,
    /// Descriptors from which a graph is built; below it the scan is as fast and cannot miss.
    pub graph_from: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hash_only: false,
            graph_from: 20_000,
        }
    }
}

/// A search for one photograph.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    /// SHA-256 of the file, to find the same bytes.
    pub sha256: Option<[u8; 32]>,
    /// The hash of the picture, or of its eight orientations ([`crate::fingerprint::dihedral`]).
    pub hashes: Vec<PdqHash>,
    /// Quality of the hash.
    pub quality: u8,
    /// The upright hash where its quality is sufficient, to tell another product in the same layout from a copy.
    pub view: Option<PdqHash>,
    /// The descriptor, to find crops and composites; needs `landmarks`.
    pub descriptor: Option<&'a Descriptor>,
    /// Landmarks of the picture ([`crate::fingerprint::QUERY_LANDMARKS`] of them).
    pub landmarks: Option<&'a Landmarks>,
    /// Hamming distance up to which hashes match, 0 to 256.
    pub max_distance: u32,
    /// Scan everything: no tables, no graph.
    pub exact: bool,
    /// Candidates by descriptor whose landmarks are compared.
    pub candidates: usize,
    /// Cosine under which a candidate is not considered. By the shipped descriptor strangers have 0.0 in the median and
    /// 0.2 at the 99th percentile, screenshots of a picture 0.3 at the first (`eval/index/README.md`).
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
            max_distance: MATCH_DISTANCE,
            exact: false,
            candidates: 12,
            min_cosine: 0.1,
            limit: 100,
        }
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
    /// How it was found.
    pub method: Method,
    /// 0 for the same bytes, differing bits (0 to 256) by PDQ, one minus the cosine (0 to 2) by descriptor.
    pub distance: f64,
    /// 1 for the same bytes, share of equal bits by PDQ, cosine by descriptor.
    pub similarity: f64,
    /// Why the match is no evidence by itself (`low quality`, `near-uniform`, `few landmarks`, `repeated`, `part only`); null when
    /// it is.
    pub weak: Option<String>,
}

/// Why a picture is no evidence by itself that two sellers have to do with each other; `None` when it is.
#[must_use]
pub fn mark(quality: u8, flatness: f32, landmarks: Option<usize>) -> Option<&'static str> {
    if quality < MIN_QUALITY {
        Some("low quality")
    } else if flatness >= 0.85 {
        Some("near-uniform")
    } else if landmarks.is_some_and(|count| count < 12) {
        Some("few landmarks")
    } else {
        None
    }
}
