//! A picture in 24 by 24 brightnesses: enough to tell, place by place, whether what a cover leaves
//! free is the same.

use image::RgbImage;

use super::cover::Covers;
use super::free_cells::{FreeCells, SIDE, THUMBNAIL_BYTES};

/// Cells along a side of the windows in which two thumbnails are compared.
const WINDOW: usize = 3;

/// Share of the cells that a cover leaves free, at least.
const LEAST_FREE: f32 = 0.5;
/// Least correlation of their brightness.
const LEAST_CORRELATION: f32 = 0.95;
/// Most mean difference in a window, levels.
const MOST_OFF: f32 = 8.0;

/// The same where what is covered or written on is left out cell by cell. In 473 questions none of
/// 2,029 other pictures reached even 0.95, 12 and 0.8 of the next but one
/// (`eval/robustness/README.md`).
const LEAST_FREE_CELLS: f32 = 0.15;
const LEAST_CELL_CORRELATION: f32 = 0.98;
const MOST_CELLS_OFF: f32 = 12.0;
/// Least share of the free cells whose brightness is the same within so many levels.
const LEAST_LIKE: f32 = 0.9;
const LIKE: f64 = 5.0;
/// Least deviation of their brightness, levels: of an even ground nothing can be told.
const LEAST_CONTRAST: f32 = 8.0;

/// Mean brightness of each cell, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail([u8; THUMBNAIL_BYTES]);

/// How two thumbnails agree where neither is covered.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Agreement {
    /// Share of the cells that is compared, 0 to 1.
    free: f32,
    /// Correlation of their brightness, -1 to 1.
    correlation: f32,
    /// Most mean difference in levels within three by three cells, once brightness and contrast are
    /// made equal.
    worst: f32,
    /// Share of the compared cells that are alike then, 0 to 1.
    like: f32,
    /// Deviation of the stored one's brightness, levels.
    contrast: f32,
}

