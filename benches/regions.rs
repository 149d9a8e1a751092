//! How long it takes to find the pictures on a page, or to see that there are none, on one core.
//!
//!     cargo bench --bench regions -- FILE|FOLDER... [--on NAME]... [--size WIDTHxHEIGHT]
//!
//! Every photo is decoded as for screening before the clocks start; with `--on` it is shown in that
//! page of `eval robustness` (`chat`, `grid of 9`, ...), with `--size` brought to that size. Prints
//! CSV: the least and the median of the rounds in milliseconds of the thread's processor time, by the
//! clock on the wall where the system does not tell it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use faunalens::evaluate::robustness::transformation::{Transformation, for_collage};
use faunalens::manifest::Source;
use faunalens::photo::{Detail, Limits, Photo, read_file};
use faunalens::regions::{SURE, find};
use image::RgbImage;
use image::imageops::{FilterType, resize};

const ROUNDS: usize = 7;
const SEED: u64 = 20;
/// Pictures that the others share a page with.
const POOL: usize = 12;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let (mut files, mut pages, mut size) = (Vec::new(), Vec::new(), None);
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = arguments.next() {
        match word.as_str() {
            "--on" => {
                let name = arguments.next().ok_or("--on takes a page's name")?;
                pages.push(Transformation::find(&name).ok_or(name)?);
            }
            "--size" => {
                let sides = arguments.next().ok_or("--size takes WIDTHxHEIGHT")?;
                let (width, height) = sides.split_once('x').ok_or("--size takes WIDTHxHEIGHT")?;
                size = Some((width.parse::<u32>()?, height.parse::<u32>()?));
            }
            path if Path::new(path).is_dir() => {
                let source = Source::parse(path.as_ref(), false, false)?;
                files.extend(source.items()?.filter_map(|item| item.path.ok()));
            }
            path => files.push(PathBuf::from(path)),
        }
    }
    if files.is_empty() {
        return Err("name some photos".into());
    }
    let pool: Vec<RgbImage> = files
        .iter()
        .step_by(files.len().div_ceil(POOL))
        .filter_map(|path| Some(for_collage(&decoded(path).ok()?)))
        .collect();
    println!("page,file,width,height,pictures,ms,median_ms");
    for path in &files {
        let Ok(photo) = decoded(path) else { continue };
        let name = path.display().to_string();
        let mut shown = Vec::new();
        for page in &pages {
            let copied = page.copy(&name, &photo, &pool, None, SEED)?;
            let page_pixels = Photo::from_bytes(&copied.jpeg, &Limits::default())?.pixels;
            shown.push((page.name, page_pixels));
        }
        if pages.is_empty() {
            shown.push(("", photo));
        }
        for (page, mut pixels) in shown {
            if let Some((width, height)) = size {
                pixels = resize(&pixels, width, height, FilterType::Triangle);
            }
            let (pictures, least, median) = timed(&pixels);
            let (width, height) = pixels.dimensions();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            println!("{page},{file},{width},{height},{pictures},{least:.3},{median:.3}");
        }
    }
    Ok(())
}

fn decoded(path: &Path) -> Result<RgbImage, Failure> {
    let limits = Limits::default();
    let bytes = read_file(path, &limits)?;
    Ok(Photo::with_detail(&bytes, &limits, Detail::Screening)?.pixels)
}

/// How many pictures there surely are, and the least and the median time.
fn timed(pixels: &RgbImage) -> (usize, f64, f64) {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut pictures = 0;
    for _ in 0..ROUNDS {
        let (start, before) = (Instant::now(), processor_ms());
        let found = std::hint::black_box(find(std::hint::black_box(pixels)));
        let wall = start.elapsed().as_secs_f64() * 1e3;
        let own = processor_ms()
            .zip(before)
            .map(|(after, before)| after - before);
        times.push(own.unwrap_or(wall));
        pictures = found.iter().filter(|region| region.score >= SURE).count();
    }
    times.sort_by(f64::total_cmp);
    (pictures, times[0], times[ROUNDS / 2])
}

/// Processor time of this thread so far, milliseconds, as Linux tells it.
fn processor_ms() -> Option<f64> {
    // Else it is told to a tick of the scheduler, longer than what is measured.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = told.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}
