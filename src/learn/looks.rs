//! Many looks of one picture: what another photograph of the same thing might have shown.
//!
//! A look is a part of the picture (at least [`SMALLEST_PART`] of its area), turned by quarters,
//! mirrored or not, in another light and other colours. The network then sees it as it sees every
//! picture. Looks depend on the picture's bytes and their number alone.

use std::borrow::Cow;

use image::{Rgb, RgbImage, imageops};

use crate::fingerprint::shrunk;

/// Looks are made from no more than this on the longer side: the network sees fewer pixels still.
const LONGEST_SIDE: u32 = 640;
/// Share of the area that a look shows at least.
const SMALLEST_PART: f64 = 0.45;
/// Logarithms, on either side, by which what follows varies: width against height of the part,
/// gamma, contrast, brightness, each colour's own brightness.
const ASPECT: f64 = 0.25;
const GAMMA: f64 = 0.35;
const CONTRAST: f64 = 0.3;
const BRIGHTNESS: f64 = 0.2;
const TINT: f64 = 0.12;
/// Logarithms between which the strength of colours varies.
const SATURATION: (f64, f64) = (-0.7, 0.3);

/// A picture, small enough to take looks of.
pub(super) struct Looks<'a> {
    pixels: Cow<'a, RgbImage>,
    seed: u64,
}

impl<'a> Looks<'a> {
    /// Of upright pixels, seeded by the SHA-256 of the file.
    pub(super) fn new(pixels: &'a RgbImage, sha256: &[u8; 32]) -> Self {
        let mut seed = [0; 8];
        seed.copy_from_slice(&sha256[..8]);
        Self {
            pixels: shrunk(pixels, LONGEST_SIDE),
            seed: u64::from_le_bytes(seed),
        }
    }

    /// The look of this number.
    pub(super) fn look(&self, number: usize) -> RgbImage {
        let mut chance =
            Chance(self.seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let part = self.part(&mut chance);
        let turned = match chance.below(4) {
            0 => part,
            1 => imageops::rotate90(&part),
            2 => imageops::rotate180(&part),
            _ => imageops::rotate270(&part),
        };
        let mut look = match chance.below(2) {
            0 => turned,
            _ => imageops::flip_horizontal(&turned),
        };
        relight(&mut look, &mut chance);
        look
    }

    /// A rectangle of it.
    fn part(&self, chance: &mut Chance) -> RgbImage {
        let (width, height) = self.pixels.dimensions();
        let area = chance.between(SMALLEST_PART.ln(), 0.0).exp();
        let aspect = chance.between(-ASPECT, ASPECT).exp();
        let mut cut = |length: u32, share: f64| {
            let kept = (share.min(1.0) * f64::from(length)).round() as u32;
            let kept = kept.clamp(1, length);
            let from = chance.between(0.0, f64::from(length - kept) + 1.0) as u32;
            (from.min(length - kept), kept)
        };
        // A side that would leave the picture gives its excess to the other, so the area stays.
        let (across, down) = ((area * aspect).sqrt(), (area / aspect).sqrt());
        let (across, down) = (across.max(area), down.max(area));
        let (left, kept_width) = cut(width, across);
        let (top, kept_height) = cut(height, down);
        imageops::crop_imm(self.pixels.as_ref(), left, top, kept_width, kept_height).to_image()
    }
}

/// Another light and other colours.
fn relight(look: &mut RgbImage, chance: &mut Chance) {
    let mut log = |most: f64| chance.between(-most, most).exp();
    let (gamma, contrast, brightness) = (log(GAMMA), log(CONTRAST), log(BRIGHTNESS));
    let tints: [f64; 3] = std::array::from_fn(|_| brightness * log(TINT));
    let strength = chance.between(SATURATION.0, SATURATION.1).exp() as f32;
    let bent: [f64; 256] = std::array::from_fn(|value| 255.0 * (value as f64 / 255.0).powf(gamma));
    let sum: f64 = look
        .as_raw()
        .iter()
        .map(|&value| bent[usize::from(value)])
        .sum();
    let mean = sum / look.as_raw().len().max(1) as f64;
    let table: [[f32; 256]; 3] = tints.map(|tint| {
        std::array::from_fn(|value| (tint * ((bent[value] - mean) * contrast + mean)) as f32)
    });
    for Rgb(pixel) in look.pixels_mut() {
        let [red, green, blue] =
            std::array::from_fn(|channel| table[channel][usize::from(pixel[channel])]);
        let grey = 0.299 * red + 0.587 * green + 0.114 * blue;
        *pixel = [red, green, blue].map(|value| (grey + (value - grey) * strength) as u8);
    }
}

/// Numbers that look like chance: SplitMix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.next() >> 11) as f64 / (1u64 << 53) as f64)
    }

    fn below(&mut self, many: u64) -> u64 {
        self.next() % many
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_look_shows_a_large_part_and_is_the_same_every_time(
            width in 1u32..90, height in 1u32..90, seed in any::<[u8; 32]>(), number in 0usize..40,
        ) {
            let pixels = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 90]));
            let look = Looks::new(&pixels, &seed).look(number);
            let area = f64::from(look.width() * look.height());
            let least = SMALLEST_PART * f64::from(width * height);
            let rounding = f64::from(width + height);
            prop_assert!(area + rounding >= least, "{area} of {}", width * height);
            prop_assert!(area <= f64::from(width * height));
            prop_assert_eq!(look, Looks::new(&pixels, &seed).look(number));
        }
    }

    #[test]
    fn looks_differ() {
        let pixels = RgbImage::from_fn(64, 48, |x, y| Rgb([(3 * x) as u8, (5 * y) as u8, 128]));
        let looks = Looks::new(&pixels, &[7; 32]);
        let made: Vec<RgbImage> = (0..12).map(|number| looks.look(number)).collect();
        for (place, look) in made.iter().enumerate() {
            assert!(made[..place].iter().all(|other| other != look), "{place}");
        }
        assert!(
            made.iter().any(|look| look.height() > look.width()),
            "some are turned"
        );
    }
}
