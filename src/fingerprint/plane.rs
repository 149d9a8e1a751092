//! Grey pictures as matrices: the working size, the pyramid, the blur.

use std::ops::Range;

use image::RgbImage;
use ndarray::{Array2, Zip, s};

use super::landmark::LEVEL_RATIO;

/// A grey picture, levels 0 to 255, indexed by (row, column).
pub(super) type Plane = Array2<f32>;

/// Longer side, in pixels, of the first pyramid level.
const WORKING_SIDE: usize = 320;

/// BT.601 luma at [`WORKING_SIDE`]. Larger pictures are averaged down; smaller ones are enlarged,
/// so that the levels of a thumbnail and of its original show the same things, but no more than
/// fourfold.
pub(super) fn working_plane(pixels: &RgbImage) -> Plane {
    let plane = averaged(pixels);
    let (height, width) = plane.dim();
    let longer = width.max(height);
    let side = WORKING_SIDE.min(4 * longer);
    if side <= longer || longer == 0 {
        return plane;
    }
    let fit = |length: usize| (length * side / longer).max(1);
    bilinear(&plane, fit(width), fit(height))
}

/// BT.601 luma averaged down to [`WORKING_SIDE`]; smaller pictures keep their size.
fn averaged(pixels: &RgbImage) -> Plane {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    let longer = w.max(h).max(1);
    let fit = |side: usize| match longer > WORKING_SIDE {
        true => (side * WORKING_SIDE / longer).max(1),
        false => side,
    };
    let (width, height) = (fit(w), fit(h));
    let mut sums = vec![0_u32; 3 * w];
    let mut plane = Plane::zeros((height, width));
    for (y, mut line) in plane.rows_mut().into_iter().enumerate() {
        let rows = span(y, height, h);
        sum_rows(pixels, rows.clone(), &mut sums);
        let pixels = sums.as_chunks::<3>().0;
        for (x, value) in line.iter_mut().enumerate() {
            let columns = span(x, width, w);
            let count = (columns.len() * rows.len()) as f32;
            *value = luma(&pixels[columns]) / count;
        }
    }
    plane
}

/// The pixels of an axis of `from` that fall into pixel `i` of `to`; at least one.
fn span(i: usize, to: usize, from: usize) -> Range<usize> {
    i * from / to..((i + 1) * from / to).max(i * from / to + 1)
}

/// Sums of the bytes of `rows`, column by column and channel by channel.
fn sum_rows(pixels: &RgbImage, rows: Range<usize>, sums: &mut [u32]) {
    let stride = sums.len();
    sums.fill(0);
    for row in pixels.as_raw()[stride * rows.start..stride * rows.end].chunks_exact(stride) {
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, &value)| *sum += u32::from(value));
    }
}

/// BT.601 luma of the sum of `pixels`.
fn luma(pixels: &[[u32; 3]]) -> f32 {
    let sum = pixels.iter().fold([0_u32; 3], |sum, p| {
        [sum[0] + p[0], sum[1] + p[1], sum[2] + p[2]]
    });
    let [r, g, b] = sum.map(|sum| sum as f32);
    0.299 * r + 0.587 * g + 0.114 * b
}

/// The levels row by row: points at fixed distances are read faster there than by row and column.
pub(super) fn row_major(plane: &Plane) -> &[f32] {
    plane.as_slice().unwrap_or_default()
}

/// The next pyramid level.
pub(super) fn next_level(plane: &Plane) -> Plane {
    let next = |side: usize| ((side as f32 / LEVEL_RATIO).round() as usize).max(1);
    bilinear(plane, next(plane.ncols()), next(plane.nrows()))
}

/// Another size, by bilinear interpolation.
fn bilinear(plane: &Plane, width: usize, height: usize) -> Plane {
    let (h, w) = plane.dim();
    let columns: Vec<_> = (0..width).map(|x| neighbours(x, width, w)).collect();
    let mut line = vec![0.0; w];
    let mut scaled = Plane::zeros((height, width));
    for (y, mut out) in scaled.rows_mut().into_iter().enumerate() {
        let (above, below, share) = neighbours(y, height, h);
        let rows = plane.row(above).into_iter().zip(plane.row(below));
        for (value, (a, b)) in line.iter_mut().zip(rows) {
            *value = a + share * (b - a);
        }
        for (value, &(left, right, share)) in out.iter_mut().zip(&columns) {
            *value = line[left] + share * (line[right] - line[left]);
        }
    }
    scaled
}

/// The two pixels of an axis of `from` between which pixel `i` of `to` lies, and the share of the
/// second.
fn neighbours(i: usize, to: usize, from: usize) -> (usize, usize, f32) {
    let position = ((i as f32 + 0.5) * from as f32 / to as f32 - 0.5).max(0.0);
    let low = (position as usize).min(from - 1);
    (low, (low + 1).min(from - 1), position - low as f32)
}

/// Smoothed by (1 4 6 4 1)/16 on each axis; the outermost two pixels keep their values.
pub(super) fn binomial_blur(plane: &Plane) -> Plane {
    let (h, w) = plane.dim();
    let mut across = plane.clone();
    Zip::from(across.slice_mut(s![.., 2..w - 2]))
        .and(plane.slice(s![.., ..w - 4]))
        .and(plane.slice(s![.., 1..w - 3]))
        .and(plane.slice(s![.., 2..w - 2]))
        .and(plane.slice(s![.., 3..w - 1]))
        .and(plane.slice(s![.., 4..]))
        .for_each(binomial);
    let mut blurred = across.clone();
    Zip::from(blurred.slice_mut(s![2..h - 2, ..]))
        .and(across.slice(s![..h - 4, ..]))
        .and(across.slice(s![1..h - 3, ..]))
        .and(across.slice(s![2..h - 2, ..]))
        .and(across.slice(s![3..h - 1, ..]))
        .and(across.slice(s![4.., ..]))
        .for_each(binomial);
    blurred
}

fn binomial(out: &mut f32, a: &f32, b: &f32, c: &f32, d: &f32, e: &f32) {
    *out = (a + e + 4.0 * (b + d) + 6.0 * c) / 16.0;
}
