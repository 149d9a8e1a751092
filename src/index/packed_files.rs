//! The packed files that all readers of an index in a process share: mapped and checked once.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::generation::Generation;

/// What the readers of one index share; the files are let go of with the last reader.
#[derive(Debug, Clone, Default)]
pub struct PackedFiles(Arc<Mutex<Weak<Generation>>>);

impl PackedFiles {
    /// The generation in use, as another reader opened it or opened now; with a warning where its
    /// files cannot be used.
    pub(super) fn open(&self, root: &Path, epoch: &str) -> (Arc<Generation>, Option<String>) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = shared.upgrade();
        if let Some(open) = open.filter(|open| open.is_current(root, epoch)) {
            return (open, None);
        }
        let (generation, warning) = Generation::open(root, epoch);
        let generation = Arc::new(generation);
        *shared = Arc::downgrade(&generation);
        (generation, warning)
    }
}
