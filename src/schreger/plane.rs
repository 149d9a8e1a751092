//! One plane of light and its filters.

use image::RgbImage;

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
