//! `faunalens eval compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::ScoreScale;
use faunalens::evaluate::compare::{self, Difference, Plan, Study};
use faunalens::recognize::Threshold;

use super::{
    Reporting, conclude, four_decimals, joining, renaming, score_scale, threshold, thresholds,
    with_option,
};
use crate::cli::console::print_line;
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
  faunalens eval compare ours.jsonl theirs.csv --answers photos.csv --out ours-theirs/
  faunalens eval compare ours.jsonl theirs.csv --answers photos.csv --out ours-theirs/ \
      --second-name theirs --second-scores-are percent --second-threshold ivory=0.5,0.9")]
pub(super) struct Compare {
    /// The first result
    first: PathBuf,

    /// The second result
    second: PathBuf,

    /// Folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    tools: Tools,

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

/// What the two tools are called, and how their scores are read.
#[derive(Debug, Args)]
struct Tools {
    /// What the first is called in the report [default: the name of its folder or file]
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,

    /// What the second is called
    #[arg(long, value_name = "NAME")]
    second_name: Option<String>,

    /// What the first's scores are: probabilities from 0 to 1, percent, or logits
    #[arg(long, value_name = "SCALE", default_value = "probabilities", value_parser = score_scale())]
    first_scores_are: ScoreScale,

    /// What the second's scores are
    #[arg(long, value_name = "SCALE", default_value = "probabilities", value_parser = score_scale())]
    second_scores_are: ScoreScale,

    /// From which scores the first sends a label to review and flags it; may be repeated [default:
    /// the bundle's, where the scores are its own]
    #[arg(long, value_name = "LABEL=REVIEW,FLAG", value_parser = threshold)]
    first_threshold: Vec<(String, Threshold)>,

    /// The second's
    #[arg(long, value_name = "LABEL=REVIEW,FLAG", value_parser = threshold)]
    second_threshold: Vec<(String, Threshold)>,
}

impl Tools {
    /// The names given, else those of the files, else their places.
    fn names(&self, files: [&Path; 2]) -> [String; 2] {
        let [first, second] = files.map(name_of);
        let told_apart = first != second && !first.is_empty() && !second.is_empty();
        let [first, second] = if told_apart {
            [first, second]
        } else {
            ["first".into(), "second".into()]
        };
        [
            self.first_name.clone().unwrap_or(first),
            self.second_name.clone().unwrap_or(second),
        ]
    }
}

/// The name of a folder, or of a file without its extension.
fn name_of(path: &Path) -> String {
    let name = if path.is_dir() {
        path.file_name()
    } else {
        path.file_stem()
    };
    name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

impl Compare {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let bundle = settings.bundle().ok();
        let study = compare::run(&self.plan(), bundle.as_ref()).map_err(with_option)?;
        let provenance = study.provenance.clone();
        let frame = self.reporting.frame(provenance, settings.limits());
        compare::write(&study, &frame, &self.out)?;
        self.print(&study)
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan::new(scores_in(&self.first), scores_in(&self.second));
        plan.joining = joining(&self.rename, ScoreScale::default());
        let tools = &self.tools;
        plan.names = tools.names([&self.first, &self.second]);
        plan.scales = [tools.first_scores_are, tools.second_scores_are];
        plan.thresholds = [
            thresholds(&tools.first_threshold),
            thresholds(&tools.second_threshold),
        ];
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
        let ([first, second], [one, other]) = (comparison.only, &study.names);
        let summary = format!(
            "{} photographs; only {} right: {first}, only {}: {second}; exact McNemar p {}",
            comparison.photographs,
            called(one),
            called(other),
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

/// A tool by its name, or by its place.
fn called(name: &str) -> String {
    match name {
        "first" | "second" => format!("the {name}"),
        name => name.to_owned(),
    }
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
