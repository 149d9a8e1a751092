//! Very long or very large pictures, averaged down before stages whose work or memory grows with a
//! side.

use std::borrow::Cow;

use image::RgbImage;

/// The picture with both sides divided by the smallest whole numbers that bring each to `side`
/// pixels or less: means of blocks, at the right and lower edge of what is left. Nothing is copied
/// where none is longer.
pub(crate) fn shrunk(pixels: &RgbImage, side: u32) -> Cow<'_, RgbImage> {
    let by = |length: u32| length.div_ceil(side.max(1)).max(1);
    let (across, down) = (by(pixels.width()), by(pixels.height()));
    if (across, down) == (1, 1) {
        return Cow::Borrowed(pixels);
    }
    let (width, height) = (
        pixels.width().div_ceil(across),
        pixels.height().div_ceil(down),
    );
    let stride = 3 * pixels.width() as usize;
    let mut means = Vec::with_capacity(3 * width as usize * height as usize);
    let mut sums = vec![0_u32; 3 * width as usize];
    for rows in pixels.as_raw().chunks(stride * down as usize) {
        sums.fill(0);
        for row in rows.chunks_exact(stride) {
            let blocks = row.chunks(3 * across as usize);
            for (sum, block) in sums.as_chunks_mut::<3>().0.iter_mut().zip(blocks) {
                for pixel in block.as_chunks::<3>().0 {
                    (0..3).for_each(|channel| sum[channel] += u32::from(pixel[channel]));
                }
            }
        }
        let lines = (rows.len() / stride) as u32;
        for (column, sum) in sums.as_chunks::<3>().0.iter().enumerate() {
            let columns = across.min(pixels.width() - column as u32 * across);
            let count = columns * lines;
            means.extend(sum.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    RgbImage::from_raw(width, height, means).map_or(Cow::Borrowed(pixels), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn only_a_side_that_is_longer_is_divided() {
        let picture = RgbImage::from_fn(5, 2, |x, y| Rgb([(10 * x) as u8, y as u8, 200]));
        assert_eq!(*shrunk(&picture, 5), picture);
        let halved = shrunk(&picture, 3);
        assert_eq!(halved.dimensions(), (3, 2));
        let first: Vec<[u8; 3]> = halved.rows().next().unwrap().map(|pixel| pixel.0).collect();
        assert_eq!(first, [[5, 0, 200], [25, 0, 200], [40, 0, 200]]);
    }
}
