//! What the img_hash family adds to PDQ, for pictures of low quality above all.
//!
//! `perceptual_study OUT.csv QUESTIONS FOLDER...`: the pictures of the folders are stored; at most
//! QUESTIONS of each stratum are changed in every way of the suite and asked. Strata: `low` (PDQ
//! quality under 50), `packshot` (other pictures at a quarter of their size on white), `ordinary`
//! (the rest). A row holds, for one stratum, group of changes, hash and threshold, the questions,
//! those whose original is within the threshold, and the wrong pictures within it. Prefixes: `pdq&`
//! also asks for a PDQ distance of at most 31, `pdq|` takes either; both for changes that keep the
//! frame.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use faunalens::evaluate::robustness::transformation::SUITE;
use faunalens::fingerprint::{
    MATCH_DISTANCE, MIN_QUALITY, Pdq, PerceptualAlgorithm, PerceptualHash, pdq, perceptual,
};
use faunalens::photo::{self, Limits, Photo};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rayon::prelude::*;

/// Cells per side that are tried.
const GRIDS: [u32; 2] = [8, 16];
/// Name of the group of changes that keep the frame of the picture.
const SAME: &str = "same frame";
/// These changes; hashes of whole pictures can find no others.
const SAME_FRAME: [&str; 24] = [
    "copy",
    "jpeg 80",
    "jpeg 50",
    "jpeg 20",
    "half size",
    "quarter size",
    "double size",
    "squashed 80 %",
    "crop 90 %",
    "white border 5 %",
    "watermark",
    "banner 15 %",
    "turned 5",
    "grey",
    "saturated",
    "brighter",
    "darker",
    "contrast",
    "warm light",
    "blur 2",
    "noise 12",
    "noise 30",
    "crop 80 %",
    "banner 30 %",
];
/// Correlation of two 32 x 32 thumbnails from which two pictures are taken for one.
const ONE_PICTURE: f32 = 0.98;

struct Fingerprints {
    pdq: Pdq,
    others: Vec<PerceptualHash>,
    /// 32 x 32 luma levels with mean 0 and length 1.
    thumbnail: Vec<f32>,
}

/// The stored pictures of one stratum, and which of them are asked.
struct Stratum {
    name: &'static str,
    prepare: fn(RgbImage) -> RgbImage,
    stored: Vec<(PathBuf, Fingerprints)>,
    asked: Vec<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (out, count) = (
        words.next().ok_or("OUT.csv")?,
        words.next().ok_or("QUESTIONS")?,
    );
    let mut files: Vec<PathBuf> = words.flat_map(|folder| pictures_in(&folder)).collect();
    files.sort();
    let mut tally = Tally::default();
    for stratum in strata(files, count.parse()?) {
        let (stored, asked) = (stratum.stored.len(), stratum.asked.len());
        eprintln!("{}: {asked} of {stored} pictures asked", stratum.name);
        let tallies: Vec<Tally> = stratum
            .asked
            .par_iter()
            .filter_map(|&number| ask(&stratum, number))
            .collect();
        tallies.into_iter().for_each(|one| tally.merge(one));
    }
    Ok(fs::write(out, tally.csv())?)
}

fn pictures_in(folder: &str) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "jpg" || end == "png")
        })
        .collect()
}

/// The pixels, at most 640 a side: as listings show them.
fn load(file: &Path) -> Option<RgbImage> {
    let limits = Limits::default();
    let photo = Photo::from_bytes(&photo::read_file(file, &limits).ok()?, &limits).ok()?;
    let (width, height) = photo.pixels.dimensions();
    if width.max(height) <= 640 {
        return Some(photo.pixels);
    }
    let side = |length: u32| (length * 640 / width.max(height)).max(1);
    Some(imageops::resize(
        &photo.pixels,
        side(width),
        side(height),
        FilterType::Triangle,
    ))
}

