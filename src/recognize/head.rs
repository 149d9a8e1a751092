//! A head beside a finished network: labels added or corrected without touching `model.onnx`.

use super::bundle::{Activation, Description, HeadFile};

/// One linear function per label on top of what the network says.
///
/// With `b` the network's log-probabilities over the labels it keeps, and `x` the output that the
/// head reads, the logit of a label is `b + w·x + c` where the network knows the label, and `w·x + c`
/// where it does not. So a label without weights is as the network has it, and the odds of a new
/// label against all that the network knows are `exp(w·x + c)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Values in `x`.
    size: usize,
    /// Per label: the weights, then the constant.
    rows: Vec<Vec<f32>>,
    /// Per label: its place among the network's logits, if the network is asked.
    places: Vec<Option<usize>>,
    temperature: f32,
    activation: Activation,
}

impl Head {
    /// Reads a head's file: per label, in the order of `labels.names`, the weights and the constant
    /// as little-endian f32.
    pub(super) fn from_bytes(
        bytes: &[u8],
        description: &Description,
        head: &HeadFile,
    ) -> Result<Self, String> {
        let labels = &description.labels.names;
        let output = &description.output;
        let size = match head.reads {
            super::bundle::Reads::Features => output.features_size,
            super::bundle::Reads::Descriptor => output.descriptor_size,
        }
        .unwrap_or(0);
        let length = 4 * (size + 1);
        if bytes.len() != labels.len() * length {
            return Err(format!(
                "{} bytes, but {} labels with {size} weights and a constant take {}",
                bytes.len(),
                labels.len(),
                labels.len() * length
            ));
        }
        let rows: Vec<Vec<f32>> = bytes
            .chunks_exact(length)
            .map(|row| {
                row.as_chunks::<4>()
                    .0
                    .iter()
                    .map(|&w| f32::from_le_bytes(w))
                    .collect()
            })
            .collect();
        if rows.iter().flatten().any(|value| !value.is_finite()) {
            return Err("a weight is not finite".into());
        }
        let place = |label: &String| {
            let known = head.network_labels.iter().position(|own| own == label)?;
            (!head.replaced.contains(label)).then_some(known)
        };
        Ok(Self {
            size,
            rows,
            places: labels.iter().map(place).collect(),
            temperature: head.network_temperature,
            activation: output.activation,
        })
    }

    /// Values it reads.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The logits of all labels; `None` when the network's output is no answer.
    pub(super) fn logits(&self, network: &[f32], x: &[f32]) -> Option<Vec<f32>> {
        let known = log_probabilities(network, self.activation, self.temperature, &self.places)?;
        let of_label = |(row, known): (&Vec<f32>, f32)| {
            let (weights, constant) = row.split_at(self.size);
            let product: f32 = weights.iter().zip(x).map(|(w, v)| w * v).sum();
            known + product + constant[0]
        };
        Some(self.rows.iter().zip(known).map(of_label).collect())
    }
}

/// Per label the network's log-probability among the labels that have a place; 0 for the others.
///
/// `None` when the output is not finite or holds negative probabilities.
#[must_use]
pub fn log_probabilities(
    network: &[f32],
    activation: Activation,
    temperature: f32,
    places: &[Option<usize>],
) -> Option<Vec<f32>> {
    let logit = |value: f32| match activation {
        Activation::Softmax => value / temperature,
        // Below the smallest probability that a network can mean.
        Activation::None => value.max(1e-9).ln() / temperature,
    };
    let kept: Vec<Option<f32>> = places
        .iter()
        .map(|place| place.map(|at| network.get(at).copied().map(logit)))
        .map(|value| match value {
            Some(Some(value)) if value.is_finite() => Ok(Some(value)),
            Some(_) => Err(()),
            None => Ok(None),
        })
        .collect::<Result<_, _>>()
        .ok()?;
    let highest = kept
        .iter()
        .flatten()
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = kept
        .iter()
        .flatten()
        .map(|value| (value - highest).exp())
        .sum();
    let total = highest + sum.ln();
    Some(
        kept.iter()
            .map(|value| value.map_or(0.0, |value| value - total))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(rows: Vec<Vec<f32>>) -> Head {
        Head {
            size: 2,
            rows,
            places: vec![Some(1), None, Some(0)],
            temperature: 2.0,
            activation: Activation::Softmax,
        }
    }

    #[test]
    fn without_weights_the_network_speaks_and_a_new_label_has_even_odds() {
        let logits = head(vec![vec![0.0; 3]; 3])
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
        let rows = vec![vec![0.0; 3], vec![1.0, -2.0, 0.5], vec![0.0, 0.0, 3.0]];
        let plain = head(vec![vec![0.0; 3]; 3])
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
            head(vec![vec![0.0; 3]; 3]).logits(&[f32::NAN, 0.0], &[0.0; 2]),
            None
        );
    }
}
