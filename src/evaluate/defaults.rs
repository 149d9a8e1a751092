//! What a plan takes where it is not told.

use std::path::{Path, PathBuf};

/// Where the files of a manifest lie: beside it; those of a folder are named whole.
pub(super) fn root_of(manifest: &Path) -> PathBuf {
    if manifest.is_dir() {
        return PathBuf::new();
    }
    manifest.parent().map(Path::to_owned).unwrap_or_default()
}

/// Cores that this process may use.
pub(super) fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