fn all_fingerprints(
    files: &[PathBuf],
    prepare: fn(RgbImage) -> RgbImage,
) -> Vec<(PathBuf, Fingerprints)> {
    let one = |file: &PathBuf| {
        let pixels = load(file)?;
        let thumbnail = thumbnail(&pixels);
        let prints = fingerprints(&prepare(pixels));
        Some((
            file.clone(),
            Fingerprints {
                thumbnail,
                ..prints
            },
        ))
    };
    files.par_iter().filter_map(one).collect()
}

fn fingerprints(pixels: &RgbImage) -> Fingerprints {
    let others = PerceptualAlgorithm::ALL
        .iter()
        .flat_map(|&algorithm| GRIDS.map(|grid| perceptual(pixels, algorithm, grid)))
        .collect();
    Fingerprints {
        pdq: pdq(pixels),
        others,
        thumbnail: Vec::new(),
    }
}

fn thumbnail(pixels: &RgbImage) -> Vec<f32> {
    let small = imageops::resize(&imageops::grayscale(pixels), 32, 32, FilterType::Triangle);
    let mut levels: Vec<f32> = small
        .as_raw()
        .iter()
        .map(|&level| f32::from(level))
        .collect();
    let mean = levels.iter().sum::<f32>() / levels.len() as f32;
    levels.iter_mut().for_each(|level| *level -= mean);
    let length = levels
        .iter()
        .map(|level| level * level)
        .sum::<f32>()
        .sqrt()
        .max(1e-3);
    levels.iter_mut().for_each(|level| *level /= length);
    levels
}

/// Strata of the pictures, of which at most `count` each are asked, evenly spread.
fn strata(files: Vec<PathBuf>, count: usize) -> Vec<Stratum> {
    let stored = all_fingerprints(&files, |pixels| pixels);
    let is_low = |number: &usize| stored[*number].1.pdq.quality < MIN_QUALITY;
    let (low, rest): (Vec<usize>, Vec<usize>) = (0..stored.len()).partition(is_low);
    let spread = |all: &[usize]| -> Vec<usize> {
        let step = (all.len() / count.max(1)).max(1);
        all.iter().copied().step_by(step).take(count).collect()
    };
    let third: Vec<PathBuf> = rest
        .iter()
        .step_by(3)
        .map(|&number| stored[number].0.clone())
        .collect();
    let packshots = all_fingerprints(&third, on_white);
    let (low, ordinary) = (spread(&low), spread(&rest));
    let packshots_asked = spread(&(0..packshots.len()).collect::<Vec<_>>());
    let plain: fn(RgbImage) -> RgbImage = |pixels| pixels;
    let both: Vec<usize> = low.iter().chain(&ordinary).copied().collect();
    eprintln!(
        "{} low, {} ordinary, {} packshots",
        low.len(),
        both.len() - low.len(),
        packshots.len()
    );
    let whole = Stratum {
        name: "natural",
        prepare: plain,
        stored,
        asked: both,
    };
    let white = Stratum {
        name: "packshot",
        prepare: on_white,
        stored: packshots,
        asked: packshots_asked,
    };
    vec![whole, white]
}

fn on_white(pixels: RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let (w, h) = (width.div_ceil(4), height.div_ceil(4));
    let small = imageops::resize(&pixels, w, h, FilterType::Triangle);
    let mut page = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    imageops::replace(
        &mut page,
        &small,
        ((width - w) / 2).into(),
        ((height - h) / 2).into(),
    );
    page
}

/// Counts for every copy of one picture.
fn ask(stratum: &Stratum, number: usize) -> Option<Tally> {
    let (file, original) = &stratum.stored[number];
    let pixels = (stratum.prepare)(load(file)?);
    let name = match stratum.name {
        "natural" if original.pdq.quality < MIN_QUALITY => "low",
        "natural" => "ordinary",
        other => other,
    };
    let is_wrong = |other: usize| {
        let pairs = original
            .thumbnail
            .iter()
            .zip(&stratum.stored[other].1.thumbnail);
        other != number && pairs.map(|(a, b)| a * b).sum::<f32>() < ONE_PICTURE
    };
    let wrong: Vec<&Fingerprints> = (0..stratum.stored.len())
        .filter(|&k| is_wrong(k))
        .map(|k| &stratum.stored[k].1)
        .collect();
    let mut tally = Tally::default();
    for change in SUITE {
        let copy = change
            .copy(&file.to_string_lossy(), &pixels, &[], None, 7)
            .ok()?;
        let copy = fingerprints(&image::load_from_memory(&copy.jpeg).ok()?.to_rgb8());
        let group = if SAME_FRAME.contains(&change.name) {
            SAME
        } else {
            "other"
        };
        compare((name, group), &copy, original, &wrong, &mut tally);
    }
    Some(tally)
}

