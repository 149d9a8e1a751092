//! `faunalens eval schreger`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate;
use faunalens::schreger::Config;

use super::{configuration, name_left_out, with_hash};
use crate::cli::settings::Settings;
use crate::cli::{exit_code, print_line};

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
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// No thumbnails in the report
    #[arg(long)]
    no_pictures: bool,
}

impl SchregerStudy {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let summary = evaluate::schreger::run(
            &self.manifest,
            &self.out,
            &Config::default(),
            &settings.limits(),
            evaluate::schreger::Frame {
                configuration: &configuration(&[("manifest", with_hash(&self.manifest))]),
                pictures: !self.no_pictures,
            },
        )?;
        print_line("figures,n,median error,p95 error,interval covers,decided,wrong")?;
        for s in summary.slices.iter().take(4) {
            let degrees = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
            print_line(&format!(
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
            print_line(&format!(
                "false lattices: {} of {}",
                all.measured.hits, all.measured.of
            ))?;
        }
        print_line(&format!("-> {}", self.out.join("report.html").display()))?;
        name_left_out(&summary.left_out);
        Ok(exit_code(!summary.left_out.is_empty()))
    }
}
