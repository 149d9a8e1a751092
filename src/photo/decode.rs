//! One decode: limits first, then pixels, upright and opaque.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::blank::is_blank;
use super::decoded::Decoded;
#[cfg(any(feature = "avif", feature = "heic"))]
use super::heif;
#[cfg(feature = "jxl")]
use super::jxl;
use super::request::Request;
use super::{Format, Mark, PhotoError, bmp, gif, jpeg, png, tiff, webp};

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// True while this thread is inside a decoder whose panic will be caught and
/// become the picture's error; a panic hook should then stay silent.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Decodes bytes of a known format into upright, opaque RGB, and marks a picture that shows nothing.
///
/// # Errors
/// [`PhotoError`] other than `NotFound` and `Unreadable`. A decoder's panic is
/// caught and becomes [`PhotoError::Corrupt`]: image decoders panic on some
/// malformed files.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    request: &Request<'_>,
) -> Result<Decoded, PhotoError> {
    let mut decoded = decode_known(bytes, format, request)?;
    if !decoded.marks.contains(&Mark::Blank) && is_blank(&decoded.pixels) {
        decoded.marks.insert(0, Mark::Blank);
    }
    Ok(decoded)
}

/// The same for a picture that is known to show something.
///
/// # Errors
/// Those of [`decode`].
pub(super) fn decode_known(
    bytes: &[u8],
    format: Format,
    request: &Request<'_>,
) -> Result<Decoded, PhotoError> {
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| upright(bytes, format, request)));
    DECODING.set(false);
    outcome.unwrap_or_else(|_| {
        Err(PhotoError::Corrupt(format!(
            "the {} decoder gave up on malformed data",
            format.name()
        )))
    })
}

fn upright(bytes: &[u8], format: Format, request: &Request<'_>) -> Result<Decoded, PhotoError> {
    let stored = match format {
        Format::Jpeg => jpeg::decode(bytes, request),
        Format::Png => png::decode(bytes, request),
        Format::WebP => webp::decode(bytes, request),
        Format::Gif => gif::decode(bytes, request),
        Format::Bmp => bmp::decode(bytes, request),
        Format::Tiff => tiff::decode(bytes, request),
        #[cfg(any(feature = "avif", feature = "heic"))]
        Format::Avif | Format::Heic => heif::decode(bytes, request),
        #[cfg(feature = "jxl")]
        Format::Jxl => jxl::decode(bytes, request),
        #[allow(unreachable_patterns, reason = "every format may be built in")]
        _ => Err(format.not_built_in()),
    }?;
    Ok(stored.upright())
}