fn compare(
    (stratum, group): (&'static str, &'static str),
    copy: &Fingerprints,
    original: &Fingerprints,
    wrong: &[&Fingerprints],
    tally: &mut Tally,
) {
    let mut count = |hash: String, bits: &dyn Fn(&Fingerprints) -> u32| {
        let wrong = wrong.iter().map(|other| bits(other));
        tally.count((stratum, group, hash), bits(original), wrong);
    };
    let pdq_bits = |other: &Fingerprints| copy.pdq.hash.hamming(&other.pdq.hash);
    let near = |other: &Fingerprints| pdq_bits(other) <= MATCH_DISTANCE;
    count("pdq".into(), &pdq_bits);
    for (k, hash) in copy.others.iter().enumerate() {
        let bits = |other: &Fingerprints| hash.hamming(&other.others[k]).unwrap_or(u32::MAX);
        let words: Vec<&str> = hash.definition.split(' ').collect();
        let name = format!("{} {}", words[1], words[2]);
        if group == SAME {
            count(format!("pdq&{name}"), &|other| {
                if near(other) { bits(other) } else { u32::MAX }
            });
            count(format!("pdq|{name}"), &|other| {
                if near(other) { 0 } else { bits(other) }
            });
        }
        count(name, &bits);
    }
}

type Key = (&'static str, &'static str, String);

/// Histograms by distance: originals, wrong pictures, and the nearest wrong picture of each
/// question.
#[derive(Default)]
struct Tally(BTreeMap<Key, BTreeMap<u32, [u64; 3]>>);

impl Tally {
    fn count(&mut self, key: Key, right: u32, wrong: impl Iterator<Item = u32>) {
        let row = self.0.entry(key).or_default();
        row.entry(right).or_default()[0] += 1;
        let mut nearest = u32::MAX;
        for distance in wrong {
            row.entry(distance).or_default()[1] += 1;
            nearest = nearest.min(distance);
        }
        row.entry(nearest).or_default()[2] += 1;
    }

    fn merge(&mut self, other: Self) {
        for (key, row) in other.0 {
            let known = self.0.entry(key).or_default();
            for (distance, counts) in row {
                let sums = known.entry(distance).or_default();
                (0..3).for_each(|k| sums[k] += counts[k]);
            }
        }
    }

    fn csv(&self) -> String {
        let mut text = String::from(
            "stratum,changes,hash,threshold,questions,found,wrong_pictures,questions_with_wrong\n",
        );
        for ((stratum, group, hash), row) in &self.0 {
            let questions: u64 = row.values().map(|counts| counts[0]).sum();
            let reach = if hash.ends_with("16x16") || hash == "pdq" {
                60
            } else {
                14
            };
            let step = if reach == 60 { 4 } else { 1 };
            let mut thresholds: Vec<u32> = (0..=reach).step_by(step).collect();
            if hash == "pdq" {
                thresholds.push(MATCH_DISTANCE);
            }
            thresholds.sort_unstable();
            for threshold in thresholds {
                let sum = |k: usize| -> u64 {
                    row.range(..=threshold).map(|(_, counts)| counts[k]).sum()
                };
                let (found, wrong, with_wrong) = (sum(0), sum(1), sum(2));
                text += &format!(
                    "{stratum},{group},{hash},{threshold},{questions},{found},{wrong},{with_wrong}\n"
                );
            }
        }
        text
    }
}
