//! Landmarks: oriented corners with binary descriptors, few enough to keep for every picture, so
//! that a crop, a bordered copy or a screenshot can be checked against a picture whose file is long
//! gone.
//!
//! Corners are maxima of the Harris response on a pyramid ([`harris`](super::harris)), described by
//! 256 comparisons in a turned patch ([`brief`](super::brief)).

use std::collections::HashMap;

use image::RgbImage;

use super::brief::{centroid_direction, describe};
use super::harris::{Corner, corners, spread};
use super::landmark::{DIRECTIONS, LEVEL_RATIO, LEVELS, Landmark, PATCH};
use super::plane::{Plane, binomial_blur, next_level, working_plane};

/// Identifies this definition of landmarks beside every stored set. 2: pictures under 320 pixels
/// are enlarged first; sets of both definitions can be compared.
pub const LANDMARKS_ID: &str = "landmarks/2 320 harris brief256";

/// Landmarks kept per stored picture.
pub const STORED_LANDMARKS: usize = 96;
/// Landmarks taken from a picture that asks; more than are stored, since only part of it may be the
/// old picture.
pub const QUERY_LANDMARKS: usize = 288;
/// Landmarks of a picture that asks among which those in their places are looked for: letters over
/// a picture have more corners than it.
pub const DENSE_LANDMARKS: usize = 720;

/// Bytes of one landmark in [`Landmarks::to_bytes`].
const PACKED: usize = 38;

/// The landmarks of one picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Landmarks {
    /// Width and height in units of the longer side.
    pub(super) aspect: (f32, f32),
    pub(super) points: Vec<Landmark>,
}

impl Landmarks {
    /// Number of landmarks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether the picture has no corner to hold on to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// At most `limit` of the set, the same share of every scale, the strongest of each.
    #[must_use]
    pub fn fewer(&self, limit: usize) -> Self {
        let total = self.points.len().max(1);
        let share = |count: usize| (count * limit).div_ceil(total).min(count);
        let mut points = Vec::with_capacity(limit);
        for level in self.points.chunk_by(|a, b| a.level == b.level) {
            points.extend(&level[..share(level.len())]);
        }
        // Rounding up can exceed the limit; the coarsest scales, last in the list, are the fewest.
        points.truncate(limit);
        Self {
            aspect: self.aspect,
            points,
        }
    }

    /// Those that stand on any of these convex quadrilaterals, whose corners go round clockwise in
    /// units of the longer side.
    #[must_use]
    pub fn on(&self, places: &[[(f32, f32); 4]]) -> Self {
        let stands_on = |point: &&Landmark, place: &[(f32, f32); 4]| {
            (0..4).all(|k| {
                let ((ax, ay), (bx, by)) = (place[k], place[(k + 1) % 4]);
                (bx - ax) * (point.y - ay) - (by - ay) * (point.x - ax) >= 0.0
            })
        };
        let points = self.points.iter();
        let on_any = points.filter(|point| places.iter().any(|place| stands_on(point, place)));
        Self {
            aspect: self.aspect,
            points: on_any.copied().collect(),
        }
    }

    /// The set as bytes: width and height as u16 in 1/65535 of the longer side, then 38 bytes per
    /// landmark (x, y as u16, level, direction, 256 bits), little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let unit = |value: f32| ((value * 65535.0).round() as u16).to_le_bytes();
        let mut bytes = Vec::with_capacity(4 + PACKED * self.points.len());
        bytes.extend(unit(self.aspect.0));
        bytes.extend(unit(self.aspect.1));
        for point in &self.points {
            bytes.extend(unit(point.x));
            bytes.extend(unit(point.y));
            bytes.extend([point.level, point.direction]);
            bytes.extend(point.bits.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    /// The set written by [`to_bytes`](Self::to_bytes), or `None` for bytes that are no such set.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(4)?;
        if !rest.len().is_multiple_of(PACKED) {
            return None;
        }
        let mut points = Vec::with_capacity(rest.len() / PACKED);
        for chunk in rest.chunks_exact(PACKED) {
            points.push(unpacked(chunk)?);
        }
        Some(Self {
            aspect: (unit(head), unit(&head[2..])),
            points,
        })
    }
}

/// A coordinate stored as u16 in 1/65535 of the longer side.
fn unit(bytes: &[u8]) -> f32 {
    f32::from(u16::from_le_bytes([bytes[0], bytes[1]])) / 65535.0
}

/// The landmark of [`PACKED`] bytes; `None` for a level or direction that there is not.
fn unpacked(bytes: &[u8]) -> Option<Landmark> {
    let (level, direction) = (bytes[4], bytes[5]);
    if usize::from(level) >= LEVELS || usize::from(direction) >= DIRECTIONS {
        return None;
    }
    let mut bits = [0; 4];
    for (word, eight) in bits.iter_mut().zip(bytes[6..].as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*eight);
    }
    Some(Landmark {
        x: unit(bytes),
        y: unit(&bytes[2..]),
        level,
        direction,
        bits,
    })
}

