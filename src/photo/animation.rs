//! The first frame of an animation that has something to see, as a viewer shows it.

use image::RgbImage;

use super::blank::is_blank;
use super::colour::Converter;
use super::request::MOST_PIXELS;

/// Frames that are looked at, and pixels that are drawn and looked at, before an animation is
/// taken to be as empty as it begins.
const MOST_FRAMES: u32 = 256;
const MOST_WORK: u64 = 1 << 26;

/// Bytes that a screen of this size takes while frames are gone through: as it is, as it was, and
/// opaque.
pub(super) fn held((width, height): (u32, u32)) -> u64 {
    let pixels = u64::from(width) * u64::from(height);
    match pixels <= MOST_PIXELS {
        true => 11 * pixels,
        false => 0,
    }
}

/// Where a frame lies on the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// What becomes of a frame when the next one is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    /// Its place is cleared.
    Clear,
    /// What was there before comes back.
    Restore,
}

/// Draws frame after frame until one has content.
#[derive(Debug)]
pub(super) struct Player {
    width: u32,
    height: u32,
    /// RGBA, not premultiplied.
    screen: Vec<u8>,
    converter: Converter,
    leaving: Option<(Area, Disposal)>,
    before: Vec<u8>,
    frames: u32,
    work: u64,
}

impl Player {
    /// An empty screen; `converter` takes RGBA. `None` for a screen so large that its frames are
    /// not gone through.
    pub(super) fn new((width, height): (u32, u32), converter: Converter) -> Option<Self> {
        let pixels = u64::from(width) * u64::from(height);
        (pixels <= MOST_PIXELS).then(|| Self {
            width,
            height,
            screen: vec![0; 4 * pixels as usize],
            converter,
            leaving: None,
            before: Vec::new(),
            frames: 0,
            work: 0,
        })
    }

    /// Whether a frame of this size is still worth its decoding.
    pub(super) fn goes_on(&mut self, area: Area) -> bool {
        self.frames += 1;
        self.work += area.pixels() + u64::from(self.width) * u64::from(self.height);
        self.frames <= MOST_FRAMES && self.work <= MOST_WORK
    }

    /// Draws a frame's RGBA, over what is there or in its place.
    pub(super) fn draw(&mut self, area: Area, rgba: &[u8], is_over: bool, then: Disposal) {
        self.leave();
        if then == Disposal::Restore {
            self.before.clone_from(&self.screen);
        }
        self.leaving = Some((area, then));
        for (y, row) in rgba
            .chunks_exact(4 * area.width.max(1) as usize)
            .enumerate()
        {
            let Some(line) = self.line(area, y as u32) else {
                break;
            };
            let pixels = line.as_chunks_mut::<4>().0.iter_mut();
            for (under, pixel) in pixels.zip(row.as_chunks::<4>().0) {
                *under = match is_over {
                    true => over(*pixel, *under),
                    false => *pixel,
                };
            }
        }
    }

    /// The screen on white.
    pub(super) fn picture(&mut self) -> RgbImage {
        let mut rgb = RgbImage::new(self.width, self.height);
        let rows = self.screen.chunks_exact(4 * self.width as usize);
        for (row, rgb) in rows.zip(rgb.chunks_exact_mut(3 * self.width as usize)) {
            self.converter.convert(row, rgb);
        }
        rgb
    }

    /// The screen on white, if there is something to see.
    pub(super) fn content(&mut self) -> Option<RgbImage> {
        let picture = self.picture();
        (!is_blank(&picture)).then_some(picture)
    }

    fn leave(&mut self) {
        match self.leaving.take() {
            Some((area, Disposal::Clear)) => {
                for y in 0..area.height {
                    if let Some(line) = self.line(area, y) {
                        line.fill(0);
                    }
                }
            }
            Some((_, Disposal::Restore)) => self.screen.clone_from(&self.before),
            _ => {}
        }
    }

    /// The part of the screen under a frame's row.
    fn line(&mut self, area: Area, y: u32) -> Option<&mut [u8]> {
        let y = area.top.checked_add(y)?;
        if y >= self.height {
            return None;
        }
        let row = y as usize * self.width as usize;
        let right = area.left.saturating_add(area.width).min(self.width);
        let left = area.left.min(right);
        self.screen
            .get_mut(4 * (row + left as usize)..4 * (row + right as usize))
    }
}

/// One colour over another, both with straight alpha.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    let (a, b) = (u32::from(above[3]), u32::from(below[3]));
    if a == 255 || b == 0 {
        return above;
    }
    if a == 0 {
        return below;
    }
    // In units of 1 / 255^2.
    let rest = b * (255 - a);
    let alpha = 255 * a + rest;
    let mix = |above: u8, below: u8| {
        let sum = u32::from(above) * 255 * a + u32::from(below) * rest;
        ((sum + alpha / 2) / alpha) as u8
    };
    let [red, green, blue] = [0, 1, 2].map(|at| mix(above[at], below[at]));
    [red, green, blue, ((alpha + 127) / 255) as u8]
}
