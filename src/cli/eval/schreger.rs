//! `faunalens eval schreger`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::schreger::{self, Plan, Slice, Study};

use super::{conclude, frame};
use crate::cli::console::print_line;
use crate::cli::progress::Bar;
use crate::cli::settings::Settings;

/// Slices that are printed: those that are no bins of a factor.
const HEADLINES: usize = 4;

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
        let mut plan = Plan::new(self.manifest.clone());
        plan.limits = settings.limits();
        let study = schreger::run(&plan, &Bar::new())?;
        let frame = frame(study.provenance.clone(), settings.limits());
        let frame = frame.with_pictures(!self.no_pictures);
        schreger::write(&study, &frame, &self.out)?;
        self.print(&study)
    }

    fn print(&self, study: &Study) -> anyhow::Result<ExitCode> {
        print_line("figures,n,median error,p95 error,interval covers,decided,wrong")?;
        for slice in study.summary.slices.iter().take(HEADLINES) {
            print_line(&describe_slice(slice))?;
        }
        if let Some(all) = study.summary.false_lattices.first() {
            let measured = &all.measured;
            print_line(&format!(
                "false lattices: {} of {}",
                measured.hits, measured.of
            ))?;
        }
        conclude("", &self.out, &study.left_out)
    }
}

fn describe_slice(slice: &Slice) -> String {
    let degrees = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2}"));
    format!(
        "{slice},{},{},{},{},{},{}",
        slice.pictures,
        degrees(slice.median_error),
        degrees(slice.p95_error),
        degrees(slice.coverage.value()),
        slice.decided.hits,
        slice.wrong.hits
    )
}
