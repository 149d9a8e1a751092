//! `faunalens eval robustness`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::matching::Method;
use faunalens::evaluate::robustness::transformation::{SUITE, Transformation};
use faunalens::evaluate::robustness::{self, Plan, Study};
use faunalens::evaluate::{Measure, ScoreScale};
use faunalens::pipeline::ReadLattice;

use super::{Reporting, conclude, joining, renaming, with_option};
use crate::cli::console::print_line;
use crate::cli::progress::Bar;
use crate::cli::settings::{Settings, prepare_process};

/// What reposting costs: every photograph recompressed, cropped, turned, ...
///
/// Makes a copy of every photograph under every transformation of the suite,
/// scores it and looks for the original in an index of the set. Tells per
/// transformation what classification and matching lose. Photographs whose
/// label the model does not know are used for matching alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens eval robustness photos/ --out robust/              photos/ivory/..., photos/other/...
  faunalens eval robustness photos.csv --out robust/ --sample 300
  faunalens eval robustness photos.csv --out robust/ --only screenshot --only 'crop 50 %'

Exit status:
  0  done
  1  done, but some rows were left out; left_out.csv says which and why
  2  wrong use or configuration")]
pub(super) struct RobustnessStudy {
    /// Photographs with their labels
    manifest: PathBuf,

    /// Folder for the report
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Folder to which the files are relative [default: the manifest's]
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,

    /// Only this transformation; may be repeated (a name that is none gets the list)
    #[arg(long, value_name = "NAME", value_parser = transformation)]
    only: Vec<Transformation>,

    /// At most this many photographs, spread evenly over the manifest
    #[arg(long, value_name = "N")]
    sample: Option<usize>,

    /// Also match mirrored and turned copies by their hashes
    #[arg(long)]
    any_orientation: bool,

    /// A label of the manifest that the model calls otherwise; may be repeated
    #[arg(long, value_name = "FROM=TO", value_parser = renaming)]
    rename: Vec<(String, String)>,

    /// Keep near-duplicates of training photographs and across labels; they are listed all the same
    #[arg(long)]
    keep_leaks: bool,

    #[command(flatten)]
    reporting: Reporting,
}

fn transformation(name: &str) -> Result<Transformation, String> {
    Transformation::find(name).ok_or_else(|| {
        let names: Vec<&str> = SUITE.iter().map(|one| one.name).collect();
        format!("the transformations are: {}", names.join(", "))
    })
}

impl RobustnessStudy {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        prepare_process();
        let plan = self.plan();
        let engine = settings.engine()?.with_lattice(ReadLattice::Never);
        let study = robustness::run(&engine, &plan, &Bar::new()).map_err(with_option)?;
        let provenance = study.provenance.clone();
        let frame = self.reporting.frame(provenance, settings.limits());
        robustness::write(&study, &frame, &self.out)?;
        self.print(&plan, &study)
    }

    fn plan(&self) -> Plan {
        let scratch = self.out.join("index.partial");
        let mut plan = Plan::new(self.manifest.clone(), scratch);
        plan.photos.clone_from(&self.photos);
        if !self.only.is_empty() {
            plan.suite.clone_from(&self.only);
        }
        plan.sample = self.sample;
        plan.any_orientation = self.any_orientation;
        plan.joining = joining(&self.rename, ScoreScale::default());
        plan.keep_leaks = self.keep_leaks;
        plan.resampling = self.reporting.resampling();
        plan
    }

    fn print(&self, plan: &Plan, study: &Study) -> anyhow::Result<ExitCode> {
        print_line(
            "transformation: accuracy and its difference; found by the index, by PDQ, by descriptor",
        )?;
        for (place, transformation) in plan.suite.iter().enumerate() {
            print_line(&describe_transformation(study, place, transformation.name))?;
        }
        let summary = format!(
            "{} photographs, {} with a label of the model, {} rows left out",
            study.photographs,
            study.labelled,
            study.left_out.len()
        );
        conclude(&summary, &self.out, &study.left_out)
    }
}

/// What the transformation at this place of the suite costs.
fn describe_transformation(study: &Study, place: usize, name: &str) -> String {
    let drop = study.measured.drops.get(place);
    let accuracy = drop.and_then(|drop| drop.overall(&Measure::Accuracy));
    let difference = accuracy.and_then(|row| row.difference.value);
    let found = |method: Method| {
        let part = study.measured.part(&method, name);
        let figure = part.and_then(|part| part.figure(&Measure::FoundAtAll));
        three_decimals(figure.and_then(|figure| figure.value))
    };
    format!(
        "{name}: {} {}; {} {} {}",
        three_decimals(accuracy.and_then(|row| row.second)),
        difference.map_or("-".to_owned(), |value| format!("{value:+.3}")),
        found(Method::Index),
        found(Method::Pdq),
        found(Method::Descriptor)
    )
}

fn three_decimals(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.3}"))
}
