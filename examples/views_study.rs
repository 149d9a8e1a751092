//! What a closer look at large photographs finds, and what it raises wrongly; `eval/robustness`
//! tells the figures.
//!
//! `views_study MANIFEST PHOTOS OUT.csv [BUNDLE]`: MANIFEST has the columns `file` and `label`, PHOTOS
//! is the folder that its files are named from. Photographs of labels that raise a decision are laid
//! with a soft rim over 10 and 20 % of other photographs (label `other`, 1,280 pixels on the longer
//! side), and so are photographs of other labels, for false alarms; all are looked at alone too, as
//! they are and enlarged to that size, and so are scenes without anything laid over them. A row
//! holds, for one set, the pictures, those that the whole raises, those of which views are looked
//! at, those that views alone raise, and of both the flagged.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use faunalens::photo::{self, Limits, Photo};
use faunalens::pipeline::{Engine, Input, ReadLattice, Worker, inspect};
use faunalens::recognize::{Bundle, Runtime};
use faunalens::verdict::Decision;
use image::RgbImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;

/// Pixels of the longer side of a large photograph.
const LARGE: u32 = 1280;
/// Shares of a scene that a thing takes.
const SHARES: [f32; 2] = [0.1, 0.2];
/// Photographs of a kind that are laid over scenes, at most.
const LAID: usize = 120;

struct Job<'a> {
    set: String,
    file: &'a str,
    form: Form<'a>,
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Alone,
    Large,
    Over { share: f32, scene: &'a str },
}

#[derive(Default)]
struct Row {
    pictures: u32,
    raised: [u32; 2],
    looked_at: u32,
    by_views: [u32; 2],
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, photos, out, rest @ ..] = &words[..] else {
        return Err("usage: views_study MANIFEST PHOTOS OUT.csv [BUNDLE]".into());
    };
    let bundle = rest.first().map_or("models/faunalens-base", String::as_str);
    let bundle = Bundle::load(Path::new(bundle))?;
    let products: Vec<String> = bundle.description.thresholds.keys().cloned().collect();
    let engine = Engine::new(Runtime::load(None)?, bundle, Limits::default())
        .with_lattice(ReadLattice::Never);

    let mut reader = csv::Reader::from_path(manifest)?;
    let header = reader.headers()?.clone();
    let place = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or(format!("{manifest}: no column {name}"))
    };
    let (file, label) = (place("file")?, place("label")?);
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let rows: Vec<(&str, &str)> = records
        .iter()
        .map(|row| (&row[file], &row[label]))
        .collect();
    let jobs = jobs(&rows, &products);

    let outcomes: Vec<(String, Outcome)> = jobs
        .par_chunks(50)
        .flat_map_iter(|chunk| {
            let mut worker = engine.worker(1).expect("the bundle was loaded");
            let asked = chunk.iter().filter_map(|job| {
                let picture = picture(job, Path::new(photos))?;
                Some((job.set.clone(), ask(&mut worker, &picture)))
            });
            asked.collect::<Vec<_>>()
        })
        .collect();
    let mut table: BTreeMap<String, Row> = BTreeMap::new();
    for (set, outcome) in outcomes {
        let row = table.entry(set).or_default();
        row.pictures += 1;
        row.looked_at += u32::from(outcome.looked_at);
        let counts = match outcome.by_views {
            true => &mut row.by_views,
            false => &mut row.raised,
        };
        counts[0] += u32::from(outcome.decision > Decision::Clear);
        counts[1] += u32::from(outcome.decision == Decision::Flag);
    }
    let mut writer = csv::Writer::from_path(out)?;
    writer.write_record([
        "set",
        "pictures",
        "raised_by_the_whole",
        "flagged_by_the_whole",
        "looked_at_more_closely",
        "raised_by_views_alone",
        "flagged_by_views_alone",
    ])?;
    for (set, row) in table {
        let counts = [
            row.pictures,
            row.raised[0],
            row.raised[1],
            row.looked_at,
            row.by_views[0],
            row.by_views[1],
        ];
        let counts = counts.map(|count| count.to_string());
        writer.write_record(std::iter::once(set).chain(counts))?;
    }
    Ok(writer.flush()?)
}

