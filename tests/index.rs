//! The index through its public API: what is remembered, found, shared, repaired.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faunalens::fingerprint::{self, Pdq, PdqHash, PerceptualAlgorithm, PerceptualHash};
use faunalens::index::{
    Breadth, Descriptor, Entry, Evidence, ExportChoice, Followed, Form, Index, IndexError, Kind,
    ListImport, Method, Packing, Query, Sellers, Settings, Sighting, Weakness,
};
use faunalens::links;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use tempfile::TempDir;

/// A sequence that is the same everywhere.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        self.0 ^ (self.0 >> 29)
    }

    fn below(&mut self, limit: u32) -> u32 {
        (self.next() >> 33) as u32 % limit
    }

    fn hash(&mut self) -> PdqHash {
        PdqHash([self.next(), self.next(), self.next(), self.next()])
    }

    fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension)
            .map(|_| self.below(2001) as f32 / 1000.0 - 1.0)
            .collect()
    }
}

fn new_index(settings: Settings) -> (TempDir, Index) {
    let dir = tempfile::tempdir().unwrap();
    let index = Index::create(&root(&dir), settings).unwrap();
    (dir, index)
}

fn root(dir: &TempDir) -> PathBuf {
    dir.path().join("seen")
}

fn sighting(file: &str, seller: &str, listing: &str) -> Sighting {
    let (file, seller, listing) = (file.into(), seller.into(), listing.into());
    Sighting {
        file,
        seller,
        listing,
        platform: "market".into(),
        captured_at: "2026-03-01".into(),
    }
}

fn entry(number: u64, hash: PdqHash, seller: &str) -> Entry {
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&number.to_le_bytes());
    let sighting = sighting(&format!("{number}.jpg"), seller, &format!("L{number}"));
    let pdq = Pdq { hash, quality: 90 };
    Entry {
        sha256,
        width: 800,
        height: 600,
        sighting,
        pdq,
        ..Entry::default()
    }
}

fn asking(hash: PdqHash) -> Query<'static> {
    Query::of(Pdq { hash, quality: 90 })
}

fn flipped(mut hash: PdqHash, bits: u32) -> PdqHash {
    (0..bits).for_each(|k| hash.0[k as usize % 4] ^= 1 << (7 * k % 64));
    hash
}

/// A still life of overlapping discs, the same for the same seed.
fn picture(seed: u64) -> RgbImage {
    let (width, height) = (420, 320);
    let mut sequence = Sequence(seed * 77 + 5);
    let mut pixels = RgbImage::from_pixel(width, height, Rgb([215, 210, 200]));
    for _ in 0..70 {
        let (cx, cy) = (
            i64::from(sequence.below(width)),
            i64::from(sequence.below(height)),
        );
        let (rx, ry) = (
            6 + i64::from(sequence.below(40)),
            6 + i64::from(sequence.below(40)),
        );
        let shade = Rgb([0; 3].map(|_: u8| sequence.below(256) as u8));
        for y in (cy - ry).max(0)..(cy + ry).min(i64::from(height)) {
            for x in (cx - rx).max(0)..(cx + rx).min(i64::from(width)) {
                if ((x - cx) * ry).pow(2) + ((y - cy) * rx).pow(2) < (rx * ry).pow(2) {
                    pixels.put_pixel(x as u32, y as u32, shade);
                }
            }
        }
    }
    pixels
}

fn described(vector: Vec<f32>) -> Descriptor {
    Descriptor {
        vector,
        model: "test".into(),
        preprocessing: "1".into(),
    }
}

/// Evidence with a made-up model that describes the picture by `vector`.
fn evidence(pixels: &RgbImage, number: u64, vector: Vec<f32>) -> Evidence {
    let mut evidence = Evidence::of(pixels, entry(number, PdqHash::default(), "").sha256);
    evidence.entry.descriptor = Some(described(vector));
    evidence.entry.sighting = sighting(&format!("{number}.jpg"), &format!("shop {number}"), "L");
    evidence
}

#[test]
fn a_sighting_added_twice_is_there_once() {
    let (dir, mut index) = new_index(Settings::default());
    let hash = Sequence(1).hash();
    let first = index.add(&entry(1, hash, "anna")).unwrap();
    assert!(first.new_image && first.new_sighting);
    let again = index.add(&entry(1, hash, "anna")).unwrap();
    assert_eq!(
        (again.image_id, again.new_image, again.new_sighting),
        (first.image_id, false, false)
    );
    let elsewhere = index.add(&entry(1, hash, "ben")).unwrap();
    assert!(!elsewhere.new_image && elsewhere.new_sighting);
    index.commit().unwrap();
    let stats = Index::open(&root(&dir)).unwrap().stats().unwrap();
    assert_eq!(
        (stats.images, stats.sightings, stats.sellers, stats.hashes),
        (1, 2, 2, 1)
    );
}

#[test]
fn bytes_come_before_hashes_and_near_before_far() {
    let (_dir, mut index) = new_index(Settings::default());
    let hash = Sequence(2).hash();
    for (number, bits) in [(1, 0), (2, 6), (3, 31), (4, 32)] {
        index
            .add(&entry(number, flipped(hash, bits), "anna"))
            .unwrap();
    }
    let query = asking(hash).with_sha256(entry(3, hash, "").sha256);
    let found = index.query(&query).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|m| (m.file.as_str(), m.method, m.distance))
        .collect();
    let expected = [
        ("3.jpg", Method::Sha256, 0.0),
        ("1.jpg", Method::Pdq, 0.0),
        ("2.jpg", Method::Pdq, 6.0),
    ];
    assert_eq!(found, expected);
}

#[test]
fn packing_changes_no_answer() {
    let (dir, mut index) = new_index(Settings::default());
    let mut sequence = Sequence(3);
    let hashes: Vec<PdqHash> = (0..400).map(|_| sequence.hash()).collect();
    for (number, hash) in hashes.iter().enumerate() {
        index
            .add(&entry(number as u64, flipped(*hash, 9), "anna"))
            .unwrap();
    }
    let ask = |index: &Index| -> Vec<_> {
        hashes
            .iter()
            .map(|&hash| index.query(&asking(hash)).unwrap())
            .collect()
    };
    let before = ask(&index);
    assert!(
        before
            .iter()
            .all(|found| found.len() == 1 && found[0].distance == 9.0)
    );
    index.seal(&mut |_| ()).unwrap();
    assert_eq!(ask(&index), before);
    assert_eq!(ask(&Index::open(&root(&dir)).unwrap()), before);
    index.compact(&mut |_| ()).unwrap();
    assert_eq!(ask(&index), before);
    let problems = Index::open(&root(&dir)).unwrap().verify().unwrap();
    assert!(problems.is_empty(), "{problems:?}");
}

