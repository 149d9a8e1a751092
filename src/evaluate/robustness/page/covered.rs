//! What sellers lay over a picture: stickers, lines of text.

use image::RgbImage;

use super::drawing::{Area, disc, fill};
use super::script::{Hand, Script};
use crate::evaluate::bootstrap::SplitMix;

/// A round sticker over this share of the picture, about its middle.
pub(super) fn sticker(picture: &RgbImage, share: f32, chance: &mut SplitMix) -> RgbImage {
    let mut covered = picture.clone();
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let radius = (share * width * height / std::f32::consts::PI).sqrt();
    let middle = (
        width * (0.35 + 0.3 * chance.unit() as f32),
        height * (0.35 + 0.3 * chance.unit() as f32),
    );
    disc(&mut covered, middle, radius, [250, 210, 40]);
    disc(&mut covered, middle, radius * 0.94, [220, 40, 60]);
    let hand = Hand::new(Script::Latin, radius * 0.3, [255; 3]).bold();
    let at = (middle.0 - radius * 0.7, middle.1 - radius * 0.4);
    hand.paragraph(&mut covered, at, radius * 1.4, 2, chance);
    covered
}

/// So many lines of text over the middle.
pub(super) fn lines(picture: &RgbImage, count: usize, chance: &mut SplitMix) -> RgbImage {
    let mut covered = picture.clone();
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let letter = height / (1.5 * count as f32 + 4.0);
    let top = height * 0.2;
    let script = Script::ALL[chance.below(Script::ALL.len())];
    if chance.below(2) == 0 {
        let ground = Area::new(0.0, top - letter * 0.4, width, letter * 1.6);
        fill(&mut covered, ground, 0.0, [200, 30, 40]);
    }
    let colour = [[255, 255, 255], [255, 230, 0], [230, 20, 30]][chance.below(3)];
    let hand = Hand::new(script, letter, colour).bold();
    hand.paragraph(
        &mut covered,
        (width * 0.05, top),
        width * 0.9,
        count,
        chance,
    );
    covered
}
