//! A page taken apart: along its ground into blocks, blocks along what is around their pictures.
//!
//! Rows and columns of the ground's tone cut a rectangle as a knife would (the recursive XY cut of
//! document analysis: Nagy and Seth 1984). What cannot be cut further is a picture, a frame with
//! more inside (a bubble, a card), or words.

use super::grid::{gaps, overlap};
use super::lines::{
    drawn_share, faint_step_share, is_of_ground, smooth_share, step_share, usual_tone,
};
use super::plane::{Plane, Rect};
use super::seams::equal_parts;
use super::texture::photograph_share;

/// Shortest side of a picture in units of the page's shorter side: avatars, icons and buttons are
/// smaller.
const SHORTEST: f32 = 0.13;
/// Least area of a picture in units of the page's.
const LEAST_AREA: f32 = 0.008;
/// A picture that leaves less than this of the page is the page.
const ALL: f32 = 0.96;
/// Least share of its sides that a frame has, where it is only kept as unsure; and by what its score
/// is lowered.
const LEAST_FRAME: f32 = 0.5;
const UNSURE: f32 = 0.6;
/// Least area of a picture whose frame cannot be seen, in units of the page's.
const LEAST_FRAMELESS: f32 = 0.03;
/// Words and icons that make a page of a picture.
const WORDS: usize = 8;
/// Frames inside frames that are opened.
const DEEPEST: usize = 4;
/// Share of a side's ends that is not looked at: corners are round.
const CORNER: f32 = 0.1;
/// Share of a ground's row that may be something else.
const SPOTS: f32 = 0.012;

/// A picture found on a plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) rect: Rect,
    /// 0 to 1.
    pub(super) score: f32,
}

/// A plane and the same with rows and columns exchanged.
pub(super) struct Sheet {
    pub(super) upright: Plane,
    pub(super) turned: Plane,
}

/// What taking a page apart brings.
#[derive(Debug, Default)]
struct Harvest {
    pictures: Vec<Found>,
    /// Frames that may be things of a photograph.
    unsure: Vec<Found>,
    /// What looks like a photograph without a frame: its ground is the page's.
    frameless: Vec<Rect>,
    /// Words and icons.
    small: usize,
}

/// What separates two of the things on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Rows,
    Columns,
}

impl Sheet {
    pub(super) fn new(upright: Plane) -> Self {
        let turned = upright.transposed();
        Self { upright, turned }
    }

    /// Every picture of the page.
    pub(super) fn pictures(&self) -> Vec<Found> {
        let whole = self.upright.whole();
        let mut found = Harvest::default();
        let grounds = self.grounds(whole);
        for &ground in grounds.iter().take(2) {
            self.cut(whole, Some(ground), 0, &mut found);
            if !found.pictures.is_empty() {
                break;
            }
        }
        if found.pictures.is_empty() {
            self.filled(whole, &mut found);
        }
        if found.pictures.is_empty() {
            for (rect, score) in self.parts(whole) {
                found.pictures.push(Found { rect, score });
            }
        }
        let ground = grounds.first().copied();
        let rects: Vec<Rect> = found.pictures.iter().map(|one| one.rect).collect();
        for rect in gaps(&rects, whole) {
            if photograph_share(&self.upright, rect, ground) > 0.0 {
                found.pictures.push(Found { rect, score: 0.6 });
            }
        }
        if found.small >= WORDS {
            let Harvest {
                pictures,
                frameless,
                ..
            } = &mut found;
            frameless.retain(|rect| pictures.iter().all(|one| overlap(&one.rect, rect) == 0));
            let frameless = frameless.iter();
            pictures.extend(frameless.map(|&rect| Found { rect, score: 0.5 }));
        }
        let Harvest {
            pictures, unsure, ..
        } = &mut found;
        unsure.retain(|one| {
            pictures
                .iter()
                .all(|sure| overlap(&sure.rect, &one.rect) == 0)
        });
        pictures.append(unsure);
        found.pictures
    }

    /// Whether the whole looks like a photograph, on a ground of one tone or not.
    pub(super) fn is_photograph(&self) -> bool {
        let whole = self.upright.whole();
        let inner = whole.inset(whole.width().min(whole.height()) / 40);
        photograph_share(&self.upright, inner, self.rim_tone(inner)) > 0.0
    }

