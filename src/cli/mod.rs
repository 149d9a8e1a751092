//! The command line: one file per subcommand. The only room that prints.

mod check;
mod completions;
mod console;
mod doctor;
mod eval;
mod exchange;
mod hash;
mod index;
mod links;
mod memory;
mod model;
mod progress;
mod remote;
mod scan;
mod schreger;
#[cfg(all(unix, feature = "serve"))]
mod serve;
mod settings;
mod times;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use faunalens::escape;
use faunalens::index::IndexError;
use faunalens::photo;
use faunalens::pipeline::BatchError;
use faunalens::record::resume::ResumeError;

use console::print_lines;
pub(crate) use console::tell;
use settings::Settings;

/// Recognises illegal wildlife products in listing photographs: from pixels
/// alone, offline, on one machine.
///
/// A screening aid, not evidence: a person decides.
#[derive(Debug, Parser)]
#[command(name = "faunalens", disable_version_flag = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Print the versions of the program and of the model.
    #[arg(short = 'V', long)]
    version: bool,

    #[command(flatten)]
    settings: Settings,

    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  faunalens check photo.jpg                       one photo, in words
  faunalens check --json - < photo.jpg            one photo from a pipe, as JSON
  faunalens scan crawl/ --out crawl.jsonl         a folder; run it again to resume
  faunalens scan listings.csv --out scores.csv    a manifest with a `file` column
  find . -name '*.jpg' | faunalens scan - --out found.parquet
  faunalens hash photo.jpg                        the PDQ hash for exchange
  faunalens scan crawl/ --out crawl.jsonl --index seen/   and remember what was seen
  faunalens check --index seen/ photo.jpg         who showed this picture before
  faunalens links seen/ --out links/              clusters of pictures, graph of sellers
  faunalens schreger --overlay drawn/ base.jpg    the Schreger angle of ivory, drawn
  faunalens serve                                 answers over HTTP, as upload hooks ask
  faunalens doctor                                what is installed, and is it sound

Exit status:
  0  done
  1  done, but at least one photo could not be read
  2  wrong use or configuration";

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Scan(scan::Scan),
    Hash(hash::Hash),
    Index(index::IndexCommand),
    Links(links::LinksCommand),
    #[command(name = "schreger")]
    Schreger(schreger::ReadLattice),
    Eval(eval::Eval),
    #[cfg(all(unix, feature = "serve"))]
    Serve(Box<serve::Serve>),
    Model(model::Model),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
}

/// Reads the command line; on wrong use says so and ends the program.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        let words = error.render().to_string();
        // Clap repeats what it was given, be it a file's name that begins with `--`.
        match words.lines().all(|line| escape::visible(line) == line) {
            true => error.exit(),
            false => words.lines().for_each(tell),
        }
        std::process::exit(error.exit_code());
    })
}

/// Runs one command and says how it went.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    silence_caught_panics();
    outlive_file_limit();
    let settings = cli.settings;
    if cli.version {
        print_lines(&settings.version())?;
        return Ok(ExitCode::SUCCESS);
    }
    match cli.command {
        Some(Command::Check(command)) => command.run(&settings),
        Some(Command::Scan(command)) => command.run(&settings),
        Some(Command::Hash(command)) => command.run(&settings),
        Some(Command::Index(command)) => command.run(&settings),
        Some(Command::Links(command)) => command.run(),
        Some(Command::Schreger(command)) => command.run(&settings),
        Some(Command::Eval(command)) => command.run(&settings),
        #[cfg(all(unix, feature = "serve"))]
        Some(Command::Serve(command)) => command.run(&settings),
        Some(Command::Model(command)) => command.run(&settings),
        Some(Command::Doctor(command)) => command.run(&settings),
        Some(Command::Completions(command)) => command.run(),
        None => anyhow::bail!("no command given; `faunalens --help` shows them"),
    }
}

/// Status 1 when some photo could not be read.
fn exit_code(some_failed: bool) -> ExitCode {
    ExitCode::from(u8::from(some_failed))
}

/// What a batch ended with; an error in writing its records comes first in the chain.
fn emitted<E: std::error::Error + Send + Sync + 'static>(
    outcome: Result<(), BatchError<E>>,
) -> anyhow::Result<()> {
    match outcome {
        Err(BatchError::Emit(error)) => Err(error.into()),
        other => Ok(other?),
    }
}

/// What to do about an error, where the library's own words leave the command line out.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<IndexError>())
        .and_then(index::hint)
}

/// True when the error is only that nobody reads our output any more.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
            || matches!(cause.downcast_ref(), Some(ResumeError::ClosedPipe))
    })
}

/// A limit on the size of files (`ulimit -f`) is an error where a file is written, as a full disk
/// is, and not the end of the program.
fn outlive_file_limit() {
    #[cfg(unix)]
    {
        let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Without it the limit still holds, and ends the program.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
    }
}

/// A decoder's panic is caught and becomes the photo's error; its message
/// would only clutter the terminal.
fn silence_caught_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !photo::is_decoding() {
            report(panic);
        }
    }));
}
