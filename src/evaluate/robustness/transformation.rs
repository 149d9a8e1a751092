//! What happens to a photograph between two listings: recompression, resizing, crops, borders,
//! watermarks, banners, turns, colours, blur, noise, screenshots, collages, pages that show it.
//! Every copy depends on the photograph, its name and the seed alone.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::lettering;
use super::page::{Chrome, Page, Scene};
use crate::evaluate::bootstrap::SplitMix;

/// JPEG quality at which a copy is stored, where the transformation is not itself a recompression.
pub const STORED_QUALITY: u8 = 90;
/// Longest side of an enlarged copy, pixels.
const LONGEST: u32 = 4096;
/// Side of one picture in a collage, pixels.
const CELL: u32 = 400;
/// JPEG quality of what is stored before it is stored again.
const FIRST_QUALITY: u8 = 55;
/// Most other pictures that a page shows.
const OTHERS: usize = 8;
/// Width of a screenshot, pixels.
const SCREEN: u32 = 720;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    /// Nothing but the recompression.
    Jpeg(u8),
    /// Both sides times this.
    Scale(f32),
    /// Height times this.
    Squash(f32),
    /// A rectangle of this share of the area, anywhere.
    Crop(f32),
    /// A frame of this share of the longer side.
    Border(f32, [u8; 3]),
    /// Pale words over everything.
    Watermark,
    /// A red strip with words over the lowest share.
    Banner(f32),
    Mirror,
    /// Quarter turns, clockwise.
    Quarters(u8),
    /// Degrees, clockwise; the canvas grows from 10 degrees on.
    Turn(f32),
    /// Distance from grey times this.
    Saturation(f32),
    /// Levels times this.
    Brightness(f32),
    /// Distance from the mean level times this.
    Contrast(f32),
    /// Each channel times this.
    Tint([f32; 3]),
    /// Gaussian blur with this standard deviation, pixels.
    Blur(f32),
    /// Gaussian noise with this standard deviation, levels of 256.
    Noise(f32),
    /// A phone's screen around it, this often.
    Screenshot(u8),
    /// One of four pictures.
    Collage,
    /// Shown in a page, or covered.
    Page(Page),
    /// The same, stored at a low quality before it is stored again.
    PageTwice(Page),
}

/// A named transformation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transformation {
    /// Its name, as reports give it.
    pub name: &'static str,
    change: Change,
}

const fn named(name: &'static str, change: Change) -> Transformation {
    Transformation { name, change }
}

