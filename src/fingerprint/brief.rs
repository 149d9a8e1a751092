//! Direction and descriptor of a corner: the intensity centroid of its patch (Rosin 1999), and 256
//! brightness comparisons turned to that direction, after BRIEF (Calonder et al. 2010) and ORB
//! (Rublee et al. 2011).
//!
//! The comparison pattern is our own: it is closed under mirroring, so that the descriptor of a
//! mirrored patch is the same bits with the two halves exchanged.

use std::f32::consts::{SQRT_2, TAU};
use std::sync::OnceLock;

use super::landmark::{DIRECTIONS, PATCH};
use super::plane::{Plane, row_major};

/// Radius of the disc whose centroid gives the direction, pixels.
const CENTROID_RADIUS: i32 = 9;
/// Shortest distance of the two points of a comparison, pixels.
const MIN_SPAN: f32 = 3.0;

/// Direction of the intensity centroid of the patch, in steps of a turn over [`DIRECTIONS`].
pub(super) fn centroid_direction(plane: &Plane, x: usize, y: usize) -> u8 {
    let levels = row_major(plane);
    let (mut across, mut down) = (0.0, 0.0);
    for dy in -CENTROID_RADIUS..=CENTROID_RADIUS {
        let reach = ((CENTROID_RADIUS * CENTROID_RADIUS - dy * dy) as f32).sqrt() as i32;
        let start = (y as i32 + dy) as usize * plane.ncols() + x - reach as usize;
        let row = &levels[start..=start + 2 * reach as usize];
        let mut sum = 0.0;
        for (dx, value) in (-reach..=reach).zip(row) {
            across += dx as f32 * value;
            sum += value;
        }
        down += dy as f32 * sum;
    }
    let steps = (f32::atan2(down, across) / TAU * DIRECTIONS as f32).round() as i32;
    steps.rem_euclid(DIRECTIONS as i32) as u8
}

/// The descriptor of the patch around a corner, turned to `direction`.
pub(super) fn describe(plane: &Plane, x: usize, y: usize, direction: u8) -> [u64; 4] {
    let (levels, width) = (row_major(plane), plane.ncols() as isize);
    let centre = (y * plane.ncols() + x) as isize;
    let level =
        |(dx, dy): (i8, i8)| levels[(centre + isize::from(dy) * width + isize::from(dx)) as usize];
    let mut bits = [0; 4];
    for (k, &(a, b)) in patterns()[usize::from(direction)].iter().enumerate() {
        bits[k / 64] |= u64::from(level(a) < level(b)) << (k % 64);
    }
    bits
}

/// Two points of a patch that are compared, as (across, down) from its centre.
type Comparison = ((i8, i8), (i8, i8));

/// The comparisons of a patch for each direction.
fn patterns() -> &'static [[Comparison; 256]; DIRECTIONS] {
    static PATTERNS: OnceLock<Box<[[Comparison; 256]; DIRECTIONS]>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let pairs = upright_pattern();
        let mut patterns = Box::new([[((0, 0), (0, 0)); 256]; DIRECTIONS]);
        for (direction, pattern) in patterns.iter_mut().enumerate() {
            let (sin, cos) = (direction as f32 * TAU / DIRECTIONS as f32).sin_cos();
            let turn = |x: f32, y: f32| {
                (
                    (cos * x - sin * y).round() as i8,
                    (sin * x + cos * y).round() as i8,
                )
            };
            for (comparison, &[ax, ay, bx, by]) in pattern.iter_mut().zip(&pairs) {
                *comparison = (turn(ax, ay), turn(bx, by));
            }
        }
        patterns
    })
}

/// 128 comparisons drawn from a normal distribution over the patch, then the same mirrored in the
/// patch's own axis, each as `[ax, ay, bx, by]`.
fn upright_pattern() -> Vec<[f32; 4]> {
    // A fixed multiplicative sequence (Steele and Vigna 2021, LCG64): the pattern is part of the
    // format.
    let mut state: u64 = 0x5eed_1e55;
    let mut uniform = || {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut normal = || (0..6).map(|_| uniform()).sum::<f32>() * SQRT_2 - 3.0 * SQRT_2;
    let reach = PATCH as f32 - 0.6;
    let mut pairs: Vec<[f32; 4]> = Vec::with_capacity(256);
    while pairs.len() < 128 {
        let [ax, ay, bx, by] = std::array::from_fn(|_| normal() * PATCH as f32 / 2.2);
        let within = ax.hypot(ay) < reach && bx.hypot(by) < reach;
        if within && (ax - bx).hypot(ay - by) > MIN_SPAN {
            pairs.push([ax, ay, bx, by]);
        }
    }
    pairs.extend_from_within(..);
    for [_, ay, _, by] in &mut pairs[128..] {
        (*ay, *by) = (-*ay, -*by);
    }
    pairs
}
