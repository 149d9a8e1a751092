//! Whether there is anything to see.

use image::RgbImage;

/// True when every pixel has one tone.
pub(super) fn is_blank(pixels: &RgbImage) -> bool {
    let colours = pixels.as_raw().as_chunks::<3>().0;
    let Some(first) = colours.first() else {
        return true;
    };
    let near = |colour: &[u8; 3]| colour.iter().zip(first).all(|(a, b)| a.abs_diff(*b) <= 2);
    colours.iter().all(near)
}
