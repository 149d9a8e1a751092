//! Words that nobody can read, in the look of several scripts: strokes drawn by this project, no
//! font of anybody.

use image::RgbImage;

use super::drawing::{Colour, line};
use crate::evaluate::bootstrap::SplitMix;

/// The look of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Han,
    Hangul,
    Arabic,
    Devanagari,
    Thai,
}

/// A stroke in a square of side 1, from one point to another.
type Stroke = ((f32, f32), (f32, f32));

impl Script {
    pub(super) const ALL: [Self; 6] = [
        Self::Latin,
        Self::Han,
        Self::Hangul,
        Self::Arabic,
        Self::Devanagari,
        Self::Thai,
    ];

    /// Width of a letter with its gap, in units of its height.
    fn advance(self) -> f32 {
        match self {
            Self::Latin | Self::Thai => 0.62,
            Self::Han | Self::Hangul => 1.05,
            Self::Arabic => 0.55,
            Self::Devanagari => 0.7,
        }
    }

    /// Whether letters of a word touch.
    fn is_joined(self) -> bool {
        matches!(self, Self::Arabic | Self::Devanagari)
    }

    /// The strokes of one letter.
    fn strokes(self, chance: &mut SplitMix) -> Vec<Stroke> {
        let mut strokes = Vec::new();
        match self {
            Self::Latin => latin(chance, &mut strokes),
            Self::Han => han(chance, &mut strokes),
            Self::Hangul => hangul(chance, &mut strokes),
            Self::Arabic => arabic(chance, &mut strokes),
            Self::Devanagari => devanagari(chance, &mut strokes),
            Self::Thai => thai(chance, &mut strokes),
        }
        strokes
    }
}

/// A ring of six strokes.
fn ring(strokes: &mut Vec<Stroke>, (x, y): (f32, f32), width: f32, height: f32) {
    let point = |k: usize| {
        let angle = k as f32 * std::f32::consts::TAU / 6.0;
        (x + width * angle.cos(), y + height * angle.sin())
    };
    strokes.extend((0..6).map(|k| (point(k), point(k + 1))));
}

fn latin(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    let top = [0.0, 0.3, 0.3, 0.3][chance.below(4)];
    match chance.below(5) {
        0 => strokes.push(((0.1, top), (0.1, 1.0))),
        1 => ring(strokes, (0.28, 0.65), 0.2, 0.33),
        2 => {
            strokes.push(((0.08, top), (0.08, 1.0)));
            ring(strokes, (0.28, 0.68), 0.18, 0.3);
        }
        3 => strokes.extend([((0.06, top), (0.26, 1.0)), ((0.26, 1.0), (0.48, top))]),
        _ => strokes.extend([
            ((0.08, 0.35), (0.08, 1.0)),
            ((0.08, 0.4), (0.42, 0.4)),
            ((0.42, 0.4), (0.42, 1.0)),
        ]),
    }
}

fn han(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    for _ in 0..2 + chance.below(3) {
        let y = 0.08 + 0.84 * chance.unit() as f32;
        strokes.push(((0.05 + 0.3 * chance.unit() as f32, y), (0.95, y)));
    }
    for _ in 0..1 + chance.below(3) {
        let x = 0.1 + 0.8 * chance.unit() as f32;
        strokes.push(((x, 0.0), (x, 1.0 - 0.4 * chance.unit() as f32)));
    }
    if chance.below(2) == 0 {
        strokes.extend([((0.5, 0.4), (0.05, 1.0)), ((0.5, 0.4), (0.95, 1.0))]);
    }
}

fn hangul(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    match chance.below(3) {
        0 => ring(strokes, (0.27, 0.3), 0.2, 0.22),
        1 => strokes.extend([((0.08, 0.1), (0.45, 0.1)), ((0.45, 0.1), (0.45, 0.5))]),
        _ => strokes.extend([((0.08, 0.08), (0.08, 0.5)), ((0.08, 0.5), (0.5, 0.5))]),
    }
    strokes.extend([((0.75, 0.0), (0.75, 0.62)), ((0.75, 0.3), (0.95, 0.3))]);
    if chance.below(2) == 0 {
        ring(strokes, (0.5, 0.82), 0.25, 0.16);
    }
}

