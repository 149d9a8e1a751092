//! Writing laid over a picture: many thin strokes of one tone, with sharp rims.
//!
//! Rather too much than too little is taken for writing: whoever leaves out what is written on
//! compares less of a picture.

use image::RgbImage;

use super::samples::{Colour, Samples};

/// Samples along the longer side: a stroke of a letter that is a twelfth of a picture high has two.
const SAMPLES: usize = 256;
/// Least samples along the shorter side.
const NARROWEST: usize = 32;
/// Tones that are looked at, those of most samples first, and the least share that one takes.
const TONES: usize = 6;
const LEAST_TONE: f32 = 0.004;
/// Bits of a channel that tell tones apart when they are counted.
const TONE_BITS: u32 = 4;
/// Levels by which a sample may differ from the tone.
const OFF: u8 = 28;
/// Most width of a stroke, and least and most height of a letter or a word, in samples.
const THICKEST: f32 = 7.0;
const HEIGHTS: std::ops::RangeInclusive<usize> = 5..=48;
/// Most share of the picture that one stroke takes.
const MOST_STROKE: f32 = 0.03;
/// Levels by which the tone and what is beside a stroke are apart in the mean.
const CONTRAST: f32 = 48.0;
/// Least number of strokes of a tone, and least share of the picture that they take.
const LEAST_STROKES: usize = 8;
const LEAST_WRITING: f32 = 0.008;
/// Samples by which strokes are taken larger: their rims, and what compression leaves there.
const MARGIN: usize = 2;

/// Where a picture is written on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Writing {
    across: usize,
    down: usize,
    written: Vec<bool>,
}

impl Writing {
    /// Whether a point, in units of the longer side, is written on.
    pub(super) fn hides(&self, x: f32, y: f32) -> bool {
        let sample =
            |value: f32, most: usize| ((value.max(0.0) * SAMPLES as f32) as usize).min(most - 1);
        self.written[self.across * sample(y, self.down) + sample(x, self.across)]
    }
}

/// The writing over a picture; `None` where there is none.
pub(super) fn writing(pixels: &RgbImage) -> Option<Writing> {
    let samples = Samples::of(pixels, SAMPLES);
    let (across, down) = (samples.across, samples.down);
    if across.min(down) < NARROWEST {
        return None;
    }
    let tones = samples.usual_tones().into_iter();
    let strokes: Vec<usize> = tones.flat_map(|tone| samples.strokes(tone)).collect();
    if strokes.is_empty() {
        return None;
    }
    let mut written = vec![false; across * down];
    for at in strokes {
        let (x, y) = (at % across, at / across);
        let columns = x.saturating_sub(MARGIN)..(x + MARGIN + 1).min(across);
        for y in y.saturating_sub(MARGIN)..(y + MARGIN + 1).min(down) {
            written[across * y..][columns.clone()].fill(true);
        }
    }
    Some(Writing {
        across,
        down,
        written,
    })
}

impl Samples {
    /// The tones of most samples, no two of them alike.
    fn usual_tones(&self) -> Vec<Colour> {
        let bin = |colour: &Colour| {
            colour.iter().fold(0, |bin, &level| {
                bin << TONE_BITS | usize::from(level >> (8 - TONE_BITS))
            })
        };
        let mut bins = vec![[0_u32; 4]; 1 << (3 * TONE_BITS)];
        for colour in &self.colours {
            let own = &mut bins[bin(colour)];
            own[3] += 1;
            for (sum, &level) in own.iter_mut().zip(colour) {
                *sum += u32::from(level);
            }
        }
        let least = LEAST_TONE * self.colours.len() as f32;
        bins.retain(|bin| bin[3] as f32 >= least);
        bins.sort_by_key(|bin| std::cmp::Reverse(bin[3]));
        let mut tones: Vec<Colour> = Vec::new();
        for [r, g, b, count] in bins {
            let tone = [r, g, b].map(|sum| (sum / count.max(1)) as u8);
            if tones.len() < TONES && tones.iter().all(|other| apart(other, &tone) > OFF) {
                tones.push(tone);
            }
        }
        tones
    }

    /// The samples of all strokes of a tone, where there are enough of them.
    fn strokes(&self, tone: Colour) -> Vec<usize> {
        let is_tone = |colour: &Colour| apart(colour, &tone) <= OFF;
        let of_tone: Vec<bool> = self.colours.iter().map(is_tone).collect();
        let mut left = of_tone.clone();
        let (mut strokes, mut count) = (Vec::new(), 0);
        let mut area = Vec::new();
        for first in 0..left.len() {
            if !left[first] {
                continue;
            }
            self.fill_area(first, &of_tone, &mut left, &mut area);
            if self.is_stroke(&area, tone, &of_tone) {
                strokes.extend_from_slice(&area);
                count += 1;
            }
        }
        let share = strokes.len() as f32 / self.colours.len() as f32;
        match count >= LEAST_STROKES && share >= LEAST_WRITING {
            true => strokes,
            false => Vec::new(),
        }
    }

