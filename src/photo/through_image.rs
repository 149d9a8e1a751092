//! Decoding by way of the crate `image`, for formats that need nothing of their own.

use std::io::Cursor;

use image::error::ImageError;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

use super::canvas::Canvas;
use super::colour::{Channels, Converter, Layout};
use super::decoded::Stored;
use super::request::Request;
use super::{Format, Mark, PhotoError, exif};

/// Decodes with the decoder that `image` has for this format.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    request: &Request<'_>,
) -> Result<Stored, PhotoError> {
    let decoder = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Bmp => ImageFormat::Bmp,
        Format::Avif => ImageFormat::Avif,
        Format::Tiff | Format::Heic | Format::Jxl => {
            let name = format.name();
            return Err(PhotoError::Internal(format!("no decoder for {name} here")));
        }
    };
    let fail = |error| explain(error, format);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), decoder);
    let mut inner = image::Limits::no_limits();
    inner.max_alloc = Some(request.limits.max_alloc);
    reader.limits(inner);
    let mut decoder = reader.into_decoder().map_err(fail)?;

    // `image` applies no limits of its own on this path, so look before decoding.
    let size = decoder.dimensions();
    let decoded = decoder.total_bytes();
    request.admit(size, decoded)?;

    let block = decoder.exif_metadata().ok().flatten();
    let orientation = block.and_then(|block| exif::orientation(&block));
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(fail)?;
    let (pixels, mark) = opaque(&picture, profile, request.reduction(size))?;
    Ok(Stored {
        pixels,
        size,
        orientation,
        marks: mark.into_iter().collect(),
    })
}

/// Lays on white whatever is transparent, and brings every sample to 8 bits.
fn opaque(
    picture: &DynamicImage,
    profile: Option<Vec<u8>>,
    reduction: u32,
) -> Result<(RgbImage, Option<Mark>), PhotoError> {
    let (channels, bytes) = match picture.color() {
        ColorType::L8 => (Channels::Grey, 1),
        ColorType::L16 => (Channels::Grey, 2),
        ColorType::La8 => (Channels::GreyAlpha, 1),
        ColorType::La16 => (Channels::GreyAlpha, 2),
        ColorType::Rgb8 => (Channels::Rgb, 1),
        ColorType::Rgb16 => (Channels::Rgb, 2),
        ColorType::Rgba8 => (Channels::Rgba, 1),
        ColorType::Rgba16 => (Channels::Rgba, 2),
        _ => {
            let eight = DynamicImage::ImageRgba8(picture.to_rgba8());
            return opaque(&eight, profile, reduction);
        }
    };
    let (width, height) = (picture.width(), picture.height());
    let (mut converter, mark) = Converter::new(Layout::new(channels, bytes).with_profile(profile));
    let mut canvas = Canvas::new((width, height), reduction)?;
    let mut rgb = vec![0; 3 * width as usize];
    let stride = width as usize * channels.count() * bytes;
    for row in picture.as_bytes().chunks_exact(stride) {
        converter.convert(row, &mut rgb);
        canvas.push(&rgb);
    }
    Ok((canvas.finish(), mark))
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
