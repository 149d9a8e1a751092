//! Affine maps of the plane: how one picture may lie in another.

/// `x' = m0 x + m1 y + m2`, `y' = m3 x + m4 y + m5`.
#[derive(Debug, Clone, Copy)]
pub(super) struct AffineMap {
    m: [f32; 6],
}

/// Two points that should fall on each other: `[x, y, x', y']`.
pub(super) type PointPair = [f64; 4];

/// Pairs from which a free affine map is fitted; under it, a similarity.
const FREE_FROM: usize = 6;
/// Largest stretch of a plausible map, longer side over shorter.
const MAX_STRETCH: f32 = 1.6;

impl AffineMap {
    /// The similarity that scales by `scale`, turns by `angle` radians and carries `from` onto
    /// `to`.
    pub(super) fn similarity(scale: f32, angle: f32, from: (f32, f32), to: (f32, f32)) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (a, b) = (scale * cos, scale * sin);
        let across = to.0 - a * from.0 + b * from.1;
        let down = to.1 - b * from.0 - a * from.1;
        Self {
            m: [a, -b, across, b, a, down],
        }
    }

    /// Where the map carries a point.
    pub(super) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.m;
        (m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5])
    }

    /// Square root of the ratio of areas.
    pub(super) fn scale(&self) -> f32 {
        (self.m[0] * self.m[4] - self.m[1] * self.m[3]).abs().sqrt()
    }

    /// Turn in radians.
    pub(super) fn angle(&self) -> f32 {
        f32::atan2(self.m[3] - self.m[1], self.m[0] + self.m[4])
    }

    /// Whether the map keeps shapes recognisable: no collapse, no mirroring, stretch of at most
    /// 1.6.
    pub(super) fn is_plausible(&self) -> bool {
        let m = &self.m;
        let determinant = m[0] * m[4] - m[1] * m[3];
        let squares = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
        determinant > 0.01
            && determinant < 100.0
            && squares < (MAX_STRETCH + 1.0 / MAX_STRETCH) * determinant
    }

    /// The least-squares map over the pairs: affine from six pairs on, a similarity under it;
    /// `None` when the points lie too close or on a line.
    pub(super) fn least_squares(pairs: &[PointPair]) -> Option<Self> {
        let moments = Moments::of(pairs);
        let [a, b, c, d] = if pairs.len() >= FREE_FROM {
            moments.free()?
        } else {
            moments.similarity()?
        };
        let mean = moments.mean;
        let m = [
            a,
            b,
            mean[2] - a * mean[0] - b * mean[1],
            c,
            d,
            mean[3] - c * mean[0] - d * mean[1],
        ];
        Some(Self {
            m: m.map(|value| value as f32),
        })
    }
}

/// Means of the four coordinates, and sums of products of the deviations from them.
struct Moments {
    mean: PointPair,
    /// x x, x y, y y.
    own: [f64; 3],
    /// x x', y x', x y', y y'.
    cross: [f64; 4],
}

impl Moments {
    fn of(pairs: &[PointPair]) -> Self {
        let count = pairs.len() as f64;
        let mut mean = [0.0; 4];
        for pair in pairs {
            (0..4).for_each(|k| mean[k] += pair[k] / count);
        }
        let (mut own, mut cross) = ([0.0; 3], [0.0; 4]);
        for pair in pairs {
            let [x, y, u, v]: PointPair = std::array::from_fn(|k| pair[k] - mean[k]);
            add(&mut own, [x * x, x * y, y * y]);
            add(&mut cross, [x * u, y * u, x * v, y * v]);
        }
        Self { mean, own, cross }
    }

    /// The linear part of the affine map, row by row.
    fn free(&self) -> Option<[f64; 4]> {
        let ([xx, xy, yy], [xu, yu, xv, yv]) = (self.own, self.cross);
        let determinant = xx * yy - xy * xy;
        if determinant < 1e-4 * (xx + yy).powi(2) {
            return None;
        }
        let solved = [
            xu * yy - yu * xy,
            yu * xx - xu * xy,
            xv * yy - yv * xy,
            yv * xx - xv * xy,
        ];
        Some(solved.map(|value| value / determinant))
    }

    /// The linear part of the similarity, row by row.
    fn similarity(&self) -> Option<[f64; 4]> {
        let ([xx, _, yy], [xu, yu, xv, yv]) = (self.own, self.cross);
        let spread = xx + yy;
        if spread < 1e-6 {
            return None;
        }
        let (a, b) = ((xu + yv) / spread, (xv - yu) / spread);
        Some([a, -b, b, a])
    }
}

fn add<const N: usize>(sums: &mut [f64; N], terms: [f64; N]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_moved_by_a_map_give_it_back() {
        let moved = |x: f64, y: f64| [x, y, 0.8 * x - 0.3 * y + 5.0, 0.4 * x + 1.1 * y - 2.0];
        let points = [
            (0.0, 0.0),
            (1.0, 0.0),
            (0.0, 1.0),
            (1.0, 2.0),
            (3.0, 1.0),
            (2.0, 5.0),
        ];
        let pairs = points.map(|(x, y)| moved(x, y));
        let map = AffineMap::least_squares(&pairs).unwrap();
        let (x, y) = map.apply(1.0, 1.0);
        assert!((x - 5.5).abs() < 1e-5 && (y + 0.5).abs() < 1e-5, "{map:?}");
        assert!(map.is_plausible());
    }

    #[test]
    fn a_similarity_carries_its_point_and_knows_its_scale_and_turn() {
        let map = AffineMap::similarity(2.0, 0.5, (0.3, 0.4), (0.6, 0.1));
        let (x, y) = map.apply(0.3, 0.4);
        assert!((x - 0.6).abs() < 1e-6 && (y - 0.1).abs() < 1e-6);
        assert!((map.scale() - 2.0).abs() < 1e-6 && (map.angle() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn points_on_a_line_give_no_map() {
        let pairs: Vec<PointPair> = (0..6).map(|k| [f64::from(k); 4]).collect();
        assert!(AffineMap::least_squares(&pairs).is_none());
    }
}
