//! Light and its scales: luminance, highlight mask, local contrast, a pyramid of halved pictures.

use image::RgbImage;

/// Luminance above which a pixel counts as a blown highlight, 0 to 255.
const BLOWN: f32 = 250.0;
/// Luminance below which contrast is no longer taken relative to the local mean, 0 to 255.
const DARK: f32 = 24.0;
/// Half side of the box that defines the local mean, in pixels of the level.
const REACH: usize = 8;

/// One plane of `f32` values, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Plane {
    /// Luminance 0 to 255 with the weights of ITU-R BT.601.
    pub(crate) fn luminance(pixels: &RgbImage) -> Self {
        let values = pixels
            .as_raw()
            .chunks_exact(3)
            .map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]))
            .collect();
        Self {
            width: pixels.width() as usize,
            height: pixels.height() as usize,
            values,
        }
    }

    /// Half the size, after a separable binomial filter (1 3 3 1)/8 that keeps finer patterns from aliasing.
    pub(crate) fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut rows = vec![0.0; width * self.height];
        for (row, out) in self
            .values
            .chunks_exact(self.width)
            .zip(rows.chunks_exact_mut(width.max(1)))
        {
            for (i, value) in out.iter_mut().enumerate() {
                let last = self.width - 1;
                *value = 0.125 * (row[(2 * i).saturating_sub(1)] + row[(2 * i + 2).min(last)])
                    + 0.375 * (row[2 * i] + row[2 * i + 1]);
            }
        }
        let mut values = vec![0.0; width * height];
        for (j, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
            let line = |y: usize| &rows[y * width..(y + 1) * width];
            let above = line((2 * j).saturating_sub(1));
            let (first, second) = (line(2 * j), line(2 * j + 1));
            let below = line((2 * j + 2).min(self.height - 1));
            for (i, value) in out.iter_mut().enumerate() {
                *value = 0.125 * (above[i] + below[i]) + 0.375 * (first[i] + second[i]);
            }
        }
        Self {
            width,
            height,
            values,
        }
    }

    /// Mean over a box of side `2 * reach + 1`, edges repeated.
    pub(crate) fn boxed(&self, reach: usize) -> Self {
        let (width, height) = (self.width, self.height);
        let norm = 1.0 / (2 * reach + 1) as f32;
        let mut rows = vec![0.0; width * height];
        for (row, out) in self
            .values
            .chunks_exact(width)
            .zip(rows.chunks_exact_mut(width))
        {
            let at = |i: isize| row[i.clamp(0, width as isize - 1) as usize];
            let mut sum: f32 = (-(reach as isize)..=reach as isize).map(at).sum();
            for (i, value) in out.iter_mut().enumerate() {
                *value = sum * norm;
                sum += at((i + reach + 1) as isize) - at(i as isize - reach as isize);
            }
        }
        let mut sums = vec![0.0f32; width];
        let line = |j: isize| {
            let j = j.clamp(0, height as isize - 1) as usize;
            &rows[j * width..(j + 1) * width]
        };
        for j in -(reach as isize)..=reach as isize {
            for (sum, value) in sums.iter_mut().zip(line(j)) {
                *sum += value;
            }
        }
        let mut values = vec![0.0; width * height];
        for (j, out) in values.chunks_exact_mut(width).enumerate() {
            let (enter, leave) = (
                line((j + reach + 1) as isize),
                line(j as isize - reach as isize),
            );
            for i in 0..width {
                out[i] = sums[i] * norm;
                sums[i] += enter[i] - leave[i];
            }
        }
        Self {
            width,
            height,
            values,
        }
    }
}

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
        let mut contrast = light.boxed(REACH);
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

/// The picture at full size, half, a quarter and so on, down to `smallest` pixels on the short side.
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