    /// Tones of the page's ground: that of most smooth rows, and of most smooth columns.
    fn grounds(&self, rect: Rect) -> Vec<u8> {
        let rows = usual_tone(&self.upright, rect);
        let columns = usual_tone(&self.turned, rect.transposed());
        let mut grounds: Vec<(u8, usize)> = rows.into_iter().chain(columns).collect();
        grounds.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        grounds.dedup_by(|a, b| a.0.abs_diff(b.0) <= 8);
        grounds.into_iter().map(|(tone, _)| tone).collect()
    }

    fn plane(&self, axis: Axis) -> &Plane {
        match axis {
            Axis::Rows => &self.upright,
            Axis::Columns => &self.turned,
        }
    }

    fn is_large(&self, rect: Rect) -> bool {
        let whole = self.upright.whole();
        let shorter = whole.width().min(whole.height()) as f32;
        let least = SHORTEST * shorter;
        rect.width() as f32 >= least
            && rect.height() as f32 >= least
            && rect.area() as f32 >= LEAST_AREA * whole.area() as f32
    }

    /// Cuts a rectangle along its ground, by rows and by columns in turn, and looks at what is left.
    fn cut(&self, rect: Rect, ground: Option<u8>, depth: usize, found: &mut Harvest) {
        let Some(tone) = ground else {
            return self.part_at_steps(rect, depth, found);
        };
        let mut left = vec![(rect, 0)];
        while let Some((part, settled)) = left.pop() {
            if !self.is_large(part) {
                found.small += usize::from(part.width() > 3 && part.height() > 3);
                continue;
            }
            if settled == 2 {
                self.leaf(part, ground, depth, found);
                continue;
            }
            // Wide parts are cut by rows first.
            let axis = match (part.height() >= part.width()) == (settled == 0) {
                true => Axis::Rows,
                false => Axis::Columns,
            };
            let bands = self.bands(part, tone, axis);
            match bands[..] {
                [only] if only == part => left.push((part, settled + 1)),
                // The other way first, which is now the first to settle.
                _ => left.extend(bands.into_iter().map(|band| (band, 0))),
            }
        }
    }

    /// The bands of a rectangle between rows (or columns) of the ground.
    fn bands(&self, rect: Rect, tone: u8, axis: Axis) -> Vec<Rect> {
        let plane = self.plane(axis);
        let lying = turn_if(rect, axis);
        let spots = (SPOTS * lying.width() as f32) as usize + 1;
        let mut bands = Vec::new();
        let mut from = None;
        for y in lying.top..=lying.bottom {
            let is_ground =
                y == lying.bottom || is_of_ground(plane, y, (lying.left, lying.right), tone, spots);
            match (is_ground, from) {
                (false, None) => from = Some(y),
                (true, Some(top)) => {
                    let band = Rect {
                        top,
                        bottom: y,
                        ..lying
                    };
                    bands.push(turn_if(band, axis));
                    from = None;
                }
                _ => {}
            }
        }
        bands
    }

    /// What cannot be cut along the ground.
    fn leaf(&self, rect: Rect, ground: Option<u8>, depth: usize, found: &mut Harvest) {
        if depth >= DEEPEST || !self.is_large(rect) {
            return;
        }
        let rim = self.rim_tone(rect);
        let before = found.pictures.len();
        if let Some(tone) = rim {
            // A bubble, a card, or a picture whose own ground is of one tone.
            self.cut(rect.inset(2), Some(tone), depth + 1, found);
            if found.pictures.len() > before {
                return;
            }
        } else {
            self.part_at_steps(rect, depth + 1, found);
            if found.pictures.len() > before {
                return;
            }
        }
        self.take(rect, rim.or(ground), found);
    }

    /// Takes a rectangle as a picture, where its sides and what it shows speak for one.
    fn take(&self, rect: Rect, ground: Option<u8>, found: &mut Harvest) {
        let whole = self.upright.whole();
        if !self.is_large(rect) || rect.area() as f32 > ALL * whole.area() as f32 {
            return;
        }
        let Some(frame) = self.frame(rect, false) else {
            let is_frameless = rect.area() as f32 >= LEAST_FRAMELESS * whole.area() as f32
                && photograph_share(&self.upright, rect, ground) > 0.0;
            found.frameless.extend(is_frameless.then_some(rect));
            return;
        };
        let texture = photograph_share(&self.upright, rect, ground);
        if frame < 0.7 {
            let is_photograph = texture > 0.0;
            let score = 0.7 * frame;
            found
                .unsure
                .extend(is_photograph.then_some(Found { rect, score }));
            let is_frameless =
                is_photograph && rect.area() as f32 >= LEAST_FRAMELESS * whole.area() as f32;
            found.frameless.extend(is_frameless.then_some(rect));
        } else if texture > 0.0 {
            let score = frame * (0.75 + 0.25 * texture);
            let parts = self.parts(rect);
            if parts.is_empty() {
                found.pictures.push(Found { rect, score });
            }
            found
                .pictures
                .extend(parts.into_iter().map(|(rect, seam)| Found {
                    rect,
                    score: score.min(seam),
                }));
        }
    }

