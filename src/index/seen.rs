//! What tells that another process wrote to an index.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rusqlite::Connection;

use super::premises::MANIFEST;

/// The state of an index's files, cheap to look at: equal states hold the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// SQLite's count of changes by others, as one connection sees it.
    pub(super) version: i64,
    /// Time and length of the manifest of the packed files.
    pub(super) manifest: Option<(SystemTime, u64)>,
}

impl Seen {
    pub(super) fn now(db: &Connection, root: &Path) -> rusqlite::Result<Self> {
        Ok(Self {
            version: db.pragma_query_value(None, "data_version", |row| row.get(0))?,
            manifest: stamp(&root.join(MANIFEST)),
        })
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
