//! Logits to calibrated probabilities.

use super::description::Activation;

/// Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks",
/// ICML 2017): `softmax(logits / temperature)`. Outputs that already are
/// probabilities are only brought to sum to 1.
///
/// Returns `None` when the model's output holds a NaN or an infinity, or
/// negative probabilities.
pub(super) fn probabilities(
    outputs: &[f32],
    activation: Activation,
    temperature: f32,
) -> Option<Vec<f32>> {
    if outputs.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let weights: Vec<f32> = match activation {
        Activation::Softmax => {
            let highest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            outputs
                .iter()
                .map(|logit| ((logit - highest) / temperature).exp())
                .collect()
        }
        Activation::None => outputs.to_vec(),
    };
    let sum: f32 = weights.iter().sum();
    if sum <= 0.0 || weights.iter().any(|&weight| weight < 0.0) {
        return None;
    }
    Some(weights.iter().map(|weight| weight / sum).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_keep_the_order(
            logits in prop::collection::vec(-50.0f32..50.0, 1..12),
            temperature in 0.1f32..10.0,
        ) {
            let scores = probabilities(&logits, Activation::Softmax, temperature).unwrap();
            prop_assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            for (i, a) in logits.iter().enumerate() {
                for (j, b) in logits.iter().enumerate() {
                    prop_assert!(a < b || scores[i] >= scores[j]);
                }
            }
        }
    }

    #[test]
    fn a_higher_temperature_is_less_sure() {
        let cold = probabilities(&[2.0, 0.0], Activation::Softmax, 1.0).unwrap();
        let warm = probabilities(&[2.0, 0.0], Activation::Softmax, 2.0).unwrap();
        assert!((cold[0] - 0.880_797).abs() < 1e-5, "1 / (1 + exp(-2))");
        assert!((warm[0] - 0.731_059).abs() < 1e-5, "1 / (1 + exp(-1))");
    }

    #[test]
    fn broken_outputs_are_refused() {
        assert_eq!(
            probabilities(&[f32::NAN, 0.0], Activation::Softmax, 1.0),
            None
        );
        assert_eq!(probabilities(&[-0.1, 1.1], Activation::None, 1.0), None);
        assert_eq!(probabilities(&[0.0, 0.0], Activation::None, 1.0), None);
    }
}
