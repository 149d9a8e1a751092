//! Runs targets without a fuzzer, on stable Rust.
//!
//! `smoke [TARGET...] [--seconds 3] [--seed 1] [--corpus FOLDER] [--keep FILE] [--write FOLDER]`
//!
//! The same seed makes the same inputs in the same order. Files of `--corpus` are edited beside the
//! target's seeds. `--keep` writes each input to FILE before it is used, so that it is there after an
//! abort. `--write` writes the seeds to FOLDER/TARGET and runs nothing. An input that panics, or takes
//! more than two seconds, ends the run and is written to the working folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use faunalens_fuzz::drive::{Drive, peak_memory};
use faunalens_fuzz::{TARGETS, Target, panics};

struct Options {
    targets: Vec<String>,
    drive: Drive,
    write: Option<PathBuf>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let drive = Drive {
            time: Duration::from_secs(3),
            seed: 1,
            keep: None,
            corpus: None,
            finds: ".".into(),
        };
        let mut options = Self {
            targets: Vec::new(),
            drive,
            write: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--seconds" => options.drive.time = Duration::from_secs(number(&value()?)?),
                "--seed" => options.drive.seed = number(&value()?)?,
                "--corpus" => options.drive.corpus = Some(value()?.into()),
                "--keep" => options.drive.keep = Some(value()?.into()),
                "--write" => options.write = Some(value()?.into()),
                name if TARGETS.iter().any(|target| target.name == name) => {
                    options.targets.push(argument);
                }
                other => return Err(format!("no target and no option {other:?}")),
            }
        }
        Ok(options)
    }

    fn asks_for(&self, target: &Target) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|name| name == target.name)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(reason) => {
            eprintln!("smoke: {reason}");
            return ExitCode::from(2);
        }
    };
    panics::tolerate_decoders();
    for target in TARGETS.iter().filter(|target| options.asks_for(target)) {
        let done = match &options.write {
            Some(folder) => write_seeds(target, folder),
            None => run(target, &options.drive),
        };
        if let Err(reason) = done {
            eprintln!("smoke: {}: {reason}", target.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write_seeds(target: &Target, folder: &Path) -> Result<(), String> {
    let folder = folder.join(target.name);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        let path = folder.join(format!("seed-{number:03}"));
        fs::write(path, seed).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn run(target: &Target, drive: &Drive) -> Result<(), String> {
    let driven = drive.run(target)?;
    println!(
        "{}: {} executions, slowest {:.1?}, peak of the process so far {} MiB",
        target.name,
        driven.executions,
        driven.slowest,
        peak_memory().unwrap_or(0)
    );
    Ok(())
}
