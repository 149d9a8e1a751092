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

    fn zeros(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            values: vec![0.0; width * height],
        }
    }

    /// One row; rows beyond the ends are the first and the last.
    fn row(&self, y: isize) -> &[f32] {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        &self.values[y * self.width..(y + 1) * self.width]
    }

    fn rows_mut(&mut self) -> impl Iterator<Item = (isize, &mut [f32])> {
        (0..).zip(self.values.chunks_exact_mut(self.width.max(1)))
    }

    /// Half the size, after a separable binomial filter (1 3 3 1)/8 that keeps finer patterns from
    /// aliasing.
    ///
    /// `imageproc` 0.27 filters every pixel of which three in four are then dropped: 3.5 ms
    /// instead of 0.5 at 800 x 800.
    pub(crate) fn halved(&self) -> Self {
        let mut narrow = Self::zeros(self.width / 2, self.height);
        for (y, out) in narrow.rows_mut() {
            halve_row(self.row(y), out);
        }
        let mut half = Self::zeros(self.width / 2, self.height / 2);
        for (y, out) in half.rows_mut() {
            let [above, first, second, below] =
                [2 * y - 1, 2 * y, 2 * y + 1, 2 * y + 2].map(|y| &narrow.row(y)[..out.len()]);
            for (x, value) in out.iter_mut().enumerate() {
                *value = binomial(above[x], first[x], second[x], below[x]);
            }
        }
        half
    }

    /// Mean over a box of side `2 * reach + 1`, edges repeated.
    ///
    /// A running sum: `imageproc` 0.27 has it for whole grey levels only, which are up to 2 levels
    /// off, and its filters of `f32` take 9.4 ms instead of 1.0 at 800 x 800. Of the means along
    /// rows only those of one box are held at a time, so that a second plane is all that it takes.
    pub(crate) fn box_mean(&self, reach: usize) -> Self {
        let norm = 1.0 / (2 * reach + 1) as f32;
        let mut rows = RowMeans::new(self, reach);
        let mut sums = vec![0.0; self.width];
        let far = reach as isize;
        for y in -far..=far {
            for (sum, value) in sums.iter_mut().zip(rows.get(y)) {
                *sum += value;
            }
        }
        let mut means = Self::zeros(self.width, self.height);
        let mut enter = vec![0.0; self.width];
        for (y, out) in means.rows_mut() {
            enter.copy_from_slice(rows.get(y + far + 1));
            let leave = rows.get(y - far);
            let change = enter.iter().zip(leave).map(|(enter, leave)| enter - leave);
            for ((mean, sum), change) in out.iter_mut().zip(&mut sums).zip(change) {
                *mean = *sum * norm;
                *sum += change;
            }
        }
        means
    }
}

/// Means along the rows of a plane, of the rows last asked for.
struct RowMeans<'a> {
    plane: &'a Plane,
    reach: usize,
    /// A ring of rows, and which row each place holds.
    ring: Vec<f32>,
    held: Vec<Option<usize>>,
}

impl<'a> RowMeans<'a> {
    fn new(plane: &'a Plane, reach: usize) -> Self {
        // A box, and the row that enters it while another leaves.
        let rows = 2 * reach + 2;
        Self {
            plane,
            reach,
            ring: vec![0.0; rows * plane.width],
            held: vec![None; rows],
        }
    }

    /// One row of means; rows beyond the ends are the first and the last.
    fn get(&mut self, y: isize) -> &[f32] {
        let row = y.clamp(0, self.plane.height as isize - 1) as usize;
        let place = row % self.held.len();
        let width = self.plane.width;
        let means = &mut self.ring[place * width..(place + 1) * width];
        if self.held[place] != Some(row) {
            box_mean_of_row(self.plane.row(row as isize), self.reach as isize, means);
            self.held[place] = Some(row);
        }
        means
    }
}

/// The filter (1 3 3 1)/8.
fn binomial(a: f32, b: f32, c: f32, d: f32) -> f32 {
    0.125 * (a + d) + 0.375 * (b + c)
}

/// Every second value of a filtered row.
fn halve_row(row: &[f32], out: &mut [f32]) {
    let last = row.len() - 1;
    for (x, value) in out.iter_mut().enumerate() {
        let (left, right) = ((2 * x).saturating_sub(1), (2 * x + 2).min(last));
        *value = binomial(row[left], row[2 * x], row[2 * x + 1], row[right]);
    }
}

fn box_mean_of_row(row: &[f32], reach: isize, out: &mut [f32]) {
    let norm = 1.0 / (2 * reach + 1) as f32;
    let value = |x: isize| row[x.clamp(0, row.len() as isize - 1) as usize];
    let mut sum: f32 = (-reach..=reach).map(value).sum();
    for (x, mean) in (0..).zip(out) {
        *mean = sum * norm;
        sum += value(x + reach + 1) - value(x - reach);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Plane {
        Plane {
            width: 40,
            height: 30,
            values: (0..30 * 40)
                .map(|i| (i % 40 + 2 * (i / 40)) as f32)
                .collect(),
        }
    }

    #[test]
    fn halving_keeps_a_ramp_inside_the_borders() {
        let half = ramp().halved();
        assert_eq!((half.width, half.height), (20, 15));
        // Pixel (x, y) of the half lies between (2x, 2y) and (2x + 1, 2y + 1).
        assert_eq!(half.values[5 * 20 + 7], 14.5 + 2.0 * 10.5);
    }

    #[test]
    fn the_mean_of_a_ramp_is_the_ramp_and_borders_are_repeated() {
        let mean = ramp().box_mean(3);
        let off = (mean.values[15 * 40 + 20] - (20.0 + 30.0)).abs();
        assert!(off < 1e-3, "{off}");
        // Columns 0 0 0 0 1 2 3 in the corner, rows alike and twice as steep.
        let corner = (mean.values[0] - (6.0 / 7.0 + 12.0 / 7.0)).abs();
        assert!(corner < 1e-4, "{corner}");
    }
}
