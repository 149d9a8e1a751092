//! What rows of a rectangle are: smooth, of one tone, apart from the next.

use super::plane::{Plane, Rect};

/// Levels between neighbours on a smooth row.
const SMOOTH: u8 = 8;
/// Levels from its tone that compression leaves on a drawn ground.
const PURE: u8 = 4;
/// Levels between neighbours on a blurred ground.
const BLURRED: u8 = 1;
/// Levels between two rows that are apart.
const STEP: u8 = 10;
/// The same where the ground is blurred.
const FAINT: u8 = 5;
/// Levels from the ground's that are still the ground: patterns of chats, rests of compression.
pub(super) const GROUND: u8 = 13;

/// Pixels of a row that are looked at before it is asked whether the others matter.
const PART: usize = 64;
/// Most ones that a byte can count.
const BYTES: usize = 255;

/// Share of the row whose neighbours are alike, 0 to 1.
pub(super) fn smooth_share(plane: &Plane, y: usize, left: usize, right: usize) -> f32 {
    let row = plane.row(y, left, right);
    let rough = count(row, &row[1.min(row.len())..], SMOOTH);
    1.0 - rough as f32 / row.len().max(1) as f32
}

/// Whether so much of the row is smooth; of most rows of a photograph the beginning tells.
fn is_smooth(plane: &Plane, y: usize, left: usize, right: usize, share: f32) -> bool {
    let row = plane.row(y, left, right);
    let most = (1.0 - share) * row.len() as f32;
    let mut rough = 0;
    for from in (0..row.len()).step_by(PART) {
        let part = &row[from..(from + PART + 1).min(row.len())];
        rough += count(part, &part[1..], SMOOTH);
        if rough as f32 > most {
            return false;
        }
    }
    true
}

/// Share of the columns in which two rows are apart, 0 to 1.
pub(super) fn step_share(plane: &Plane, rows: (usize, usize), left: usize, right: usize) -> f32 {
    share_over(plane, rows, left, right, STEP)
}

/// The same of rows beside a blurred ground, which has no grain.
pub(super) fn faint_step_share(
    plane: &Plane,
    rows: (usize, usize),
    left: usize,
    right: usize,
) -> f32 {
    share_over(plane, rows, left, right, FAINT)
}

fn share_over(plane: &Plane, (a, b): (usize, usize), left: usize, right: usize, levels: u8) -> f32 {
    let (above, below) = (plane.row(a, left, right), plane.row(b, left, right));
    count(above, below, levels) as f32 / above.len().max(1) as f32
}

/// Pairs that differ by more than `most`. Counted in bytes, as wide as registers are.
fn count(a: &[u8], b: &[u8], most: u8) -> usize {
    let differ = |(a, b): (&[u8], &[u8])| {
        let pairs = a.iter().zip(b);
        usize::from(
            pairs
                .map(|(a, b)| u8::from(a.abs_diff(*b) > most))
                .sum::<u8>(),
        )
    };
    a.chunks(BYTES).zip(b.chunks(BYTES)).map(differ).sum()
}

/// Levels within `most` of a tone.
fn count_near(row: &[u8], tone: u8, most: u8) -> usize {
    let near = |part: &[u8]| {
        let levels = part.iter();
        usize::from(
            levels
                .map(|level| u8::from(level.abs_diff(tone) <= most))
                .sum::<u8>(),
        )
    };
    row.chunks(BYTES).map(near).sum()
}

/// Share of the row that is drawn, not photographed: of one tone, but for what compression leaves;
/// with `blurred` also where neighbours are as alike as those of a blurred ground. 0 to 1:
/// backgrounds of photographs have grain and shades.
pub(super) fn drawn_share(
    plane: &Plane,
    y: usize,
    left: usize,
    right: usize,
    blurred: bool,
) -> f32 {
    let of_one_tone = tone_share(plane, y, left, right, mean(plane, y, left, right));
    if !blurred {
        return of_one_tone;
    }
    let row = plane.row(y, left, right);
    let rough = count(row, &row[1.min(row.len())..], BLURRED);
    of_one_tone.max(1.0 - rough as f32 / row.len().max(1) as f32)
}

/// Share of the row within a few levels of `tone`.
pub(super) fn tone_share(plane: &Plane, y: usize, left: usize, right: usize, tone: u8) -> f32 {
    let row = plane.row(y, left, right);
    let held = count_near(row, tone, PURE);
    held as f32 / row.len().max(1) as f32
}

/// Mean level of a row.
pub(super) fn mean(plane: &Plane, y: usize, left: usize, right: usize) -> u8 {
    let row = plane.row(y, left, right);
    let sum: u32 = row.iter().map(|&level| u32::from(level)).sum();
    (sum / row.len().max(1) as u32) as u8
}

/// Whether at most so many pixels of a row are not the ground's; of most rows the beginning tells.
pub(super) fn is_of_ground(
    plane: &Plane,
    y: usize,
    (left, right): (usize, usize),
    ground: u8,
    most: usize,
) -> bool {
    let mut beside = 0;
    plane.row(y, left, right).chunks(PART).all(|part| {
        beside += part.len() - count_near(part, ground, GROUND);
        beside <= most
    })
}

/// The tone that most smooth rows have, with how many they are.
pub(super) fn usual_tone(plane: &Plane, rect: Rect) -> Option<(u8, usize)> {
    let mut rows = [0_usize; 32];
    let mut sums = [0_usize; 32];
    for y in rect.top..rect.bottom {
        if !is_smooth(plane, y, rect.left, rect.right, 0.985) {
            continue;
        }
        let tone = mean(plane, y, rect.left, rect.right);
        if tone_share(plane, y, rect.left, rect.right, tone) < 0.8 {
            continue;
        }
        rows[usize::from(tone / 8)] += 1;
        sums[usize::from(tone / 8)] += usize::from(tone);
    }
    let best = (0..32).max_by_key(|&k| rows[k])?;
    (rows[best] > 0).then(|| ((sums[best] / rows[best]) as u8, rows[best]))
}
