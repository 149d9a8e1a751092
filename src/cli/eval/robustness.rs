//! `faunalens eval robustness`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Args;
use faunalens::evaluate::classify::Settings as StudySettings;
use faunalens::evaluate::results::Results;
use faunalens::evaluate::robustness::report::RobustnessReport;
use faunalens::evaluate::robustness::transformation::{SUITE, Transformation, for_collage};
use faunalens::evaluate::robustness::{Making, copies, study};
use faunalens::evaluate::rows::{Joining, answers, join_results};
use faunalens::index::{Index, IndexError, Settings as IndexSettings, Sighting};
use faunalens::manifest::{Context, Item};
use faunalens::photo::{self, Photo};
use faunalens::pipeline::{Examined, ReadLattice};
use faunalens::record::Record;

use super::{
    Reporting, Scratch, bar, configuration, model_in_words, name_left_out, renaming, root_of,
    runtime_in_words, take_out_leaks, with_hash,
};
use crate::cli::settings::{Settings, cores, prepare_process};
use crate::cli::{exit_code, print_line};

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
        let suite = if self.only.is_empty() {
            SUITE.to_vec()
        } else {
            self.only.clone()
        };
        let (all, mut left_out) = answers(&self.manifest)?;
        let in_manifest = all.len();
        let step = self
            .sample
            .map_or(1.0, |most| in_manifest as f64 / most.max(1) as f64);
        let mut due = 0.0;
        let chosen: Vec<_> = all
            .into_iter()
            .enumerate()
            .filter(|(number, _)| {
                let taken = *number as f64 >= due;
                due += if taken { step.max(1.0) } else { 0.0 };
                taken
            })
            .map(|(_, answer)| answer)
            .collect();
        let engine = settings.engine()?.with_lattice(ReadLattice::Never);
        let limits = settings.limits();

        // The originals: scored, and put into an index.
        let scratch = Scratch::new(&self.out)?;
        let mut index = Index::create(&scratch.0, IndexSettings::default())?;
        let root = self
            .photos
            .clone()
            .unwrap_or_else(|| root_of(&self.manifest));
        let mut seen = HashSet::new();
        // A file that stands in two lines is taken once; the join names the second.
        let items: Vec<Item> = chosen
            .iter()
            .filter(|answer| !answer.file.is_empty() && seen.insert(&answer.file))
            .map(|answer| Item {
                file: answer.file.clone(),
                path: Ok(root.join(&answer.file)),
                context: Context::default(),
            })
            .collect();
        let (mut photographs, mut originals) = (Vec::new(), Vec::<Record>::new());
        let progress = bar("photographs", chosen.len());
        let mut unreadable = Vec::new();
        engine.examine(
            cores(),
            items.into_iter(),
            &AtomicBool::new(false),
            |item, Examined { record, evidence }| {
                progress.inc(1);
                match (evidence, item.path) {
                    (Some(mut evidence), Ok(path)) => {
                        evidence.entry.sighting = Sighting {
                            file: item.file.clone(),
                            ..Sighting::default()
                        };
                        index.add(&evidence.entry)?;
                        photographs.push((item.file, path));
                        originals.push(record);
                    }
                    _ => unreadable.push(record),
                }
                Ok::<(), IndexError>(())
            },
        )?;
        progress.finish_and_clear();
        index.seal(&mut |_| ())?;
        drop(index);
        anyhow::ensure!(
            !originals.is_empty(),
            "{}: no photograph can be read; the first: {}",
            self.manifest.display(),
            unreadable
                .first()
                .and_then(|record| record.error.as_ref())
                .map_or("the manifest is empty", |error| &error.message)
        );

        let joining = Joining {
            renamed: self.rename.iter().cloned().collect::<BTreeMap<_, _>>(),
            kept: None,
        };
        let results = Results::of_records(originals.iter().chain(&unreadable));
        let known = engine.bundle().description.labels.names.iter().any(|name| {
            chosen
                .iter()
                .any(|answer| joining.renamed.get(&answer.label).unwrap_or(&answer.label) == name)
        });
        let mut leaks = Vec::new();
        let mut training = "not looked for".to_owned();
        let scored = if known {
            let mut scored = join_results(&self.manifest, chosen, left_out, &results, &joining)?;
            (leaks, training) =
                take_out_leaks(&mut scored, Some(engine.bundle()), self.keep_leaks)?;
            left_out = scored.left_out.clone();
            Some(scored)
        } else {
            left_out.extend(
                chosen
                    .into_iter()
                    .filter(|answer| unreadable.iter().any(|record| record.file == answer.file))
                    .map(|answer| faunalens::evaluate::rows::LeftOut {
                        line: answer.line,
                        file: answer.file,
                        why: "the photograph could not be read".into(),
                    }),
            );
            None
        };

        let taken_out: HashSet<&str> = (leaks.iter())
            .filter(|leak| !self.keep_leaks && leak.kind.is_leak())
            .map(|leak| leak.file.as_str())
            .collect();
        let skipped: BTreeSet<usize> = (photographs.iter().enumerate())
            .filter(|(_, (file, _))| taken_out.contains(file.as_str()))
            .map(|(number, _)| number)
            .collect();
        for row in &mut left_out {
            let matched = photographs.iter().any(|(file, _)| *file == row.file);
            if matched && row.why.starts_with("label ") {
                row.why += "; it was used for matching alone";
            }
        }
        let progress = bar("photographs transformed", photographs.len());
        let making = Making {
            suite: &suite,
            skipped: &skipped,
            seed: self.reporting.seed,
            any_orientation: self.any_orientation,
            limits: &limits,
            workers: cores(),
        };
        let made = copies(&engine, &photographs, &scratch.0, making, &|| {
            progress.inc(1)
        })?;
        progress.finish_and_clear();
        let study_settings = StudySettings {
            resamples: self.reporting.resamples,
            seed: self.reporting.seed,
            thresholds: engine.bundle().description.thresholds.clone(),
        };
        let found = study(scored.as_ref(), &originals, &made, &suite, &study_settings)?;
        left_out.extend(found.left_out.iter().cloned());
        let labelled = scored.as_ref().map_or(0, |scored| scored.rows.len());
        let report = RobustnessReport {
            study: &found,
            photographs: [originals.len() - skipped.len(), labelled],
            leaks: &leaks,
            leaks_taken_out: !self.keep_leaks,
            left_out: &left_out,
            examples: &self.examples(&photographs, &suite, &limits),
            configuration: &configuration(&[
                ("manifest", with_hash(&self.manifest)),
                ("photographs in the manifest", in_manifest.to_string()),
                ("model", model_in_words(engine.bundle())),
                ("ONNX Runtime", runtime_in_words(&engine)),
                ("training photographs known", training),
                ("any orientation", self.any_orientation.to_string()),
                ("resamples", self.reporting.resamples.to_string()),
                ("seed", self.reporting.seed.to_string()),
            ]),
            pictures: !self.reporting.no_pictures,
            limits: &limits,
            root: &root,
        };
        report.write(&self.out)?;
        print_line(
            "transformation: accuracy and its difference; found by the index, by PDQ, by descriptor",
        )?;
        for (place, one) in suite.iter().enumerate() {
            let accuracy = found
                .drops
                .get(place)
                .and_then(|drop| drop.comparison.figures.first());
            let share = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
            let difference = accuracy.and_then(|row| row.difference.value);
            let again = |method: &str| {
                let part = found
                    .parts_of(method)
                    .into_iter()
                    .find(|part| part.transformation == one.name);
                let figure =
                    part.and_then(|part| part.figures.iter().find(|f| f.name == "found at all"));
                share(figure.and_then(|figure| figure.value))
            };
            print_line(&format!(
                "{}: {} {}; {} {} {}",
                one.name,
                share(accuracy.and_then(|row| row.second)),
                difference.map_or("-".to_owned(), |v| format!("{v:+.3}")),
                again("index"),
                again("pdq"),
                again("descriptor")
            ))?;
        }
        print_line(&format!(
            "{} photographs, {labelled} with a label of the model, {} rows left out -> {}",
            originals.len() - skipped.len(),
            left_out.len(),
            self.out.join("report.html").display()
        ))?;
        name_left_out(&left_out);
        Ok(exit_code(!left_out.is_empty()))
    }

    /// Every transformation of the first photograph that can be read.
    fn examples(
        &self,
        photographs: &[(String, PathBuf)],
        suite: &[Transformation],
        limits: &photo::Limits,
    ) -> Vec<(String, Vec<u8>)> {
        let readable = |path: &PathBuf| {
            let bytes = photo::read_file(path, limits).ok()?;
            Photo::from_bytes(&bytes, limits).ok()
        };
        let mut read = photographs
            .iter()
            .filter_map(|(file, path)| Some((file, readable(path)?)));
        let Some((file, photo)) = read.next() else {
            return Vec::new();
        };
        let pool: Vec<_> = read
            .take(3)
            .map(|(_, other)| for_collage(&other.pixels))
            .collect();
        suite
            .iter()
            .filter_map(|one| {
                let copied = one
                    .copy(file, &photo.pixels, &pool, None, self.reporting.seed)
                    .ok()?;
                Some((one.name.to_owned(), copied.jpeg))
            })
            .collect()
    }
}
