//! Landmarks of two pictures that stand in the same places: one picture under a sticker, lines of
//! text or a watermark keeps its frame, so that what is left of it is found where it was, however
//! little of it there is.
//!
//! Placements are not searched for ([`find_in`](Landmarks::find_in) does that): places that are
//! known leave little to chance, so that far fewer landmarks have to agree.

use super::cover::Covers;
use super::landmark::{DIRECTIONS, Landmark};
use super::landmarks::Landmarks;

/// Landmarks that have to stand in their places for two pictures to be prints of one, at least in
/// part. In 160 questions at most 8 did of any of the 64 others with the nearest descriptors
/// (`eval/robustness/README.md`).
pub const ENOUGH_IN_PLACE: usize = 10;

/// Distance within which a landmark is in its place, in units of the longer side.
const TOLERANCE: f32 = 0.008;
/// Bits that may differ between two prints of one landmark.
const MAX_BITS: u32 = 64;
/// Of those in their places so many have to be no prints of each other: of what is left under five
/// lines of text four are in some pictures. Where there are no more, none may stand in more places
/// in the mean than so many: of 87 places in a lattice of dots three or four are different.
const LEAST_DIFFERENT: usize = 4;
const MOST_PLACES: usize = 8;
/// Levels and steps of direction that may lie between them.
const MAX_LEVELS: u8 = 1;
const MAX_STEPS: u8 = 3;
/// Ratio of the shapes of two frames above which they are not the same.
const MAX_SQUASH: f32 = 1.1;
/// Of the landmarks that covers leave free so many stand in their places, and this share of them,
/// where the rest of a picture is the same; of those in cells (of 6 by 6) where none does there are
/// at most as many.
const LEAST_BESIDE: usize = 16;
const LEAST_SHARE: f32 = 0.7;
const MOST_UNEXPLAINED: f32 = 0.15;
const FREE_CELLS: usize = 6;
/// Cells per longer side in which landmarks are looked up.
const CELLS: usize = 32;

/// The landmarks of a picture that asks, by their places.
#[derive(Debug)]
pub struct InPlace<'a> {
    asked: &'a Landmarks,
    /// Numbers of the landmarks in each cell, row by row.
    cells: Vec<Vec<u16>>,
}

impl<'a> InPlace<'a> {
    /// Sorts the landmarks of the picture that asks, of which the first 65,536 count.
    #[must_use]
    pub fn of(asked: &'a Landmarks) -> Self {
        let mut cells = vec![Vec::new(); CELLS * CELLS];
        for (number, point) in (0..=u16::MAX).zip(&asked.points) {
            cells[CELLS * cell(point.y) + cell(point.x)].push(number);
        }
        Self { asked, cells }
    }

    /// Width and height of the picture that asks, in units of the longer side.
    #[must_use]
    pub fn aspect(&self) -> (f32, f32) {
        self.asked.aspect
    }

    /// How many landmarks of a stored picture stand in their places in the one that asks; fewer than
    /// [`ENOUGH_IN_PLACE`] where they all are prints of a few, 0 where the frames are of other shapes.
    #[must_use]
    pub fn count(&self, stored: &Landmarks) -> usize {
        let Some((across, down)) = self.scales(stored) else {
            return 0;
        };
        let stands = |point: &&Landmark| self.stands(point, (point.x * across, point.y * down));
        let standing: Vec<&Landmark> = stored.points.iter().filter(stands).collect();
        let mut different: Vec<&Landmark> = Vec::new();
        for point in &standing {
            if different
                .iter()
                .all(|one| bits_apart(one, point) > MAX_BITS)
            {
                different.push(point);
            }
        }
        // Dots of one pattern stand in their places in every picture that has it.
        let count = different.len();
        let is_pattern = count == LEAST_DIFFERENT && standing.len() > MOST_PLACES * count;
        match count < LEAST_DIFFERENT || is_pattern {
            true => count,
            false => standing.len(),
        }
    }

    /// Whether of the landmarks of a stored picture that the covers of the one that asks leave free
    /// enough stand in their places, in enough of its parts.
    #[must_use]
    pub fn stands_beside(&self, stored: &Landmarks, covers: &Covers) -> bool {
        let Some((across, down)) = self.scales(stored) else {
            return false;
        };
        let (own, mut free, mut standing) = (stored.aspect, 0, 0);
        let mut cells = [(0, false); FREE_CELLS * FREE_CELLS];
        for point in &stored.points {
            let (x, y) = (point.x * across, point.y * down);
            if covers.hide(x, y) {
                continue;
            }
            let index = |value: f32, side: f32| {
                ((FREE_CELLS as f32 * value / side.max(1e-6)) as usize).min(FREE_CELLS - 1)
            };
            let cell = &mut cells[FREE_CELLS * index(point.y, own.1) + index(point.x, own.0)];
            let stands = self.stands(point, (x, y));
            *cell = (cell.0 + 1, cell.1 || stands);
            free += 1;
            standing += usize::from(stands);
        }
        let unexplained: usize = cells.iter().filter(|cell| !cell.1).map(|cell| cell.0).sum();
        standing >= LEAST_BESIDE
            && standing as f32 >= LEAST_SHARE * free as f32
            && unexplained as f32 <= MOST_UNEXPLAINED * free as f32
    }

