//! `faunalens eval compare`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::evaluate::classify::Settings as StudySettings;
use faunalens::evaluate::classify::report::write_comparison;
use faunalens::evaluate::compare::compare;
use faunalens::evaluate::rows::{Joining, Scored, join, labels_of};

use super::{Reporting, configuration, name_left_out, renaming, root_of, with_hash};
use crate::cli::settings::Settings;
use crate::cli::{exit_code, print_line};

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

    /// Folder to which the files are relative, to show what changed [default: that of the answers, if the photographs are there]
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,

    #[command(flatten)]
    reporting: Reporting,
}

impl Compare {
    pub(super) fn run(&self, settings_of_program: &Settings) -> anyhow::Result<ExitCode> {
        let (first, second) = (scores_in(&self.first), scores_in(&self.second));
        let (one, other) = (labels_of(&first)?, labels_of(&second)?);
        let shared: Vec<String> = one
            .iter()
            .filter(|label| other.contains(label))
            .cloned()
            .collect();
        anyhow::ensure!(
            !shared.is_empty(),
            "{} scores {}, {} scores {}: no label is the same",
            first.display(),
            one.join(", "),
            second.display(),
            other.join(", ")
        );
        let joining = Joining {
            renamed: self.rename.iter().cloned().collect::<BTreeMap<_, _>>(),
            kept: (one != other).then_some(shared),
        };
        let answers = self.answers.as_ref().unwrap_or(&first);
        let joined =
            |results: &Path| -> anyhow::Result<Scored> { Ok(join(answers, results, &joining)?) };
        let settings = StudySettings {
            resamples: self.reporting.resamples,
            seed: self.reporting.seed,
            thresholds: BTreeMap::new(),
        };
        let found = compare(&joined(&first)?, &joined(&second)?, &settings);
        anyhow::ensure!(
            found.photographs > 0,
            "the two results have no photograph in common"
        );
        let configuration = configuration(&[
            ("first", with_hash(&first)),
            ("second", with_hash(&second)),
            ("answers", with_hash(answers)),
            ("resamples", self.reporting.resamples.to_string()),
            ("seed", self.reporting.seed.to_string()),
        ]);
        let photos = self.photos.clone().unwrap_or_else(|| root_of(answers));
        write_comparison(
            &found,
            &configuration,
            Some(photos.as_path()).filter(|_| !self.reporting.no_pictures),
            &settings_of_program.limits(),
            &self.out,
        )?;
        for row in found
            .figures
            .iter()
            .filter(|row| row.difference.label.is_empty())
        {
            let number =
                |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
            let interval = row.difference.interval;
            let interval = interval.map_or(String::new(), |[low, high]| {
                format!(" ({low:+.4} to {high:+.4})")
            });
            print_line(&format!(
                "{}: {} and {}, difference {}{interval}",
                row.difference.name,
                number(row.first),
                number(row.second),
                number(row.difference.value)
            ))?;
        }
        print_line(&format!(
            "{} photographs; only the first right: {}, only the second: {}; exact McNemar p {} -> {}",
            found.photographs,
            found.only[0],
            found.only[1],
            probability(found.mcnemar),
            self.out.join("report.html").display()
        ))?;
        name_left_out(&found.left_out);
        Ok(exit_code(!found.left_out.is_empty()))
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
fn probability(p: f64) -> String {
    if p < 1e-3 {
        format!("{p:.0e}")
    } else {
        format!("{p:.4}")
    }
}
