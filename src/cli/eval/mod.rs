//! `faunalens eval`: accuracy on photographs with known answers.

mod classify;
mod compare;
mod matching;
mod robustness;
mod schreger;

use std::path::Path;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use faunalens::evaluate::classify::Thresholds;
use faunalens::evaluate::left_out::{Exclusion, LeftOut, RowsError};
use faunalens::evaluate::rows::Joining;
use faunalens::evaluate::{EvaluateError, Figure, Resampling, ScoreScale};
use faunalens::photo::Limits;
use faunalens::recognize::Threshold;
use faunalens::report::{Frame, Provenance, shown_argument};

use super::exit_code;
use super::settings::Settings;
use crate::cli::console::{print_line, tell};
use faunalens::escape::name;

/// Rows left out that are named on standard error.
const ROWS_NAMED: usize = 5;

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

/// How the labels of manifest and model are brought together.
fn joining(renamed: &[(String, String)], scale: ScoreScale) -> Joining {
    Joining {
        renamed: renamed.iter().cloned().collect(),
        scale,
        ..Joining::default()
    }
}

/// Takes the name of a scale.
fn score_scale() -> impl TypedValueParser<Value = ScoreScale> {
    PossibleValuesParser::new(ScoreScale::ALL.map(ScoreScale::name)).map(|name| {
        let mut scales = ScoreScale::ALL.into_iter();
        scales
            .find(|scale| scale.name() == name)
            .unwrap_or_default()
    })
}

/// `LABEL=REVIEW,FLAG` or `LABEL=BOTH` on the command line.
fn threshold(text: &str) -> Result<(String, Threshold), String> {
    let read = || {
        let (label, scores) = text.split_once('=')?;
        let (review, flag) = scores.split_once(',').unwrap_or((scores, scores));
        let review: f32 = review.trim().parse().ok()?;
        let flag: f32 = flag.trim().parse().ok()?;
        let in_order = 0.0 <= review && review <= flag && flag <= 1.0;
        (in_order && !label.is_empty()).then(|| (label.to_owned(), Threshold { review, flag }))
    };
    read().ok_or_else(|| "write it as LABEL=REVIEW,FLAG, both from 0 to 1".into())
}

/// Thresholds by label; `None` where none is given.
fn thresholds(given: &[(String, Threshold)]) -> Option<Thresholds> {
    (!given.is_empty()).then(|| given.iter().cloned().collect())
}

impl Reporting {
    fn resampling(&self) -> Resampling {
        Resampling::new(self.resamples, self.seed)
    }

    fn frame(&self, study: Provenance, limits: Limits) -> Frame {
        frame(study, limits).with_pictures(!self.no_pictures)
    }
}

/// A report that names the program and its arguments before what its study was made from.
fn frame(study: Provenance, limits: Limits) -> Frame {
    let mut provenance = Provenance::default();
    provenance.push("faunalens", env!("CARGO_PKG_VERSION"));
    let arguments = std::env::args_os();
    let arguments: Vec<String> = arguments
        .map(|argument| shown_argument(&argument.to_string_lossy()))
        .collect();
    provenance.push("command line", arguments.join(" "));
    Frame::new(study.after(provenance), limits)
}

/// The error with the option that helps.
fn with_option(error: EvaluateError) -> anyhow::Error {
    let option = match &error {
        EvaluateError::NoKnownLabel { .. } => "--rename FROM=TO",
        EvaluateError::OnlyLeaks => "--keep-leaks",
        EvaluateError::Rows(RowsError::ScoreOutOfRange { .. }) => {
            "--scores-are percent or --scores-are logits"
        }
        _ => return error.into(),
    };
    anyhow::anyhow!("{error} ({option})")
}

/// Four decimals; a dash where there is no value.
fn four_decimals(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| format!("{value:.4}"))
}

/// Name, value and interval.
fn describe_figure(figure: &Figure) -> String {
    let interval = figure.interval.map_or(String::new(), |[low, high]| {
        format!(" ({low:.4} to {high:.4})")
    });
    let value = four_decimals(figure.value);
    format!("{} {value}{interval}", figure.measure)
}

/// The last line of a study, and its exit status.
fn conclude(summary: &str, out: &Path, left_out: &[LeftOut]) -> anyhow::Result<ExitCode> {
    let page = out.join("report.html");
    let line = format!("{summary} -> {}", name(page));
    print_line(line.trim_start())?;
    name_left_out(left_out);
    Ok(exit_code(!left_out.is_empty()))
}

/// The first rows that were left out, on standard error.
fn name_left_out(rows: &[LeftOut]) {
    for row in rows.iter().take(ROWS_NAMED) {
        let line = match row.line {
            0 => String::new(),
            line => format!("line {line}: "),
        };
        tell(format!(
            "faunalens: left out: {line}{}: {}",
            row.file, row.why
        ));
    }
    if rows.len() > ROWS_NAMED {
        let more = rows.len() - ROWS_NAMED;
        tell(format!("faunalens: and {more} more in left_out.csv"));
    }
    let unknown_label = |row: &LeftOut| matches!(row.why, Exclusion::UnknownLabel { .. });
    if rows.iter().any(unknown_label) {
        tell("faunalens: --rename FROM=TO maps a label of the manifest to one of the model");
    }
}
