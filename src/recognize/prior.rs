//! How common a label is where the photographs come from.

use std::collections::BTreeMap;

use super::description::Description;

/// A prior that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum PriorError {
    /// The bundle does not say what its scores take for granted.
    #[error(
        "bundle {0} states no [calibration] prior, so its scores cannot be moved to another; add \
         the shares of its labels among the photographs that it was calibrated on"
    )]
    Unstated(String),
    /// A label that the bundle does not have.
    #[error("prior: no label {label}; the bundle has {known}")]
    NoSuchLabel {
        /// The label that was named.
        label: String,
        /// Those there are.
        known: String,
    },
    /// A rate that is no share.
    #[error("prior: {label}={rate} does not lie between 0 and 1")]
    RateOutOfRange {
        /// The label.
        label: String,
        /// Its rate.
        rate: f64,
    },
    /// Rates of all labels that are no shares of one whole; their sum.
    #[error("prior: the rates sum to {0}, not 1")]
    SumNotOne(f64),
    /// Rates of some labels that take everything; their sum.
    #[error("prior: the rates sum to {0}; nothing is left for the other labels")]
    NothingLeft(f64),
}

/// Moves scores from the prior that they were calibrated on to another.
///
/// Bayes' rule where only the shares of the labels differ (Saerens et al., "Adjusting the outputs
/// of a classifier to new a priori probabilities", Neural Computation 2002): every score is
/// multiplied by the ratio of the shares, and the whole brought to sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorShift {
    /// The rates that were asked for, by label.
    pub rates: BTreeMap<String, f64>,
    ratios: Vec<f64>,
}

impl PriorShift {
    /// To the given `rates`, each above 0 and below 1. Labels that are not named share what is
    /// left in the proportions they had.
    ///
    /// # Errors
    /// [`PriorError`].
    pub fn new(bundle: &Description, rates: BTreeMap<String, f64>) -> Result<Self, PriorError> {
        let labels = &bundle.labels.names;
        let calibration = bundle.calibration.as_ref();
        let calibration = calibration.ok_or_else(|| PriorError::Unstated(bundle.name.clone()))?;
        check_rates(&rates, labels)?;
        let before = |label: &String| calibration.prior.get(label).copied().unwrap_or(0.0);
        let left_before: f64 = labels
            .iter()
            .filter(|label| !rates.contains_key(*label))
            .map(before)
            .sum();
        let left = 1.0 - rates.values().sum::<f64>();
        let ratio = |label: &String| match rates.get(label) {
            Some(rate) => rate / before(label),
            None => left / left_before,
        };
        Ok(Self {
            ratios: labels.iter().map(ratio).collect(),
            rates,
        })
    }

    /// The scores under the new prior; `scores` are in the bundle's order and sum to 1.
    #[must_use]
    pub fn apply(&self, scores: &[f32]) -> Vec<f32> {
        let weighted: Vec<f64> = scores
            .iter()
            .zip(&self.ratios)
            .map(|(&score, ratio)| f64::from(score) * ratio)
            .collect();
        let sum: f64 = weighted.iter().sum();
        weighted.iter().map(|score| (score / sum) as f32).collect()
    }
}

/// Each rate is of a known label and between 0 and 1; together they leave room for the others.
fn check_rates(rates: &BTreeMap<String, f64>, labels: &[String]) -> Result<(), PriorError> {
    if let Some(label) = rates.keys().find(|label| !labels.contains(label)) {
        return Err(PriorError::NoSuchLabel {
            label: label.clone(),
            known: labels.join(", "),
        });
    }
    let mut all = rates.iter();
    if let Some((label, &rate)) = all.find(|&(_, &rate)| !(rate > 0.0 && rate < 1.0)) {
        return Err(PriorError::RateOutOfRange {
            label: label.clone(),
            rate,
        });
    }
    let sum: f64 = rates.values().sum();
    if rates.len() == labels.len() && (sum - 1.0).abs() > 1e-3 {
        return Err(PriorError::SumNotOne(sum));
    }
    if rates.len() < labels.len() && sum >= 1.0 {
        return Err(PriorError::NothingLeft(sum));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(rates: &[(&str, f64)]) -> Result<PriorShift, PriorError> {
        let bundle: Description = toml::from_str(
            r#"
            schema = "faunalens.bundle.v1"
            name = "a"
            version = "1"
            license = "none"
            model = { file = "model.onnx", sha256 = "" }
            output = { logits = "logits", activation = "softmax" }
            labels = { names = ["ivory", "bone", "ceramic_stone", "other"] }
            calibration.prior = { ivory = 0.5, bone = 0.1, ceramic_stone = 0.1, other = 0.3 }
            [input]
            name = "input"
            width = 1
            height = 1
            layout = "nchw"
            colour = "rgb"
            resize = "squash"
            filter = "box"
            mean = [0.0, 0.0, 0.0]
            std = [1.0, 1.0, 1.0]
            "#,
        )
        .unwrap();
        PriorShift::new(
            &bundle,
            rates.iter().map(|&(l, r)| (l.to_owned(), r)).collect(),
        )
    }

    #[test]
    fn scores_move_by_the_ratio_of_the_priors() {
        let moved = shift(&[("ivory", 0.01)])
            .unwrap()
            .apply(&[0.9, 0.02, 0.02, 0.06]);
        // Odds 9 become 9 * (0.01 / 0.5) / (0.99 / 0.5) = 1/11.
        assert!((moved[0] - 1.0 / 12.0).abs() < 1e-6, "{moved:?}");
        assert!(
            (moved[3] / moved[1] - 3.0).abs() < 1e-5,
            "the others keep their proportions"
        );
        assert!((moved.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_calibration_prior_itself_changes_nothing() {
        let scores = [0.4, 0.3, 0.2, 0.1];
        let moved = shift(&[("ivory", 0.5)]).unwrap().apply(&scores);
        assert!(moved.iter().zip(scores).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn rates_must_leave_room_for_the_others() {
        assert!(matches!(
            shift(&[("ivory", 0.6), ("bone", 0.4)]),
            Err(PriorError::NothingLeft(_))
        ));
        assert!(matches!(
            shift(&[("ivory", 1.0)]),
            Err(PriorError::RateOutOfRange { .. })
        ));
        assert!(matches!(
            shift(&[("gold", 0.1)]),
            Err(PriorError::NoSuchLabel { .. })
        ));
    }
}
