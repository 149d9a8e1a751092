//! `faunalens eval schreger`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate;
use faunalens::schreger::Config;

use crate::cli::settings::Settings;
use crate::cli::{exit_code, say};

/// The Schreger reader: angle error, intervals, species, false lattices
///
/// The manifest is a CSV with the columns file, kind, lattice and, where they
/// are known, species, angle_deg, outer_zone, tilt_deg, oblique_deg,
/// px_per_period, contrast, jpeg.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo run --release --example schreger_cases -- cases 1 400 400
  faunalens eval schreger cases/manifest.csv --out eval/schreger")]
pub(super) struct SchregerStudy {
    /// Pictures and what is true of them
    manifest: PathBuf,

    /// Folder for tables, plots and the page
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl SchregerStudy {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let summary = evaluate::schreger::run(
            &self.manifest,
            &self.out,
            &Config::default(),
            &settings.limits(),
        )?;
        say("figures,n,median error,p95 error,interval covers,decided,wrong")?;
        for s in summary.slices.iter().take(4) {
            let degrees = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
            say(&format!(
                "{} {},{},{},{},{},{},{}",
                s.factor,
                s.bin,
                s.pictures,
                degrees(s.median_error),
                degrees(s.p95_error),
                degrees(s.coverage.share()),
                s.decided.hits,
                s.wrong.hits
            ))?;
        }
        if let Some(all) = summary.false_lattices.first() {
            say(&format!(
                "false lattices: {} of {}",
                all.measured.hits, all.measured.of
            ))?;
        }
        Ok(exit_code(summary.unreadable > 0))
    }
}
