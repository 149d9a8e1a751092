//! `faunalens eval`: accuracy on photographs with known answers.

mod classify;
mod compare;
mod matching;
mod robustness;
mod schreger;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use faunalens::evaluate::classify::report::Configuration;
use faunalens::evaluate::leak::{self, Leak};
use faunalens::evaluate::rows::{LeftOut, Scored};
use faunalens::photo::hex;
use faunalens::pipeline::Engine;
use faunalens::recognize::Bundle;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use super::settings::Settings;

/// Measure accuracy on photographs with known answers
///
/// Every report is a folder: report.html to read, report.json and CSV tables
/// with the same figures, their intervals, and what was left out.
#[derive(Debug, Args)]
pub(super) struct Eval {
    #[command(subcommand)]
    study: Study,
}

#[derive(Debug, Subcommand)]
enum Study {
    Classify(classify::Classify),
    Match(matching::MatchStudy),
    Robustness(robustness::RobustnessStudy),
    Compare(compare::Compare),
    Schreger(schreger::SchregerStudy),
}

impl Eval {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        match &self.study {
            Study::Classify(study) => study.run(settings),
            Study::Match(study) => study.run(settings),
            Study::Robustness(study) => study.run(settings),
            Study::Compare(study) => study.run(settings),
            Study::Schreger(study) => study.run(settings),
        }
    }
}

/// How a study draws its intervals and what its page shows.
#[derive(Debug, Args)]
struct Reporting {
    /// Bootstrap resamples for the intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u64,

    /// Seed of all that is drawn: the bootstrap's groups, and what transformations depend on
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// No thumbnails in the report
    #[arg(long)]
    no_pictures: bool,
}

/// `A=B` on the command line.
fn renaming(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => {
            Ok((from.to_owned(), to.to_owned()))
        }
        _ => Err("write it as MANIFEST_LABEL=MODEL_LABEL".into()),
    }
}

/// What every report says of its own making.
fn configuration(own: &[(&str, String)]) -> Configuration {
    let line: Vec<String> = std::env::args().collect();
    let mut entries = vec![
        ("faunalens".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("command line".to_owned(), line.join(" ")),
    ];
    entries.extend(
        own.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    entries
}

/// A file with its hash, so that a report names what it was made from; a folder by its name alone.
fn with_hash(path: &Path) -> String {
    let hash = || -> io::Result<String> {
        let mut state = Sha256::new();
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = io::Read::read(&mut file, &mut buffer)?;
            if read == 0 {
                return Ok(hex(&state.finalize()));
            }
            state.update(&buffer[..read]);
        }
    };
    match hash() {
        Ok(hash) if path.is_file() => format!("{} (SHA-256 {hash})", path.display()),
        _ => path.display().to_string(),
    }
}

/// Name, version and hash of a model.
fn model_in_words(bundle: &Bundle) -> String {
    let described = &bundle.description;
    format!(
        "{} {} (SHA-256 {})",
        described.name,
        described.version,
        described.identity()
    )
}

/// Version of the library that runs the model.
fn runtime_in_words(engine: &Engine) -> String {
    engine.runtime_version().unwrap_or_else(|| "unknown".into())
}

/// Where the files of a manifest lie: beside it; those of a folder are named whole.
fn root_of(manifest: &Path) -> PathBuf {
    if manifest.is_dir() {
        return PathBuf::new();
    }
    manifest.parent().map(Path::to_owned).unwrap_or_default()
}

/// Looks for near-duplicates of training photographs and in the set; takes the leaks out unless told to keep them. Also tells how many
/// training photographs are known.
fn take_out_leaks(
    scored: &mut Scored,
    bundle: Option<&Bundle>,
    keep: bool,
) -> anyhow::Result<(Vec<Leak>, String)> {
    let training = bundle.map(Bundle::training_hashes).transpose()?.flatten();
    let known = match &training {
        Some(hashes) => hashes.len().to_string(),
        None => "none: near-duplicates of training photographs could not be looked for".into(),
    };
    let leaks = leak::find(scored, training.as_deref().unwrap_or_default())?;
    if !keep {
        let reason =
            |leak: &Leak| format!("a near-duplicate ({} bits) of {}", leak.distance, leak.of);
        let files: HashMap<String, String> = leaks
            .iter()
            .filter(|leak| leak.kind.is_leak())
            .map(|leak| (leak.file.clone(), reason(leak)))
            .collect();
        scored.leave_out(&files);
        anyhow::ensure!(
            !scored.rows.is_empty(),
            "every row is a near-duplicate of a training photograph or stands under two labels; --keep-leaks keeps them"
        );
    }
    Ok((leaks, known))
}

/// The first rows that were left out, on standard error.
fn name_left_out(rows: &[LeftOut]) {
    for row in rows.iter().take(5) {
        let line = match row.line {
            0 => String::new(),
            line => format!("line {line}: "),
        };
        eprintln!("faunalens: left out: {line}{}: {}", row.file, row.why);
    }
    if rows.len() > 5 {
        eprintln!("faunalens: and {} more in left_out.csv", rows.len() - 5);
    }
}

/// A bar on a terminal.
fn bar(what: &str, total: usize) -> ProgressBar {
    if !io::IsTerminal::is_terminal(&io::stderr()) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}, {eta} left");
    ProgressBar::new(total as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what.to_owned())
}

/// The folder of an index that is made for one study and removed after it.
struct Scratch(PathBuf);

impl Scratch {
    /// Clears what an interrupted run left.
    fn new(out: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(out)?;
        let folder = out.join("index.partial");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is cleared by the next run.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