/// The folders of packed files.
fn generations(root: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(root.join("generations")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|folder| folder.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn little_beside_much_is_found_without_packing_all_of_it_anew() {
    let (dir, mut index) = described_index(640, Settings::default().graph_from(600));
    index.seal(&mut |_| ()).unwrap();
    let packed = generations(&root(&dir));
    add_described(&mut index, 640..650);
    index.seal(&mut |_| ()).unwrap();
    assert_eq!(generations(&root(&dir)), packed);
    for index in [&index, &Index::open(&root(&dir)).unwrap()] {
        assert_eq!([0, 640, 649].map(|number| same_hash(index, number)), [1; 3]);
    }
    add_described(&mut index, 650..651);
    index.seal(&mut |_| ()).unwrap();
    assert_ne!(generations(&root(&dir)), packed);
    assert_eq!(index.stats().unwrap().graph_points, 651);
}

#[test]
fn many_copies_of_one_picture_hide_nothing() {
    let (_dir, mut index) = new_index(Settings::default());
    let mut sequence = Sequence(4);
    let (common, rare) = (sequence.hash(), sequence.hash());
    for number in 0..1500 {
        index.add(&entry(number, common, "flood")).unwrap();
    }
    index.add(&entry(9999, rare, "anna")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    assert_eq!(index.stats().unwrap().hashes, 2);
    let found = index.query(&asking(flipped(rare, 20))).unwrap();
    assert_eq!((found.len(), found[0].seller.as_str()), (1, "anna"));
    assert_eq!(
        index.query(&asking(common)).unwrap().len(),
        100,
        "the limit holds"
    );
}

#[test]
fn a_mirrored_copy_is_found_when_all_orientations_are_asked() {
    let (_dir, mut index) = new_index(Settings::default());
    index
        .add(&Evidence::of(&picture(1), [1; 32]).entry)
        .unwrap();
    let mirrored = Evidence::of(&imageops::flip_horizontal(&picture(1)), [9; 32]);
    assert!(index.query(&mirrored.query(false)).unwrap().is_empty());
    assert_eq!(
        index.query(&mirrored.query(true)).unwrap()[0].method,
        Method::Pdq
    );
}

#[test]
fn a_crop_is_found_by_descriptor_and_verified_by_landmarks() {
    let (_dir, mut index) = new_index(Settings::default());
    for seed in 1..5 {
        // Every picture has nearly the same descriptor: only the landmarks can tell them apart.
        index
            .add(&evidence(&picture(seed), seed, vec![1.0, seed as f32 / 100.0, 0.0]).entry)
            .unwrap();
    }
    let crop = imageops::crop_imm(&picture(3), 60, 40, 290, 230).to_image();
    let crop = imageops::resize(&crop, 400, 317, FilterType::Triangle);
    let found = index
        .query(&evidence(&crop, 77, vec![1.0, 0.0, 0.02]).query(false))
        .unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].method, found[0].seller.as_str()),
        (Method::Descriptor, "shop 3")
    );
    assert!(found[0].similarity > 0.9);

    let stranger = evidence(&picture(9), 78, vec![1.0, 0.0, 0.02]);
    assert!(
        index.query(&stranger.query(false)).unwrap().is_empty(),
        "a near descriptor alone is no match"
    );
}

/// The picture with a plate over most of it, words on the plate.
fn covered(seed: u64) -> RgbImage {
    let mut covered = picture(seed);
    let (width, height) = covered.dimensions();
    let plate = RgbImage::from_pixel(width * 6 / 10, height * 9 / 10, Rgb([220, 40, 60]));
    imageops::replace(&mut covered, &plate, 0, 0);
    let words = imageops::crop_imm(&picture(99), 0, 0, width / 2, height / 2).to_image();
    imageops::replace(&mut covered, &words, 8, 8);
    covered
}

#[test]
fn a_covered_picture_is_found_by_what_is_left_behind_nearer_descriptors() {
    let (_dir, mut index) = new_index(Settings::default());
    for seed in 1..21 {
        // The one that is covered is the farthest of twenty.
        let off = if seed == 3 { 0.5 } else { seed as f32 / 1000.0 };
        index
            .add(&evidence(&picture(seed), seed, vec![1.0, off, 0.0]).entry)
            .unwrap();
    }
    let asked = evidence(&covered(3), 77, vec![1.0, 0.0, 0.0]);
    let found = index.query(&asked.query(false)).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].method, found[0].seller.as_str(), found[0].weak),
        (Method::Descriptor, "shop 3", Some(Weakness::PartOnly)),
        "what the plate hides is not known"
    );
    let mut query = asked.query(false);
    query.candidates_in_place = 0;
    assert!(index.query(&query).unwrap().is_empty());

    let stranger = evidence(&covered(60), 78, vec![1.0, 0.0, 0.0]);
    assert!(
        index.query(&stranger.query(false)).unwrap().is_empty(),
        "what is not there is not found under a cover"
    );
}

/// Soft shades, with hardly a corner.
fn soft(seed: u64) -> RgbImage {
    let shift = seed as f32;
    RgbImage::from_fn(420, 320, |x, y| {
        let (x, y) = (x as f32 / 60.0, y as f32 / 45.0);
        let level = (x + shift).sin() + (y - 0.3 * x * shift).cos() + (0.7 * y + x).sin();
        Rgb([1.0, 0.9, 0.8].map(|tint| ((128.0 + 36.0 * level) * tint) as u8))
    })
}

/// The picture under five lines of letters: uprights with two bars each.
fn lettered(picture: &RgbImage) -> RgbImage {
    let mut lettered = picture.clone();
    for (x, y, pixel) in lettered.enumerate_pixels_mut() {
        let (line, row, column) = (y / 42, y % 42, x % 24);
        let is_ink = column < 5 || row < 5 || (12..17).contains(&row);
        if (1..6).contains(&line) && row < 28 && column < 17 && is_ink {
            *pixel = Rgb([250, 40, 30]);
        }
    }
    lettered
}

#[test]
fn a_picture_under_lines_of_text_is_found_by_what_is_seen_between_them() {
    let (_dir, mut index) = new_index(Settings::default());
    for seed in 1..9 {
        let kept = evidence(&soft(seed), seed, vec![1.0, seed as f32 / 100.0, 0.0]);
        index.add(&kept.entry).unwrap();
    }
    let asked = evidence(&lettered(&soft(3)), 77, vec![1.0, 0.0, 0.0]);
    let found = index.query(&asked.query(false)).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].seller, "shop 3");
    assert!(
        found[0].weak.is_some(),
        "what the letters hide is not known"
    );
    let mut by_landmarks = asked.query(false);
    by_landmarks.uncovered = None;
    assert!(index.query(&by_landmarks).unwrap().is_empty());

    let stranger = evidence(&lettered(&soft(60)), 78, vec![1.0, 0.0, 0.0]);
    assert!(index.query(&stranger.query(false)).unwrap().is_empty());
}

#[test]
fn a_damaged_descriptor_is_not_searched_and_hides_no_other() {
    let (dir, mut index) = new_index(Settings::default());
    let (first, second) = (vec![1.0, 0.0, 0.0, 0.2], vec![0.0, 1.0, 0.3, 0.0]);
    index.add(&evidence(&picture(1), 1, first).entry).unwrap();
    index
        .add(&evidence(&picture(2), 2, second.clone()).entry)
        .unwrap();
    index.commit().unwrap();
    drop(index);
    let db = rusqlite::Connection::open(root(&dir).join("faunalens.sqlite")).unwrap();
    db.execute_batch("UPDATE descriptor SET vector = x'00ff' WHERE id = 1")
        .unwrap();
    drop(db);
    let crop = imageops::crop_imm(&picture(2), 60, 40, 300, 230).to_image();
    let found = Index::open(&root(&dir))
        .unwrap()
        .query(&evidence(&crop, 9, second).query(false))
        .unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].method, Method::Descriptor);
}

