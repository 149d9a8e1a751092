//! A head beside a finished network: labels added or corrected without touching `model.onnx`.

use ndarray::{Array1, Array2, ArrayView1};

use super::description::{Activation, Description, HeadFile, Reads};

/// One linear function per label on top of what the network says.
///
/// With `b` the network's log-probabilities over the labels it keeps, and `x` the output that the
/// head reads, the logit of a label is `b + w·x + c` where the network knows the label, and `w·x +
/// c` where it does not. So a label without weights is as the network has it, and the odds of a
/// new label against all that the network knows are `exp(w·x + c)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    /// Labels x values of `x`.
    weights: Array2<f32>,
    /// One per label.
    constants: Array1<f32>,
    /// Per label: its index among the network's logits, if the network is asked.
    network_index: Vec<Option<usize>>,
    temperature: f32,
    activation: Activation,
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
            network_index: labels.iter().map(network_index).collect(),
            temperature: head.network_temperature,
            activation: description.output.activation,
        })
    }

    /// The logits of all labels; `None` when the network's output is no answer.
    pub(super) fn logits(&self, network: &[f32], x: &[f32]) -> Option<Vec<f32>> {
        let index = &self.network_index;
        let known = log_probabilities(network, self.activation, self.temperature, index)?;
        let logits =
            self.weights.dot(&ArrayView1::from(x)) + ArrayView1::from(&known) + &self.constants;
        Some(logits.to_vec())
    }
}

/// Per label the network's log-probability among the labels that it knows; 0 for the others.
/// `network_index` has each label's index among the network's logits.
///
/// `None` when the output is not finite or holds negative probabilities.
pub(crate) fn log_probabilities(
    network: &[f32],
    activation: Activation,
    temperature: f32,
    network_index: &[Option<usize>],
) -> Option<Vec<f32>> {
    let logit = |value: f32| match activation {
        Activation::Softmax => value / temperature,
        // Below the smallest probability that a network can mean.
        Activation::None => value.max(1e-9).ln() / temperature,
    };
    let mut known = Vec::with_capacity(network_index.len());
    for index in network_index.iter().flatten() {
        let value = network.get(*index).copied().map(logit);
        known.push(value.filter(|value| value.is_finite())?);
    }
    let highest = known.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = known.iter().map(|value| (value - highest).exp()).sum();
    let total = highest + sum.ln();
    let mut known = known.into_iter();
    let of_label = |index: &Option<usize>| match index {
        Some(_) => known.next().map_or(0.0, |value| value - total),
        None => 0.0,
    };
    Some(network_index.iter().map(of_label).collect())
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
            network_index: vec![Some(1), None, Some(0)],
            temperature: 2.0,
            activation: Activation::Softmax,
        }
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
