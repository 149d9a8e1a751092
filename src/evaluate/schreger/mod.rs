//! How well the Schreger angle is read: a manifest of pictures with known answers becomes figures and plots.
//!
//! The manifest is a CSV with the columns `file` (relative to the manifest), `kind`, `lattice` (true or false), and for
//! pictures with a lattice `species`, `angle_deg`, `outer_zone`, `tilt_deg`, `oblique_deg`, `px_per_period`, `contrast`,
//! `jpeg`. An empty field is unknown.

mod figures;
mod plot;
mod report;
mod tables;

use crate::photo::{self, Limits, Photo, PhotoError};
use crate::schreger::{Config, Reading, Species, read};
use rayon::prelude::*;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

use super::classify::report::Configuration;
use super::table::LeftOut;

pub use figures::{FalseLattice, Figure, Slice, Summary};

/// What is true of one picture.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Line of the manifest, from 1.
    #[serde(skip)]
    pub line: usize,
    /// Picture, relative to the manifest.
    pub file: PathBuf,
    /// What the picture shows, in the manifest's own words.
    pub kind: String,
    /// Whether it shows a Schreger lattice.
    pub lattice: bool,
    /// Whose ivory it is.
    #[serde(default)]
    pub species: Option<Species>,
    /// Mean Schreger angle of the outermost zone seen, degrees.
    #[serde(default)]
    pub angle_deg: Option<f64>,
    /// Whether the outer zone of the tusk is shown.
    #[serde(default)]
    pub outer_zone: Option<bool>,
    /// Angle between the optical axis and the section's normal, degrees.
    #[serde(default)]
    pub tilt_deg: Option<f64>,
    /// Angle between the cut and the transverse plane, degrees.
    #[serde(default)]
    pub oblique_deg: Option<f64>,
    /// Pixels per shortest period.
    #[serde(default)]
    pub px_per_period: Option<f64>,
    /// Michelson contrast, 0 to 1.
    #[serde(default)]
    pub contrast: Option<f64>,
    /// JPEG quality 1 to 100, 0 where the picture was never a JPEG.
    #[serde(default, alias = "jpeg_quality")]
    pub jpeg: Option<f64>,
}

/// One picture read.
#[derive(Debug)]
pub struct Outcome {
    /// What is true.
    pub case: Case,
    /// What was read, or why the picture could not be.
    pub reading: Result<Reading, PhotoError>,
}

/// The evaluation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The manifest cannot be read as CSV with the columns named in this module's documentation.
    #[error("{path}: {source}; the manifest needs the columns file, kind and lattice")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What the CSV reader said.
        source: csv::Error,
    },
    /// The manifest has no rows.
    #[error("{path}: no rows; give a manifest with at least one picture")]
    Empty {
        /// The manifest.
        path: PathBuf,
    },
    /// A result cannot be written.
    #[error("{path}: {source}; check that the folder can be written")]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What the report says beside its figures.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Versions, hashes, command line.
    pub configuration: &'a Configuration,
    /// Whether thumbnails are shown.
    pub pictures: bool,
}

/// Reads every picture of the manifest, one per thread at a time, and writes `report.html`, `report.json`, `figures.csv`, `left_out.csv`,
/// `readings.csv`, `summary.csv`, `slices.csv`, `selective_risk.csv`, `false_lattice.csv`, plots as SVG and `README.md` into `out`.
///
/// A row that is none, and a picture that cannot be decoded, are named in [`Summary::left_out`] and never stop the run. The
/// results do not depend on the number of threads.
///
/// # Errors
/// [`EvaluateError`] where the manifest cannot be read or the results cannot be written.
pub fn run(
    manifest: &Path,
    out: &Path,
    config: &Config,
    limits: &Limits,
    frame: Frame<'_>,
) -> Result<Summary, EvaluateError> {
    let (cases, mut left_out) = load(manifest)?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let outcomes: Vec<Outcome> = cases
        .into_par_iter()
        .map(|case| {
            let reading = photo::read_file(&folder.join(&case.file), limits)
                .and_then(|bytes| Photo::from_bytes(&bytes, limits))
                .map(|photo| read(&photo.pixels, config));
            Outcome { case, reading }
        })
        .collect();
    left_out.extend(outcomes.iter().filter_map(|outcome| {
        let error = outcome.reading.as_ref().err()?;
        Some(LeftOut {
            line: outcome.case.line,
            file: outcome.case.file.display().to_string(),
            why: format!("it could not be read: {error}"),
        })
    }));
    let summary = Summary {
        left_out,
        ..Summary::of(&outcomes)
    };
    write(&outcomes, &summary, folder, limits, frame, out)?;
    Ok(summary)
}

fn load(manifest: &Path) -> Result<(Vec<Case>, Vec<LeftOut>), EvaluateError> {
    let at = |source| EvaluateError::Manifest {
        path: manifest.to_owned(),
        source,
    };
    let mut reader = csv::Reader::from_path(manifest).map_err(at)?;
    let header = reader.headers().map_err(at)?.clone();
    let (mut cases, mut left_out) = (Vec::new(), Vec::new());
    let mut first = None;
    for row in reader.records() {
        let parsed = row.and_then(|row| {
            let line = row.position().map_or(0, |at| at.line() as usize);
            let case: Case = row.deserialize(Some(&header))?;
            Ok(Case { line, ..case })
        });
        match parsed {
            Ok(case) => cases.push(case),
            Err(error) => {
                left_out.push(LeftOut {
                    line: error.position().map_or(0, |at| at.line() as usize),
                    file: String::new(),
                    why: format!("the line is no case: {error}"),
                });
                first.get_or_insert(error);
            }
        }
    }
    match (cases.is_empty(), first) {
        (true, Some(error)) => Err(at(error)),
        (true, None) => Err(EvaluateError::Empty {
            path: manifest.to_owned(),
        }),
        (false, _) => Ok((cases, left_out)),
    }
}

fn write(
    outcomes: &[Outcome],
    summary: &Summary,
    folder: &Path,
    limits: &Limits,
    frame: Frame<'_>,
    out: &Path,
) -> Result<(), EvaluateError> {
    fs::create_dir_all(out).map_err(|source| EvaluateError::Output {
        path: out.to_owned(),
        source,
    })?;
    let figures = report::figures(summary);
    let files = [
        (
            "report.html",
            report::page(outcomes, summary, &figures, folder, limits, frame),
        ),
        ("report.json", report::json(summary, &figures, frame)),
        ("figures.csv", crate::report::html::figures_csv(&figures)),
        (
            "left_out.csv",
            crate::report::html::csv_of(&summary.left_out),
        ),
        ("readings.csv", tables::readings(outcomes)),
        ("summary.csv", tables::summary(summary)),
        ("slices.csv", tables::slices(summary)),
        ("selective_risk.csv", tables::risk(summary)),
        ("false_lattice.csv", tables::false_lattice(summary)),
        ("angle.svg", plot::angles(outcomes)),
        ("error.svg", plot::errors(summary)),
        ("selective_risk.svg", plot::risk(summary)),
        ("README.md", tables::page(summary)),
    ];
    for (name, text) in files {
        let path = out.join(name);
        fs::write(&path, text).map_err(|source| EvaluateError::Output { path, source })?;
    }
    Ok(())
}
