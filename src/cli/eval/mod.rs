//! `faunalens eval`: accuracy on photographs with known answers.

mod classify;
mod compare;
mod schreger;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use faunalens::evaluate::pages::Configuration;

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
    Compare(compare::Compare),
    Schreger(schreger::SchregerStudy),
}

impl Eval {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        match &self.study {
            Study::Classify(study) => study.run(settings),
            Study::Compare(study) => study.run(),
            Study::Schreger(study) => study.run(settings),
        }
    }
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
