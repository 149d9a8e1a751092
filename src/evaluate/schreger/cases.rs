//! The pictures of a manifest, and what is true of them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::evaluate::rows::LeftOut;
use crate::schreger::Species;

/// The manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CasesError {
    /// It cannot be read as CSV with the columns named in this module's documentation.
    #[error("{}: {reason}; the manifest needs the columns file, kind and lattice", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What the CSV reader said.
        reason: csv::Error,
    },
    /// It has no rows.
    #[error("{}: no rows; give a manifest with at least one picture", path.display())]
    Empty {
        /// The manifest.
        path: PathBuf,
    },
}

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

/// Reads a manifest. Lines that are no case are in the second value.
///
/// # Errors
/// [`CasesError`] when no line is one.
pub(super) fn read(manifest: &Path) -> Result<(Vec<Case>, Vec<LeftOut>), CasesError> {
    let unusable = |reason| CasesError::Manifest {
        path: manifest.to_owned(),
        reason,
    };
    let mut reader = csv::Reader::from_path(manifest).map_err(unusable)?;
    let header = reader.headers().map_err(unusable)?.clone();
    let (mut cases, mut left_out) = (Vec::new(), Vec::new());
    let mut first_error = None;
    for row in reader.records() {
        match row.and_then(|row| parse(&row, &header)) {
            Ok(case) => cases.push(case),
            Err(error) => {
                left_out.push(no_case(&error));
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if cases.is_empty() => Err(unusable(error)),
        None if cases.is_empty() => Err(CasesError::Empty {
            path: manifest.to_owned(),
        }),
        _ => Ok((cases, left_out)),
    }
}

fn parse(row: &csv::StringRecord, header: &csv::StringRecord) -> Result<Case, csv::Error> {
    let line = row
        .position()
        .map_or(0, |position| position.line() as usize);
    let case: Case = row.deserialize(Some(header))?;
    Ok(Case { line, ..case })
}

fn no_case(error: &csv::Error) -> LeftOut {
    LeftOut {
        line: error
            .position()
            .map_or(0, |position| position.line() as usize),
        file: String::new(),
        why: format!("the line is no case: {error}"),
    }
}
