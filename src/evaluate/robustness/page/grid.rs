//! Several pictures on one canvas: two, three, four, six or nine.

use image::{Rgb, RgbImage};

use super::drawing::{Area, cut_to, lay};
use crate::evaluate::bootstrap::SplitMix;

/// Columns of each row.
fn rows(count: usize, chance: &mut SplitMix) -> &'static [usize] {
    match count {
        2 => [&[2][..], &[1, 1]][chance.below(2)],
        3 => [&[1, 2][..], &[2, 1], &[3], &[1, 1, 1]][chance.below(4)],
        4 => &[2, 2],
        6 => [&[3, 3][..], &[2, 2, 2]][chance.below(2)],
        _ => &[3, 3, 3],
    }
}

/// The pictures, the first of them anywhere, with gutters of 0 to 24 pixels and corners of 0 to 20;
/// gives how many it shows.
pub(super) fn draw(
    count: usize,
    pictures: &[&RgbImage],
    chance: &mut SplitMix,
) -> (RgbImage, usize) {
    let gutter = [0.0, 2.0, 4.0, 8.0, 12.0, 24.0][chance.below(6)];
    let radius = [0.0, 0.0, 0.0, 20.0][chance.below(4)];
    let rim = [0.0, gutter][chance.below(2)];
    let ground = [[255, 255, 255], [0, 0, 0], [236, 228, 214]][chance.below(3)];
    let rows = rows(count, chance);
    let width = 1080.0;
    let tallest = match rows.len() {
        1 => 1080.0 / rows[0] as f32 * 1.3,
        _ => 1080.0 / rows.len() as f32 * [1.0, 1.2][chance.below(2)],
    };
    let height = rows.len() as f32 * (tallest + gutter) - gutter + 2.0 * rim;
    let mut page = RgbImage::from_pixel(width as u32, height as u32, Rgb(ground));
    let own = chance.below(count);
    let mut others = pictures[1..].iter();
    let (mut shown, mut number) = (1, 0);
    for (row, &columns) in rows.iter().enumerate() {
        let wide = (width - 2.0 * rim - (columns - 1) as f32 * gutter) / columns as f32;
        for column in 0..columns {
            let picture = if number == own {
                Some(pictures[0])
            } else {
                shown += usize::from(others.len() > 0);
                others.next().copied()
            };
            number += 1;
            let Some(picture) = picture else { continue };
            let x = rim + column as f32 * (wide + gutter);
            let y = rim + row as f32 * (tallest + gutter);
            let cut = cut_to(picture, wide, tallest);
            lay(&mut page, &cut, Area::new(x, y, wide, tallest), radius);
        }
    }
    (page, shown)
}
