//! A screen that somebody photographed: a phone in a hand, a screen alone, at night.

use image::{Rgb, RgbImage, imageops};

use super::drawing::{Area, disc, fill, lay};
use crate::evaluate::bootstrap::SplitMix;
use crate::regions::{self, Projection};

/// How a screen was photographed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evaluate::robustness) enum Scene {
    /// The phone in a hand before a room.
    InHand,
    /// Hardly more than the screen, from an angle, with moire.
    Screen,
    /// A picture on paper or on a screen in bad light, with noise.
    Night,
}

/// The photograph of a phone that shows `shown`.
pub(super) fn draw(scene: Scene, shown: &RgbImage, chance: &mut SplitMix) -> RgbImage {
    match scene {
        Scene::InHand => in_hand(shown, chance),
        Scene::Screen => screen(shown, chance),
        Scene::Night => night(shown, chance),
    }
}

/// A phone with its bezel, screen upward; the screen shows the picture between bars.
fn phone(shown: &RgbImage) -> RgbImage {
    let (width, height) = (700.0, 1400.0);
    let mut phone = RgbImage::from_pixel(width as u32, height as u32, Rgb([14; 3]));
    let screen = Area::new(24.0, 60.0, width - 48.0, height - 120.0);
    fill(&mut phone, screen, 18.0, [0; 3]);
    let factor = (screen.width / shown.width() as f32).min(screen.height / shown.height() as f32);
    let (wide, high) = (
        shown.width() as f32 * factor,
        shown.height() as f32 * factor,
    );
    let frame = Area::new(
        screen.x + (screen.width - wide) / 2.0,
        screen.y + (screen.height - high) / 2.0,
        wide,
        high,
    );
    lay(&mut phone, shown, frame, 0.0);
    phone
}

/// Corners of a quadrilateral about the middle of a canvas, turned and pulled out of square.
fn corners(
    canvas: (f32, f32),
    size: (f32, f32),
    turn: f32,
    pull: f32,
    chance: &mut SplitMix,
) -> [(f32, f32); 4] {
    let (sin, cos) = turn.to_radians().sin_cos();
    let middle = (canvas.0 / 2.0, canvas.1 / 2.0);
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(x, y)| {
        let mut jitter = || pull * (chance.unit() as f32 - 0.5);
        let (x, y) = (size.0 * (x + jitter()), size.1 * (y + jitter()));
        (middle.0 + cos * x - sin * y, middle.1 + sin * x + cos * y)
    })
}

fn in_hand(shown: &RgbImage, chance: &mut SplitMix) -> RgbImage {
    let canvas = (1080.0, 1440.0);
    let mut scene = room(canvas, chance);
    let turn = 20.0 * (chance.unit() as f32 - 0.5);
    let high = 0.72 + 0.16 * chance.unit() as f32;
    let size = (high * canvas.1 / 2.0, high * canvas.1);
    let place = corners(canvas, size, turn, 0.06, chance);
    let skin = [[222, 178, 150], [150, 105, 78], [242, 205, 180]][chance.below(3)];
    // The hand behind the phone, and its thumb and fingers at the rim.
    disc(&mut scene, (canvas.0 * 0.62, canvas.1 * 0.95), 330.0, skin);
    let phone = phone(shown);
    warp_onto(&mut scene, &phone, place);
    for k in 0..4 {
        let down = 0.45 + 0.1 * k as f32;
        let (left, right) = (place[0], place[3]);
        let at = (
            left.0 + (right.0 - left.0) * down - 8.0,
            left.1 + (right.1 - left.1) * down,
        );
        disc(&mut scene, at, 24.0, skin.map(|level| level - 10));
    }
    let thumb = (
        place[1].0 + (place[2].0 - place[1].0) * 0.6 + 6.0,
        place[1].1 + (place[2].1 - place[1].1) * 0.6,
    );
    disc(&mut scene, thumb, 34.0, skin);
    noise(&imageops::blur(&scene, 0.8), 4.0, chance)
}

