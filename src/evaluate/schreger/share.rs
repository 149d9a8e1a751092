//! Shares of counts, with their interval.

/// Quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.96;

/// A share with its 95 % interval (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many times it happened.
    pub hits: usize,
    /// Out of how many.
    pub of: usize,
}

impl Share {
    /// How many of the items are hits.
    pub(super) fn count<T>(items: impl Iterator<Item = T>, is_hit: impl Fn(T) -> bool) -> Self {
        let mut share = Self { hits: 0, of: 0 };
        for item in items {
            share.of += 1;
            share.hits += usize::from(is_hit(item));
        }
        share
    }

    /// The share, 0 to 1; `None` of nothing.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// 95 % interval of the share, 0 to 1.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let n = self.of as f64;
        let p = self.hits as f64 / n;
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_in_many_trials_still_leaves_an_upper_limit() {
        // Wilson's upper limit for 0 of 100 at z = 1.96 is z^2 / (n + z^2) = 3.70 %.
        let (low, high) = Share { hits: 0, of: 100 }.interval();
        assert_eq!(low, 0.0);
        assert!((high - 0.0370).abs() < 1e-4);
    }
}
