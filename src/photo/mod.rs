//! Bytes to pixels: one decode per photo, upright, opaque RGB.

use image::RgbImage;

/// A decoded photograph, ready for every later stage.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Upright RGB pixels: EXIF orientation applied, alpha composited on white.
    pub pixels: RgbImage,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
}
