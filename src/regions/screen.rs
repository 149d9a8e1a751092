//! Lit screens in a photograph: quadrilaterals out of square, brighter than the dark rim around
//! them, as a phone in a hand or a monitor from an angle is.
//!
//! Points where it is dark on one side alone vote for lines near the upright and the level (Hough's
//! transform, slope and intercept), each kind of side by itself; the lines that most points agree on
//! are fitted, and of all quadrilaterals of a left, top, right and bottom line the one that is
//! seen along most of its sides is taken.

use super::plane::Plane;

/// Longest side of the plane in which lines are looked for, pixels.
const LONGEST: usize = 400;
/// Most level of a dark rim.
const DARK: u8 = 96;
/// Levels by which the screen is brighter, at least.
const STEP: u8 = 14;
/// Most slope of a line against the upright or the level, and slopes that are told apart.
const MOST_SLOPE: f32 = 0.45;
const SLOPES: usize = 46;
/// By how much the slope of a line may differ from that of one of its points.
const TURN: f32 = 0.16;
/// Pixels from a line within which a point is on it.
const NEAR: f32 = 1.3;
/// Lines of each kind that are tried.
const LINES: usize = 6;
/// Points in a row without a gap that a point is one of: what is textured has short ones.
const RUN: usize = 5;
/// Share of the plane's shorter side that a side of a screen has at least.
const SHORTEST: f32 = 0.13;
/// Share of each side, and of all in the mean, along which it is seen.
const LEAST_SEEN: f32 = 0.45;
const MEAN_SEEN: f32 = 0.72;
/// Pixels from a side at which its rim is looked at.
const OFF: f32 = 2.5;
/// Share of the rim beside a screen that is dark.
const LEAST_DARK: f32 = 0.8;
/// Most deviation of the rim's levels.
const MOST_UNEVEN: f32 = 20.0;

/// Corners of a screen, clockwise from the upper left, in pixels of the plane, and how far its sides
/// are seen, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Screen {
    pub(super) corners: [(f32, f32); 4],
    pub(super) seen: f32,
}

/// A point at which it is dark on one side; `along` the side that it may be of, `across` it.
#[derive(Debug, Clone, Copy)]
struct Edge {
    along: f32,
    across: f32,
    slope: f32,
}

/// A line: `across` at `along` is `at + slope * along`.
#[derive(Debug, Clone)]
struct Line {
    at: f32,
    slope: f32,
    /// Of the places along it up to each, how many are seen.
    seen: Vec<u16>,
}

/// What of a device is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outline {
    /// What is lit, within a dark rim.
    Lit,
    /// The dark rim itself, before something brighter.
    Rim,
}

/// The screen of a photograph that fills the most of it, what is lit before what is dark.
pub(super) fn screen(plane: &Plane) -> Option<(Screen, Outline)> {
    let small = plane.reduced(LONGEST);
    let [lefts, tops, rights, bottoms] = edges(&small);
    let (across, down) = (small.width, small.height);
    let [lefts, rights] = [lefts, rights].map(|side| in_runs(side, down, across));
    let [tops, bottoms] = [tops, bottoms].map(|side| in_runs(side, across, down));
    let least = SHORTEST * small.width.min(small.height) as f32;
    if [&lefts, &tops, &rights, &bottoms]
        .iter()
        .any(|side| (side.len() as f32) < LEAST_SEEN * least)
    {
        return None;
    }
    // A kind of side that there is none of saves the others.
    let lines = |side: Vec<Edge>, length: usize, span: usize| {
        let found = strongest(side, length, span, LEAST_SEEN * least);
        (!found.is_empty()).then_some(found)
    };
    let lefts = lines(lefts, down, across)?;
    let rights = lines(rights, down, across)?;
    let tops = lines(tops, across, down)?;
    let bottoms = lines(bottoms, across, down)?;
    let lit = largest(
        &small,
        [&lefts, &tops, &rights, &bottoms].map(Vec::as_slice),
        Outline::Lit,
        least,
    );
    // Where it is dark is to the other side of a device's own outline.
    let (found, outline) = match lit {
        Some(found) => (found, Outline::Lit),
        None => {
            let lines = [&rights, &bottoms, &lefts, &tops].map(Vec::as_slice);
            (
                largest(&small, lines, Outline::Rim, 2.0 * least)?,
                Outline::Rim,
            )
        }
    };
    let scale = (small.factor / plane.factor) as f32;
    let corners = found
        .corners
        .map(|(x, y)| ((x + 0.5) * scale, (y + 0.5) * scale));
    Some((Screen { corners, ..found }, outline))
}