    /// Whether the frame of a stored picture has the shape of that of the picture that asks.
    #[must_use]
    pub fn has_shape_of(&self, stored: &Landmarks) -> bool {
        self.scales(stored).is_some()
    }

    /// By what the places of a stored picture's landmarks are multiplied; `None` where the frames
    /// are of other shapes.
    fn scales(&self, stored: &Landmarks) -> Option<(f32, f32)> {
        let (own, other) = (self.asked.aspect, stored.aspect);
        let (across, down) = (own.0 / other.0.max(1e-6), own.1 / other.1.max(1e-6));
        (across.max(down) <= MAX_SQUASH * across.min(down)).then_some((across, down))
    }

    fn stands(&self, point: &Landmark, (x, y): (f32, f32)) -> bool {
        let columns = cell(x - TOLERANCE)..=cell(x + TOLERANCE);
        let mut rows = cell(y - TOLERANCE)..=cell(y + TOLERANCE);
        rows.any(|row| {
            let mut numbers = columns
                .clone()
                .flat_map(|column| &self.cells[CELLS * row + column]);
            numbers.any(|&number| {
                let other = &self.asked.points[usize::from(number)];
                (other.x - x).powi(2) + (other.y - y).powi(2) <= TOLERANCE * TOLERANCE
                    && is_print(point, other)
            })
        })
    }
}

/// The cell of a coordinate in units of the longer side.
fn cell(coordinate: f32) -> usize {
    ((coordinate.max(0.0) * CELLS as f32) as usize).min(CELLS - 1)
}

/// Whether two landmarks in one place are prints of one.
fn is_print(a: &Landmark, b: &Landmark) -> bool {
    let turn = a.direction.abs_diff(b.direction);
    a.level.abs_diff(b.level) <= MAX_LEVELS
        && turn.min(DIRECTIONS as u8 - turn) <= MAX_STEPS
        && bits_apart(a, b) <= MAX_BITS
}

fn bits_apart(a: &Landmark, b: &Landmark) -> u32 {
    let words = a.bits.iter().zip(b.bits);
    words.map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::landmarks::{STORED_LANDMARKS, landmarks, landmarks_and_dense};
    use super::*;
    use crate::fingerprint::test_pictures::discs;
    use image::{Rgb, RgbImage, imageops};
    use proptest::prelude::*;

    fn in_place(original: &RgbImage, copy: &RgbImage) -> usize {
        let (_, dense) = landmarks_and_dense(copy);
        InPlace::of(&dense).count(&landmarks(original, STORED_LANDMARKS))
    }

    /// The picture at three quarters of its size, with words and a plate over most of it.
    fn covered(original: &RgbImage, words: u64) -> RgbImage {
        let (width, height) = original.dimensions();
        let mut copy = original.clone();
        let plate = RgbImage::from_pixel(width * 7 / 10, height * 7 / 10, Rgb([220, 40, 60]));
        imageops::replace(&mut copy, &plate, 0, 0);
        imageops::replace(&mut copy, &discs(width / 2, height / 2, words), 10, 10);
        let (width, height) = (width * 3 / 4, height * 3 / 4);
        imageops::resize(&copy, width, height, imageops::FilterType::Triangle)
    }

    #[test]
    fn a_picture_is_found_by_what_is_left_beside_a_cover() {
        let original = discs(600, 440, 4);
        assert!(in_place(&original, &covered(&original, 900)) >= ENOUGH_IN_PLACE);
        assert!(in_place(&original, &original) > STORED_LANDMARKS / 2);
    }

    #[test]
    fn one_cover_over_two_pictures_and_another_frame_do_not_make_them_one() {
        let (first, second) = (discs(600, 440, 4), discs(600, 440, 5));
        assert!(in_place(&first, &covered(&second, 900)) < ENOUGH_IN_PLACE);
        let crop = imageops::crop_imm(&first, 0, 0, 400, 440).to_image();
        assert_eq!(in_place(&first, &crop), 0);
    }

    #[test]
    fn one_pattern_of_dots_does_not_make_two_pictures_one() {
        let dotted = |seed: u64| {
            let shades = discs(96, 96, seed);
            RgbImage::from_fn(96, 96, |x, y| {
                let is_dot = (x % 16).abs_diff(8).pow(2) + (y % 16).abs_diff(8).pow(2) < 20;
                let shade = shades.get_pixel(x, y).0[0] / 8;
                Rgb(if is_dot {
                    [10 + shade, 20, 100]
                } else {
                    [90, 100 + shade, 20]
                })
            })
        };
        let count = in_place(&dotted(1), &dotted(2));
        assert!(count < ENOUGH_IN_PLACE, "{count}");
    }

    #[test]
    fn a_picture_without_landmarks_has_none_in_place() {
        let flat = RgbImage::from_pixel(300, 200, Rgb([255; 3]));
        assert_eq!(in_place(&flat, &discs(300, 200, 1)), 0);
        assert_eq!(in_place(&discs(300, 200, 1), &flat), 0);
        assert_eq!(
            InPlace::of(&Landmarks::default()).count(&Landmarks::default()),
            0
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn different_pictures_do_not_stand_in_one_place(a in 10u64..1000, b in 2000u64..3000) {
            let count = in_place(&discs(300, 240, a), &discs(300, 240, b));
            prop_assert!(count < ENOUGH_IN_PLACE, "{count}");
        }
    }
}