/// The suite, mildest of each kind first. `copy` is the control: stored again, nothing else.
pub const SUITE: [Transformation; 68] = [
    named("copy", Change::Jpeg(STORED_QUALITY)),
    named("jpeg 80", Change::Jpeg(80)),
    named("jpeg 50", Change::Jpeg(50)),
    named("jpeg 20", Change::Jpeg(20)),
    named("half size", Change::Scale(0.5)),
    named("quarter size", Change::Scale(0.25)),
    named("double size", Change::Scale(2.0)),
    named("squashed 80 %", Change::Squash(0.8)),
    named("crop 90 %", Change::Crop(0.9)),
    named("crop 80 %", Change::Crop(0.8)),
    named("crop 70 %", Change::Crop(0.7)),
    named("crop 50 %", Change::Crop(0.5)),
    named("white border 5 %", Change::Border(0.05, [255; 3])),
    named("black border 15 %", Change::Border(0.15, [0; 3])),
    named("watermark", Change::Watermark),
    named("banner 15 %", Change::Banner(0.15)),
    named("banner 30 %", Change::Banner(0.3)),
    named("mirrored", Change::Mirror),
    named("turned 90", Change::Quarters(1)),
    named("turned 180", Change::Quarters(2)),
    named("turned 5", Change::Turn(5.0)),
    named("turned 20", Change::Turn(20.0)),
    named("grey", Change::Saturation(0.0)),
    named("saturated", Change::Saturation(1.8)),
    named("brighter", Change::Brightness(1.4)),
    named("darker", Change::Brightness(0.6)),
    named("contrast", Change::Contrast(1.5)),
    named("warm light", Change::Tint([1.15, 1.0, 0.75])),
    named("blur 2", Change::Blur(2.0)),
    named("noise 12", Change::Noise(12.0)),
    named("noise 30", Change::Noise(30.0)),
    named("screenshot", Change::Screenshot(1)),
    named("screenshot twice", Change::Screenshot(2)),
    named("collage of 4", Change::Collage),
    page("grid of 2", Page::Grid(2)),
    page("grid of 3", Page::Grid(3)),
    page("grid of 4", Page::Grid(4)),
    page("grid of 6", Page::Grid(6)),
    page("grid of 9", Page::Grid(9)),
    app("chat", Chrome::Chat, LIGHT),
    app("chat, dark", Chrome::Chat, DARK),
    app("chat, small window", Chrome::SmallChat, LIGHT),
    app("chat, small window, dark", Chrome::SmallChat, DARK),
    app("post of 2", Chrome::Post(2), LIGHT),
    app("post of 3", Chrome::Post(3), LIGHT),
    app("post of 4", Chrome::Post(4), DARK),
    app("post of 6", Chrome::Post(6), LIGHT),
    app("post of 9", Chrome::Post(9), LIGHT),
    app("post of 9, dark", Chrome::Post(9), DARK),
    app("listing", Chrome::Listing, LIGHT),
    app("listing, dark", Chrome::Listing, DARK),
    app("feed", Chrome::Feed, LIGHT),
    app("feed, dark", Chrome::Feed, DARK),
    app("search results", Chrome::Results, LIGHT),
    app("search results, dark", Chrome::Results, DARK),
    app("gallery with bars", Chrome::Gallery, LIGHT),
    app("gallery with bars, dark", Chrome::Gallery, DARK),
    app("blurred fill", Chrome::Story, DARK),
    app("shop in a browser", Chrome::Browser, LIGHT),
    app("shop in a browser, dark", Chrome::Browser, DARK),
    named(
        "chat, stored twice",
        Change::PageTwice(Page::Screenshot(Chrome::Chat, LIGHT)),
    ),
    named(
        "post of 9, stored twice",
        Change::PageTwice(Page::Screenshot(Chrome::Post(9), LIGHT)),
    ),
    page("phone in a hand", Page::Photographed(Scene::InHand)),
    page("photographed screen", Page::Photographed(Scene::Screen)),
    page("night", Page::Photographed(Scene::Night)),
    page("sticker 16 %", Page::Sticker(0.16)),
    page("sticker 35 %", Page::Sticker(0.35)),
    page("five lines of text", Page::Lines(5)),
];

const LIGHT: bool = false;
const DARK: bool = true;

const fn page(name: &'static str, page: Page) -> Transformation {
    named(name, Change::Page(page))
}

const fn app(name: &'static str, kind: Chrome, is_dark: bool) -> Transformation {
    page(name, Page::Screenshot(kind, is_dark))
}

/// A changed copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Copied {
    /// The file as a platform would store it: JPEG.
    pub jpeg: Vec<u8>,
    /// Places in the pool of the other pictures that it shows.
    pub shows: Vec<usize>,
}

/// A picture for the other cells of a collage, at most 392 pixels a side.
#[must_use]
pub fn for_collage(pixels: &RgbImage) -> RgbImage {
    fitted(pixels, CELL - 8, CELL - 8)
}

impl Transformation {
    /// The transformation of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        SUITE.into_iter().find(|one| one.name == name)
    }

    /// The changed copy of the photograph `file`. `pool` are pictures for collages
    /// ([`for_collage`]), of which the place `own`, if it is among them, is the photograph itself.
    ///
    /// # Errors
    /// When the JPEG encoder refuses the size.
    pub fn copy(
        &self,
        file: &str,
        pixels: &RgbImage,
        pool: &[RgbImage],
        own: Option<usize>,
        seed: u64,
    ) -> image::ImageResult<Copied> {
        let mut chance = SplitMix::named(seed, &format!("{}\n{file}", self.name));
        let mut shows = Vec::new();
        let changed = match self.change {
            Change::Collage => collage(pixels, pool, own, &mut chance, &mut shows),
            Change::Page(page) => paged(page, pixels, pool, own, &mut chance, &mut shows),
            Change::PageTwice(page) => {
                let first = paged(page, pixels, pool, own, &mut chance, &mut shows);
                restored(&first, FIRST_QUALITY)?
            }
            change => apply(change, pixels, &mut chance),
        };
        let quality = match self.change {
            Change::Jpeg(quality) => quality,
            _ => STORED_QUALITY,
        };
        let mut jpeg = Vec::new();
        changed.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))?;
        Ok(Copied { jpeg, shows })
    }
}

fn scaled(length: u32, factor: f32) -> u32 {
    ((length as f32 * factor).round() as u32).max(1)
}