/// Of the quadrilaterals that the lines enclose the one that is seen along most of its sides.
fn largest(
    plane: &Plane,
    [lefts, tops, rights, bottoms]: [&[Line]; 4],
    outline: Outline,
    least: f32,
) -> Option<Screen> {
    let mut best: Option<(f32, Screen)> = None;
    for left in lefts {
        for right in rights {
            for top in tops {
                for bottom in bottoms {
                    let Some(found) = quadrilateral([left, top, right, bottom], least) else {
                        continue;
                    };
                    let worth = found.seen * area(&found.corners).sqrt();
                    let is_more = best.is_none_or(|(most, _)| worth > most);
                    if is_more && is_rimmed(plane, &found.corners, outline) {
                        best = Some((worth, found));
                    }
                }
            }
        }
    }
    best.map(|(_, found)| found)
}

/// Points of left, top, right and bottom sides.
fn edges(plane: &Plane) -> [Vec<Edge>; 4] {
    let mut sides: [Vec<Edge>; 4] = Default::default();
    if plane.width < 5 {
        return sides;
    }
    let mut marks = vec![0; plane.width - 4];
    for y in 2..plane.height.saturating_sub(2) {
        let rows = [y - 2, y - 1, y, y + 1, y + 2].map(|y| plane.row(y, 0, plane.width));
        mark_sides(&rows, &mut marks);
        for (k, eight) in marks.chunks(8).enumerate() {
            if eight.iter().all(|&mark| mark == 0) {
                continue;
            }
            for (x, &mark) in (8 * k + 2..).zip(eight).filter(|(_, mark)| **mark > 0) {
                let apart = |a: u8, b: u8| f32::from(i16::from(b) - i16::from(a));
                let wide = apart(rows[2][x - 1], rows[2][x + 1]);
                let high = apart(rows[1][x], rows[3][x]);
                let (along, across, slope) = match mark {
                    LEFT | RIGHT => (y, x, -high / wide),
                    _ => (x, y, -wide / high),
                };
                sides[mark.trailing_zeros() as usize].push(Edge {
                    along: along as f32,
                    across: across as f32,
                    slope,
                });
            }
        }
    }
    sides
}

/// What a place is marked as: a point of a side of this kind. The numbers of bits are places in
/// [`edges`].
const LEFT: u8 = 1;
const TOP: u8 = 1 << 1;
const RIGHT: u8 = 1 << 2;
const BOTTOM: u8 = 1 << 3;

/// Marks the places of the middle one of five rows, but for two at each end, at which it is dark on
/// one side alone, and brighter nowhere steeper in its row or column. In bytes, as wide as registers
/// are.
fn mark_sides(rows: &[&[u8]; 5], marks: &mut [u8]) {
    let count = marks.len();
    let own = |from: usize| &rows[2][from..from + count];
    let other = |row: usize| &rows[row][2..2 + count];
    let (first, before, middle, after, last) = (own(0), own(1), own(2), own(3), own(4));
    let (above, up, down, below) = (other(0), other(1), other(3), other(4));
    for k in 0..count {
        let (wide, high) = (before[k].abs_diff(after[k]), up[k].abs_diff(down[k]));
        let (own, first, last) = (middle[k], first[k], last[k]);
        let is_side = |step: u8, crosswise: u8, ends: (u8, u8)| {
            (step >= STEP)
                & (step.saturating_sub(crosswise) > crosswise)
                & (ends.0.abs_diff(own) <= step)
                & (ends.1.abs_diff(own) <= step)
        };
        let upright = u8::from(is_side(wide, high, (first, last)));
        let level = u8::from(is_side(high, wide, (above[k], below[k])));
        let is_left = u8::from((after[k] > before[k]) & (first <= DARK));
        let is_right = u8::from((after[k] < before[k]) & (last <= DARK));
        let is_top = u8::from((down[k] > up[k]) & (above[k] <= DARK));
        let is_bottom = u8::from((down[k] < up[k]) & (below[k] <= DARK));
        let of_upright = (LEFT * is_left) | (RIGHT * is_right);
        let of_level = (TOP * is_top) | (BOTTOM * is_bottom);
        marks[k] = (upright * of_upright) | (level * of_level);
    }
}

