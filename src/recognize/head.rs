//! A head beside a finished network: labels added or corrected without touching `model.onnx`.

use ndarray::{Array1, Array2, ArrayView1};

use super::description::{Activation, Description, HeadFile, Reads};

/// One linear function per label on top of what the network says.
///
/// With `b` what the network says by [`NetworkWord`], and `x` the output that the head reads, the
/// logit of a label is `b + w·x + c` where the network knows the label, and `w·x + c` where it does
/// not. So a label without weights is as the network has it, and the odds of a new label against
/// all that the network knows are `exp(w·x + c)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    /// Labels x values of `x`.
    weights: Array2<f32>,
    /// One per label.
    constants: Array1<f32>,
    word: NetworkWord,
}

impl Head {
    /// Reads a head's file: per label, in the order of `labels.names`, the weights and the
    /// constant as little-endian f32.
    pub(super) fn from_bytes(
        bytes: &[u8],
        description: &Description,
        head: &HeadFile,
    ) -> Result<Self, String> {
        let labels = &description.labels.names;
        let size = match head.reads {
            Reads::Features => description.output.features_size,
            Reads::Descriptor => description.output.descriptor_size,
        }
        .unwrap_or(0);
        let length = 4 * (size + 1);
        let wrong_length = || {
            format!(
                "{} bytes, but {} labels with {size} weights and a constant take {}",
                bytes.len(),
                labels.len(),
                labels.len() * length
            )
        };
        if bytes.len() != labels.len() * length {
            return Err(wrong_length());
        }
        let values = bytes.as_chunks::<4>().0.iter();
        let values: Vec<f32> = values.map(|&word| f32::from_le_bytes(word)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err("a weight is not finite".into());
        }
        let rows = Array2::from_shape_vec((labels.len(), size + 1), values);
        let rows = rows.map_err(|_| wrong_length())?;
        let network_index = |label: &String| {
            let known = head.network_labels.iter().position(|name| name == label)?;
            (!head.replaced.contains(label)).then_some(known)
        };
        Ok(Self {
            weights: rows.slice(ndarray::s![.., ..size]).to_owned(),
            constants: rows.column(size).to_owned(),
            word: NetworkWord {
                network_index: labels.iter().map(network_index).collect(),
                taught: labels
                    .iter()
                    .map(|label| head.taught.contains(label))
                    .collect(),
                trust: head.trust,
                temperature: head.network_temperature,
                activation: description.output.activation,
            },
        })
    }

    /// The logits of all labels; `None` when the network's output is no answer.
    pub(super) fn logits(&self, network: &[f32], x: &[f32]) -> Option<Vec<f32>> {
        let known = self.word.of(network)?;
        let logits =
            self.weights.dot(&ArrayView1::from(x)) + ArrayView1::from(&known) + &self.constants;
        Some(logits.to_vec())
    }
}

/// What a network's word is of each label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NetworkWord {
    /// Per label: its index among the network's logits, if the network is asked.
    pub(crate) network_index: Vec<Option<usize>>,
    /// Per label: whether it is taught, and the network's word on it counts for less.
    pub(crate) taught: Vec<bool>,
    /// How much it counts there, 0 to 1.
    pub(crate) trust: f32,
    /// Divides the network's logits.
    pub(crate) temperature: f32,
    /// What the network gives.
    pub(crate) activation: Activation,
}

