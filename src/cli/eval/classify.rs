//! `faunalens eval classify`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::classify::report::ClassifyReport;
use faunalens::evaluate::classify::{Settings as StudySettings, study};
use faunalens::evaluate::results::Results;
use faunalens::evaluate::rows::{Answer, Joining, answers, join_results};
use faunalens::recognize::Bundle;

use super::{
    Reporting, configuration, model_in_words, name_left_out, renaming, root_of, take_out_leaks,
    with_hash,
};
use crate::cli::scan::Scan;
use crate::cli::settings::{Settings, prepare_process};
use crate::cli::{exit_code, print_line};

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

    /// Take scores from here instead of running the model: rows of `scan`, or a CSV with file and score_LABEL columns
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

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
        let bundle = match &self.scores {
            None => Some(settings.bundle()?),
            Some(_) => settings.bundle().ok(),
        };
        // What is wrong with the manifest is said before an hour of scoring.
        let (answers, left_out) = answers(&self.manifest)?;
        let joining = Joining {
            renamed: self.rename.iter().cloned().collect::<BTreeMap<_, _>>(),
            kept: None,
        };
        let results = match &self.scores {
            Some(scores) => scores.clone(),
            None => {
                if let Some(bundle) = &bundle {
                    some_label_is_known(&answers, &joining, bundle)?;
                }
                self.score(settings)?
            }
        };
        let said = Results::read(&results)?;
        let mut scored = join_results(&self.manifest, answers, left_out, &said, &joining)?;
        drop(said);
        let (leaks, known) = take_out_leaks(&mut scored, bundle.as_ref(), self.keep_leaks)?;
        // Thresholds belong to the model's own scores.
        let own = bundle
            .as_ref()
            .filter(|_| self.scores.is_none() || scored_by(&results, bundle.as_ref()));
        let study_settings = StudySettings {
            resamples: self.reporting.resamples,
            seed: self.reporting.seed,
            thresholds: own.map_or_else(BTreeMap::new, |bundle| {
                bundle.description.thresholds.clone()
            }),
        };
        let found = study(&scored, &study_settings);
        let model = own.map_or("another tool".into(), model_in_words);
        let mut own_entries = vec![
            ("manifest", with_hash(&self.manifest)),
            ("scores", with_hash(&results)),
            (
                "scores of files that are not in the manifest",
                scored.not_asked.to_string(),
            ),
            ("model", model),
            ("training photographs known", known),
            ("resamples", self.reporting.resamples.to_string()),
            ("seed", self.reporting.seed.to_string()),
        ];
        if self.scores.is_none() {
            let version = settings.runtime_version();
            own_entries.push(("ONNX Runtime", version.unwrap_or_else(|| "unknown".into())));
        }
        let configuration = configuration(&own_entries);
        ClassifyReport {
            scored: &scored,
            study: &found,
            leaks: &leaks,
            leaks_taken_out: !self.keep_leaks,
            configuration: &configuration,
            pictures: !self.reporting.no_pictures,
            limits: &settings.limits(),
            root: &root_of(&self.manifest),
        }
        .write(&self.out)?;
        for figure in found
            .figures
            .iter()
            .filter(|figure| figure.label.is_empty())
        {
            let value = figure
                .value
                .map_or("-".into(), |value| format!("{value:.4}"));
            let interval = figure.interval.map_or(String::new(), |[low, high]| {
                format!(" ({low:.4} to {high:.4})")
            });
            print_line(&format!("{} {value}{interval}", figure.name))?;
        }
        let out = &scored.left_out;
        print_line(&format!(
            "{} photographs, {} left out -> {}",
            scored.rows.len(),
            out.len(),
            self.out.join("report.html").display()
        ))?;
        name_left_out(out);
        Ok(exit_code(!out.is_empty()))
    }

    /// Runs the model over the manifest; resumes where an earlier run ended.
    fn score(&self, settings: &Settings) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(&self.out)?;
        let records = self.out.join("records.jsonl");
        let status = Scan::into_records(self.manifest.clone(), records.clone()).run(settings)?;
        anyhow::ensure!(
            status != ExitCode::from(130),
            "interrupted: run the same command again to go on"
        );
        Ok(records)
    }
}

/// Refuses a manifest of which the model knows no label.
pub(super) fn some_label_is_known(
    answers: &[Answer],
    joining: &Joining,
    bundle: &Bundle,
) -> anyhow::Result<()> {
    let names = &bundle.description.labels.names;
    let known = answers.iter().any(|answer| {
        let label = joining.renamed.get(&answer.label).unwrap_or(&answer.label);
        names.contains(label)
    });
    let labels: BTreeSet<&str> = answers.iter().map(|answer| answer.label.as_str()).collect();
    let some: Vec<&str> = labels.into_iter().take(8).collect();
    anyhow::ensure!(
        known,
        "none of the manifest's labels ({}) is one of the model's ({}); --rename FROM=TO maps one",
        some.join(", "),
        names.join(", ")
    );
    Ok(())
}

/// Whether the first record names this bundle's model.
fn scored_by(results: &Path, bundle: Option<&Bundle>) -> bool {
    let (Some(bundle), Ok(file)) = (bundle, File::open(results)) else {
        return false;
    };
    let first = BufReader::new(file).lines().next();
    let first = first.and_then(Result::ok).unwrap_or_default();
    first.contains(&bundle.description.identity())
}
