//! A projective map between two quadrilaterals, and pixels between pixels.

use image::RgbImage;

/// A projective map of the plane.
#[derive(Debug, Clone, Copy)]
pub struct Projection([f32; 9]);

impl Projection {
    /// The map that carries four points onto four others; `None` when there is none.
    #[must_use]
    pub fn between(from: [(f32, f32); 4], to: [(f32, f32); 4]) -> Option<Self> {
        let mut rows = [[0.0_f64; 9]; 8];
        for (k, (&(x, y), &(u, v))) in from.iter().zip(&to).enumerate() {
            let [x, y, u, v] = [x, y, u, v].map(f64::from);
            rows[2 * k] = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u];
            rows[2 * k + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v];
        }
        // Gauss and Jordan, with the largest pivot.
        for column in 0..8 {
            let pivot = (column..8)
                .max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
            rows.swap(column, pivot);
            if rows[column][column].abs() < 1e-9 {
                return None;
            }
            let base = rows[column];
            for (k, row) in rows.iter_mut().enumerate().filter(|(k, _)| *k != column) {
                let factor = row[column] / base[column];
                for (value, part) in row.iter_mut().zip(base).skip(column) {
                    *value -= factor * part;
                }
                debug_assert!(k < 8);
            }
        }
        let mut solved = [1.0_f32; 9];
        for (k, row) in rows.iter().enumerate() {
            solved[k] = (row[8] / row[k]) as f32;
        }
        Some(Self(solved))
    }

    /// Where a point goes.
    #[must_use]
    pub fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.0;
        let depth = m[6] * x + m[7] * y + m[8];
        (
            (m[0] * x + m[1] * y + m[2]) / depth,
            (m[3] * x + m[4] * y + m[5]) / depth,
        )
    }
}

/// The colour at a place between the middles of pixels, which have whole coordinates.
#[must_use]
pub fn bilinear(picture: &RgbImage, x: f32, y: f32) -> [u8; 3] {
    let (left, top) = (x.max(0.0).floor(), y.max(0.0).floor());
    let (fx, fy) = (x.max(0.0) - left, y.max(0.0) - top);
    let (last_x, last_y) = (picture.width() - 1, picture.height() - 1);
    let (left, top) = ((left as u32).min(last_x), (top as u32).min(last_y));
    let (right, bottom) = ((left + 1).min(last_x), (top + 1).min(last_y));
    let mut mixed = [0.0_f32; 3];
    for (px, py, weight) in [
        (left, top, (1.0 - fx) * (1.0 - fy)),
        (right, top, fx * (1.0 - fy)),
        (left, bottom, (1.0 - fx) * fy),
        (right, bottom, fx * fy),
    ] {
        for (sum, level) in mixed.iter_mut().zip(picture.get_pixel(px, py).0) {
            *sum += weight * f32::from(level);
        }
    }
    mixed.map(|level| level.round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn corners_go_to_corners_and_back() {
        let square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
        let place = [(3.0, 1.0), (24.0, 5.0), (20.0, 30.0), (1.0, 22.0)];
        let there = Projection::between(square, place).unwrap();
        let back = Projection::between(place, square).unwrap();
        for (x, y) in square {
            let (across, down) = there.apply(x, y);
            let (a, b) = back.apply(across, down);
            assert!((a - x).abs() < 1e-3 && (b - y).abs() < 1e-3, "{a} {b}");
        }
        assert!(Projection::between([(1.0, 1.0); 4], square).is_none());
    }

    #[test]
    fn half_way_between_two_pixels_is_their_mean() {
        let two = RgbImage::from_fn(2, 1, |x, _| Rgb([100 * x as u8, 0, 50]));
        assert_eq!(bilinear(&two, 0.5, 0.0), [50, 0, 50]);
        assert_eq!(bilinear(&two, 9.0, -3.0), [100, 0, 50]);
    }
}
