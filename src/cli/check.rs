//! `faunalens check`: a few photos, answered at once.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;
use faunalens::fingerprint::PerceptualAlgorithm;
use faunalens::manifest::{self, Context, Item};
use faunalens::photo::{self, Limits, Photo};
use faunalens::pipeline::{Input, Inspected, Memory, Needs, Remembered, inspect, overlay};
use faunalens::record::{JSON_SCHEMA, Record};
use faunalens::verdict::{Decision, format_score};

use super::console::{print_json, print_line, print_lines, tell};
use super::emitted;
use super::memory::{MemoryOptions, warn};
use super::remote::{Remote, Unreachable};
use super::schreger::drawing_name;
use super::settings::{Judging, Settings, cores, prepare_process};
use super::times::time;
use faunalens::escape::name;

/// Score single photos, as an upload hook does
///
/// Prints one record per photo, in the order given.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, group = clap::ArgGroup::new("memory_at").args(["index", "server"]).multiple(true))]
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

    /// Draw each photo with the pictures found on it, as SVG in this folder
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,

    /// Ask a running `faunalens serve` instead: the path of its socket, or its http:// address
    ///
    /// Starts no engine here, which is most of a call's time. Model, index and policy are the
    /// service's own.
    #[arg(
        long,
        value_name = "PLACE",
        env = "FAUNALENS_SERVER",
        hide_env_values = true
    )]
    server: Option<String>,

    /// Score with an engine of its own where no service answers
    #[arg(long, requires = "server")]
    fallback: bool,

    /// File with the token that the service asks for
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    memory: MemoryOptions,

    #[command(flatten)]
    remembering: Remembering,
}

/// What is remembered of the photos, beside what they show.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Index")]
struct Remembering {
    /// Add the photos to the index in the same call; it is made when it is not there
    ///
    /// The index is locked only while the photos are matched and stored, so that many callers can
    /// add at the same time. A record that is printed is a photo that is stored.
    #[arg(long, requires = "memory_at")]
    remember: bool,

    /// Who offers them
    #[arg(long, value_name = "NAME", requires = "remember")]
    seller: Option<String>,

    /// The listing they illustrate, an id or address
    #[arg(long, value_name = "ID", requires = "remember")]
    listing: Option<String>,

    /// The site they are shown on
    #[arg(long, value_name = "NAME", requires = "remember")]
    platform: Option<String>,

    /// When they were captured, such as 2026-11-26T21:30:00Z
    #[arg(long, value_name = "TIME", requires = "remember", value_parser = time)]
    captured_at: Option<String>,
}

