//! The stages composed: for one photo, and for a batch over many workers.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use image::RgbImage;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::fingerprint;
use crate::index::{Descriptor, Evidence};
use crate::photo::source::Item;
use crate::photo::{self, Limits, Photo, PhotoError, hex};
use crate::recognize::prior::{PriorError, PriorShift};
use crate::recognize::{Bundle, RecognizeError, Recognizer, Runtime};
use crate::record::{self, Failure, ModelStamp, Record};
use crate::schreger::{self, Reading, Species, Status};
use crate::verdict;

/// Photos under way per worker: enough that a slow photo at the head of the
/// line does not leave the other workers without work.
const WINDOW_PER_WORKER: usize = 64;

/// Everything that stays the same over a run.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    bundle: Bundle,
    limits: Limits,
    stamp: ModelStamp,
    /// Identity of the preprocessing, beside every stored descriptor.
    preprocessing: String,
    evidence: bool,
    lattice: ReadLattice,
    prior: Option<PriorShift>,
}

/// When the Schreger lattice is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadLattice {
    /// When the bundle's ivory score makes it worth while.
    #[default]
    WhenPlausible,
    /// On every photo.
    Always,
    /// Never.
    Never,
}

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

/// A batch that could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum BatchError<E: std::error::Error> {
    /// The workers could not be set up.
    #[error(transparent)]
    Setup(#[from] RecognizeError),
    /// The threads could not be started.
    #[error("cannot start the workers: {0}")]
    Threads(String),
    /// The receiver of the records gave up.
    #[error(transparent)]
    Emit(E),
}

impl Engine {
    /// Joins a loaded runtime, a checked bundle and the limits on pictures.
    #[must_use]
    pub fn new(runtime: Runtime, bundle: Bundle, limits: Limits) -> Self {
        let stamp = ModelStamp {
            name: bundle.description.name.clone(),
            version: bundle.description.version.clone(),
            sha256: bundle.description.identity(),
            prior: BTreeMap::new(),
        };
        let input = Sha256::digest(format!("{:?}", bundle.description.input));
        let preprocessing = format!("{} {}", stamp.version, &hex(&input)[..16]);
        Self {
            runtime,
            bundle,
            limits,
            stamp,
            preprocessing,
            evidence: false,
            lattice: ReadLattice::default(),
            prior: None,
        }
    }

    /// The same engine, reading the lattice when told.
    #[must_use]
    pub fn with_lattice(self, lattice: ReadLattice) -> Self {
        Self { lattice, ..self }
    }

    /// The same engine, whose scores are moved from the prior of the bundle's calibration to the given
    /// rates of labels. Without any rate nothing changes.
    ///
    /// # Errors
    /// [`PriorError`].
    pub fn with_prior(mut self, rates: BTreeMap<String, f64>) -> Result<Self, PriorError> {
        if !rates.is_empty() {
            let shift = PriorShift::new(&self.bundle.description, rates)?;
            self.stamp.prior.clone_from(&shift.rates);
            self.prior = Some(shift);
        }
        Ok(self)
    }

    /// Whether a photo with these scores gets its lattice read. `None` when there
    /// is nothing to say of ivory: no such label, or switched off.
    fn reads_lattice(&self, scores: &[f32]) -> Option<bool> {
        let described = &self.bundle.description;
        match (self.lattice, &described.schreger) {
            (ReadLattice::Always, _) => Some(true),
            (ReadLattice::Never, _) | (_, None) => None,
            (ReadLattice::WhenPlausible, Some(rule)) => {
                let mut scored = described.labels.names.iter().zip(scores);
                let ivory = scored.find(|(label, _)| **label == rule.label);
                Some(ivory.is_some_and(|(_, &score)| score >= rule.plausible))
            }
        }
    }

    /// The same engine, whose records also carry what an index needs.
    #[must_use]
    pub fn with_evidence(self) -> Self {
        Self {
            evidence: true,
            ..self
        }
    }

    fn descriptor(&self, vector: Vec<f32>) -> Descriptor {
        Descriptor {
            vector,
            model: self.bundle.description.model.sha256.to_ascii_lowercase(),
            preprocessing: self.preprocessing.clone(),
        }
    }

    /// Which model the records will name.
    #[must_use]
    pub fn stamp(&self) -> &ModelStamp {
        &self.stamp
    }

    /// Version of the ONNX Runtime in use, where it tells.
    #[must_use]
    pub fn runtime_version(&self) -> Option<String> {
        self.runtime.version()
    }

