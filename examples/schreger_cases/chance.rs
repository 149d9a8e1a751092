//! Seeded chance: a SplitMix64 stream and smooth random fields.

/// SplitMix64 (Steele, Lea, Flood 2014): one 64-bit state, fully determined by its seed.
pub(crate) struct Chance(u64);

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Chance {
    /// A stream that depends on `seed` alone.
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0xA076_1D64_78BD_642F))
    }

    /// The next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Uniform on [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform on [low, high).
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Log-uniform on [low, high).
    pub(crate) fn log_range(&mut self, low: f32, high: f32) -> f32 {
        self.range(low.ln(), high.ln()).exp()
    }

    /// Standard normal, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f32::consts::TAU * self.unit()).cos()
    }

    /// Normal, drawn again until it lies within `low` and `high`.
    pub(crate) fn clipped(&mut self, mean: f32, sd: f32, low: f32, high: f32) -> f32 {
        loop {
            let x = mean + sd * self.normal();
            if (low..=high).contains(&x) {
                return x;
            }
        }
    }

    /// True with probability `p`.
    pub(crate) fn with(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

/// Value noise: uniform on [-1, 1] at the integer points, smooth in between, standard deviation
/// near 0.4.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    seed: u64,
    per_unit: f32,
}

impl Field {
    /// A field whose features are between `low` and `high` times `unit` wide.
    pub(crate) fn new(chance: &mut Chance, unit: f32, low: f32, high: f32) -> Self {
        Self {
            seed: chance.bits(),
            per_unit: 1.0 / (unit * chance.range(low, high)),
        }
    }

    fn at_point(&self, i: i32, j: i32) -> f32 {
        let key = self.seed ^ ((i as u32 as u64) << 32 | j as u32 as u64);
        (mix(key) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// The field's value at (x, y).
    pub(crate) fn value_at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x * self.per_unit, y * self.per_unit);
        let (i, j) = (x.floor(), y.floor());
        let smooth = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (u, v) = (smooth(x - i), smooth(y - j));
        let (i, j) = (i as i32, j as i32);
        let low = self.at_point(i, j) * (1.0 - u) + self.at_point(i + 1, j) * u;
        let high = self.at_point(i, j + 1) * (1.0 - u) + self.at_point(i + 1, j + 1) * u;
        low * (1.0 - v) + high * v
    }
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
