//! `faunalens check`: a few photos, answered at once.

use std::convert::Infallible;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Args;
use faunalens::photo::{self, Limits, source};
use faunalens::pipeline::{Engine, Input, Inspected, inspect};
use faunalens::record::{JSON_SCHEMA, Record};
use faunalens::verdict::{Decision, tell};

use super::memory::{Memory, warn};
use super::say;
use super::settings::{Judging, Settings, cores, prepare_process};

/// Score single photos, as an upload hook does
///
/// Prints one record per photo, in the order given.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Check {
    /// Photos; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "schema")]
    files: Vec<PathBuf>,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// Tell the worst decision by the exit status: 10 for review, 20 for flag
    #[arg(long)]
    exit_code: bool,

    /// Print the JSON Schema of a record and stop
    #[arg(long)]
    schema: bool,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    memory: Memory,
}

const EXAMPLES: &str = "\
Examples:
  faunalens check photo.jpg
  faunalens check --json - < upload.bin
  faunalens check --exit-code photo.jpg || echo 'look at it'
  faunalens check --index seen/ photo.jpg         who showed this picture before

Exit status:
  0  done
  1  done, but at least one photo could not be read
  2  wrong use or configuration
With --exit-code:
  0  all clear       10  review       20  flag
  3  at least one photo could not be read, and none was raised";

impl Check {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        if self.schema {
            say(JSON_SCHEMA.trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        // May start the program again, so it comes before anything is read.
        prepare_process();
        let from_stdin = |path: &PathBuf| path.as_os_str() == "-";
        let one_by_one = self.files.len() == 1 || self.files.iter().any(from_stdin);
        // The first photo is read on another core while the model is loaded.
        let first = one_by_one.then(|| {
            let (path, limits) = (self.files[0].clone(), settings.limits());
            let evidence = self.memory.is_named();
            std::thread::spawn(move || open(&path, &limits, evidence))
        });
        let engine = self.judging.engine(settings, &self.memory)?;
        let index = self.memory.reader()?;
        let mut worst = Some(Decision::Clear);
        let mut some_failed = false;
        let mut take = |mut record: Record| {
            if let Some(index) = &index {
                self.memory.recall(index, &mut record, None)?;
            }
            match record.decision {
                Some(decision) => worst = worst.max(Some(decision)),
                None => some_failed = true,
            }
            self.print(&record)
        };
        if let Some(first) = first {
            let mut worker = engine.worker(cores())?;
            let first = first
                .join()
                .map_err(|_| anyhow::anyhow!("reading {} failed", self.files[0].display()))?;
            take(worker.judge(first))?;
            for path in &self.files[1..] {
                take(worker.judge(open(path, &settings.limits(), index.is_some())))?;
            }
            std::mem::forget(worker); // see `leave`
        } else {
            for record in self.all_cores(&engine)? {
                take(record)?;
            }
        }
        if let Some(index) = &index {
            warn(index);
        }
        leave(self.status(worst, some_failed))
    }

    fn all_cores(&self, engine: &Engine) -> anyhow::Result<Vec<Record>> {
        let mut records = Vec::with_capacity(self.files.len());
        let workers = cores().min(self.files.len());
        let never = AtomicBool::new(false);
        engine.batch(
            workers,
            source::files(self.files.clone()),
            &never,
            |_, record| {
                records.push(record);
                Ok::<(), Infallible>(())
            },
        )?;
        Ok(records)
    }

    fn print(&self, record: &Record) -> anyhow::Result<()> {
        if self.json {
            say(&record.to_json()?)?;
        } else {
            say(&in_words(record))?;
        }
        Ok(())
    }

    fn status(&self, worst: Option<Decision>, some_failed: bool) -> u8 {
        match (self.exit_code, worst, some_failed) {
            (false, _, failed) => u8::from(failed),
            (true, Some(Decision::Flag), _) => 20,
            (true, Some(Decision::Review), _) => 10,
            (true, _, true) => 3,
            (true, _, false) => 0,
        }
    }
}

/// Ends the program at once: taking session and runtime apart first would cost a hook a tenth of its time.
fn leave(status: u8) -> anyhow::Result<ExitCode> {
    std::io::stdout().flush()?;
    #[cfg(unix)]
    signal_hook::low_level::exit(i32::from(status));
    #[cfg(not(unix))]
    Ok(ExitCode::from(status))
}

/// Reads and hashes one photo; `-` is standard input.
fn open(path: &Path, limits: &Limits, evidence: bool) -> Inspected {
    let input = match photo::read(path, limits) {
        Ok(bytes) => Input::Bytes(bytes),
        Err(error) => Input::Failed(error),
    };
    inspect(path.to_string_lossy().into_owned(), input, limits, evidence)
}

/// One aligned line: decision, best label, file, and why.
fn in_words(record: &Record) -> String {
    let Some(decision) = record.decision else {
        let error = record.error.as_ref();
        let (kind, message) = error.map_or(("internal", ""), |error| {
            (error.kind.as_str(), error.message.as_str())
        });
        return format!("{:<7} {kind:<20} {}: {message}", "error", record.file);
    };
    let best = record.materials.first();
    let best = best.map_or(String::new(), |best| {
        format!("{} {}", best.label, tell(best.score as f32))
    });
    let reasons = if record.reasons.is_empty() {
        String::new()
    } else {
        format!("  ({})", record.reasons.join("; "))
    };
    let line = format!("{:<7} {best:<20} {}{reasons}", decision.name(), record.file);
    let matches = record.matches.iter().flatten();
    matches.fold(line, |line, found| {
        line + "\n" + &super::memory::in_words(found)
    })
}
