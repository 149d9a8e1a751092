//! Letters of five by seven dots, for the words that sellers print over photographs.

use image::{Rgb, RgbImage};

/// Rows of a letter, the highest of five bits leftmost. Letters that no word here needs are a full
/// block.
fn dots(letter: char) -> [u8; 7] {
    match letter {
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'B' => [30, 17, 17, 30, 17, 17, 30],
        'C' => [14, 17, 16, 16, 16, 17, 14],
        'E' => [31, 16, 16, 30, 16, 16, 31],
        'G' => [14, 17, 16, 23, 17, 17, 15],
        'H' => [17, 17, 17, 31, 17, 17, 17],
        'I' => [14, 4, 4, 4, 4, 4, 14],
        'K' => [17, 18, 20, 24, 20, 18, 17],
        'L' => [16, 16, 16, 16, 16, 16, 31],
        'M' => [17, 27, 21, 21, 17, 17, 17],
        'N' => [17, 25, 21, 19, 17, 17, 17],
        'O' => [14, 17, 17, 17, 17, 17, 14],
        'P' => [30, 17, 17, 30, 16, 16, 16],
        'R' => [30, 17, 17, 30, 20, 18, 17],
        'S' => [15, 16, 16, 14, 1, 1, 30],
        'T' => [31, 4, 4, 4, 4, 4, 4],
        '0' => [14, 17, 19, 21, 25, 17, 14],
        '1' => [4, 12, 4, 4, 4, 4, 14],
        '5' => [31, 16, 30, 1, 1, 17, 14],
        ':' => [0, 4, 0, 0, 4, 0, 0],
        '-' => [0, 0, 0, 14, 0, 0, 0],
        ' ' => [0; 7],
        _ => [31; 7],
    }
}

/// Width of `text` in pixels at letters of `height` pixels.
pub(super) fn width(text: &str, height: u32) -> u32 {
    (text.chars().count() as u32 * 6 * height).div_ceil(7)
}

/// Writes `text` with its upper left corner at `at`, letters `height` pixels high, mixed into what
/// is there by `opacity` (0 to 1). What lies outside the picture is cut off.
pub(super) fn write(
    picture: &mut RgbImage,
    text: &str,
    at: (i64, i64),
    height: u32,
    colour: Rgb<u8>,
    opacity: f32,
) {
    let dot = f64::from(height.max(1)) / 7.0;
    let letters: Vec<[u8; 7]> = text.chars().map(dots).collect();
    for y in 0..i64::from(height) {
        let row = ((y as f64 / dot) as usize).min(6);
        for x in 0..i64::from(width(text, height)) {
            let column = (x as f64 / dot) as usize;
            let (letter, bit) = (column / 6, column % 6);
            let on = bit < 5
                && letters
                    .get(letter)
                    .is_some_and(|rows| rows[row] >> (4 - bit) & 1 == 1);
            let (Ok(px), Ok(py)) = (u32::try_from(at.0 + x), u32::try_from(at.1 + y)) else {
                continue;
            };
            if let Some(pixel) = picture.get_pixel_mut_checked(px, py).filter(|_| on) {
                for (old, new) in pixel.0.iter_mut().zip(colour.0) {
                    *old = (f32::from(*old) * (1.0 - opacity) + f32::from(new) * opacity).round()
                        as u8;
                }
            }
        }
    }
}
