//! The cells of a thumbnail in which a picture is seen: neither covered nor written on.

use image::RgbImage;

use super::cover::Covers;
use super::writing::writing;

/// Cells of a thumbnail along each side.
pub(super) const SIDE: usize = 24;
/// Cells of a thumbnail, each of a byte.
pub(super) const THUMBNAIL_BYTES: usize = SIDE * SIDE;
/// Places that are looked at along each side of a cell.
const PLACES: usize = 6;
/// Share of a cell's places that are free in a free cell, percent.
const LEAST_FREE: usize = 80;

/// Cells in which a picture is seen that something is laid over.
#[derive(Debug, Clone, PartialEq)]
pub struct FreeCells([bool; THUMBNAIL_BYTES]);

impl FreeCells {
    /// Those of a picture with these covers; `None` where nothing is laid over it.
    #[must_use]
    pub fn of(pixels: &RgbImage, covers: &Covers) -> Option<Self> {
        let writing = writing(pixels);
        if covers.is_empty() && writing.is_none() {
            return None;
        }
        let (width, height) = (pixels.width() as f32, pixels.height() as f32);
        let longer = width.max(height).max(1.0);
        let is_hidden = |x: f32, y: f32| {
            covers.hide(x, y) || writing.as_ref().is_some_and(|writing| writing.hides(x, y))
        };
        let places = (SIDE * PLACES) as f32;
        let mut cells = [false; THUMBNAIL_BYTES];
        for (k, cell) in cells.iter_mut().enumerate() {
            let free = (0..PLACES * PLACES).filter(|place| {
                let column = PLACES * (k % SIDE) + place % PLACES;
                let row = PLACES * (k / SIDE) + place / PLACES;
                let x = (column as f32 + 0.5) / places * width / longer;
                !is_hidden(x, (row as f32 + 0.5) / places * height / longer)
            });
            *cell = 100 * free.count() >= LEAST_FREE * PLACES * PLACES;
        }
        Some(Self(cells))
    }

    /// Whether each cell is free, row by row.
    pub(super) fn as_slice(&self) -> &[bool] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::cover::covers;
    use super::*;
    use crate::fingerprint::test_pictures::{grained, stuck, written};

    fn share(picture: &RgbImage) -> Option<f32> {
        let free = FreeCells::of(picture, &covers(picture))?;
        let count = free.0.iter().filter(|&&is_free| is_free).count();
        Some(count as f32 / THUMBNAIL_BYTES as f32)
    }

    #[test]
    fn what_is_covered_or_written_on_is_not_free() {
        let picture = grained(480, 360, 3);
        assert_eq!(share(&picture), None);
        let beside_sticker = share(&stuck(&picture, 100)).expect("it is covered");
        let disc = std::f32::consts::PI * 100.0 * 100.0 / (480.0 * 360.0);
        assert!(
            (0.7..1.0 - disc).contains(&beside_sticker),
            "{beside_sticker}"
        );
        let between_lines = share(&written(&picture)).expect("it is written on");
        assert!((0.3..0.95).contains(&between_lines), "{between_lines}");
    }
}
