//! `faunalens eval classify`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::classify::{Settings as StudySettings, study};
use faunalens::evaluate::leak;
use faunalens::evaluate::pages::ClassifyReport;
use faunalens::evaluate::rows::{Joining, join};
use faunalens::recognize::Bundle;

use super::{configuration, renaming};
use crate::cli::scan::Scan;
use crate::cli::settings::{Settings, prepare_process};
use crate::cli::{exit_code, say};

/// The classifier: every figure per label, with intervals and limits
///
/// MANIFEST is a CSV, TSV or JSONL file with the columns file and label and,
/// as far as known, group, seller and source; or a folder that holds a folder
/// per label. Rows of one group (else of one seller, else near-duplicates) are
/// resampled together. Near-duplicates of the model's training photographs,
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

    /// Bootstrap resamples for the intervals
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u64,

    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Keep near-duplicates of training photographs and across labels; they are listed all the same
    #[arg(long)]
    keep_leaks: bool,

    /// No thumbnails in the report
    #[arg(long)]
    no_pictures: bool,
}

impl Classify {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        // May start the program again, so it comes before anything is read.
        prepare_process();
        let bundle = match &self.scores {
            None => Some(settings.bundle()?),
            Some(_) => settings.bundle().ok(),
        };
        let results = match &self.scores {
            Some(scores) => scores.clone(),
            None => self.score(settings)?,
        };
        let joining = Joining {
            renamed: self.rename.iter().cloned().collect::<BTreeMap<_, _>>(),
            kept: None,
        };
        let mut scored = join(&self.manifest, &results, &joining)?;
        let training = bundle
            .as_ref()
            .map(Bundle::training_hashes)
            .transpose()?
            .flatten();
        let leaks = leak::find(&scored, training.as_deref().unwrap_or_default());
        if !self.keep_leaks {
            let reason = |leak: &leak::Leak| {
                format!("a near-duplicate ({} bits) of {}", leak.distance, leak.of)
            };
            let files: HashMap<String, String> = leaks
                .iter()
                .map(|leak| (leak.file.clone(), reason(leak)))
                .collect();
            scored.leave_out(&files);
            anyhow::ensure!(
                !scored.rows.is_empty(),
                "every row is a near-duplicate of a training photograph or stands under two labels; --keep-leaks keeps them"
            );
        }
        // Thresholds belong to the model's own scores.
        let own = bundle
            .as_ref()
            .filter(|_| self.scores.is_none() || scored_by(&results, bundle.as_ref()));
        let study_settings = StudySettings {
            resamples: self.resamples,
            seed: self.seed,
            thresholds: own.map_or_else(BTreeMap::new, |bundle| {
                bundle.description.thresholds.clone()
            }),
        };
        let found = study(&scored, &study_settings);
        let model = own.map_or("another tool".into(), |bundle| {
            let described = &bundle.description;
            format!(
                "{} {} ({})",
                described.name,
                described.version,
                described.identity()
            )
        });
        let configuration = configuration(&[
            ("manifest", self.manifest.display().to_string()),
            ("scores", results.display().to_string()),
            ("model", model),
            (
                "training photographs known",
                match &training {
                    Some(hashes) => hashes.len().to_string(),
                    None => "none: near-duplicates of training photographs could not be looked for"
                        .into(),
                },
            ),
            ("resamples", self.resamples.to_string()),
            ("seed", self.seed.to_string()),
        ]);
        ClassifyReport {
            scored: &scored,
            study: &found,
            leaks: &leaks,
            leaks_taken_out: !self.keep_leaks,
            configuration: &configuration,
            pictures: !self.no_pictures,
            limits: &settings.limits(),
            root: if self.manifest.is_dir() {
                Path::new("")
            } else {
                self.manifest.parent().unwrap_or(Path::new(""))
            },
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
            say(&format!("{} {value}{interval}", figure.name))?;
        }
        let out = &scored.left_out;
        say(&format!(
            "{} photographs, {} left out -> {}",
            scored.rows.len(),
            out.len(),
            self.out.join("report.html").display()
        ))?;
        for row in out.iter().take(5) {
            eprintln!("faunalens: line {}: {}: {}", row.line, row.file, row.why);
        }
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

/// Whether the first record names this bundle's model.
fn scored_by(results: &Path, bundle: Option<&Bundle>) -> bool {
    let (Some(bundle), Ok(text)) = (bundle, std::fs::read_to_string(results)) else {
        return false;
    };
    let first = text.lines().next().unwrap_or_default();
    first.contains(&bundle.description.identity())
}
