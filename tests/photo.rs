//! What the decoder promises: one upright, opaque RGB picture from every form of
//! file, or an error with the right word, and never a panic.

#![allow(clippy::unwrap_used)]

#[path = "photo/jpeg.rs"]
mod jpeg;
#[path = "photo/jpeg_writer.rs"]
mod jpeg_writer;

use std::path::{Path, PathBuf};

use faunalens::photo::{Limits, Photo, PhotoError, read_file};
use proptest::prelude::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos")
}

/// Files of tests/data/photos, which make.py made from one scene.
fn fixtures() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| match extension.to_str() {
                    Some("py") => false,
                    Some("avif") => cfg!(feature = "avif"),
                    Some("heic") => cfg!(feature = "heic"),
                    Some("jxl") => cfg!(feature = "jxl"),
                    _ => true,
                })
        })
        .collect();
    files.sort();
    assert!(files.len() >= 30, "{} fixtures", files.len());
    files
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::from_bytes(bytes, &Limits::default())
}

/// Colours at the middle of the scene's quarters, in reading order.
fn quarters(photo: &Photo) -> [[u8; 3]; 4] {
    [(12, 8), (36, 8), (12, 24), (36, 24)].map(|(x, y)| photo.pixels.get_pixel(x, y).0)
}

#[test]
fn every_form_of_the_scene_decodes_upright_and_opaque() {
    for path in fixtures() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let photo = decode(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((photo.width, photo.height), (48, 32), "{name}");
        let is_grey = name.starts_with("grey") || name == "bilevel.png";
        let is_fax = name.starts_with("bilevel-fax");
        let expected = if is_grey {
            // 0.299 R + 0.587 G + 0.114 B; grey16.png holds the plain mean, bilevel only black or white
            [[81; 3], [106; 3], [50; 3], [255; 3]]
        } else if is_fax {
            [[0; 3], [0; 3], [0; 3], [255; 3]]
        } else {
            [[200, 30, 30], [30, 160, 30], [30, 30, 200], [255, 255, 255]]
        };
        let tolerance = match name.as_str() {
            "bilevel.png" => 255,
            "cmyk.jpg" | "cmyk.tif" | "lossy.webp" | "grey16.png" => 40,
            _ => 12,
        };
        for (found, expected) in quarters(&photo).iter().zip(&expected) {
            for (a, b) in found.iter().zip(expected) {
                assert!(
                    a.abs_diff(*b) <= tolerance,
                    "{name}: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn the_format_is_told_by_content_not_by_name() {
    assert_eq!(
        decode(&fixture("mislabelled.png")).unwrap().format.name(),
        "jpeg"
    );
    assert_eq!(
        decode(&fixture("heic-named.heic")).unwrap().format.name(),
        "png"
    );
}

#[test]
fn the_hash_is_of_the_file_not_of_the_pixels() {
    let mut bytes = fixture("rgb.png");
    let original = decode(&bytes).unwrap();
    bytes.push(0);
    let longer = decode(&bytes).unwrap();
    assert_eq!(original.pixels, longer.pixels);
    assert_ne!(original.sha256, longer.sha256);
}

#[test]
fn a_half_downloaded_jpeg_is_corrupt_but_a_missing_end_marker_is_forgiven() {
    let noise = image::RgbImage::from_fn(200, 200, |x, y| {
        let value = x
            .wrapping_mul(2_654_435_761)
            .wrapping_add(y.wrapping_mul(40_503))
            >> 3;
        image::Rgb([value as u8, (value >> 5) as u8, (value >> 9) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    noise
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    let bytes = bytes.into_inner();
    assert_eq!(
        decode(&bytes[..bytes.len() / 2]).unwrap_err().kind().name(),
        "corrupt"
    );
    let whole = decode(&bytes).unwrap();
    let unmarked = decode(&bytes[..bytes.len() - 2]).unwrap();
    assert_eq!(whole.pixels, unmarked.pixels);
}

#[test]
fn what_is_no_picture_is_named() {
    let kind = |bytes: &[u8]| decode(bytes).unwrap_err().kind().name();
    assert_eq!(kind(b""), "corrupt");
    assert_eq!(kind(b"hello"), "unsupported");
    assert_eq!(kind(b"%PDF-1.7\n"), "unsupported");
    let message = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    assert!(message(b"<!DOCTYPE html><html>").contains("HTML"));
    assert!(message(b"\0\0\0\x18ftypheic\0\0\0\0").contains("HEIC"));
    assert!(message(b"<svg xmlns='x'/>").contains("SVG"));
}

#[test]
fn limits_hold_before_anything_is_decoded() {
    let bytes = fixture("rgb.png");
    let limits = [
        Limits::default().with_max_bytes(100),
        Limits::default().with_max_pixels(48 * 32 - 1),
        Limits::default().with_max_alloc(48 * 32 * 3 - 1),
    ];
    for limits in limits {
        let error = Photo::from_bytes(&bytes, &limits).unwrap_err();
        assert_eq!(error.kind().name(), "too_large", "{limits:?}");
    }
}

#[test]
fn a_small_file_that_declares_a_huge_picture_is_refused() {
    // The scene's PNG with its declared size changed; the header's CRC is mended.
    let mut bytes = fixture("rgb.png");
    bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(decode(&bytes).unwrap_err().kind().name(), "too_large");
}

/// CRC-32 as PNG defines it (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn paths_that_are_no_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let kind = |path: &Path| {
        read_file(path, &Limits::default())
            .unwrap_err()
            .kind()
            .name()
    };
    assert_eq!(kind(&folder.path().join("none.jpg")), "not_found");
    assert_eq!(kind(folder.path()), "unsupported");
}

const KINDS: [&str; 5] = [
    "not_found",
    "unsupported",
    "corrupt",
    "too_large",
    "internal",
];

proptest! {
    #[test]
    fn damage_gives_a_picture_or_a_typed_error(
        which in 0usize..30,
        cut in 0.0f64..1.0,
        flips in prop::collection::vec((0.0f64..1.0, any::<u8>()), 0..8),
    ) {
        let files = fixtures();
        let mut bytes = std::fs::read(&files[which % files.len()]).unwrap();
        for (position, value) in flips {
            let at = (position * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        bytes.truncate((bytes.len() as f64 * (1.0 - cut * cut)) as usize);
        let limits = Limits::default().with_max_pixels(1 << 20).with_max_alloc(1 << 23);
        match Photo::from_bytes(&bytes, &limits) {
            Ok(photo) => prop_assert!(photo.width > 0 && photo.height > 0),
            Err(error) => prop_assert!(KINDS.contains(&error.kind().name())),
        }
    }
}
