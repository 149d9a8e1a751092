//! What decoding small keeps: `screening_study [BUNDLE]` takes a path a line from standard input and
//! writes a row of CSV for each picture that both details decode.
//!
//! Columns: the file's name, size, eighths at which it is screened, PDQ's quality and the bits of it
//! that differ between both details, the cosine of both descriptors, landmarks kept of all pixels,
//! how many of them the screened pixels find and whether that is the same print, sure regions in
//! both details, the milliseconds that `photo::is_blank` takes on the screened pixels (the least of
//! five), and what cosine is the network's unrest: that of the descriptors of a copy of 224 pixels
//! and of the same with half of its samples raised by one level of 256.

use std::error::Error;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::time::Instant;

use faunalens::fingerprint::{QUERY_LANDMARKS, STORED_LANDMARKS, landmarks, pdq_at};
use faunalens::photo::{self, Detail, Limits, Photo};
use faunalens::recognize::{Bundle, Recognizer, Runtime};
use faunalens::regions;
use image::RgbImage;
use image::imageops::{self, FilterType};

fn main() -> Result<(), Box<dyn Error>> {
    let bundle = std::env::args().nth(1);
    let bundle = Bundle::load(Path::new(
        bundle.as_deref().unwrap_or("models/faunalens-base"),
    ))?;
    let runtime = Runtime::load(None)?;
    let mut recognizer = Recognizer::new(&runtime, &bundle, 1)?;
    let limits = Limits::default();
    println!(
        "picture,width,height,eighths,pdq_quality,pdq_bits,cosine,landmarks,landmarks_found,same_print,regions,regions_screened,blank_ms,cosine_of_a_level"
    );
    for line in stdin().lock().lines() {
        let path = line?;
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let decode = |detail| Photo::with_detail(&bytes, &limits, detail);
        let (Ok(full), Ok(small)) = (decode(Detail::Full), decode(Detail::Screening)) else {
            continue;
        };
        let size = (full.width, full.height);
        let hashes = [&full, &small].map(|photo| pdq_at(&photo.pixels, size));
        let mut describe = |pixels: &RgbImage| {
            let described = recognizer.recognize(pixels)?;
            described
                .descriptor
                .ok_or_else(|| Box::<dyn Error>::from("no descriptor"))
        };
        let kept = cosine(&describe(&full.pixels)?, &describe(&small.pixels)?);
        let stored = landmarks(&full.pixels, STORED_LANDMARKS);
        let found = stored.find_in(&landmarks(&small.pixels, QUERY_LANDMARKS));
        let regions = [&full, &small].map(|photo| {
            let found = regions::find(&photo.pixels);
            found
                .iter()
                .filter(|one| one.score >= regions::SURE)
                .count()
        });
        let copy = imageops::resize(&small.pixels, 224, 224, FilterType::Triangle);
        let mut raised = copy.clone();
        let mut random = 1_u64;
        for sample in raised.iter_mut() {
            // Knuth's MMIX generator; its highest bit.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *sample = sample.saturating_add((random >> 63) as u8);
        }
        let unrest = cosine(&describe(&copy)?, &describe(&raised)?);
        let took = (0..5).map(|_| {
            let start = Instant::now();
            std::hint::black_box(photo::is_blank(&small.pixels));
            start.elapsed().as_secs_f64()
        });
        println!(
            "{},{},{},{},{},{},{kept:.5},{},{},{},{},{},{:.3},{unrest:.5}",
            Path::new(&path)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .replace(',', ";"),
            full.width,
            full.height,
            (8 * small.pixels.width()).div_ceil(full.width),
            hashes[0].quality,
            hashes[0].hash.hamming(&hashes[1].hash),
            stored.len(),
            found.map_or(0, |found| found.inliers),
            found.is_some_and(|found| found.is_one_print()),
            regions[0],
            regions[1],
            1e3 * took.fold(f64::MAX, f64::min),
        );
    }
    Ok(())
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
