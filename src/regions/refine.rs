//! The sides of a region, on the pixels that it is cut from.

use image::RgbImage;

/// Levels by which a page and a picture are apart at a side.
const STEP: u8 = 10;
/// Places that are looked at along a side.
const SAMPLES: u32 = 240;

/// A rectangle moved, side by side, to where within `reach` pixels the picture changes along most
/// of the side. `sides` are left, top, right and bottom, the last two excluded.
pub(super) fn refined(pixels: &RgbImage, sides: [u32; 4], reach: u32) -> [u32; 4] {
    let [left, top, right, bottom] = sides;
    let (width, height) = pixels.dimensions();
    let green = |x: u32, y: u32| pixels.get_pixel(x, y).0[1];
    let best = |line: u32, most: u32, ends: (u32, u32), share: &dyn Fn(u32, u32) -> bool| {
        if line <= reach / 2 || line + reach / 2 >= most {
            return if line <= reach / 2 { 0 } else { most };
        }
        let from = line.saturating_sub(reach).max(1);
        let to = (line + reach).min(most - 1);
        let step = ((ends.1 - ends.0) / SAMPLES).max(1) as usize;
        let count = |at: u32| {
            (ends.0..ends.1)
                .step_by(step)
                .filter(|&k| share(at, k))
                .count()
        };
        let lines = from..=to;
        // The strongest, and of equals the nearest to where it was.
        let strongest = lines.max_by_key(|&at| (count(at), std::cmp::Reverse(at.abs_diff(line))));
        strongest.unwrap_or(line)
    };
    let corner = |from: u32, to: u32| {
        let off = (to - from) / 10;
        (from + off, to - off)
    };
    let across = corner(left, right);
    let down = corner(top, bottom);
    let row = |y: u32, x: u32| green(x, y - 1).abs_diff(green(x, y)) >= STEP;
    let column = |x: u32, y: u32| green(x - 1, y).abs_diff(green(x, y)) >= STEP;
    [
        best(left, width, down, &column),
        best(top, height, across, &row),
        best(right, width, down, &column),
        best(bottom, height, across, &row),
    ]
}
