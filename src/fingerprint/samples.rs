//! A picture in few samples: what is laid over it is large, and is found in them.

use image::RgbImage;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// A picture in few samples.
pub(super) struct Samples {
    pub(super) across: usize,
    pub(super) down: usize,
    /// Row by row.
    pub(super) colours: Vec<Colour>,
}

impl Samples {
    /// The pixels in the middle of each cell, with so many cells along the longer side.
    pub(super) fn of(pixels: &RgbImage, along_longer: usize) -> Self {
        let (width, height) = pixels.dimensions();
        let longer = width.max(height).max(1) as usize;
        let side = |length: u32| (length as usize * along_longer / longer).max(1);
        let (across, down) = (side(width), side(height));
        let place = |k: usize, count: usize, length: u32| {
            ((2 * k + 1) * length as usize / (2 * count)).min(length as usize - 1) as u32
        };
        let columns: Vec<u32> = (0..across).map(|x| place(x, across, width)).collect();
        let mut colours = Vec::with_capacity(across * down);
        for y in 0..down {
            let row = place(y, down, height);
            colours.extend(columns.iter().map(|&x| pixels.get_pixel(x, row).0));
        }
        Self {
            across,
            down,
            colours,
        }
    }
}
