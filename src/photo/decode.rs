//! One decode: limits first, then pixels, upright and opaque.

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use image::error::ImageError;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader, RgbImage};

use super::{Format, Limits, PhotoError, jpeg};

/// Decoded sizes from which pictures are decoded one at a time, so that
/// several workers meeting giants together do not add their memory up.
const GIANT_BYTES: u64 = 96 << 20;

static GIANT: Mutex<()> = Mutex::new(());

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// True while this thread is inside a decoder whose panic will be caught and
/// become the picture's error; a panic hook should then stay silent.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Decodes bytes of a known format into upright, opaque RGB.
///
/// # Errors
/// [`PhotoError`] other than `NotFound` and `Unreadable`. A decoder's panic is
/// caught and becomes [`PhotoError::Corrupt`]: image decoders panic on some
/// malformed files.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
) -> Result<RgbImage, PhotoError> {
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| decode_inner(bytes, format, limits)));
    DECODING.set(false);
    outcome.unwrap_or_else(|_| {
        Err(PhotoError::Corrupt(format!(
            "the {} decoder gave up on malformed data",
            format.name()
        )))
    })
}

fn decode_inner(bytes: &[u8], format: Format, limits: &Limits) -> Result<RgbImage, PhotoError> {
    let fail = |error| explain(error, format);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.decoder());
    let mut inner = image::Limits::no_limits();
    inner.max_alloc = Some(limits.max_alloc);
    reader.limits(inner);
    let mut decoder = reader.into_decoder().map_err(fail)?;

    // `image` applies no limits of its own on this path, so look before decoding.
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err(PhotoError::Corrupt(format!(
            "a {} picture of {width} x {height} pixels",
            format.name()
        )));
    }
    if pixels > limits.max_pixels {
        return Err(PhotoError::TooLarge(format!(
            "{width} x {height} pixels, the limit is {} pixels",
            limits.max_pixels
        )));
    }
    let decoded = decoder.total_bytes();
    if decoded > limits.max_alloc {
        return Err(PhotoError::TooLarge(format!(
            "{decoded} bytes when decoded, the limit is {}",
            limits.max_alloc
        )));
    }
    let _turn = (decoded > GIANT_BYTES).then(|| GIANT.lock());

    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let rgb = opaque(DynamicImage::from_decoder(decoder).map_err(fail)?);
    if format == Format::Jpeg && jpeg::is_cut_short(bytes, &rgb) {
        return Err(PhotoError::Corrupt(
            "the JPEG ends before its picture does (a broken download?)".into(),
        ));
    }
    Ok(upright(rgb, orientation))
}

fn upright(rgb: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return rgb;
    }
    let mut picture = DynamicImage::ImageRgb8(rgb);
    picture.apply_orientation(orientation);
    picture.into_rgb8()
}

/// Composites on white whatever is transparent, and brings every sample to 8 bits.
fn opaque(picture: DynamicImage) -> RgbImage {
    if let DynamicImage::ImageLuma8(grey) = picture {
        return coloured(&grey);
    }
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for pixel in rgba.as_raw().as_chunks::<4>().0 {
        let alpha = u32::from(pixel[3]);
        for &value in &pixel[..3] {
            let blended = u32::from(value) * alpha + 255 * (255 - alpha);
            rgb.push(((blended + 127) / 255) as u8);
        }
    }
    RgbImage::from_raw(width, height, rgb).unwrap_or_else(|| RgbImage::new(width, height))
}

/// Grey as equal red, green and blue; `image` does the same by way of floats and colour spaces.
fn coloured(grey: &GrayImage) -> RgbImage {
    let mut rgb = RgbImage::new(grey.width(), grey.height());
    for (three, one) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(grey.as_raw()) {
        *three = [*one; 3];
    }
    rgb
}

fn explain(error: ImageError, format: Format) -> PhotoError {
    let name = format.name();
    match error {
        ImageError::Limits(_) => PhotoError::TooLarge(format!("{name}: beyond the memory limit")),
        ImageError::Unsupported(inner) => PhotoError::Unsupported(format!("{name}: {inner}")),
        ImageError::IoError(inner) if inner.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoError::Corrupt(format!("the {name} file ends too early"))
        }
        other => PhotoError::Corrupt(format!("{name}: {other}")),
    }
}
