//! The pictures on a page: each examined as a photo is, and the page as its worst part.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage, imageops};
use serde_json::{Value, json};

use crate::program::{assert_status, json_lines, project, run, stdout};

const IVORY: &str = "ivory_section_elephant.jpg";
const WOOD: &str = "wood_bracelet_904.jpg";

fn photo(name: &str) -> PathBuf {
    project().join("reference-images").join(name)
}

/// A post that shows these photographs below each other, as a phone's screen has it: bars, a face,
/// lines that look like words. Gives where each lies.
fn post(folder: &Path, name: &str, shown: &[&str]) -> (PathBuf, Vec<[u32; 4]>) {
    let mut page = RgbImage::from_pixel(1080, 2000, Rgb([237; 3]));
    let block = |page: &mut RgbImage, x: i64, y: i64, width: u32, height: u32, tone: [u8; 3]| {
        let block = RgbImage::from_pixel(width, height, Rgb(tone));
        imageops::replace(page, &block, x, y);
    };
    block(&mut page, 0, 0, 1080, 180, [60, 90, 160]);
    block(&mut page, 30, 220, 110, 110, [200, 120, 40]);
    for line in 0..3 {
        for word in 0..6 {
            let (x, y) = (180 + 140 * word, 230 + 50 * line);
            block(&mut page, x, y, 90 + 7 * (word as u32 % 4), 26, [40; 3]);
        }
    }
    let mut places = Vec::new();
    let mut y = 420;
    for name in shown {
        let picture = image::open(photo(name)).unwrap().to_rgb8();
        let height = 640 * picture.height() / picture.width();
        let filter = imageops::FilterType::Triangle;
        let picture = imageops::resize(&picture, 640, height.min(700), filter);
        imageops::replace(&mut page, &picture, 180, y);
        places.push([180, y as u32, 820, y as u32 + picture.height()]);
        y += i64::from(picture.height()) + 24;
    }
    let path = folder.join(name);
    page.save(&path).unwrap();
    (path, places)
}

fn check(arguments: &[&str], file: &Path) -> Value {
    let file = file.to_str().unwrap();
    let arguments: Vec<&str> = ["check", "--json"]
        .iter()
        .chain(arguments)
        .chain([&file])
        .copied()
        .collect();
    let output = run(&arguments);
    assert_status(&output, 0);
    json_lines(&stdout(&output)).remove(0)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn each_picture_of_a_page_has_a_row_of_its_own_and_the_worst_decides() {
    let folder = tempfile::tempdir().unwrap();
    let (page, places) = post(folder.path(), "post.png", &[WOOD, IVORY]);
    let row = check(&["--schreger", "never"], &page);
    let regions = row["regions"].as_array().unwrap();
    assert_eq!(regions.len(), 2, "{regions:?}");
    for place in places {
        let at = |region: &&Value| {
            let corner = &region["polygon"][0];
            (number(&corner[1]) - f64::from(place[1])).abs() <= 4.0
        };
        let region = regions.iter().find(at).unwrap();
        for (corner, (x, y)) in [(0, (0, 1)), (1, (2, 1)), (2, (2, 3)), (3, (0, 3))] {
            let found = &region["polygon"][corner];
            assert!(
                (number(&found[0]) - f64::from(place[x])).abs() <= 4.0,
                "{region}"
            );
            assert!(
                (number(&found[1]) - f64::from(place[y])).abs() <= 4.0,
                "{region}"
            );
        }
        let sum: f64 = region["materials"]
            .as_array()
            .unwrap()
            .iter()
            .map(|material| number(&material["score"]))
            .sum();
        assert!((sum - 1.0).abs() < 1e-3, "{region}");
    }
    let words = ["clear", "review", "flag"];
    let rank = |decision: &Value| words.iter().position(|word| decision == word).unwrap();
    let worst = regions.iter().map(|region| rank(&region["decision"])).max();
    assert_eq!(Some(rank(&row["decision"])), worst);
    let mut named = 0;
    let reasons = row["reasons"].as_array().unwrap().iter();
    for (reason, coded) in reasons.zip(row["reasons_coded"].as_array().unwrap()) {
        let Some(place) = coded["region"].as_u64() else {
            continue;
        };
        let reason = reason.as_str().unwrap();
        let bare = reason.strip_prefix(&format!("region {place}: ")).unwrap();
        let own = regions[place as usize - 1]["reasons"].as_array().unwrap();
        assert!(own.contains(&json!(bare)), "{row}");
        named += 1;
    }
    assert!(named > 0, "{row}");
    assert!(!row["law"].as_array().unwrap().is_empty());
}

#[test]
fn a_photograph_has_no_regions_and_never_looks_for_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(check(&[], &photo(WOOD))["regions"], json!([]));
    let (page, _) = post(folder.path(), "post.png", &[WOOD]);
    assert_eq!(
        check(&["--regions", "never"], &page)["regions"],
        Value::Null
    );
    let always = check(&["--regions", "always"], &page);
    assert!(!always["regions"].as_array().unwrap().is_empty());
}

