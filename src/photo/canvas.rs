//! Rows of opaque RGB to a picture, averaged down on the way where it is huge.

use image::RgbImage;

use super::PhotoError;

/// A picture that is filled row by row from the top.
#[derive(Debug)]
pub(super) struct Canvas {
    /// Pixels of a row as it comes.
    width: usize,
    height: usize,
    /// Rows and columns that become one.
    reduction: usize,
    /// Sums of the rows of the line in hand, channel by channel; empty where nothing is reduced.
    sums: Vec<u32>,
    rows_in_sums: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// An empty picture that takes `height` rows of `width` pixels and makes one pixel of
    /// `reduction` x `reduction`; at the right and lower edge, of what is left.
    ///
    /// # Errors
    /// [`PhotoError::TooLarge`] when there is no memory for it.
    pub(super) fn new((width, height): (u32, u32), reduction: u32) -> Result<Self, PhotoError> {
        let (columns, rows) = (width.div_ceil(reduction), height.div_ceil(reduction));
        let bytes = 3 * columns as usize * rows as usize;
        let mut pixels = Vec::new();
        pixels
            .try_reserve_exact(bytes)
            .map_err(|_| PhotoError::TooLarge(format!("no memory for {bytes} bytes of pixels")))?;
        Ok(Self {
            width: width as usize,
            height: height as usize,
            reduction: reduction as usize,
            sums: match reduction {
                1 => Vec::new(),
                _ => vec![0; 3 * columns as usize],
            },
            rows_in_sums: 0,
            pixels,
        })
    }

    /// Takes the next row: `3 * width` bytes.
    pub(super) fn push(&mut self, row: &[u8]) {
        if self.reduction == 1 {
            self.pixels.extend_from_slice(row);
            return;
        }
        for (sum, block) in self
            .sums
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .zip(row.chunks(3 * self.reduction))
        {
            for pixel in block.as_chunks::<3>().0 {
                for (sum, value) in sum.iter_mut().zip(pixel) {
                    *sum += u32::from(*value);
                }
            }
        }
        self.rows_in_sums += 1;
        if self.rows_in_sums == self.reduction {
            self.flush();
        }
    }

    fn flush(&mut self) {
        for (column, sum) in self.sums.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let columns = self.reduction.min(self.width - column * self.reduction);
            let count = (columns * self.rows_in_sums) as u32;
            for sum in sum {
                self.pixels.push(((*sum + count / 2) / count) as u8);
                *sum = 0;
            }
        }
        self.rows_in_sums = 0;
    }

    /// The picture; rows that never came are mid-grey, as JPEG decoders leave them.
    pub(super) fn finish(self) -> RgbImage {
        self.finish_with(128)
    }

    /// The picture; rows that never came have this tone.
    pub(super) fn finish_with(mut self, missing: u8) -> RgbImage {
        if self.rows_in_sums > 0 {
            self.flush();
        }
        let columns = self.width.div_ceil(self.reduction);
        let rows = self.height.div_ceil(self.reduction);
        self.pixels.resize(3 * columns * rows, missing);
        RgbImage::from_raw(columns as u32, rows as u32, self.pixels)
            .unwrap_or_else(|| RgbImage::new(columns as u32, rows as u32))
    }
}

/// A picture whose pixels come in any order, each once: interlaced ones.
#[derive(Debug)]
pub(super) struct Mosaic {
    width: u32,
    height: u32,
    reduction: u32,
    /// Sums of blocks, channel by channel; empty where nothing is reduced.
    sums: Vec<u16>,
    pixels: Vec<u8>,
}

impl Mosaic {
    /// What a block of bytes may be wide for its sum to fit: 16 x 16 x 255 < 2^16.
    const WIDEST_BLOCK: u32 = 16;

    /// A white picture of this size, to be averaged down like a [`Canvas`].
    ///
    /// # Errors
    /// [`PhotoError::TooLarge`] when there is no memory for it.
    pub(super) fn new((width, height): (u32, u32), reduction: u32) -> Result<Self, PhotoError> {
        let (columns, rows) = (width.div_ceil(reduction), height.div_ceil(reduction));
        let samples = 3 * columns as usize * rows as usize;
        let too_large = || PhotoError::TooLarge(format!("no memory for {samples} samples"));
        let (mut sums, mut pixels) = (Vec::new(), Vec::new());
        if reduction > Self::WIDEST_BLOCK {
            return Err(too_large());
        }
        if reduction > 1 {
            sums.try_reserve_exact(samples).map_err(|_| too_large())?;
            sums.resize(samples, 0);
        } else {
            pixels.try_reserve_exact(samples).map_err(|_| too_large())?;
            pixels.resize(samples, 255);
        }
        Ok(Self {
            width,
            height,
            reduction,
            sums,
            pixels,
        })
    }

