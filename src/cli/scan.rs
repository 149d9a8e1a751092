//! `faunalens scan`: a crawl, unattended.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, ValueEnum};
use faunalens::manifest::{Item, ManifestError, Source};
use faunalens::pipeline::{Engine, Memory};
use faunalens::record::resume::{Past, Picture, ResumeError, Tally};
use faunalens::record::sink::{self, Sink};
use faunalens::record::{Failure, Record};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::console::tell;
use super::memory::{MemoryOptions, warn};
use super::settings::{Judging, Settings, cores};
use super::times::{TimesOption, UnreadTimes};
use super::{emitted, exit_code};
use faunalens::escape::name;

/// Score a folder, a manifest or a list of photos into a file
///
/// Rows come out in input order. Run the same command again to go on after an
/// interruption: no photo gets a second row. A folder's sidecar files (.json,
/// .txt, .csv, ...) and hidden files are passed over; every other file gets a
/// row, with an error where it cannot be read.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Scan {
    /// A folder; a manifest (.csv, .tsv or .jsonl with a `file` column); or `-` for paths on standard input
    source: PathBuf,

    /// File to write, or `-` for JSON lines on standard output
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,

    /// Form of the output [default: by the file's extension, else jsonl]
    #[arg(long, value_name = "FORMAT")]
    format: Option<OutputFormat>,

    /// Photos scored at a time [default: one per core]
    #[arg(short = 'j', long, value_name = "N")]
    workers: Option<usize>,

    /// In a folder, take hidden files and sidecars for photos too
    #[arg(long)]
    all_files: bool,

    /// Paths on standard input end with a NUL byte, as `find -print0` writes them
    #[arg(short = '0', long)]
    null: bool,

    /// No progress and no summary
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    times: TimesOption,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    memory: MemoryOptions,
}

const EXAMPLES: &str = "\
Examples:
  faunalens scan crawl/ --out crawl.jsonl
  faunalens scan listings.csv --out scores.parquet --workers 8
  find crawl -name '*.jpg' -print0 | faunalens scan - -0 --out scores.csv
  faunalens scan listings.csv --out scores.jsonl --index seen/   match, then remember

Exit status:
  0    done
  1    done, but at least one photo could not be read
  2    wrong use or configuration
  130  interrupted; run the same command again to go on";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Jsonl,
    Csv,
    Parquet,
}

