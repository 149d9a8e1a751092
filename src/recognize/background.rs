//! `background.bin`: photographs that a network was calibrated on, as its features and logits alone.
//!
//! Labels that are taught later must be told from everything else, and who teaches three kinds of
//! horn has no thousand everyday photographs at hand. Pictures cannot be brought back from these.

/// Photographs as the network sees them.
///
/// One row after the other, little endian: the index of the label in `labels.names` (u32), the
/// network's logits (f32, one per label), the scale of the features (f32), the features (i8 each,
/// to be multiplied by the scale).
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// The photographs.
    pub rows: Vec<BackgroundRow>,
}

/// One photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct BackgroundRow {
    /// Index of what it shows in the bundle's labels.
    pub label: usize,
    /// The network's logits, before any temperature.
    pub logits: Vec<f32>,
    /// The `features` output, within 1/254 of its largest value.
    pub features: Vec<f32>,
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
        let rows = bytes.chunks_exact(length).map(|row| {
            let (head, features) = row.split_at(length - size);
            let words: Vec<[u8; 4]> = head.as_chunks::<4>().0.to_vec();
            let label = u32::from_le_bytes(words[0]) as usize;
            if label >= labels {
                return Err(format!("a row has label {label} of {labels}"));
            }
            let numbers: Vec<f32> = words[1..].iter().map(|&w| f32::from_le_bytes(w)).collect();
            let (logits, scale) = (numbers[..labels].to_vec(), numbers[labels]);
            if !numbers.iter().all(|value| value.is_finite()) {
                return Err("a row holds a number that is not finite".into());
            }
            let features = features.iter().map(|&v| f32::from(v as i8) * scale);
            Ok(BackgroundRow {
                label,
                logits,
                features: features.collect(),
            })
        });
        Ok(Self {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let mut bytes = Vec::new();
        bytes.extend(1u32.to_le_bytes());
        for value in [0.5f32, -2.0, 0.25] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([4i8, -8, 0].map(|v| v as u8));
        let read = Background::from_bytes(&bytes, 2, 3).unwrap();
        assert_eq!(
            read.rows,
            [BackgroundRow {
                label: 1,
                logits: vec![0.5, -2.0],
                features: vec![1.0, -2.0, 0.0],
            }]
        );
        assert!(Background::from_bytes(&bytes[1..], 2, 3).is_err());
        assert!(
            Background::from_bytes(&bytes, 1, 7).is_err(),
            "label 1 of 1"
        );
    }
}
