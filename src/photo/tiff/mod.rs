//! TIFF and BigTIFF: the first page, unpacked row by row.
//!
//! ```text
//! directory (tags) -> picture (what they mean) -> bands (strips or tiles, of all planes)
//!       -> codec | fax | jpeg (bytes) -> samples -> interpretation -> the converter, the canvas
//! ```
//!
//! The first directory is shown even where it says that it holds a preview, as Pillow does.

mod bands;
mod codec;
mod directory;
mod fax;
mod interpretation;
mod jpeg;
mod picture;
mod samples;

use self::bands::Bands;
use self::directory::Directory;
use self::interpretation::Interpretation;
use self::picture::{Compression, Picture};
use super::canvas::Canvas;
use super::colour::Converter;
use super::decoded::Stored;
use super::request::Request;
use super::{Mark, PhotoError};

/// Decodes the first page of a TIFF.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let directory = Directory::first(bytes)?;
    let picture = Picture::read(&directory)?;
    let decoded = picture.decoded_bytes();
    let held = decoded.min(bands::MOST_HELD) + 3 * request.reduced_pixels(picture.size);
    request.admit_holding(picture.size, decoded, held)?;
    let mut bands = Bands::new(bytes, &picture)?;
    let is_rgb_already = picture.compression == Compression::Jpeg && !picture.is_planar;
    let mut interpretation = Interpretation::new(&picture, is_rgb_already);
    let (mut converter, mark) = Converter::new(interpretation.layout(&picture));
    let (width, height) = picture.size;
    let mut canvas = Canvas::new(picture.size, request.reduction(picture.size))?;
    let mut row = vec![0; bands.row_bytes()];
    let mut rgb = vec![0; 3 * width as usize];
    let mut is_cut = false;
    for y in 0..height {
        match bands.next(&mut row) {
            Ok(()) => {}
            // As of a JPEG, half a picture is one.
            Err(PhotoError::Corrupt(_)) if y >= height.div_ceil(2) => {
                is_cut = true;
                break;
            }
            Err(error) => return Err(error),
        }
        converter.convert(interpretation.convert(&mut row), &mut rgb);
        canvas.push(&rgb);
    }
    let damaged = (is_cut || bands.is_damaged()).then_some(Mark::Damaged);
    Ok(Stored {
        pixels: canvas.finish(),
        size: picture.size,
        orientation: picture.orientation,
        marks: mark.into_iter().chain(damaged).collect(),
    })
}