    /// The equal parts of a rectangle between which there are seams; none where there are none.
    fn parts(&self, rect: Rect) -> Vec<(Rect, f32)> {
        let rows = self.cut_at_seams(rect, Axis::Rows);
        let columns = self.cut_at_seams(rect, Axis::Columns);
        let (first, second) = match (rows.len() > 1, columns.len() > 1) {
            (false, false) => return Vec::new(),
            (true, _) => (rows, Axis::Columns),
            (false, true) => (columns, Axis::Rows),
        };
        let mut parts = Vec::new();
        for (part, strength) in first {
            let cells = self.cut_at_seams(part, second);
            parts.extend(
                cells
                    .into_iter()
                    .map(|(cell, seam)| (cell, seam.min(strength))),
            );
        }
        parts.retain(|&(part, _)| self.is_large(part));
        // One cut alone may be a shelf or a horizon.
        let is_sure = parts.len() > 3 || parts.iter().all(|&(_, strength)| strength >= 0.8);
        match is_sure && parts.len() > 1 {
            true => parts,
            false => Vec::new(),
        }
    }

    /// The rectangle cut into equal parts, or whole.
    fn cut_at_seams(&self, rect: Rect, axis: Axis) -> Vec<(Rect, f32)> {
        let lying = turn_if(rect, axis);
        let (rows, columns) = ((lying.top, lying.bottom), (lying.left, lying.right));
        let Some((cuts, strength)) = equal_parts(self.plane(axis), rows, columns) else {
            return vec![(rect, 1.0)];
        };
        let ends = cuts.iter().copied().chain([lying.bottom]);
        let mut top = lying.top;
        let mut parts = Vec::new();
        for bottom in ends {
            let part = Rect {
                top,
                bottom,
                ..lying
            };
            parts.push((turn_if(part, axis), strength));
            top = bottom + 1;
        }
        parts
    }

    /// How far the sides of a rectangle are those of a picture laid on a page, 0 to 1; `None` where
    /// they are not.
    fn frame(&self, rect: Rect, blurred: bool) -> Option<f32> {
        let sides = [
            self.side(rect, Axis::Rows, true, blurred),
            self.side(rect, Axis::Rows, false, blurred),
            self.side(rect, Axis::Columns, true, blurred),
            self.side(rect, Axis::Columns, false, blurred),
        ];
        let mut inner: Vec<f32> = sides.into_iter().flatten().collect();
        inner.sort_by(f32::total_cmp);
        let (&weakest, others) = inner.split_first()?;
        let sum: f32 = inner.iter().sum();
        let mean = sum / inner.len() as f32;
        let next = others.first().copied().unwrap_or(weakest);
        // One side may be of the ground's tone, as a pale sky is.
        if mean < LEAST_FRAME {
            return None;
        }
        let holds = match inner.len() {
            1 => weakest >= 0.93,
            2 => weakest >= 0.7,
            _ => weakest >= 0.55 || (weakest >= 0.2 && next >= 0.8),
        };
        Some(match holds && mean >= 0.7 {
            true => mean,
            false => UNSURE * mean,
        })
    }

    /// Share of a side along which the picture ends in a straight line beside something smooth;
    /// `None` at the page's own end.
    fn side(&self, rect: Rect, axis: Axis, is_first: bool, blurred: bool) -> Option<f32> {
        let plane = self.plane(axis);
        let lying = turn_if(rect, axis);
        let end = plane.height;
        if (is_first && lying.top <= 2) || (!is_first && lying.bottom + 2 >= end) {
            return None;
        }
        let corner = (CORNER * lying.width() as f32) as usize;
        let (left, right) = (lying.left + corner, lying.right - corner);
        let line = match is_first {
            true => lying.top as isize,
            false => lying.bottom as isize - 1,
        };
        let outward = if is_first { -1 } else { 1 };
        let inside = |y: isize| usize::try_from(y).ok().filter(|&y| y < end);
        let mut best = 0.0_f32;
        for shift in -2..=2 {
            let at = line + shift;
            let (Some(outer), Some(inner)) = (inside(at + outward), inside(at - outward)) else {
                continue;
            };
            let step = match blurred {
                true => faint_step_share(plane, (outer, inner), left, right),
                false => step_share(plane, (outer, inner), left, right),
            };
            if step <= best {
                continue;
            }
            let beside = (1..=4).filter_map(|out| inside(at + out * outward));
            let drawn = beside.map(|y| drawn_share(plane, y, left, right, blurred));
            let drawn = drawn.fold(0.0, f32::max);
            best = best.max(step * drawn.min(1.0));
        }
        Some(best)
    }