    /// Makes `area` the connected samples of a tone around the first one, which are no longer `left`.
    fn fill_area(&self, first: usize, of_tone: &[bool], left: &mut [bool], area: &mut Vec<usize>) {
        left[first] = false;
        area.clear();
        area.push(first);
        let mut done = 0;
        while let Some(&at) = area.get(done) {
            done += 1;
            for next in self.around(at, 1).into_iter().flatten() {
                if of_tone[next] && left[next] {
                    left[next] = false;
                    area.push(next);
                }
            }
        }
    }

    /// The samples so far left, right, above and below of one, within the picture.
    fn around(&self, at: usize, far: usize) -> [Option<usize>; 4] {
        let (x, y) = (at % self.across, at / self.across);
        [
            (x >= far).then(|| at - far),
            (x + far < self.across).then(|| at + far),
            (y >= far).then(|| at - far * self.across),
            (y + far < self.down).then(|| at + far * self.across),
        ]
    }

    /// Whether an area is thin, of a letter's or a word's size, and apart from what is around it.
    fn is_stroke(&self, area: &[usize], tone: Colour, of_tone: &[bool]) -> bool {
        let size = area.len() as f32;
        if area.len() < *HEIGHTS.start() || size > MOST_STROKE * self.colours.len() as f32 {
            return false;
        }
        let rows = area.iter().map(|at| at / self.across);
        let (top, bottom) = rows.fold((usize::MAX, 0), |(top, bottom), row| {
            (top.min(row), bottom.max(row))
        });
        if !HEIGHTS.contains(&(bottom + 1 - top)) {
            return false;
        }
        let (mut rim, mut contrast) = (0_u32, 0_u32);
        for &at in area {
            let beyond = self.around(at, 2);
            for (next, far) in self.around(at, 1).into_iter().zip(beyond) {
                if let Some(next) = next.filter(|&next| !of_tone[next]) {
                    rim += 1;
                    // The sample beside it is a mixture of both.
                    contrast += u32::from(apart(&self.colours[far.unwrap_or(next)], &tone));
                }
            }
        }
        // A stroke has two sides.
        2.0 * size <= THICKEST * rim as f32 && contrast as f32 >= CONTRAST * rim.max(1) as f32
    }
}

/// Most difference of the channels of two colours, levels.
fn apart(a: &Colour, b: &Colour) -> u8 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_pictures::{grained, written};
    use proptest::prelude::*;

    #[test]
    fn letters_are_found_and_what_is_between_the_lines_is_not() {
        let picture = written(&grained(480, 360, 3));
        let found = writing(&picture).expect("it is written on");
        let side = 480.0;
        let (mut letters, mut hidden) = (0, 0);
        for (x, y, pixel) in picture.enumerate_pixels() {
            if pixel.0 == [255, 230, 0] {
                letters += 1;
                hidden += u32::from(found.hides(x as f32 / side, y as f32 / side));
            }
        }
        assert!(hidden * 100 >= letters * 95, "{hidden} of {letters}");
        assert!((0..480).all(|x| !found.hides(x as f32 / side, 20.0 / side)));
    }

    #[test]
    fn shades_a_ground_and_a_few_marks_are_no_writing() {
        let shaded = RgbImage::from_fn(480, 360, |x, y| {
            image::Rgb([(x / 3) as u8, (y / 2) as u8, ((x + y) / 5) as u8])
        });
        assert_eq!(writing(&shaded), None);
        assert_eq!(
            writing(&RgbImage::from_pixel(480, 360, image::Rgb([255; 3]))),
            None
        );
        assert_eq!(writing(&RgbImage::new(1, 1)), None);
        let mut marked = shaded.clone();
        for k in 0..4 {
            for y in 100..140 {
                marked.put_pixel(60 + 90 * k, y, image::Rgb([255; 3]));
            }
        }
        assert_eq!(writing(&marked), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_size_is_looked_at(width in 40u32..300, height in 40u32..300, seed in 0u64..9) {
            let found = writing(&written(&grained(width, height, seed)));
            if let Some(found) = found {
                prop_assert!(found.written.iter().any(|&at| at));
                let _ = found.hides(2.0, 2.0);
            }
        }
    }
}
