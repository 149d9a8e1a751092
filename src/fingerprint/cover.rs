//! What is laid over a picture: stickers, plates, banners of one tone, with words on them.
//!
//! A cover is a connected area of one tone that fills most of its convex hull; the hull takes in
//! the letters on it. The ground behind a thing fills its hull too little, or its hull is the picture.

use image::RgbImage;

use super::samples::{Colour, Samples};

/// Samples along the longer side.
const SAMPLES: usize = 128;
/// Levels by which a sample may differ from the tone.
const OFF: u8 = 12;
/// Least share of the picture of one cover, and most of all together.
const LEAST: f32 = 0.02;
const MOST: f32 = 0.4;
/// Levels by which the channels of its tone are apart, at least: white and grey are the grounds that
/// goods are shown on.
const COLOURED: u8 = 64;
/// Sides of the picture that a cover touches at most: what reaches three is a part of a layout.
const MOST_SIDES: usize = 2;
/// Share of its hull that a cover fills at least.
const FILLED: f32 = 0.55;
/// Units of the longer side by which a cover is taken larger: its rim, and what a landmark beside
/// it sees of it.
const MARGIN: f32 = 0.03;

/// A point in units of the longer side.
type Point = (f32, f32);

/// What is laid over a picture, largest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Covers {
    /// Corners of each hull, in one sense of turning.
    hulls: Vec<Vec<Point>>,
    share: f32,
}

impl Covers {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hulls.is_empty()
    }

    /// Their share of the picture, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f32 {
        self.share
    }

    /// Whether a point lies under a cover or beside its rim.
    #[must_use]
    pub fn hide(&self, x: f32, y: f32) -> bool {
        self.hulls.iter().any(|hull| {
            (0..hull.len()).all(|k| {
                let ((ax, ay), (bx, by)) = (hull[k], hull[(k + 1) % hull.len()]);
                let (dx, dy) = (bx - ax, by - ay);
                let length = dx.hypot(dy).max(1e-6);
                (dx * (y - ay) - dy * (x - ax)) / length >= -MARGIN
            })
        })
    }
}

/// The covers of a picture.
#[must_use]
pub fn covers(pixels: &RgbImage) -> Covers {
    let Samples {
        across,
        down,
        colours: samples,
    } = Samples::of(pixels, SAMPLES);
    let mut areas = areas_of_one_tone(&samples, across);
    let all = samples.len() as f32;
    areas.retain(|area| {
        let [r, g, b] = samples[area[0]];
        area.len() as f32 >= LEAST * all && r.max(g).max(b) - r.min(g).min(b) >= COLOURED
    });
    areas.sort_by_key(|area| std::cmp::Reverse(area.len()));
    let mut found = Covers::default();
    for area in areas {
        let hull = hull(area.iter().map(|&k| (k % across, k / across)).collect());
        if sides_touched(&hull, (across, down)) > MOST_SIDES {
            continue;
        }
        let size = hull_area(&hull);
        let share = size / all;
        if share > MOST || (area.len() as f32) < FILLED * size {
            continue;
        }
        if found.share + share > MOST {
            break;
        }
        found.share += share;
        let unit = |(x, y): (usize, usize)| {
            let scale = 1.0 / SAMPLES as f32;
            ((x as f32 + 0.5) * scale, (y as f32 + 0.5) * scale)
        };
        found.hulls.push(hull.into_iter().map(unit).collect());
    }
    found
}

