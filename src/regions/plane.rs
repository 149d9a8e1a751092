//! The working plane: the green of a picture, averaged down, with rectangles in it.

use image::RgbImage;

/// Longest side of the working plane, pixels: enough that a gutter of three pixels on a page of
/// 1080 by 2400 is a line of its own.
const LONGEST: u32 = 1280;

/// Side of the squares in which a plane is transposed.
const BLOCK: usize = 8;

/// Green levels of a picture at a whole fraction of its size. Green is nearly all of brightness,
/// and is read without arithmetic.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    levels: Vec<u8>,
    /// Pixels of the picture for one of the plane.
    pub(super) factor: usize,
}

/// A rectangle of a plane; the ends are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl Rect {
    pub(super) fn width(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub(super) fn height(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    pub(super) fn area(&self) -> usize {
        self.width() * self.height()
    }

    /// The rectangle without a rim of so many pixels.
    pub(super) fn inset(&self, by: usize) -> Self {
        Self {
            left: (self.left + by).min(self.right),
            top: (self.top + by).min(self.bottom),
            right: self.right.saturating_sub(by).max(self.left),
            bottom: self.bottom.saturating_sub(by).max(self.top),
        }
    }
}

impl Plane {
    /// The plane of a picture.
    pub(super) fn of(pixels: &RgbImage) -> Self {
        let factor = pixels.width().max(pixels.height()).div_ceil(LONGEST).max(1) as usize;
        let (width, height) = (
            pixels.width() as usize / factor,
            pixels.height() as usize / factor,
        );
        let stride = 3 * pixels.width() as usize;
        let bytes = pixels.as_raw();
        let mut levels = Vec::with_capacity(width * height);
        for y in 0..height {
            let row = &bytes[y * factor * stride..][..stride];
            match factor {
                1 => levels.extend(row.as_chunks::<3>().0.iter().map(|pixel| pixel[1])),
                2 => {
                    let next = &bytes[(2 * y + 1) * stride..][..stride];
                    let pairs = row.as_chunks::<6>().0.iter().zip(next.as_chunks::<6>().0);
                    // Two of the four, across from each other, are as good.
                    let mean = |(a, b): (&[u8; 6], &[u8; 6])| {
                        (u16::from(a[1]) + u16::from(b[4])).div_ceil(2) as u8
                    };
                    levels.extend(pairs.map(mean).take(width));
                }
                _ => levels.extend((0..width).map(|x| {
                    // A cross of the cell is enough of its mean.
                    let cell = 3 * x * factor + 1;
                    let half = (factor / 2) * stride;
                    let at = |dx: usize, dy: usize| {
                        u16::from(bytes[y * factor * stride + cell + 3 * dx + dy])
                    };
                    let sum = at(0, 0) + at(factor - 1, 0) + at(0, half) + at(factor - 1, half);
                    (sum / 4) as u8
                })),
            }
        }
        Self {
            width,
            height,
            levels,
            factor,
        }
    }

    /// The plane averaged down until no side is longer than `longest`.
    pub(super) fn reduced(&self, longest: usize) -> Self {
        match self.width.max(self.height).div_ceil(longest).max(1) {
            1 => self.averaged::<1>(),
            2 => self.averaged::<2>(),
            3 => self.averaged::<3>(),
            _ => self.averaged::<4>().reduced(longest),
        }
    }

    /// The plane at one part of `BY` of its size; compiled for each.
    fn averaged<const BY: usize>(&self) -> Self {
        let (width, height) = (self.width / BY, self.height / BY);
        let mut levels = Vec::with_capacity(width * height);
        let mut sums = vec![0_u16; width];
        for y in 0..height {
            sums.fill(0);
            for row in BY * y..BY * (y + 1) {
                let row = self.row(row, 0, BY * width).as_chunks::<BY>().0;
                for (sum, cell) in sums.iter_mut().zip(row) {
                    *sum += cell.iter().map(|&level| u16::from(level)).sum::<u16>();
                }
            }
            let cells = (BY * BY) as u16;
            levels.extend(sums.iter().map(|sum| (sum / cells) as u8));
        }
        Self {
            width,
            height,
            levels,
            factor: self.factor * BY,
        }
    }

    /// The level at a place; `None` beyond the plane.
    pub(super) fn level(&self, x: isize, y: isize) -> Option<u8> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < self.width && y < self.height).then(|| self.levels[y * self.width + x])
    }

    /// The plane on its other side: rows become columns.
    pub(super) fn transposed(&self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut levels = vec![0; width * height];
        let (whole_columns, whole_rows) = (width / BLOCK * BLOCK, height / BLOCK * BLOCK);
        for top in (0..whole_rows).step_by(BLOCK) {
            for left in (0..whole_columns).step_by(BLOCK) {
                let mut block = [0; BLOCK];
                for (k, row) in block.iter_mut().enumerate() {
                    let eight = self.levels[(top + k) * width + left..].first_chunk();
                    *row = u64::from_le_bytes(*eight.unwrap_or(&[0; BLOCK]));
                }
                for (k, column) in transposed_square(block).into_iter().enumerate() {
                    let at = (left + k) * height + top;
                    levels[at..at + BLOCK].copy_from_slice(&column.to_le_bytes());
                }
            }
        }
        for y in 0..height {
            let from = if y < whole_rows { whole_columns } else { 0 };
            for x in from..width {
                levels[x * height + y] = self.levels[y * width + x];
            }
        }
        Self {
            width: height,
            height: width,
            levels,
            factor: self.factor,
        }
    }

    pub(super) fn whole(&self) -> Rect {
        Rect {
            left: 0,
            top: 0,
            right: self.width,
            bottom: self.height,
        }
    }

    /// The levels of a row between two columns.
    pub(super) fn row(&self, y: usize, left: usize, right: usize) -> &[u8] {
        &self.levels[y * self.width..][left..right]
    }
}

