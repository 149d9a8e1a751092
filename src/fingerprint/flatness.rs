//! How much of a picture is one flat tone: packshots on white, placeholders, logos.

use image::RgbImage;

/// Points sampled per side.
const GRID: u32 = 64;
/// Luma levels to either side of the most common one that count as the same tone.
const TONE: usize = 3;

/// Share of the picture, 0 to 1, that lies within three luma levels of its most common tone, from
/// 64x64 samples.
#[must_use]
pub fn flatness(pixels: &RgbImage) -> f32 {
    let (width, height) = pixels.dimensions();
    if width == 0 || height == 0 {
        return 1.0;
    }
    let mut tones = [0_u32; 256];
    for j in 0..GRID {
        for i in 0..GRID {
            let [r, g, b] = pixels
                .get_pixel(i * width / GRID, j * height / GRID)
                .0
                .map(u32::from);
            tones[((299 * r + 587 * g + 114 * b) / 1000) as usize] += 1;
        }
    }
    let around = |tone: usize| {
        tones[tone.saturating_sub(TONE)..(tone + TONE + 1).min(256)]
            .iter()
            .sum::<u32>()
    };
    (0..256).map(around).max().unwrap_or(0) as f32 / (GRID * GRID) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_small_thing_on_white_is_mostly_flat() {
        let mut picture = RgbImage::from_pixel(200, 200, Rgb([255, 255, 255]));
        assert_eq!(flatness(&picture), 1.0);
        for (x, y) in (0..60).flat_map(|x| (0..60).map(move |y| (x, y))) {
            picture.put_pixel(x, y, Rgb([(4 * x) as u8, (3 * y) as u8, 30]));
        }
        // 60 x 60 of 200 x 200 is 9 percent.
        assert!(
            (flatness(&picture) - 0.91).abs() < 0.02,
            "{}",
            flatness(&picture)
        );
    }
}
