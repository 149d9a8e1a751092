//! Pictures that stand side by side with hardly a gutter: halves and thirds of a rectangle between
//! which every row (or column) changes at one line.

use super::lines::step_share;
use super::plane::Plane;

/// Share of a line along which both sides of a seam are apart, at least.
const LEAST: f32 = 0.62;
/// By how much a seam exceeds the lines around it.
const PROMINENCE: f32 = 0.36;
/// Lines from a seam, beyond its gutter, at which the pictures themselves are compared; and the
/// share of it along which they differ at least.
const BEYOND: usize = 14;
const LEAST_BEYOND: f32 = 0.5;
/// How far from a half or a third a seam may lie, in units of the length.
const OFF: f32 = 0.03;

/// Where seams cut `top..bottom` of a plane's columns `left..right` into equal parts, with the
/// weakest of them; `None` where they do not.
pub(super) fn equal_parts(
    plane: &Plane,
    (top, bottom): (usize, usize),
    (left, right): (usize, usize),
) -> Option<(Vec<usize>, f32)> {
    let height = bottom - top;
    [2, 3].into_iter().find_map(|count| {
        let mut cuts = Vec::new();
        let mut weakest = 1.0_f32;
        for k in 1..count {
            let about = top + height * k / count;
            let reach = ((OFF * height as f32) as usize).max(3);
            let (y, strength) = seam(plane, about, reach, (top, bottom), (left, right))?;
            cuts.push(y);
            weakest = weakest.min(strength);
        }
        Some((cuts, weakest))
    })
}

/// The strongest seam near to a line.
fn seam(
    plane: &Plane,
    about: usize,
    reach: usize,
    (top, bottom): (usize, usize),
    (left, right): (usize, usize),
) -> Option<(usize, f32)> {
    let from = about.saturating_sub(reach + 16).max(top + 1);
    let to = (about + reach + 16).min(bottom.saturating_sub(2));
    if to <= from + 12 {
        return None;
    }
    let shares: Vec<f32> = (from..=to)
        .map(|y| step_share(plane, (y - 1, y + 1), left, right))
        .collect();
    let inner = about.saturating_sub(reach).max(from)..=(about + reach).min(to);
    let best = inner.max_by(|&a, &b| shares[a - from].total_cmp(&shares[b - from]))?;
    let strength = shares[best - from];
    let mut around: Vec<f32> = (from..=to)
        .filter(|y| y.abs_diff(best) > 3)
        .map(|y| shares[y - from])
        .collect();
    around.sort_by(f32::total_cmp);
    let usual = around.get(around.len() * 3 / 4).copied()?;
    if strength < LEAST || strength - usual < PROMINENCE {
        return None;
    }
    // A strip laid over a picture has the same on both of its sides.
    let beyond = (best.checked_sub(BEYOND)?, (best + BEYOND).min(bottom - 1));
    let other = step_share(plane, beyond, left, right);
    (beyond.0 > top && other >= LEAST_BEYOND).then_some((best, strength))
}