    /// The one tone just inside of all four sides, where there is one.
    fn rim_tone(&self, rect: Rect) -> Option<u8> {
        let mut tones = [0_usize; 33];
        let mut total = 0;
        for axis in [Axis::Rows, Axis::Columns] {
            let plane = self.plane(axis);
            let lying = turn_if(rect, axis).inset(3);
            if lying.area() == 0 {
                return None;
            }
            let corner = (CORNER * lying.width() as f32) as usize;
            for y in [lying.top, lying.bottom - 1] {
                for &level in plane.row(y, lying.left + corner, lying.right - corner) {
                    tones[usize::from(level / 8)] += 1;
                    total += 1;
                }
            }
        }
        let pair = (0..32).max_by_key(|&k| tones[k] + tones[k + 1])?;
        let held = tones[pair] + tones[pair + 1];
        (held * 100 >= total * 82).then_some((8 * pair + 8).min(255) as u8)
    }

    /// Parts a rectangle without a common ground where a smooth row or column ends at once: a title
    /// above a picture, a blurred fill around it.
    fn part_at_steps(&self, rect: Rect, depth: usize, found: &mut Harvest) {
        if depth >= DEEPEST {
            return;
        }
        for axis in [Axis::Rows, Axis::Columns] {
            let lying = turn_if(rect, axis);
            let mut cuts = self.steps(rect, axis, false);
            if cuts.is_empty() {
                continue;
            }
            cuts.insert(0, lying.top);
            cuts.push(lying.bottom);
            for pair in cuts.windows(2) {
                let part = turn_if(
                    Rect {
                        top: pair[0],
                        bottom: pair[1],
                        ..lying
                    },
                    axis,
                );
                if self.is_large(part) {
                    self.leaf(part, None, depth + 1, found);
                }
            }
            return;
        }
    }

    /// A picture in the middle of its own blurred enlargement.
    fn filled(&self, whole: Rect, found: &mut Harvest) {
        let mut rect = whole;
        for axis in [Axis::Rows, Axis::Columns] {
            let cuts = self.steps(rect, axis, true);
            let lying = turn_if(rect, axis);
            let Some((&first, &last)) = cuts.first().zip(cuts.last()) else {
                continue;
            };
            let (before, after) = (first - lying.top, lying.bottom - last);
            if before.abs_diff(after) * 25 > lying.height() || before + after >= lying.height() {
                return;
            }
            let middle = Rect {
                top: first,
                bottom: last,
                ..lying
            };
            rect = turn_if(middle, axis);
        }
        if rect.area() as f32 > ALL * whole.area() as f32 || !self.is_large(rect) {
            return;
        }
        if let Some(frame) = self.frame(rect, true).filter(|&frame| frame >= 0.7) {
            let score = frame * 0.8;
            found.pictures.push(Found { rect, score });
        }
    }

    /// Where rows (or columns) of a rectangle end a smooth part.
    fn steps(&self, rect: Rect, axis: Axis, blurred: bool) -> Vec<usize> {
        let plane = self.plane(axis);
        let lying = turn_if(rect, axis);
        let mut cuts: Vec<(usize, f32)> = Vec::new();
        for y in lying.top + 2..lying.bottom.saturating_sub(3) {
            let step = match blurred {
                true => faint_step_share(plane, (y, y + 2), lying.left, lying.right),
                false => step_share(plane, (y, y + 2), lying.left, lying.right),
            };
            if step < 0.55 {
                continue;
            }
            let smooth = smooth_share(plane, y - 1, lying.left, lying.right).max(smooth_share(
                plane,
                y + 3,
                lying.left,
                lying.right,
            ));
            if smooth < 0.96 {
                continue;
            }
            match cuts.last_mut() {
                Some(last) if y - last.0 <= 4 => {
                    if step > last.1 {
                        *last = (y, step);
                    }
                }
                _ => cuts.push((y, step)),
            }
        }
        cuts.into_iter().map(|(y, _)| y + 1).collect()
    }
}

fn turn_if(rect: Rect, axis: Axis) -> Rect {
    match axis {
        Axis::Rows => rect,
        Axis::Columns => rect.transposed(),
    }
}
