//! On which scale a tool gives its scores. Every figure here is of probabilities: percent or logits
//! taken for them give a Brier score of 5,000 and no error.

use std::fmt;

/// How far outside 0 to 1 rounding may put a score.
const ROUNDING: f64 = 1e-6;

/// What the scores of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScoreScale {
    /// 0 to 1.
    #[default]
    Probabilities,
    /// 0 to 100.
    Percent,
    /// Any number: what goes into a softmax over the labels, of a single label into a sigmoid.
    Logits,
}

impl ScoreScale {
    /// All, the usual first.
    pub const ALL: [Self; 3] = [Self::Probabilities, Self::Percent, Self::Logits];

    /// Name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Probabilities => "probabilities",
            Self::Percent => "percent",
            Self::Logits => "logits",
        }
    }

    /// Turns one photograph's scores, one per label, into probabilities; NaN stays. `None` where
    /// one of them cannot be on this scale.
    pub(super) fn to_probabilities(self, scores: &mut [f64]) -> Option<()> {
        match self {
            Self::Probabilities => (),
            Self::Percent => scores.iter_mut().for_each(|score| *score /= 100.0),
            Self::Logits => return logits_to_probabilities(scores),
        }
        let fits = |score: &f64| score.is_nan() || (-ROUNDING..=1.0 + ROUNDING).contains(score);
        scores.iter().all(fits).then(|| {
            for score in scores {
                *score = score.clamp(0.0, 1.0);
            }
        })
    }

    /// The scale that scores between these two look like, where they are no probabilities.
    pub(super) fn guess(least: f64, most: f64) -> Self {
        if least >= 0.0 && most <= 100.0 {
            Self::Percent
        } else {
            Self::Logits
        }
    }
}

impl fmt::Display for ScoreScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn logits_to_probabilities(scores: &mut [f64]) -> Option<()> {
    if scores.iter().any(|score| score.is_infinite()) {
        return None;
    }
    if let [score] = scores {
        *score = 1.0 / (1.0 + (-*score).exp());
        return Some(());
    }
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    for score in scores {
        *score = (*score - most).exp() / sum;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probabilities(scale: ScoreScale, mut scores: Vec<f64>) -> Option<Vec<f64>> {
        scale.to_probabilities(&mut scores).map(|()| scores)
    }

    #[test]
    fn each_scale_becomes_probabilities() {
        assert_eq!(
            probabilities(ScoreScale::Probabilities, vec![1.000_000_5, 0.0]),
            Some(vec![1.0, 0.0])
        );
        assert_eq!(
            probabilities(ScoreScale::Percent, vec![50.0, 25.0]),
            Some(vec![0.5, 0.25])
        );
        // scipy.special.expit(-2), scipy.special.softmax([1, 2, 3])
        let single = probabilities(ScoreScale::Logits, vec![-2.0]).expect("a logit");
        assert!((single[0] - 0.119_202_922).abs() < 1e-9);
        let three = probabilities(ScoreScale::Logits, vec![1.0, 2.0, 3.0]).expect("logits");
        assert!((three[2] - 0.665_240_956).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_on_the_scale_is_none() {
        assert_eq!(probabilities(ScoreScale::Probabilities, vec![1.1]), None);
        assert_eq!(probabilities(ScoreScale::Percent, vec![-0.1]), None);
        assert_eq!(
            probabilities(ScoreScale::Logits, vec![f64::INFINITY, 0.0]),
            None
        );
        assert_eq!(ScoreScale::guess(0.0, 99.5), ScoreScale::Percent);
        assert_eq!(ScoreScale::guess(-3.0, 0.5), ScoreScale::Logits);
    }
}
