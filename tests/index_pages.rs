//! Pictures inside pages of one layout: the layout links nobody, a picture that two pages show does.

#![allow(clippy::unwrap_used)]

use faunalens::fingerprint::MATCH_DISTANCE;
use faunalens::index::{Descriptor, Evidence, Index, Kind, Settings, Sighting};
use faunalens::regions;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use rayon::prelude::*;

/// A sequence that is the same everywhere.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        ((self.0 ^ (self.0 >> 29)) >> 33) as u32 % limit
    }
}

/// Shaded discs on a shaded ground, of another arrangement for every seed.
fn picture(width: u32, height: u32, seed: u64) -> RgbImage {
    let mut chance = Sequence(seed * 7919 + 17);
    let mut discs = Vec::new();
    for _ in 0..40 {
        let (x, y) = (chance.below(width), chance.below(height));
        discs.push((x, y, 8 + chance.below(width / 7), 40 + chance.below(160)));
    }
    let slope = 1 + chance.below(3);
    RgbImage::from_fn(width, height, |x, y| {
        let mut level = 80 + slope * 20 * x / width + 20 * y / height;
        for &(across, down, radius, tone) in &discs {
            let squared = x.abs_diff(across).pow(2) + y.abs_diff(down).pow(2);
            if squared < radius.pow(2) {
                level = tone * (4 * radius.pow(2) - squared) / (4 * radius.pow(2));
            }
        }
        let grain = (x * 7919 + y * 104_729) % 9;
        let level = (level + grain).min(255) as u8;
        Rgb([level, level.saturating_sub(14), level.saturating_sub(30)])
    })
}

fn block(page: &mut RgbImage, [x, y, width, height]: [u32; 4], tone: [u8; 3]) {
    let block = RgbImage::from_pixel(width, height, Rgb(tone));
    imageops::replace(page, &block, i64::from(x), i64::from(y));
}

/// A line of letters of strokes, the same for the same seed.
fn words(page: &mut RgbImage, [x, y, width, height]: [u32; 4], tone: [u8; 3], seed: u64) {
    let mut chance = Sequence(seed);
    let stroke = height / 6 + 1;
    let mut at = x;
    while at + height < x + width {
        if chance.below(6) > 0 {
            block(
                page,
                [at, y + chance.below(height / 3), stroke, height * 2 / 3],
                tone,
            );
            block(
                page,
                [at, y + chance.below(height), height / 2, stroke],
                tone,
            );
            block(
                page,
                [
                    at + height / 2,
                    y,
                    stroke,
                    height / 2 + chance.below(height / 2),
                ],
                tone,
            );
        }
        at += height * 4 / 5;
    }
}

/// At half the size at which it was drawn, so that rims are as soft as those of letters.
fn shown(page: &RgbImage) -> RgbImage {
    imageops::resize(
        page,
        page.width() / 2,
        page.height() / 2,
        FilterType::Triangle,
    )
}

/// A chat in which the picture is a message among others.
fn chat(shows: &RgbImage) -> RgbImage {
    let mut page = RgbImage::from_pixel(960, 1800, Rgb([237; 3]));
    block(&mut page, [0, 0, 960, 150], [60, 90, 160]);
    words(&mut page, [120, 60, 500, 40], [255; 3], 1);
    for (number, y) in [(2, 220), (3, 1180), (4, 1400)] {
        block(&mut page, [40, y, 90, 90], [200, 120, 40]);
        block(&mut page, [160, y, 620, 150], [255; 3]);
        words(&mut page, [190, y + 30, 560, 36], [30; 3], number);
        words(&mut page, [190, y + 86, 400, 36], [30; 3], number + 10);
    }
    let shows = imageops::resize(shows, 520, 680, FilterType::Triangle);
    imageops::replace(&mut page, &shows, 160, 440);
    block(&mut page, [0, 1660, 960, 140], [250; 3]);
    shown(&page)
}

