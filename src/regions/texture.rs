//! Whether a rectangle holds a photograph, or words and flat drawing.

use super::lines::GROUND;
use super::plane::{Plane, Rect};

/// Levels between neighbours that a photograph has inside of things.
const SOFT: u8 = 22;
/// Least share of the area that is no ground.
const LEAST_CONTENT: f32 = 0.06;
/// Least share of what is no ground that is soft: strokes of letters are nearly all rim.
const LEAST_SOFT: f32 = 0.42;
/// Least number of tones, as the exponent of their entropy, of 64.
const LEAST_TONES: f32 = 7.0;
/// The same of what is soft: that of words and buttons, whose rims have many tones, has 1.1 to 5.4
/// on a hundred pages of listings, that of the photographs on them 7.8 and more.
const LEAST_SOFT_TONES: f32 = 6.0;

/// What is measured of a rectangle.
#[derive(Debug)]
struct Texture {
    /// Share of it that is no ground, and share of that which is soft, 0 to 1.
    content: f32,
    soft: f32,
    /// Number of tones of what is no ground, and of what of it is soft.
    tones: f32,
    soft_tones: f32,
}

/// How much a rectangle looks like a photograph, 0 to 1; 0 where it is words or flat drawing.
/// `ground` is the tone behind what it shows, where there is one.
pub(super) fn photograph_share(plane: &Plane, rect: Rect, ground: Option<u8>) -> f32 {
    let seen = texture(plane, rect, ground);
    let is_photograph = seen.content >= LEAST_CONTENT
        && seen.soft >= LEAST_SOFT
        && seen.tones >= LEAST_TONES
        && seen.soft_tones >= LEAST_SOFT_TONES;
    match is_photograph {
        true => (seen.tones / 24.0).min(1.0),
        false => 0.0,
    }
}

fn texture(plane: &Plane, rect: Rect, ground: Option<u8>) -> Texture {
    let mut tones = [0_u32; 64];
    let mut soft_tones = [0_u32; 64];
    let mut seen = 0_u32;
    let step = (rect.width().min(rect.height()) / 96).clamp(1, 3);
    for y in (rect.top..rect.bottom.saturating_sub(1)).step_by(step) {
        let row = plane.row(y, rect.left, rect.right);
        let next = plane.row(y + 1, rect.left, rect.right);
        for x in (0..row.len().saturating_sub(1)).step_by(step) {
            seen += 1;
            if ground.is_some_and(|ground| row[x].abs_diff(ground) <= GROUND) {
                continue;
            }
            tones[usize::from(row[x] / 4)] += 1;
            let rough = row[x].abs_diff(row[x + 1]).max(row[x].abs_diff(next[x]));
            soft_tones[usize::from(row[x] / 4)] += u32::from(rough <= SOFT);
        }
    }
    let content = tones.iter().sum::<u32>() as f32;
    let soft = soft_tones.iter().sum::<u32>() as f32;
    Texture {
        content: content / seen.max(1) as f32,
        soft: soft / content.max(1.0),
        tones: breadth(&tones),
        soft_tones: breadth(&soft_tones),
    }
}

/// How many tones there are, as the exponent of their entropy.
fn breadth(tones: &[u32; 64]) -> f32 {
    let all = tones.iter().sum::<u32>().max(1) as f32;
    let held = tones.iter().filter(|&&count| count > 0);
    let entropy: f32 = held
        .map(|&count| {
            let share = count as f32 / all;
            -share * share.ln()
        })
        .sum();
    entropy.exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    const SIDE: u32 = 160;
    const GREY: u8 = 236;

    /// Three buttons and a block of strokes with many tones in their rims, on an even ground: as the
    /// panels of listings measure.
    fn panel() -> Plane {
        Plane::of(&RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let level = match (x, y) {
                (8..134, 8..30) => 90,
                (8..100, 36..50) => 150,
                (8..56, 56..67) => 30,
                // Neighbours are 75 levels apart and more.
                (8..68, 80..112) => {
                    let place = x / 2 + 3 * y;
                    match x % 2 {
                        0 => 20 + 30 * (place % 7) as u8,
                        _ => 35 + 30 * ((place + 3) % 7) as u8,
                    }
                }
                _ => GREY,
            };
            Rgb([level; 3])
        }))
    }

    #[test]
    fn words_and_buttons_are_no_photograph_however_many_tones_they_have() {
        let panel = panel();
        let seen = texture(&panel, panel.whole(), Some(GREY));
        // What was measured on a listing, and would pass for a photograph but for the last.
        let near = |value: f32, measured: f32| (value / measured - 1.0).abs() < 0.12;
        assert!(near(seen.content, 0.25), "{seen:?}");
        assert!(near(seen.soft, 0.69), "{seen:?}");
        assert!(near(seen.tones, 7.6), "{seen:?}");
        assert!(near(seen.soft_tones, 2.4), "{seen:?}");
        assert_eq!(photograph_share(&panel, panel.whole(), Some(GREY)), 0.0);
    }

    #[test]
    fn shades_and_grain_are_a_photograph() {
        let shaded = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            Rgb([(40 + (3 * x + 2 * y) / 4 + (x * 7 + y * 13) % 9) as u8; 3])
        });
        let plane = Plane::of(&shaded);
        assert!(photograph_share(&plane, plane.whole(), None) > 0.5);
    }
}
