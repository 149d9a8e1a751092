//! `faunalens eval classify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::ScoreScale;
use faunalens::evaluate::classify::{self, Plan, Study, require_known_label};
use faunalens::evaluate::rows::answers;
use faunalens::recognize::Threshold;

use super::{
    Reporting, conclude, describe_figure, joining, renaming, score_scale, threshold, thresholds,
    with_option,
};
use crate::cli::console::print_line;
use crate::cli::scan::Scan;
use crate::cli::settings::{Settings, prepare_process};

/// The classifier: every figure per label, with intervals and limits
///
/// MANIFEST is a CSV, TSV or JSONL file with the columns file and label and,
/// as far as known, group, seller and source; or a folder that holds a folder
/// per label. Rows of one group (else of one seller) are resampled together,
/// and near-duplicates always. Near-duplicates of the model's training photographs,
/// and photographs that stand under two labels, are taken out first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens eval classify photos.csv --out study/          score, then measure; run again to resume
  faunalens eval classify photos/ --out study/             photos/ivory/..., photos/other/...
  faunalens eval classify photos.csv --scores rows.jsonl --out study/     scores of an earlier scan
  faunalens eval classify photos.csv --scores theirs.csv --out theirs/    another tool: file,score_ivory
  faunalens eval classify photos.csv --scores theirs.csv --scores-are percent \
      --threshold ivory=0.5,0.9 --out theirs/              its scale and its thresholds
  faunalens eval classify photos.csv --rename bone=bone_antler --out study/

Exit status:
  0  done
  1  done, but some rows were left out: left_out.csv says which and why
  2  wrong use or configuration")]
pub(super) struct Classify {
    /// Photographs with their labels
    manifest: PathBuf,

    /// Folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Take scores from here instead of running the model: rows of `scan`, or a CSV with file and
    /// score_LABEL columns
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

    /// What the scores are: probabilities from 0 to 1, percent, or logits (a softmax over the
    /// labels; of one label a sigmoid)
    #[arg(long, value_name = "SCALE", requires = "scores", default_value = "probabilities",
        value_parser = score_scale())]
    scores_are: ScoreScale,

    /// From which scores the tool sends a label to review and flags it, 0 to 1; may be repeated
    /// [default: the bundle's, where the scores are its own]
    #[arg(long, value_name = "LABEL=REVIEW,FLAG", value_parser = threshold)]
    threshold: Vec<(String, Threshold)>,

    /// A label of the manifest that the model calls otherwise; may be repeated
    #[arg(long, value_name = "FROM=TO", value_parser = renaming)]
    rename: Vec<(String, String)>,

    /// Keep near-duplicates of training photographs and across labels; they are listed all the same
    #[arg(long)]
    keep_leaks: bool,

    #[command(flatten)]
    reporting: Reporting,
}

impl Classify {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        // May start the program again, so it comes before anything is read.
        prepare_process();
        let mut study = match &self.scores {
            Some(scores) => {
                let bundle = settings.bundle().ok();
                classify::run(&self.plan(scores.clone()), bundle.as_ref())
            }
            None => {
                let plan = self.plan(self.score(settings)?);
                classify::run(&plan, Some(&settings.bundle()?))
            }
        }
        .map_err(with_option)?;
        if self.scores.is_none() {
            let version = settings.runtime_version();
            let version = version.unwrap_or_else(|| "unknown".into());
            study.provenance.push("ONNX Runtime", version);
        }
        let provenance = study.provenance.clone();
        let frame = self.reporting.frame(provenance, settings.limits());
        classify::write(&study, &frame, &self.out)?;
        self.print(&study)
    }

    fn plan(&self, results: PathBuf) -> Plan {
        let mut plan = Plan::new(self.manifest.clone(), results);
        plan.joining = joining(&self.rename, self.scores_are);
        plan.thresholds = thresholds(&self.threshold);
        plan.keep_leaks = self.keep_leaks;
        plan.resampling = self.reporting.resampling();
        plan
    }

    /// Runs the model over the manifest; resumes where an earlier run ended. What is wrong with the
    /// manifest is said before an hour of scoring.
    fn score(&self, settings: &Settings) -> anyhow::Result<PathBuf> {
        let (answers, _) = answers(&self.manifest)?;
        require_known_label(
            &answers,
            &joining(&self.rename, self.scores_are),
            &settings.bundle()?,
        )
        .map_err(with_option)?;
        std::fs::create_dir_all(&self.out)?;
        let records = self.out.join("records.jsonl");
        let status = Scan::into_records(self.manifest.clone(), records.clone()).run(settings)?;
        anyhow::ensure!(
            status != ExitCode::from(130),
            "interrupted: run the same command again to go on"
        );
        Ok(records)
    }

    fn print(&self, study: &Study) -> anyhow::Result<ExitCode> {
        let figures = study.measured.figures.iter();
        for figure in figures.filter(|figure| figure.label.is_empty()) {
            print_line(&describe_figure(figure))?;
        }
        let (rows, left_out) = (&study.scored.rows, &study.scored.left_out);
        let summary = format!("{} photographs, {} left out", rows.len(), left_out.len());
        conclude(&summary, &self.out, left_out)
    }
}
