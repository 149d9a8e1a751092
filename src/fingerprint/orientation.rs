//! The eight orientations of a picture, and what they do to its cosine coefficients.

use image::{RgbImage, imageops};

/// The picture in its eight orientations, in the order of [`dihedral`](super::dihedral).
#[must_use]
pub fn turned(pixels: &RgbImage) -> [RgbImage; 8] {
    std::array::from_fn(|orientation| turned_to(pixels, orientation))
}

/// The picture in one of its eight orientations, by its place in the order of
/// [`dihedral`](super::dihedral): all of them at once take eight times the memory.
#[must_use]
pub fn turned_to(pixels: &RgbImage, orientation: usize) -> RgbImage {
    match orientation % 8 {
        0 => pixels.clone(),
        1 => imageops::rotate270(pixels),
        2 => imageops::rotate180(pixels),
        3 => imageops::rotate90(pixels),
        4 => imageops::flip_vertical(pixels),
        5 => imageops::flip_horizontal(pixels),
        6 => imageops::rotate90(&imageops::flip_vertical(pixels)),
        _ => imageops::rotate90(&imageops::flip_horizontal(pixels)),
    }
}

/// How the coefficients of a picture go over into those of the turned or mirrored picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orientation {
    transpose: bool,
    /// Whether the odd frequencies down the picture are negated.
    rows: bool,
    /// The same across.
    columns: bool,
}

const fn orientation(transpose: bool, rows: bool, columns: bool) -> Orientation {
    Orientation {
        transpose,
        rows,
        columns,
    }
}

/// In the order of [`dihedral`](super::dihedral).
pub(super) const ORIENTATIONS: [Orientation; 8] = [
    orientation(false, false, false),
    orientation(true, true, false),
    orientation(false, true, true),
    orientation(true, false, true),
    orientation(false, true, false),
    orientation(false, false, true),
    orientation(true, false, false),
    orientation(true, true, true),
];

impl Orientation {
    /// Where coefficient `row`, `column` comes from, and its sign.
    pub(super) fn source(self, row: usize, column: usize) -> ((usize, usize), f32) {
        // Mirroring an axis negates its odd frequencies; index 0 holds frequency 1.
        let sign = |index: usize, mirrored: bool| match mirrored && index.is_multiple_of(2) {
            true => -1.0,
            false => 1.0,
        };
        let from = if self.transpose {
            (column, row)
        } else {
            (row, column)
        };
        (from, sign(row, self.rows) * sign(column, self.columns))
    }
}
