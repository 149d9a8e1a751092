//! A photo taken as far as it gets without a model: read, decoded, hashed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::fingerprint::{self, PerceptualAlgorithm};
use crate::index::{Evidence, Sighting};
use crate::manifest::Context;
use crate::photo::{self, Detail, FailureKind, Limits, Mark, Photo, PhotoError, hex};
use crate::record::{Failure, Record};

/// Where the bytes of one photo come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Bytes already at hand.
    Bytes(Vec<u8>),
    /// A source's entry that names no usable file, and why.
    Unusable(String),
    /// Bytes that could not be obtained, and why.
    Failed(PhotoError),
}

/// What an index needs of a photo.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// Hashes that it keeps beside PDQ.
    pub also: &'a [PerceptualAlgorithm],
    /// Landmarks: to remember the photo, or to find it where others have any.
    pub landmarks: bool,
}

impl<'a> Needs<'a> {
    /// Everything, of an index that keeps these hashes beside PDQ.
    #[must_use]
    pub fn everything(also: &'a [PerceptualAlgorithm]) -> Self {
        let landmarks = true;
        Self { also, landmarks }
    }
}

/// A photo that was read, decoded and hashed, or why it could not be.
#[derive(Debug)]
pub struct Inspected {
    pub(super) record: Record,
    /// What was decoded; `None` when the record holds an error.
    pub(super) picture: Option<Picture>,
    /// What an index needs, where it was asked for.
    pub(super) evidence: Option<Box<Evidence>>,
    pub(super) spent: Duration,
}

/// A decoded photo on its way to the model.
#[derive(Debug)]
pub(super) struct Picture {
    /// As large as screening needs.
    pub(super) photo: Photo,
    /// The file's bytes, where they hold more detail than `photo`.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Reads, decodes and hashes one photo: everything that needs no model, so that it can be done
/// while the model is being loaded. `file` is the name in the record. With `evidence` the result
/// also carries what an index needs to match the photo and, with landmarks, to remember it.
#[must_use]
pub fn inspect(
    file: String,
    input: Input,
    limits: &Limits,
    evidence: Option<Needs<'_>>,
) -> Inspected {
    let start = Instant::now();
    let mut inspected = Inspected {
        record: Record::new(file),
        picture: None,
        evidence: None,
        spent: Duration::ZERO,
    };
    if let Err(failure) = caught(|| inspected.read(input, limits, evidence)) {
        inspected.record.fail(failure);
        inspected.evidence = None;
    }
    inspected.spent = start.elapsed();
    inspected
}

impl Inspected {
    /// The same photo, seen at `sighting`: what a memory that is open to add keeps of it. Without
    /// this it is remembered by its file name alone.
    #[must_use]
    pub fn sighted(mut self, sighting: Sighting) -> Self {
        if let Some(evidence) = &mut self.evidence {
            evidence.entry.sighting = sighting;
        }
        self
    }

    /// The same photo, seen as `context` says: in its row, and in what is remembered of it.
    #[must_use]
    pub fn seen_in(mut self, context: &Context) -> Self {
        self.record.set_context(context);
        if let Some(evidence) = &mut self.evidence {
            // Standard input has no name that would mean anything later.
            let file = match self.record.file.as_str() {
                "-" => "",
                file => file,
            };
            evidence.entry.sighting = sighting_of(file, context);
        }
        self
    }

    /// The row so far: identity and hash, or why the photo could not be read.
    #[must_use]
    pub fn into_record(self) -> Record {
        self.record
    }

    fn read(
        &mut self,
        input: Input,
        limits: &Limits,
        evidence: Option<Needs<'_>>,
    ) -> Result<(), Failure> {
        let bytes = bytes_of(input, limits)?;
        let photo = screened(&bytes, limits)?;
        let bytes = photo.is_reduced().then_some(bytes);
        let record = &mut self.record;
        record.sha256 = Some(hex(&photo.sha256));
        record.format = Some(photo.format.name().into());
        record.width = Some(photo.width);
        record.height = Some(photo.height);
        record.marks.clone_from(&photo.marks);
        let pdq = if let Some(needs) = evidence {
            let evidence = match needs.landmarks {
                true => Evidence::of_photo(&photo),
                false => Evidence::of_photo_by_hash(&photo),
            };
            let mut evidence = evidence.with_perceptual(&photo.pixels, needs.also);
            evidence.entry.sighting.file.clone_from(&record.file);
            self.evidence.insert(Box::new(evidence)).entry.pdq
        } else {
            fingerprint::pdq_at(&photo.pixels, (photo.width, photo.height))
        };
        record.pdq = Some(pdq.hash.to_string());
        record.pdq_quality = Some(pdq.quality);
        self.picture = Some(Picture { photo, bytes });
        Ok(())
    }
}

/// Where a photo was seen, as its context says; what that doesn't say is an empty text.
pub(super) fn sighting_of(file: &str, context: &Context) -> Sighting {
    let known = |column: &Option<String>| column.clone().unwrap_or_default();
    Sighting {
        file: file.to_owned(),
        seller: known(&context.seller),
        listing: known(&context.listing),
        platform: known(&context.platform),
        captured_at: known(&context.captured_at),
    }
}

/// The photo as large as screening needs. A fine pattern averages out to one tone there, so that
/// one which seems to show nothing is looked at in full.
fn screened(bytes: &[u8], limits: &Limits) -> Result<Photo, PhotoError> {
    let photo = Photo::with_detail(bytes, limits, Detail::Screening)?;
    let is_blank = photo.marks.contains(&Mark::Blank);
    match is_blank && photo.is_reduced() {
        true => Photo::with_detail(bytes, limits, Detail::Full),
        false => Ok(photo),
    }
}

fn bytes_of(input: Input, limits: &Limits) -> Result<Vec<u8>, Failure> {
    match input {
        Input::File(path) => Ok(photo::read_file(&path, limits)?),
        Input::Bytes(bytes) => Ok(bytes),
        Input::Failed(error) => Err(error.into()),
        Input::Unusable(message) => Err(Failure {
            kind: FailureKind::NotFound,
            message,
        }),
    }
}

/// Runs one part of the work on a photo; a panic in it is a failure of this photo alone.
pub(super) fn caught<T>(part: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(part)).unwrap_or_else(|_| {
        Err(Failure::internal(
            "a stage panicked; please report this picture",
        ))
    })
}
