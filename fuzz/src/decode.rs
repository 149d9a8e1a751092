//! Every picture format, at both details.

use std::path::Path;

use faunalens::photo::{Detail, FailureKind, Limits, Photo, PhotoError, plain_jpeg_agrees};

use super::pictures;

/// Pixels of the largest picture that is decoded.
const MAX_PIXELS: u64 = 1 << 20;
/// The same of fifteen inputs in sixteen, so that thousands fit into a second.
const MOSTLY: u64 = 1 << 15;

/// Decodes the bytes; their number says in which detail, and up to what size. A JPEG is also decoded
/// by both of its readers, at the scales that only larger ones are decoded at otherwise.
///
/// # Panics
/// When what comes back is not what [`Photo`] promises, or the readers differ.
pub fn run(data: &[u8]) {
    let detail = match data.len() % 2 {
        0 => Detail::Full,
        _ => Detail::Screening,
    };
    let most = match data.len() % 32 {
        0 | 1 => MAX_PIXELS,
        _ => MOSTLY,
    };
    let limits = Limits::default().with_max_pixels(most);
    assert!(plain_jpeg_agrees(data, most), "two readers of JPEG differ");
    check(Photo::with_detail(data, &limits, detail), detail);
}

/// What holds of every answer.
///
/// # Panics
/// When it does not.
pub fn check(answer: Result<Photo, PhotoError>, detail: Detail) {
    match answer {
        Ok(photo) => {
            let (width, height) = photo.pixels.dimensions();
            assert!(width > 0 && height > 0, "an empty picture");
            assert!(
                width <= photo.width && height <= photo.height,
                "more pixels than the file declares"
            );
            assert!(
                u64::from(photo.width) * u64::from(photo.height) <= MAX_PIXELS,
                "a picture over the limit"
            );
            assert!(
                detail == Detail::Screening || !photo.is_reduced(),
                "reduced in full detail"
            );
            assert!(photo.marks.is_sorted(), "marks out of order");
        }
        Err(error) => {
            assert_ne!(error.kind(), FailureKind::Internal, "{error}");
            assert!(!error.to_string().is_empty(), "an error without words");
        }
    }
}

/// The tests' pictures and those drawn here.
///
/// # Panics
/// Where the repository lacks the tests' pictures.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    // This file is also part of the repository's tests/fuzz.rs.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/data/photos", "../tests/data/photos"].map(|path| package.join(path));
    let folder = folders.iter().find(|path| path.is_dir());
    let mut paths: Vec<_> = std::fs::read_dir(folder.expect("tests/data/photos"))
        .expect("the tests' pictures")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e != "py" && e != "md"))
        .collect();
    paths.sort();
    let mut seeds: Vec<_> = paths.iter().filter_map(|p| std::fs::read(p).ok()).collect();
    seeds.extend(pictures::written());
    seeds
}