/// A square of bytes, a row in each word, with rows and columns exchanged: squares of one byte, of
/// two by two and of four by four across from each other change places.
fn transposed_square(mut rows: [u64; BLOCK]) -> [u64; BLOCK] {
    let masks = [0x00ff_00ff_00ff_00ff, 0x0000_ffff_0000_ffff, 0xffff_ffff];
    for (side, mask) in [1, 2, 4].into_iter().zip(masks) {
        for k in (0..BLOCK).filter(|k| k & side == 0) {
            let changed = ((rows[k] >> (8 * side)) ^ rows[k + side]) & mask;
            rows[k + side] ^= changed;
            rows[k] ^= changed << (8 * side);
        }
    }
    rows
}

impl Rect {
    /// The same rectangle in the transposed plane.
    pub(super) fn transposed(&self) -> Self {
        Self {
            left: self.top,
            top: self.left,
            right: self.bottom,
            bottom: self.right,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    /// A picture whose levels tell the place.
    fn placed(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([0, (31 * x + 7 * y + x * y) as u8, 0])
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn rows_of_the_transposed_plane_are_columns(width in 1u32..70, height in 1u32..70) {
            let plane = Plane::of(&placed(width, height));
            let turned = plane.transposed();
            prop_assert_eq!((turned.width, turned.height), (plane.height, plane.width));
            for y in 0..plane.height {
                for x in 0..plane.width {
                    let (x, y) = (x as isize, y as isize);
                    prop_assert_eq!(turned.level(y, x), plane.level(x, y));
                }
            }
        }

        #[test]
        fn a_reduced_plane_holds_the_means_of_its_cells(width in 8u32..90, longest in 4usize..90) {
            let plane = Plane::of(&placed(width, width / 2 + 3));
            let small = plane.reduced(longest);
            let by = small.factor;
            prop_assert!(small.width.max(small.height) <= longest || by == 1);
            for y in 0..small.height {
                for x in 0..small.width {
                    let rows = by * y..by * (y + 1);
                    let cell = rows.flat_map(|y| plane.row(y, by * x, by * (x + 1)));
                    let sum: usize = cell.map(|&level| usize::from(level)).sum();
                    let mean = small.level(x as isize, y as isize).map(usize::from);
                    // Means of means are rounded twice.
                    prop_assert!(mean.is_some_and(|mean| mean.abs_diff(sum / by / by) <= 1));
                }
            }
        }
    }
}
