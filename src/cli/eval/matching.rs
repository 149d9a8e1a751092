//! `faunalens eval match`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::matching::{self, Plan, Study};

use super::{Reporting, conclude, describe_figure};
use crate::cli::console::print_line;
use crate::cli::progress::Bar;
use crate::cli::settings::{Settings, prepare_process};

/// The same picture again: what is found, at which precision, under which change
///
/// MANIFEST says which pictures are one: pairs (columns query and db), clusters
/// (columns file and cluster, or a folder per cluster). A pair without db is a
/// question that nothing matches; one without query is a picture in the way. A
/// column transformation gives figures per transformation, a column role
/// (query, reference) keeps copies out of what is searched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens eval match pairs.csv --out study/                      our index, PDQ and descriptors
  faunalens eval match clusters.csv --out study/ --any-orientation
  faunalens eval match pairs.csv --scores theirs.csv --out theirs/ another tool: query,db,score

Exit status:
  0  done
  1  done, but some rows or answers were left out; left_out.csv says which and why
  2  wrong use or configuration")]
pub(super) struct MatchStudy {
    /// Pictures, and which of them are one
    manifest: PathBuf,

    /// Folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Folder to which the files are relative [default: the manifest's]
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,

    /// Take answers from here instead of searching: a CSV with query, db, score and, if there are
    /// several, method
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

    /// Also match mirrored and turned copies by their hashes
    #[arg(long)]
    any_orientation: bool,

    #[command(flatten)]
    reporting: Reporting,
}

impl MatchStudy {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        prepare_process();
        let study = match &self.scores {
            Some(scores) => matching::run_on_answers(scores, &self.plan())?,
            None => matching::run(&settings.engine()?, &self.plan(), &Bar::new())?,
        };
        let provenance = study.provenance.clone();
        let frame = self.reporting.frame(provenance, settings.limits());
        matching::write(&study, &frame, &self.out)?;
        self.print(&study)
    }

    fn plan(&self) -> Plan {
        let scratch = self.out.join("index.partial");
        let mut plan = Plan::new(self.manifest.clone(), scratch);
        plan.photos.clone_from(&self.photos);
        plan.any_orientation = self.any_orientation;
        plan.resampling = self.reporting.resampling();
        plan
    }

    fn print(&self, study: &Study) -> anyhow::Result<ExitCode> {
        let parts = study.measured.parts.iter();
        for part in parts.filter(|part| part.transformation.is_empty()) {
            for figure in &part.figures {
                print_line(&format!("{}: {}", part.method, describe_figure(figure)))?;
            }
        }
        let summary = format!(
            "{} questions, {} pictures searched, {} left out",
            study.truth.questions.len(),
            study.truth.references.len(),
            study.left_out.len()
        );
        conclude(&summary, &self.out, &study.left_out)
    }
}
