//! The filtered 64x64 picture that PDQ transforms.
//!
//! Two box filters per axis make a tent, sampled at 64 points. Filters and sampling are linear and
//! act on each axis by itself, so both passes and the decimation are folded into one sparse 64-row
//! matrix per axis: the same sum in another order, which visits only the pixels that some sample
//! needs.

use std::ops::RangeInclusive;

use image::RgbImage;

/// Side of the filtered picture.
pub(super) const SIDE: usize = 64;

/// Filtered luma, 0 to 255, row by row.
pub(super) type Luma64 = [[f32; SIDE]; SIDE];

/// One sample of an axis: the source positions that enter it and their weights, which sum to 1.
#[derive(Debug)]
struct Tap {
    positions: Vec<usize>,
    weights: Vec<f32>,
}

/// Pre-scaling, tent filter and decimation of one axis of `length` pixels, hashed at `scaled`
/// pixels.
fn taps(length: usize, scaled: usize) -> Vec<Tap> {
    (0..SIDE)
        .map(|sample| tap(sample, length, scaled))
        .collect()
}

fn tap(sample: usize, length: usize, scaled: usize) -> Tap {
    let mut dense: Vec<(usize, f64)> = Vec::new();
    let outer = window((2 * sample + 1) * scaled / (2 * SIDE), scaled);
    let first = *window(*outer.start(), scaled).start();
    let last = *window(*outer.end(), scaled).end();
    let sums = sums_of_weights(&outer, scaled);
    for x in first..=last {
        let weight = tent_weight(x, &outer, &sums, scaled);
        // Nearest neighbour as in the reference's image library: position floor(x * length /
        // scaled).
        let position = x * length / scaled;
        match dense.last_mut() {
            Some((last, sum)) if *last == position => *sum += weight,
            _ => dense.push((position, weight)),
        }
    }
    let (positions, weights) = dense.into_iter().map(|(p, w)| (p, w as f32)).unzip();
    Tap { positions, weights }
}

/// The weights that the windows of the second box give each of their pixels, summed up to each
/// window and not with it.
fn sums_of_weights(outer: &RangeInclusive<usize>, scaled: usize) -> Vec<f64> {
    let mut sums = vec![0.0];
    for y in outer.clone() {
        let weight = 1.0 / window(y, scaled).count() as f64;
        sums.push(sums[sums.len() - 1] + weight);
    }
    sums
}

/// Weight of pixel `x`: over the windows y of the second box that hold x in the first box.
fn tent_weight(x: usize, outer: &RangeInclusive<usize>, sums: &[f64], scaled: usize) -> f64 {
    // A window reaches from `behind` before its pixel to `ahead` after it, so those that hold x
    // lie the other way round about x.
    let (behind, ahead) = reach(scaled);
    let from = x.saturating_sub(ahead).max(*outer.start()) - outer.start();
    let to = (x + behind).min(*outer.end()) + 1 - outer.start();
    (sums[to] - sums[from]) / (sums.len() - 1) as f64
}

/// The pixels averaged into pixel `x` by one box filter of the reference on an axis of `length`
/// pixels.
fn window(x: usize, length: usize) -> RangeInclusive<usize> {
    let (behind, ahead) = reach(length);
    x.saturating_sub(behind)..=(x + ahead).min(length - 1)
}

/// How far a window reaches before and after its pixel.
fn reach(length: usize) -> (usize, usize) {
    let size = length.div_ceil(2 * SIDE);
    let ahead = (size + 2) / 2 - 1;
    (size - 1 - ahead, ahead)
}

/// The filtered luma of a picture hashed at `scaled` (width, height) pixels.
pub(super) fn filter(pixels: &RgbImage, scaled: (usize, usize)) -> Box<Luma64> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let columns = taps(width, scaled.0);
    let rows = taps(height, scaled.1);
    // Rows first, on the interleaved bytes, so that the pass over the whole picture is one straight
    // multiply-add.
    let mut band = vec![0.0; 3 * width];
    let mut luma = vec![0.0; width];
    let mut filtered = Box::new([[0.0; SIDE]; SIDE]);
    for (out, row) in filtered.iter_mut().zip(&rows) {
        weighted_rows(pixels.as_raw(), row, &mut band);
        for (value, [r, g, b]) in luma.iter_mut().zip(band.as_chunks().0) {
            *value = 0.299 * r + 0.587 * g + 0.114 * b;
        }
        for (value, column) in out.iter_mut().zip(&columns) {
            let pairs = column.positions.iter().zip(&column.weights);
            *value = pairs.map(|(&x, weight)| weight * luma[x]).sum();
        }
    }
    filtered
}

