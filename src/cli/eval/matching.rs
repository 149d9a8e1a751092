//! `faunalens eval match`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use clap::Args;
use faunalens::evaluate::matching::report::MatchReport;
use faunalens::evaluate::matching::{Found, Settings as MatchSettings, ask, read_answers, study};
use faunalens::evaluate::truth::Truth;
use faunalens::index::{Evidence, Index, IndexError, Settings as IndexSettings, Sighting};
use faunalens::manifest::{Context as Known, Item};
use faunalens::pipeline::{Engine, Examined};
use faunalens::report::html as report;
use rayon::prelude::*;

use super::{
    Reporting, Scratch, bar, configuration, model_in_words, name_left_out, root_of,
    runtime_in_words, with_hash,
};
use crate::cli::settings::{Settings, cores, prepare_process};
use crate::cli::{exit_code, print_line};

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

    /// Take answers from here instead of searching: a CSV with query, db, score and, if there are several, method
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
        let mut truth = Truth::read(&self.manifest)?;
        let root = self
            .photos
            .clone()
            .unwrap_or_else(|| root_of(&self.manifest));
        let mut entries = vec![("manifest", with_hash(&self.manifest))];
        let mut left_out = Vec::new();
        let found = match &self.scores {
            Some(scores) => {
                let (found, bad) = read_answers(scores)?;
                left_out.extend(bad);
                entries.push(("answers", with_hash(scores)));
                found
            }
            None => {
                let engine = settings.engine()?;
                entries.push(("model", model_in_words(engine.bundle())));
                entries.push(("ONNX Runtime", runtime_in_words(&engine)));
                entries.push(("any orientation", self.any_orientation.to_string()));
                self.search(&engine, &root, &mut truth)?
            }
        };
        let study = study(
            &truth,
            &found,
            |_, _| false,
            MatchSettings {
                resamples: self.reporting.resamples,
                seed: self.reporting.seed,
            },
        );
        left_out.splice(..0, truth.left_out.iter().cloned());
        left_out.extend(study.left_out.iter().cloned());
        entries.push(("resamples", self.reporting.resamples.to_string()));
        entries.push(("seed", self.reporting.seed.to_string()));
        MatchReport {
            truth: &truth,
            study: &study,
            left_out: &left_out,
            configuration: &configuration(&entries),
            pictures: !self.reporting.no_pictures,
            limits: &settings.limits(),
            root: &root,
        }
        .write(&self.out)?;
        if self.scores.is_none() {
            // The form that --scores reads.
            report::write(&self.out, "answers.csv", &report::csv_of(&found))?;
        }
        for part in study
            .parts
            .iter()
            .filter(|part| part.transformation.is_empty())
        {
            for figure in &part.figures {
                let number = |value: Option<f64>| value.map_or("-".into(), |v| format!("{v:.4}"));
                let interval = figure.interval.map_or(String::new(), |[low, high]| {
                    format!(" ({low:.4} to {high:.4})")
                });
                print_line(&format!(
                    "{}: {} {}{interval}",
                    part.method,
                    figure.name,
                    number(figure.value)
                ))?;
            }
        }
        print_line(&format!(
            "{} questions, {} pictures searched, {} left out -> {}",
            truth.questions.len(),
            truth.references.len(),
            left_out.len(),
            self.out.join("report.html").display()
        ))?;
        name_left_out(&left_out);
        Ok(exit_code(!left_out.is_empty()))
    }

    /// Puts the references into an index and asks it every question.
    fn search(
        &self,
        engine: &Engine,
        root: &Path,
        truth: &mut Truth,
    ) -> anyhow::Result<Vec<Found>> {
        let scratch = Scratch::new(&self.out)?;
        let mut index = Index::create(&scratch.0, IndexSettings::default())?;
        let files = truth.files();
        let progress = bar("pictures read", files.len());
        let items = files.into_iter().map(|file| Item {
            path: Ok(root.join(&file)),
            file,
            context: Known::default(),
        });
        let references: std::collections::HashSet<String> =
            truth.references.iter().cloned().collect();
        let asked: std::collections::HashSet<String> = truth
            .questions
            .iter()
            .map(|question| question.file.clone())
            .collect();
        let mut evidence: BTreeMap<String, Box<Evidence>> = BTreeMap::new();
        let mut unreadable = BTreeMap::new();
        engine.examine(
            cores(),
            items,
            &AtomicBool::new(false),
            |item,
             Examined {
                 record,
                 evidence: own,
             }| {
                progress.inc(1);
                match own {
                    Some(mut own) => {
                        if references.contains(&item.file) {
                            own.entry.sighting = Sighting {
                                file: item.file.clone(),
                                ..Sighting::default()
                            };
                            index.add(&own.entry)?;
                        }
                        if asked.contains(&item.file) {
                            evidence.insert(item.file, own);
                        }
                    }
                    None => {
                        let why = record.error.map_or_else(String::new, |error| error.message);
                        unreadable.insert(item.file, why);
                    }
                }
                Ok::<(), IndexError>(())
            },
        )?;
        progress.finish_and_clear();
        index.seal(&mut |_| ())?;
        drop(index);
        truth.without(&unreadable);
        anyhow::ensure!(
            !truth.questions.is_empty(),
            "{}: no picture that is asked can be read; the first: {}",
            self.manifest.display(),
            unreadable.values().next().map_or("", String::as_str)
        );
        let progress = bar("questions", truth.questions.len());
        let share = truth.questions.len().div_ceil(cores()).max(1);
        let answers: Vec<Vec<Found>> = truth
            .questions
            .par_chunks(share)
            .map(|questions| -> Result<Vec<Found>, IndexError> {
                let index = Index::open(&scratch.0)?;
                let mut found = Vec::new();
                for question in questions {
                    progress.inc(1);
                    if let Some(own) = evidence.get(&question.file) {
                        let answers = ask(&index, &question.file, own, self.any_orientation)?;
                        // A picture finds itself where it is searched, too.
                        found.extend(answers.into_iter().filter(|one| one.db != one.query));
                    }
                }
                Ok(found)
            })
            .collect::<Result<_, _>>()
            .context("the index of this study could not be asked")?;
        progress.finish_and_clear();
        Ok(answers.concat())
    }
}
