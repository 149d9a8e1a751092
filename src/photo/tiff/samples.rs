//! A row of a strip or tile to samples of 8 or 16 bits, side by side.

use super::directory::Order;
use super::picture::{Meaning, Number, Picture, Predictor};

/// What turns stored rows into samples: as they are up to 8 bits, in 16 bits above.
#[derive(Debug)]
pub(super) struct Samples {
    number: Number,
    order: Order,
    predictor: Predictor,
    /// Wide numbers count from 0 to 255 and are clipped there, else over the whole range.
    is_clipped: bool,
    /// Samples of a pixel in a stored row, and which of them are wanted.
    stored: usize,
    wanted: Vec<usize>,
    /// A row of a predictor of floats.
    turned: Vec<u8>,
}

impl Samples {
    /// For rows of a plane of the picture of which the samples `wanted` are kept.
    pub(super) fn new(picture: &Picture<'_>, wanted: Vec<usize>) -> Self {
        Self {
            number: picture.number,
            order: picture.order,
            predictor: picture.predictor,
            is_clipped: matches!(picture.meaning, Meaning::Grey { .. }),
            stored: picture.samples_in_plane(),
            wanted,
            turned: Vec::new(),
        }
    }

    /// Bytes of a sample once unpacked.
    pub(super) fn bytes(number: Number) -> usize {
        if number.bits() <= 8 { 1 } else { 2 }
    }

    /// Unpacks `row`, a whole stored row, which is used up. Of `out`, whose pixels have `stride`
    /// samples, those from `first` on are written, pixel by pixel while there are any.
    pub(super) fn unpack(&mut self, row: &mut [u8], out: &mut [u8], stride: usize, first: usize) {
        self.restore(row);
        if self.number == Number::Unsigned(8)
            && self.stored == stride
            && self.wanted.len() == stride
        {
            out.copy_from_slice(&row[..out.len()]);
            return;
        }
        let stored = self.stored;
        let sample = |pixel: usize, wanted: usize| pixel * stored + wanted;
        if Self::bytes(self.number) == 1 {
            for (pixel, out) in out.chunks_exact_mut(stride).enumerate() {
                for (&wanted, out) in self.wanted.iter().zip(&mut out[first..]) {
                    *out = small(self.number, row, sample(pixel, wanted));
                }
            }
            return;
        }
        for (pixel, out) in out.chunks_exact_mut(2 * stride).enumerate() {
            let out = out.as_chunks_mut::<2>().0;
            for (&wanted, out) in self.wanted.iter().zip(&mut out[first..]) {
                let index = sample(pixel, wanted);
                let clipped = match self.is_clipped {
                    true => clipped(self.number, row, index),
                    false => None,
                };
                *out = clipped
                    .unwrap_or_else(|| wide(self.number, row, index))
                    .to_ne_bytes();
            }
        }
    }

    /// Brings the row into the machine's byte order and undoes the predictor.
    fn restore(&mut self, row: &mut [u8]) {
        let bits = self.number.bits();
        if self.predictor == Predictor::Float {
            self.restore_floats(row);
            return;
        }
        if !self.order.is_native() {
            match bits {
                16 => reverse_each::<2>(row),
                24 => reverse_each::<3>(row),
                32 => reverse_each::<4>(row),
                64 => reverse_each::<8>(row),
                _ => {}
            }
        }
        if self.predictor == Predictor::Horizontal {
            match bits {
                8 => add_up(row, self.stored, |a: [u8; 1], b| [a[0].wrapping_add(b[0])]),
                16 => add_up(row, self.stored, |a, b| {
                    u16::from_ne_bytes(a)
                        .wrapping_add(u16::from_ne_bytes(b))
                        .to_ne_bytes()
                }),
                32 => add_up(row, self.stored, |a, b| {
                    u32::from_ne_bytes(a)
                        .wrapping_add(u32::from_ne_bytes(b))
                        .to_ne_bytes()
                }),
                _ => add_up(row, self.stored, |a, b| {
                    u64::from_ne_bytes(a)
                        .wrapping_add(u64::from_ne_bytes(b))
                        .to_ne_bytes()
                }),
            }
        }
    }

    /// Bytes add up along the row; then the highest bytes of all samples come first, and so on.
    fn restore_floats(&mut self, row: &mut [u8]) {
        add_up(row, self.stored, |a: [u8; 1], b| [a[0].wrapping_add(b[0])]);
        let size = self.number.bits() as usize / 8;
        let count = row.len() / size;
        self.turned.clear();
        self.turned.extend_from_slice(row);
        for (index, sample) in row.chunks_exact_mut(size).enumerate() {
            for (byte, out) in sample.iter_mut().enumerate() {
                let from_top = match cfg!(target_endian = "little") {
                    true => size - 1 - byte,
                    false => byte,
                };
                *out = self.turned[from_top * count + index];
            }
        }
    }
}

/// Turns the bytes of each number round.
fn reverse_each<const N: usize>(row: &mut [u8]) {
    for number in row.as_chunks_mut::<N>().0 {
        number.reverse();
    }
}

