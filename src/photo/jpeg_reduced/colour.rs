//! Luma and chroma to RGB, as libjpeg rounds it.

/// Pixels that are converted together.
const TOGETHER: usize = 16;

/// Converts a row; `rgb` has three bytes for each pixel of luma, and chroma no fewer samples.
pub(super) fn to_rgb(luma: &[u8], blue: &[u8], red: &[u8], rgb: &mut [u8]) {
    let (whole, rest) = luma.as_chunks::<TOGETHER>();
    let chroma = (blue.as_chunks::<TOGETHER>().0.iter()).zip(red.as_chunks::<TOGETHER>().0);
    let groups = rgb.chunks_mut(3 * TOGETHER);
    for ((luma, (blue, red)), rgb) in whole.iter().zip(chroma).zip(groups) {
        group(luma, blue, red, rgb);
    }
    let start = luma.len() - rest.len();
    let mut last = [[0; TOGETHER]; 3];
    for (last, row) in last.iter_mut().zip([luma, blue, red]) {
        last[..rest.len()].copy_from_slice(&row[start..luma.len()]);
    }
    let mut pixels = [0; 3 * TOGETHER];
    group(&last[0], &last[1], &last[2], &mut pixels);
    rgb[3 * start..].copy_from_slice(&pixels[..3 * rest.len()]);
}

/// libjpeg's sums of 32 bits, with what is over a whole taken out of the factors so that they fit
/// into 16.
#[inline(always)]
fn group(luma: &[u8; TOGETHER], blue: &[u8; TOGETHER], red: &[u8; TOGETHER], rgb: &mut [u8]) {
    const HALF: i32 = 1 << 15;
    let centred = |sample: u8| i16::from(sample) - 128;
    let times = |value: i16, factor: i16| i32::from(value) * i32::from(factor);
    let mut pixels = [0_u32; TOGETHER];
    for at in 0..TOGETHER {
        let (luma, blue, red) = (i16::from(luma[at]), centred(blue[at]), centred(red[at]));
        let r = luma + red + ((times(red, 26_345) + HALF) >> 16) as i16;
        let g = luma - red + ((times(blue, -22_554) + times(red, 18_734) + HALF) >> 16) as i16;
        let b = luma + 2 * blue + ((times(blue, -14_942) + HALF) >> 16) as i16;
        let [r, g, b] = [r, g, b].map(|value| u32::from(value.clamp(0, 255) as u8));
        pixels[at] = r | g << 8 | b << 16;
    }
    for (place, pixel) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
        let [r, g, b, _] = pixel.to_le_bytes();
        *place = [r, g, b];
    }
}

/// Doubles a row of samples: each twice, or `smooth`, by a triangle filter.
pub(super) fn doubled(row: &[u8], doubled: &mut [u8], smooth: bool) {
    let pairs = doubled.as_chunks_mut::<2>().0;
    if !smooth {
        for (pair, &sample) in pairs.iter_mut().zip(row) {
            *pair = [sample; 2];
        }
        return;
    }
    let last = row.len() - 1;
    for (place, pair) in pairs.iter_mut().enumerate().take(row.len()) {
        let here = 3 * u16::from(row[place]);
        let before = u16::from(row[place.saturating_sub(1)]);
        let after = u16::from(row[(place + 1).min(last)]);
        *pair = [
            ((here + before + 1) >> 2) as u8,
            ((here + after + 2) >> 2) as u8,
        ];
    }
}