impl Remembering {
    fn context(&self) -> Context {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Context {
            seller: given(&self.seller),
            listing: given(&self.listing),
            platform: given(&self.platform),
            captured_at: given(&self.captured_at),
            source: None,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  faunalens check photo.jpg
  faunalens check --json - < upload.bin
  faunalens check --exit-code photo.jpg || echo 'look at it'
  faunalens check --overlay drawn/ chat.png       the pictures of a screenshot, framed
  faunalens check --index seen/ photo.jpg         who showed this picture before
  faunalens check --index seen/ --remember --seller shop12 --listing L-7 -- upload.jpg
  faunalens check --server /run/faunalens/http.sock --exit-code -- upload.jpg
  faunalens check --index seen/ --policy policy.toml photo.jpg    what a partner's list raises

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
            print_lines(JSON_SCHEMA.trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.server.is_none() || self.fallback {
            // May start the program again, so it comes before anything is read.
            prepare_process();
        }
        let mut outcome = Outcome::default();
        let asked = match &self.server {
            Some(server) => self.through(server, settings, &mut outcome)?,
            None => 0,
        };
        if asked == self.files.len() {
            return leave(outcome.status(self.exit_code));
        }
        // What no service answered.
        let files = self.files[asked..].to_vec();
        Self {
            files,
            ..self.clone()
        }
        .here(settings, outcome)
    }

    /// Asks a service about the photos. Tells how many it answered: all of them, unless the others
    /// are to be scored here.
    fn through(
        &self,
        server: &str,
        settings: &Settings,
        outcome: &mut Outcome,
    ) -> anyhow::Result<usize> {
        anyhow::ensure!(
            self.fallback || !self.memory.is_named() && !self.judging.is_changed(),
            "--server: the service judges with its own index, policy and prior; such options \
             count with --fallback alone"
        );
        let mut remote = Remote::new(server, self.token_file.as_deref())?;
        let remember = self.remembering.remember;
        let context = remember.then(|| self.remembering.context());
        for (number, path) in self.files.iter().enumerate() {
            let answered = self.ask(&mut remote, path, context.as_ref(), settings, outcome);
            if let Err(error) = answered {
                if self.fallback && error.is::<Unreachable>() {
                    tell(format!("faunalens: warning: {error}; scoring here"));
                    return Ok(number);
                }
                return Err(error);
            }
        }
        Ok(self.files.len())
    }

    fn ask(
        &self,
        remote: &mut Remote,
        path: &Path,
        context: Option<&Context>,
        settings: &Settings,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        remote.connect()?;
        let file = name(path);
        let bytes = photo::read(path, &settings.limits());
        let unreadable = match bytes {
            Ok(bytes) if bytes.is_empty() => photo::sniff(&bytes).err(),
            Ok(bytes) => {
                let answered = remote.check(&file, &bytes, context)?;
                outcome.count(&answered.record);
                match self.json {
                    true => print_json(&answered.line)?,
                    false => in_words(&answered.record)
                        .iter()
                        .try_for_each(|line| print_line(line))?,
                }
                return Ok(());
            }
            Err(error) => Some(error),
        };
        // Nothing to send: the record says why, and names the model as any other.
        let input = unreadable.map_or_else(|| Input::Bytes(Vec::new()), Input::Failed);
        let mut record = inspect(file, input, &settings.limits(), None).into_record();
        record.model = Some(remote.model()?);
        if let Some(context) = context {
            record.set_context(context);
        }
        Ok(self.take(&record, outcome)?)
    }

    /// Scores the photos with an engine of its own.
    fn here(&self, settings: &Settings, mut outcome: Outcome) -> anyhow::Result<ExitCode> {
        let from_stdin = |path: &PathBuf| path.as_os_str() == "-";
        let one_by_one = self.files.len() == 1 || self.files.iter().any(from_stdin);
        outcome.limits = settings.limits();
        if let Some(folder) = &self.overlay {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("make {}", folder.display()))?;
        }
        if self.remembering.remember {
            self.and_remember(settings, one_by_one, &mut outcome)?;
        } else if one_by_one {
            self.one_by_one(settings, &mut outcome)?;
        } else {
            self.on_all_cores(settings, &mut outcome)?;
        }
        leave(outcome.status(self.exit_code))
    }

    /// One after another, each on all cores. The first is read on another core while the model is
    /// loaded.
    fn one_by_one(&self, settings: &Settings, outcome: &mut Outcome) -> anyhow::Result<()> {
        let mut memory = self.memory.reader()?;
        let also = memory.as_ref().map(|memory| memory.also().to_vec());
        let (path, limits, kept) = (self.files[0].clone(), settings.limits(), also.clone());
        let first = std::thread::spawn(move || open(&path, &limits, kept.as_deref()));
        let engine = self.judging.engine(settings)?;
        let mut worker = engine.worker(cores())?;
        let first = first
            .join()
            .map_err(|_| anyhow::anyhow!("reading {} failed", name(&self.files[0])))?;
        let rest = &self.files[1..];
        let rest = rest
            .iter()
            .map(|path| open(path, engine.limits(), also.as_deref()));
        for inspected in std::iter::once(first).chain(rest) {
            let examined = worker.examine(inspected);
            let record = match &mut memory {
                Some(memory) => memory.screen(examined)?,
                None => examined.record,
            };
            self.take(&record, outcome)?;
        }
        warn_of(memory.as_ref());
        std::mem::forget(worker); // see `leave`
        Ok(())
    }

    fn on_all_cores(&self, settings: &Settings, outcome: &mut Outcome) -> anyhow::Result<()> {
        let engine = self.judging.engine(settings)?;
        let mut memory = self.memory.reader()?;
        let workers = cores().min(self.files.len());
        let files = manifest::files(self.files.clone());
        let never = AtomicBool::new(false);
        let screened = engine.screen(workers, files, memory.as_mut(), &never, |_, record| {
            self.take(&record, outcome)
        });
        emitted(screened)?;
        warn_of(memory.as_ref());
        Ok(())
    }

    /// Examines the photos without holding the index, which is locked only to store them.
    fn and_remember(
        &self,
        settings: &Settings,
        one_by_one: bool,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let memory = self.memory.shared()?;
        let context = self.remembering.context();
        let engine = self.judging.engine(settings)?;
        let mut take = |remembered: Remembered| -> std::io::Result<()> {
            for warning in &remembered.warnings {
                tell(format!("faunalens: warning: {warning}"));
            }
            let mut records = remembered.records.iter();
            records.try_for_each(|record| self.take(record, outcome))
        };
        if one_by_one {
            let mut worker = engine.worker(cores())?;
            for path in &self.files {
                let inspected = open(path, engine.limits(), Some(memory.also())).seen_in(&context);
                take(memory.screen([worker.examine(inspected)])?)?;
            }
            std::mem::forget(worker); // see `leave`
            return Ok(());
        }
        let workers = cores().min(self.files.len());
        let files = manifest::files(self.files.clone()).map(|item| Item {
            context: context.clone(),
            ..item
        });
        let never = AtomicBool::new(false);
        emitted(engine.screen_shared(workers, files, &memory, &never, take))
    }

    fn take(&self, record: &Record, outcome: &mut Outcome) -> std::io::Result<()> {
        self.draw(record, outcome);
        outcome.count(record);
        if self.json {
            print_json(&record.to_json()?)
        } else {
            in_words(record)
                .iter()
                .try_for_each(|line| print_line(line))
        }
    }

    /// Draws the photo with the pictures found on it. What cannot be drawn is said, and ends
    /// nothing.
    fn draw(&self, record: &Record, outcome: &Outcome) {
        let Some(folder) = self.overlay.as_deref() else {
            return;
        };
        if record.error.is_some() {
            return;
        }
        let drawn = || -> anyhow::Result<()> {
            anyhow::ensure!(record.file != "-", "standard input is read once only");
            let path = Path::new(&record.file);
            let bytes = photo::read_file(path, &outcome.limits)?;
            let photo = Photo::from_bytes(&bytes, &outcome.limits)?;
            let drawing = overlay(&photo.pixels, record)?;
            let to = folder.join(drawing_name(path, outcome.count));
            std::fs::write(&to, drawing).with_context(|| format!("write {}", to.display()))
        };
        if let Err(error) = drawn() {
            tell(format!("faunalens: {}: no drawing: {error:#}", record.file));
        }
    }
}

/// What became of all photos together.
#[derive(Default)]
struct Outcome {
    worst: Option<Decision>,
    some_failed: bool,
    /// Photos so far.
    count: usize,
    /// Within which a photo is read again to be drawn.
    limits: Limits,
}

impl Outcome {
    fn count(&mut self, record: &Record) {
        self.count += 1;
        self.worst = self.worst.max(record.decision);
        self.some_failed |= record.decision.is_none();
    }

