//! A stream of photos over many workers, given back in input order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::inspect::{Input, Needs, inspect, sighting_of};
use super::memory::{TOGETHER, Waiting};
use super::{Engine, Examined, Memory, Remembered, SharedMemory, Worker};
use crate::fingerprint::PerceptualAlgorithm;
use crate::index::{IndexError, Sighting};
use crate::manifest::Item;
use crate::recognize::RecognizeError;
use crate::record::Record;

/// Photos under way per worker: enough that a slow photo at the head of the line does not leave
/// the other workers without work.
const WINDOW_PER_WORKER: usize = 64;

/// A batch that could not be finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError<E: std::error::Error> {
    /// The workers could not be set up.
    #[error(transparent)]
    Setup(#[from] RecognizeError),
    /// The threads could not be started.
    #[error("cannot start the workers: {0}")]
    Threads(String),
    /// The index failed; photos whose records were not handed on are not in it.
    #[error(transparent)]
    Index(IndexError),
    /// The receiver of the records gave up.
    #[error(transparent)]
    Emit(E),
}

impl Engine {
    /// Screens a stream of photos with `workers` parallel workers: scores each, matches it with
    /// what `memory` holds, where that is open to add remembers it, and hands the records to
    /// `emit` in input order, each only when its photo is durable in the index. The index is held
    /// only while some photos are matched and stored: others may add to it in between. Memory use
    /// is bounded by the number of workers, not by the number of photos. Once `stop` is set no new
    /// photo is begun, and those in hand are finished and emitted.
    ///
    /// # Errors
    /// [`BatchError`]; single photos that fail are records, not errors.
    pub fn screen<E: std::error::Error>(
        &self,
        workers: usize,
        items: impl Iterator<Item = Item>,
        memory: Option<&mut Memory>,
        stop: &AtomicBool,
        mut emit: impl FnMut(Item, Record) -> Result<(), E>,
    ) -> Result<(), BatchError<E>> {
        let Some(memory) = memory else {
            return self.run(workers, items, None, stop, |item, examined| {
                emit(item, examined.record).map_err(BatchError::Emit)
            });
        };
        let mut waiting = Waiting::new(memory).map_err(BatchError::Index)?;
        let mut emit_all = |durable: Result<Vec<(Item, Record)>, IndexError>| {
            (durable.map_err(BatchError::Index)?.into_iter())
                .try_for_each(|(item, record)| emit(item, record))
                .map_err(BatchError::Emit)
        };
        let also = memory.also().to_vec();
        self.run(workers, items, Some(&also), stop, |item, examined| {
            emit_all(waiting.push(memory, item, examined))
        })?;
        emit_all(waiting.screen(memory))
    }

    /// Screens a stream of photos as [`Engine::screen`] does, with an index that others add to at
    /// the same time: it is held for as long as some photos are matched and stored.
    ///
    /// # Errors
    /// [`BatchError`]; single photos that fail are records, not errors.
    pub fn screen_shared<E: std::error::Error>(
        &self,
        workers: usize,
        items: impl Iterator<Item = Item>,
        memory: &SharedMemory,
        stop: &AtomicBool,
        mut emit: impl FnMut(Remembered) -> Result<(), E>,
    ) -> Result<(), BatchError<E>> {
        let mut waiting = Vec::new();
        let mut screen = |photos: &mut Vec<Examined>| {
            let remembered = memory.screen(photos.drain(..));
            emit(remembered.map_err(BatchError::Index)?).map_err(BatchError::Emit)
        };
        self.run(workers, items, Some(memory.also()), stop, |_, examined| {
            waiting.push(examined);
            match waiting.len() < TOGETHER {
                true => Ok(()),
                false => screen(&mut waiting),
            }
        })?;
        screen(&mut waiting)
    }

    /// Examines a stream of photos as [`Engine::screen`] does, without an index: `emit` gets each
    /// with the evidence that an index needs.
    ///
    /// # Errors
    /// [`BatchError`]; single photos that fail are records, not errors.
    pub fn examine<E: std::error::Error>(
        &self,
        workers: usize,
        items: impl Iterator<Item = Item>,
        stop: &AtomicBool,
        mut emit: impl FnMut(Item, Examined) -> Result<(), E>,
    ) -> Result<(), BatchError<E>> {
        self.run(workers, items, Some(&[]), stop, |item, examined| {
            emit(item, examined).map_err(BatchError::Emit)
        })
    }