/// The points of one kind of side that are one of several in a row, each at most one pixel further
/// across than the last, on sides `length` long with `span` pixels across.
fn in_runs(mut points: Vec<Edge>, length: usize, span: usize) -> Vec<Edge> {
    // Places along and across, with one beyond each end.
    let span = span + 2;
    let mut taken = vec![false; (length + 2) * span];
    let place = |point: &Edge| (point.along as usize + 1) * span + point.across as usize + 1;
    for point in &points {
        taken[place(point)] = true;
    }
    // The steps from a place to the end of its row, as far as they matter.
    let run = |from: usize, next: fn(usize, usize) -> usize| {
        let mut at = from;
        (0..RUN)
            .take_while(|_| {
                let ahead = next(at, span);
                let found = [ahead, ahead - 1, ahead + 1]
                    .into_iter()
                    .find(|&k| taken[k]);
                at = found.unwrap_or(at);
                found.is_some()
            })
            .count()
    };
    points.retain(|point| {
        let at = place(point);
        let before = run(at, |at, span| at - span);
        before + 1 >= RUN || before + 1 + run(at, |at, span| at + span) >= RUN
    });
    points
}

/// The lines on which most of the points lie, at least `least` of them on each.
fn strongest(mut points: Vec<Edge>, length: usize, span: usize, least: f32) -> Vec<Line> {
    let mut votes = Votes::new(length as f32 / 2.0, span as f32);
    for point in &points {
        votes.add(point);
    }
    let mut lines = Vec::new();
    while lines.len() < LINES && points.len() as f32 >= least {
        let Some((rough, count)) = votes.most() else {
            break;
        };
        if f32::from(count) < 0.6 * least {
            break;
        }
        let Some(line) = fitted(&points, rough, length) else {
            break;
        };
        let before = points.len();
        let mut take = |(at, slope): (f32, f32), reach: f32| {
            points.retain(|point| {
                let is_left = off(point, (at, slope)) > reach;
                if !is_left {
                    votes.remove(point);
                }
                is_left
            });
            before - points.len()
        };
        let mut taken = take((line.at, line.slope), NEAR);
        if taken as f32 >= least {
            lines.push(line);
            continue;
        }
        if taken == 0 {
            taken = take(rough, 2.0 * NEAR);
        }
        if taken == 0 {
            break;
        }
    }
    lines
}

/// How many points may be of each line: of so many slopes, and of places where the line is at the
/// middle of the side, in cells of two pixels.
struct Votes {
    /// Signed, since the most of those is found many at a time.
    counts: Vec<i16>,
    cells: usize,
    middle: f32,
    /// What makes the least of these places zero, pixels.
    shift: f32,
}

impl Votes {
    /// Slopes between two neighbours.
    const STEP: f32 = 2.0 * MOST_SLOPE / SLOPES as f32;

    fn new(middle: f32, span: f32) -> Self {
        let shift = (MOST_SLOPE * middle).ceil();
        let cells = ((span + 2.0 * shift) / 2.0) as usize + 2;
        Self {
            counts: vec![0; SLOPES * cells],
            cells,
            middle,
            shift,
        }
    }

    fn add(&mut self, point: &Edge) {
        self.each(point, |count| *count += 1);
    }

    fn remove(&mut self, point: &Edge) {
        self.each(point, |count| *count -= 1);
    }

