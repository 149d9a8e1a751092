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

/// How much a rectangle looks like a photograph, 0 to 1; 0 where it is words or flat drawing.
/// `ground` is the tone behind what it shows, where there is one.
pub(super) fn photograph_share(plane: &Plane, rect: Rect, ground: Option<u8>) -> f32 {
    let mut tones = [0_u32; 64];
    let mut soft_tones = [0_u32; 64];
    let (mut seen, mut content, mut soft) = (0_u32, 0_u32, 0_u32);
    let step = (rect.width().min(rect.height()) / 96).clamp(1, 3);
    for y in (rect.top..rect.bottom.saturating_sub(1)).step_by(step) {
        let row = plane.row(y, rect.left, rect.right);
        let next = plane.row(y + 1, rect.left, rect.right);
        for x in (0..row.len().saturating_sub(1)).step_by(step) {
            seen += 1;
            if ground.is_some_and(|ground| row[x].abs_diff(ground) <= GROUND) {
                continue;
            }
            content += 1;
            tones[usize::from(row[x] / 4)] += 1;
            let rough = row[x].abs_diff(row[x + 1]).max(row[x].abs_diff(next[x]));
            if rough <= SOFT {
                soft += 1;
                soft_tones[usize::from(row[x] / 4)] += 1;
            }
        }
    }
    let (seen, content) = (seen.max(1) as f32, content as f32);
    if content / seen < LEAST_CONTENT {
        return 0.0;
    }
    let soft_share = soft as f32 / content;
    let all = breadth(&tones);
    let drawn = breadth(&soft_tones) < LEAST_SOFT_TONES;
    if soft_share < LEAST_SOFT || all < LEAST_TONES || drawn {
        return 0.0;
    }
    (all / 24.0).min(1.0)
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
