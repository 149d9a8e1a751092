//! The 16x16 block of lowest frequencies of a 64x64 picture, without the constant term.

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::tent_filter::{Luma64, SIDE};

/// Side of the block of cosine coefficients.
pub(super) const BLOCK: usize = 16;

/// Frequencies 1 to 16 down the picture, then across.
pub(super) type Coefficients = [[f32; BLOCK]; BLOCK];

/// `sqrt(2/64) cos(pi/128 (i+1)(2j+1))`: the 16 lowest frequencies but the constant one.
fn basis() -> &'static [[f32; SIDE]; BLOCK] {
    static BASIS: OnceLock<[[f32; SIDE]; BLOCK]> = OnceLock::new();
    BASIS.get_or_init(|| {
        let mut basis = [[0.0; SIDE]; BLOCK];
        for (i, row) in basis.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                let phase = PI / (2 * SIDE) as f64 * ((i + 1) * (2 * j + 1)) as f64;
                *value = ((2.0 / SIDE as f64).sqrt() * phase.cos()) as f32;
            }
        }
        basis
    })
}

/// `D A D^T` for the 64x64 picture `A`.
pub(super) fn cosine_block(picture: &Luma64) -> Coefficients {
    let basis = basis();
    let mut half = [[0.0_f32; SIDE]; BLOCK];
    for (row, frequencies) in half.iter_mut().zip(basis) {
        for (&frequency, line) in frequencies.iter().zip(picture) {
            for (sum, value) in row.iter_mut().zip(line) {
                *sum += frequency * value;
            }
        }
    }
    let mut block = [[0.0; BLOCK]; BLOCK];
    for (row, line) in block.iter_mut().zip(&half) {
        for (value, frequencies) in row.iter_mut().zip(basis) {
            *value = line.iter().zip(frequencies).map(|(a, b)| a * b).sum();
        }
    }
    block
}
