//! `faunalens hash`: PDQ hashes in the form that others exchange.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use faunalens::fingerprint;
use faunalens::photo::{self, Limits, Photo, PhotoError};
use rayon::prelude::*;

use super::settings::Settings;
use super::{exit_code, print_line};

/// Photos hashed before their lines are printed.
const CHUNK: usize = 256;

/// Print PDQ hashes: `pdq,quality,file` per line
///
/// Needs no model and no ONNX Runtime. Hashes of quality below 50 say little
/// about a picture and should not be matched by themselves.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens hash photo.jpg
  faunalens hash --dihedral photo.jpg     also mirrored and turned, eight lines
  faunalens hash *.jpg > hashes.csv")]
pub(super) struct Hash {
    /// Photos; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// All eight orientations: as is, turned 90, 180, 270 degrees, and their mirror images
    #[arg(long)]
    dihedral: bool,
}

impl Hash {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let limits = settings.limits();
        let mut some_failed = false;
        for chunk in self.files.chunks(CHUNK) {
            let hashed: Vec<_> = chunk
                .par_iter()
                .map(|path| self.lines(path, &limits))
                .collect();
            for (path, outcome) in chunk.iter().zip(hashed) {
                match outcome {
                    Ok(lines) => lines.iter().try_for_each(|line| print_line(line))?,
                    Err(error) => {
                        some_failed = true;
                        eprintln!("faunalens: {}: {error}", path.display());
                    }
                }
            }
        }
        Ok(exit_code(some_failed))
    }

    fn lines(&self, path: &Path, limits: &Limits) -> Result<Vec<String>, PhotoError> {
        let photo = Photo::from_bytes(&photo::read(path, limits)?, limits)?;
        let hashes = if self.dihedral {
            fingerprint::dihedral(&photo.pixels).to_vec()
        } else {
            vec![fingerprint::pdq(&photo.pixels)]
        };
        let file = path.display();
        Ok(hashes
            .iter()
            .map(|pdq| format!("{},{},{file}", pdq.hash, pdq.quality))
            .collect())
    }
}
