//! Everything an index needs of one photograph, from its pixels.

use image::RgbImage;

use super::entry::Entry;
use super::query::{Query, Uncovered};
use super::settings::PERCEPTUAL_GRID;
use crate::fingerprint::{
    self, Covers, FreeCells, Landmarks, PdqHash, PerceptualAlgorithm, STORED_LANDMARKS, Thumbnail,
};
use crate::photo::{Mark, Photo};

/// Everything an index needs of one photograph, to find it and to remember it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// What would be remembered.
    pub entry: Entry,
    /// Its hash in the eight orientations, as it is first.
    pub orientations: Vec<PdqHash>,
    /// The larger set of landmarks that a search needs.
    pub landmarks: Landmarks,
    /// The largest set, among which those of a covered picture are looked for in their places.
    pub dense_landmarks: Landmarks,
    /// What is laid over it.
    pub covers: Covers,
    /// Where it is seen, where something is laid over it.
    pub free: Option<FreeCells>,
    /// The pictures on it, where it is a page.
    pub parts: Vec<Evidence>,
}

impl Evidence {
    /// Fingerprints upright pixels. The sighting and the descriptor are for the caller to fill in.
    #[must_use]
    pub fn of(pixels: &RgbImage, sha256: [u8; 32]) -> Self {
        Self::by_hash(pixels, pixels.dimensions(), sha256).with_landmarks(pixels)
    }

    /// The same without landmarks, for an index that has none to compare: most of the time goes to
    /// them. It is not to be remembered. The pixels may be at a smaller scale than `size`.
    #[must_use]
    pub fn by_hash(pixels: &RgbImage, size: (u32, u32), sha256: [u8; 32]) -> Self {
        let turned = fingerprint::dihedral_at(pixels, size);
        let entry = Entry {
            sha256,
            width: size.0,
            height: size.1,
            pdq: turned[0],
            flatness: fingerprint::flatness(pixels),
            ..Entry::default()
        };
        Self {
            entry,
            orientations: turned.iter().map(|pdq| pdq.hash).collect(),
            ..Self::default()
        }
    }

    fn with_landmarks(mut self, pixels: &RgbImage) -> Self {
        (self.landmarks, self.dense_landmarks) = fingerprint::landmarks_and_dense(pixels);
        self.entry.landmarks = Some(self.landmarks.fewer(STORED_LANDMARKS));
        self.entry.thumbnail = Some(Thumbnail::of(pixels));
        self.covers = fingerprint::covers(pixels);
        self.free = FreeCells::of(pixels, &self.covers);
        self
    }

    /// Fingerprints a photo, which counts by the size that its file declares.
    #[must_use]
    pub fn of_photo(photo: &Photo) -> Self {
        Self::of_photo_by_hash(photo).with_landmarks(&photo.pixels)
    }

    /// The same without landmarks, as [`by_hash`](Self::by_hash) tells.
    #[must_use]
    pub fn of_photo_by_hash(photo: &Photo) -> Self {
        let size = (photo.width, photo.height);
        let mut evidence = Self::by_hash(&photo.pixels, size, photo.sha256);
        evidence.entry.blank = photo.marks.contains(&Mark::Blank);
        evidence
    }

    /// The same with hashes of other families, as the index that is asked keeps them
    /// ([`Settings::also`](super::Settings::also)).
    #[must_use]
    pub fn with_perceptual(mut self, pixels: &RgbImage, also: &[PerceptualAlgorithm]) -> Self {
        let hash = |&algorithm| fingerprint::perceptual(pixels, algorithm, PERCEPTUAL_GRID);
        self.entry.perceptual = also.iter().map(hash).collect();
        self
    }

    /// Makes a page of it, with these pictures on it.
    pub fn take_parts(&mut self, parts: Vec<Self>) {
        self.entry.parts = parts.iter().map(|part| part.entry.clone()).collect();
        self.parts = parts;
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
            dense_landmarks: Some(&self.dense_landmarks),
            uncovered: self.entry.thumbnail.as_ref().map(|thumbnail| Uncovered {
                thumbnail,
                covers: &self.covers,
                free: self.free.as_ref(),
            }),
            perceptual: &self.entry.perceptual,
            blank: self.entry.blank,
            ..Query::default()
        }
    }
}
