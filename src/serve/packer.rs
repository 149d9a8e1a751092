//! Packing of the index by a process of its own: what it takes is gone when it ends, and it leaves
//! the processor to the workers.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::metrics::Metrics;

/// Pause after a packing that failed or could not be handed over.
const PAUSE: Duration = Duration::from_secs(60);
/// How much later than others the packing gets the processor (`nice`).
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Bytes of what a packing that failed said, at most.
const WORDS_AT_MOST: u64 = 1 << 12;

/// Packs an index now and then.
#[derive(Debug)]
pub(super) struct Packer {
    program: PathBuf,
    dir: PathBuf,
    running: Option<(Child, Instant)>,
    not_before: Instant,
}

impl Packer {
    /// Packs the index `dir` by `PROGRAM index pack --due DIR`.
    pub(super) fn new(program: PathBuf, dir: PathBuf) -> Self {
        let not_before = Instant::now();
        Self {
            program,
            dir,
            running: None,
            not_before,
        }
    }

    /// Takes note of a packing that has ended, and begins one where it `is_due` and none runs.
    pub(super) fn tend(&mut self, is_due: bool, metrics: &Metrics) {
        if let Some((child, since)) = &mut self.running {
            let elapsed_ms = since.elapsed().as_millis();
            let ended = match child.try_wait() {
                Ok(None) => return,
                Ok(Some(status)) if status.success() => Ok(()),
                Ok(Some(status)) => Err(format!("{status}: {}", last_words(child))),
                Err(error) => Err(error.to_string()),
            };
            self.running = None;
            match ended {
                Ok(()) => {
                    metrics.packings.fetch_add(1, Relaxed);
                    tracing::info!(elapsed_ms, "packed the index");
                }
                Err(error) => self.failed(&error, metrics),
            }
        } else if is_due && Instant::now() >= self.not_before {
            match start(&self.program, &self.dir) {
                Ok(child) => self.running = Some((child, Instant::now())),
                Err(error) => self.failed(&error.to_string(), metrics),
            }
        }
    }

    fn failed(&mut self, error: &str, metrics: &Metrics) {
        metrics.failed_packings.fetch_add(1, Relaxed);
        tracing::warn!("the index was not packed: {error}");
        self.not_before = Instant::now() + PAUSE;
    }
}

impl Drop for Packer {
    /// One that is stopped leaves the index as it was.
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts a packing.
fn start(program: &Path, dir: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command.args(["index", "pack", "--due"]).arg(dir);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    // What a thread's children inherit of Linux is its own: the workers stay as they are.
    let starting = std::thread::spawn(move || {
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(NICE);
        command.spawn()
    });
    let started = starting.join();
    started.unwrap_or_else(|_| Err(std::io::Error::other("its start panicked")))
}

fn last_words(child: &mut Child) -> String {
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(WORDS_AT_MOST).read_to_end(&mut words);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}