fn apply(change: Change, pixels: &RgbImage, chance: &mut SplitMix) -> RgbImage {
    match change {
        Change::Jpeg(_) | Change::Collage | Change::Page(_) | Change::PageTwice(_) => {
            pixels.clone()
        }
        Change::Scale(factor) => scale(pixels, factor),
        Change::Squash(factor) => {
            let (width, height) = pixels.dimensions();
            imageops::resize(pixels, width, scaled(height, factor), FilterType::Triangle)
        }
        Change::Crop(area) => crop(pixels, area, chance),
        Change::Border(share, colour) => frame(pixels, share, colour),
        Change::Watermark => watermark(pixels),
        Change::Banner(share) => banner(pixels, share),
        Change::Mirror => imageops::flip_horizontal(pixels),
        Change::Quarters(1) => imageops::rotate90(pixels),
        Change::Quarters(2) => imageops::rotate180(pixels),
        Change::Quarters(_) => imageops::rotate270(pixels),
        Change::Turn(degrees) => turned(pixels, degrees),
        Change::Saturation(factor) => saturate(pixels, factor),
        Change::Brightness(factor) => each(pixels, |pixel| pixel.map(|level| level * factor)),
        Change::Contrast(factor) => stretch_contrast(pixels, factor),
        Change::Tint([red, green, blue]) => {
            each(pixels, |[r, g, b]| [r * red, g * green, b * blue])
        }
        Change::Blur(sigma) => imageops::blur(pixels, sigma),
        Change::Noise(deviation) => each(pixels, |pixel| {
            pixel.map(|level| level + deviation * chance.normal() as f32)
        }),
        Change::Screenshot(times) => {
            (1..times).fold(screenshot(pixels), |shown, _| screenshot(&shown))
        }
    }
}

/// Both sides times `factor`, as far as the longest side allows.
fn scale(pixels: &RgbImage, factor: f32) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let longer = width.max(height);
    let factor = factor.min(LONGEST.max(longer) as f32 / longer as f32);
    let (width, height) = (scaled(width, factor), scaled(height, factor));
    imageops::resize(pixels, width, height, FilterType::Triangle)
}

/// A rectangle of this share of the area, anywhere.
fn crop(pixels: &RgbImage, area: f32, chance: &mut SplitMix) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let side = area.sqrt();
    let w = scaled(width, side).min(width);
    let h = scaled(height, side).min(height);
    let x = chance.below((width - w + 1) as usize) as u32;
    let y = chance.below((height - h + 1) as usize) as u32;
    imageops::crop_imm(pixels, x, y, w, h).to_image()
}

/// A border of this share of the longer side.
fn frame(pixels: &RgbImage, share: f32, colour: [u8; 3]) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let edge = scaled(width.max(height), share);
    let mut framed = RgbImage::from_pixel(width + 2 * edge, height + 2 * edge, Rgb(colour));
    imageops::replace(&mut framed, pixels, edge.into(), edge.into());
    framed
}

/// Distance from grey times `factor`.
fn saturate(pixels: &RgbImage, factor: f32) -> RgbImage {
    each(pixels, |pixel| {
        let grey = luma(pixel);
        pixel.map(|level| grey + factor * (level - grey))
    })
}

/// Distance from the mean brightness times `factor`.
fn stretch_contrast(pixels: &RgbImage, factor: f32) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let levels = pixels
        .pixels()
        .map(|pixel| f64::from(luma(pixel.0.map(f32::from))));
    let mean = (levels.sum::<f64>() / f64::from(width * height).max(1.0)) as f32;
    each(pixels, |pixel| {
        pixel.map(|level| mean + factor * (level - mean))
    })
}

/// Brightness by BT.601.
fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn each(pixels: &RgbImage, mut change: impl FnMut([f32; 3]) -> [f32; 3]) -> RgbImage {
    let mut changed = pixels.clone();
    for pixel in changed.pixels_mut() {
        pixel.0 = change(pixel.0.map(f32::from)).map(|level| level.round().clamp(0.0, 255.0) as u8);
    }
    changed
}

fn watermark(pixels: &RgbImage) -> RgbImage {
    let mut marked = pixels.clone();
    let size = (pixels.width() / 12).max(8);
    let words = "SAMPLE SHOP SAMPLE SHOP";
    for (row, y) in (0..pixels.height()).step_by(2 * size as usize).enumerate() {
        let shift = -i64::from(size) * (row as i64 % 3);
        lettering::write(
            &mut marked,
            words,
            (shift, y.into()),
            size,
            Rgb([255; 3]),
            0.47,
        );
    }
    marked
}

fn fill(picture: &mut RgbImage, x: u32, y: u32, width: u32, height: u32, colour: [u8; 3]) {
    for py in y..(y + height).min(picture.height()) {
        for px in x..(x + width).min(picture.width()) {
            picture.put_pixel(px, py, Rgb(colour));
        }
    }
}

