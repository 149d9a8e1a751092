//! HEIF: the container of HEIC (HEVC pictures) and AVIF (AV1 pictures).
//!
//! ```text
//! boxes -> container (the primary item, how it lies) -> mosaic (tiles, decoded as their rows
//!       are asked for, by hevc or av1) -> planes (RGB, transparency) -> the converter, the canvas
//! ```
//!
//! A picture's orientation is that of its properties; what an EXIF block inside says is not
//! applied, as the standard has it. Of a sequence the primary picture is shown.

#[cfg(feature = "avif")]
mod av1;
mod container;
#[cfg(feature = "heic")]
mod hevc;
mod mosaic;
mod planes;

use self::container::{Container, Crop};
use self::mosaic::Mosaic;
use super::canvas::Canvas;
use super::colour::{Channels, Converter, Layout};
use super::decoded::Stored;
use super::request::Request;
use super::{Mark, PhotoError};

/// Bytes that a codec holds of each pixel of a row of tiles, at most (measured).
const HELD: u64 = 10;

/// Decodes the primary picture of a HEIC or AVIF file.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let container = Container::read(bytes)?;
    let primary = container.primary();
    let (size, orientation, crop) = container.geometry(primary)?;
    let mut colours = Mosaic::new(&container, primary, size)?;
    let alpha = container.alpha(primary);
    let is_premultiplied = alpha.is_some_and(|alpha| container.is_premultiplied(primary, alpha));
    let mut alpha = alpha
        .map(|alpha| Mosaic::new(&container, alpha, size))
        .transpose()?;
    let pixels = u64::from(size.0) * u64::from(size.1);
    let decoding = colours.pixels() + alpha.as_ref().map_or(0, Mosaic::pixels);
    let held = HELD * decoding + 3 * request.reduced_pixels((crop.width, crop.height));
    request.admit_holding(size, 4 * pixels, held)?;

    // What the first tile says holds for all.
    let first = colours.planes(0)?;
    let (is_grey, depth) = (first.is_grey(), first.depth);
    let bytes = if depth > 8 { 2 } else { 1 };
    let channels = match (is_grey, alpha.is_some()) {
        (true, false) => Channels::Grey,
        (true, true) => Channels::GreyAlpha,
        (false, false) => Channels::Rgb,
        (false, true) => Channels::Rgba,
    };
    let layout = Layout::new(channels, bytes).with_colours(container.colours(primary, first));
    let layout = if is_premultiplied {
        layout.premultiplied()
    } else {
        layout
    };
    let (mut converter, mark) = Converter::new(layout);

    let Crop {
        left,
        top,
        width,
        height,
    } = crop;
    let mut canvas = Canvas::new((width, height), request.reduction((width, height)))?;
    let samples = channels.count();
    let mut row = vec![0u16; samples * size.0 as usize];
    let mut stored = vec![0; samples * bytes * width as usize];
    let mut rgb = vec![0; 3 * width as usize];
    for y in top..top + height {
        colours.colours(y, &mut row, samples)?;
        if let Some(alpha) = &mut alpha {
            alpha.alpha(y, &mut row, samples, depth)?;
        }
        let row = &row[samples * left as usize..][..samples * width as usize];
        pack(row, depth, &mut stored);
        converter.convert(&stored, &mut rgb);
        canvas.push(&rgb);
    }
    Ok(Stored {
        pixels: canvas.finish(),
        size: (width, height),
        orientation,
        marks: mark.into_iter().collect::<Vec<Mark>>(),
    })
}

/// Samples of `depth` bits to bytes, or to 16 bits in the machine's byte order.
fn pack(row: &[u16], depth: u32, out: &mut [u8]) {
    if depth == 8 {
        for (out, &sample) in out.iter_mut().zip(row) {
            *out = sample as u8;
        }
        return;
    }
    let highest = (1_u32 << depth) - 1;
    for (out, &sample) in out.as_chunks_mut::<2>().0.iter_mut().zip(row) {
        *out = ((u32::from(sample) * 65535 / highest) as u16).to_ne_bytes();
    }
}
