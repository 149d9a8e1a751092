//! The pictures on a page: upright pixels to quadrilaterals.
//!
//! ```text
//! pixels -> plane (green, averaged down) -> page taken apart along its ground (page, lines)
//!     -> frames that hold photographs (texture), equal parts of them (seams), gaps of grids (grid)
//!     -> sides on the full picture (refine) -> the picture cut out
//! plane, where no page is found -> a lit screen in a dark rim (screen), out of square
//!     -> laid straight (projection) and taken apart like a page, or itself
//! ```
//!
//! No step is random. Nearly every ordinary photograph gives none; one with a border, a frame or a
//! panel on even ground may.

mod grid;
mod lines;
mod page;
mod plane;
mod projection;
mod refine;
mod screen;
mod seams;
mod texture;

use image::{RgbImage, imageops};

use page::Sheet;
use plane::Plane;
use screen::Outline;

pub use projection::{Projection, bilinear};

/// Most regions of one page.
pub const MOST: usize = 12;
/// Score from which a region is a picture on a page rather than a thing in a photograph.
pub const SURE: f32 = 0.5;
/// Longest side at which a screen that is laid straight is looked at, pixels.
const STRAIGHT: u32 = 640;
/// Shortest side of a page, pixels: below it there is nothing to cut.
const SHORTEST: u32 = 160;

/// A picture on a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Its corners, clockwise from the upper left, in pixels of the picture that it was found in.
    pub corners: [(f32, f32); 4],
    /// How sure it is, 0 to 1; under [`SURE`] it may be a thing in a photograph.
    pub score: f32,
}

/// The pictures on a page, best first, at most [`MOST`]; none that is [`SURE`] for nearly every
/// ordinary photograph.
#[must_use]
pub fn find(pixels: &RgbImage) -> Vec<Region> {
    if pixels.width().min(pixels.height()) < SHORTEST {
        return Vec::new();
    }
    let sheet = Sheet::new(Plane::of(pixels));
    let factor = sheet.upright.factor as f32;
    let mut found = sheet.pictures();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MOST);
    let region = |one: page::Found| Region::of_rect(one.rect, factor, one.score);
    let mut regions: Vec<Region> = found.into_iter().map(region).collect();
    if regions.iter().all(|region| region.score < SURE) {
        let on_screen = on_screen(pixels, &sheet.upright);
        if !on_screen.is_empty() {
            regions = on_screen;
        }
    }
    regions
}

/// The pictures on a photographed screen, or the one that fills it.
fn on_screen(pixels: &RgbImage, plane: &Plane) -> Vec<Region> {
    let Some((found, outline)) = screen::screen(plane) else {
        return Vec::new();
    };
    let factor = plane.factor as f32;
    let screen = Region {
        corners: found.corners.map(|(x, y)| (x * factor, y * factor)),
        score: found.seen,
    };
    let straight = screen.cut(pixels);
    let longer = straight.width().max(straight.height());
    // Averaged down, the grain of the photograph goes.
    let shown = match longer > STRAIGHT {
        true => {
            let side = |side: u32| (side * STRAIGHT / longer).max(1);
            let (width, height) = (side(straight.width()), side(straight.height()));
            imageops::thumbnail(&straight, width, height)
        }
        false => straight,
    };
    let sheet = Sheet::new(Plane::of(&shown));
    let mut pictures = sheet.pictures();
    pictures.retain(|one| one.score >= SURE);
    pictures.sort_by(|a, b| b.score.total_cmp(&a.score));
    pictures.truncate(MOST);
    let (width, height) = (shown.width() as f32, shown.height() as f32);
    let own = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
    let back = Projection::between(own, screen.corners);
    let within = |(x, y): (f32, f32)| {
        let clamped = |value: f32, side: u32| value.clamp(0.0, side as f32);
        (clamped(x, pixels.width()), clamped(y, pixels.height()))
    };
    match back {
        Some(back) if !pictures.is_empty() => {
            let region = |one: page::Found| {
                let flat = Region::of_rect(one.rect, sheet.upright.factor as f32, one.score);
                Region {
                    corners: flat.corners.map(|(x, y)| within(back.apply(x, y))),
                    score: one.score.min(found.seen),
                }
            };
            pictures.into_iter().map(region).collect()
        }
        _ if outline == Outline::Lit && sheet.is_photograph() => {
            vec![Region {
                corners: screen.corners.map(within),
                ..screen
            }]
        }
        _ => Vec::new(),
    }
}