    /// With `evidence` photos carry what an index needs, these hashes beside PDQ.
    pub(super) fn run<E: std::error::Error>(
        &self,
        workers: usize,
        items: impl Iterator<Item = Item>,
        evidence: Option<&[PerceptualAlgorithm]>,
        stop: &AtomicBool,
        mut emit: impl FnMut(Item, Examined) -> Result<(), BatchError<E>>,
    ) -> Result<(), BatchError<E>> {
        let workers = workers.max(1);
        let (pool, crew) = self.crew(workers)?;
        let (to_workers, work) = unbounded();
        let (done, from_workers) = unbounded();
        pool.in_place_scope(move |scope| {
            for mut worker in crew {
                let (work, done) = (work.clone(), done.clone());
                scope.spawn(move |_| worker.serve(&work, &done, evidence));
            }
            drop(done);
            let mut items = items.fuse();
            let mut line = Line::default();
            loop {
                while line.waiting.len() < workers * WINDOW_PER_WORKER
                    && !stop.load(Ordering::Relaxed)
                {
                    let Some(item) = items.next() else { break };
                    let _ = to_workers.send(line.enqueue(item));
                }
                if stop.load(Ordering::Relaxed) {
                    line.take_back(&work);
                }
                if line.waiting.is_empty() {
                    return Ok(());
                }
                let Ok((number, examined)) = from_workers.recv() else {
                    return Err(BatchError::Threads("a worker ended early".into()));
                };
                line.finished.insert(number, examined);
                while let Some((item, examined)) = line.next_in_order() {
                    emit(item, examined).inspect_err(|_| work.try_iter().for_each(drop))?;
                }
            }
        })
    }

    /// One worker with one single-threaded session per thread, set up side by side.
    fn crew<E: std::error::Error>(
        &self,
        workers: usize,
    ) -> Result<(ThreadPool, Vec<Worker<'_>>), BatchError<E>> {
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
        Ok((pool, crew))
    }
}

/// A photo handed to a worker: its number in the line, its name, its bytes.
struct Order {
    number: u64,
    file: String,
    input: Input,
}

impl Worker<'_> {
    /// Examines what comes in until nothing more comes, or nobody takes it any more.
    fn serve(
        &mut self,
        work: &Receiver<Order>,
        done: &Sender<(u64, Examined)>,
        evidence: Option<&[PerceptualAlgorithm]>,
    ) {
        for order in work {
            let limits = self.engine().limits();
            let needs = evidence.map(Needs::everything);
            let inspected = inspect(order.file, order.input, limits, needs);
            let examined = self.examine(inspected);
            if done.send((order.number, examined)).is_err() {
                return;
            }
        }
    }
}

/// Photos under way: those with a worker, and those that are finished before their turn.
#[derive(Default)]
struct Line {
    waiting: BTreeMap<u64, Item>,
    finished: BTreeMap<u64, Examined>,
    given: u64,
    emitted: u64,
}

impl Line {
    fn enqueue(&mut self, item: Item) -> Order {
        let order = Order {
            number: self.given,
            file: item.file.clone(),
            input: input(&item),
        };
        self.waiting.insert(self.given, item);
        self.given += 1;
        order
    }

    /// Takes back what no worker has begun: always the newest.
    fn take_back(&mut self, work: &Receiver<Order>) {
        for order in work.try_iter() {
            self.waiting.remove(&order.number);
        }
    }

    fn next_in_order(&mut self) -> Option<(Item, Examined)> {
        let mut examined = self.finished.remove(&self.emitted)?;
        let item = self.waiting.remove(&self.emitted)?;
        examined.record.set_context(&item.context);
        if let Some(evidence) = &mut examined.evidence {
            evidence.entry.sighting = sighting(&item);
        }
        self.emitted += 1;
        Some((item, examined))
    }
}

/// The file that a source's entry names.
pub(super) fn input(item: &Item) -> Input {
    match &item.path {
        Ok(path) => Input::File(path.clone()),
        Err(reason) => Input::Unusable(reason.clone()),
    }
}

/// Where a source says that a photo was seen.
pub(super) fn sighting(item: &Item) -> Sighting {
    sighting_of(&item.file, &item.context)
}
