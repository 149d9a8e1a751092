//! PDQ, the 256-bit perceptual hash of the ThreatExchange reference, over pixels already decoded.
//!
//! Definition: `pdq/cpp/hashing/pdqhashing.cpp` and `pdq/cpp/downscaling/downscaling.cpp` of
//! facebook/ThreatExchange. In order: BT.601 luma, a tent filter (two box filters per axis) sampled
//! at 64x64 points ([`tent_filter`](super::tent_filter)), a 16x16 block of its cosine transform
//! without the constant term ([`cosine`](super::cosine)), one bit per coefficient above the median.

use image::RgbImage;

use super::cosine::{BLOCK, Coefficients, cosine_block};
use super::orientation::ORIENTATIONS;
use super::pdq_hash::PdqHash;
use super::tent_filter::{Luma64, filter};

/// Identifies this definition of PDQ beside every stored hash; changes when a hash bit can change.
pub const PDQ_ID: &str = "pdq/1 full bt601";

/// Hamming distance up to which the reference calls two hashes a match (pdq/README.md).
pub const MATCH_DISTANCE: u32 = 31;

/// Quality from which the reference trusts a hash (pdq/README.md discards 49 and less).
pub const MIN_QUALITY: u8 = 50;

/// Side of the square to which larger pictures are scaled first (`DOWNSAMPLE_DIMS`).
const PRESCALE: usize = 512;
/// Shortest side, in pixels, that has a hash (`MIN_HASHABLE_DIM`).
const MIN_SIDE: usize = 5;

/// A hash and how much picture there was to hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pdq {
    /// The hash; all zero for a picture with a side under 5 pixels.
    pub hash: PdqHash,
    /// 0 (flat) to 100; hashes under [`MIN_QUALITY`] match pictures that have nothing in common.
    pub quality: u8,
}

impl Pdq {
    /// The hash, where its quality reaches [`MIN_QUALITY`].
    #[must_use]
    pub fn sufficient(&self) -> Option<PdqHash> {
        (self.quality >= MIN_QUALITY).then_some(self.hash)
    }
}

/// The PDQ hash of a picture.
///
/// The filter reads every pixel, as the reference library does when it is handed pixels;
/// [`pdq_prescaled`] does what its command does with large files. The two differ by a few bits,
/// well inside [`MATCH_DISTANCE`].
#[must_use]
pub fn pdq(pixels: &RgbImage) -> Pdq {
    pdq_at(pixels, pixels.dimensions())
}

/// The PDQ hash of a picture of `size` (width, height) from pixels decoded at a smaller scale.
///
/// PDQ rounds its windows and sampling points to whole pixels, so that a smaller copy has another
/// hash, by up to 14 bits. Here they are those of the full size, each pixel standing for the ones
/// that it was made of.
#[must_use]
pub fn pdq_at(pixels: &RgbImage, size: (u32, u32)) -> Pdq {
    pdq_of(transform(pixels, (size.0 as usize, size.1 as usize)))
}

/// The PDQ hash as the reference's command makes it: a picture with a side over 512 pixels is first
/// scaled to 512x512 by nearest neighbour. For comparing implementations; coarser than [`pdq`] on
/// large photographs.
#[must_use]
pub fn pdq_prescaled(pixels: &RgbImage) -> Pdq {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let large = width > PRESCALE || height > PRESCALE;
    pdq_of(transform(
        pixels,
        if large {
            (PRESCALE, PRESCALE)
        } else {
            (width, height)
        },
    ))
}

fn pdq_of(transformed: Option<(Coefficients, u8)>) -> Pdq {
    transformed
        .map(|(block, quality)| Pdq {
            hash: bits_above_median(&block),
            quality,
        })
        .unwrap_or_default()
}

/// The hashes of the picture in its eight orientations, from one transform.
///
/// Order, as in the reference: as it is, turned by 90, 180, 270 degrees counter-clockwise, mirrored
/// top to bottom, mirrored left to right, mirrored in the main diagonal, mirrored in the other
/// diagonal.
#[must_use]
pub fn dihedral(pixels: &RgbImage) -> [Pdq; 8] {
    dihedral_at(pixels, pixels.dimensions())
}

