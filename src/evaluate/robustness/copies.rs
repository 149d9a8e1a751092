//! Every photograph under every transformation: made, scored, and looked for in an index of the
//! originals.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;

use crate::evaluate::error::EvaluateError;
use crate::evaluate::matching::{Found, query_index};
use crate::evaluate::study_index::StudyIndex;
use crate::index::Index;
use crate::photo::{self, Limits, Photo};
use crate::pipeline::{Engine, Examined, Input, Needs, Worker, inspect};
use crate::progress::{Progress, Stage};
use crate::record::{Failure, Record};

use super::transformation::{Copied, Transformation, for_collage};

/// Pictures kept for the other cells of collages.
const POOL: usize = 24;
/// Other pictures that the collage among the examples shows.
const EXAMPLE_POOL: usize = 3;

/// An original: its name, and where it lies.
pub(super) type Original = (String, PathBuf);

/// One photograph after one transformation.
#[derive(Debug)]
pub(super) struct Copy {
    /// Number of the photograph.
    pub(super) photograph: usize,
    /// Place of the transformation in the suite.
    pub(super) transformation: usize,
    /// What the model says of it; named as the original is.
    pub(super) record: Record,
    /// What the index answers.
    pub(super) found: Vec<Found>,
    /// Numbers of the other photographs that it shows, too.
    pub(super) shows: Vec<usize>,
}

/// How copies are made and asked.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) engine: &'a Engine,
    pub(super) originals: &'a [Original],
    /// What is done to every photograph.
    pub(super) suite: &'a [Transformation],
    /// Numbers of photographs that are searched but not copied: the model may have learned from
    /// them.
    pub(super) skipped: &'a BTreeSet<usize>,
    /// Seed of the places of crops, of noise and of collages.
    pub(super) seed: u64,
    /// Whether hashes are also asked mirrored and turned.
    pub(super) any_orientation: bool,
    /// Threads.
    pub(super) workers: usize,
    pub(super) progress: &'a dyn Progress,
}

/// The name under which a copy is asked.
pub(super) fn copy_name(file: &str, transformation: &str) -> String {
    format!("{file} [{transformation}]")
}

impl Making<'_> {
    /// Every copy, in the order of photographs and of the suite. A photograph that cannot be read
    /// gives copies whose record is an error.
    pub(super) fn make_all(self, index: &StudyIndex) -> Result<Vec<Copy>, EvaluateError> {
        self.progress.begin(Stage::Copies, self.originals.len());
        let pool = CollagePool::read(self.originals, self.engine.limits());
        let next = AtomicUsize::new(0);
        let made = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let work = || self.make_some(index, &pool, &next, &made);
            let threads = (0..self.workers.max(1)).map(|_| scope.spawn(work));
            let threads: Vec<_> = threads.collect();
            threads
                .into_iter()
                .try_for_each(|thread| match thread.join() {
                    Ok(outcome) => outcome,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
        })?;
        self.progress.end();
        let mut made = made.into_inner().unwrap_or_default();
        made.sort_by_key(|copy: &Copy| (copy.photograph, copy.transformation));
        Ok(made)
    }

    /// One thread's share: photograph after photograph, until none is left.
    fn make_some(
        self,
        index: &StudyIndex,
        pool: &CollagePool,
        next: &AtomicUsize,
        made: &Mutex<Vec<Copy>>,
    ) -> Result<(), EvaluateError> {
        let mut copier = Copier {
            making: self,
            pool,
            index: index.open()?,
            worker: self.engine.worker(1)?,
        };
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.originals.len() {
                return Ok(());
            }
            if !self.skipped.contains(&number) {
                let copies = copier.copy(number)?;
                if let Ok(mut made) = made.lock() {
                    made.extend(copies);
                }
            }
            self.progress.step();
        }
    }

    /// Every transformation of the first photograph that can be read: its name and the file.
    pub(super) fn examples(self) -> Vec<(String, Vec<u8>)> {
        let limits = self.engine.limits();
        let mut readable = (self.originals.iter())
            .filter_map(|(file, path)| Some((file, read(path, limits).ok()?)));
        let Some((file, photo)) = readable.next() else {
            return Vec::new();
        };
        let pool = readable.take(EXAMPLE_POOL);
        let pool: Vec<RgbImage> = pool.map(|(_, other)| for_collage(&other.pixels)).collect();
        let copies = self.suite.iter().filter_map(|one| {
            let copied = one.copy(file, &photo.pixels, &pool, None, self.seed).ok()?;
            Some((one.name.to_owned(), copied.jpeg))
        });
        copies.collect()
    }
}

