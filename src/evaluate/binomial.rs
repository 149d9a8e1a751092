//! Intervals of shares from counts. None in a hundred is not nothing: where an event never turned
//! up, or always did, the interval is the exact one of the binomial distribution.

/// Quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_964;

/// What a 95 % interval leaves on either side.
const TAIL: f64 = 0.025;

/// Halvings of 0 to 1 that find a bound to 12 digits.
const HALVINGS: u32 = 40;

/// 95 % interval of a share (0 to 1) seen in `trials` independent trials: Wilson's ("Probable
/// Inference", Journal of the American Statistical Association 1927); of 0 and of 1 the exact one
/// (Clopper and Pearson, Biometrika 1934). 0 to 1 without a trial.
#[must_use]
pub fn interval_of_share(share: f64, trials: usize) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    if share <= 0.0 {
        return [0.0, most_if_none(trials)];
    }
    if share >= 1.0 {
        return [1.0 - most_if_none(trials), 1.0];
    }
    let n = trials as f64;
    let z2 = Z * Z;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// The interval that was drawn; of a share of none or all no narrower than the exact one, since a
/// bootstrap cannot draw what it never saw.
#[must_use]
pub fn no_narrower(drawn: Option<[f64; 2]>, share: f64, trials: usize) -> Option<[f64; 2]> {
    if share > 0.0 && share < 1.0 {
        return drawn;
    }
    let exact = interval_of_share(share, trials);
    let [low, high] = drawn.unwrap_or(exact);
    Some([low.min(exact[0]), high.max(exact[1])])
}

/// Upper end of the exact 95 % interval where no trial of `trials` was a hit.
#[must_use]
pub fn most_if_none(trials: usize) -> f64 {
    1.0 - TAIL.powf(1.0 / trials.max(1) as f64)
}

/// The share below which the true one lies with 95 % confidence, `hits` of `trials` seen: the exact
/// one-sided upper bound (Clopper and Pearson 1934). 1 where all were hits, or none was tried.
#[must_use]
pub fn upper_bound(hits: usize, trials: usize) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (hits as f64 / trials as f64, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if at_most(hits, trials, middle) > 2.0 * TAIL {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Probability of at most `hits` hits in `trials`, each with probability `p` between 0 and 1.
fn at_most(hits: usize, trials: usize, p: f64) -> f64 {
    let (log_hit, log_miss) = (p.ln(), (-p).ln_1p());
    let mut log_term = trials as f64 * log_miss;
    let mut sum = log_term.exp();
    for k in 0..hits {
        log_term += ((trials - k) as f64 / (k + 1) as f64).ln() + log_hit - log_miss;
        sum += log_term.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }

    #[test]
    fn the_exact_bounds_of_none_and_of_all() {
        // scipy.stats.binomtest(0, 100).proportion_ci(method="exact"): 0 to 0.0362166926
        let [low, high] = interval_of_share(0.0, 100);
        close(low, 0.0);
        close(high, 0.036_216_692_6);
        let [low, high] = interval_of_share(1.0, 100);
        close(low, 1.0 - 0.036_216_692_6);
        close(high, 1.0);
    }

    #[test]
    fn wilson_s_interval_as_published() {
        let [low, high] = interval_of_share(0.9, 10);
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3);
        let [fewer, _] = interval_of_share(0.9, 5);
        assert!(fewer < low, "five trials say less than ten");
        assert_eq!(interval_of_share(0.5, 0), [0.0, 1.0]);
    }

    #[test]
    fn the_one_sided_bound_is_that_of_the_beta_distribution() {
        // scipy.stats.beta.ppf(0.95, hits + 1, trials - hits)
        close(upper_bound(0, 100), 0.029_513_049_6);
        close(upper_bound(4, 100), 0.089_196_250_2);
        close(upper_bound(2, 40), 0.149_151_961_3);
        close(upper_bound(0, 100_000), 2.995_687_4e-5);
        assert_eq!(upper_bound(3, 3), 1.0);
        assert_eq!(upper_bound(0, 0), 1.0);
    }
}