impl Region {
    fn of_rect(rect: plane::Rect, factor: f32, score: f32) -> Self {
        let sides = [rect.left, rect.top, rect.right, rect.bottom];
        Self::with_sides(sides.map(|side| side as f32 * factor), score)
    }

    /// Whether its sides are those of the picture that it was found in.
    fn is_upright(&self) -> bool {
        let [a, b, c, d] = self.corners;
        a.1 == b.1 && c.1 == d.1 && a.0 == d.0 && b.0 == c.0
    }

    fn with_sides([left, top, right, bottom]: [f32; 4], score: f32) -> Self {
        Self {
            corners: [(left, top), (right, top), (right, bottom), (left, bottom)],
            score,
        }
    }

    /// Left, top, right and bottom of the rectangle around it, within a picture of this size.
    fn sides(&self, (width, height): (u32, u32)) -> [u32; 4] {
        let xs = self.corners.map(|(x, _)| x);
        let ys = self.corners.map(|(_, y)| y);
        let least = |values: [f32; 4]| values.into_iter().fold(f32::INFINITY, f32::min);
        let most = |values: [f32; 4]| values.into_iter().fold(0.0, f32::max);
        let within = |value: f32, end: u32| (value.round().max(0.0) as u32).min(end);
        [
            within(least(xs), width),
            within(least(ys), height),
            within(most(xs), width),
            within(most(ys), height),
        ]
    }

    /// The same region in a picture of another scale: `across` and `down` are its sizes in units of
    /// the one that the region is in.
    #[must_use]
    pub fn scaled(&self, across: f32, down: f32) -> Self {
        Self {
            corners: self.corners.map(|(x, y)| (x * across, y * down)),
            ..*self
        }
    }

    /// The same region with its sides moved, by at most `reach` pixels, to where `pixels` change.
    #[must_use]
    pub fn refined(&self, pixels: &RgbImage, reach: u32) -> Self {
        let sides = self.sides(pixels.dimensions());
        if !self.is_upright()
            || sides[2] <= sides[0] + 2 * reach
            || sides[3] <= sides[1] + 2 * reach
        {
            return *self;
        }
        let sides = refine::refined(pixels, sides, reach);
        Self::with_sides(sides.map(|side| side as f32), self.score)
    }

    /// Its share of a picture of this size, 0 to 1.
    #[must_use]
    pub fn area_share(&self, (width, height): (u32, u32)) -> f64 {
        let mut twice = 0.0;
        for k in 0..4 {
            let ((ax, ay), (bx, by)) = (self.corners[k], self.corners[(k + 1) % 4]);
            twice += f64::from(ax) * f64::from(by) - f64::from(bx) * f64::from(ay);
        }
        (twice / 2.0 / (f64::from(width) * f64::from(height)).max(1.0)).clamp(0.0, 1.0)
    }

    /// The picture cut out of `pixels`, laid straight where it stands out of square.
    #[must_use]
    pub fn cut(&self, pixels: &RgbImage) -> RgbImage {
        match self.is_upright() {
            true => self.cropped(pixels),
            false => self
                .straightened(pixels)
                .unwrap_or_else(|| self.cropped(pixels)),
        }
    }

