//! What a format's decoder hands on.

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::Mark;

/// Opaque sRGB pixels as they are stored in the file, not yet turned upright.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) pixels: RgbImage,
    /// Declared size, before reduction and before turning.
    pub(super) size: (u32, u32),
    pub(super) orientation: Orientation,
    pub(super) marks: Vec<Mark>,
}

/// Upright pixels.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) pixels: RgbImage,
    pub(super) width: u32,
    pub(super) height: u32,
    /// In order, each once.
    pub(super) marks: Vec<Mark>,
}

impl Stored {
    /// Turns the picture as its orientation says.
    pub(super) fn upright(self) -> Decoded {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        let lies = matches!(
            self.orientation,
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
        );
        let (width, height) = match lies {
            true => (self.size.1, self.size.0),
            false => self.size,
        };
        let mut marks = self.marks;
        marks.sort_unstable();
        marks.dedup();
        Decoded {
            pixels: turned(self.pixels, self.orientation),
            width,
            height,
            marks,
        }
    }
}

fn turned(pixels: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let mut picture = DynamicImage::ImageRgb8(pixels);
    picture.apply_orientation(orientation);
    picture.into_rgb8()
}
