//! How long one reading of the Schreger lattice takes, on one core, at 800 x 800 pixels.
//!
//!     cargo bench --bench schreger -- FILE...
//!
//! Every photo is brought to 800 x 800 (its middle square) before the clock starts. Prints CSV:
//! the median of five readings in milliseconds.

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
    println!("file,status,windows,ms");
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
        let mut times = Vec::with_capacity(ROUNDS);
        let mut reading = read(&square, &config);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            reading = std::hint::black_box(read(&square, &config));
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{},{},{},{:.1}",
            file.file_name()
                .unwrap_or(file.as_os_str())
                .to_string_lossy(),
            reading.status.name(),
            reading.windows,
            times[ROUNDS / 2]
        );
    }
    Ok(())
}
