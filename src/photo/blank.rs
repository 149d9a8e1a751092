//! Whether there is anything to see: pictures of one tone and plain gradients are blank.
//!
//! What tells a gradient from a photograph is the second difference of neighbours: a gradient has
//! none but at its ridges and where compression left steps. Of 6,448 photographs, night shots and
//! packshots on white among them, the least had a largest second difference of 40 levels between
//! means of a 128th of the picture, where gradients in every direction, saved as JPEG at quality 40
//! and better, have at most 22. A nearly white drawing with 18 levels of contrast has 14 there but
//! 19 from pixel to pixel, where gradients have at most 14 (`eval/photo/blank`).

use image::RgbImage;

/// Pixels of the shorter side under which a picture shows nothing.
const LEAST_SIDE: u32 = 8;
/// Cells per side whose means are compared; at least two pixels each.
const CELLS: usize = 128;
/// Largest second difference of a gradient, in levels, from pixel to pixel and from cell to cell.
const PIXEL_STEP: f32 = 16.0;
const CELL_STEP: f32 = 24.0;
/// Mean second difference of a gradient's cells: a fine pattern of low contrast has more.
const MEAN_CELL_STEP: f32 = 2.5;
/// Levels that a gradient climbs from pixel to pixel, in its mean: what climbs more, from black to
/// white within 46 pixels, is an icon.
const CLIMB: f32 = 5.5;
/// A ridge from black to white and back over a short side is steeper: the levels that its second
/// difference adds up to over the side.
const RIDGE: f32 = 4.0 * 255.0;
/// Largest and mean second difference of the noise of a camera over one tone: three levels of
/// deviation.
const LARGEST_NOISE: f32 = 48.0;
const MEAN_NOISE: f32 = 8.0;
/// Cells on a side that are taken together where noise is to be averaged out, and the range that
/// their means may have in one tone.
const TOGETHER: usize = 4;
const ONE_TONE: f32 = 6.0;

/// Whether the pixels show one tone or a plain gradient, or are too few to show anything.
pub fn is_blank(pixels: &RgbImage) -> bool {
    let (width, height) = pixels.dimensions();
    if width.min(height) < LEAST_SIDE {
        return true;
    }
    let Some(steps) = pixel_steps(pixels) else {
        return false;
    };
    let cells = Cells::of(pixels);
    let [across, down] = [
        cells.bends(1, |x, _| x > 0 && x + 1 < cells.columns),
        cells.bends(cells.columns, |_, y| y > 0 && y + 1 < cells.rows),
    ];
    let is_smooth =
        across.mean <= allowed_mean(cells.columns) && down.mean <= allowed_mean(cells.rows);
    let is_gradient = is_smooth
        && steps.across <= allowed(PIXEL_STEP, width as usize)
        && steps.down <= allowed(PIXEL_STEP, height as usize)
        && across.largest <= allowed(CELL_STEP, cells.columns)
        && down.largest <= allowed(CELL_STEP, cells.rows)
        && across.climb * cells.columns as f32 <= CLIMB * width as f32
        && down.climb * cells.rows as f32 <= CLIMB * height as f32;
    // Noise averages out from pixels to cells; a fine pattern does not.
    let is_noise =
        steps.mean <= MEAN_NOISE && (is_smooth || across.mean.max(down.mean) <= steps.mean);
    is_gradient || (is_noise && cells.are_one_tone())
}

/// The largest second difference of a gradient over `length` pixels or cells.
fn allowed(step: f32, length: usize) -> f32 {
    step.max(RIDGE / length as f32 + 0.75 * step)
}

/// Its mean second difference over `length` cells.
fn allowed_mean(length: usize) -> f32 {
    MEAN_CELL_STEP * (1.0 + 32.0 / length as f32)
}

/// Second differences of neighbouring pixels.
struct Steps {
    across: f32,
    down: f32,
    mean: f32,
}

/// `None` as soon as there is one that no blank picture has.
fn pixel_steps(pixels: &RgbImage) -> Option<Steps> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let stride = 3 * width;
    let data = pixels.as_raw();
    let most = |length: usize| allowed(PIXEL_STEP, length).max(LARGEST_NOISE) as i16;
    let (most_across, most_down) = (most(width), most(height));
    let (mut across, mut down, mut sum) = (0, 0, 0);
    for y in 0..height {
        let row = &data[stride * y..stride * (y + 1)];
        let (largest, total) = second_differences(row, &row[3..], &row[6..]);
        across = across.max(largest);
        sum += total;
        if y >= 2 {
            let above = &data[stride * (y - 2)..stride * y];
            let (largest, total) = second_differences(above, &above[stride..], row);
            down = down.max(largest);
            sum += total;
        }
        if across > most_across || down > most_down {
            return None;
        }
    }
    Some(Steps {
        across: f32::from(across),
        down: f32::from(down),
        mean: sum as f32 / (2 * data.len()) as f32,
    })
}

