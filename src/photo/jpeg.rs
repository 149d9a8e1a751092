//! JPEG.

use image::RgbImage;

use super::decoded::Stored;
use super::request::Request;
use super::{Format, PhotoError, through_image};

/// Decodes a JPEG.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let stored = through_image::decode(bytes, Format::Jpeg, request)?;
    if is_cut_short(bytes, &stored.pixels) {
        return Err(PhotoError::Corrupt(
            "the JPEG ends before its picture does (a broken download?)".into(),
        ));
    }
    Ok(stored)
}

/// True when a decoded JPEG lacks its lower part.
///
/// The decoder is lenient, as browsers are: where the data end too early it
/// leaves mid-grey. A file without its end-of-image marker whose last row is
/// that flat grey is therefore a broken download. A file that lacks only the
/// marker is whole and passes; so does a progressive file that lost its last
/// refinements.
fn is_cut_short(bytes: &[u8], pixels: &RgbImage) -> bool {
    if has_end_marker(bytes) {
        return false;
    }
    let row = pixels.width() as usize * 3;
    let data = pixels.as_raw();
    let mut values = data[data.len() - row..].iter().copied();
    values.all(|value| value.abs_diff(128) <= 1)
}

/// Looks for the end-of-image marker (`FF D9`) after the last start of scan
/// (`FF DA`): an embedded thumbnail has an end marker of its own before that.
fn has_end_marker(bytes: &[u8]) -> bool {
    let last_scan = memchr::memmem::rfind(bytes, b"\xff\xda").unwrap_or(0);
    memchr::memmem::find(&bytes[last_scan..], b"\xff\xd9").is_some()
}
