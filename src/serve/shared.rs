//! What everything in a service has in common.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::Semaphore;

use super::engines::Engines;
use super::metrics::Metrics;
use super::options::Options;
use super::queue::{Lane, Queue, Refused};
use super::readers::Readers;
use super::remember::Writer;
use super::station::Station;
use super::task::{Job, Refusal, task};
use super::tokens::Tokens;

/// Pictures that are fetched at once, at most.
const FETCHES: usize = 16;

/// What everything in a service has in common.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) engines: Engines,
    pub(super) queue: Queue<Job>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) readers: Option<Readers>,
    pub(super) writer: Option<Writer>,
    tokens: RwLock<Tokens>,
    /// KiB of bodies that may still be taken in.
    pub(super) bodies: Arc<Semaphore>,
    /// Pictures that may be fetched at once from elsewhere.
    pub(super) fetches: Semaphore,
    /// Hides seller names in logs; another one at every start.
    pub(super) log_key: [u8; 32],
    pub(super) started: Instant,
    closing: AtomicBool,
}

impl Shared {
    pub(super) fn new(options: Options, engines: Engines, tokens: Tokens) -> Self {
        let kibibytes = usize::try_from(options.max_bytes_in_hand >> 10).unwrap_or(usize::MAX);
        Self {
            queue: Queue::new(options.workers, options.queue),
            bodies: Arc::new(Semaphore::new(kibibytes.min(Semaphore::MAX_PERMITS))),
            fetches: Semaphore::new(FETCHES),
            options,
            engines,
            metrics: Arc::default(),
            readers: None,
            writer: None,
            tokens: RwLock::new(tokens),
            log_key: random_key(),
            started: Instant::now(),
            closing: AtomicBool::new(false),
        }
    }

    /// Has a worker do `work`; refused at once where the queue is full.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Station<'_>) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let since = Instant::now();
        let deadline = since + self.options.deadline;
        let (task, answer) = task(work);
        let job = Job {
            task,
            since,
            deadline,
        };
        match self.queue.push(job, lane) {
            Ok(()) => {}
            Err(Refused::Full(_)) => {
                self.metrics.busy.fetch_add(1, Ordering::Relaxed);
                return Err(Refusal::Busy);
            }
            Err(Refused::Closed(_)) => return Err(Refusal::Closing),
        }
        // A receiver that is dropped here tells the worker that nobody waits.
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Refusal::Crashed),
            Err(_) => Err(Refusal::Late),
        }
    }

    /// The tokens that are known now.
    pub(super) fn tokens(&self) -> Tokens {
        *self.tokens.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the tokens' files once more; what cannot be used is logged, and its token stays.
    pub(super) fn reread_tokens(&self) {
        let (read, write) = (&self.options.token_file, &self.options.write_token_file);
        let mut tokens = self.tokens();
        for error in tokens.reread(read.as_deref(), write.as_deref()) {
            tracing::error!("the token before goes on: {error}");
        }
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    /// Whether the service is being stopped.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Why the service cannot answer as it should, if it cannot.
    pub(super) fn unready(&self) -> Option<String> {
        if self.is_closing() {
            return Some("stopping".into());
        }
        let age = self.readers.as_ref().map(|readers| readers.state().age())?;
        let stale = age > self.options.stale_after;
        stale.then(|| format!("the index was last read {} s ago", age.as_secs()))
    }
}

/// Thirty-two bytes that nobody knows.
fn random_key() -> [u8; 32] {
    use std::hash::{BuildHasher, RandomState};
    let mut key = [0; 32];
    for (place, chunk) in key.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&RandomState::new().hash_one(place).to_le_bytes());
    }
    key
}
