//! One writer at a time: the lock that it holds.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{IndexError, Result, WithPath};
use super::premises;

const LOCK: &str = "writer.lock";
/// How long a waiting writer sleeps between two tries.
const RETRY: Duration = Duration::from_millis(50);

/// Takes the writer's lock of `dir`, waiting up to `wait` for another writer.
pub(super) fn lock_writer(dir: &Path, wait: Duration) -> Result<File> {
    let path = dir.join(LOCK);
    premises::is_file(&path)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_path(&path)?;
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
