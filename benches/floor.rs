//! The floor under a scan: decoding alone and inference alone, on the same cores,
//! and what one `check` cannot do without: session creation and one inference.
//!
//!     cargo bench --bench floor -- FOLDER [WORKERS]
//!
//! Prints CSV: stage, photos, workers, seconds. With a file instead of a folder it does what one `check` cannot do without
//! and nothing else, to be timed as a process: load the runtime and the bundle, create a session, run it once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use faunalens::fingerprint;
use faunalens::manifest::Source;
use faunalens::photo::{Limits, Photo, read_file};
use faunalens::recognize::{Bundle, Recognizer, Runtime};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let folder = PathBuf::from(arguments.next().ok_or("name a folder of photos")?);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = arguments.next().map_or(Ok(cores), |text| text.parse())?;
    let limits = Limits::default();
    if folder.is_file() {
        return once(&folder, cores);
    }

    let source = Source::parse(&folder, false, false)?;
    let files: Vec<PathBuf> = source.items()?.filter_map(|item| item.path.ok()).collect();
    let bundle = Bundle::load("models/faunalens-base".as_ref())?;
    let runtime = Runtime::load(None)?;
    let decode = |path: &PathBuf| Photo::from_bytes(&read_file(path, &limits)?, &limits);
    let sample = files
        .iter()
        .filter_map(|path| decode(path).ok())
        .take(64)
        .collect::<Vec<_>>();

    println!("stage,photos,workers,seconds");
    let each = |stage: &str, work: &(dyn Fn(usize) + Sync)| {
        let next = AtomicUsize::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= files.len() {
                            break;
                        }
                        work(number);
                    }
                });
            }
        });
        println!(
            "{stage},{},{workers},{:.3}",
            files.len(),
            start.elapsed().as_secs_f64()
        );
    };
    each("decode", &|number| {
        let _ = std::hint::black_box(decode(&files[number]));
    });
    each("pdq", &|number| {
        std::hint::black_box(fingerprint::pdq(&sample[number % sample.len()].pixels));
    });

    // One session per worker, as a scan has them.
    let sessions = (0..workers)
        .map(|_| Recognizer::new(&runtime, &bundle, 1))
        .collect::<Result<Vec<_>, _>>()?;
    let share = files.len() / workers;
    let start = Instant::now();
    std::thread::scope(|scope| {
        for mut session in sessions {
            let sample = &sample;
            scope.spawn(move || {
                for number in 0..share {
                    let _ = std::hint::black_box(
                        session.recognize(&sample[number % sample.len()].pixels),
                    );
                }
            });
        }
    });
    println!(
        "inference,{},{workers},{:.3}",
        share * workers,
        start.elapsed().as_secs_f64()
    );

    let start = Instant::now();
    let mut alone = Recognizer::new(&runtime, &bundle, cores)?;
    println!("session,1,{cores},{:.4}", start.elapsed().as_secs_f64());
    let start = Instant::now();
    alone.recognize(&sample[0].pixels)?;
    println!(
        "first inference,1,{cores},{:.4}",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn once(photo: &Path, cores: usize) -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let photo = Photo::from_bytes(&read_file(photo, &limits)?, &limits)?;
    let runtime = Runtime::load(None)?;
    let bundle = Bundle::load("models/faunalens-base".as_ref())?;
    Recognizer::new(&runtime, &bundle, cores)?.recognize(&photo.pixels)?;
    Ok(())
}
