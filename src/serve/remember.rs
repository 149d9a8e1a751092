//! The one thread that writes to the index: what arrives together becomes durable together.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use super::metrics::{Metrics, Stage};
use crate::index::{Index, PackedFiles, Result};
use crate::pipeline::{Examined, Memory, Search};
use crate::record::Record;
use crate::verdict::Policy;

/// Pictures and changes that may wait for the index.
const WAITING: usize = 256;
/// Pictures that are made durable together at most.
const TOGETHER: usize = 64;
/// How long another process's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A record of a picture that is durable in the index, with the packed files that were searched.
pub(super) type Durable = Result<(Box<Record>, Option<String>), String>;

/// One picture to match and remember, and who waits for it.
struct Remember {
    examined: Box<Examined>,
    policy: Option<Arc<Policy>>,
    since: Instant,
    durable: oneshot::Sender<Durable>,
}

/// Makes a change of the index, and tells whoever waits once it is durable.
type Change = Box<dyn FnOnce(&mut Memory) + Send>;

/// What the thread is asked for.
enum Asked {
    Remember(Remember),
    Change(Change),
}

/// Where pictures to remember and changes are handed in.
#[derive(Clone)]
pub(super) struct Writer(Sender<Asked>);

impl Writer {
    /// Opens the index once to see that it can be written, then starts the thread. It ends when
    /// the last handle is dropped, with everything durable.
    pub(super) fn start(
        dir: &Path,
        search: Search,
        packed_files: &PackedFiles,
        metrics: Arc<Metrics>,
    ) -> Result<(Self, JoinHandle<()>)> {
        let mut memory = Memory::open_to_add(dir, search, PATIENCE)?;
        memory.index_mut().share(packed_files)?;
        memory.pause()?;
        let (sender, receiver) = bounded(WAITING);
        let thread = std::thread::spawn(move || work(&mut memory, &receiver, &metrics));
        Ok((Self(sender), thread))
    }

    /// Matches a picture and makes it durable in the index. `None` when too many wait already.
    pub(super) fn remember(
        &self,
        examined: Box<Examined>,
        policy: Option<Arc<Policy>>,
    ) -> Option<oneshot::Receiver<Durable>> {
        let (durable, receiver) = oneshot::channel();
        let asked = Remember {
            examined,
            policy,
            since: Instant::now(),
            durable,
        };
        self.ask(Asked::Remember(asked), receiver)
    }

    /// Changes the index; durable when the answer comes. `None` when too many wait already.
    pub(super) fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Index) -> Result<T> + Send + 'static,
    ) -> Option<oneshot::Receiver<Result<T>>> {
        let (durable, receiver) = oneshot::channel();
        let change = move |memory: &mut Memory| {
            // Whoever has gone wants nothing changed.
            if durable.is_closed() {
                return;
            }
            let made = memory.resume(PATIENCE).and_then(|()| {
                let made = change(memory.index_mut())?;
                memory.pause()?;
                Ok(made)
            });
            if made.is_err() {
                take_back(memory);
            }
            let _ = durable.send(made);
        };
        self.ask(Asked::Change(Box::new(change)), receiver)
    }

    fn ask<R>(&self, asked: Asked, receiver: R) -> Option<R> {
        match self.0.try_send(asked) {
            Ok(()) => Some(receiver),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }
}

/// What was half added is taken back, and other processes may write.
fn take_back(memory: &mut Memory) {
    let _ = memory.abandon();
    let _ = memory.pause();
}

fn work(memory: &mut Memory, receiver: &Receiver<Asked>, metrics: &Metrics) {
    while let Ok(first) = receiver.recv() {
        let (mut together, mut changes) = (Vec::new(), Vec::new());
        for asked in std::iter::once(first).chain(receiver.try_iter().take(TOGETHER - 1)) {
            match asked {
                // Whoever has gone wants nothing remembered.
                Asked::Remember(asked) if asked.durable.is_closed() => {}
                Asked::Remember(asked) => together.push(asked),
                Asked::Change(change) => changes.push(change),
            }
        }
        if !together.is_empty() {
            remember(memory, together, metrics);
        }
        for change in changes {
            change(memory);
        }
    }
}

fn remember(memory: &mut Memory, together: Vec<Remember>, metrics: &Metrics) {
    let (photos, waiting): (Vec<_>, Vec<_>) = together
        .into_iter()
        .map(|asked| ((asked.examined, asked.policy), (asked.since, asked.durable)))
        .unzip();
    let written = write(memory, photos).map_err(|error| error.to_string());
    if written.is_err() {
        take_back(memory);
    }
    let generation = memory.index().generation().map(str::to_owned);
    let mut records = written.map(Vec::into_iter);
    for (since, durable) in waiting {
        metrics.stage(Stage::Remember).observe(since.elapsed());
        metrics
            .remembered
            .fetch_add(u64::from(records.is_ok()), Relaxed);
        let _ = durable.send(match &mut records {
            Ok(records) => match records.next() {
                Some(record) => Ok((Box::new(record), generation.clone())),
                None => Err("no record".into()),
            },
            Err(error) => Err(error.clone()),
        });
    }
}

fn write(
    memory: &mut Memory,
    photos: Vec<(Box<Examined>, Option<Arc<Policy>>)>,
) -> Result<Vec<Record>> {
    memory.resume(PATIENCE)?;
    let mut records = Vec::with_capacity(photos.len());
    for (examined, policy) in photos {
        memory.set_policy(policy);
        records.push(memory.screen(*examined)?);
    }
    memory.pause()?;
    Ok(records)
}
