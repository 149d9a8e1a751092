//! JPEG: what browsers and Pillow show, decoded no larger than is needed.
//!
//! The frequency transform of JPEG can be undone at 1/8 to 8/8 of the size. That skips most of
//! the work of a large photograph, and averages as well as a good filter does.

use image::metadata::Orientation;

use super::canvas::Canvas;
use super::colour::{Channels, Converter, Layout};
use super::decoded::Stored as StoredPixels;
use super::jpeg_reduced;
use super::jpeg_segments::{exif, profile, segments};
use super::libjpeg::{Decompressor, Stored};
use super::request::{MOST_PIXELS, Request};
use super::{Detail, Mark, PhotoError, exif::orientation};

/// Pixels of the shorter side below which a picture is not reduced for screening.
const SCREENING_SIDE: u32 = 512;

/// The same at an eighth, which is read nearly twice as fast as a quarter: photographs of twelve
/// megapixels have 375 pixels left, more than the network (224) and landmarks (320 across) take.
/// Pictures on a page are cut out of all pixels.
const EIGHTH_SIDE: u32 = 360;

/// Decodes a JPEG.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<StoredPixels, PhotoError> {
    let mut decompressor = Decompressor::open(bytes)?;
    let size = decompressor.size();
    let channels = match decompressor.stored()? {
        Stored::Grey => Channels::Grey,
        Stored::Rgb | Stored::YCbCr => Channels::Rgb,
        // Adobe stores inks the other way round, and so does everybody else.
        Stored::Cmyk | Stored::Ycck => Channels::CmykInverted,
    };
    // Where scans are put together, all coefficients exist at once.
    let coefficients = decompressor.coefficient_bytes()?;
    let rows = 2 * (channels.count() as u64 + 3) * u64::from(size.0);
    let held = |detail| coefficients + rows + 3 * pixels(scaled(size, eighths(size, detail)));
    // Whoever cannot be read in full is not screened either: what a file gives must not depend on
    // what it shows.
    let most = request.limits.max_held;
    if held(Detail::Full) > most {
        return Err(PhotoError::TooLarge(format!(
            "{} x {} pixels: the scans of the JPEG take {} bytes together, the limit is {most}",
            size.0,
            size.1,
            held(Detail::Full)
        )));
    }
    let decoded = pixels(size) * channels.count() as u64;
    request.admit_holding(size, decoded, held(request.detail))?;

    let eighths = eighths(size, request.detail);
    let layout = Layout::new(channels, 1).with_profile(profile(segments(bytes)));
    let (mut converter, mark) = Converter::new(layout);
    let canvas = match plain(bytes, &mut decompressor, eighths, &mut converter)? {
        Some(canvas) => canvas,
        None => by_libjpeg(&mut decompressor, eighths, &mut converter)?,
    };
    let damaged = decompressor.is_damaged().then_some(Mark::Damaged);
    Ok(StoredPixels {
        pixels: canvas.finish(),
        size,
        orientation: exif(segments(bytes))
            .and_then(orientation)
            .unwrap_or(Orientation::NoTransforms),
        marks: mark.into_iter().chain(damaged).collect(),
    })
}

/// Fills a canvas with what libjpeg decodes at this scale.
fn by_libjpeg(
    decompressor: &mut Decompressor<'_>,
    eighths: u32,
    converter: &mut Converter,
) -> Result<Canvas, PhotoError> {
    let (columns, rows) = decompressor.start(eighths)?;
    let mut canvas = Canvas::new((columns, rows), 1)?;
    let mut row = vec![0; decompressor.samples_of_row()];
    let mut rgb = vec![0; 3 * columns as usize];
    for _ in 0..rows {
        decompressor.read_row(&mut row)?;
        converter.convert(&row, &mut rgb);
        canvas.push(&rgb);
    }
    Ok(canvas)
}