/// The weighted sum of the rows of `tap`, channel by channel.
fn weighted_rows(bytes: &[u8], tap: &Tap, band: &mut [f32]) {
    let stride = band.len();
    for (k, (&y, &weight)) in tap.positions.iter().zip(&tap.weights).enumerate() {
        let line = &bytes[stride * y..stride * (y + 1)];
        let sums = band.iter_mut().zip(line);
        if k == 0 {
            sums.for_each(|(sum, &value)| *sum = weight * f32::from(value));
        } else {
            sums.for_each(|(sum, &value)| *sum += weight * f32::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_pictures::waves;

    /// The reference's order of work, written out: box filters along rows and columns, twice, then
    /// decimation.
    fn filter_in_reference_order(pixels: &RgbImage) -> Vec<Vec<f64>> {
        let (w, h) = (pixels.width() as usize, pixels.height() as usize);
        let mut luma: Vec<Vec<f64>> = (0..h)
            .map(|y| {
                let value = |x| {
                    let [r, g, b] = pixels.get_pixel(x as u32, y as u32).0.map(f64::from);
                    0.299 * r + 0.587 * g + 0.114 * b
                };
                (0..w).map(value).collect()
            })
            .collect();
        let mean = |length: usize, x: usize, value: &dyn Fn(usize) -> f64| {
            let window = window(x, length);
            window.clone().map(value).sum::<f64>() / window.count() as f64
        };
        for _ in 0..2 {
            luma = luma
                .iter()
                .map(|row| (0..w).map(|x| mean(w, x, &|i| row[i])).collect())
                .collect();
            luma = (0..h)
                .map(|y| (0..w).map(|x| mean(h, y, &|i| luma[i][x])).collect())
                .collect();
        }
        let centre = |i: usize, length: usize| (2 * i + 1) * length / (2 * SIDE);
        (0..SIDE)
            .map(|i| {
                (0..SIDE)
                    .map(|j| luma[centre(i, h)][centre(j, w)])
                    .collect()
            })
            .collect()
    }

    #[test]
    fn window_is_the_span_of_the_references_running_sum() {
        // box1DFloat with a window of 4 on 512 pixels: three pixels for the first output, then
        // four.
        assert_eq!(window(0, 512), 0..=2);
        assert_eq!(window(1, 512), 0..=3);
        assert_eq!(window(511, 512), 510..=511);
        assert_eq!(window(7, 64), 7..=7);
    }

    #[test]
    fn weights_are_those_of_every_window_that_holds_the_pixel() {
        for length in [5, 64, 129, 300, 1000, 2049] {
            for sample in [0, 1, 31, 62, 63] {
                let outer = window((2 * sample + 1) * length / (2 * SIDE), length);
                let sums = sums_of_weights(&outer, length);
                for x in *outer.start()..=*outer.end() {
                    let windows = outer.clone().map(|y| window(y, length));
                    let held = windows.filter(|window| window.contains(&x));
                    let plain: f64 = held.map(|window| 1.0 / window.count() as f64).sum();
                    let plain = plain / outer.clone().count() as f64;
                    let weight = tent_weight(x, &outer, &sums, length);
                    assert!((weight - plain).abs() < 1e-12, "{length} {sample} {x}");
                }
            }
        }
    }

    #[test]
    fn folded_filter_equals_the_filter_in_reference_order() {
        for (width, height) in [(5, 9), (64, 64), (100, 67), (200, 300), (515, 130)] {
            let pixels = waves(width, height, 3);
            let plain = filter_in_reference_order(&pixels);
            let folded = filter(&pixels, (width as usize, height as usize));
            for (a, b) in folded.iter().flatten().zip(plain.iter().flatten()) {
                assert!(
                    (f64::from(*a) - b).abs() < 1e-3,
                    "{width}x{height}: {a} and {b}"
                );
            }
        }
    }
}