    /// The quadrilateral as a rectangle whose sides are as long as its opposite ones in the mean.
    fn straightened(&self, pixels: &RgbImage) -> Option<RgbImage> {
        let [a, b, c, d] = self.corners;
        let length = |p: (f32, f32), q: (f32, f32)| (p.0 - q.0).hypot(p.1 - q.1);
        let width = ((length(a, b) + length(d, c)) / 2.0).round().max(1.0);
        let height = ((length(a, d) + length(b, c)) / 2.0).round().max(1.0);
        let own = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let there = Projection::between(own, self.corners)?;
        Some(RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let (x, y) = there.apply(x as f32 + 0.5, y as f32 + 0.5);
            image::Rgb(bilinear(pixels, x - 0.5, y - 0.5))
        }))
    }

    fn cropped(&self, pixels: &RgbImage) -> RgbImage {
        let [left, top, right, bottom] = self.sides(pixels.dimensions());
        let (width, height) = (
            right.saturating_sub(left).max(1),
            bottom.saturating_sub(top).max(1),
        );
        imageops::crop_imm(pixels, left, top, width, height).to_image()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    /// Something photograph-like: shades and grain, no straight line.
    fn photograph(width: u32, height: u32, seed: u32) -> RgbImage {
        let wave = |x: u32, y: u32, k: f32| {
            let (x, y) = (x as f32, y as f32);
            60.0 * ((x * k + y * 0.7 * k + seed as f32).sin() + (y * 1.3 * k - x * 0.4 * k).cos())
        };
        RgbImage::from_fn(width, height, |x, y| {
            let grain = (x * 7919 + y * 104_729 + seed * 31) % 13;
            let level = 128.0 + wave(x, y, 0.031) / 2.0 + wave(x, y, 0.11) / 4.0 + grain as f32;
            let level = level.clamp(0.0, 255.0) as u8;
            Rgb([level, level.saturating_sub(9), level.saturating_add(6)])
        })
    }

    fn sure(page: &RgbImage) -> Vec<Region> {
        let mut found = find(page);
        found.retain(|region| region.score >= SURE);
        found
    }

    fn lies_at(region: &Region, [left, top, right, bottom]: [f32; 4], off: f32) -> bool {
        let expected = [(left, top), (right, top), (right, bottom), (left, bottom)];
        let mut corners = region.corners.iter().zip(expected);
        corners.all(|(a, b)| (a.0 - b.0).abs() <= off && (a.1 - b.1).abs() <= off)
    }

    #[test]
    fn a_picture_in_a_page_is_found_where_it_lies() {
        let mut page = RgbImage::from_pixel(540, 1100, Rgb([237; 3]));
        imageops::replace(&mut page, &photograph(300, 220, 1), 90, 400);
        let found = sure(&page);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            lies_at(&found[0], [90.0, 400.0, 390.0, 620.0], 2.0),
            "{found:?}"
        );
    }

    #[test]
    fn every_picture_of_a_grid_is_found_whatever_its_gutter() {
        for gutter in [0, 2, 6, 20] {
            let side = 170;
            let all = 3 * side + 2 * gutter;
            let mut page = RgbImage::from_pixel(all, all, Rgb([255; 3]));
            for k in 0..9 {
                let at = |k: u32| i64::from(k * (side + gutter));
                let cell = photograph(side, side, 100 * k);
                imageops::replace(&mut page, &cell, at(k % 3), at(k / 3));
            }
            assert_eq!(sure(&page).len(), 9, "a gutter of {gutter}");
        }
    }

    #[test]
    fn refining_finds_the_very_pixel_on_a_larger_copy() {
        let mut page = RgbImage::from_pixel(1080, 2000, Rgb([20; 3]));
        imageops::replace(&mut page, &photograph(601, 433, 3), 211, 703);
        let rough = Region::with_sides([214.0, 700.0, 810.0, 1139.0], 0.9);
        let region = rough.refined(&page, 6);
        assert!(
            lies_at(&region, [211.0, 703.0, 812.0, 1136.0], 0.5),
            "{region:?}"
        );
        assert_eq!(region.cut(&page), photograph(601, 433, 3));
    }

    /// Lays a picture onto a quadrilateral of a scene.
    fn lay_onto(scene: &mut RgbImage, picture: &RgbImage, place: [(f32, f32); 4]) {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let own = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)];
        let back = Projection::between(place, own).unwrap();
        for (x, y, pixel) in scene.enumerate_pixels_mut() {
            let (x, y) = back.apply(x as f32 + 0.5, y as f32 + 0.5);
            if x > 0.0 && y > 0.0 && x < width && y < height {
                pixel.0 = bilinear(picture, x - 0.5, y - 0.5);
            }
        }
    }

    /// Mean difference of the levels of two pictures, the second brought to the size of the first.
    fn apart(a: &RgbImage, b: &RgbImage) -> f32 {
        let (width, height) = a.dimensions();
        let b = imageops::resize(b, width, height, imageops::FilterType::Triangle);
        let pairs = a.as_raw().iter().zip(b.as_raw());
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        sum as f32 / a.as_raw().len() as f32
    }

    #[test]
    fn a_picture_on_a_phone_held_askew_is_laid_straight() {
        let shown = photograph(320, 240, 5);
        let mut phone = RgbImage::from_pixel(360, 700, Rgb([14; 3]));
        imageops::replace(&mut phone, &shown, 20, 230);
        let mut scene = photograph(900, 1200, 8);
        let place = [
            (240.0, 180.0),
            (610.0, 130.0),
            (690.0, 1010.0),
            (310.0, 1070.0),
        ];
        lay_onto(&mut scene, &phone, place);
        let found = sure(&scene);
        assert_eq!(found.len(), 1, "{found:?}");
        let straight = found[0].cut(&scene);
        assert!(
            apart(&shown, &straight) < 8.0,
            "{}",
            apart(&shown, &straight)
        );
        let share = found[0].area_share(scene.dimensions());
        assert!((0.09..0.13).contains(&share), "{share}");
    }

    #[test]
    fn two_pictures_on_one_photographed_screen_are_two() {
        let mut page = RgbImage::from_pixel(600, 900, Rgb([240; 3]));
        imageops::replace(&mut page, &photograph(400, 300, 1), 60, 90);
        imageops::replace(&mut page, &photograph(400, 300, 40), 140, 500);
        let mut screen = RgbImage::from_pixel(640, 940, Rgb([16; 3]));
        imageops::replace(&mut screen, &page, 20, 20);
        let mut scene = photograph(800, 1100, 8);
        let place = [(90.0, 70.0), (700.0, 110.0), (690.0, 1030.0), (60.0, 990.0)];
        lay_onto(&mut scene, &screen, place);
        let found = sure(&scene);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|region| !region.is_upright()));
    }

    #[test]
    fn a_round_thing_on_black_is_no_screen() {
        let thing = photograph(700, 600, 2);
        let dark = RgbImage::from_fn(700, 600, |x, y| {
            let inside = x.abs_diff(350).pow(2) + y.abs_diff(300).pow(2) < 200_u32.pow(2);
            if inside {
                *thing.get_pixel(x, y)
            } else {
                Rgb([12; 3])
            }
        });
        assert_eq!(sure(&dark), []);
    }

    #[test]
    fn a_photograph_and_a_page_without_pictures_have_none() {
        assert_eq!(sure(&photograph(800, 600, 4)), []);
        assert_eq!(sure(&RgbImage::from_pixel(800, 600, Rgb([255; 3]))), []);
        let mut buttons = RgbImage::from_pixel(540, 1100, Rgb([255; 3]));
        let button = RgbImage::from_pixel(300, 90, Rgb([30, 120, 220]));
        imageops::replace(&mut buttons, &button, 100, 300);
        let avatar = photograph(45, 45, 9);
        imageops::replace(&mut buttons, &avatar, 10, 100);
        assert_eq!(sure(&buttons), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn regions_are_few_and_lie_in_the_picture(
            width in 1u32..700, height in 1u32..700, seed in 0u32..99, x in 0i64..500, y in 0i64..500,
        ) {
            let mut page = RgbImage::from_pixel(width, height, Rgb([200; 3]));
            imageops::replace(&mut page, &photograph(200, 180, seed), x, y);
            let found = find(&page);
            prop_assert!(found.len() <= MOST);
            for region in found {
                prop_assert!((0.0..=1.0).contains(&region.score));
                for (x, y) in region.corners {
                    prop_assert!(x >= 0.0 && y >= 0.0 && x <= width as f32 && y <= height as f32);
                }
                let refined = region.refined(&page, 3);
                prop_assert!(refined.cut(&page).width() <= width);
            }
        }
    }
}
