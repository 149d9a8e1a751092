//! Bytes to pixels: upright, opaque RGB, as large as is needed.
//!
//! ```text
//! bytes -> format (by content) -> that format's decoder, within limits -> rows
//!       -> colour (opaque sRGB) -> canvas (averaged down where the picture is huge)
//!       -> upright
//! ```

mod animation;
mod blank;
mod bmp;
mod bmp_header;
mod bmp_runs;
mod budget;
mod canvas;
mod colour;
mod colour_layout;
mod colour_profile;
mod colour_space;
mod colour_transform;
mod decode;
mod decoded;
mod error;
mod exif;
mod file;
mod format;
mod gif;
#[cfg(any(feature = "avif", feature = "heic"))]
mod heif;
mod jpeg;
mod jpeg_reduced;
mod jpeg_segments;
#[cfg(feature = "jxl")]
mod jxl;
mod libjpeg;
mod libwebp;
mod limits;
mod mark;
mod png;
mod png_chunks;
mod request;
mod tiff;
mod webp;

use std::sync::Arc;

use image::RgbImage;
use sha2::{Digest, Sha256};

pub use blank::is_blank;
pub use decode::is_decoding;
pub use error::{FailureKind, PhotoError};
pub use file::{read, read_file, read_stream};
pub use format::{Format, sniff};
#[doc(hidden)]
pub use jpeg::plain_jpeg_agrees;
pub use limits::Limits;
pub use mark::Mark;
pub use request::Detail;

use budget::{Share, would_fit};
use decoded::Decoded;
use request::{Request, full_size};

/// Identifies how files become pixels, beside everything that is computed of them; changes when
/// ordinary photographs change by more than single levels. 1 was never written down: JPEG by
/// zune-jpeg in full size, colours as they stand. 2: JPEG by libjpeg-turbo at the scale that is
/// needed, colours through embedded profiles. 3: JPEGs of twelve megapixels at an eighth.
pub const PIXELS_ID: &str = "pixels/3";

/// A decoded photograph, ready for every later stage.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Upright 8-bit sRGB pixels: orientation applied once, alpha composited on white, CMYK,
    /// grey, palette and 16-bit converted. At the photo's size, or smaller: see [`Detail`].
    pub pixels: RgbImage,
    /// Upright width in pixels, as the file declares it.
    pub width: u32,
    /// Upright height in pixels, as the file declares it.
    pub height: u32,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// What a reader of results should know of these pixels, in a fixed order, each once.
    pub marks: Vec<Mark>,
    /// Its part of what all photos in hand may take, until the last copy is dropped.
    share: Arc<Share>,
}

impl Photo {
    /// Decodes a file's bytes in full detail.
    ///
    /// # Errors
    /// A [`PhotoError`] that says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        Self::with_detail(bytes, limits, Detail::Full)
    }

    /// Decodes a file's bytes, no larger than `detail` needs.
    ///
    /// # Errors
    /// A [`PhotoError`] that says what is wrong with the bytes.
    pub fn with_detail(bytes: &[u8], limits: &Limits, detail: Detail) -> Result<Self, PhotoError> {
        if bytes.len() as u64 > limits.max_bytes {
            return Err(file::too_many_bytes(bytes.len() as u64, limits));
        }
        let format = sniff(bytes)?;
        let request = Request::new(limits, detail);
        let decoded = decode::decode(bytes, format, &request)?;
        Ok(Self::of(
            decoded,
            request,
            Sha256::digest(bytes).into(),
            format,
        ))
    }

    /// The same photo in full detail, decoded once more from the bytes of which it was made; they
    /// are not hashed again, nor is it asked again whether the picture shows anything. The pixels
    /// in hand go first, so that only one of both is held.
    ///
    /// # Errors
    /// Those of [`Photo::from_bytes`].
    pub fn in_full(self, bytes: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        let Self {
            sha256,
            format,
            pixels,
            share,
            ..
        } = self;
        drop((pixels, share));
        let request = Request::new(limits, Detail::Full);
        let decoded = decode::decode_known(bytes, format, &request)?;
        Ok(Self::of(decoded, request, sha256, format))
    }

    fn of(decoded: Decoded, request: Request<'_>, sha256: [u8; 32], format: Format) -> Self {
        Self {
            share: Arc::new(request.into_share(decoded.pixels.as_raw().len())),
            pixels: decoded.pixels,
            width: decoded.width,
            height: decoded.height,
            sha256,
            format,
            marks: decoded.marks,
        }
    }

    /// The same photo, once there is memory to read its lattice: waited for where other photos
    /// hold too much. One that was decoded in full detail has it already.
    ///
    /// # Errors
    /// [`PhotoError::TooLarge`] when the system does not give so much.
    pub fn for_reading(mut self) -> Result<Self, PhotoError> {
        let pixels = u64::from(self.pixels.width()) * u64::from(self.pixels.height());
        self.share = Arc::default();
        self.share = Arc::new(Share::take(request::READING * pixels));
        let needed = (request::READING - 3) * pixels;
        if would_fit(needed) {
            return Ok(self);
        }
        Err(PhotoError::TooLarge(format!(
            "{} x {} pixels: there is not enough memory for {needed} bytes to read its lattice",
            self.width, self.height
        )))
    }

    /// Whether the pixels are fewer than [`Detail::Full`] gives.
    #[must_use]
    pub fn is_reduced(&self) -> bool {
        let (width, height) = full_size((self.width, self.height));
        self.pixels.width() < width || self.pixels.height() < height
    }
}

/// Lower-case hexadecimal digits of a hash.
#[must_use]
pub fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
