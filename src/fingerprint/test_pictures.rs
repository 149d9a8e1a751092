//! Pictures that the tests draw themselves.

use image::{Rgb, RgbImage};

/// Overlapping boxes, the same for the same seed: energy in every coefficient, as photographs have
/// it. Smooth waves leave most bits to chance.
pub(super) fn clutter(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut state = seed;
    let mut draw = move |below: u32| {
        // SplitMix64 (Steele et al. 2014)
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(below)) as u32
    };
    let mut made = RgbImage::new(width, height);
    for _ in 0..80 {
        let (left, top) = (draw(width), draw(height));
        let (right, bottom) = (left + 10 + draw(width / 3), top + 10 + draw(height / 3));
        let colour = Rgb([draw(256) as u8, draw(256) as u8, draw(256) as u8]);
        for (x, y) in
            (top..bottom.min(height)).flat_map(|y| (left..right.min(width)).map(move |x| (x, y)))
        {
            made.put_pixel(x, y, colour);
        }
    }
    made
}

/// Smooth waves, the same for the same seed.
pub(super) fn waves(width: u32, height: u32, seed: u32) -> RgbImage {
    let phase = seed as f32;
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let wave = |a: f32, b: f32| 60.0 * (a * u + b * v + phase).sin();
        let base = 128.0 + wave(9.0, 4.0) + wave(-3.0, 17.0) * u;
        Rgb([
            base,
            base + 20.0 * (u * 31.0 + phase).cos(),
            base * (0.6 + 0.4 * v),
        ]
        .map(|c| c.clamp(0.0, 255.0) as u8))
    })
}

/// Overlapping discs of random size and shade: corners at every scale, the same for the same seed.
pub(super) fn discs(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u32| {
        state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        (state >> 33) as u32 % below
    };
    let mut pixels = RgbImage::from_pixel(width, height, Rgb([200, 190, 170]));
    for _ in 0..90 {
        let (cx, cy, r) = (
            next(width) as i64,
            next(height) as i64,
            4 + next(width / 9) as i64,
        );
        let shade = Rgb([next(256) as u8, next(256) as u8, next(256) as u8]);
        for y in (cy - r).max(0)..(cy + r).min(i64::from(height)) {
            for x in (cx - r).max(0)..(cx + r).min(i64::from(width)) {
                if (x - cx).pow(2) + (y - cy).pow(2) < r * r {
                    pixels.put_pixel(x as u32, y as u32, shade);
                }
            }
        }
    }
    pixels
}

/// The picture under a red disc of this radius about its middle, with white bars for words.
pub(super) fn stuck(picture: &RgbImage, radius: u32) -> RgbImage {
    let mut covered = picture.clone();
    let (middle_x, middle_y) = (picture.width() / 2, picture.height() / 2);
    for (x, y, pixel) in covered.enumerate_pixels_mut() {
        let (across, down) = (x.abs_diff(middle_x), y.abs_diff(middle_y));
        if across.pow(2) + down.pow(2) <= radius.pow(2) {
            let is_word = across < radius * 3 / 5 && down < radius / 8;
            pixel.0 = if is_word { [255; 3] } else { [220, 40, 60] };
        }
    }
    covered
}

/// The same discs with grain, so that no area is of one tone.
pub(super) fn grained(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut picture = discs(width, height, seed);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let grain =
            (x.wrapping_mul(7919) ^ y.wrapping_mul(104_729)).wrapping_mul(2_654_435_761) >> 26;
        pixel.0 = pixel
            .0
            .map(|level| (level / 4 * 3).saturating_add(grain as u8));
    }
    picture
}

/// The picture under five lines of yellow letters: uprights with two bars each.
pub(super) fn written(picture: &RgbImage) -> RgbImage {
    let mut written = picture.clone();
    let letter = (picture.height() / 12).max(1);
    let stroke = (letter / 6).max(1);
    for (x, y, pixel) in written.enumerate_pixels_mut() {
        let from_top = y.wrapping_sub(picture.height() / 5);
        let (line, row) = (
            from_top / (letter * 3 / 2).max(1),
            from_top % (letter * 3 / 2).max(1),
        );
        let column = x % (letter * 4 / 5).max(1);
        let is_ink =
            column < stroke || row < stroke || (letter / 2..letter / 2 + stroke).contains(&row);
        if line < 5 && row < letter && column < letter * 3 / 5 && is_ink {
            pixel.0 = [255, 230, 0];
        }
    }
    written
}