fn banner(pixels: &RgbImage, share: f32) -> RgbImage {
    let mut covered = pixels.clone();
    let (width, height) = pixels.dimensions();
    let strip = scaled(height, share).min(height);
    fill(&mut covered, 0, height - strip, width, strip, [190, 20, 20]);
    let words = "BEST PRICE 0100 555 010";
    let size = (width * 7 / (6 * words.len() as u32 + 6)).clamp(1, strip.max(2) / 2);
    let at = (
        i64::from(width.saturating_sub(lettering::width(words, size)) / 2),
        i64::from(height - strip / 2 - size / 2),
    );
    lettering::write(&mut covered, words, at, size, Rgb([255; 3]), 1.0);
    covered
}

/// Turned about the middle with bilinear sampling; what was outside is black.
fn turned(pixels: &RgbImage, degrees: f32) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let (w, h) = if degrees.abs() < 10.0 {
        (width, height)
    } else {
        (
            (width * cos.abs() + height * sin.abs()).ceil(),
            (width * sin.abs() + height * cos.abs()).ceil(),
        )
    };
    RgbImage::from_fn(w as u32, h as u32, |x, y| {
        let (dx, dy) = (x as f32 + 0.5 - w / 2.0, y as f32 + 0.5 - h / 2.0);
        let sx = cos * dx + sin * dy + width / 2.0 - 0.5;
        let sy = -sin * dx + cos * dy + height / 2.0 - 0.5;
        let (left, top) = (sx.floor(), sy.floor());
        let (fx, fy) = (sx - left, sy - top);
        let mut sums = [0.0_f32; 3];
        for (ox, oy, weight) in [
            (0, 0, (1.0 - fx) * (1.0 - fy)),
            (1, 0, fx * (1.0 - fy)),
            (0, 1, (1.0 - fx) * fy),
            (1, 1, fx * fy),
        ] {
            let (px, py) = (left as i64 + ox, top as i64 + oy);
            let (Ok(px), Ok(py)) = (u32::try_from(px), u32::try_from(py)) else {
                continue;
            };
            if let Some(pixel) = pixels.get_pixel_checked(px, py) {
                for (sum, level) in sums.iter_mut().zip(pixel.0) {
                    *sum += weight * f32::from(level);
                }
            }
        }
        Rgb(sums.map(|sum| sum.round() as u8))
    })
}

/// A phone's screen that shows the photograph in a listing.
fn screenshot(pixels: &RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let shown_height =
        (u64::from(height) * u64::from(SCREEN) / u64::from(width.max(1))).clamp(1, 4000) as u32;
    let shown = imageops::resize(pixels, SCREEN, shown_height, FilterType::Triangle);
    let mut page = RgbImage::from_pixel(SCREEN, (shown_height + 420).max(1280), Rgb([250; 3]));
    fill(&mut page, 0, 0, SCREEN, 90, [30, 60, 120]);
    lettering::write(
        &mut page,
        "MARKET - LISTING",
        (24, 34),
        28,
        Rgb([255; 3]),
        1.0,
    );
    lettering::write(&mut page, "11:05", (600, 8), 14, Rgb([255; 3]), 1.0);
    imageops::replace(&mut page, &shown, 0, 120);
    for line in 0..4 {
        fill(
            &mut page,
            30,
            shown_height + 160 + 60 * line,
            570 - 70 * line,
            30,
            [190; 3],
        );
    }
    page
}

/// A page around the photograph and, where it has room for them, others of the pool.
fn paged(
    page: Page,
    pixels: &RgbImage,
    pool: &[RgbImage],
    own: Option<usize>,
    chance: &mut SplitMix,
    shows: &mut Vec<usize>,
) -> RgbImage {
    let mut left: Vec<usize> = (0..pool.len()).filter(|at| Some(*at) != own).collect();
    let mut others = Vec::new();
    while others.len() < OTHERS && !left.is_empty() {
        others.push(left.swap_remove(chance.below(left.len())));
    }
    let mut pictures = vec![pixels];
    pictures.extend(others.iter().map(|&at| &pool[at]));
    let (drawn, shown) = page.draw(&pictures, chance);
    shows.extend(&others[..shown - 1]);
    drawn
}

/// What is left of a picture that was stored at this quality.
fn restored(pixels: &RgbImage, quality: u8) -> image::ImageResult<RgbImage> {
    let mut jpeg = Vec::new();
    pixels.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))?;
    Ok(image::load_from_memory(&jpeg)?.into_rgb8())
}

