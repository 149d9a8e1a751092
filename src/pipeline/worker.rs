//! One session and its buffers, for one thread: a photo to its record.

use std::time::Instant;

use image::RgbImage;

use super::inspect::{Input, Inspected, Needs, Picture, caught, inspect};
use super::seen::Seen;
use super::{Engine, Examined, Memory, page};
use crate::index::{Descriptor, IndexError};
use crate::photo::{Mark, Photo};
use crate::recognize::{Recognition, RecognizeError, Recognizer};
use crate::record::{self, Failure, Record};
use crate::schreger::{self, Reading, Species, Status};
use crate::verdict;

/// One session and its buffers, for one thread.
pub struct Worker<'engine> {
    engine: &'engine Engine,
    recognizer: Recognizer,
}

/// What the network saw beside the scores of the whole.
struct Judged {
    descriptor: Option<Descriptor>,
    views: Option<Vec<Seen>>,
}

impl Engine {
    /// Sets up one worker with `threads` threads for each inference.
    ///
    /// # Errors
    /// [`RecognizeError`] when the model cannot be loaded.
    pub fn worker(&self, threads: usize) -> Result<Worker<'_>, RecognizeError> {
        Ok(Worker {
            engine: self,
            recognizer: Recognizer::new(&self.runtime, &self.bundle, threads)?,
        })
    }
}

impl<'engine> Worker<'engine> {
    pub(super) fn engine(&self) -> &'engine Engine {
        self.engine
    }

    /// Takes one photo the whole way: scores it, matches it with what `memory` holds, and, where
    /// that is open to add, remembers it. Whatever goes wrong with the photo is in the record.
    ///
    /// # Errors
    /// [`IndexError`] when the memory fails.
    pub fn screen(
        &mut self,
        file: String,
        input: Input,
        memory: Option<&mut Memory>,
    ) -> Result<Record, IndexError> {
        let also = memory.as_deref().map(Memory::also);
        let needs = also.map(Needs::everything);
        let inspected = inspect(file, input, &self.engine.limits, needs);
        let examined = self.examine(inspected);
        match memory {
            Some(memory) => memory.screen(examined),
            None => Ok(examined.record),
        }
    }

    /// The stages that need the model, for a photo that was inspected already.
    pub fn examine(&mut self, inspected: Inspected) -> Examined {
        let start = Instant::now();
        let Inspected {
            mut record,
            picture,
            mut evidence,
            spent,
        } = inspected;
        record.model = Some(self.engine.stamp().clone());
        if let Some(picture) = picture {
            let with_landmarks = evidence
                .as_ref()
                .map(|evidence| evidence.entry.landmarks.is_some());
            let judged = caught(|| {
                let parts = match record.marks.contains(&Mark::Blank) {
                    true => Some(Vec::new()),
                    false => self.look_inside(&picture, with_landmarks)?,
                };
                let size = picture.photo.pixels.dimensions();
                let has_parts = parts.as_ref().is_some_and(|parts| !parts.is_empty());
                let Judged { descriptor, views } = self.judge(&mut record, picture, has_parts)?;
                let parts = page::take_up(&mut record, parts);
                self.take_up_views(&mut record, views, size);
                if let Some(evidence) = &mut evidence {
                    evidence.entry.descriptor = descriptor;
                    evidence.take_parts(parts);
                }
                Ok(())
            });
            if let Err(failure) = judged {
                record.fail(failure);
                evidence = None;
            }
        }
        let elapsed = spent + start.elapsed();
        record.elapsed_ms = (elapsed.as_secs_f64() * 1e5).round() / 1e2;
        Examined { record, evidence }
    }

    /// The descriptor of upright pixels, with its maker; `None` when the bundle has no descriptor
    /// output.
    ///
    /// # Errors
    /// [`RecognizeError::Run`] when inference fails.
    pub fn describe(&mut self, pixels: &RgbImage) -> Result<Option<Descriptor>, RecognizeError> {
        let recognition = self.recognizer.recognize(pixels)?;
        Ok(recognition
            .descriptor
            .map(|vector| self.engine.descriptor(vector)))
    }

    /// Fills the record with scores, lattice and verdict; gives the descriptor back, and what was
    /// seen in views.
    fn judge(
        &mut self,
        record: &mut Record,
        picture: Picture,
        has_parts: bool,
    ) -> Result<Judged, Failure> {
        let pixels = &picture.photo.pixels;
        let Recognition { scores, descriptor } = self.recognize(pixels)?;
        let views = match has_parts || record.marks.contains(&Mark::Blank) {
            true => self.engine.views_rule().map(|_| Vec::new()),
            false => self.look_closer(pixels, &scores)?,
        };
        // What a picture shows of a lattice does not depend on how common ivory is.
        record.schreger = self.read_lattice(record, &scores, picture)?;
        let scores = self.engine.at_prior(scores);
        self.decide(record, &scores);
        Ok(Judged {
            descriptor: descriptor.map(|vector| self.engine.descriptor(vector)),
            views,
        })
    }

    pub(super) fn recognize(&mut self, pixels: &RgbImage) -> Result<Recognition, Failure> {
        let recognized = self.recognizer.recognize(pixels);
        recognized.map_err(|error| Failure::internal(error.to_string()))
    }

    fn read_lattice(
        &self,
        record: &mut Record,
        scores: &[f32],
        picture: Picture,
    ) -> Result<Option<Reading>, Failure> {
        let Some(worth_reading) = self.engine.lattice_is_worth_reading(scores) else {
            return Ok(None);
        };
        if !worth_reading || record.marks.contains(&Mark::Blank) {
            return Ok(Some(Reading::without(Status::NotApplicable, Vec::new())));
        }
        let photo = self.in_full(picture)?;
        record.marks.extend(&photo.marks);
        record.marks.sort_unstable();
        record.marks.dedup();
        let config = schreger::Config::default();
        Ok(Some(schreger::read(&photo.pixels, &config)))
    }

    /// The photo with every pixel that the lattice is read from: decoded once more where it was
    /// decoded at a smaller scale.
    fn in_full(&self, picture: Picture) -> Result<Photo, Failure> {
        let Picture { photo, bytes } = picture;
        let Some(bytes) = bytes else {
            return Ok(photo.for_reading()?);
        };
        Ok(photo.in_full(&bytes, &self.engine.limits)?)
    }

    fn decide(&self, record: &mut Record, scores: &[f32]) {
        let described = &self.engine.bundle.description;
        let labels = &described.labels.names;
        record.materials = record::materials(labels, scores);
        let is_blank = record.marks.contains(&Mark::Blank);
        let reading = record.schreger.as_ref();
        let verdict = self.engine.verdict(scores, reading, is_blank);
        let species = record.schreger.as_ref().map(|reading| reading.species);
        let species = species.unwrap_or(Species::Undecided);
        record.law = Some(verdict::legal_status(&verdict.raised, species));
        record.decision = Some(verdict.decision);
        record.give_reasons(&verdict.reasons);
    }
}