impl Scan {
    /// Scores a source into JSON lines, as `scan SOURCE --out FILE --schreger never` does.
    pub(super) fn into_records(source: PathBuf, out: PathBuf) -> Self {
        Self {
            source,
            out,
            format: Some(OutputFormat::Jsonl),
            workers: None,
            all_files: false,
            null: false,
            quiet: false,
            times: TimesOption::written(),
            judging: Judging::without_lattice(),
            memory: MemoryOptions::none(),
        }
    }

    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        self.refuse_workbook()?;
        let source =
            Source::parse(&self.source, self.all_files, self.null).map_err(with_command)?;
        let items = source.items_with(self.times.form())?;
        // The engine first: making it may start the program again.
        let engine = self.judging.engine(settings)?;
        let (mut sink, mut past) = self.sink(&engine, &source)?;
        let mut memory = self.memory.writer()?;
        let stop = interruptible()?;
        let start = Instant::now();
        let earlier = past.tally.rows();
        let mut done = Done::after(past.tally);
        let progress = self.progress(&source, earlier);
        let mut unread = UnreadTimes::default();
        // Asked on a connection of its own: the other is busy with photos ahead.
        let remembered = match earlier {
            0 => None,
            _ => self.memory.reader()?,
        };
        let has_row = RefCell::new(VecDeque::new());
        let items = items.filter(|item| {
            (item.unread_time.iter()).for_each(|time| progress.suspend(|| unread.tell(time)));
            let row = past.take(&item.file);
            let wanted = row.is_none_or(|picture| is_forgotten(remembered.as_ref(), picture, item));
            if wanted {
                has_row.borrow_mut().push_back(row.is_some());
            }
            wanted
        });
        let workers = self.workers.unwrap_or_else(cores);
        let screened = engine.screen(workers, items, memory.as_mut(), &stop, |_, record| {
            if has_row.borrow_mut().pop_front() == Some(true) {
                done.recall(&record);
                return Ok(());
            }
            sink.write(&record)?;
            done.tally.count(record.decision);
            let Tally { flag, errors, .. } = done.tally;
            progress.set_message(format!("{flag} flag, {errors} errors"));
            progress.inc(1);
            Ok::<(), ResumeError>(())
        });
        let sealed = match (&screened, &mut memory) {
            (Ok(()), Some(memory)) => seal(memory, &progress),
            _ => Ok(()),
        };
        progress.finish_and_clear();
        unread.conclude();
        let interrupted = stop.load(Ordering::Relaxed);
        let finished = sink.finish(screened.is_ok() && sealed.is_ok() && !interrupted);
        emitted(screened)?;
        sealed?;
        finished?;
        if !self.quiet {
            self.summarise(&done, earlier, start.elapsed(), interrupted);
        }
        if interrupted {
            return Ok(ExitCode::from(130));
        }
        Ok(exit_code(done.tally.errors + done.lost > 0))
    }

    /// A workbook under this name would be no workbook.
    fn refuse_workbook(&self) -> anyhow::Result<()> {
        let extension = self.out.extension().unwrap_or_default();
        let is_workbook = ["xlsx", "xls", "xlsm", "xlsb", "ods"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known));
        anyhow::ensure!(
            !is_workbook,
            "{}: workbooks are not written; name a .csv, which spreadsheets open, or a .parquet",
            name(&self.out)
        );
        Ok(())
    }

    /// Opens the output, and tells which rows it holds already.
    fn sink(&self, engine: &Engine, source: &Source) -> anyhow::Result<(Sink, Past)> {
        if self.out == Path::new("-") {
            anyhow::ensure!(
                matches!(self.format, None | Some(OutputFormat::Jsonl)),
                "standard output takes JSON lines only; name a file with --out"
            );
            return Ok((Sink::stdout(), Past::default()));
        }
        let labels = &engine.bundle().description.labels.names;
        let model = engine.stamp().identity();
        let format = self.output_format();
        let others = match format {
            sink::Format::Jsonl => Vec::new(),
            _ => source.other_columns()?,
        };
        Sink::open(&self.out, format, &model, labels, others).map_err(|error| {
            let rows_stay = matches!(
                error,
                ResumeError::OtherModel { .. }
                    | ResumeError::OtherColumns { .. }
                    | ResumeError::Damaged { .. }
            );
            let is_other = matches!(
                error,
                ResumeError::Foreign { .. }
                    | ResumeError::NotAFile { .. }
                    | ResumeError::NeedsFile(_)
            );
            let error = anyhow::Error::new(error);
            if rows_stay {
                error.context("choose another --out, or remove the file")
            } else if is_other {
                error.context("choose another --out")
            } else {
                error.context("cannot write the output")
            }
        })
    }

    fn output_format(&self) -> sink::Format {
        let by_name = || {
            let extension = self.out.extension()?.to_str()?.to_ascii_lowercase();
            OutputFormat::from_str(&extension, true).ok()
        };
        match self.format.or_else(by_name) {
            Some(OutputFormat::Csv) => sink::Format::Csv,
            Some(OutputFormat::Parquet) => sink::Format::Parquet,
            Some(OutputFormat::Jsonl) | None => sink::Format::Jsonl,
        }
    }

    /// A bar on a terminal; nothing where standard error is a file or a pipe.
    fn progress(&self, source: &Source, earlier: u64) -> ProgressBar {
        if self.quiet || !console_is_terminal() {
            return ProgressBar::hidden();
        }
        let style = |template: &str| {
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .with_key(
                    "rate",
                    |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                        let _ = write!(out, "{:.1} photos/s", state.per_sec());
                    },
                )
        };
        let bar = ProgressBar::no_length()
            .with_style(style("{spinner} {pos} done, {rate}, {msg}"))
            .with_position(earlier);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.reset_eta();
        let (counted, source) = (bar.clone(), source.clone());
        // Counting a large tree takes a while; scoring need not wait for it.
        std::thread::spawn(move || {
            if let Some(count) = source.count() {
                counted.set_length(count);
                counted.set_style(style("{bar:20} {pos}/{len}, {rate}, {eta} left, {msg}"));
            }
        });
        bar
    }

    fn summarise(&self, done: &Done, earlier: u64, elapsed: Duration, interrupted: bool) {
        let tally = done.tally;
        let rows = tally.rows();
        let fresh = rows - earlier;
        let seconds = elapsed.as_secs_f64();
        let mut summary = format!(
            "{rows} photos: {} flag, {} review, {} clear, {} could not be read",
            tally.flag, tally.review, tally.clear, tally.errors
        );
        if earlier > 0 {
            summary += &format!(" ({earlier} of them from an earlier run)");
        }
        if done.recalled > 0 {
            summary += &format!("; {} of those added to the index", done.recalled);
        }
        if fresh > 0 {
            summary += &format!(
                "; {seconds:.1} s, {:.1} photos/s",
                fresh as f64 / seconds.max(1e-3)
            );
        }
        tell(format!("{summary} -> {}", name(&self.out)));
        if interrupted {
            tell("interrupted: run the same command again to go on");
        }
    }
}

/// What a run did beside the rows that were there.
struct Done {
    /// All rows, those of earlier runs too.
    tally: Tally,
    /// Photos of earlier rows that were added to the index.
    recalled: u64,
    /// Photos of earlier rows that should have been, and could not be read again.
    lost: u64,
}

impl Done {
    fn after(tally: Tally) -> Self {
        Self {
            tally,
            recalled: 0,
            lost: 0,
        }
    }

    /// Counts a photo that has a row, and was not in the index.
    fn recall(&mut self, record: &Record) {
        match &record.error {
            None => self.recalled += 1,
            Some(error) => {
                self.lost += 1;
                let Failure { message, .. } = error;
                tell(format!(
                    "faunalens: {}: not added to the index: {message}",
                    record.file
                ));
            }
        }
    }
}

/// Whether the photo of an earlier row is not in the index, and could be. Where the index cannot be
/// asked, adding the photo once more changes nothing.
fn is_forgotten(remembered: Option<&Memory>, picture: Picture, item: &Item) -> bool {
    match (remembered, picture) {
        (Some(memory), Some(picture)) => !memory.remembers(picture, item).unwrap_or(false),
        _ => false,
    }
}

/// Points to the command for what was named instead of a source.
fn with_command(error: ManifestError) -> anyhow::Error {
    match error {
        ManifestError::NotAManifest(_) => {
            anyhow::anyhow!("{error}; to score one picture use `faunalens check`")
        }
        error => error.into(),
    }
}

/// Packs what was remembered.
fn seal(memory: &mut Memory, progress: &ProgressBar) -> anyhow::Result<()> {
    memory.seal(&mut |points| {
        progress.set_message(format!("{points} descriptors in the graph"));
    })?;
    progress.suspend(|| warn(memory.index()));
    Ok(())
}

fn console_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// Sets a flag at the first Ctrl-C or termination request, and ends the
/// program at the second.
fn interruptible() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        if console_is_terminal() {
            tell("finishing the photos in hand; press Ctrl-C again to stop at once");
        }
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(stop)
}
