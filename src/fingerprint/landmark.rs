//! One landmark: a corner with position, scale, direction and descriptor.

use std::f32::consts::TAU;

/// Ratio between pyramid levels, 2^(1/3).
pub(super) const LEVEL_RATIO: f32 = 1.259_921;
/// Number of pyramid levels: the last is 1/5 of the first.
pub(super) const LEVELS: usize = 8;
/// Directions that have a comparison pattern of their own.
pub(super) const DIRECTIONS: usize = 32;
/// Radius of the patch a descriptor reads, in pixels of its level.
pub(super) const PATCH: i32 = 12;

/// One corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Landmark {
    /// Position in units of the longer side of the picture.
    pub(super) x: f32,
    pub(super) y: f32,
    /// Pyramid level, 0 the finest.
    pub(super) level: u8,
    /// Direction, in steps of a full turn over [`DIRECTIONS`].
    pub(super) direction: u8,
    /// The descriptor: 256 brightness comparisons.
    pub(super) bits: [u64; 4],
}

impl Landmark {
    /// The same landmark in the picture mirrored left to right, whose sides are `aspect`.
    pub(super) fn mirrored(self, aspect: (f32, f32)) -> Self {
        let half = DIRECTIONS as u8 / 2;
        Self {
            x: aspect.0 - self.x,
            direction: (half + DIRECTIONS as u8 - self.direction) % DIRECTIONS as u8,
            bits: [self.bits[2], self.bits[3], self.bits[0], self.bits[1]],
            ..self
        }
    }

    /// Size relative to a landmark of the finest level.
    pub(super) fn scale(self) -> f32 {
        LEVEL_RATIO.powi(i32::from(self.level))
    }

    /// Direction in radians.
    pub(super) fn angle(self) -> f32 {
        f32::from(self.direction) * TAU / DIRECTIONS as f32
    }
}
