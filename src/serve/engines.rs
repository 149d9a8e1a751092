//! The engine in use, and its replacement by another while requests go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::ServeError;
use crate::pipeline::Engine;
use crate::verdict::Policy;

/// What is loaded at the start and with every reload.
#[derive(Debug)]
pub struct Loaded {
    /// Runtime, bundle, limits and how photos are judged.
    pub engine: Engine,
    /// What a match raises.
    pub policy: Option<Arc<Policy>>,
}

/// Loads an engine as the service was told to when it started; called again for every reload.
pub type Load = Box<dyn Fn() -> Result<Loaded, String> + Send + Sync>;

/// The engine in use.
pub(super) struct Engines {
    load: Load,
    current: Mutex<Arc<Loaded>>,
    number: AtomicU64,
    /// Held by the worker that is changing engines: the others go on meanwhile.
    pub(super) turn: Mutex<()>,
}

impl Engines {
    /// Loads the first engine.
    pub(super) fn load(load: Load) -> Result<Self, ServeError> {
        let first = load().map_err(ServeError::Engine)?;
        Ok(Self {
            load,
            current: Mutex::new(Arc::new(first)),
            number: AtomicU64::new(1),
            turn: Mutex::new(()),
        })
    }

    /// The engine in use, and its number.
    pub(super) fn current(&self) -> (Arc<Loaded>, u64) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&current), self.number.load(Ordering::Acquire))
    }

    /// The number of the engine in use; it grows with every reload.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Loads the engine anew; one that cannot give a session is not taken.
    pub(super) fn reload(&self) -> Result<(), ServeError> {
        let loaded = (self.load)().map_err(ServeError::Engine)?;
        loaded.engine.worker(1)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(loaded);
        self.number.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}
