//! Descriptors packed to one byte per component: enough to rank candidates, an eighth of the
//! traffic of a search over floats. Cosines that are reported come from the floats in the database.

use std::io::{self, Write};
use std::path::Path;

use simsimd::SpatialSimilarity;

use super::error::{IndexError, Result};
use super::mapped::{self, Mapped};

const MAGIC: [u8; 8] = *b"FLVECT1\n";

/// Packed descriptors of one model with their database rows, memory-mapped.
#[derive(Debug)]
pub(super) struct PackedVectors {
    file: Mapped,
    count: usize,
    dimension: usize,
}

/// Steps of one byte per unit. Components of a unit vector of many dimensions are small: the range
/// shrinks with the dimension, to 8 standard deviations, and what lies beyond is cut.
pub(super) fn steps_per_unit(dimension: usize) -> f32 {
    127.0 / (8.0 / (dimension.max(1) as f32).sqrt()).min(1.0)
}

/// A unit vector in bytes.
pub(super) fn quantise(vector: &[f32]) -> Vec<i8> {
    let steps = steps_per_unit(vector.len());
    vector
        .iter()
        .map(|value| (value * steps).round().clamp(-127.0, 127.0) as i8)
        .collect()
}

/// The scalar product in steps squared; exact.
#[inline]
pub(super) fn product(a: &[i8], b: &[i8]) -> i32 {
    i8::dot(a, b).map_or(i32::MIN, |sum| sum as i32)
}

/// Scalar product of two float vectors.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (x, y) in a8.iter().zip(b8) {
        (0..8).for_each(|k| lanes[k] += x[k] * y[k]);
    }
    lanes.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

/// The floats of a stored vector.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| f32::from_le_bytes(*chunk))
        .collect()
}

/// The vector at unit length.
pub(super) fn normalised(vector: &[f32]) -> Result<Vec<f32>> {
    let norm = vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt();
    if vector.is_empty() || vector.len() > 4096 || !norm.is_finite() || norm <= 0.0 {
        return Err(IndexError::Input(
            "a descriptor needs 1 to 4096 finite components that are not all zero".into(),
        ));
    }
    Ok(vector
        .iter()
        .map(|value| (f64::from(*value) / norm) as f32)
        .collect())
}

impl PackedVectors {
    /// Writes the bytes of `count` vectors and their rows.
    pub(super) fn write(
        out: &mut impl Write,
        dimension: usize,
        bytes: &[i8],
        rows: &[u32],
    ) -> io::Result<()> {
        out.write_all(&mapped::header(
            MAGIC,
            [rows.len() as u64, dimension as u64, 0, 0],
        ))?;
        out.write_all(bytemuck::cast_slice(rows))?;
        out.write_all(bytemuck::cast_slice(bytes))
    }

    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = Mapped::open(path, MAGIC)?;
        let [count, dimension, ..] = file.numbers;
        let sizes = usize::try_from(count)
            .ok()
            .zip(usize::try_from(dimension).ok());
        file.expect_payload(
            sizes.and_then(|(count, dimension)| count.checked_mul(dimension.checked_add(4)?)),
        )?;
        Ok(Self {
            file,
            count: count as usize,
            dimension: dimension as usize,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn rows(&self) -> &[u32] {
        bytemuck::cast_slice(&self.file.payload()[..4 * self.count])
    }

    pub(super) fn vector(&self, position: usize) -> &[i8] {
        let bytes: &[i8] = bytemuck::cast_slice(&self.file.payload()[4 * self.count..]);
        &bytes[position * self.dimension..(position + 1) * self.dimension]
    }

    /// The positions of the `k` vectors of largest scalar product with `query`, best first.
    pub(super) fn nearest(&self, query: &[i8], k: usize) -> Vec<usize> {
        if query.len() != self.dimension || k == 0 || self.dimension == 0 {
            return Vec::new();
        }
        let bytes: &[i8] = bytemuck::cast_slice(&self.file.payload()[4 * self.count..]);
        let mut best: Vec<(i32, usize)> = Vec::with_capacity(2 * k + 1);
        let mut floor = i32::MIN;
        for (position, vector) in bytes.chunks_exact(self.dimension).enumerate() {
            let value = product(vector, query);
            if value <= floor {
                continue;
            }
            best.push((value, position));
            if best.len() > 2 * k {
                keep_best(&mut best, k);
                floor = best[k - 1].0;
            }
        }
        keep_best(&mut best, k);
        best.into_iter().map(|(_, position)| position).collect()
    }
}

fn keep_best(best: &mut Vec<(i32, usize)>, k: usize) {
    best.sort_unstable_by_key(|&(value, position)| (std::cmp::Reverse(value), position));
    best.truncate(k);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(mut vector: Vec<f32>) -> Vec<f32> {
        let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        vector.iter_mut().for_each(|v| *v /= norm);
        vector
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn bytes_keep_the_cosine_to_a_hundredth(
            a in prop::collection::vec(-1.0f32..1.0, 256),
            b in prop::collection::vec(-1.0f32..1.0, 256),
        ) {
            let (a, b) = (unit(a), unit(b));
            let steps = steps_per_unit(256);
            let rough = product(&quantise(&a), &quantise(&b)) as f32 / (steps * steps);
            prop_assert!((rough - cosine(&a, &b)).abs() < 0.01);
        }

        #[test]
        fn nearest_is_the_sorted_scan(
            vectors in prop::collection::vec(prop::collection::vec(-120i8..120, 12), 1..60),
            query in prop::collection::vec(-120i8..120, 12),
            k in 1usize..10,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("vectors.bin");
            let rows: Vec<u32> = (0..vectors.len() as u32).collect();
            let mut file = std::fs::File::create(&path).unwrap();
            PackedVectors::write(&mut file, 12, &vectors.concat(), &rows).unwrap();
            let packed = PackedVectors::open(&path).unwrap();
            let mut expected: Vec<usize> = (0..vectors.len()).collect();
            expected.sort_by_key(|&p| (std::cmp::Reverse(product(&vectors[p], &query)), p));
            expected.truncate(k);
            prop_assert_eq!(packed.nearest(&query, k), expected);
        }
    }
}
