//! `faunalens schreger`: the lattice of ivory, read and drawn.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use faunalens::photo::{self, Limits, Photo};
use faunalens::schreger::{
    Config, Orientation, Reading, Reason, Species, Status, Surface, examine,
    overlay_of_examination, posterior, read_marked, unwrapped,
};
use image::{RgbImage, imageops};
use rayon::prelude::*;
use serde::Serialize;

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
  faunalens schreger --prior 0.01 base.jpg             also the posterior at 1 % elephant
  faunalens schreger --region 120,80,600,400 shop.jpg  only this part of the photo: x,y,width,height
  faunalens schreger --lines marked.json base.jpg      also the angle of lines marked by hand")]
pub(super) struct ReadLattice {
    /// Photos; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// One JSON object per line
    #[arg(long)]
    json: bool,

    /// Draw each reading over its photo, and the face unwrapped, as SVG in this folder
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,

    /// Read only this part of each photo: left, top, width and height in pixels
    #[arg(long, value_name = "X,Y,W,H", value_parser = region)]
    region: Option<Region>,

    /// Also the angle of lines marked by hand on the one photo given, from this JSON
    #[arg(long, value_name = "FILE.json")]
    lines: Option<PathBuf>,

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

/// Part of a picture, pixels.
#[derive(Debug, Clone, Copy)]
struct Region {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

fn region(text: &str) -> Result<Region, String> {
    let numbers: Option<Vec<u32>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[x, y, width, height]) if width > 0 && height > 0 => Ok(Region {
            x,
            y,
            width,
            height,
        }),
        _ => Err("four whole numbers, such as 120,80,600,400: left, top, width, height".to_owned()),
    }
}

impl Region {
    /// This part of a picture, cut off at its edges.
    fn of(self, pixels: &RgbImage) -> anyhow::Result<RgbImage> {
        let (width, height) = pixels.dimensions();
        if self.x >= width || self.y >= height {
            bail!("the region lies outside the picture, which has {width} x {height} pixels");
        }
        let width = self.width.min(width - self.x);
        let height = self.height.min(height - self.y);
        Ok(imageops::crop_imm(pixels, self.x, self.y, width, height).to_image())
    }
}

/// The lines that were marked in a JSON file, read.
fn marked_lines(path: &Path) -> anyhow::Result<Reading> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", name(path)))?;
    let marked = serde_json::from_str(&text).with_context(|| {
        format!(
            "{}: not lines as docs/schreger.md describes them",
            name(path)
        )
    })?;
    read_marked(&marked, &Config::default()).with_context(|| name(path))
}

/// What was read on one surface of the picture.
#[derive(Serialize)]
struct Found {
    /// The rectangle that holds it: x, y, width and height, pixels of the picture.
    bounds: [f64; 4],
    #[serde(flatten)]
    reading: Reading,
}

impl Found {
    /// `corner` is where the part that was read begins in the picture.
    fn new(surface: Surface, corner: [f64; 2]) -> Self {
        let [x, y, width, height] = surface.bounds();
        Self {
            bounds: [x + corner[0], y + corner[1], width, height].map(f64::round),
            reading: surface.reading,
        }
    }
}

struct Answer {
    reading: Reading,
    readings: Vec<Found>,
    drawing: Option<String>,
    /// The face unwrapped, where something was fitted.
    sheet: Option<String>,
}

impl ReadLattice {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        if self.lines.is_some() && self.files.len() > 1 {
            bail!(
                "--lines belongs to one photo, and {} are given",
                self.files.len()
            );
        }
        let marked = self.lines.as_deref().map(marked_lines).transpose()?;
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
                    Ok(answer) => {
                        self.print_reading(path, number * CHUNK + i, &answer, marked.as_ref())?;
                    }
                    Err(error) => {
                        some_failed = true;
                        tell(format!("faunalens: {}: {error:#}", name(path)));
                    }
                }
            }
        }
        Ok(exit_code(some_failed))
    }

    fn read_photo(&self, path: &Path, limits: &Limits) -> anyhow::Result<Answer> {
        let photo = Photo::from_bytes(&photo::read(path, limits)?, limits)?;
        let pixels = match self.region {
            Some(region) => region.of(&photo.pixels)?,
            None => photo.pixels,
        };
        let corner = self.region.map_or([0.0; 2], |region| {
            [f64::from(region.x), f64::from(region.y)]
        });
        let found = examine(&pixels, &Config::default());
        let (mut drawing, mut sheet) = (None, None);
        if self.overlay.is_some() {
            drawing = Some(overlay_of_examination(&pixels, &found)?);
            sheet = unwrapped(&pixels, &found.reading, found.evidence.as_ref())?;
        }
        Ok(Answer {
            reading: found.reading,
            readings: (found.surfaces.into_iter())
                .map(|surface| Found::new(surface, corner))
                .collect(),
            drawing,
            sheet,
        })
    }

    fn print_reading(
        &self,
        path: &Path,
        number: usize,
        answer: &Answer,
        marked: Option<&Reading>,
    ) -> anyhow::Result<()> {
        if let Some(folder) = &self.overlay {
            let drawing = drawing_name(path, number);
            let sheet = Path::new(&drawing).with_extension("unwrapped.svg");
            let files = [(drawing.into(), &answer.drawing), (sheet, &answer.sheet)];
            for (file, drawn) in files {
                let to = folder.join(file);
                if let Some(drawn) = drawn {
                    replace(&to, "", |out| out.write_all(drawn.as_bytes()))
                        .with_context(|| format!("write {}", name(to)))?;
                }
            }
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
                "readings": answer.readings,
            });
            if let Some(Region {
                x,
                y,
                width,
                height,
            }) = self.region
            {
                line["region"] = serde_json::json!([x, y, width, height]);
            }
            if let Some(marked) = marked {
                line["marked"] = serde_json::to_value(marked)?;
            }
            if let Some(prior) = self.prior {
                line["prior_elephant"] = prior.into();
                line["posterior_elephant"] = posterior.into();
            }
            print_json(&line.to_string())?;
        } else {
            print_line(&format!("{}: {}", name(path), reading_in_words(reading)))?;
            if let Some(marked) = marked {
                print_line(&format!(
                    "    lines marked by hand: {}",
                    reading_in_words(marked)
                ))?;
            }
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