/// Adds to each sample the one of the pixel before.
fn add_up<const N: usize>(
    row: &mut [u8],
    stride: usize,
    add: impl Fn([u8; N], [u8; N]) -> [u8; N],
) {
    let samples = row.as_chunks_mut::<N>().0;
    match stride {
        1 => running::<N, 1>(samples, add),
        3 => running::<N, 3>(samples, add),
        4 => running::<N, 4>(samples, add),
        _ => {
            for index in stride..samples.len() {
                samples[index] = add(samples[index], samples[index - stride]);
            }
        }
    }
}

/// [`add_up`] for pixels of so many samples, which stay in registers.
fn running<const N: usize, const STRIDE: usize>(
    samples: &mut [[u8; N]],
    add: impl Fn([u8; N], [u8; N]) -> [u8; N],
) {
    let mut sum = [[0; N]; STRIDE];
    for pixel in samples.as_chunks_mut::<STRIDE>().0 {
        for (sum, sample) in sum.iter_mut().zip(pixel) {
            *sum = add(*sample, *sum);
            *sample = *sum;
        }
    }
}

/// A sample of up to 8 bits as it is stored.
fn small(number: Number, row: &[u8], index: usize) -> u8 {
    match number {
        Number::Signed(_) => row[index] ^ 0x80,
        Number::Unsigned(8) => row[index],
        _ => packed(row, index, number.bits()) as u8,
    }
}

fn at<const N: usize>(row: &[u8], index: usize) -> [u8; N] {
    row.as_chunks::<N>().0[index]
}

/// A measured grey, in 16 bits: numbers of 32 bits and more, and floats, are shown as if they
/// were of 8, as Pillow and libvips do.
fn clipped(number: Number, row: &[u8], index: usize) -> Option<u16> {
    let value = match number {
        Number::Unsigned(32) => u32::from_ne_bytes(at(row, index)) as f32,
        Number::Unsigned(64) => u64::from_ne_bytes(at(row, index)) as f32,
        Number::Signed(32) => i32::from_ne_bytes(at(row, index)) as f32,
        Number::Signed(64) => i64::from_ne_bytes(at(row, index)) as f32,
        Number::Float(_) => float(number, row, index),
        Number::Unsigned(_) | Number::Signed(_) => return None,
    };
    Some(u16::from(value as u8) * 257)
}

/// A sample of more than 8 bits in 16.
fn wide(number: Number, row: &[u8], index: usize) -> u16 {
    match number {
        Number::Unsigned(16) => u16::from_ne_bytes(at(row, index)),
        Number::Unsigned(32) => (u32::from_ne_bytes(at(row, index)) >> 16) as u16,
        Number::Unsigned(64) => (u64::from_ne_bytes(at(row, index)) >> 48) as u16,
        Number::Unsigned(bits) => packed(row, index, bits) as u16,
        Number::Signed(16) => u16::from_ne_bytes(at(row, index)) ^ 0x8000,
        Number::Signed(32) => (u32::from_ne_bytes(at(row, index)) >> 16) as u16 ^ 0x8000,
        Number::Signed(_) => (u64::from_ne_bytes(at(row, index)) >> 48) as u16 ^ 0x8000,
        // From black at 0 to white at 1; what is beyond is clipped, what is no number black.
        Number::Float(_) => (float(number, row, index) * 65535.0 + 0.5) as u16,
    }
}

fn float(number: Number, row: &[u8], index: usize) -> f32 {
    match number.bits() {
        16 => half(u16::from_ne_bytes(at(row, index))),
        24 => three_bytes(at(row, index)),
        32 => f32::from_ne_bytes(at(row, index)),
        _ => f64::from_ne_bytes(at(row, index)) as f32,
    }
}

/// A sample of any number of bits; the first bit of a byte is its highest.
fn packed(row: &[u8], index: usize, bits: u32) -> u32 {
    let start = index * bits as usize;
    let byte = |at: usize| u32::from(row.get(start / 8 + at).copied().unwrap_or(0));
    let three = byte(0) << 16 | byte(1) << 8 | byte(2);
    (three << (8 + start % 8)) >> (32 - bits)
}

/// IEEE 754's 16 bits.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let value = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f32.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -value } else { value }
}

/// 24 bits: a sign, 7 of exponent, 16 of fraction.
fn three_bytes(bytes: [u8; 3]) -> f32 {
    let [high, mid, low] = match cfg!(target_endian = "little") {
        true => [bytes[2], bytes[1], bytes[0]],
        false => bytes,
    };
    let exponent = i32::from(high & 127);
    let fraction = f32::from(u16::from_be_bytes([mid, low])) / 65536.0;
    let value = match exponent {
        0 => fraction * 2_f32.powi(-62),
        127 if fraction == 0.0 => f32::INFINITY,
        127 => f32::NAN,
        _ => (1.0 + fraction) * 2_f32.powi(exponent - 63),
    };
    if high >> 7 == 1 { -value } else { value }
}
