//! `background.bin`: photographs that a network was calibrated on, as its features and logits
//! alone.
//!
//! Labels that are taught later must be told from everything else, and who teaches three kinds of
//! horn has no thousand everyday photographs at hand. Pictures cannot be brought back from these.

use ndarray::{Array1, Array2, Axis, Zip};

/// Photographs as the network sees them, one per row.
///
/// In the file, one row after the other, little endian: the index of the label in `labels.names`
/// (u32), the network's logits (f32, one per label), the scale of the features (f32), the features
/// (i8 each, to be multiplied by the scale).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Background {
    /// Index of what each shows in the bundle's labels.
    pub(crate) labels: Vec<usize>,
    /// Photographs x labels: the network's logits, before any temperature.
    pub(crate) logits: Array2<f32>,
    /// Photographs x features: the `features` output, within 1/254 of each row's largest value.
    pub(crate) features: Array2<f32>,
}

impl Background {
    /// Reads the file's bytes: rows for `labels` labels and `size` features.
    pub(super) fn from_bytes(bytes: &[u8], labels: usize, size: usize) -> Result<Self, String> {
        let length = 4 * (labels + 2) + size;
        if bytes.is_empty() || !bytes.len().is_multiple_of(length) {
            return Err(format!(
                "{} bytes are no whole number of rows of {length} ({labels} labels, {size} features)",
                bytes.len()
            ));
        }
        let rows = bytes.len() / length;
        let mut read = Self {
            labels: Vec::with_capacity(rows),
            logits: Array2::zeros((rows, labels)),
            features: Array2::zeros((rows, size)),
        };
        for (number, row) in bytes.chunks_exact(length).enumerate() {
            let (words, features) = row.split_at(length - size);
            let (label, numbers) = numbers(words, labels)?;
            let scale = numbers[labels];
            read.labels.push(label);
            Zip::from(read.logits.row_mut(number))
                .and(numbers.slice(ndarray::s![..labels]))
                .for_each(|logit, &value| *logit = value);
            Zip::from(read.features.row_mut(number))
                .and(features)
                .for_each(|feature, &value| *feature = f32::from(value as i8) * scale);
        }
        Ok(read)
    }

    /// The photographs of these numbers alone.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            logits: self.logits.select(Axis(0), rows),
            features: self.features.select(Axis(0), rows),
        }
    }
}

/// A row's label, then its logits and the scale of its features.
fn numbers(words: &[u8], labels: usize) -> Result<(usize, Array1<f32>), String> {
    let words = words.as_chunks::<4>().0;
    let label = u32::from_le_bytes(words[0]) as usize;
    if label >= labels {
        return Err(format!("a row has label {label} of {labels}"));
    }
    let numbers: Array1<f32> = words[1..].iter().map(|&w| f32::from_le_bytes(w)).collect();
    if !numbers.iter().all(|value| value.is_finite()) {
        return Err("a row holds a number that is not finite".into());
    }
    Ok((label, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        bytes.extend(1u32.to_le_bytes());
        for value in [0.5f32, -2.0, 0.25] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([4i8, -8, 0].map(|v| v as u8));
        let read = Background::from_bytes(&bytes, 2, 3).unwrap();
        assert_eq!(read.labels, [1]);
        assert_eq!(read.logits, array![[0.5, -2.0]]);
        assert_eq!(read.features, array![[1.0, -2.0, 0.0]]);
        assert!(Background::from_bytes(&bytes[1..], 2, 3).is_err());
        assert!(
            Background::from_bytes(&bytes, 1, 7).is_err(),
            "label 1 of 1"
        );
    }
}
