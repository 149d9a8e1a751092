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
    pub(super) fn finish(mut self) -> RgbImage {
        if self.rows_in_sums > 0 {
            self.flush();
        }
        let columns = self.width.div_ceil(self.reduction);
        let rows = self.height.div_ceil(self.reduction);
        self.pixels.resize(3 * columns * rows, 128);
        RgbImage::from_raw(columns as u32, rows as u32, self.pixels)
            .unwrap_or_else(|| RgbImage::new(columns as u32, rows as u32))
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
}