#[test]
fn tables_hold_the_worst_region_and_drawings_frame_all() {
    let folder = tempfile::tempdir().unwrap();
    let (page, _) = post(folder.path(), "post.png", &[WOOD, IVORY]);
    let table = folder.path().join("rows.csv");
    let output = run(&[
        "scan",
        folder.path().to_str().unwrap(),
        "--quiet",
        "--schreger",
        "never",
        "--out",
        table.to_str().unwrap(),
    ]);
    assert_status(&output, 0);
    let mut rows = csv::Reader::from_path(&table).unwrap();
    let header = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let cell = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
    assert_eq!((cell("regions"), cell("region_decision")), ("2", "flag"));
    assert!(!cell("region_label").is_empty() && !cell("region_score").is_empty());
    assert_eq!(cell("region_polygon").split(' ').count(), 4);
    assert_eq!(cell("region_pdq").len(), 64);

    let drawn = folder.path().join("drawn");
    let drawing = ["--schreger", "never", "--overlay", drawn.to_str().unwrap()];
    check(&drawing, &page);
    let drawing = std::fs::read_dir(&drawn).unwrap().next().unwrap().unwrap();
    let drawing = std::fs::read_to_string(drawing.path()).unwrap();
    assert_eq!(drawing.matches("<polygon").count(), 2);
    assert!(drawing.contains("1 flag: "), "what was found is written");
}

/// Adds a manifest of `file,seller` rows to an index, model and all.
fn remember(folder: &Path, rows: &[(&Path, &str)]) -> PathBuf {
    let manifest = folder.join("seen.csv");
    let lines = rows
        .iter()
        .map(|(file, seller)| format!("{},{seller}\n", file.display()));
    std::fs::write(
        &manifest,
        format!("file,seller\n{}", lines.collect::<String>()),
    )
    .unwrap();
    let index = folder.join("index");
    let output = run(&[
        "scan",
        manifest.to_str().unwrap(),
        "--quiet",
        "--schreger",
        "never",
        "--index",
        index.to_str().unwrap(),
        "--out",
        folder.join("rows.jsonl").to_str().unwrap(),
    ]);
    assert_status(&output, 0);
    index
}

fn ask(index: &Path, file: &Path) -> Value {
    let index = ["--schreger", "never", "--index", index.to_str().unwrap()];
    check(&index, file)
}

