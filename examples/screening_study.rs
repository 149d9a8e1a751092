//! What decoding small keeps: `screening_study [BUNDLE]` takes a path a line from standard input and
//! writes a row of CSV for each picture that both details decode.
//!
//! Columns: the file's name, size, eighths at which it is screened, PDQ's quality and the bits of it
//! that differ between both details, the cosine of both descriptors, and the milliseconds that
//! `photo::is_blank` takes on the screened pixels (the least of five).

use std::error::Error;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::time::Instant;

use faunalens::fingerprint::pdq_at;
use faunalens::photo::{self, Detail, Limits, Photo};
use faunalens::recognize::{Bundle, Recognizer, Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let bundle = std::env::args().nth(1);
    let bundle = Bundle::load(Path::new(
        bundle.as_deref().unwrap_or("models/faunalens-base"),
    ))?;
    let runtime = Runtime::load(None)?;
    let mut recognizer = Recognizer::new(&runtime, &bundle, 1)?;
    let limits = Limits::default();
    println!("picture,width,height,eighths,pdq_quality,pdq_bits,cosine,blank_ms");
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
        let mut describe = |photo: &Photo| {
            let described = recognizer.recognize(&photo.pixels)?;
            described
                .descriptor
                .ok_or_else(|| Box::<dyn Error>::from("no descriptor"))
        };
        let (a, b) = (describe(&full)?, describe(&small)?);
        let cosine: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        let took = (0..5).map(|_| {
            let start = Instant::now();
            std::hint::black_box(photo::is_blank(&small.pixels));
            start.elapsed().as_secs_f64()
        });
        println!(
            "{},{},{},{},{},{},{cosine:.5},{:.3}",
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
            1e3 * took.fold(f64::MAX, f64::min),
        );
    }
    Ok(())
}