    /// The exit status; that of the worst decision where it is asked for.
    fn status(&self, by_decision: bool) -> u8 {
        match (by_decision, self.worst, self.some_failed) {
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

fn warn_of(memory: Option<&Memory>) {
    if let Some(memory) = memory {
        warn(memory.index());
    }
}

/// Reads and hashes one photo; `-` is standard input.
fn open(path: &Path, limits: &Limits, evidence: Option<&[PerceptualAlgorithm]>) -> Inspected {
    let input = match photo::read(path, limits) {
        Ok(bytes) => Input::Bytes(bytes),
        Err(error) => Input::Failed(error),
    };
    inspect(name(path), input, limits, evidence.map(Needs::everything))
}

/// One aligned line: decision, best label, file, and why; then a line per match.
fn in_words(record: &Record) -> Vec<String> {
    let Some(decision) = record.decision else {
        let error = record.error.as_ref();
        let (kind, message) = error.map_or(("internal", ""), |error| {
            (error.kind.name(), error.message.as_str())
        });
        return vec![format!(
            "{:<7} {kind:<20} {}: {message}",
            "error", record.file
        )];
    };
    let finding = finding(record);
    let reasons = if record.reasons.is_empty() {
        most_like(record)
    } else {
        format!("  ({})", record.reasons.join("; "))
    };
    let line = format!(
        "{:<7} {finding:<20} {}{reasons}",
        decision.name(),
        record.file
    );
    let matches = record.matches.iter().flatten();
    std::iter::once(line)
        .chain(matches.map(super::memory::in_words))
        .collect()
}

/// What was raised: the label that did, with its score, or the list that the picture is on.
/// Whatever else a picture looks like most is no finding.
fn finding(record: &Record) -> String {
    if record.decision == Some(Decision::Clear) {
        return "-".into();
    }
    let raised = record.raised();
    let Some(label) = raised.first() else {
        let matched = record.reasons_coded.first();
        let name = matched.and_then(|reason| reason.label.as_deref());
        return format!("match {}", name.unwrap_or_default());
    };
    // What a picture on a page or a view raised has its own score, not the whole's.
    let reasons = record.reasons_coded.iter();
    let in_part = reasons
        .filter(|reason| reason.region.is_some() || reason.view.is_some())
        .filter(|reason| reason.label.as_deref() == Some(*label))
        .find_map(|reason| reason.score);
    let of_page = || {
        let mut materials = record.materials.iter();
        materials
            .find(|material| material.label == *label)
            .map(|material| material.score)
    };
    match in_part.or_else(of_page) {
        Some(score) => format!("{label} {}", format_score(score as f32)),
        None => (*label).to_owned(),
    }
}

/// What a picture that raised nothing looks like most.
fn most_like(record: &Record) -> String {
    record.materials.first().map_or(String::new(), |best| {
        format!(
            "  (most like {} {})",
            best.label,
            format_score(best.score as f32)
        )
    })
}