/// Connected areas in which every sample has the tone of the first, as numbers of samples.
fn areas_of_one_tone(samples: &[Colour], across: usize) -> Vec<Vec<usize>> {
    let mut taken = vec![false; samples.len()];
    let mut areas = Vec::new();
    for first in 0..samples.len() {
        if taken[first] {
            continue;
        }
        let tone = samples[first];
        taken[first] = true;
        let mut area = vec![first];
        let mut done = 0;
        while let Some(&at) = area.get(done) {
            done += 1;
            let x = at % across;
            let left = (x > 0).then(|| at - 1);
            let right = (x + 1 < across).then_some(at + 1);
            let up = at.checked_sub(across);
            let down = (at + across < samples.len()).then_some(at + across);
            for next in [left, right, up, down].into_iter().flatten() {
                let mut pairs = samples[next].iter().zip(&tone);
                if !taken[next] && pairs.all(|(a, b)| a.abs_diff(*b) <= OFF) {
                    taken[next] = true;
                    area.push(next);
                }
            }
        }
        areas.push(area);
    }
    areas
}

/// The convex hull (Andrew's monotone chain).
fn hull(mut points: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    points.sort_unstable();
    let turn = |a: (usize, usize), b: (usize, usize), c: (usize, usize)| {
        let [ax, ay, bx, by, cx, cy] = [a.0, a.1, b.0, b.1, c.0, c.1].map(|value| value as i64);
        (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    };
    let mut hull: Vec<(usize, usize)> = Vec::new();
    for forward in [true, false] {
        let start = hull.len();
        let count = points.len();
        for k in 0..count {
            let point = points[if forward { k } else { count - 1 - k }];
            while hull.len() >= start + 2
                && turn(hull[hull.len() - 2], hull[hull.len() - 1], point) <= 0
            {
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop();
    }
    hull
}

/// How many sides of a picture of so many samples a hull touches.
fn sides_touched(hull: &[(usize, usize)], (across, down): (usize, usize)) -> usize {
    let sides = [
        hull.iter().any(|point| point.0 == 0),
        hull.iter().any(|point| point.1 == 0),
        hull.iter().any(|point| point.0 + 1 == across),
        hull.iter().any(|point| point.1 + 1 == down),
    ];
    sides.into_iter().filter(|&is_touched| is_touched).count()
}

/// Samples in a hull.
fn hull_area(hull: &[(usize, usize)]) -> f32 {
    let (mut twice, mut around) = (0.0, 0.0);
    for k in 0..hull.len() {
        let (a, b) = (hull[k], hull[(k + 1) % hull.len()]);
        let [ax, ay, bx, by] = [a.0, a.1, b.0, b.1].map(|value| value as f32);
        twice += ax * by - bx * ay;
        around += (ax - bx).abs().max((ay - by).abs());
    }
    // Pick: the samples on the rim count too.
    (twice + around) / 2.0 + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_pictures::{grained, stuck};
    use image::{Rgb, imageops};
    use proptest::prelude::*;

    #[test]
    fn a_sticker_with_words_hides_what_is_under_it_and_nothing_else() {
        let found = covers(&stuck(&grained(480, 360, 3), 100));
        let share = std::f32::consts::PI * 100.0 * 100.0 / (480.0 * 360.0);
        assert!((found.share() - share).abs() < 0.03, "{}", found.share());
        assert!(found.hide(0.5, 0.375));
        assert!(!found.hide(0.1, 0.1));
    }

    #[test]
    fn neither_a_photograph_nor_goods_on_white_nor_a_panel_is_covered() {
        assert!(covers(&grained(480, 360, 3)).is_empty());
        let mut white = RgbImage::from_pixel(480, 360, Rgb([255; 3]));
        imageops::replace(&mut white, &grained(200, 150, 3), 140, 100);
        assert!(covers(&white).is_empty());
        // Half of a layout reaches three sides.
        let mut layout = grained(480, 360, 3);
        let panel = RgbImage::from_pixel(480, 120, Rgb([200, 20, 20]));
        imageops::replace(&mut layout, &panel, 0, 240);
        assert!(covers(&layout).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn covers_are_a_part_of_the_picture(width in 40u32..300, height in 40u32..300, r in 1u32..90) {
            let found = covers(&stuck(&grained(width, height, 3), r));
            prop_assert!((0.0..=MOST).contains(&found.share()));
            prop_assert_eq!(found.is_empty(), found.share() == 0.0);
        }
    }
}
