//! The eight orientations of a picture, and what they do to its cosine coefficients.

use image::{RgbImage, imageops};

/// The picture in its eight orientations, in the order of [`dihedral`](super::dihedral).
#[must_use]
pub fn turned(pixels: &RgbImage) -> [RgbImage; 8] {
    let upside_down = imageops::flip_vertical(pixels);
    let mirrored = imageops::flip_horizontal(pixels);
    let diagonal = imageops::rotate90(&upside_down);
    let other_diagonal = imageops::rotate90(&mirrored);
    [
        pixels.clone(),
        imageops::rotate270(pixels),
        imageops::rotate180(pixels),
        imageops::rotate90(pixels),
        upside_down,
        mirrored,
        diagonal,
        other_diagonal,
    ]
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
