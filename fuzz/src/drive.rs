//! Runs a target without a fuzzer: its seeds, then seeded edits of them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, io};

use super::sequence::Sequence;
use super::{Target, mutate};

/// What one input may take, of a core.
const SLOW: Duration = Duration::from_secs(2);
/// Largest input that edits make.
const LONGEST: usize = 1 << 20;

/// How long, and from where.
#[derive(Debug, Clone)]
pub struct Drive {
    /// Time for a target.
    pub time: Duration,
    /// The same seed makes the same inputs in the same order.
    pub seed: u64,
    /// Where each input is written before it is used, so that it is there after an abort.
    pub keep: Option<PathBuf>,
    /// A folder of inputs that are edited beside the target's seeds, such as what a run led by
    /// coverage kept.
    pub corpus: Option<PathBuf>,
    /// Folder for an input that panics or is slow.
    pub finds: PathBuf,
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Driven {
    /// Inputs.
    pub executions: u64,
    /// The longest that one took.
    pub slowest: Duration,
}

impl Drive {
    /// Runs the seeds, then edits of them until the time is up.
    ///
    /// # Errors
    /// In words: which input panics or takes over two seconds, and where it was written.
    pub fn run(&self, target: &Target) -> Result<Driven, String> {
        let mut seeds = (target.seeds)();
        if let Some(folder) = &self.corpus {
            seeds.extend(inputs(folder).map_err(|error| format!("{}: {error}", folder.display()))?);
        }
        let watch = Watch::start(target.name);
        let began = Instant::now();
        let mut driven = Driven {
            executions: 0,
            slowest: Duration::ZERO,
        };
        for number in 0.. {
            let input = match seeds.get(number as usize) {
                Some(seed) => seed.clone(),
                None if began.elapsed() >= self.time => break,
                None => self.edited(&seeds, number),
            };
            if let Some(path) = &self.keep {
                fs::write(path, &input).map_err(|error| error.to_string())?;
            }
            watch.begins(number);
            let started = core_time(began);
            let outcome = std::panic::catch_unwind(|| (target.run)(&input));
            let took = core_time(began).saturating_sub(started);
            if outcome.is_err() || took > SLOW {
                let path = self.finds.join(format!("{}-{number}", target.name));
                fs::write(&path, &input).map_err(|error| error.to_string())?;
                let what = if outcome.is_err() {
                    "panics"
                } else {
                    "is slow"
                };
                return Err(format!("an input {what} ({took:.1?}): {}", path.display()));
            }
            driven.executions += 1;
            driven.slowest = driven.slowest.max(took);
        }
        Ok(driven)
    }

    fn edited(&self, seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
        let mut sequence = Sequence::new(self.seed, number);
        let (from, other) = (sequence.pick(seeds).clone(), sequence.pick(seeds).clone());
        let mut input = mutate::mutated(&from, &other, &mut sequence);
        input.truncate(LONGEST);
        input
    }
}

/// The files of a folder, by name.
fn inputs(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let paths: io::Result<Vec<_>> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect();
    let mut paths = paths?;
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}

/// Ends the process when an input takes ten times what it may.
struct Watch(&'static AtomicU64);

impl Watch {
    fn start(name: &'static str) -> Self {
        let current: &'static AtomicU64 = Box::leak(Box::default());
        thread::spawn(move || {
            let mut seen = 0;
            loop {
                thread::sleep(10 * SLOW);
                match current.load(Ordering::Relaxed) {
                    u64::MAX => return,
                    now if now == seen => {
                        eprintln!("{name}: input {} hangs; keep inputs to have it", now - 1);
                        std::process::abort();
                    }
                    now => seen = now,
                }
            }
        });
        Self(current)
    }

    fn begins(&self, number: u64) {
        self.0.store(number + 1, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

/// What this thread has had of a core so far, whatever others do; time on the clock where the system
/// does not tell.
fn core_time(began: Instant) -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split(' ').next().and_then(|word| word.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

/// The largest resident set of this process so far, in MiB; `None` where the system does not tell.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024)
}