/// What one thread makes copies with.
struct Copier<'a> {
    making: Making<'a>,
    pool: &'a CollagePool,
    index: Index,
    worker: Worker<'a>,
}

impl Copier<'_> {
    /// A photograph under every transformation.
    fn copy(&mut self, number: usize) -> Result<Vec<Copy>, EvaluateError> {
        let (file, path) = &self.making.originals[number];
        let photo = read(path, self.making.engine.limits());
        let suite = self.making.suite.iter().enumerate();
        suite
            .map(|(place, transformation)| {
                let own = self.pool.place_of(number);
                let copied = photo.as_ref().map_err(Clone::clone).and_then(|photo| {
                    let pool = &self.pool.pictures;
                    (transformation.copy(file, &photo.pixels, pool, own, self.making.seed))
                        .map_err(|error| Failure::internal(error.to_string()))
                });
                let (examined, shows) = self.examine(file, copied);
                Ok(Copy {
                    photograph: number,
                    transformation: place,
                    found: self.ask(&copy_name(file, transformation.name), &examined)?,
                    record: examined.record,
                    shows: shows
                        .into_iter()
                        .map(|place| self.pool.numbers[place])
                        .collect(),
                })
            })
            .collect()
    }

    /// Scores a copy; also tells the places in the pool of the pictures that it shows.
    fn examine(&mut self, file: &str, copied: Result<Copied, Failure>) -> (Examined, Vec<usize>) {
        match copied {
            Ok(copied) => {
                let input = Input::Bytes(copied.jpeg);
                let limits = self.making.engine.limits();
                let needs = Needs::everything(&[]);
                let inspected = inspect(file.to_owned(), input, limits, Some(needs));
                (self.worker.examine(inspected), copied.shows)
            }
            Err(failure) => {
                let mut record = Record::new(file.to_owned());
                record.fail(failure);
                let evidence = None;
                (Examined { record, evidence }, Vec::new())
            }
        }
    }

    fn ask(&self, name: &str, examined: &Examined) -> Result<Vec<Found>, EvaluateError> {
        match &examined.evidence {
            Some(evidence) => {
                let any_orientation = self.making.any_orientation;
                Ok(query_index(&self.index, name, evidence, any_orientation)?)
            }
            None => Ok(Vec::new()),
        }
    }
}

/// Pictures for the other cells of collages, spread over the photographs.
struct CollagePool {
    pictures: Vec<RgbImage>,
    /// Number of the photograph that each is.
    numbers: Vec<usize>,
}

impl CollagePool {
    fn read(originals: &[Original], limits: &Limits) -> Self {
        let step = originals.len().div_ceil(POOL).max(1);
        let chosen = originals.iter().enumerate().step_by(step);
        let (numbers, pictures) = chosen
            .filter_map(|(number, (_, path))| {
                let photo = read(path, limits).ok()?;
                Some((number, for_collage(&photo.pixels)))
            })
            .unzip();
        Self { pictures, numbers }
    }

    fn place_of(&self, number: usize) -> Option<usize> {
        self.numbers.iter().position(|&other| other == number)
    }
}

fn read(path: &Path, limits: &Limits) -> Result<Photo, Failure> {
    let bytes = photo::read_file(path, limits)?;
    Ok(Photo::from_bytes(&bytes, limits)?)
}
