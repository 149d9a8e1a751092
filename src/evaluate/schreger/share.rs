//! Shares of counts, with their interval.

use crate::evaluate::binomial;

/// A share with its 95 % interval ([`binomial::interval_of_share`]).
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
        let [low, high] = binomial::interval_of_share(self.value().unwrap_or(0.0), self.of);
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_in_many_trials_still_leaves_an_upper_limit() {
        // Clopper and Pearson's upper limit for 0 of 100 is 1 - 0.025^(1/100) = 3.62 %.
        let (low, high) = Share { hits: 0, of: 100 }.interval();
        assert_eq!(low, 0.0);
        assert!((high - 0.0362).abs() < 1e-4);
    }
}
