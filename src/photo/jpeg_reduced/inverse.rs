//! libjpeg's inverse transforms of 8 x 8 coefficients to fewer pixels, in its own integers, so that
//! pixels are the same to the bit.
//!
//! With extreme coefficients its implementations part: where one wraps, another saturates. Then
//! there are no pixels here, and libjpeg itself is asked.

use super::block::{Block, Coefficients, NATURAL};

const CONST_BITS: i32 = 13;
const PASS1_BITS: i32 = 2;
/// All bits of the largest result of a column's transform.
const MOST: i32 = (1 << 14) - 1;

fn descale(value: i32, bits: i32) -> i32 {
    (value + (1 << (bits - 1))) >> bits
}

/// Levels of pixels, less 128, of which libjpeg's implementations make the same pixel.
#[derive(Default)]
struct Levels(i32);

impl Levels {
    #[inline(always)]
    fn pixel(&mut self, level: i32) -> u8 {
        self.0 |= level + 512;
        (level + 128).clamp(0, 255) as u8
    }

    #[inline(always)]
    fn are_in_range(&self) -> bool {
        self.0 & !1023 == 0
    }
}

#[inline(always)]
fn coefficient(block: &Block, quantisers: &[i16; 64], row: usize, column: usize) -> i32 {
    let place = 8 * row + column;
    i32::from(block.0[place]) * i32::from(quantisers[place])
}

/// All pixels of a block that has no other than this DC coefficient.
#[inline(always)]
pub(super) fn plain<const SIDE: usize>(dc: i32) -> Option<[[u8; SIDE]; SIDE]> {
    let mut levels = Levels::default();
    let pixel = levels.pixel(descale(dc, 3));
    levels.are_in_range().then_some([[pixel; SIDE]; SIDE])
}

/// Lines of coefficients that two pixels are made of: the others come to nothing.
const TWO_LINES: [usize; 5] = [0, 1, 3, 5, 7];
const TWO_ODD: [i32; 8] = [0, 29_692, 0, -10_426, 0, 6_967, 0, -5_906];

/// What a coefficient adds to, and how much for each unit.
#[derive(Debug, Clone, Copy)]
struct Weight {
    sum: u32,
    weight: i32,
}

/// Sums of a block's coefficients from which two rows of two pixels are made: the even and the odd
/// part of each column's transform. Adding up what is there is faster than transforming all.
#[derive(Debug)]
pub(super) struct Two {
    /// Of five columns even, of five odd, and of what comes to nothing.
    sums: [i32; 16],
    /// In zigzag order.
    weights: Box<[Weight; 256]>,
}

impl Two {
    pub(super) fn new(quantisers: &[i16; 64]) -> Self {
        let mut weights = Box::new([Weight { sum: 15, weight: 0 }; 256]);
        for (weight, &place) in weights.iter_mut().zip(&NATURAL[..64]) {
            let (row, column) = (usize::from(place) / 8, usize::from(place) % 8);
            let quantiser = i32::from(quantisers[usize::from(place)]);
            let Some(line) = TWO_LINES.iter().position(|&line| line == column) else {
                continue;
            };
            *weight = match row {
                0 => Weight {
                    sum: line as u32,
                    weight: quantiser << (CONST_BITS + 2),
                },
                _ => Weight {
                    sum: 5 + line as u32,
                    weight: quantiser * TWO_ODD[row],
                },
            };
        }
        Self {
            sums: [0; 16],
            weights,
        }
    }

    /// The pixels; `None` where implementations of libjpeg part.
    #[inline(always)]
    pub(super) fn pixels(&self) -> Option<[[u8; 2]; 2]> {
        let [mut upper, mut lower] = [[0; 5]; 2];
        let mut outside = 0;
        for (column, (upper, lower)) in upper.iter_mut().zip(&mut lower).enumerate() {
            let (even, odd) = (self.sums[column], self.sums[5 + column]);
            let bits = CONST_BITS - PASS1_BITS + 2;
            let (above, below) = (descale(even + odd, bits), descale(even - odd, bits));
            outside |= (above + MOST) | (below + MOST);
            (*upper, *lower) = (above, below);
        }
        if outside & !(2 * MOST + 1) != 0 {
            return None;
        }
        let mut levels = Levels::default();
        let mut pixels = [[0; 2]; 2];
        for (pixels, z) in pixels.iter_mut().zip([upper, lower]) {
            let even = z[0] << (CONST_BITS + 2);
            let odd = z[4] * -5906 + z[3] * 6967 + z[2] * -10426 + z[1] * 29692;
            let bits = CONST_BITS + PASS1_BITS + 3 + 2;
            *pixels = [
                levels.pixel(descale(even + odd, bits)),
                levels.pixel(descale(even - odd, bits)),
            ];
        }
        levels.are_in_range().then_some(pixels)
    }
}

impl Coefficients for Two {
    #[inline(always)]
    fn clear(&mut self) {
        self.sums = [0; 16];
    }

    #[inline(always)]
    fn put(&mut self, place: usize, value: i32) {
        let Weight { sum, weight } = self.weights[place & 255];
        // Of a value that is too large, and refused after this, the product may be so too.
        let sum = &mut self.sums[sum as usize & 15];
        *sum = sum.wrapping_add(value.wrapping_mul(weight));
    }
}

/// Coefficients among which all are, where the others are 0: the first ten places.
const FEW: usize = 10;

#[inline(always)]
fn four_points(z: [i32; 7], bits: i32) -> [i32; 4] {
    let even = z[0] << (CONST_BITS + 1);
    let bend = z[2] * 15137 + z[5] * -6270;
    let (outer, inner) = (even + bend, even - bend);
    let tmp0 = z[6] * -1730 + z[4] * 11893 + z[3] * -17799 + z[1] * 8697;
    let tmp2 = z[6] * -4176 + z[4] * -4926 + z[3] * 7373 + z[1] * 20995;
    [
        descale(outer + tmp2, bits),
        descale(inner + tmp0, bits),
        descale(inner - tmp0, bits),
        descale(outer - tmp2, bits),
    ]
}

/// The same with `LINES` of the lines 0, 1, 2, 3, 5, 6, 7.
#[inline(always)]
fn four_of<const LINES: usize>(block: &Block, quantisers: &[i16; 64]) -> Option<[[u8; 4]; 4]> {
    const PLACES: [usize; 7] = [0, 1, 2, 3, 5, 6, 7];
    let mut rows = [[0; 7]; 4];
    let mut most = 0;
    for column in 0..LINES {
        let mut z = [0; 7];
        for line in 0..LINES {
            z[line] = coefficient(block, quantisers, PLACES[line], PLACES[column]);
        }
        let points = four_points(z, CONST_BITS - PASS1_BITS + 1);
        for row in 0..4 {
            most |= points[row].abs();
            rows[row][column] = points[row];
        }
    }
    if most > MOST {
        return None;
    }
    let mut levels = Levels::default();
    let mut pixels = [[0; 4]; 4];
    for row in 0..4 {
        let points = four_points(rows[row], CONST_BITS + PASS1_BITS + 3 + 1);
        for column in 0..4 {
            pixels[row][column] = levels.pixel(points[column]);
        }
    }
    levels.are_in_range().then_some(pixels)
}

#[inline(always)]
pub(super) fn four(block: &Block, count: usize, quantisers: &[i16; 64]) -> Option<[[u8; 4]; 4]> {
    match count {
        0 | 1 => plain(i32::from(block.0[0]) * i32::from(quantisers[0])),
        2..=FEW => four_of::<4>(block, quantisers),
        _ => four_of::<7>(block, quantisers),
    }
}
