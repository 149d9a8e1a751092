//! One writer at a time, and one packer beside it: the locks that they hold.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{IndexError, Result, WithPath};
use super::premises;

const LOCK: &str = "writer.lock";
/// Held by the one who packs beside a writer.
const PACKER: &str = "packer.lock";
/// How long a waiting writer sleeps between two tries.
const RETRY: Duration = Duration::from_millis(50);

/// Takes the writer's lock of `dir`, waiting up to `wait` for another writer.
pub(super) fn lock_writer(dir: &Path, wait: Duration) -> Result<File> {
    let path = dir.join(LOCK);
    let file = lock_file(&path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                return Err(IndexError::Locked(dir.into()));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(RETRY),
            Err(TryLockError::Error(source)) => return Err(IndexError::Io { path, source }),
        }
    }
}

/// Takes the packer's lock of `dir`; `None` where another process packs.
pub(super) fn lock_packer(dir: &Path) -> Result<Option<File>> {
    let path = dir.join(PACKER);
    let file = lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(IndexError::Io { path, source }),
    }
}

fn lock_file(path: &Path) -> Result<File> {
    premises::is_file(path)?;
    let mut options = File::options();
    let options = options.create(true).truncate(false).write(true);
    options.open(path).with_path(path)
}
