//! What is to be learnt, and from what.

use std::path::PathBuf;

use crate::photo::Limits;

/// What is to be learnt.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LearnOptions {
    /// A folder that holds a folder per label, or a manifest with `file` and `label`.
    pub from: PathBuf,
    /// Labels that raise a decision.
    pub products: Vec<String>,
    /// Labels of the network whose own knowledge is set aside: the pictures alone define them.
    pub replaced: Vec<String>,
    /// Threads that look at pictures, at least 1.
    pub workers: usize,
    /// Limits on pictures.
    pub limits: Limits,
}

impl LearnOptions {
    /// The labels of these pictures, none of them a product, with one thread and the usual limits.
    #[must_use]
    pub fn new(from: PathBuf) -> Self {
        Self {
            from,
            products: Vec::new(),
            replaced: Vec::new(),
            workers: 1,
            limits: Limits::default(),
        }
    }
}
