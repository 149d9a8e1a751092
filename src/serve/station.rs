//! A worker's place: its session, its reader of the index, and the work on one photo.

use std::time::Instant;

use super::metrics::{Metrics, Stage};
use crate::fingerprint::{MATCH_DISTANCE, Pdq, PdqHash};
use crate::index::{Index, Match, Query, Result};
use crate::manifest::Context;
use crate::pipeline::{Engine, Examined, Input, Memory, Worker, inspect};
use crate::record::Record;

/// What a worker has at hand.
pub(super) struct Station<'engine> {
    pub(super) engine: &'engine Engine,
    pub(super) worker: Worker<'engine>,
    pub(super) memory: Option<Memory>,
    pub(super) metrics: &'engine Metrics,
}

/// One photo, as it was handed in.
#[derive(Debug, Default)]
pub(super) struct Photo {
    /// Its name in the record.
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    /// What the caller says of it.
    pub(super) context: Context,
    /// Whether it is to be remembered.
    pub(super) remember: bool,
}

/// What became of one photo.
#[derive(Debug)]
pub(super) enum Checked {
    /// Its record, and the packed files that were searched.
    Done(Box<Record>, Option<String>),
    /// It is to be matched and remembered by the writer.
    ToRemember(Box<Examined>),
}

impl Station<'_> {
    /// Takes one photo the whole way, or as far as the writer's part.
    pub(super) fn check(&mut self, photo: Photo) -> Result<Checked> {
        let start = Instant::now();
        let memory = self.memory.as_ref();
        let needs = memory
            .map(|memory| memory.needs(photo.remember))
            .transpose()?;
        let input = Input::Bytes(photo.bytes);
        let inspected = inspect(photo.file, input, self.engine.limits(), needs);
        let inspected = inspected.seen_in(&photo.context);
        self.metrics.stage(Stage::Inspect).observe(start.elapsed());

        let start = Instant::now();
        let examined = self.worker.examine(inspected);
        self.metrics.stage(Stage::Examine).observe(start.elapsed());

        let Some(memory) = &mut self.memory else {
            return Ok(Checked::Done(Box::new(examined.record), None));
        };
        if photo.remember && examined.evidence.is_some() {
            return Ok(Checked::ToRemember(Box::new(examined)));
        }
        let start = Instant::now();
        let record = memory.screen(examined)?;
        self.metrics.stage(Stage::Match).observe(start.elapsed());
        let generation = memory.index().generation().map(str::to_owned);
        Ok(Checked::Done(Box::new(record), generation))
    }

    /// The hash of one photo, or why it cannot be read.
    pub(super) fn hash(&mut self, bytes: Vec<u8>) -> Record {
        let start = Instant::now();
        let inspected = inspect("-".into(), Input::Bytes(bytes), self.engine.limits(), None);
        self.metrics.stage(Stage::Inspect).observe(start.elapsed());
        inspected.into_record()
    }

    /// Every sighting of pictures whose hash is within reach; `None` without an index.
    pub(super) fn lookup(&mut self, hash: PdqHash) -> Option<Result<Vec<Match>>> {
        let memory = self.memory.as_ref()?;
        let start = Instant::now();
        let query = Query::of(Pdq { hash, quality: 100 }).within(MATCH_DISTANCE);
        let found = memory.index().query(&query);
        self.metrics.stage(Stage::Match).observe(start.elapsed());
        Some(found)
    }

    /// The index, if there is one.
    pub(super) fn index(&self) -> Option<&Index> {
        self.memory.as_ref().map(Memory::index)
    }
}