/// The largest second difference of three lines, up to the shortest's end, and the sum of all.
fn second_differences(a: &[u8], b: &[u8], c: &[u8]) -> (i16, u64) {
    let values = || {
        (a.iter().zip(b).zip(c))
            .map(|((&a, &b), &c)| (i16::from(a) + i16::from(c) - 2 * i16::from(b)).abs())
    };
    let largest = values().fold(0, i16::max);
    let sum: u32 = values().map(|value| value as u32).sum();
    (largest, u64::from(sum))
}

/// Means of a grid of cells that covers the picture.
struct Cells {
    columns: usize,
    rows: usize,
    means: Vec<[f32; 3]>,
}

/// Second differences of neighbouring cells.
struct Bends {
    largest: f32,
    mean: f32,
    /// Mean difference of neighbours in the channel that has most.
    climb: f32,
}

impl Cells {
    fn of(pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let (columns, rows) = (CELLS.min(width / 2), CELLS.min(height / 2));
        let edge = |cell: usize, cells: usize, length: usize| cell * length / cells;
        let mut means = Vec::with_capacity(columns * rows);
        let mut sums = vec![0_u32; 3 * width];
        for row in 0..rows {
            let lines = edge(row, rows, height)..edge(row + 1, rows, height);
            sums.fill(0);
            for y in lines.clone() {
                let line = &pixels.as_raw()[3 * width * y..3 * width * (y + 1)];
                for (sum, &value) in sums.iter_mut().zip(line) {
                    *sum += u32::from(value);
                }
            }
            let columns = 0..columns;
            means.extend(columns.clone().map(|column| {
                let places =
                    edge(column, columns.len(), width)..edge(column + 1, columns.len(), width);
                let count = (places.len() * lines.len()) as f32;
                let mut mean = [0.0; 3];
                for pixel in &sums.as_chunks::<3>().0[places] {
                    for (mean, &sum) in mean.iter_mut().zip(pixel) {
                        *mean += sum as f32 / count;
                    }
                }
                mean
            }));
        }
        Self {
            columns,
            rows,
            means,
        }
    }

    /// Second differences of each cell that `has_neighbours` (column, row) with those `step` places
    /// before and after it.
    fn bends(&self, step: usize, has_neighbours: impl Fn(usize, usize) -> bool) -> Bends {
        let (mut largest, mut sum, mut count) = (0.0_f32, 0.0, 0);
        let mut climbed = [0.0_f32; 3];
        for (place, middle) in self.means.iter().enumerate() {
            if !has_neighbours(place % self.columns, place / self.columns) {
                continue;
            }
            let (before, after) = (self.means[place - step], self.means[place + step]);
            for channel in 0..3 {
                let bend = (before[channel] + after[channel] - 2.0 * middle[channel]).abs();
                largest = largest.max(bend);
                sum += bend;
                climbed[channel] += (after[channel] - before[channel]).abs() / 2.0;
                count += 1;
            }
        }
        Bends {
            largest,
            mean: sum / count.max(1) as f32,
            climb: 3.0 * climbed.into_iter().fold(0.0, f32::max) / count.max(1) as f32,
        }
    }

    fn are_one_tone(&self) -> bool {
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for top in (0..self.rows).step_by(TOGETHER) {
            for left in (0..self.columns).step_by(TOGETHER) {
                let mean = self.mean(left, top);
                for channel in 0..3 {
                    low[channel] = low[channel].min(mean[channel]);
                    high[channel] = high[channel].max(mean[channel]);
                }
            }
        }
        (0..3).all(|channel| high[channel] - low[channel] <= ONE_TONE)
    }