fn arabic(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    strokes.push(((0.0, 0.7), (0.56, 0.7)));
    match chance.below(4) {
        0 => strokes.push(((0.3, 0.1), (0.3, 0.7))),
        1 => ring(strokes, (0.3, 0.58), 0.15, 0.13),
        2 => strokes.push(((0.3, 0.5), (0.3, 0.7))),
        _ => strokes.push(((0.4, 0.7), (0.1, 1.0))),
    }
    for dot in 0..chance.below(3) {
        let x = 0.2 + 0.15 * dot as f32;
        strokes.push(((x, 0.93), (x, 0.94)));
    }
}

fn devanagari(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    strokes.extend([((0.0, 0.15), (0.7, 0.15)), ((0.58, 0.15), (0.58, 1.0))]);
    match chance.below(3) {
        0 => ring(strokes, (0.3, 0.6), 0.18, 0.2),
        1 => strokes.extend([((0.1, 0.4), (0.58, 0.55)), ((0.1, 0.4), (0.3, 0.9))]),
        _ => strokes.push(((0.15, 0.15), (0.45, 0.8))),
    }
}

fn thai(chance: &mut SplitMix, strokes: &mut Vec<Stroke>) {
    ring(strokes, (0.14, 0.42), 0.09, 0.09);
    strokes.push(((0.14, 0.5), (0.14, 1.0)));
    strokes.extend([((0.14, 0.3), (0.46, 0.3)), ((0.46, 0.3), (0.46, 1.0))]);
    match chance.below(4) {
        0 => strokes.push(((0.2, 0.12), (0.42, 0.05))),
        1 => strokes.push(((0.3, 0.0), (0.3, 0.14))),
        _ => {}
    }
}

/// How a line is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand {
    pub(super) script: Script,
    /// Height of a letter, pixels.
    pub(super) height: f32,
    pub(super) colour: Colour,
    /// Thickness of a stroke in units of the height.
    pub(super) weight: f32,
}

impl Hand {
    pub(super) fn new(script: Script, height: f32, colour: Colour) -> Self {
        Self {
            script,
            height,
            colour,
            weight: 0.085,
        }
    }

    /// The same hand in bold letters.
    pub(super) fn bold(self) -> Self {
        Self {
            weight: 0.14,
            ..self
        }
    }

    /// Writes words from `at` (upper left) over at most `width` pixels.
    pub(super) fn write(
        self,
        page: &mut RgbImage,
        at: (f32, f32),
        width: f32,
        chance: &mut SplitMix,
    ) {
        let step = self.script.advance() * self.height;
        let mut x = at.0;
        while x + step <= at.0 + width {
            for _ in 0..2 + chance.below(7) {
                if x + step > at.0 + width {
                    break;
                }
                for (from, to) in self.script.strokes(chance) {
                    let place =
                        |(px, py): (f32, f32)| (x + px * self.height, at.1 + py * self.height);
                    let thickness = (self.weight * self.height).max(1.2);
                    line(page, place(from), place(to), thickness, self.colour);
                }
                x += step;
            }
            let is_spaced = !matches!(self.script, Script::Han | Script::Thai);
            x += if is_spaced || self.script.is_joined() {
                0.35 * self.height
            } else {
                0.0
            };
        }
    }

    /// Writes a paragraph of so many lines, the last of them shorter.
    pub(super) fn paragraph(
        self,
        page: &mut RgbImage,
        (x, y): (f32, f32),
        width: f32,
        lines: usize,
        chance: &mut SplitMix,
    ) -> f32 {
        let pitch = 1.5 * self.height;
        for number in 0..lines {
            let share = match number + 1 == lines {
                true => 0.3 + 0.6 * chance.unit() as f32,
                false => 0.97,
            };
            let at = (x, y + number as f32 * pitch);
            self.write(page, at, width * share, chance);
        }
        y + lines as f32 * pitch
    }
}