impl Thumbnail {
    /// The thumbnail of a picture.
    #[must_use]
    pub fn of(pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width() as usize, pixels.height() as usize);
        let mut levels = [0; THUMBNAIL_BYTES];
        let end = |k: usize, length: usize| (k * length / SIDE).min(length.saturating_sub(1));
        for (k, level) in levels.iter_mut().enumerate() {
            let (x, y) = (k % SIDE, k / SIDE);
            let (left, right) = (end(x, width), end(x + 1, width).max(end(x, width) + 1));
            let (top, bottom) = (end(y, height), end(y + 1, height).max(end(y, height) + 1));
            // Every few pixels are enough of a large cell's mean.
            let step = ((right - left).min(bottom - top) / 8).max(1);
            let (mut sum, mut count) = (0_u32, 0_u32);
            for y in (top..bottom).step_by(step) {
                for x in (left..right).step_by(step) {
                    let [r, g, b] = pixels.get_pixel(x as u32, y as u32).0.map(u32::from);
                    sum += 77 * r + 150 * g + 29 * b;
                    count += 256;
                }
            }
            *level = (sum / count.max(1)) as u8;
        }
        Self(levels)
    }

    /// The levels, row by row.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The thumbnail of these levels; `None` where they are not as many as it has.
    #[must_use]
    pub fn from_bytes(levels: &[u8]) -> Option<Self> {
        levels.try_into().ok().map(Self)
    }

    /// Whether the picture is the same as the one that asks, of this shape (sides in units of the
    /// longer), in every place that the latter's covers leave free.
    #[must_use]
    pub fn is_same_beside(&self, covers: &Covers, asked: &Self, aspect: (f32, f32)) -> bool {
        let place = |k: usize, side: f32| (k as f32 + 0.5) / SIDE as f32 * side;
        let free: Vec<bool> = (0..THUMBNAIL_BYTES)
            .map(|k| !covers.hide(place(k % SIDE, aspect.0), place(k / SIDE, aspect.1)))
            .collect();
        self.agreement(asked, &free).is_some_and(|found| {
            found.free >= LEAST_FREE
                && found.correlation >= LEAST_CORRELATION
                && found.worst <= MOST_OFF
        })
    }

    /// Whether the picture is the same as the one that asks in nearly every cell in which that one
    /// is seen. Both have one shape. What is hidden may differ, as two lots on one ground do.
    #[must_use]
    pub fn is_same_in(&self, free: &FreeCells, asked: &Self) -> bool {
        self.agreement(asked, free.as_slice()).is_some_and(|found| {
            found.free >= LEAST_FREE_CELLS
                && found.correlation >= LEAST_CELL_CORRELATION
                && found.worst <= MOST_CELLS_OFF
                && found.like >= LEAST_LIKE
                && found.contrast >= LEAST_CONTRAST
        })
    }

    /// How the picture agrees with the one that asks in the cells that are free; `None` where hardly
    /// any is.
    fn agreement(&self, asked: &Self, free: &[bool]) -> Option<Agreement> {
        let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0.0_f64, 0.0, 0.0, 0.0, 0.0, 0.0);
        for k in (0..THUMBNAIL_BYTES).filter(|&k| free[k]) {
            let (a, b) = (f64::from(self.0[k]), f64::from(asked.0[k]));
            (n, x, y) = (n + 1.0, x + a, y + b);
            (xx, yy, xy) = (xx + a * a, yy + b * b, xy + a * b);
        }
        if n < 16.0 {
            return None;
        }
        let (vx, vy, cov) = (
            xx / n - x * x / n / n,
            yy / n - y * y / n / n,
            xy / n - x * y / n / n,
        );
        let correlation = cov / (vx * vy).sqrt().max(1e-6);
        // The stored one in the light of the one that asks.
        let gain = (vy / vx.max(1e-6)).sqrt();
        let shift = y / n - gain * x / n;
        let off: Vec<f64> = (0..THUMBNAIL_BYTES)
            .map(|k| (gain * f64::from(self.0[k]) + shift - f64::from(asked.0[k])) / gain.max(1e-3))
            .collect();
        let mut worst = 0.0_f64;
        for top in 0..=SIDE - WINDOW {
            for left in 0..=SIDE - WINDOW {
                let (mut sum, mut count) = (0.0, 0.0);
                for k in (0..WINDOW * WINDOW)
                    .map(|k| SIDE * (top + k / WINDOW) + left + k % WINDOW)
                    .filter(|&k| free[k])
                {
                    sum += off[k].abs();
                    count += 1.0;
                }
                if count >= 5.0 {
                    worst = worst.max(sum / count);
                }
            }
        }
        let alike = (0..THUMBNAIL_BYTES).filter(|&k| free[k] && off[k].abs() <= LIKE);
        Some(Agreement {
            like: (alike.count() as f64 / n) as f32,
            contrast: vx.max(0.0).sqrt() as f32,
            free: n as f32 / THUMBNAIL_BYTES as f32,
            correlation: correlation as f32,
            worst: worst as f32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::cover::covers;
    use super::*;
    use crate::fingerprint::test_pictures::{grained, stuck, written};
    use image::imageops;

    fn is_same(stored: &RgbImage, asked: &RgbImage) -> bool {
        let (width, height) = asked.dimensions();
        let longer = width.max(height) as f32;
        let aspect = (width as f32 / longer, height as f32 / longer);
        let (own, other) = (Thumbnail::of(stored), Thumbnail::of(asked));
        own.is_same_beside(&covers(asked), &other, aspect)
    }

    #[test]
    fn a_picture_under_a_sticker_is_the_same_beside_it_in_another_light() {
        let picture = grained(480, 360, 3);
        let mut darker = picture.clone();
        darker.iter_mut().for_each(|level| *level = *level / 2 + 20);
        assert!(is_same(&picture, &stuck(&picture, 100)));
        assert!(is_same(&picture, &stuck(&darker, 100)));
        let smaller = imageops::thumbnail(&picture, 320, 240);
        assert!(is_same(&picture, &stuck(&smaller, 60)));
    }

    #[test]
    fn other_goods_on_one_ground_are_not_the_same() {
        let picture = grained(480, 360, 3);
        let mut other = picture.clone();
        imageops::replace(&mut other, &grained(120, 100, 9), 20, 20);
        assert!(!is_same(&picture, &stuck(&other, 60)));
        assert!(!is_same(&grained(480, 360, 4), &stuck(&picture, 60)));
    }

    fn is_same_in_free_cells(stored: &RgbImage, asked: &RgbImage) -> bool {
        let free = FreeCells::of(asked, &covers(asked)).expect("something is laid over it");
        Thumbnail::of(stored).is_same_in(&free, &Thumbnail::of(asked))
    }

    #[test]
    fn a_picture_under_text_or_a_sticker_is_the_same_in_the_cells_that_are_free() {
        let picture = grained(480, 360, 3);
        for shown in [written(&picture), stuck(&picture, 120)] {
            assert!(is_same_in_free_cells(&picture, &shown));
            let smaller = imageops::thumbnail(&shown, 400, 300);
            assert!(is_same_in_free_cells(&picture, &smaller));
        }
    }

    #[test]
    fn another_picture_under_the_same_text_is_not() {
        let picture = grained(480, 360, 3);
        for seed in 4..12 {
            let other = written(&grained(480, 360, seed));
            assert!(!is_same_in_free_cells(&picture, &other), "{seed}");
        }
        // Nothing can be told of a ground alone.
        let flat = RgbImage::from_pixel(480, 360, image::Rgb([190; 3]));
        assert!(!is_same_in_free_cells(&flat, &written(&flat)));
    }

    #[test]
    fn its_bytes_bring_it_back_and_others_do_not() {
        let own = Thumbnail::of(&grained(200, 300, 1));
        assert_eq!(Thumbnail::from_bytes(own.as_bytes()), Some(own.clone()));
        assert_eq!(Thumbnail::from_bytes(&own.as_bytes()[1..]), None);
        // As small as a picture can be.
        let smallest = Thumbnail::of(&RgbImage::new(1, 1));
        assert!(smallest.as_bytes().iter().all(|&level| level == 0));
    }
}