    /// Mean of the cells taken together from this one on.
    fn mean(&self, left: usize, top: usize) -> [f32; 3] {
        let (mut sum, mut count) = ([0.0; 3], 0.0);
        for row in top..(top + TOGETHER).min(self.rows) {
            for column in left..(left + TOGETHER).min(self.columns) {
                for (sum, mean) in sum.iter_mut().zip(self.means[row * self.columns + column]) {
                    *sum += mean;
                }
                count += 1.0;
            }
        }
        sum.map(|sum| sum / count)
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{Rgb, RgbImage};

    use super::*;

    const SIZES: [(u32, u32); 3] = [(100, 64), (150, 100), (480, 240)];

    /// A picture of levels 0 to 1 by position, 0 to 1 on both axes, in the colours of `paint`.
    fn drawn(
        (width, height): (u32, u32),
        level: impl Fn(f32, f32) -> f32,
        paint: impl Fn(f32) -> [f32; 3],
    ) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let at = level(
                (x as f32 + 0.5) / width as f32,
                (y as f32 + 0.5) / height as f32,
            );
            Rgb(paint(at.clamp(0.0, 1.0)).map(|value| value.round() as u8))
        })
    }

    fn as_jpeg(picture: &RgbImage, quality: u8) -> RgbImage {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        picture.write_with_encoder(encoder).unwrap();
        image::load_from_memory(&bytes).unwrap().into_rgb8()
    }

    fn grey(level: f32) -> [f32; 3] {
        [255.0 * level; 3]
    }

    fn dusk(level: f32) -> [f32; 3] {
        [255.0 * level, 255.0 - 178.0 * level, 60.0 + 77.0 * level]
    }

    #[test]
    fn one_tone_is_blank_whatever_the_colour_and_the_compression() {
        for colour in [[0, 0, 0], [255; 3], [128; 3], [201, 33, 90]] {
            for size in SIZES {
                let plain = RgbImage::from_pixel(size.0, size.1, Rgb(colour));
                assert!(is_blank(&plain), "{colour:?} {size:?}");
                assert!(is_blank(&as_jpeg(&plain, 30)), "{colour:?} {size:?}");
            }
        }
    }

    #[test]
    fn gradients_are_blank_in_every_direction() {
        type Level = fn(f32, f32) -> f32;
        let levels: [(&str, Level); 6] = [
            ("across", |u, _| u),
            ("down", |_, v| v),
            ("aslant", |u, v| (u + v) / 2.0),
            ("there and back", |u, _| 1.0 - (2.0 * u - 1.0).abs()),
            ("round", |u, v| 1.0 - (u - 0.5).hypot(v - 0.5) / 0.71),
            ("a glow", |u, v| {
                (-8.0 * ((u - 0.5).powi(2) + (v - 0.5).powi(2))).exp()
            }),
        ];
        for (name, level) in levels {
            for paint in [grey, dusk] {
                for size in SIZES {
                    let picture = drawn(size, level, paint);
                    assert!(is_blank(&picture), "{name} {size:?}");
                    for quality in [90, 50] {
                        let saved = as_jpeg(&picture, quality);
                        assert!(is_blank(&saved), "{name} {size:?} at {quality}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_few_pixels_show_nothing() {
        for (width, height) in [(1, 1), (3, 500), (500, 7), (7, 7)] {
            let picture =
                RgbImage::from_fn(width, height, |x, y| Rgb([(97 * x + 31 * y) as u8; 3]));
            assert!(is_blank(&picture));
        }
    }

    /// Differences of grey levels, the same every time.
    fn noise(most: i32) -> impl FnMut() -> i32 {
        let mut state = 7_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i32 % (2 * most + 1) - most
        }
    }

    #[test]
    fn a_cameras_noise_over_one_tone_is_blank() {
        let mut noise = noise(4);
        let picture = RgbImage::from_fn(640, 480, |_, _| Rgb([(30 + noise()) as u8; 3]));
        assert!(is_blank(&picture));
        assert!(is_blank(&as_jpeg(&picture, 80)));
    }

    #[test]
    fn a_thing_on_white_is_not_blank_however_small_or_pale() {
        let on_white = |side: u32, tone: u8| {
            RgbImage::from_fn(600, 600, |x, y| {
                let inside = (300..300 + side).contains(&x) && (200..200 + side).contains(&y);
                Rgb([if inside { tone } else { 255 }; 3])
            })
        };
        assert!(!is_blank(&on_white(6, 90)));
        assert!(!is_blank(&on_white(40, 225)));
        assert!(!is_blank(&as_jpeg(&on_white(40, 225), 75)));
    }

    #[test]
    fn a_faint_lattice_is_not_blank() {
        // Two per cent of contrast in each family: the faintest that is measured by eye.
        let level = |u: f32, v: f32| {
            let (x, y) = (640.0 * u, 480.0 * v);
            0.7 + 0.014 * (((x + y) / 3.0).sin() + ((x - y) / 3.0).sin())
        };
        assert!(!is_blank(&drawn((640, 480), level, grey)));
    }

    #[test]
    fn an_icon_is_not_blank() {
        let icon = RgbImage::from_fn(40, 30, |x, y| Rgb([(6 * x) as u8, (8 * y) as u8, 90]));
        assert!(!is_blank(&icon));
    }

    #[test]
    fn night_is_not_blank_where_there_is_a_light() {
        let night = drawn(
            (640, 480),
            |u, v| 1.0 - 60.0 * (u - 0.7).hypot(v - 0.3),
            grey,
        );
        assert!(!is_blank(&night));
    }
}
