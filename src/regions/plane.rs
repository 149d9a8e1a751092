//! The working plane: the green of a picture, averaged down, with rectangles in it.

use image::RgbImage;

/// Longest side of the working plane, pixels: enough that a gutter of three pixels on a page of
/// 1080 by 2400 is a line of its own.
const LONGEST: u32 = 1280;

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
        let by = self.width.max(self.height).div_ceil(longest).max(1);
        let (width, height) = (self.width / by, self.height / by);
        let cells = (by * by) as u32;
        let mut levels = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; width];
        for y in 0..height {
            sums.fill(0);
            for row in by * y..by * (y + 1) {
                let row = self.row(row, 0, by * width).chunks_exact(by);
                for (sum, cell) in sums.iter_mut().zip(row) {
                    *sum += cell.iter().map(|&level| u32::from(level)).sum::<u32>();
                }
            }
            levels.extend(sums.iter().map(|sum| (sum / cells) as u8));
        }
        Self {
            width,
            height,
            levels,
            factor: self.factor * by,
        }
    }

    /// The level at a place; `None` beyond the plane.
    pub(super) fn level(&self, x: isize, y: isize) -> Option<u8> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        (x < self.width && y < self.height).then(|| self.levels[y * self.width + x])
    }

    /// The plane on its other side: rows become columns.
    pub(super) fn transposed(&self) -> Self {
        let mut levels = vec![0; self.levels.len()];
        const BLOCK: usize = 16;
        for top in (0..self.height).step_by(BLOCK) {
            for left in (0..self.width).step_by(BLOCK) {
                for y in top..(top + BLOCK).min(self.height) {
                    for x in left..(left + BLOCK).min(self.width) {
                        levels[x * self.height + y] = self.levels[y * self.width + x];
                    }
                }
            }
        }
        Self {
            width: self.height,
            height: self.width,
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
