//! Drawing with soft edges: rounded rectangles, discs, lines, pictures with rounded corners.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

/// A colour.
pub(super) type Colour = [u8; 3];

/// A rectangle of a page, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Area {
    pub(super) fn new(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// The part of a picture of this size in which it lies, one pixel wider on each side.
    fn pixels(self, (width, height): (u32, u32)) -> (u32, u32, u32, u32) {
        let within = |value: f32, most: u32| value.clamp(0.0, most as f32) as u32;
        (
            within(self.x.floor() - 1.0, width),
            within(self.y.floor() - 1.0, height),
            within((self.x + self.width).ceil() + 1.0, width),
            within((self.y + self.height).ceil() + 1.0, height),
        )
    }

    /// How far a point lies outside of the rectangle with rounded corners, pixels; negative inside.
    fn distance(self, x: f32, y: f32, radius: f32) -> f32 {
        let (half_width, half_height) = (self.width / 2.0, self.height / 2.0);
        let radius = radius.min(half_width).min(half_height);
        let dx = (x - self.x - half_width).abs() - half_width + radius;
        let dy = (y - self.y - half_height).abs() - half_height + radius;
        dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
    }
}

/// Mixes `colour` into a pixel by `opacity`, 0 to 1.
pub(super) fn mix(pixel: &mut Rgb<u8>, colour: Colour, opacity: f32) {
    for (old, new) in pixel.0.iter_mut().zip(colour) {
        let mixed = f32::from(*old) * (1.0 - opacity) + f32::from(new) * opacity;
        *old = mixed.round() as u8;
    }
}

/// Calls `paint` with every pixel in a rounded rectangle, its place, and how much of it is covered.
fn cover(
    page: &mut RgbImage,
    area: Area,
    radius: f32,
    mut paint: impl FnMut(&mut Rgb<u8>, u32, u32, f32),
) {
    let (left, top, right, bottom) = area.pixels(page.dimensions());
    for y in top..bottom {
        for x in left..right {
            let outside = area.distance(x as f32 + 0.5, y as f32 + 0.5, radius);
            let covered = (0.5 - outside).clamp(0.0, 1.0);
            if covered > 0.0 {
                paint(page.get_pixel_mut(x, y), x, y, covered);
            }
        }
    }
}

/// Fills a rectangle with rounded corners.
pub(super) fn fill(page: &mut RgbImage, area: Area, radius: f32, colour: Colour) {
    cover(page, area, radius, |pixel, _, _, covered| {
        mix(pixel, colour, covered);
    });
}

/// Fills a disc.
pub(super) fn disc(page: &mut RgbImage, (x, y): (f32, f32), radius: f32, colour: Colour) {
    let area = Area::new(x - radius, y - radius, 2.0 * radius, 2.0 * radius);
    fill(page, area, radius, colour);
}

/// Lays a picture, scaled to fill the area exactly, under rounded corners.
pub(super) fn lay(page: &mut RgbImage, picture: &RgbImage, area: Area, radius: f32) {
    let (width, height) = (area.width.round() as u32, area.height.round() as u32);
    if width == 0 || height == 0 {
        return;
    }
    let area = Area::new(area.x.round(), area.y.round(), width as f32, height as f32);
    let scaled = imageops::resize(picture, width, height, FilterType::Triangle);
    cover(page, area, radius, |pixel, x, y, covered| {
        let (x, y) = (x as f32 - area.x, y as f32 - area.y);
        if let Some(Rgb(colour)) = scaled.get_pixel_checked(x as u32, y as u32) {
            mix(pixel, *colour, covered);
        }
    });
}

/// The middle of a picture in the shape of `width` to `height`, as apps cut their thumbnails.
pub(super) fn cut_to(picture: &RgbImage, width: f32, height: f32) -> RgbImage {
    let (w, h) = (picture.width() as f32, picture.height() as f32);
    let factor = (w / width).min(h / height);
    let (kept_width, kept_height) = (
        ((width * factor).round() as u32).clamp(1, picture.width()),
        ((height * factor).round() as u32).clamp(1, picture.height()),
    );
    let x = (picture.width() - kept_width) / 2;
    let y = (picture.height() - kept_height) / 2;
    imageops::crop_imm(picture, x, y, kept_width, kept_height).to_image()
}

/// Draws a line with round ends.
pub(super) fn line(
    page: &mut RgbImage,
    from: (f32, f32),
    to: (f32, f32),
    thickness: f32,
    colour: Colour,
) {
    let reach = thickness / 2.0 + 1.0;
    let area = Area::new(
        from.0.min(to.0) - reach,
        from.1.min(to.1) - reach,
        (from.0 - to.0).abs() + 2.0 * reach,
        (from.1 - to.1).abs() + 2.0 * reach,
    );
    let (left, top, right, bottom) = area.pixels(page.dimensions());
    let along = (to.0 - from.0, to.1 - from.1);
    let length = (along.0 * along.0 + along.1 * along.1).max(1e-6);
    for y in top..bottom {
        for x in left..right {
            let (dx, dy) = (x as f32 + 0.5 - from.0, y as f32 + 0.5 - from.1);
            let share = ((dx * along.0 + dy * along.1) / length).clamp(0.0, 1.0);
            let distance = (dx - share * along.0).hypot(dy - share * along.1);
            let covered = (thickness / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
            if covered > 0.0 {
                mix(page.get_pixel_mut(x, y), colour, covered);
            }
        }
    }
}