    /// The counts of the lines that a point may be of.
    fn each(&mut self, point: &Edge, change: impl Fn(&mut i16)) {
        let from = ((point.slope - TURN + MOST_SLOPE) / Self::STEP).max(0.0) as usize;
        let to = ((point.slope + TURN + MOST_SLOPE) / Self::STEP).max(0.0) as usize;
        let to = to.min(SLOPES - 1);
        if from > to {
            return;
        }
        let along = point.along - self.middle;
        let rows = &mut self.counts[from * self.cells..(to + 1) * self.cells];
        for (k, row) in rows.chunks_exact_mut(self.cells).enumerate() {
            let slope = ((from + k) as f32 + 0.5) * Self::STEP - MOST_SLOPE;
            let cell = ((point.across - slope * along + self.shift) / 2.0) as usize;
            change(&mut row[cell.min(self.cells - 1)]);
        }
    }

    /// The line that most points may be of, as place at the side's beginning and slope, with how
    /// many they are.
    fn most(&self) -> Option<((f32, f32), i16)> {
        let count = self.counts.iter().fold(0, |most, &count| count.max(most));
        let has = |row: &[i16]| row.iter().fold(false, |any, &held| any | (held == count));
        let row = self.counts.chunks_exact(self.cells).rposition(has)?;
        let own = &self.counts[row * self.cells..][..self.cells];
        let best = row * self.cells + own.iter().rposition(|&held| held == count)?;
        let slope = ((best / self.cells) as f32 + 0.5) * Self::STEP - MOST_SLOPE;
        let at = (best % self.cells) as f32 * 2.0 + 1.0 - self.shift;
        Some(((at - slope * self.middle, slope), count))
    }
}

fn off(point: &Edge, (at, slope): (f32, f32)) -> f32 {
    (point.across - at - slope * point.along).abs()
}

/// The line fitted, by least squares, to the points near to it.
fn fitted(points: &[Edge], rough: (f32, f32), length: usize) -> Option<Line> {
    let (mut at, mut slope) = rough;
    for reach in [2.5, 1.8, NEAR] {
        let near = points
            .iter()
            .filter(|point| off(point, (at, slope)) <= reach);
        let (mut n, mut x, mut y, mut xx, mut xy) = (0.0_f64, 0.0, 0.0, 0.0, 0.0);
        for point in near {
            let (a, b) = (f64::from(point.along), f64::from(point.across));
            (n, x, y, xx, xy) = (n + 1.0, x + a, y + b, xx + a * a, xy + a * b);
        }
        let spread = n * xx - x * x;
        if n < 8.0 || spread < 1e-6 {
            return None;
        }
        slope = ((n * xy - x * y) / spread) as f32;
        at = ((y - f64::from(slope) * x) / n) as f32;
    }
    let mut places = vec![false; length];
    for point in points
        .iter()
        .filter(|point| off(point, (at, slope)) <= NEAR)
    {
        places[point.along as usize] = true;
    }
    let mut seen = Vec::with_capacity(length + 1);
    seen.push(0);
    for is_seen in places {
        seen.push(seen[seen.len() - 1] + u16::from(is_seen));
    }
    Some(Line { at, slope, seen })
}

impl Line {
    fn share_seen(&self, from: f32, to: f32) -> f32 {
        let end = self.seen.len() - 1;
        let place = |along: f32| (along.round().max(0.0) as usize).min(end);
        let (from, to) = (place(from), place(to));
        if to <= from {
            return 0.0;
        }
        f32::from(self.seen[to] - self.seen[from]) / (to - from) as f32
    }
}

/// What four lines enclose, where they are seen around it.
fn quadrilateral([left, top, right, bottom]: [&Line; 4], least: f32) -> Option<Screen> {
    let corner = |upright: &Line, level: &Line| {
        // x = a + b y, y = c + d x.
        let x = (upright.at + upright.slope * level.at) / (1.0 - upright.slope * level.slope);
        (x, level.at + level.slope * x)
    };
    let corners = [
        corner(left, top),
        corner(right, top),
        corner(right, bottom),
        corner(left, bottom),
    ];
    let [a, b, c, d] = corners;
    if b.0.min(c.0) - a.0.max(d.0) < least || c.1.min(d.1) - a.1.max(b.1) < least {
        return None;
    }
    // What is seen of a screen is hardly out of square.
    let squash = |one: f32, other: f32| one.min(other) / one.max(other) < 0.75;
    if squash(b.0 - a.0, c.0 - d.0) || squash(d.1 - a.1, c.1 - b.1) {
        return None;
    }
    if (left.slope + top.slope).abs() > 0.2 || (right.slope + bottom.slope).abs() > 0.2 {
        return None;
    }
    let shares = [
        left.share_seen(a.1, d.1),
        top.share_seen(a.0, b.0),
        right.share_seen(b.1, c.1),
        bottom.share_seen(d.0, c.0),
    ];
    let seen = shares.iter().sum::<f32>() / 4.0;
    let weakest = shares.into_iter().fold(1.0, f32::min);
    (weakest >= LEAST_SEEN && seen >= MEAN_SEEN).then_some(Screen { corners, seen })
}