/// The largest picture of the same shape within `width` by `height`.
fn fitted(pixels: &RgbImage, width: u32, height: u32) -> RgbImage {
    let factor = (width as f32 / pixels.width() as f32).min(height as f32 / pixels.height() as f32);
    let (w, h) = (
        scaled(pixels.width(), factor).min(width),
        scaled(pixels.height(), factor).min(height),
    );
    imageops::resize(pixels, w, h, FilterType::Triangle)
}

fn collage(
    pixels: &RgbImage,
    pool: &[RgbImage],
    own: Option<usize>,
    chance: &mut SplitMix,
    shows: &mut Vec<usize>,
) -> RgbImage {
    let mut page = RgbImage::from_pixel(2 * CELL, 2 * CELL, Rgb([255; 3]));
    let place = chance.below(4);
    let mut others: Vec<usize> = (0..pool.len()).filter(|at| Some(*at) != own).collect();
    let small = fitted(pixels, CELL - 8, CELL - 8);
    for cell in 0..4 {
        let picture = if cell == place {
            &small
        } else if others.is_empty() {
            continue;
        } else {
            let other = others.swap_remove(chance.below(others.len()));
            shows.push(other);
            &pool[other]
        };
        let (column, row) = (cell as u32 % 2, cell as u32 / 2);
        let x = column * CELL + (CELL - picture.width()) / 2;
        let y = row * CELL + (CELL - picture.height()) / 2;
        imageops::replace(&mut page, picture, x.into(), y.into());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(120, 80, |x, y| {
            Rgb([(x * 2) as u8, (y * 3) as u8, ((x * y) % 251) as u8])
        })
    }

    fn copy(name: &str, seed: u64) -> Copied {
        let pool = [picture(), imageops::rotate180(&picture())];
        let one = Transformation::find(name).unwrap();
        one.copy("a.jpg", &picture(), &pool, Some(0), seed).unwrap()
    }

    /// The suite, with few of the pages, whose drawing takes long.
    fn quick() -> impl Iterator<Item = Transformation> {
        let pages = ["grid of 3", "chat, dark", "post of 9", "sticker 16 %"];
        let is_page =
            |one: &Transformation| matches!(one.change, Change::Page(_) | Change::PageTwice(_));
        let suite = SUITE.into_iter();
        suite.filter(move |one| !is_page(one) || pages.contains(&one.name))
    }

    fn pixels(name: &str) -> RgbImage {
        image::load_from_memory(&copy(name, 1).jpeg)
            .unwrap()
            .to_rgb8()
    }

    #[test]
    fn every_copy_is_a_picture_and_the_same_for_the_same_seed() {
        for one in quick() {
            let first = copy(one.name, 5);
            assert_eq!(first, copy(one.name, 5), "{}", one.name);
            assert!(image::load_from_memory(&first.jpeg).is_ok(), "{}", one.name);
        }
        assert_ne!(copy("crop 50 %", 5), copy("crop 50 %", 6));
        assert_ne!(copy("noise 12", 5), copy("noise 12", 6));
    }

    #[test]
    fn names_are_unique() {
        for one in SUITE {
            assert_eq!(Transformation::find(one.name), Some(one));
        }
    }

    #[test]
    fn sizes_are_those_that_the_names_say() {
        assert_eq!(pixels("half size").dimensions(), (60, 40));
        assert_eq!(pixels("double size").dimensions(), (240, 160));
        assert_eq!(pixels("squashed 80 %").dimensions(), (120, 64));
        assert_eq!(pixels("turned 90").dimensions(), (80, 120));
        assert_eq!(pixels("turned 5").dimensions(), (120, 80));
        let (w, h) = pixels("crop 50 %").dimensions();
        let share = f64::from(w * h) / (120.0 * 80.0);
        assert!((share - 0.5).abs() < 0.02, "{share}");
        assert_eq!(pixels("white border 5 %").dimensions(), (132, 92));
    }

    #[test]
    fn a_collage_names_the_other_pictures_it_shows_and_never_the_photograph_twice() {
        assert_eq!(copy("collage of 4", 3).shows, [1]);
    }

    #[test]
    fn a_picture_of_one_pixel_survives_the_suite() {
        let dot = RgbImage::new(1, 1);
        for one in quick() {
            assert!(one.copy("dot", &dot, &[], None, 1).is_ok(), "{}", one.name);
        }
    }

    #[test]
    fn turning_by_nothing_changes_nothing() {
        assert_eq!(turned(&picture(), 0.0), picture());
    }
}
