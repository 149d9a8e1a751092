//! `faunalens hash`: hashes in the form that others exchange.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use faunalens::fingerprint::{self, PerceptualAlgorithm, USUAL_GRID};
use faunalens::photo::{self, Detail, Limits, Photo, PhotoError};
use image::RgbImage;
use rayon::prelude::*;

use super::console::{print_line, tell};
use super::exit_code;
use super::settings::Settings;
use faunalens::escape::name;

/// Photos hashed before their lines are printed.
const CHUNK: usize = 256;

/// Name of the hash that is printed unless others are asked for.
const PDQ: &str = "pdq";

/// Print perceptual hashes: for PDQ `hash,quality,file` per line
///
/// Needs no model and no ONNX Runtime. PDQ hashes of quality below 50 say little about a picture
/// and should not be matched by themselves. Lines of other algorithms are `hash,algorithm,file`: 64
/// bits (double-dhash 40) in hexadecimal, comparable with hashes of the same algorithm from this
/// program alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens hash photo.jpg
  faunalens hash --dihedral photo.jpg     also mirrored and turned, eight lines
  faunalens hash --algorithm phash --algorithm pdq photo.jpg
  faunalens hash *.jpg > hashes.txt")]
pub(super) struct Hash {
    /// Photos; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// All eight orientations: as is, turned 90, 180, 270 degrees, and their mirror images
    #[arg(long)]
    dihedral: bool,

    /// Hash to print; several may be given
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm(), default_value = PDQ)]
    algorithm: Vec<Algorithm>,
}

/// A hash to print.
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Pdq,
    Perceptual(PerceptualAlgorithm),
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
                        tell(format!("faunalens: {}: {error}", name(path)));
                    }
                }
            }
        }
        Ok(exit_code(some_failed))
    }

    fn lines(&self, path: &Path, limits: &Limits) -> Result<Vec<String>, PhotoError> {
        let bytes = photo::read(path, limits)?;
        let photo = Photo::with_detail(&bytes, limits, Detail::Screening)?;
        let hashes = |&algorithm| match algorithm {
            Algorithm::Pdq => self.pdq(&photo),
            Algorithm::Perceptual(algorithm) => self.perceptual(&photo.pixels, algorithm),
        };
        let file = name(path);
        let hashes = self.algorithm.iter().flat_map(hashes);
        Ok(hashes.map(|hash| format!("{hash},{file}")).collect())
    }

    /// `hash,quality` of every orientation asked for.
    fn pdq(&self, photo: &Photo) -> Vec<String> {
        let (pixels, size) = (&photo.pixels, (photo.width, photo.height));
        let hashes = match self.dihedral {
            true => fingerprint::dihedral_at(pixels, size).to_vec(),
            false => vec![fingerprint::pdq_at(pixels, size)],
        };
        let fields = |pdq: &fingerprint::Pdq| format!("{},{}", pdq.hash, pdq.quality);
        hashes.iter().map(fields).collect()
    }

    /// `hash,algorithm` of every orientation asked for.
    fn perceptual(&self, pixels: &RgbImage, algorithm: PerceptualAlgorithm) -> Vec<String> {
        let fields = |pixels: &RgbImage| {
            let hash = fingerprint::perceptual(pixels, algorithm, USUAL_GRID);
            format!("{hash},{algorithm}")
        };
        match self.dihedral {
            true => (0..8)
                .map(|orientation| fields(&fingerprint::turned_to(pixels, orientation)))
                .collect(),
            false => vec![fields(pixels)],
        }
    }
}

/// Takes `pdq` or the name of another algorithm.
fn algorithm() -> impl TypedValueParser<Value = Algorithm> {
    let pdq = PossibleValue::new(PDQ).help("256 bits and a quality; ThreatExchange's hash");
    PossibleValuesParser::new(std::iter::once(pdq).chain(perceptual_values())).try_map(|name| {
        match name.as_str() {
            PDQ => Ok(Algorithm::Pdq),
            name => name.parse().map(Algorithm::Perceptual),
        }
    })
}

/// Takes the name of an algorithm of the img_hash family.
pub(super) fn perceptual_algorithm() -> impl TypedValueParser<Value = PerceptualAlgorithm> {
    PossibleValuesParser::new(perceptual_values())
        .try_map(|name| name.parse::<PerceptualAlgorithm>())
}

fn perceptual_values() -> impl Iterator<Item = PossibleValue> {
    PerceptualAlgorithm::ALL
        .into_iter()
        .map(|algorithm| PossibleValue::new(algorithm.name()).help(algorithm.summary()))
}