/// Every picture that is to be looked at.
fn jobs<'a>(rows: &[(&'a str, &'a str)], products: &[String]) -> Vec<Job<'a>> {
    let is_product = |label: &str| products.iter().any(|product| product == label);
    let (own, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, label)| is_product(label));
    let scenes: Vec<&str> = others
        .iter()
        .filter(|(_, label)| *label == "other")
        .map(|(file, _)| *file)
        .collect();
    let mut jobs = Vec::new();
    for (kind, list) in [("product", &own), ("other thing", &others)] {
        for &(file, _) in list {
            let kind = match scenes.contains(&file) {
                true => "scene",
                false => kind,
            };
            let source = file.split('/').next().unwrap_or_default();
            for (form, words) in [(Form::Alone, "as it is"), (Form::Large, "enlarged")] {
                let set = format!("{kind} alone, {words}, {source}");
                jobs.push(Job { set, file, form });
            }
        }
        if scenes.is_empty() {
            continue;
        }
        for (number, &(file, _)) in list
            .iter()
            .step_by(list.len().div_ceil(LAID).max(1))
            .enumerate()
        {
            for share in SHARES {
                let chance = chance(file, share) as usize + number;
                let mut scene = scenes[chance % scenes.len()];
                if scene == file {
                    scene = scenes[(chance + 1) % scenes.len()];
                }
                let set = format!("{kind} over {:.0} % of a scene", 100.0 * share);
                let form = Form::Over { share, scene };
                jobs.push(Job { set, file, form });
            }
        }
    }
    jobs
}

/// The same for the same words, whatever the machine (FNV-1a).
fn chance(file: &str, share: f32) -> u32 {
    let hash = format!("{file}{share}")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash >> 33) as u32
}

fn read(root: &Path, file: &str) -> Option<RgbImage> {
    let bytes = photo::read_file(&root.join(file), &Limits::default()).ok()?;
    Some(Photo::from_bytes(&bytes, &Limits::default()).ok()?.pixels)
}

/// The photograph with its longer side at [`LARGE`] pixels, or as it is where that is more.
fn enlarged(picture: RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let long = width.max(height);
    if long >= LARGE {
        return picture;
    }
    let side = |length: u32| (length * LARGE / long).max(1);
    imageops::resize(&picture, side(width), side(height), FilterType::CatmullRom)
}

fn picture(job: &Job<'_>, root: &Path) -> Option<RgbImage> {
    let picture = read(root, job.file)?;
    Some(match job.form {
        Form::Alone => picture,
        Form::Large => enlarged(picture),
        Form::Over { share, scene } => {
            let mut scene = enlarged(read(root, scene)?);
            lay_over(&mut scene, &picture, share, chance(job.file, share));
            scene
        }
    })
}

/// Lays a picture over a share of the scene, at a place by `chance`, with a soft rim so that it has
/// no frame.
fn lay_over(scene: &mut RgbImage, picture: &RgbImage, share: f32, chance: u32) {
    let area = |picture: &RgbImage| (picture.width() * picture.height()) as f32;
    let scale = (share * area(scene) / area(picture)).sqrt();
    let side = |length: u32, most: u32| ((length as f32 * scale) as u32).clamp(2, most);
    let width = side(picture.width(), scene.width());
    let height = side(picture.height(), scene.height());
    let small = imageops::resize(picture, width, height, FilterType::Triangle);
    let left = chance % (scene.width() - width + 1);
    let top = (chance >> 12) % (scene.height() - height + 1);
    let rim = 0.08 * width.min(height) as f32;
    for (x, y, pixel) in small.enumerate_pixels() {
        let inside = x.min(width - 1 - x).min(y).min(height - 1 - y) as f32;
        let weight = (inside / rim).min(1.0);
        let under = scene.get_pixel_mut(left + x, top + y);
        for (under, over) in under.0.iter_mut().zip(pixel.0) {
            *under = (weight * f32::from(over) + (1.0 - weight) * f32::from(*under)) as u8;
        }
    }
}

struct Outcome {
    decision: Decision,
    looked_at: bool,
    by_views: bool,
}

fn ask(worker: &mut Worker<'_>, picture: &RgbImage) -> Outcome {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 92);
    picture
        .write_with_encoder(encoder)
        .expect("memory takes it");
    let inspected = inspect("".into(), Input::Bytes(bytes), &Limits::default(), None);
    let record = worker.examine(inspected).record;
    Outcome {
        decision: record.decision.unwrap_or(Decision::Clear),
        looked_at: record.views.as_ref().is_some_and(|views| !views.is_empty()),
        by_views: record
            .reasons_coded
            .iter()
            .any(|reason| reason.view.is_some()),
    }
}
