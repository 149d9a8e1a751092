//! `faunalens eval compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::compare::{self, Difference, Plan, Study};

use super::{Reporting, conclude, four_decimals, joining, renaming};
use crate::cli::print_line;
use crate::cli::settings::Settings;

/// Two results on the same photographs: paired differences, and what changed
///
/// FIRST and SECOND are folders of `eval classify`, or files of scores: rows
/// of `scan`, or a CSV with file and score_LABEL columns. Where they score
/// different labels, those they share are compared against all the rest.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens eval compare study-v1/ study-v2/ --out v1-v2/
  faunalens eval compare ours.jsonl theirs.csv --answers photos.csv --out ours-theirs/")]
pub(super) struct Compare {
    /// The first result
    first: PathBuf,

    /// The second result
    second: PathBuf,

    /// Folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Photographs with their labels, where FIRST does not hold them
    #[arg(long, value_name = "MANIFEST")]
    answers: Option<PathBuf>,

    /// A label of the manifest that the models call otherwise; may be repeated
    #[arg(long, value_name = "FROM=TO", value_parser = renaming)]
    rename: Vec<(String, String)>,

    /// Folder to which the files are relative, to show what changed [default: that of the answers,
    /// if the photographs are there]
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,

    #[command(flatten)]
    reporting: Reporting,
}

impl Compare {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let study = compare::run(&self.plan())?;
        let provenance = study.provenance.clone();
        let frame = self.reporting.frame(provenance, settings.limits());
        compare::write(&study, &frame, &self.out)?;
        self.print(&study)
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::new(scores_in(&self.first), scores_in(&self.second));
        plan.joining = joining(&self.rename);
        plan.photos.clone_from(&self.photos);
        plan.resampling = self.reporting.resampling();
        if let Some(answers) = &self.answers {
            plan.answers.clone_from(answers);
        }
        plan
    }

    fn print(&self, study: &Study) -> anyhow::Result<ExitCode> {
        let comparison = &study.comparison;
        let rows = comparison.figures.iter();
        for row in rows.filter(|row| row.difference.label.is_empty()) {
            print_line(&describe_difference(row))?;
        }
        let [first, second] = comparison.only;
        let summary = format!(
            "{} photographs; only the first right: {first}, only the second: {second}; exact \
            McNemar p {}",
            comparison.photographs,
            format_probability(comparison.mcnemar)
        );
        conclude(&summary, &self.out, &comparison.left_out)
    }
}

fn describe_difference(row: &Difference) -> String {
    let difference = &row.difference;
    let interval = difference.interval.map_or(String::new(), |[low, high]| {
        format!(" ({low:+.4} to {high:+.4})")
    });
    format!(
        "{}: {} and {}, difference {}{interval}",
        difference.measure,
        four_decimals(row.first),
        four_decimals(row.second),
        four_decimals(difference.value)
    )
}

/// The scores of a folder of `eval classify`, or the file itself.
fn scores_in(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join("scored.csv")
    } else {
        path.to_owned()
    }
}

/// Four decimals, or the power of ten of what is smaller.
fn format_probability(p: f64) -> String {
    if p < 1e-3 {
        format!("{p:.0e}")
    } else {
        format!("{p:.4}")
    }
}
