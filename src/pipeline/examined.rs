//! A photo that went through every stage but the index.

use crate::index::Evidence;
use crate::record::Record;

/// What a worker found out of one photo.
#[derive(Debug)]
pub struct Examined {
    /// The row, without matches.
    pub record: Record,
    /// What an index needs to match and remember the photo; `None` when it could not be read, or
    /// where evidence was not asked for.
    pub evidence: Option<Box<Evidence>>,
}