    /// Takes pixels of row `y`: the first at column `first`, then every `step`-th.
    pub(super) fn scatter(&mut self, rgb: &[u8], y: u32, first: u32, step: u32) {
        let by = self.reduction as usize;
        let columns = (self.width as usize).div_ceil(by);
        let line = 3 * columns * (y as usize / by);
        let (first, step) = (first as usize, step as usize);
        if by == 1 {
            let row = self.pixels[line..line + 3 * columns].as_chunks_mut::<3>().0;
            let places = row.iter_mut().skip(first).step_by(step);
            for (place, pixel) in places.zip(rgb.as_chunks::<3>().0) {
                *place = *pixel;
            }
            return;
        }
        let row = self.sums[line..line + 3 * columns].as_chunks_mut::<3>().0;
        let (mut column, mut within) = (first / by, first % by);
        for pixel in rgb.as_chunks::<3>().0 {
            for (sum, value) in row[column].iter_mut().zip(pixel) {
                *sum += u16::from(*value);
            }
            within += step;
            while within >= by && column + 1 < columns {
                within -= by;
                column += 1;
            }
        }
    }

    /// Fills every second row from `y` on with the row above it; `false` where rows are gone.
    pub(super) fn double_rows_from(&mut self, y: u32) -> bool {
        if self.reduction > 1 {
            return false;
        }
        let stride = 3 * self.width as usize;
        for y in (y.max(1) as usize..self.height as usize).step_by(2) {
            let above = (y - 1) * stride;
            self.pixels.copy_within(above..above + stride, y * stride);
        }
        true
    }

    /// The picture.
    pub(super) fn finish(self) -> RgbImage {
        let by = self.reduction;
        let (columns, rows) = (self.width.div_ceil(by), self.height.div_ceil(by));
        let pixels = match by {
            1 => self.pixels,
            _ => {
                let lines = self.sums.chunks_exact(3 * columns as usize);
                let mut pixels = Vec::with_capacity(self.sums.len());
                for (y, line) in (0..rows).zip(lines) {
                    let tall = by.min(self.height - y * by);
                    for (x, sums) in (0..columns).zip(line.as_chunks::<3>().0) {
                        let count = tall * by.min(self.width - x * by);
                        pixels.extend(sums.map(|sum| ((u32::from(sum) + count / 2) / count) as u8));
                    }
                }
                pixels
            }
        };
        RgbImage::from_raw(columns, rows, pixels).unwrap_or_else(|| RgbImage::new(columns, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged_and_what_is_left_at_the_edges_too() {
        let mut canvas = Canvas::new((3, 3), 2).unwrap();
        for row in [[10, 20, 30], [30, 40, 50], [7, 9, 1]] {
            let row: Vec<u8> = row.iter().flat_map(|&value| [value; 3]).collect();
            canvas.push(&row);
        }
        let grey: Vec<u8> = canvas.finish().pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(grey, [25, 40, 8, 1]);
    }

    #[test]
    fn rows_that_never_came_are_grey() {
        let mut canvas = Canvas::new((1, 2), 1).unwrap();
        canvas.push(&[1, 2, 3]);
        assert_eq!(canvas.finish().into_raw(), [1, 2, 3, 128, 128, 128]);
    }

    /// A picture whose rows were pushed, and the same whose pixels were scattered by halves.
    fn both_ways(size: (u32, u32), by: u32) -> [RgbImage; 2] {
        let row = |y: u32| -> Vec<u8> {
            let samples = 0..3 * size.0;
            samples.map(|x| (x * 37 + y * 91) as u8).collect()
        };
        let mut canvas = Canvas::new(size, by).unwrap();
        let mut mosaic = Mosaic::new(size, by).unwrap();
        for y in 0..size.1 {
            canvas.push(&row(y));
        }
        for y in (0..size.1).rev() {
            for first in [1, 0] {
                let row = row(y);
                let every_second = row.as_chunks::<3>().0.iter().skip(first).step_by(2);
                let half: Vec<u8> = every_second.flatten().copied().collect();
                mosaic.scatter(&half, y, first as u32, 2);
            }
        }
        [canvas.finish(), mosaic.finish()]
    }

    #[test]
    fn scattered_pixels_give_the_picture_that_rows_give() {
        for by in [1, 2, 3, 5, 16] {
            let [pushed, scattered] = both_ways((37, 23), by);
            assert_eq!(pushed, scattered, "reduced by {by}");
        }
    }
}
