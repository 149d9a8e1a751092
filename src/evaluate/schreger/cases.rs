//! The pictures of a manifest, and what is true of them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::escape::name;
use crate::evaluate::left_out::{Exclusion, LeftOut};
use crate::manifest::{Column, ManifestError, Row, Rows};
use crate::schreger::Species;

/// The manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CasesError {
    /// It cannot be read as a table.
    #[error(transparent)]
    Table(#[from] ManifestError),
    /// None of its rows has what this module's documentation asks for.
    #[error(
        "{}: line {line}: {first}; the manifest needs the columns file, kind and lattice",
        name(path)
    )]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Line of the first row.
        line: usize,
        /// Why it is no case.
        first: Exclusion,
    },
    /// It has no rows.
    #[error("{}: no rows; give a manifest with at least one picture", name(path))]
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
    let (mut cases, mut left_out) = (Vec::new(), Vec::new());
    for row in Rows::open(manifest, [Column::File], 1)?.with_others() {
        match row {
            Ok(row) => match parse(&row) {
                Ok(case) => cases.push(case),
                Err(error) => left_out.push(LeftOut {
                    line: row.line as usize,
                    file: row.cells[0].clone(),
                    why: Exclusion::NoCase(error.to_string()),
                }),
            },
            Err(bad) => left_out.push(bad.into()),
        }
    }
    let path = manifest.to_owned();
    match left_out.first() {
        Some(row) if cases.is_empty() => Err(CasesError::Manifest {
            path,
            line: row.line,
            first: row.why.clone(),
        }),
        None if cases.is_empty() => Err(CasesError::Empty { path }),
        _ => Ok((cases, left_out)),
    }
}

/// A row as a case; the `csv` crate turns its cells into numbers and truths.
fn parse(row: &Row<1>) -> Result<Case, csv::Error> {
    let others = row.others.iter();
    let (names, cells): (Vec<String>, Vec<&str>) = others
        .map(|(name, value)| (name.to_lowercase(), value.as_cell().unwrap_or_default()))
        .chain([("file".into(), row.cells[0].as_str())])
        .unzip();
    let record = csv::StringRecord::from(cells);
    let case: Case = record.deserialize(Some(&names.into()))?;
    let line = row.line as usize;
    Ok(Case { line, ..case })
}