impl NetworkWord {
    /// Of labels that are not taught, the log-probability among those of them that the network
    /// knows. Of one that is taught, `trust` times the logarithm of its odds against all of those.
    /// Where the network does not know a label, or is not asked, 0.
    ///
    /// `None` when the output is not finite or holds negative probabilities.
    pub(crate) fn of(&self, network: &[f32]) -> Option<Vec<f32>> {
        let logit = |value: f32| match self.activation {
            Activation::Softmax => value / self.temperature,
            // Below the smallest probability that a network can mean.
            Activation::None => value.max(1e-9).ln() / self.temperature,
        };
        let mut known = Vec::with_capacity(self.network_index.len());
        for index in &self.network_index {
            known.push(match index {
                Some(index) => {
                    let value = network.get(*index).copied().map(logit);
                    Some(value.filter(|value| value.is_finite())?)
                }
                None => None,
            });
        }
        let asked = || known.iter().zip(&self.taught);
        let untaught = log_sum_exp(
            asked()
                .filter(|(_, taught)| !**taught)
                .flat_map(|(v, _)| *v),
        );
        // With every label taught there is nothing else to be told from.
        let rest = match untaught.is_finite() {
            true => untaught,
            false => log_sum_exp(known.iter().flatten().copied()),
        };
        let word = |(value, taught): (&Option<f32>, &bool)| match (value, taught) {
            (None, _) => 0.0,
            (Some(value), false) => value - rest,
            (Some(value), true) => self.trust * (value - rest),
        };
        Some(asked().map(word).collect())
    }
}

/// The logarithm of the sum of exponentials; negative infinity of none.
fn log_sum_exp(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let highest = values.clone().fold(f32::NEG_INFINITY, f32::max);
    if highest == f32::NEG_INFINITY {
        return highest;
    }
    highest
        + values
            .map(|value| (value - highest).exp())
            .sum::<f32>()
            .ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three labels, of which the network knows the third and the first; per label two weights and
    /// the constant.
    fn head(rows: [[f32; 3]; 3]) -> Head {
        Head {
            weights: Array2::from_shape_fn((3, 2), |(label, value)| rows[label][value]),
            constants: rows.iter().map(|row| row[2]).collect(),
            word: NetworkWord {
                network_index: vec![Some(1), None, Some(0)],
                taught: vec![false; 3],
                trust: 1.0,
                temperature: 2.0,
                activation: Activation::Softmax,
            },
        }
    }

    #[test]
    fn of_a_taught_label_the_network_s_odds_count_for_less() {
        let mut head = head([[0.0; 3]; 3]);
        head.word.taught = vec![false, true, true];
        head.word.trust = 0.5;
        let logits = head.logits(&[4.0, 0.0], &[7.0, 9.0]).unwrap();
        assert_eq!(logits, [0.0, 0.0, 1.0], "half of (4 - 0) / 2");
        head.word.taught = vec![true; 3];
        let total = (1.0 + 2f32.exp()).ln();
        let logits = head.logits(&[4.0, 0.0], &[7.0, 9.0]).unwrap();
        assert!(
            (logits[0] + total / 2.0).abs() < 1e-6,
            "against all where all are taught"
        );
    }

    #[test]
    fn without_weights_the_network_speaks_and_a_new_label_has_even_odds() {
        let logits = head([[0.0; 3]; 3])
            .logits(&[4.0, 0.0], &[7.0, 9.0])
            .unwrap();
        let total = (1.0 + 2f32.exp()).ln();
        assert!(
            (logits[0] - (0.0 - total)).abs() < 1e-6,
            "the network's second"
        );
        assert_eq!(logits[1], 0.0);
        assert!((logits[2] - (2.0 - total)).abs() < 1e-6, "4 / 2");
    }

    #[test]
    fn weights_add_to_it() {
        let rows = [[0.0; 3], [1.0, -2.0, 0.5], [0.0, 0.0, 3.0]];
        let plain = head([[0.0; 3]; 3])
            .logits(&[4.0, 0.0], &[7.0, 9.0])
            .unwrap();
        let logits = head(rows).logits(&[4.0, 0.0], &[7.0, 9.0]).unwrap();
        assert_eq!(logits[0], plain[0]);
        assert_eq!(logits[1], 7.0 - 18.0 + 0.5);
        assert_eq!(logits[2], plain[2] + 3.0);
    }

    #[test]
    fn broken_outputs_are_refused() {
        assert_eq!(
            head([[0.0; 3]; 3]).logits(&[f32::NAN, 0.0], &[0.0; 2]),
            None
        );
    }
}
