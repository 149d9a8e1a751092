//! Intervals by resampling groups: what the figures would be, had other sellers been crawled.
//!
//! Percentile bootstrap over whole groups (Efron and Tibshirani 1993; groups because photographs
//! of one seller are not independent). The same seed gives the same intervals on any number of
//! threads.

use rayon::prelude::*;

/// Resamples of which more than this share gives no value leave a figure without interval.
const UNDEFINED: f64 = 0.05;

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same on every platform and in every
/// version.
#[derive(Debug, Clone)]
pub(super) struct SplitMix(u64);

impl SplitMix {
    /// A generator that depends on `seed` and on a name alone (FNV-1a), whatever the order of the
    /// work.
    pub(super) fn named(seed: u64, name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    /// Uniform in 0 to 1, 1 excluded.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.unit(), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform below `n`, by multiplication (Lemire 2019; the bias is below 2^-32 for any real
    /// `n`).
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// How intervals are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resampling {
    /// Bootstrap resamples; 0 gives no intervals.
    pub resamples: u64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self::new(1000, 1)
    }
}

impl Resampling {
    /// So many resamples, drawn from a seed.
    #[must_use]
    pub fn new(resamples: u64, seed: u64) -> Self {
        Self { resamples, seed }
    }

    /// [`intervals`] of every figure.
    pub fn intervals(
        self,
        groups: &[usize],
        figures: impl Fn(&[u32]) -> Vec<Option<f64>> + Sync,
    ) -> Vec<Option<[f64; 2]>> {
        intervals(groups, self.resamples, self.seed, figures)
    }
}

/// How often each row counts in resample `number`: its group's draws out of as many draws as there
/// are groups.
#[must_use]
pub fn weights(groups: &[usize], seed: u64, number: u64) -> Vec<u32> {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let mut random = SplitMix(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    let mut drawn = vec![0; count];
    for _ in 0..count {
        drawn[random.below(count)] += 1;
    }
    groups.iter().map(|&group| drawn[group]).collect()
}

/// 95 % intervals of every figure that `figures` gives for a weight per row. `None` where too many
/// resamples leave the figure undefined.
pub fn intervals(
    groups: &[usize],
    resamples: u64,
    seed: u64,
    figures: impl Fn(&[u32]) -> Vec<Option<f64>> + Sync,
) -> Vec<Option<[f64; 2]>> {
    let all: Vec<Vec<Option<f64>>> = (0..resamples)
        .into_par_iter()
        .map(|number| figures(&weights(groups, seed, number)))
        .collect();
    let count = all.first().map_or(0, Vec::len);
    (0..count)
        .map(|k| {
            let mut values: Vec<f64> = all.iter().filter_map(|row| row[k]).collect();
            let missing = all.len() - values.len();
            if values.is_empty() || missing as f64 > UNDEFINED * all.len() as f64 {
                return None;
            }
            values.sort_by(f64::total_cmp);
            Some([quantile(&values, 0.025), quantile(&values, 0.975)])
        })
        .collect()
}

/// Quantile of sorted values by linear interpolation (type 7, the default of R and NumPy).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    sorted[low] + (at - at.floor()) * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resample_draws_as_many_groups_as_there_are_and_takes_them_whole() {
        let groups = [0, 0, 1, 2, 2, 2];
        for number in 0..50 {
            let drawn = weights(&groups, 7, number);
            assert_eq!(drawn[0], drawn[1]);
            assert_eq!(drawn[3], drawn[5]);
            assert_eq!(drawn[0] + drawn[2] + drawn[3], 3);
        }
    }

    #[test]
    fn the_interval_of_a_mean_has_the_width_that_theory_gives() {
        let groups: Vec<usize> = (0..400).collect();
        let found = intervals(&groups, 2000, 1, |weights| {
            let hits: u32 = weights.iter().step_by(4).sum();
            vec![Some(
                f64::from(hits) / f64::from(weights.iter().sum::<u32>()),
            )]
        });
        let [low, high] = found[0].expect("an interval");
        // Binomial: 0.25 with a standard error of sqrt(0.25 * 0.75 / 400) = 0.02165.
        assert!((low - (0.25 - 1.96 * 0.02165)).abs() < 0.005, "{low}");
        assert!((high - (0.25 + 1.96 * 0.02165)).abs() < 0.005, "{high}");
    }

    #[test]
    fn a_figure_that_is_mostly_undefined_has_no_interval() {
        let groups = [0, 1];
        assert_eq!(intervals(&groups, 100, 1, |_| vec![None]), [None]);
    }
}
