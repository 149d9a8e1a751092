//! How long one reading of the Schreger lattice takes, on one core, at 800 x 800 pixels.
//!
//!     cargo bench --bench schreger -- FILE...
//!
//! Every photo is brought to 800 x 800 (its middle square) before the clocks start. Prints CSV: the
//! median of five readings in milliseconds, by the clock on the wall and of the processor's time,
//! which other programs on the same machine disturb less (empty where the system does not tell it).

use std::path::PathBuf;
use std::time::Instant;

use faunalens::photo::{Limits, Photo, read_file};
use faunalens::schreger::{Config, read};
use image::imageops::{FilterType, crop_imm, resize};

const SIDE: u32 = 800;
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .map(PathBuf::from)
        .collect();
    if files.is_empty() {
        return Err("name some photos".into());
    }
    let (config, limits) = (Config::default(), Limits::default());
    println!("file,status,windows,ms,cpu_ms");
    for file in files {
        let photo = Photo::from_bytes(&read_file(&file, &limits)?, &limits)?.pixels;
        let (width, height) = photo.dimensions();
        let side = width.min(height);
        let middle = crop_imm(&photo, (width - side) / 2, (height - side) / 2, side, side);
        let square = if side == SIDE {
            middle.to_image()
        } else {
            resize(&middle.to_image(), SIDE, SIDE, FilterType::Lanczos3)
        };
        let (mut times, mut processor_times) = (Vec::new(), Vec::new());
        let mut reading = read(&square, &config);
        for _ in 0..ROUNDS {
            let (start, before) = (Instant::now(), processor_ms());
            reading = std::hint::black_box(read(&square, &config));
            times.push(start.elapsed().as_secs_f64() * 1e3);
            processor_times.extend(
                processor_ms()
                    .zip(before)
                    .map(|(after, before)| after - before),
            );
        }
        println!(
            "{},{},{},{},{}",
            file.file_name()
                .unwrap_or(file.as_os_str())
                .to_string_lossy(),
            reading.status.name(),
            reading.windows,
            middle_of(times),
            middle_of(processor_times),
        );
    }
    Ok(())
}

/// The median to a tenth; empty of none.
fn middle_of(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    (times.get(times.len() / 2)).map_or_else(String::new, |time| format!("{time:.1}"))
}

/// Processor time of this thread so far, milliseconds, as Linux tells it.
fn processor_ms() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = told.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}