/// [`dihedral`] of a picture of `size` from pixels decoded at a smaller scale: see [`pdq_at`].
#[must_use]
pub fn dihedral_at(pixels: &RgbImage, size: (u32, u32)) -> [Pdq; 8] {
    let size = (size.0 as usize, size.1 as usize);
    let Some((block, quality)) = transform(pixels, size) else {
        return [Pdq::default(); 8];
    };
    ORIENTATIONS.map(|orientation| {
        let mut turned = [[0.0; BLOCK]; BLOCK];
        for (i, row) in turned.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let (from, sign) = orientation.source(i, j);
                *value = sign * block[from.0][from.1];
            }
        }
        Pdq {
            hash: bits_above_median(&turned),
            quality,
        }
    })
}

/// The 16x16 coefficients and the quality of a picture hashed at `scaled` (width, height) pixels;
/// `None` when a side is under [`MIN_SIDE`].
fn transform(pixels: &RgbImage, scaled: (usize, usize)) -> Option<(Coefficients, u8)> {
    if scaled.0 < MIN_SIDE || scaled.1 < MIN_SIDE {
        return None;
    }
    let filtered = filter(pixels, scaled);
    Some((cosine_block(&filtered), quality(&filtered)))
}

/// One bit per coefficient above the median, which for 256 values is the 128th smallest (Torben's
/// method).
fn bits_above_median(block: &Coefficients) -> PdqHash {
    let mut values: Vec<f32> = block.iter().flatten().copied().collect();
    let (_, &mut median, _) = values.select_nth_unstable_by(BLOCK * BLOCK / 2 - 1, f32::total_cmp);
    let mut hash = PdqHash::default();
    for (i, row) in block.iter().enumerate() {
        for (j, &value) in row.iter().enumerate() {
            if value > median {
                hash.set_bit(i, j);
            }
        }
    }
    hash
}

/// Sum of neighbour differences in percent of white, each cut to an integer, over 90, at most 100.
fn quality(picture: &Luma64) -> u8 {
    let step = |u: f32, v: f32| (((u - v) * 100.0) / 255.0) as i32;
    let mut sum = 0;
    for (i, row) in picture.iter().enumerate() {
        if let Some(below) = picture.get(i + 1) {
            sum += row
                .iter()
                .zip(below)
                .map(|(&u, &v)| step(u, v).abs())
                .sum::<i32>();
        }
        sum += row
            .windows(2)
            .map(|pair| step(pair[0], pair[1]).abs())
            .sum::<i32>();
    }
    (sum / 90).min(100) as u8
}

#[cfg(test)]
mod tests {
    use super::super::orientation::turned;
    use super::super::tent_filter::SIDE;
    use super::*;
    use crate::fingerprint::test_pictures::{clutter, waves};
    use image::Rgb;
    use image::imageops;
    use proptest::prelude::*;

    #[test]
    fn prescaling_reads_the_pixel_at_the_floor_of_the_scaled_position() {
        let large = waves(1300, 400, 1);
        let scaled = RgbImage::from_fn(512, 512, |x, y| {
            *large.get_pixel(x * 1300 / 512, y * 400 / 512)
        });
        assert_eq!(pdq_prescaled(&large), pdq(&scaled));
    }

    #[test]
    fn a_picture_decoded_small_has_the_hash_of_its_full_size() {
        for seed in 0..2 {
            let full = clutter(1200, 896, seed);
            // As JPEG does at a quarter: means of blocks of 4 x 4.
            let small = RgbImage::from_fn(300, 224, |x, y| {
                let mut sums = [0_u32; 3];
                for (dx, dy) in (0..4).flat_map(|dy| (0..4).map(move |dx| (dx, dy))) {
                    let pixel = full.get_pixel(4 * x + dx, 4 * y + dy);
                    for (sum, value) in sums.iter_mut().zip(pixel.0) {
                        *sum += u32::from(value);
                    }
                }
                Rgb(sums.map(|sum| (sum / 16) as u8))
            });
            let expected = dihedral(&full);
            let found = dihedral_at(&small, full.dimensions());
            for (expected, found) in expected.iter().zip(&found) {
                let distance = expected.hash.hamming(&found.hash);
                assert!(distance <= 8, "{distance} bits with seed {seed}");
            }
            assert_eq!(pdq_at(&small, full.dimensions()), found[0]);
        }
    }

