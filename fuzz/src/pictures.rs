//! Small pictures that are drawn here, for seeds.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::mutate::mend_checksums;

/// A scene with edges, a gradient and some noise.
#[must_use]
pub fn scene(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y * 40_503) >> 13;
        let disc = (2 * x).abs_diff(width) + (2 * y).abs_diff(height) < width.min(height);
        match disc {
            true => Rgb([200, 180 - (noise % 16) as u8, 140]),
            false => Rgb([
                (255 * x / width) as u8,
                (255 * y / height) as u8,
                noise as u8 % 64,
            ]),
        }
    })
}

/// The scene in every format and colour type that crate `image` writes.
#[must_use]
pub fn written() -> Vec<Vec<u8>> {
    let scene = DynamicImage::ImageRgb8(scene(24, 17));
    let colours = [
        scene.clone(),
        DynamicImage::ImageLuma8(scene.to_luma8()),
        DynamicImage::ImageLumaA8(scene.to_luma_alpha8()),
        DynamicImage::ImageRgba8(scene.to_rgba8()),
        DynamicImage::ImageLuma16(scene.to_luma16()),
        DynamicImage::ImageRgb16(scene.to_rgb16()),
        DynamicImage::ImageRgba16(scene.to_rgba16()),
    ];
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Bmp];
    let mut files = Vec::new();
    for format in formats {
        for picture in &colours {
            let mut file = Cursor::new(Vec::new());
            // Not every format has every colour type.
            if picture.write_to(&mut file, format).is_ok() {
                files.push(file.into_inner());
            }
        }
    }
    files
}

/// A picture as JPEG, as PNG and as WebP with this EXIF and this colour profile.
#[must_use]
pub fn with_metadata(exif: &[u8], profile: &[u8]) -> [Vec<u8>; 3] {
    [
        jpeg_with(exif, profile),
        png_with(exif, profile),
        webp_with(exif, profile),
    ]
}

fn jpeg_with(exif: &[u8], profile: &[u8]) -> Vec<u8> {
    /// Bytes of a segment, its length's own two left out.
    const LONGEST: usize = 65_533;
    let scene = encoded(ImageFormat::Jpeg);
    let mut file = scene[..2].to_vec();
    let mut segment = |marker: u8, head: &[u8], body: &[u8]| {
        let body = &body[..body.len().min(LONGEST - head.len())];
        file.extend([0xff, marker]);
        file.extend(((head.len() + body.len() + 2) as u16).to_be_bytes());
        file.extend_from_slice(head);
        file.extend_from_slice(body);
    };
    if !exif.is_empty() {
        segment(0xe1, b"Exif\0\0", exif);
    }
    let parts = profile.chunks(LONGEST - 14).take(255);
    let count = parts.len() as u8;
    for (number, part) in (1..).zip(parts) {
        segment(
            0xe2,
            &[b"ICC_PROFILE\0", &[number, count][..]].concat(),
            part,
        );
    }
    file.extend_from_slice(&scene[2..]);
    file
}

fn png_with(exif: &[u8], profile: &[u8]) -> Vec<u8> {
    /// Signature and header.
    const HEAD: usize = 33;
    let scene = png();
    let mut file = scene[..HEAD].to_vec();
    let mut chunk = |name: &[u8; 4], body: &[u8]| {
        file.extend((body.len() as u32).to_be_bytes());
        file.extend_from_slice(name);
        file.extend_from_slice(body);
        file.extend([0; 4]);
    };
    if !profile.is_empty() {
        let mut body = b"profile\0\0".to_vec();
        let mut deflater = ZlibEncoder::new(&mut body, Compression::fast());
        deflater.write_all(profile).expect("memory takes it");
        deflater.finish().expect("memory takes it");
        chunk(b"iCCP", &body);
    }
    if !exif.is_empty() {
        chunk(b"eXIf", exif);
    }
    file.extend_from_slice(&scene[HEAD..]);
    mend_checksums(&mut file);
    file
}

fn webp_with(exif: &[u8], profile: &[u8]) -> Vec<u8> {
    /// 48 x 32 pixels, of one chunk.
    const PLAIN: &[u8] = include_bytes!("../../tests/data/photos/lossless.webp");
    let mut body = b"WEBP".to_vec();
    let mut chunk = |name: &[u8; 4], content: &[u8]| {
        body.extend_from_slice(name);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend_from_slice(content);
        body.extend(vec![0; content.len() % 2]);
    };
    let has = |bytes: &[u8], flag: u8| if bytes.is_empty() { 0 } else { flag };
    let flags = has(profile, 0x20) | has(exif, 0x08);
    chunk(b"VP8X", &[flags, 0, 0, 0, 47, 0, 0, 31, 0, 0]);
    if !profile.is_empty() {
        chunk(b"ICCP", profile);
    }
    chunk(b"VP8L", &PLAIN[20..]);
    if !exif.is_empty() {
        chunk(b"EXIF", exif);
    }
    let length = (body.len() as u32).to_le_bytes();
    [&b"RIFF"[..], &length, &body].concat()
}

/// The scene as PNG.
#[must_use]
pub fn png() -> Vec<u8> {
    encoded(ImageFormat::Png)
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let scene = DynamicImage::ImageRgb8(scene(9, 7));
    scene.write_to(&mut file, format).expect("memory takes it");
    file.into_inner()
}
