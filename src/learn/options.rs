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
    /// Photographs of the kind that will be scanned, none of which shows a label taught but
    /// `other`: a folder, or a table with a `file` column.
    pub background: Option<PathBuf>,
    /// Random looks per picture; `None` for as many as their number calls for.
    pub looks: Option<usize>,
    /// What is held out together.
    pub hold_out: HoldOut,
    /// Threads that look at pictures, at least 1.
    pub workers: usize,
    /// Limits on pictures.
    pub limits: Limits,
}

/// What is held out together, when penalty and thresholds are chosen and the whole is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HoldOut {
    /// The manifest's `group`, else its `seller`, else near-duplicates: other pictures, of the
    /// same sources.
    #[default]
    Group,
    /// The manifest's `source`: what pictures from elsewhere would give.
    Source,
}

impl LearnOptions {
    /// The labels of these pictures, none of them a product, with one thread and the usual limits.
    #[must_use]
    pub fn new(from: PathBuf) -> Self {
        Self {
            from,
            products: Vec::new(),
            replaced: Vec::new(),
            background: None,
            looks: None,
            hold_out: HoldOut::Group,
            workers: 1,
            limits: Limits::default(),
        }
    }
}