    #[test]
    fn median_of_256_values_is_the_128th_smallest() {
        let mut block = [[0.0; BLOCK]; BLOCK];
        for (k, value) in block.iter_mut().flatten().enumerate() {
            *value = k as f32;
        }
        let hash = bits_above_median(&block);
        assert_eq!(hash.weight(), 128);
        assert_eq!(
            hash.to_string(),
            "f".repeat(32) + &"0".repeat(32),
            "later rows hold the larger values and print first"
        );
    }

    #[test]
    fn quality_cuts_every_difference_to_an_integer_percentage() {
        // 2/255 of white is 0.78 percent: it counts nothing, however often it occurs.
        let mut picture = [[0.0; SIDE]; SIDE];
        for (j, value) in picture
            .iter_mut()
            .flat_map(|row| row.iter_mut().enumerate())
        {
            *value = if j % 2 == 0 { 100.0 } else { 102.0 };
        }
        assert_eq!(quality(&picture), 0);
        // 3/255 is 1.18 percent and counts 1: 64 rows of 63 pairs, over 90.
        for value in picture.iter_mut().flatten() {
            *value += if *value > 101.0 { 1.0 } else { 0.0 };
        }
        assert_eq!(quality(&picture), (64 * 63 / 90) as u8);
    }

    #[test]
    fn flat_and_tiny_pictures_have_no_quality() {
        assert_eq!(
            pdq(&RgbImage::from_pixel(300, 200, Rgb([250, 250, 250]))).quality,
            0
        );
        assert_eq!(pdq(&waves(4, 300, 0)), Pdq::default());
        assert_eq!(dihedral(&waves(300, 4, 0)), [Pdq::default(); 8]);
    }

    #[test]
    fn dihedral_hashes_are_those_of_the_turned_pictures() {
        // Divisible by 128, so that turning does not move the filter's sampling points by a
        // fraction.
        let upright = waves(512, 384, 2);
        let turned = turned(&upright);
        let hashes = dihedral(&upright);
        assert_eq!(hashes[0], pdq(&upright));
        for (k, picture) in turned.iter().enumerate() {
            let distance = hashes[k].hash.hamming(&pdq(picture).hash);
            assert!(distance <= 24, "orientation {k} is {distance} bits off");
        }
    }

    #[test]
    fn orientations_of_a_hash_are_near_the_hashes_of_the_turned_pictures() {
        for seed in 0..20 {
            let turned = dihedral(&clutter(512, 384, seed));
            let derived = turned[0].hash.orientations();
            assert_eq!(derived[0], turned[0].hash);
            for (k, (derived, exact)) in derived.iter().zip(&turned).enumerate() {
                let distance = derived.hamming(&exact.hash);
                assert!(distance <= 24, "orientation {k} is {distance} bits off");
            }
        }
    }

    #[test]
    fn resizing_stays_a_match() {
        // No guarantee for every picture, so a fixed hundred: a coefficient near the median may
        // flip.
        let distances: Vec<u32> = (0..100)
            .map(|seed| {
                let original = clutter(320, 240, seed);
                let side = 150 + 2 * seed as u32;
                let filter = imageops::FilterType::Triangle;
                let resized = imageops::resize(&original, side, side * 3 / 4, filter);
                pdq(&original).hash.hamming(&pdq(&resized).hash)
            })
            .collect();
        let matches = distances
            .iter()
            .filter(|&&distance| distance <= MATCH_DISTANCE)
            .count();
        assert!(matches >= 95, "{matches} of 100: {distances:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn any_size_hashes_without_panic(width in 1u32..300, height in 1u32..300) {
            let made = pdq(&waves(width, height, 7));
            prop_assert!(made.quality <= 100);
            prop_assert!(made.hash.weight() <= 128);
        }
    }
}