/// The names of the files that are matched as evidence.
fn evidence(matches: &Value) -> Vec<String> {
    let matches = matches.as_array().unwrap().iter();
    let strong = matches.filter(|found| found["weak"].is_null());
    let name = |found: &Value| {
        let path = Path::new(found["file"].as_str().unwrap());
        path.file_name().unwrap().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = strong.map(name).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_picture_is_found_in_a_page_a_page_by_its_picture_and_a_page_by_what_it_shares() {
    let folder = tempfile::tempdir().unwrap();
    let alone = photo(IVORY);
    let (first, _) = post(folder.path(), "first.png", &[IVORY]);
    let (second, _) = post(folder.path(), "second.png", &[WOOD, IVORY]);
    let (other, _) = post(folder.path(), "other.png", &[WOOD]);

    let index = remember(folder.path(), &[(&first, "anna"), (&other, "carla")]);
    let found = ask(&index, &alone);
    assert_eq!(evidence(&found["matches"]), ["first.png"]);
    assert_eq!(
        found["index"]["images"], 2,
        "pictures on pages are not counted"
    );

    let found = ask(&index, &second);
    assert_eq!(evidence(&found["matches"]), ["first.png", "other.png"]);
    for region in found["regions"].as_array().unwrap() {
        assert_eq!(evidence(&region["matches"]).len(), 1, "{region}");
    }

    let index = remember(&folder.path().join("."), &[(&alone, "ben")]);
    let found = ask(&index, &first);
    let names = evidence(&found["matches"]);
    assert!(names.contains(&IVORY.to_owned()), "{names:?}");
}

#[test]
fn a_layout_links_nobody_and_a_shared_picture_does() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<PathBuf> = ["a", "b", "c"]
        .iter()
        .zip([IVORY, WOOD, IVORY])
        .map(|(name, shown)| post(folder.path(), &format!("{name}.png"), &[shown]).0)
        .collect();
    let sellers = ["anna", "ben", "carla"];
    let rows: Vec<(&Path, &str)> = pages
        .iter()
        .zip(sellers)
        .map(|(page, seller)| (page.as_path(), seller))
        .collect();
    // Other bytes than the first page, the same pixels but for the clock.
    let mut third = image::open(&pages[2]).unwrap().to_rgb8();
    let clock = RgbImage::from_pixel(60, 30, Rgb([255; 3]));
    imageops::replace(&mut third, &clock, 900, 40);
    third.save(&pages[2]).unwrap();
    let index = remember(folder.path(), &rows);
    let links = folder.path().join("links");
    let output = run(&[
        "links",
        index.to_str().unwrap(),
        "--out",
        links.to_str().unwrap(),
    ]);
    assert_status(&output, 0);
    let edges = std::fs::read_to_string(links.join("edges.csv")).unwrap();
    assert_eq!(edges.lines().count(), 2, "{edges}");
    assert!(edges.contains("anna") && edges.contains("carla"), "{edges}");
    let output = run(&["index", "verify", index.to_str().unwrap()]);
    assert_status(&output, 0);
}

#[test]
fn a_removed_page_takes_its_pictures_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (page, _) = post(folder.path(), "page.png", &[IVORY]);
    let index = remember(folder.path(), &[(&page, "anna")]);
    let seller = [
        "index",
        "remove",
        index.to_str().unwrap(),
        "--seller",
        "anna",
    ];
    assert_status(&run(&seller), 0);
    assert_eq!(ask(&index, &photo(IVORY))["matches"], json!([]));
}

#[test]
fn the_line_of_a_page_gives_the_score_of_the_picture_that_raised_it() {
    let folder = tempfile::tempdir().unwrap();
    let (page, _) = post(folder.path(), "post.png", &[WOOD, IVORY]);
    let row = check(&["--schreger", "never"], &page);
    let coded = row["reasons_coded"].as_array().unwrap();
    let reason = coded.iter().find(|one| one["region"].is_number()).unwrap();
    let score = number(&reason["score"]);
    let of_page = row["materials"].as_array().unwrap();
    let of_page = of_page
        .iter()
        .find(|one| one["label"] == reason["label"])
        .unwrap();
    assert!(
        score > number(&of_page["score"]) + 0.01,
        "the page alone says less: {row}"
    );
    let output = run(&["check", "--schreger", "never", page.to_str().unwrap()]);
    let line = stdout(&output);
    let finding = format!("{} ", reason["label"].as_str().unwrap());
    let told = line
        .split(&finding)
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    assert!(
        (told.parse::<f64>().unwrap() - score).abs() < 0.01,
        "{line}"
    );
}

/// The photograph under a red disc with two white bars, over a seventh of it.
fn under_a_sticker(folder: &Path, name: &str) -> PathBuf {
    let mut picture = image::open(photo(name)).unwrap().to_rgb8();
    let (width, height) = picture.dimensions();
    let radius = ((width * height) as f32 / 7.0 / std::f32::consts::PI).sqrt();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (across, down) = (
            x as f32 - width as f32 / 2.0,
            y as f32 - height as f32 / 2.0,
        );
        if across.hypot(down) <= radius {
            let is_word = across.abs() < radius * 0.6 && (down.abs() - radius * 0.2).abs() < 6.0;
            pixel.0 = if is_word { [255; 3] } else { [220, 40, 60] };
        }
    }
    let path = folder.join(format!("covered-{name}"));
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(
        std::fs::File::create(&path).unwrap(),
        90,
    );
    picture.write_with_encoder(encoder).unwrap();
    path
}

#[test]
fn a_picture_under_a_sticker_is_evidence_and_the_sticker_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (photo(WOOD), under_a_sticker(folder.path(), IVORY));
    let index = remember(folder.path(), &[(&first, "anna"), (&second, "carla")]);
    let found = ask(&index, &under_a_sticker(folder.path(), WOOD));
    assert_eq!(evidence(&found["matches"]), [WOOD]);
}