/// A listing: the picture takes most of the page, and a bar with a button cuts the words off.
fn listing(shows: &RgbImage) -> RgbImage {
    let mut page = RgbImage::from_pixel(960, 1800, Rgb([244, 246, 250]));
    block(&mut page, [0, 0, 960, 200], [40, 20, 70]);
    words(&mut page, [140, 110, 420, 50], [255; 3], 21);
    let shows = imageops::resize(shows, 960, 1180, FilterType::Triangle);
    imageops::replace(&mut page, &shows, 0, 200);
    words(&mut page, [40, 1430, 300, 60], [240, 130, 20], 22);
    words(&mut page, [40, 1530, 860, 44], [20; 3], 23);
    words(&mut page, [40, 1604, 860, 44], [20; 3], 24);
    block(&mut page, [0, 1630, 960, 170], [255; 3]);
    block(&mut page, [380, 1656, 540, 104], [240, 130, 20]);
    words(&mut page, [520, 1690, 260, 36], [255; 3], 25);
    shown(&page)
}

/// The page as the pipeline remembers it, with one descriptor for all pictures: each is proposed to
/// each, and the landmarks alone decide.
fn remembered(page: &RgbImage, number: u8) -> Evidence {
    let describe = |mut evidence: Evidence| {
        evidence.entry.descriptor = Some(Descriptor {
            vector: vec![1.0, 0.01 * f32::from(number), 0.0, 0.5],
            model: "test".into(),
            preprocessing: "1".into(),
        });
        evidence
    };
    let mut found = regions::find(page);
    found.retain(|region| region.score >= regions::SURE);
    let parts = found.iter().map(|region| {
        let mut part = describe(Evidence::of(&region.cut(page), [0; 32]));
        part.entry.place = Some(region.corners);
        part
    });
    let mut evidence = describe(Evidence::of(page, [number; 32]));
    evidence.take_parts(parts.collect());
    let shop = format!("shop {number}");
    evidence.entry.sighting = Sighting {
        file: format!("{number}.png"),
        seller: shop.clone(),
        listing: shop,
        ..Sighting::default()
    };
    evidence
}

/// Pairs of pages that are linked as one picture, by their numbers.
fn linked(pages: &[RgbImage]) -> Vec<(String, String)> {
    let remembered: Vec<Evidence> = (1..=pages.len() as u8)
        .into_par_iter()
        .map(|number| remembered(&pages[usize::from(number) - 1], number))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let mut index = Index::create(&folder.path().join("seen"), Settings::default()).unwrap();
    for page in &remembered {
        assert!(
            !page.parts.is_empty(),
            "no picture is found on {}",
            page.entry.sighting.file
        );
        index.add(&page.entry).unwrap();
    }
    index.seal(&mut |_| ()).unwrap();
    let seen = index.pictures().unwrap();
    let file = |id: i64| {
        let picture = seen.iter().find(|picture| picture.image_id == id).unwrap();
        picture.sightings[0].file.clone()
    };
    let pairs = index.pairs(MATCH_DISTANCE, 50, &mut |_| ()).unwrap();
    let pictures = pairs.iter().filter(|pair| pair.kind == Kind::Picture);
    let mut linked: Vec<_> = pictures
        .map(|pair| (file(pair.first), file(pair.second)))
        .filter(|(a, b)| a != b)
        .map(|(a, b)| (a.clone().min(b.clone()), a.max(b)))
        .collect();
    linked.sort();
    linked.dedup();
    linked
}

fn the_layout_links_nobody(layout: fn(&RgbImage) -> RgbImage) {
    let mut pages: Vec<RgbImage> = (0..6)
        .map(|seed| layout(&picture(240, 300, seed)))
        .collect();
    // The first again, a little darker.
    let darker = imageops::colorops::brighten(&picture(240, 300, 0), -6);
    pages.push(layout(&darker));
    assert_eq!(linked(&pages), [("1.png".into(), "7.png".into())]);
}

#[test]
fn in_a_chat_different_pictures_are_not_linked_and_the_same_one_is() {
    the_layout_links_nobody(chat);
}

#[test]
fn in_a_listing_different_pictures_are_not_linked_and_the_same_one_is() {
    the_layout_links_nobody(listing);
}