/// Area of a quadrilateral.
fn area(corners: &[(f32, f32); 4]) -> f32 {
    let cross = |k: usize| {
        let ((ax, ay), (bx, by)) = (corners[k], corners[(k + 1) % 4]);
        ax * by - bx * ay
    };
    (0..4).map(cross).sum::<f32>() / 2.0
}

/// Whether it is dark, and evenly so, on the rim's side of all sides.
fn is_rimmed(plane: &Plane, corners: &[(f32, f32); 4], outline: Outline) -> bool {
    let off = match outline {
        Outline::Lit => OFF,
        Outline::Rim => -OFF,
    };
    let (mut held, mut total) = (0.0_f32, 0.0_f32);
    let (mut sum, mut squares) = (0.0_f32, 0.0_f32);
    for k in 0..4 {
        let ((ax, ay), (bx, by)) = (corners[k], corners[(k + 1) % 4]);
        let length = (bx - ax).hypot(by - ay);
        // Outward of a side walked clockwise is to its left.
        let (out_x, out_y) = ((by - ay) / length, (ax - bx) / length);
        let (mut dark, mut places) = (0.0_f32, 0.0_f32);
        for step in 0..length as usize {
            let part = (step as f32 + 0.5) / length;
            let x = ax + (bx - ax) * part + off * out_x;
            let y = ay + (by - ay) * part + off * out_y;
            let Some(level) = plane.level(x.round() as isize, y.round() as isize) else {
                continue;
            };
            places += 1.0;
            if level <= DARK {
                dark += 1.0;
                sum += f32::from(level);
                squares += f32::from(level).powi(2);
            }
        }
        if places < 0.5 * length || dark < 0.5 * places {
            return false;
        }
        held += dark;
        total += places;
    }
    let mean = sum / held.max(1.0);
    let deviation = (squares / held.max(1.0) - mean * mean).max(0.0).sqrt();
    held >= LEAST_DARK * total && deviation <= MOST_UNEVEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_texture_are_no_side_and_those_of_a_slanting_line_are() {
        let point = |along: usize, across: usize| Edge {
            along: along as f32,
            across: across as f32,
            slope: 0.0,
        };
        let line = (10..50).map(|along| point(along, 20 + along / 3));
        // Short rows with a gap between them, as far from the line as from each other.
        let texture = (2..58).filter(|along| along % RUN != 0);
        let texture = texture.map(|along| point(along, 60));
        let kept = in_runs(line.clone().chain(texture).collect(), 60, 80);
        let places = |points: Vec<Edge>| -> Vec<(f32, f32)> {
            points
                .iter()
                .map(|point| (point.along, point.across))
                .collect()
        };
        assert_eq!(places(kept), places(line.collect()));
    }

    #[test]
    fn the_line_that_most_points_are_of_is_found_again_when_others_are_taken_away() {
        let points: Vec<Edge> = (0..100)
            .map(|along| Edge {
                along: along as f32,
                across: 30.0 + 0.2 * along as f32,
                slope: 0.2,
            })
            .collect();
        let mut votes = Votes::new(50.0, 80.0);
        points.iter().for_each(|point| votes.add(point));
        let ((at, slope), count) = votes.most().expect("there are points");
        assert!(
            (at - 30.0).abs() < 3.0 && (slope - 0.2).abs() < 0.03,
            "{at} {slope}"
        );
        assert!(count > 90, "{count}");
        points.iter().for_each(|point| votes.remove(point));
        assert_eq!(votes.most().map(|(_, count)| count), Some(0));
    }
}
