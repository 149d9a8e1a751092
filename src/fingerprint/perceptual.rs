//! The img_hash family (mean, median, gradient, block hashes), for lists that already hold such hashes.

use std::fmt;

use image::RgbImage;
use img_hash::{HashAlg, HasherConfig};

/// A hash of the img_hash family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Above the mean.
    Mean,
    /// Above the median.
    Median,
    /// Rising from left to right ("dHash").
    Gradient,
    /// Rising from top to bottom.
    VertGradient,
    /// Both gradients.
    DoubleGradient,
    /// Block mean value hash.
    Blockhash,
    /// Signs of the lowest cosine coefficients ("pHash").
    Dct,
}

impl Algorithm {
    /// Every algorithm, in the order of their documentation.
    pub const ALL: [Self; 7] = [
        Self::Mean,
        Self::Median,
        Self::Gradient,
        Self::VertGradient,
        Self::DoubleGradient,
        Self::Blockhash,
        Self::Dct,
    ];

    /// Short name, as used in identifiers and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Gradient => "gradient",
            Self::VertGradient => "vert-gradient",
            Self::DoubleGradient => "double-gradient",
            Self::Blockhash => "blockhash",
            Self::Dct => "dct",
        }
    }
}

/// A hash with the definition it was made by. Hashes of different definitions cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerceptualHash {
    /// Library generation, algorithm, grid and scaling filter, such as `img_hash/3 gradient 16x16 lanczos3`.
    pub id: String,
    /// The bits, first bit lowest in the first byte.
    pub bits: Box<[u8]>,
}

impl PerceptualHash {
    /// Number of differing bits, or `None` when the two were made by different definitions.
    #[must_use]
    pub fn hamming(&self, other: &Self) -> Option<u32> {
        (self.id == other.id && self.bits.len() == other.bits.len()).then(|| {
            self.bits
                .iter()
                .zip(&other.bits)
                .map(|(a, b)| (a ^ b).count_ones())
                .sum()
        })
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash of a picture by `algorithm` on a `side` x `side` grid (8 and 16 are usual; 2 to 64 are taken).
#[must_use]
pub fn perceptual(pixels: &RgbImage, algorithm: Algorithm, side: u32) -> PerceptualHash {
    let side = side.clamp(2, 64);
    let config = HasherConfig::new().hash_size(side, side);
    let config = match algorithm {
        Algorithm::Mean => config.hash_alg(HashAlg::Mean),
        Algorithm::Median => config.hash_alg(HashAlg::Median),
        Algorithm::Gradient => config.hash_alg(HashAlg::Gradient),
        Algorithm::VertGradient => config.hash_alg(HashAlg::VertGradient),
        Algorithm::DoubleGradient => config.hash_alg(HashAlg::DoubleGradient),
        Algorithm::Blockhash => config.hash_alg(HashAlg::Blockhash),
        Algorithm::Dct => config.hash_alg(HashAlg::Mean).preproc_dct(),
    };
    let hash = config.to_hasher().hash_image(pixels);
    PerceptualHash {
        id: format!("img_hash/3 {} {side}x{side} lanczos3", algorithm.name()),
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
    fn each_algorithm_has_its_own_identifier_and_length() {
        for algorithm in Algorithm::ALL {
            let hash = perceptual(&ramp(), algorithm, 8);
            assert!(hash.id.contains(algorithm.name()), "{}", hash.id);
            let expected = if algorithm == Algorithm::DoubleGradient {
                10
            } else {
                8
            };
            assert_eq!(hash.bits.len(), expected, "{}", hash.id);
        }
    }

    #[test]
    fn a_brightening_row_rises_everywhere() {
        let rising = RgbImage::from_fn(90, 90, |x, _| Rgb([2 * x as u8; 3]));
        assert!(
            perceptual(&rising, Algorithm::Gradient, 8)
                .bits
                .iter()
                .all(|&byte| byte == 0xff)
        );
    }

    #[test]
    fn hashes_of_different_definitions_are_not_compared() {
        let (mean, gradient) = (
            perceptual(&ramp(), Algorithm::Mean, 8),
            perceptual(&ramp(), Algorithm::Gradient, 8),
        );
        assert_eq!(mean.hamming(&gradient), None);
        assert_eq!(
            mean.hamming(&perceptual(&ramp(), Algorithm::Mean, 16)),
            None
        );
        assert_eq!(mean.hamming(&mean), Some(0));
    }
}
