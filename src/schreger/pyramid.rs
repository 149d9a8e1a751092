//! The scales of a picture: luminance and local contrast, halved from level to level.

use crate::schreger::plane::Plane;
use image::RgbImage;

/// Luminance above which a pixel counts as a blown highlight, 0 to 255.
const BLOWN: f32 = 250.0;
/// Luminance below which contrast is no longer taken relative to the local mean, 0 to 255.
const DARK: f32 = 24.0;
/// Half side of the box that defines the local mean, in pixels of the level.
const REACH: usize = 8;

/// One scale of the picture.
#[derive(Debug)]
pub(crate) struct Level {
    /// Side of one pixel of this level, in pixels of the picture.
    pub(crate) scale: f64,
    /// Luminance, 0 to 255.
    pub(crate) light: Plane,
    /// Luminance relative to its local mean, less one; 0 in highlights.
    pub(crate) contrast: Plane,
}

impl Level {
    fn new(light: Plane, scale: f64) -> Self {
        let mut contrast = light.box_mean(REACH);
        for (mean, light) in contrast.values.iter_mut().zip(&light.values) {
            *mean = if *light >= BLOWN {
                0.0
            } else {
                (light - *mean) / mean.max(DARK)
            };
        }
        Self {
            scale,
            light,
            contrast,
        }
    }
}

/// The picture at full size, half, a quarter and so on, down to `smallest` pixels on the short
/// side.
pub(crate) fn pyramid(pixels: &RgbImage, smallest: usize) -> Vec<Level> {
    let mut light = Plane::luminance(pixels);
    let mut levels = Vec::new();
    let mut scale = 1.0;
    while light.width.min(light.height) >= smallest {
        let next = light.halved();
        levels.push(Level::new(light, scale));
        light = next;
        scale *= 2.0;
    }
    levels
}