#[test]
fn descriptors_of_another_model_are_not_compared() {
    let (_dir, mut index) = new_index(Settings::default());
    index
        .add(&evidence(&picture(1), 1, vec![1.0, 0.0]).entry)
        .unwrap();
    let mut asked = evidence(&picture(1), 2, vec![1.0, 0.0]);
    asked.entry.descriptor.as_mut().unwrap().model = "other".into();
    let query = asked.query(false).only(Method::Descriptor);
    assert!(index.query(&query).unwrap().is_empty());
    assert!(
        index.warnings()[0].contains("other"),
        "{:?}",
        index.warnings()
    );
}

#[test]
fn descriptors_of_other_pixels_are_compared_and_stay_together() {
    let (_dir, mut index) = new_index(Settings::default());
    let prepared = |number: u64, seen: u64, preprocessing: &str| {
        let mut evidence = evidence(&picture(seen), number, vec![1.0, seen as f32]);
        evidence.entry.descriptor.as_mut().unwrap().preprocessing = preprocessing.into();
        evidence
    };
    let found = |index: &Index, asked: &Evidence| {
        let query = asked.query(false).only(Method::Descriptor);
        index.query(&query).unwrap().len()
    };
    index.add(&prepared(1, 1, "0.8.0 abc").entry).unwrap();
    let now = "0.8.0 abc pixels/2";
    assert_eq!(found(&index, &prepared(9, 1, now)), 1);
    // Added under the pixels of today, it joins: both are found afterwards, by either.
    index.add(&prepared(2, 2, now).entry).unwrap();
    index.seal(&mut |_| ()).unwrap();
    for preprocessing in ["0.8.0 abc", now] {
        assert_eq!(found(&index, &prepared(9, 1, preprocessing)), 1);
        assert_eq!(found(&index, &prepared(9, 2, preprocessing)), 1);
    }
    assert_eq!(found(&index, &prepared(9, 1, "0.9.0 abc pixels/2")), 0);
    assert_eq!(index.stats().unwrap().decoded_before, 0);
}