/// The same by the faster reader of plain files, before the decompressor is started; `None` where
/// that leaves the file to libjpeg.
fn plain(
    bytes: &[u8],
    decompressor: &mut Decompressor<'_>,
    eighths: u32,
    converter: &mut Converter,
) -> Result<Option<Canvas>, PhotoError> {
    let is_plain = matches!(decompressor.stored()?, Stored::Grey | Stored::YCbCr);
    if eighths > 2 || !is_plain || decompressor.is_damaged() {
        return Ok(None);
    }
    let size = decompressor.size();
    let (columns, rows) = scaled(size, eighths);
    let mut canvas = Canvas::new((columns, rows), 1)?;
    let mut rgb = vec![0; 3 * columns as usize];
    let decoded = jpeg_reduced::decode(bytes, size, eighths, |row| {
        converter.convert(row, &mut rgb);
        canvas.push(&rgb);
    });
    Ok(decoded.map(|()| canvas))
}

/// Whether the faster reader of plain files gives what libjpeg gives, or leaves the file to it, at
/// every scale that it knows; pictures of more than `most` pixels are not compared. For tests and
/// fuzzing.
#[doc(hidden)]
#[must_use]
pub fn plain_jpeg_agrees(bytes: &[u8], most: u64) -> bool {
    [1, 2].into_iter().all(|eighths| {
        // `None` where there is nothing to compare.
        let agrees = || {
            let mut decompressor = Decompressor::open(bytes)?;
            if pixels(decompressor.size()) > most {
                return Ok(None);
            }
            let channels = match decompressor.stored()? {
                Stored::Grey => Channels::Grey,
                _ => Channels::Rgb,
            };
            let mut converter = Converter::new(Layout::new(channels, 1)).0;
            let plain = plain(bytes, &mut decompressor, eighths, &mut converter)?;
            let Some(plain) = plain else {
                return Ok(None);
            };
            let whole = by_libjpeg(&mut decompressor, eighths, &mut converter);
            let same = whole.is_ok_and(|whole| whole.finish() == plain.finish());
            Ok::<_, PhotoError>(Some(same && !decompressor.is_damaged()))
        };
        agrees().ok().flatten() != Some(false)
    })
}

/// The scale, in eighths, at which a picture of this size is decoded.
fn eighths(size: (u32, u32), detail: Detail) -> u32 {
    match detail {
        Detail::Full => (1..=8)
            .rev()
            .find(|&to| pixels(scaled(size, to)) <= MOST_PIXELS)
            .unwrap_or(1),
        // The library has fast code for halves.
        Detail::Screening => [1, 2, 4]
            .into_iter()
            .find(|&to| {
                let (width, height) = scaled(size, to);
                let least = if to == 1 { EIGHTH_SIDE } else { SCREENING_SIDE };
                width.min(height) >= least
            })
            .unwrap_or(8),
    }
}

/// A size at so many eighths, as the library rounds it.
fn scaled((width, height): (u32, u32), eighths: u32) -> (u32, u32) {
    (
        (width * eighths).div_ceil(8),
        (height * eighths).div_ceil(8),
    )
}

fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screening_takes_the_smallest_half_that_leaves_enough_pixels() {
        let to = |width, height| eighths((width, height), Detail::Screening);
        assert_eq!(to(600, 600), 8);
        assert_eq!(to(1022, 2000), 8);
        assert_eq!(to(1024, 2000), 4);
        assert_eq!(to(4000, 2250), 2);
        assert_eq!(to(4000, 3000), 1);
        assert_eq!(to(8000, 6000), 1);
    }

    #[test]
    fn every_pixel_is_decoded_up_to_the_bound_and_the_most_that_fit_beyond() {
        let to = |width, height| eighths((width, height), Detail::Full);
        assert_eq!(to(4096, 4096), 8);
        assert_eq!(to(4097, 4096), 7);
        assert_eq!(to(8000, 6000), 4);
        assert_eq!(to(10_000, 10_000), 3);
    }
}
