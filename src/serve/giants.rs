//! Which uploads may take seconds, told from their first bytes alone.

use super::queue::Lane;
use crate::photo::{Format, sniff};

/// Bytes from which an upload counts as a giant.
const BYTES: usize = 4 << 20;
/// The same for formats whose decoders are slow.
const BYTES_OF_SLOW: usize = 1 << 20;
/// Declared pixels from which it does.
const PIXELS: u64 = 12_000_000;

/// The lane of an upload. What a hostile file hides from this costs one of the workers some time,
/// and no more.
pub(super) fn lane(bytes: &[u8]) -> Lane {
    let Ok(format) = sniff(bytes) else {
        return Lane::Quick; // refused at once
    };
    let pixels = declared(bytes, format);
    let most = match (format, pixels) {
        (Format::Jpeg, _) | (_, Some(_)) => BYTES,
        _ => BYTES_OF_SLOW,
    };
    match bytes.len() >= most || pixels.is_some_and(|pixels| pixels >= PIXELS) {
        true => Lane::Giant,
        false => Lane::Quick,
    }
}

/// Pixels that a file declares, where that is told in a plain place.
fn declared(bytes: &[u8], format: Format) -> Option<u64> {
    let (width, height) = match format {
        Format::Png => (big(bytes, 16, 4)?, big(bytes, 20, 4)?),
        Format::Gif => (little(bytes, 6, 2)?, little(bytes, 8, 2)?),
        Format::Bmp => (little(bytes, 18, 4)?, little(bytes, 22, 4)?),
        Format::Jpeg => jpeg(bytes)?,
        Format::WebP => webp(bytes)?,
        _ => return None,
    };
    Some(width.saturating_mul(height))
}

/// The frame header of a JPEG.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        match (*bytes.get(at)?, marker) {
            (0xff, 0xff) => at += 1,
            (0xff, 0xc0..=0xcf) if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?));
            }
            (0xff, 0xd0..=0xd9 | 0x01) => at += 2,
            (0xff, _) => at += 2 + big(bytes, at + 2, 2)? as usize,
            _ => at += 1,
        }
    }
}

fn webp(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.get(12..16)? {
        b"VP8X" => Some((little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1)),
        b"VP8L" => {
            let bits = little(bytes, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((
            little(bytes, 26, 2)? & 0x3fff,
            little(bytes, 28, 2)? & 0x3fff,
        )),
        _ => None,
    }
}

fn big(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + count)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

fn little(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + count)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(width, height, image::Rgb([90, 80, 70]));
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_declared_size_is_read_from_the_head() {
        use image::ImageFormat::{Bmp, Jpeg, Png};
        for (format, expected) in [(Png, Format::Png), (Jpeg, Format::Jpeg), (Bmp, Format::Bmp)] {
            let bytes = encoded(31, 17, format);
            assert_eq!(sniff(&bytes).ok(), Some(expected));
            assert_eq!(declared(&bytes, expected), Some(31 * 17), "{format:?}");
        }
    }

    #[test]
    fn a_small_file_of_many_pixels_is_a_giant_and_noise_is_not() {
        assert_eq!(
            lane(&encoded(4000, 3000, image::ImageFormat::Png)),
            Lane::Giant
        );
        assert_eq!(
            lane(&encoded(600, 450, image::ImageFormat::Jpeg)),
            Lane::Quick
        );
        assert_eq!(lane(b"\xff\xd8\xff\xe0 and then nothing"), Lane::Quick);
        assert_eq!(lane(b""), Lane::Quick);
    }
}