/// The landmarks of a picture, at most `limit`, spread over its area and its scales.
#[must_use]
pub fn landmarks(pixels: &RgbImage, limit: usize) -> Landmarks {
    let [landmarks] = taken(pixels, [limit]);
    landmarks
}

/// The [`QUERY_LANDMARKS`] of a picture that asks, and its [`DENSE_LANDMARKS`], which it takes less
/// than twice the time to take together.
#[must_use]
pub fn landmarks_and_dense(pixels: &RgbImage) -> (Landmarks, Landmarks) {
    let [landmarks, dense] = taken(pixels, [QUERY_LANDMARKS, DENSE_LANDMARKS]);
    (landmarks, dense)
}

/// A set of landmarks for each of the limits.
fn taken<const SETS: usize>(pixels: &RgbImage, limits: [usize; SETS]) -> [Landmarks; SETS] {
    let mut plane = working_plane(pixels);
    let (height, width) = plane.dim();
    let longer = width.max(height) as f32;
    let total: f32 = (0..LEVELS).map(|l| LEVEL_RATIO.powi(-(l as i32))).sum();
    let aspect = (width as f32 / longer, height as f32 / longer);
    let mut sets = limits.map(|limit| Landmarks {
        aspect,
        points: Vec::with_capacity(limit),
    });
    let mut carried = [0; SETS];
    for level in 0..LEVELS {
        if level > 0 {
            plane = next_level(&plane);
        }
        if plane.nrows().min(plane.ncols()) < 2 * PATCH as usize + 6 {
            break;
        }
        let mut layer = Layer::new(&plane, level);
        for ((set, limit), carried) in sets.iter_mut().zip(limits).zip(&mut carried) {
            let share = limit as f32 * LEVEL_RATIO.powi(-(level as i32)) / total;
            let share = share.round() as usize + *carried;
            let found = layer.landmarks(share.min(limit - set.points.len()));
            *carried = share.saturating_sub(found.len());
            set.points.extend(found);
        }
    }
    sets
}

/// One pyramid level with its corners.
struct Layer {
    smooth: Plane,
    level: usize,
    corners: Vec<Corner>,
    /// What was described already.
    described: HashMap<(usize, usize), Landmark>,
}

impl Layer {
    fn new(plane: &Plane, level: usize) -> Self {
        let smooth = binomial_blur(plane);
        Self {
            corners: corners(&smooth),
            level,
            described: HashMap::new(),
            smooth,
        }
    }

    /// At most `limit` landmarks.
    fn landmarks(&mut self, limit: usize) -> Vec<Landmark> {
        let smooth = &self.smooth;
        let side = smooth.nrows().max(smooth.ncols()) as f32;
        let landmark = |(x, y): (usize, usize)| {
            *self.described.entry((x, y)).or_insert_with(|| {
                let direction = centroid_direction(smooth, x, y);
                Landmark {
                    x: (x as f32 + 0.5) / side,
                    y: (y as f32 + 0.5) / side,
                    level: self.level as u8,
                    direction,
                    bits: describe(smooth, x, y, direction),
                }
            })
        };
        let chosen = spread(&self.corners, smooth.dim(), limit);
        chosen.into_iter().map(landmark).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_pictures::discs;
    use proptest::prelude::*;

    #[test]
    fn mirroring_twice_is_the_identity() {
        let set = landmarks(&discs(300, 200, 6), 20);
        for point in &set.points {
            let back = point.mirrored(set.aspect).mirrored(set.aspect);
            assert_eq!((back.bits, back.direction), (point.bits, point.direction));
        }
    }

    #[test]
    fn landmarks_on_a_place_are_those_between_its_sides() {
        let set = landmarks(&discs(400, 200, 6), STORED_LANDMARKS);
        let left_half = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)];
        let on_left = set.on(&[left_half]);
        let expected: Vec<_> = set.points.iter().copied().filter(|p| p.x <= 0.5).collect();
        assert_eq!(on_left.points, expected);
        assert!(!on_left.is_empty() && on_left.len() < set.len());
        assert!(set.on(&[]).is_empty());
    }

    #[test]
    fn the_set_that_asks_is_the_same_beside_a_denser_one() {
        let picture = discs(500, 360, 8);
        let (usual, dense) = landmarks_and_dense(&picture);
        assert_eq!(usual, landmarks(&picture, QUERY_LANDMARKS));
        assert_eq!(dense, landmarks(&picture, DENSE_LANDMARKS));
        assert!(dense.len() > usual.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn bytes_keep_the_set(width in 20u32..200, height in 20u32..200, seed in 0u64..99) {
            let set = landmarks(&discs(width, height, seed), STORED_LANDMARKS);
            prop_assert!(set.len() <= STORED_LANDMARKS);
            let bytes = set.to_bytes();
            let again = Landmarks::from_bytes(&bytes).unwrap();
            prop_assert_eq!(again.to_bytes(), bytes);
        }

        #[test]
        fn foreign_bytes_are_refused_or_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(set) = Landmarks::from_bytes(&bytes) {
                prop_assert_eq!(4 + 38 * set.len(), bytes.len());
                let _ = set.find_in(&set);
            }
        }
    }
}
