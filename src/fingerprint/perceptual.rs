//! The img_hash family: hashes that other tools and lists exchange, and that PDQ can be compared
//! with.
//!
//! Bits are those of the crate image_hasher 3 with Lanczos scaling. Hashes of the same name from
//! other tools (ImageHash for Python, pHash for C++) are of the same kind but scale the picture in
//! another way: single bits differ.

use std::fmt;
use std::str::FromStr;

use image::RgbImage;
use img_hash::{HashAlg, HasherConfig};

use super::shrink::shrunk;

/// Pictures with a longer side are averaged down first: scaling by Lanczos takes time and memory
/// for every pixel of them.
const LONGEST_SIDE: u32 = 2048;

/// A hash of the img_hash family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PerceptualAlgorithm {
    /// pHash: signs of the lowest cosine coefficients against their median.
    Phash,
    /// dHash: whether the picture brightens from left to right, cell by cell.
    Dhash,
    /// aHash: cells brighter than the mean of all.
    Ahash,
    /// Blockhash (blockhash.io): cells brighter than the median of their band; reads every pixel.
    Blockhash,
    /// Cells brighter than the median of all.
    MedianHash,
    /// dHash from top to bottom.
    VerticalDhash,
    /// dHash in both directions, on half as many cells a side.
    DoubleDhash,
}

use PerceptualAlgorithm::{Ahash, Blockhash, Dhash, DoubleDhash, MedianHash, Phash, VerticalDhash};

/// Cells per side of the grid that others usually exchange: hashes of 64 bits.
pub const USUAL_GRID: u32 = 8;

impl PerceptualAlgorithm {
    /// Every algorithm, the best known first.
    pub const ALL: [Self; 7] = [
        Phash,
        Dhash,
        Ahash,
        Blockhash,
        MedianHash,
        VerticalDhash,
        DoubleDhash,
    ];

    /// Its name in definitions, settings and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Phash => "phash",
            Dhash => "dhash",
            Ahash => "ahash",
            Blockhash => "blockhash",
            MedianHash => "median",
            VerticalDhash => "vertical-dhash",
            DoubleDhash => "double-dhash",
        }
    }

    /// What it compares, in a line.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Phash => "lowest cosine coefficients above their median",
            Dhash => "cells brighter than their left neighbour",
            Ahash => "cells brighter than the mean",
            Blockhash => "cells brighter than the median of their band, from every pixel",
            MedianHash => "cells brighter than the median",
            VerticalDhash => "cells brighter than their upper neighbour",
            DoubleDhash => "both gradients, on half as many cells a side",
        }
    }

    fn hasher(self, grid: u32) -> HasherConfig {
        let config = HasherConfig::new().hash_size(grid, grid);
        match self {
            Phash => config.hash_alg(HashAlg::Median).preproc_dct(),
            Dhash => config.hash_alg(HashAlg::Gradient),
            Ahash => config.hash_alg(HashAlg::Mean),
            Blockhash => config.hash_alg(HashAlg::Blockhash),
            MedianHash => config.hash_alg(HashAlg::Median),
            VerticalDhash => config.hash_alg(HashAlg::VertGradient),
            DoubleDhash => config.hash_alg(HashAlg::DoubleGradient),
        }
    }
}

impl fmt::Display for PerceptualAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no algorithm of the family.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no perceptual hash: phash, dhash, ahash, blockhash, median, vertical-dhash and \
     double-dhash are"
)]
pub struct ParseAlgorithmError(String);

impl FromStr for PerceptualAlgorithm {
    type Err = ParseAlgorithmError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| ParseAlgorithmError(name.chars().take(40).collect()))
    }
}

/// A hash with the definition it was made by. Hashes of different definitions cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerceptualHash {
    /// Library generation, algorithm, grid and filter, such as `image_hasher/3 phash 8x8 lanczos3`.
    pub definition: String,
    /// The bits, first bit lowest in the first byte.
    pub bits: Box<[u8]>,
}

impl PerceptualHash {
    /// Number of differing bits, or `None` when the two were made by different definitions.
    #[must_use]
    pub fn hamming(&self, other: &Self) -> Option<u32> {
        (self.definition == other.definition && self.bits.len() == other.bits.len())
            .then(|| differing_bits(&self.bits, &other.bits))
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Number of differing bits of two hashes of one definition.
#[must_use]
pub(crate) fn differing_bits(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// The definition under which hashes of `algorithm` on a `grid` are stored.
#[must_use]
pub(crate) fn perceptual_definition(algorithm: PerceptualAlgorithm, grid: u32) -> String {
    format!("image_hasher/3 {algorithm} {grid}x{grid} lanczos3")
}

/// The hash of a picture by `algorithm` on `grid` x `grid` cells ([`USUAL_GRID`]; 2 to 64 are
/// taken).
#[must_use]
pub fn perceptual(pixels: &RgbImage, algorithm: PerceptualAlgorithm, grid: u32) -> PerceptualHash {
    let grid = grid.clamp(2, 64);
    let pixels = shrunk(pixels, LONGEST_SIDE);
    let hash = algorithm.hasher(grid).to_hasher().hash_image(&*pixels);
    PerceptualHash {
        definition: perceptual_definition(algorithm, grid),
        bits: hash.as_bytes().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn ramp() -> RgbImage {
        RgbImage::from_fn(160, 120, |x, y| {
            Rgb([(x + y / 3) as u8, y as u8, (2 * y) as u8])
        })
    }

    #[test]
    fn each_algorithm_has_its_own_name_and_definition() {
        for algorithm in PerceptualAlgorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            let hash = perceptual(&ramp(), algorithm, USUAL_GRID);
            assert!(hash.definition.contains(algorithm.name()), "{hash:?}");
            assert!(hash.bits.len() * 8 >= 32, "{hash:?}");
        }
        assert!("md5".parse::<PerceptualAlgorithm>().is_err());
    }

    #[test]
    fn a_brightening_row_rises_everywhere() {
        let rising = RgbImage::from_fn(90, 90, |x, _| Rgb([2 * x as u8; 3]));
        let hash = perceptual(&rising, Dhash, USUAL_GRID);
        assert_eq!(hash.to_string(), "f".repeat(16));
    }

    #[test]
    fn a_resized_copy_has_nearly_the_same_hash_and_another_picture_has_not() {
        let wave = |period: f32| {
            RgbImage::from_fn(320, 240, |x, y| {
                let level = (x as f32 / period).sin() * (y as f32 / 37.0 + 1.0).cos();
                Rgb([(128.0 + 100.0 * level) as u8; 3])
            })
        };
        let (original, other) = (wave(31.0), wave(83.0));
        let copy = image::imageops::thumbnail(&original, 160, 120);
        for algorithm in PerceptualAlgorithm::ALL {
            let hash = |pixels| perceptual(pixels, algorithm, USUAL_GRID);
            let near = hash(&original).hamming(&hash(&copy)).unwrap();
            let far = hash(&original).hamming(&hash(&other)).unwrap();
            assert!(near <= 8 && far >= 12, "{algorithm}: {near} and {far}");
        }
    }

    #[test]
    fn hashes_of_different_definitions_are_not_compared() {
        let (mean, gradient) = (perceptual(&ramp(), Ahash, 8), perceptual(&ramp(), Dhash, 8));
        assert_eq!(mean.hamming(&gradient), None);
        assert_eq!(mean.hamming(&perceptual(&ramp(), Ahash, 16)), None);
        assert_eq!(mean.hamming(&mean), Some(0));
    }
}
