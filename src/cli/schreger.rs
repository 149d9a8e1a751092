//! `faunalens schreger`: the lattice of ivory, read and drawn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use faunalens::photo::{self, Limits, Photo, PhotoError};
use faunalens::schreger::{
    Config, Orientation, Reading, Reason, Species, Status, overlay, posterior, read_with_evidence,
};
use rayon::prelude::*;

use super::console::{print_json, print_line, tell};
use super::exit_code;
use super::settings::Settings;
use faunalens::escape::name;
use faunalens::replace::replace;

/// Photos read before their lines are printed.
const CHUNK: usize = 64;

/// Read the Schreger lattice of ivory: angle, interval, elephant or mammoth
///
/// Needs no model and no ONNX Runtime. The photo should show a transverse face
/// (the base of a carving, the end of a bead, the rim of a bangle) close and
/// sharp. A reading is probable cause to look further, never proof.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens schreger base.jpg
  faunalens schreger --json --overlay drawn/ *.jpg     one JSON object per photo, and a drawing of each
  faunalens schreger --prior 0.01 base.jpg             also the posterior at 1 % elephant")]
pub(super) struct ReadLattice {
    /// Photos; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// Draw each reading over its photo, as SVG in this folder
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,

    /// Probability of elephant against mammoth before the picture is seen, between 0 and 1
    #[arg(long, value_name = "P", value_parser = probability)]
    prior: Option<f64>,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(p) if p > 0.0 && p < 1.0 => Ok(p),
        _ => Err("a number between 0 and 1, such as 0.01".to_owned()),
    }
}

struct Answer {
    reading: Reading,
    drawing: Option<String>,
}

impl ReadLattice {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let limits = settings.limits();
        if let Some(folder) = &self.overlay {
            fs::create_dir_all(folder).with_context(|| format!("make {}", name(folder)))?;
        }
        let mut some_failed = false;
        for (number, chunk) in self.files.chunks(CHUNK).enumerate() {
            let answers: Vec<_> = chunk
                .par_iter()
                .map(|path| self.read_photo(path, &limits))
                .collect();
            for (i, (path, answer)) in chunk.iter().zip(answers).enumerate() {
                match answer {
                    Ok(answer) => self.print_reading(path, number * CHUNK + i, &answer)?,
                    Err(error) => {
                        some_failed = true;
                        tell(format!("faunalens: {}: {error}", name(path)));
                    }
                }
            }
        }
        Ok(exit_code(some_failed))
    }

    fn read_photo(&self, path: &Path, limits: &Limits) -> Result<Answer, PhotoError> {
        let photo = Photo::from_bytes(&photo::read(path, limits)?, limits)?;
        let (reading, evidence) = read_with_evidence(&photo.pixels, &Config::default());
        let drawing = self
            .overlay
            .is_some()
            .then(|| overlay(&photo.pixels, &reading, evidence.as_ref()).ok())
            .flatten();
        Ok(Answer { reading, drawing })
    }

    fn print_reading(&self, path: &Path, number: usize, answer: &Answer) -> anyhow::Result<()> {
        if let (Some(folder), Some(drawing)) = (&self.overlay, &answer.drawing) {
            let to = folder.join(drawing_name(path, number));
            replace(&to, "", |out| out.write_all(drawing.as_bytes()))
                .with_context(|| format!("write {}", name(to)))?;
        }
        let reading = &answer.reading;
        let posterior = match (self.prior, reading.log10_lr_elephant_vs_mammoth) {
            (Some(prior), Some(ratio)) => posterior(ratio, prior),
            _ => None,
        };
        if self.json {
            let mut line = serde_json::json!({
                "file": name(path),
                "schreger": reading,
            });
            if let Some(prior) = self.prior {
                line["prior_elephant"] = prior.into();
                line["posterior_elephant"] = posterior.into();
            }
            print_json(&line.to_string())?;
        } else {
            print_line(&format!("{}: {}", name(path), reading_in_words(reading)))?;
            if let (Some(prior), Some(posterior)) = (self.prior, posterior) {
                print_line(&format!(
                    "    elephant rather than mammoth: {posterior:.3} (prior {prior})"
                ))?;
            }
        }
        Ok(())
    }
}

/// A name of its own for each photo, whatever folders they come from.
pub(super) fn drawing_name(path: &Path, number: usize) -> String {
    let stem = path
        .file_stem()
        .map_or("photo".into(), |s| s.to_string_lossy());
    let stem = if stem == "-" { "stdin".into() } else { stem };
    format!("{:04}-{stem}.svg", number + 1)
}

fn reasons_in_words(reasons: &[Reason]) -> String {
    let words: Vec<String> = reasons
        .iter()
        .map(|reason| reason.name().replace('_', " "))
        .collect();
    words.join(", ")
}

fn reading_in_words(reading: &Reading) -> String {
    let why = reasons_in_words(&reading.reasons);
    match (reading.status, reading.orientation) {
        (Status::Measured, Orientation::Radial) => {
            let (Some(angle), Some([low, high])) = (reading.angle_deg, reading.ci90_deg) else {
                return why;
            };
            let species = match reading.species {
                Species::Elephant => "speaks for elephant".to_owned(),
                Species::Mammoth => "speaks for mammoth".to_owned(),
                Species::Undecided => format!("species undecided ({why})"),
            };
            format!("Schreger angle {angle:.1} degrees ({low:.1} to {high:.1}); {species}")
        }
        (Status::Measured, Orientation::Unknown) => {
            let folded = reading.folded_angle_deg.unwrap_or_default();
            format!(
                "lines cross at {folded:.1} or {:.1} degrees, radial direction unknown; species undecided",
                180.0 - folded
            )
        }
        (Status::NotResolvable, _) => format!("not resolvable ({why})"),
        (Status::NotApplicable, _) => "not applicable".to_owned(),
        (Status::NoLattice, _) => format!("no Schreger lattice ({why})"),
    }
}