    /// The bundle in use.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

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

    /// Scores a stream of photos with `workers` parallel workers and hands the
    /// records to `emit` in input order. Memory is bounded by the number of
    /// workers, not by the number of photos. Once `stop` is set no new photo is
    /// begun, and those in hand are finished and emitted.
    ///
    /// # Errors
    /// [`BatchError`]; single photos that fail are records, not errors.
    pub fn batch<E: std::error::Error>(
        &self,
        workers: usize,
        items: impl Iterator<Item = Item>,
        stop: &AtomicBool,
        mut emit: impl FnMut(Item, Record) -> Result<(), E>,
    ) -> Result<(), BatchError<E>> {
        let workers = workers.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(workers)
            .thread_name(|index| format!("worker-{index}"))
            .build()
            .map_err(|error| BatchError::Threads(error.to_string()))?;
        let crew = pool.install(|| {
            (0..workers)
                .into_par_iter()
                .map(|_| self.worker(1))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let (to_workers, work) = crossbeam_channel::unbounded::<(u64, String, Input)>();
        let (done, from_workers) = crossbeam_channel::unbounded::<(u64, Record)>();
        pool.in_place_scope(move |scope| {
            for mut worker in crew {
                let (work, done) = (work.clone(), done.clone());
                scope.spawn(move |_| {
                    for (number, file, input) in work {
                        if done.send((number, worker.examine(file, input))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(done);
            let mut items = items.fuse();
            let mut waiting: BTreeMap<u64, Item> = BTreeMap::new();
            let mut finished: BTreeMap<u64, Record> = BTreeMap::new();
            let (mut given, mut emitted) = (0, 0);
            loop {
                while waiting.len() < workers * WINDOW_PER_WORKER && !stop.load(Ordering::Relaxed) {
                    let Some(item) = items.next() else { break };
                    let input = match &item.path {
                        Ok(path) => Input::File(path.clone()),
                        Err(reason) => Input::Unusable(reason.clone()),
                    };
                    let _ = to_workers.send((given, item.file.clone(), input));
                    waiting.insert(given, item);
                    given += 1;
                }
                if stop.load(Ordering::Relaxed) {
                    // Take back what no worker has begun: always the newest.
                    for (number, ..) in work.try_iter() {
                        waiting.remove(&number);
                    }
                }
                if waiting.is_empty() {
                    return Ok(());
                }
                let Ok((number, record)) = from_workers.recv() else {
                    return Err(BatchError::Threads("a worker ended early".into()));
                };
                finished.insert(number, record);
                while let Some(record) = finished.remove(&emitted) {
                    if let Some(item) = waiting.remove(&emitted) {
                        emit(item, record).map_err(|error| {
                            work.try_iter().for_each(drop);
                            BatchError::Emit(error)
                        })?;
                    }
                    emitted += 1;
                }
            }
        })
    }
}

/// A photo taken as far as it gets without a model: read, decoded, hashed.
#[derive(Debug)]
pub struct Inspected {
    record: Record,
    /// Upright pixels; `None` when the record holds an error.
    pixels: Option<RgbImage>,
    spent: Duration,
}

/// Reads, decodes and hashes one photo: everything that needs no model, so that it
/// can be done while the model is being loaded. With `evidence` the result also
/// carries what an index needs.
#[must_use]
pub fn inspect(file: String, input: Input, limits: &Limits, evidence: bool) -> Inspected {
    let start = Instant::now();
    let mut record = Record::new(file);
    let pixels = caught(&mut record, |record| read(record, input, limits, evidence));
    Inspected {
        record,
        pixels,
        spent: start.elapsed(),
    }
}

fn read(
    record: &mut Record,
    input: Input,
    limits: &Limits,
    evidence: bool,
) -> Result<RgbImage, Failure> {
    let bytes = match input {
        Input::File(path) => photo::read_file(&path, limits)?,
        Input::Bytes(bytes) => bytes,
        Input::Failed(error) => return Err(error.into()),
        Input::Unusable(reason) => {
            return Err(Failure {
                kind: "not_found".into(),
                message: reason,
            });
        }
    };
    let photo = Photo::from_bytes(&bytes, limits)?;
    drop(bytes);
    record.sha256 = Some(hex(&photo.sha256));
    record.format = Some(photo.format.name().into());
    record.width = Some(photo.width());
    record.height = Some(photo.height());
    let pdq = if evidence {
        let evidence = Box::new(Evidence::of(&photo.pixels, photo.sha256));
        let pdq = evidence.entry.pdq;
        record.evidence = Some(evidence);
        pdq
    } else {
        fingerprint::pdq(&photo.pixels)
    };
    record.pdq = Some(pdq.hash.to_string());
    record.pdq_quality = Some(pdq.quality);
    Ok(photo.pixels)
}

/// Runs one part of the work on a record; a failure or a panic ends up in the record.
fn caught<T>(
    record: &mut Record,
    part: impl FnOnce(&mut Record) -> Result<T, Failure>,
) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(|| part(record)));
    let failure = match outcome {
        Ok(Ok(done)) => return Some(done),
        Ok(Err(failure)) => failure,
        Err(_) => internal("a stage panicked; please report this picture"),
    };
    record.decision = None;
    record.reasons.clear();
    record.materials.clear();
    record.law = None;
    record.evidence = None;
    record.error = Some(failure);
    None
}

/// One session and its buffers, for one thread.
pub struct Worker<'engine> {
    engine: &'engine Engine,
    recognizer: Recognizer,
}

impl Worker<'_> {
    /// Takes one photo through every stage. Whatever goes wrong with it is in
    /// the record.
    pub fn examine(&mut self, file: String, input: Input) -> Record {
        let Engine {
            limits, evidence, ..
        } = self.engine;
        self.judge(inspect(file, input, limits, *evidence))
    }

    /// The stages that need the model, for a photo that was read already.
    pub fn judge(&mut self, inspected: Inspected) -> Record {
        let Inspected {
            mut record,
            pixels,
            spent,
        } = inspected;
        let start = Instant::now();
        record.model = Some(self.engine.stamp.clone());
        if let Some(pixels) = pixels {
            caught(&mut record, |record| self.decide(record, &pixels));
        }
        let elapsed = spent + start.elapsed();
        record.elapsed_ms = (elapsed.as_secs_f64() * 1e5).round() / 1e2;
        record
    }

    /// The descriptor of upright pixels, with its maker; `None` when the bundle
    /// has no descriptor output.
    ///
    /// # Errors
    /// [`RecognizeError::Run`] when inference fails.
    pub fn describe(&mut self, pixels: &RgbImage) -> Result<Option<Descriptor>, RecognizeError> {
        let recognition = self.recognizer.recognize(pixels)?;
        Ok(recognition
            .descriptor
            .map(|vector| self.engine.descriptor(vector)))
    }

    fn decide(&mut self, record: &mut Record, pixels: &RgbImage) -> Result<(), Failure> {
        let recognition = self
            .recognizer
            .recognize(pixels)
            .map_err(|error| internal(&error.to_string()))?;
        let described = &self.engine.bundle.description;
        let labels = &described.labels.names;
        let scores = match &self.engine.prior {
            Some(shift) => shift.apply(&recognition.scores),
            None => recognition.scores.clone(),
        };
        record.materials = record::materials(labels, &scores);
        if let Some(evidence) = &mut record.evidence {
            let descriptor = recognition.descriptor;
            evidence.entry.descriptor = descriptor.map(|vector| self.engine.descriptor(vector));
        }

        // What a picture shows of a lattice does not depend on how common ivory is.
        record.schreger =
            (self.engine.reads_lattice(&recognition.scores)).map(|worth| match worth {
                true => schreger::read(pixels, &schreger::Config::default()),
                false => Reading::without(Status::NotApplicable, Vec::new()),
            });

        let verdict = verdict::decide(labels, &scores, &described.thresholds);
        let ivory = described.schreger.as_ref().map(|rule| rule.label.as_str());
        let verdict = match (&record.schreger, ivory) {
            (Some(reading), Some(ivory)) => verdict::weigh(verdict, reading, ivory),
            _ => verdict,
        };
        let species = record.schreger.as_ref().map(|reading| reading.species);
        let species = species.unwrap_or(Species::Undecided);
        record.law = Some(verdict::law(&verdict.raised, species));
        record.decision = Some(verdict.decision);
        record.reasons = verdict.reasons;
        Ok(())
    }
}

fn internal(message: &str) -> Failure {
    Failure {
        kind: "internal".into(),
        message: message.into(),
    }
}

impl From<PhotoError> for Failure {
    fn from(error: PhotoError) -> Self {
        Self {
            kind: error.kind().into(),
            message: error.to_string(),
        }
    }
}