/// A room out of focus.
fn room(canvas: (f32, f32), chance: &mut SplitMix) -> RgbImage {
    let (width, height) = (canvas.0 as u32 / 8, canvas.1 as u32 / 8);
    let base = 70 + chance.below(120) as u8;
    let mut room = RgbImage::from_fn(width, height, |_, y| {
        let level = base.saturating_add((40 * y / height) as u8);
        Rgb([level, level.saturating_sub(8), level.saturating_sub(22)])
    });
    for _ in 0..14 {
        let colour = [0; 3].map(|_: u8| 40 + chance.below(180) as u8);
        let area = Area::new(
            chance.unit() as f32 * width as f32 - 10.0,
            chance.unit() as f32 * height as f32 - 10.0,
            8.0 + 40.0 * chance.unit() as f32,
            8.0 + 50.0 * chance.unit() as f32,
        );
        fill(&mut room, area, 5.0, colour);
    }
    let blurred = imageops::blur(&room, 2.0);
    imageops::resize(
        &blurred,
        canvas.0 as u32,
        canvas.1 as u32,
        imageops::FilterType::Triangle,
    )
}

fn screen(shown: &RgbImage, chance: &mut SplitMix) -> RgbImage {
    let factor = 1080.0 / shown.width().max(shown.height()) as f32;
    let size = (
        shown.width() as f32 * factor,
        shown.height() as f32 * factor,
    );
    let canvas = (size.0 * 1.12, size.1 * 1.12);
    let mut scene = RgbImage::from_pixel(canvas.0 as u32, canvas.1 as u32, Rgb([10; 3]));
    let turn = 8.0 * (chance.unit() as f32 - 0.5);
    let place = corners(canvas, size, turn, 0.07, chance);
    warp_onto(&mut scene, shown, place);
    let (across, down) = (
        0.9 + 0.4 * chance.unit() as f32,
        0.5 + 0.3 * chance.unit() as f32,
    );
    for (x, y, pixel) in scene.enumerate_pixels_mut() {
        let (x, y) = (x as f32, y as f32);
        let waves = (0.11 * (across * x + down * y)).sin() + (0.07 * (x - across * y)).cos();
        for (channel, level) in pixel.0.iter_mut().enumerate() {
            let shift = 7.0 * (waves + (0.05 * x + channel as f32 * 2.1).sin());
            *level = (f32::from(*level) + shift).clamp(0.0, 255.0) as u8;
        }
    }
    noise(&imageops::blur(&scene, 1.0), 5.0, chance)
}

fn night(shown: &RgbImage, chance: &mut SplitMix) -> RgbImage {
    let mut dark = shown.clone();
    for pixel in dark.pixels_mut() {
        let [r, g, b] = pixel.0.map(|level| f32::from(level) / 255.0);
        let dim = |level: f32, gain: f32| (255.0 * gain * level.powf(1.3)) as u8;
        pixel.0 = [dim(r, 0.34), dim(g, 0.28), dim(b, 0.2)];
    }
    noise(&imageops::blur(&dark, 1.2), 9.0, chance)
}

/// Adds Gaussian noise of this standard deviation.
fn noise(picture: &RgbImage, deviation: f32, chance: &mut SplitMix) -> RgbImage {
    let mut noisy = picture.clone();
    for level in noisy.iter_mut() {
        let moved = f32::from(*level) + deviation * chance.normal() as f32;
        *level = moved.round().clamp(0.0, 255.0) as u8;
    }
    noisy
}

/// Lays a picture onto a quadrilateral, its corners clockwise from the upper left.
fn warp_onto(scene: &mut RgbImage, picture: &RgbImage, place: [(f32, f32); 4]) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let own = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
    let Some(back) = Projection::between(place, own) else {
        return;
    };
    // Where the place is smaller than the picture, the picture is first brought to its size.
    for (x, y, pixel) in scene.enumerate_pixels_mut() {
        let (sx, sy) = back.apply(x as f32 + 0.5, y as f32 + 0.5);
        if sx >= 0.5 && sy >= 0.5 && sx < width - 0.5 && sy < height - 0.5 {
            pixel.0 = regions::bilinear(picture, sx - 0.5, sy - 0.5);
        }
    }
}