#[test]
fn what_shows_nothing_is_kept_and_found_by_nothing() {
    let (_dir, mut index) = new_index(Settings::default());
    let mut blank = evidence(&picture(1), 1, vec![1.0, 0.0]);
    // An index of an earlier version did not know that it shows nothing.
    index.add(&blank.entry).unwrap();
    assert_eq!(index.query(&blank.query(false)).unwrap().len(), 1);
    blank.entry.blank = true;
    index.add(&blank.entry).unwrap();
    assert!(index.query(&blank.query(false)).unwrap().is_empty());
    let another = evidence(&picture(1), 2, vec![1.0, 0.0]);
    assert!(index.query(&another.query(false)).unwrap().is_empty());
    index.seal(&mut |_| ()).unwrap();
    assert_eq!(index.stats().unwrap().marks, [(Weakness::Blank, 1)]);
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn a_removed_picture_stays_away() {
    let (dir, mut index) = new_index(Settings::default());
    let hash = Sequence(5).hash();
    index.add(&entry(1, hash, "anna")).unwrap();
    index.add(&entry(2, hash, "ben")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    assert!(index.remove(&entry(1, hash, "").sha256).unwrap());
    assert!(!index.remove(&entry(1, hash, "").sha256).unwrap());
    assert!(index.add(&entry(1, hash, "anna")).unwrap().removed);
    index.commit().unwrap();
    let sellers = |index: &Index| -> Vec<String> {
        index
            .query(&asking(hash))
            .unwrap()
            .into_iter()
            .map(|found| found.seller)
            .collect()
    };
    assert_eq!(sellers(&index), ["ben"]);
    index.compact(&mut |_| ()).unwrap();
    let reopened = Index::open(&root(&dir)).unwrap();
    assert_eq!(sellers(&reopened), ["ben"]);
    assert_eq!(reopened.stats().unwrap().removed, 1);
    assert_eq!(index.remove_seller("ben").unwrap(), 1);
    assert!(sellers(&index).is_empty());
}

#[test]
fn pictures_of_low_quality_are_kept_and_marked() {
    let (_dir, mut index) = new_index(Settings::default());
    let flat = RgbImage::from_fn(300, 200, |x, _| {
        Rgb([250, 250, if x > 280 { 200 } else { 250 }])
    });
    let evidence = Evidence::of(&flat, [1; 32]);
    assert!(evidence.entry.pdq.quality < fingerprint::MIN_QUALITY);
    index.add(&evidence.entry).unwrap();
    let found = index.query(&evidence.query(false)).unwrap();
    assert_eq!(found[0].weak, Some(Weakness::LowQuality));
}

/// A picture of low quality with a PDQ hash of its own and a pHash, `flips` bits off all zero.
fn low_quality(number: u64, flips: usize, seller: &str) -> Evidence {
    let definition =
        fingerprint::perceptual(&picture(1), PerceptualAlgorithm::Phash, 16).definition;
    let mut bits = vec![0; 32];
    (0..flips).for_each(|bit| bits[bit / 8] |= 1 << (bit % 8));
    let mut entry = entry(number, Sequence(number).hash(), seller);
    entry.pdq.quality = 10;
    entry.perceptual = vec![PerceptualHash {
        definition,
        bits: bits.into(),
    }];
    Evidence {
        orientations: vec![entry.pdq.hash],
        entry,
        ..Evidence::default()
    }
}

#[test]
fn a_near_phash_is_a_candidate_for_a_picture_of_low_quality_alone() {
    let settings = Settings::default().also([PerceptualAlgorithm::Phash]);
    let (dir, mut index) = new_index(settings.clone());
    index.add(&low_quality(1, 0, "anna").entry).unwrap();
    index.commit().unwrap();
    let index = Index::open(&root(&dir)).unwrap();
    assert_eq!(index.settings(), &settings, "they stay with the index");
    let ask = |asked: &Evidence| index.query(&asked.query(false)).unwrap();
    let found = ask(&low_quality(2, 24, ""));
    assert_eq!(
        (found[0].method, found[0].distance, found[0].weak),
        (Method::Perceptual, 24.0, Some(Weakness::LowQuality))
    );
    assert!(ask(&low_quality(3, 25, "")).is_empty(), "beyond reach");
    let mut clear = low_quality(4, 0, "");
    clear.entry.pdq.quality = 50;
    assert!(ask(&clear).is_empty(), "PDQ says enough");
}

#[test]
fn a_near_phash_links_nobody() {
    let settings = Settings::default().also([PerceptualAlgorithm::Phash]);
    let (_dir, mut index) = new_index(settings);
    index.add(&low_quality(1, 0, "anna").entry).unwrap();
    index.add(&low_quality(2, 0, "ben").entry).unwrap();
    index.seal(&mut |_| ()).unwrap();
    let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert!(found.pairs.is_empty() && found.edges.is_empty());
}

#[test]
fn an_index_without_hashes_beside_pdq_keeps_none() {
    let (_dir, index) = new_index(Settings::default());
    assert!(index.settings().also.is_empty());
    let evidence = Evidence::of(&picture(1), [1; 32]);
    let evidence = evidence.with_perceptual(&picture(1), &index.settings().also);
    assert!(evidence.entry.perceptual.is_empty());
}

#[test]
fn hashes_beside_pdq_travel_in_json() {
    let settings = Settings::default().also([PerceptualAlgorithm::Phash]);
    let (_dir, mut index) = new_index(settings.clone());
    let evidence = Evidence::of(&picture(1), [1; 32]).with_perceptual(&picture(1), &settings.also);
    index.add(&evidence.entry).unwrap();
    index.commit().unwrap();
    let list = exported(&index, Form::Json, Sellers::Omitted);
    let (_other_dir, mut other) = new_index(settings);
    let done = other
        .import(
            &ListImport::new("partner").form(Form::Json),
            list.as_bytes(),
            &mut |_| (),
        )
        .unwrap();
    other.commit().unwrap();
    assert_eq!((done.new, done.refused), (1, 0));
    let (ours, theirs) = (index.stats().unwrap(), other.stats().unwrap());
    assert_eq!(ours.perceptual.len(), 1);
    assert_eq!(ours.perceptual, theirs.perceptual);
}

#[test]
fn a_second_writer_is_told_and_readers_go_on() {
    let (dir, mut index) = new_index(Settings::default());
    index.add(&entry(1, Sequence(6).hash(), "anna")).unwrap();
    assert!(matches!(
        Index::writer(&root(&dir), Duration::ZERO),
        Err(IndexError::Locked(_))
    ));
    let reader = Index::open(&root(&dir)).unwrap();
    assert_eq!(reader.stats().unwrap().images, 0, "not committed yet");
    index.commit().unwrap();
    assert_eq!(reader.stats().unwrap().images, 1);
    drop(index);
    Index::writer(&root(&dir), Duration::ZERO).unwrap();
    let refused = Index::open(&root(&dir)).unwrap().add(&Entry::default());
    assert!(matches!(refused, Err(IndexError::ReadOnly(_))));
}

#[test]
fn what_is_not_committed_is_not_there() {
    let (dir, mut index) = new_index(Settings::default());
    let hash = Sequence(7).hash();
    index.add(&entry(1, hash, "anna")).unwrap();
    index.commit().unwrap();
    index.add(&entry(2, hash, "ben")).unwrap();
    drop(index);
    let found = Index::open(&root(&dir))
        .unwrap()
        .query(&asking(hash))
        .unwrap();
    assert_eq!(
        found
            .iter()
            .map(|found| found.seller.as_str())
            .collect::<Vec<_>>(),
        ["anna"]
    );
}

fn packed_file(root: &Path, name: &str) -> PathBuf {
    let generation = fs::read_dir(root.join("generations"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    generation.path().join(name)
}

#[test]
fn damaged_packed_files_are_noticed_worked_around_and_rebuilt() {
    let (dir, mut index) = new_index(Settings::default());
    let hash = Sequence(8).hash();
    index
        .add(&evidence(&picture(1), 1, vec![0.5, 0.5]).entry)
        .unwrap();
    index.add(&entry(2, hash, "anna")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    drop(index);
    let root = root(&dir);
    let ask = |index: &Index| index.query(&asking(flipped(hash, 3))).unwrap();
    let sound = fs::read(packed_file(&root, "hashes.bin")).unwrap();
    for damage in [
        sound.iter().map(|byte| byte ^ 0x40).collect(),
        sound[..40].to_vec(),
        Vec::new(),
    ] {
        fs::write(packed_file(&root, "hashes.bin"), damage).unwrap();
        let index = Index::open(&root).unwrap();
        assert!(
            index.warnings()[0].contains("hashes.bin"),
            "{:?}",
            index.warnings()
        );
        assert_eq!(ask(&index).len(), 1, "the database answers");
        assert!(!index.verify().unwrap().is_empty());
    }
    fs::write(root.join("manifest.json"), "{").unwrap();
    assert_eq!(ask(&Index::open(&root).unwrap()).len(), 1);
    Index::writer(&root, Duration::ZERO)
        .unwrap()
        .compact(&mut |_| ())
        .unwrap();
    let repaired = Index::open(&root).unwrap();
    assert_eq!(repaired.verify().unwrap(), Vec::<String>::new());
    assert_eq!(ask(&repaired).len(), 1);
}

#[test]
fn left_overs_of_an_interrupted_packing_do_no_harm() {
    let (dir, mut index) = new_index(Settings::default());
    index.add(&entry(1, Sequence(9).hash(), "anna")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    let partial = root(&dir).join("generations/g00000002.partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("hashes.bin"), "half").unwrap();
    index.add(&entry(2, Sequence(10).hash(), "ben")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    assert_eq!(
        Index::open(&root(&dir)).unwrap().verify().unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(
        fs::read_dir(root(&dir).join("generations"))
            .unwrap()
            .count(),
        1
    );
}

#[cfg(feature = "graph")]
#[test]
fn a_graph_is_built_measured_and_survives_damage() {
    let (dir, mut index) = new_index(Settings::default().graph_from(1000));
    let mut sequence = Sequence(11);
    let vectors: Vec<Vec<f32>> = (0..1500).map(|_| sequence.vector(12)).collect();
    for (number, vector) in vectors.iter().enumerate() {
        let base = entry(number as u64, PdqHash([number as u64; 4]), "anna");
        index
            .add(&Entry {
                descriptor: Some(described(vector.clone())),
                ..base
            })
            .unwrap();
    }
    // A flood of copies of one picture is one point of the graph.
    for number in 1500..3000 {
        let copy = entry(number, PdqHash([5; 4]), "flood");
        index
            .add(&Entry {
                descriptor: Some(described(vectors[5].clone())),
                ..copy
            })
            .unwrap();
    }
    index.seal(&mut |_| ()).unwrap();
    let stats = index.stats().unwrap();
    assert_eq!((stats.images, stats.graph_points), (3000, 1500));
    let recall = stats.recall.unwrap();
    assert!(recall.recall_at_10 >= 0.95, "{recall:?}");

    let ask = |index: &Index, breadth| {
        index
            .near_descriptors(&described(vectors[777].clone()), 10, breadth)
            .unwrap()
    };
    let reader = Index::open(&root(&dir)).unwrap();
    let exact = ask(&reader, Breadth::All);
    assert!(exact[0].1 > 0.9999 && exact.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    let by_graph = ask(&reader, Breadth::Tuned);
    assert!(
        by_graph
            .iter()
            .filter(|found| exact.contains(found))
            .count()
            >= 9,
        "{by_graph:?} and {exact:?}"
    );
    assert!(reader.warnings().is_empty());

    drop(index);
    for name in ["graph.links", "graph.hnsw.data", "graph.hnsw.graph"] {
        let path = packed_file(&root(&dir), name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[100] ^= 1;
        fs::write(&path, bytes).unwrap();
        let reader = Index::open(&root(&dir)).unwrap();
        assert!(reader.verify().unwrap()[0].contains(name));
        let answer = ask(&reader, Breadth::Tuned);
        if name == "graph.links" {
            assert_eq!(answer, exact, "the scan answers");
            assert!(
                reader.warnings()[0].contains(name),
                "{:?}",
                reader.warnings()
            );
        }
        let mut writer = Index::writer(&root(&dir), Duration::ZERO).unwrap();
        writer.seal(&mut |_| ()).unwrap();
        assert!(
            writer.warnings()[0].contains(name) && writer.warnings()[0].contains("rebuilt"),
            "{:?}",
            writer.warnings()
        );
        let repaired = Index::open(&root(&dir)).unwrap();
        assert_eq!(repaired.verify().unwrap(), Vec::<String>::new());
        assert_eq!(ask(&repaired, Breadth::Tuned), by_graph);
    }
}

#[test]
fn the_first_format_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(dir.path().join("faunalens.sqlite")).unwrap();
    db.execute_batch(include_str!("data/index-v1.sql")).unwrap();
    drop(db);
    let error = Index::open(dir.path()).unwrap_err();
    assert!(
        matches!(error, IndexError::Older { found: 1, .. }),
        "a reader changes nothing: {error}"
    );
    drop(Index::writer(dir.path(), Duration::ZERO).unwrap());
    let index = Index::open(dir.path()).unwrap();
    let found = index
        .query(&asking("0123456789abcdef".repeat(4).parse().unwrap()))
        .unwrap();
    assert_eq!(
        (found[0].seller.as_str(), found[0].file.as_str()),
        ("old shop", "old.jpg")
    );
    let mut index = Index::writer(dir.path(), Duration::ZERO).unwrap();
    index
        .add(&evidence(&picture(1), 1, vec![1.0, 2.0]).entry)
        .unwrap();
    index.seal(&mut |_| ()).unwrap();
    let stats = index.stats().unwrap();
    assert_eq!(
        (stats.landmarks, stats.images, stats.decoded_before),
        (1, 2, 1)
    );
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
    assert!(index.remarks().unwrap()[0].starts_with("1 pictures were decoded by an earlier"));
}

#[test]
fn a_newer_format_is_refused_with_a_reason() {
    let (dir, index) = new_index(Settings::default());
    drop(index);
    let db = rusqlite::Connection::open(root(&dir).join("faunalens.sqlite")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = Index::open(&root(&dir)).unwrap_err();
    assert!(
        matches!(error, IndexError::Newer { found: 99, .. }),
        "{error}"
    );
}

#[test]
fn hash_only_keeps_no_paths_landmarks_or_descriptors() {
    let (_dir, mut index) = new_index(Settings::default().hash_only(true));
    index
        .add(&evidence(&picture(1), 1, vec![1.0, 0.0]).entry)
        .unwrap();
    index.seal(&mut |_| ()).unwrap();
    let stats = index.stats().unwrap();
    assert_eq!(
        (stats.images, stats.landmarks, stats.descriptors),
        (1, 0, 0)
    );
    assert_eq!(index.pictures().unwrap()[0].sightings[0].file, "");
}

fn exported(index: &Index, form: Form, sellers: Sellers<'_>) -> String {
    let mut out = Vec::new();
    index
        .export(form, sellers, &ExportChoice::default(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_form_of_list_comes_back_with_the_same_hashes() {
    let (_dir, mut index) = new_index(Settings::default());
    let mut sequence = Sequence(12);
    let hashes: Vec<PdqHash> = (0..20).map(|_| sequence.hash()).collect();
    for (number, hash) in hashes.iter().enumerate() {
        index.add(&entry(number as u64, *hash, "anna")).unwrap();
    }
    index.commit().unwrap();
    for form in [Form::ThreatExchange, Form::Csv, Form::PdqTool, Form::Json] {
        let list = exported(&index, form, Sellers::Omitted);
        assert!(!list.contains("anna") && !list.contains(".jpg"), "{list}");
        let (_other, mut partner) = new_index(Settings::default());
        let first = partner
            .import(
                &ListImport::new("ours").form(form),
                list.as_bytes(),
                &mut |_| (),
            )
            .unwrap();
        assert_eq!((first.new, first.refused), (20, 0), "{form:?}");
        let again = partner
            .import(
                &ListImport::new("ours").form(form),
                list.as_bytes(),
                &mut |_| (),
            )
            .unwrap();
        assert_eq!((again.new, again.known), (0, 20), "{form:?}");
        partner.commit().unwrap();
        for hash in &hashes {
            let found = partner.query(&asking(*hash)).unwrap();
            assert_eq!((found.len(), found[0].method), (1, Method::Pdq));
        }
    }
}

#[test]
fn sellers_leave_as_pseudonyms_and_withdrawn_hashes_go_at_the_partner_too() {
    let (_dir, mut index) = new_index(Settings::default());
    let hash = Sequence(13).hash();
    index.add(&entry(1, hash, "anna")).unwrap();
    index.commit().unwrap();
    let key = [7; 32];
    let list = exported(&index, Form::Json, Sellers::Pseudonyms(&key));
    let hidden = faunalens::index::pseudonym(&key, "market", "anna");
    assert!(list.contains(&hidden) && !list.contains("anna"), "{list}");

    let (_other, mut partner) = new_index(Settings::default());
    partner
        .import(
            &ListImport::new("ours").form(Form::Json),
            list.as_bytes(),
            &mut |_| (),
        )
        .unwrap();
    partner.commit().unwrap();
    assert_eq!(partner.query(&asking(hash)).unwrap()[0].seller, hidden);

    index.remove(&entry(1, hash, "").sha256).unwrap();
    index.commit().unwrap();
    let list = exported(&index, Form::Json, Sellers::Pseudonyms(&key));
    assert!(
        !list.contains(&hash.to_string()),
        "a tombstone does not repeat the hash: {list}"
    );
    assert_eq!(
        partner
            .import(
                &ListImport::new("ours").form(Form::Json),
                list.as_bytes(),
                &mut |_| ()
            )
            .unwrap()
            .removed,
        1
    );
    partner.commit().unwrap();
    assert!(partner.query(&asking(hash)).unwrap().is_empty());
}

#[test]
fn bad_lines_of_a_list_are_named_and_the_rest_is_taken() {
    let (_dir, mut index) = new_index(Settings::default());
    let list = format!(
        "pdq {}\npdq 123\nvideo_md5 00\n\n{}\n",
        "ab".repeat(32),
        "cd".repeat(32)
    );
    let done = index
        .import(
            &ListImport::new("list").form(Form::ThreatExchange),
            list.as_bytes(),
            &mut |_| (),
        )
        .unwrap();
    assert_eq!((done.new, done.other_types, done.refused), (2, 1, 1));
    assert_eq!(done.refused_lines[0].0, 2);
    let low = format!("{},12,a.jpg\n", "ef".repeat(32));
    assert_eq!(
        index
            .import(
                &ListImport::new("low").form(Form::PdqTool),
                low.as_bytes(),
                &mut |_| ()
            )
            .unwrap()
            .low_quality,
        1
    );
    assert!(
        index
            .import(
                &ListImport::new("wrong").form(Form::Csv),
                "a,b\n1,2\n".as_bytes(),
                &mut |_| ()
            )
            .is_err()
    );
    assert!(
        index
            .import(
                &ListImport::new("wrong").form(Form::Json),
                "[]\n".as_bytes(),
                &mut |_| ()
            )
            .is_err()
    );
}

/// Every seller shows one picture of her own in all her shops; all show one picture of the maker
/// and a placeholder.
#[test]
fn twenty_three_sellers_with_thirty_seven_shops() {
    let (dir, mut index) = new_index(Settings::default());
    let mut sequence = Sequence(14);
    let (makers, placeholder) = (sequence.hash(), sequence.hash());
    let (mut number, mut shop) = (0, 0);
    for seller in 0..23 {
        let own = sequence.hash();
        for _ in 0..if seller < 14 { 2 } else { 1 } {
            shop += 1;
            for (hash, quality) in [(own, 95), (makers, 95), (placeholder, 10)] {
                number += 1;
                let mut shown = entry(
                    number,
                    flipped(hash, (number % 5) as u32),
                    &format!("shop {shop:02}"),
                );
                shown.pdq.quality = quality;
                shown.sighting.captured_at = format!("2026-01-{:02}", 1 + number % 28);
                index.add(&shown).unwrap();
            }
        }
    }
    index.seal(&mut |_| ()).unwrap();
    let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert_eq!(found.shops.len(), 37);
    assert_eq!(
        found.edges.len(),
        37 * 36 / 2,
        "the maker's picture links all"
    );
    let close: Vec<_> = found
        .edges
        .iter()
        .filter(|edge| edge.strength > 1.0)
        .collect();
    assert_eq!(close.len(), 14, "one seller's two shops stand out");
    for edge in close {
        assert_eq!(edge.shared, 2);
        assert!((edge.strength - (1.0 + 1.0 / 37f64.log2())).abs() < 1e-9);
        assert!(edge.first_seen <= edge.last_seen && edge.first_seen.starts_with("2026-01-"));
    }
    let (out, again) = (dir.path().join("links"), dir.path().join("again"));
    found.write(&out).unwrap();
    let graph = fs::read_to_string(out.join("sellers.graphml")).unwrap();
    assert_eq!(
        (
            graph.matches("<node ").count(),
            graph.matches("<edge ").count()
        ),
        (37, 666)
    );
    let reopened = Index::open(&root(&dir)).unwrap();
    links::find(&reopened, &links::Options::default(), &mut |_| ())
        .unwrap()
        .write(&again)
        .unwrap();
    for name in [
        "clusters.csv",
        "objects.csv",
        "pairs.csv",
        "edges.csv",
        "sellers.graphml",
    ] {
        assert_eq!(
            fs::read(out.join(name)).unwrap(),
            fs::read(again.join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_placeholder_alone_links_nobody() {
    let (_dir, mut index) = new_index(Settings::default());
    let placeholder = Sequence(15).hash();
    for number in 0..4 {
        let mut shown = entry(number, placeholder, &format!("shop {number}"));
        shown.pdq.quality = 12;
        index.add(&shown).unwrap();
    }
    // A delivery notice of good quality, in five listings of one shop, and once in another.
    let notice = Sequence(16).hash();
    for (seller, listing) in [
        ("shop 1", 1),
        ("shop 1", 2),
        ("shop 1", 3),
        ("shop 1", 4),
        ("shop 1", 5),
        ("shop 2", 9),
    ] {
        let mut shown = entry(50, notice, seller);
        shown.sighting.listing = format!("L{listing}");
        index.add(&shown).unwrap();
    }
    index.seal(&mut |_| ()).unwrap();
    let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert!(found.edges.is_empty(), "{:?}", found.edges);
    assert_eq!(found.clusters.len(), 2, "they are still listed");
}

#[test]
fn a_mirrored_or_turned_copy_in_another_shop_makes_a_link_by_hash_alone() {
    let (_dir, mut index) = new_index(Settings::default().hash_only(true));
    let original = picture(1);
    let copies = [
        original.clone(),
        imageops::flip_horizontal(&original),
        imageops::rotate90(&original),
        imageops::rotate180(&original),
    ];
    for (number, copy) in copies.iter().enumerate() {
        let mut entry = Evidence::of(copy, [number as u8; 32]).entry;
        entry.sighting = sighting("", &format!("shop {number}"), "L");
        index.add(&entry).unwrap();
    }
    let mut other = Evidence::of(&picture(2), [9; 32]).entry;
    other.sighting = sighting("", "shop 9", "L");
    index.add(&other).unwrap();
    let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert_eq!(
        found.edges.len(),
        6,
        "every two of the four: {:?}",
        found.pairs
    );
    assert_eq!(found.shops.last().unwrap().group, 0);
}

#[test]
fn packed_files_of_an_earlier_version_are_made_anew() {
    let (dir, mut index) = new_index(Settings::default());
    let hash = Sequence(21).hash();
    index.add(&entry(1, hash, "anna")).unwrap();
    index.seal(&mut |_| ()).unwrap();
    drop(index);
    let manifest = root(&dir).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"format\": 2", "\"format\": 1")).unwrap();
    let old = Index::open(&root(&dir)).unwrap();
    assert!(
        old.warnings()[0].contains("format 1"),
        "{:?}",
        old.warnings()
    );
    assert_eq!(old.query(&asking(hash)).unwrap().len(), 1);
    let mut writer = Index::writer(&root(&dir), Duration::ZERO).unwrap();
    writer.seal(&mut |_| ()).unwrap();
    let renewed = Index::open(&root(&dir)).unwrap();
    assert_eq!(renewed.verify().unwrap(), Vec::<String>::new());
    assert_eq!(renewed.query(&asking(hash)).unwrap().len(), 1);
}

#[test]
fn a_crop_in_another_shop_makes_a_link() {
    let (_dir, mut index) = new_index(Settings::default());
    index
        .add(&evidence(&picture(1), 1, vec![1.0, 0.1, 0.0]).entry)
        .unwrap();
    let crop = imageops::crop_imm(&picture(1), 50, 50, 300, 220).to_image();
    index
        .add(&evidence(&crop, 2, vec![1.0, 0.0, 0.1]).entry)
        .unwrap();
    index
        .add(&evidence(&picture(2), 3, vec![1.0, 0.0, 0.0]).entry)
        .unwrap();
    let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert_eq!((found.pairs.len(), found.edges.len()), (1, 1));
    assert_eq!(found.pairs[0].method, Method::Descriptor);
    assert_eq!(
        found
            .shops
            .iter()
            .map(|shop| shop.group)
            .collect::<Vec<_>>(),
        [1, 1, 0]
    );
}

/// One object, `size` pixels wide, in front of a ground of its own.
fn shot(ground: u64, size: u32, x: i64, y: i64) -> RgbImage {
    let object = imageops::resize(&picture(1), size, size * 3 / 4, FilterType::Triangle);
    let mut shot = imageops::resize(&picture(ground), 520, 440, FilterType::Triangle);
    imageops::replace(&mut shot, &object, x, y);
    shot
}

#[test]
fn one_object_in_two_shots_is_told_from_one_picture_and_makes_no_edge() {
    // The smaller the part of two shots that is the object, the less is claimed.
    let mut claims = Vec::new();
    for size in (140..=400).rev().step_by(20) {
        let (dir, mut index) = new_index(Settings::default());
        let shots = [shot(7, size, 40, 60), shot(8, size, 90, 90)];
        for (number, shot) in shots.iter().enumerate() {
            let vector = vec![1.0, number as f32 / 10.0, 0.0];
            index
                .add(&evidence(shot, number as u64, vector).entry)
                .unwrap();
        }
        index.seal(&mut |_| ()).unwrap();
        let found = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
        let kind = found.pairs.first().map(|pair| pair.kind);
        if kind == Some(Kind::Object) {
            assert_eq!(found.pairs[0].method, Method::Descriptor);
            assert!(found.edges.is_empty() && found.clusters.iter().all(|c| c.pictures.len() == 1));
            assert_eq!(found.objects[0].pictures.len(), 2);
            found.write(&dir.path().join("links")).unwrap();
            let objects = fs::read_to_string(dir.path().join("links/objects.csv")).unwrap();
            assert!(objects.starts_with("object,image_id,") && objects.lines().count() == 3);
        }
        claims.push(kind);
    }
    assert!(claims.contains(&Some(Kind::Object)), "{claims:?}");
}

/// A product with hardly a corner of its own, for it is out of focus, above a busy banner.
fn page(product: u64) -> RgbImage {
    let mut page = imageops::blur(&picture(product), 11.0);
    let words = imageops::crop_imm(&picture(3), 0, 0, 420, 100).to_image();
    imageops::replace(&mut page, &words, 0, 220);
    page
}

#[test]
fn another_product_in_the_same_layout_is_no_copy_and_a_copy_of_the_page_is() {
    let (_dir, mut index) = new_index(Settings::default());
    let stored = page(11);
    index
        .add(&evidence(&stored, 0, vec![1.0, 0.0]).entry)
        .unwrap();
    let weak = |pixels: &RgbImage| {
        let asked = evidence(pixels, 1, vec![1.0, 0.0]);
        let query = asked.query(false).within(0);
        let found = index.query(&query).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].method, Method::Descriptor);
        found[0].weak
    };
    let again = imageops::resize(&stored, 315, 240, FilterType::Triangle);
    assert_eq!(weak(&imageops::brighten(&again, 12)), None);
    let other = page(12);
    assert_eq!(weak(&other), Some(Weakness::PartOnly));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_index_finds_what_a_plain_list_would(
        bits in prop::collection::vec((0u64..6, 0u32..40), 1..40),
        seal_after in 0usize..40,
        reach in 0u32..40,
    ) {
        let (_dir, mut index) = new_index(Settings::default());
        let mut plain = Vec::new();
        for (number, &(base, bits)) in bits.iter().enumerate() {
            let hash = flipped(Sequence(base * 1000).hash(), bits);
            let added = index.add(&entry(number as u64, hash, "anna")).unwrap();
            plain.push((added.image_id, hash));
            if number == seal_after {
                index.seal(&mut |_| ()).unwrap();
            }
        }
        let asked = Sequence(0).hash();
        let query = asking(asked).within(reach);
        let mut found: Vec<_> = index.query(&query).unwrap().iter().map(|m| (m.image_id, m.distance)).collect();
        found.sort_by_key(|found| found.0);
        let distances = plain.iter().map(|(id, hash)| (*id, hash.hamming(&asked)));
        let expected: Vec<_> =
            distances.filter(|found| found.1 <= reach).map(|(id, distance)| (id, f64::from(distance))).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn an_open_index_follows_what_others_write_and_no_renumbering_leads_it_astray() {
    let mut sequence = Sequence(31);
    let (dir, mut writer) = new_index(Settings::default());
    let mut reader = Index::open(&root(&dir)).unwrap();
    assert_eq!(reader.follow().unwrap(), Followed::Unchanged);
    let hashes: Vec<PdqHash> = (0..6).map(|_| sequence.hash()).collect();
    let found = |reader: &Index, hash: PdqHash| reader.query(&asking(hash)).unwrap().len();
    for (number, &hash) in (0..).zip(&hashes[..3]) {
        let descriptor = Descriptor {
            vector: sequence.vector(16),
            model: "m".into(),
            preprocessing: "p".into(),
        };
        let descriptor = Some(descriptor);
        let added = Entry {
            descriptor,
            ..entry(number, hash, "anna")
        };
        writer.add(&added).unwrap();
        assert_eq!(found(&reader, hash), 0, "not durable yet");
        writer.commit().unwrap();
        assert_eq!(reader.follow().unwrap(), Followed::Changed);
        assert_eq!(found(&reader, hash), 1);
        assert_eq!(reader.follow().unwrap(), Followed::Unchanged);
    }
    // Packed: what is open stays right, also with what comes afterwards.
    writer.seal(&mut |_| ()).unwrap();
    writer.add(&entry(3, hashes[3], "ben")).unwrap();
    writer.commit().unwrap();
    assert_eq!(reader.follow().unwrap(), Followed::Repacked);
    assert!(hashes[..4].iter().all(|&hash| found(&reader, hash) == 1));
    let aside = Index::open(&root(&dir)).unwrap();
    assert_eq!(aside.generation(), writer.generation());
    // Removed and compacted: rows are renumbered, and new pictures take old numbers.
    writer.remove_seller("ben").unwrap();
    writer.compact(&mut |_| ()).unwrap();
    writer.add(&entry(4, hashes[4], "cleo")).unwrap();
    writer.commit().unwrap();
    assert_eq!(reader.follow().unwrap(), Followed::Changed);
    let counts = hashes[..5].iter().map(|&hash| found(&reader, hash));
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1, 1, 0, 1]);
    assert_eq!(reader.generation(), writer.generation());
}

#[test]
fn a_writer_that_pauses_lets_others_write_and_takes_up_what_they_did() {
    let mut sequence = Sequence(37);
    let (dir, mut first) = new_index(Settings::default());
    let hashes: Vec<PdqHash> = (0..3).map(|_| sequence.hash()).collect();
    first.add(&entry(0, hashes[0], "anna")).unwrap();
    let second = Index::writer(&root(&dir), Duration::ZERO);
    assert!(matches!(second, Err(IndexError::Locked(_))));
    first.pause_writing().unwrap();
    let refused = first.add(&entry(9, hashes[2], "anna"));
    assert!(matches!(refused, Err(IndexError::ReadOnly(_))));
    let mut second = Index::writer(&root(&dir), Duration::ZERO).unwrap();
    second.add(&entry(1, hashes[1], "ben")).unwrap();
    second.seal(&mut |_| ()).unwrap();
    let locked = first.resume_writing(Duration::ZERO);
    assert!(matches!(locked, Err(IndexError::Locked(_))));
    drop(second);
    first.resume_writing(Duration::ZERO).unwrap();
    first.add(&entry(2, hashes[2], "cleo")).unwrap();
    first.add(&entry(3, hashes[1], "dora")).unwrap();
    first.pause_writing().unwrap();
    let reader = Index::open(&root(&dir)).unwrap();
    let counts = hashes
        .iter()
        .map(|&hash| reader.query(&asking(hash)).unwrap().len());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 2, 1]);
}

#[test]
fn a_page_and_the_picture_on_it_were_seen_once() {
    let (_dir, mut index) = new_index(Settings::default());
    let shown = picture(3);
    let mut page = evidence(&shown, 1, vec![1.0, 2.0]);
    let mut part = evidence(&shown, 1, vec![1.0, 2.0]);
    let (width, height) = (page.entry.width as f32, page.entry.height as f32);
    part.entry.place = Some([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]);
    page.take_parts(vec![part]);
    index.add(&page.entry).unwrap();
    index.commit().unwrap();
    let links = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert_eq!(links.clusters, [], "a page is no copy of its own picture");

    let mut copy = evidence(&shown, 2, vec![1.0, 2.0]);
    copy.entry.sha256 = [2; 32];
    index.add(&copy.entry).unwrap();
    index.commit().unwrap();
    let links = links::find(&index, &links::Options::default(), &mut |_| ()).unwrap();
    assert_eq!(links.clusters.len(), 1);
    assert_eq!(links.clusters[0].sightings(), 2, "{:?}", links.clusters);
    assert_eq!(links.edges.len(), 1);
}

/// An index with `count` descriptors that are not packed.
fn described_index(count: u64, settings: Settings) -> (TempDir, Index) {
    let (dir, mut index) = new_index(settings);
    add_described(&mut index, 0..count);
    (dir, index)
}

fn add_described(index: &mut Index, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let angle = number as f32 / 700.0;
        let base = entry(number, PdqHash([number; 4]), "anna");
        let vector = vec![angle.cos(), angle.sin(), 0.1];
        let descriptor = Some(described(vector));
        index.add(&Entry { descriptor, ..base }).unwrap();
    }
    index.commit().unwrap();
}

/// Sightings of just the hash of a picture of [`described_index`].
fn same_hash(index: &Index, number: u64) -> usize {
    let found = index.query(&asking(PdqHash([number; 4]))).unwrap();
    found.iter().filter(|found| found.distance == 0.0).count()
}

#[test]
fn much_is_packed_aside_while_a_writer_is_at_work() {
    let (dir, mut index) = described_index(2000, Settings::default().graph_from(1000));
    let mut reader = Index::open(&root(&dir)).unwrap();
    assert!(reader.packing_is_due().unwrap());
    index.pause_writing().unwrap();
    // Another one adds and removes while the files are made; the graph's first step tells when.
    let mut beside = Some(index);
    let mut step = |_| {
        if let Some(mut index) = beside.take() {
            index.resume_writing(Duration::ZERO).unwrap();
            add_described(&mut index, 2000..2010);
            assert!(
                index
                    .remove(&entry(7, PdqHash::default(), "").sha256)
                    .unwrap()
            );
            index.pause_writing().unwrap();
        }
    };
    let packed = Index::pack_aside(&root(&dir), Packing::All, Duration::ZERO, &mut step);
    assert!(packed.unwrap() && beside.is_none());
    assert_eq!(reader.follow().unwrap(), Followed::Repacked);
    for index in [&reader, &Index::open(&root(&dir)).unwrap()] {
        assert_eq!(index.stats().unwrap().images, 2009);
        let found = |number| same_hash(index, number);
        assert_eq!([0, 7, 1999, 2009].map(found), [1, 0, 1, 1]);
    }
    let fresh = Index::open(&root(&dir)).unwrap();
    assert!(!fresh.packing_is_due().unwrap());
    assert_eq!(fresh.stats().unwrap().graph_points, 2000);
    assert_eq!(fresh.verify().unwrap(), Vec::<String>::new());
}

#[test]
fn what_was_packed_aside_is_left_where_the_rows_were_renumbered_or_packed_meanwhile() {
    for compacts in [true, false] {
        let (dir, index) = described_index(1500, Settings::default().graph_from(1000));
        drop(index);
        let mut beside = Some(());
        let mut step = |_| {
            if beside.take().is_some() {
                let mut index = Index::writer(&root(&dir), Duration::ZERO).unwrap();
                match compacts {
                    true => index.compact(&mut |_| ()).unwrap(),
                    false => index.seal(&mut |_| ()).unwrap(),
                }
            }
        };
        let packed = Index::pack_aside(&root(&dir), Packing::All, Duration::ZERO, &mut step);
        assert!(!packed.unwrap() && beside.is_none());
        let index = Index::open(&root(&dir)).unwrap();
        assert_eq!(index.verify().unwrap(), Vec::<String>::new());
        assert_eq!(index.stats().unwrap().graph_points, 1500);
        assert!(!root(&dir).join("generations/aside").exists());
    }
}

#[test]
fn a_packing_that_was_stopped_is_begun_anew_and_two_never_run_at_once() {
    let (dir, index) = described_index(1500, Settings::default().graph_from(1000));
    drop(index);
    let aside = root(&dir).join("generations/aside");
    fs::create_dir_all(&aside).unwrap();
    fs::write(aside.join("hashes.bin"), "half of").unwrap();
    let (place, mut others) = (root(&dir), Vec::new());
    let mut step = |_| {
        others.push(Index::pack_aside(&place, Packing::All, Duration::ZERO, &mut |_| ()).unwrap())
    };
    let packed = Index::pack_aside(&place, Packing::All, Duration::ZERO, &mut step);
    assert!(packed.unwrap());
    assert!(!others.is_empty() && others.iter().all(|packed| !packed));
    let index = Index::open(&place).unwrap();
    assert_eq!(index.stats().unwrap().graph_points, 1500);
    // Few hashes are new: when descriptors are due, the file of the others is taken over as it is.
    drop(index);
    let mut index = Index::writer(&place, Duration::ZERO).unwrap();
    add_described(&mut index, 1500..1600);
    let due =
        |place: &Path| Index::pack_aside(place, Packing::Due, Duration::ZERO, &mut |_| ()).unwrap();
    index.pause_writing().unwrap();
    assert!(!due(&place));
    index.resume_writing(Duration::ZERO).unwrap();
    add_described(&mut index, 1600..3600);
    drop(index);
    let hashes = || fs::metadata(packed_file(&place, "hashes.bin")).unwrap();
    let before = hashes().modified().unwrap();
    assert!(due(&place) && !due(&place));
    assert_eq!(hashes().modified().unwrap(), before);
    let index = Index::open(&place).unwrap();
    let stats = index.stats().unwrap();
    assert_eq!(
        (stats.images, stats.unpacked, stats.graph_points),
        (3600, 2100, 3600)
    );
    assert_eq!(same_hash(&index, 3599), 1);
    assert_eq!(index.verify().unwrap(), Vec::<String>::new());
}
