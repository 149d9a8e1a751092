//! A projective map between two quadrilaterals.

/// A projective map of the plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projection([f32; 9]);

impl Projection {
    /// The map that carries four points onto four others; `None` when there is none.
    pub(super) fn between(from: [(f32, f32); 4], to: [(f32, f32); 4]) -> Option<Self> {
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
    pub(super) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.0;
        let depth = m[6] * x + m[7] * y + m[8];
        (
            (m[0] * x + m[1] * y + m[2]) / depth,
            (m[3] * x + m[4] * y + m[5]) / depth,
        )
    }
}
