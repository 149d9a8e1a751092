//! Pictures that show nothing: clear whatever the scores say, and no link between sellers.

use std::path::{Path, PathBuf};

use image::{GrayImage, Luma, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::program::{assert_status, bundle_raising, json_lines, project, run, stdout};

/// Pictures that show nothing, and one that does.
fn pictures(folder: &Path) -> (Vec<PathBuf>, PathBuf) {
    let save = |name: &str, picture: &RgbImage| {
        let path = folder.join(name);
        picture.save(&path).unwrap();
        path
    };
    let plain = |tone: [u8; 3]| RgbImage::from_pixel(300, 200, Rgb(tone));
    let blank = vec![
        save("black.png", &plain([0; 3])),
        save("grey.jpg", &plain([128; 3])),
        save("white.png", &plain([255; 3])),
        save("dot.png", &RgbImage::from_pixel(1, 1, Rgb([240, 230, 200]))),
        save(
            "dusk.jpg",
            &RgbImage::from_fn(480, 320, |x, y| Rgb([(x / 2) as u8, (y / 2) as u8, 90])),
        ),
    ];
    let seen = folder.join("seen.jpg");
    let reference = project().join("reference-images/wood_bracelet_904.jpg");
    std::fs::copy(reference, &seen).unwrap();
    (blank, seen)
}

fn check(arguments: &[&str], files: &[PathBuf]) -> Vec<Value> {
    let files = files.iter().map(|path| path.to_str().unwrap());
    let arguments: Vec<&str> = ["check", "--json"]
        .into_iter()
        .chain(arguments.iter().copied())
        .chain(files)
        .collect();
    let output = run(&arguments);
    assert_status(&output, 0);
    json_lines(&stdout(&output))
}

#[test]
fn what_shows_nothing_is_marked_and_clear_whatever_its_scores() {
    let folder = tempfile::tempdir().unwrap();
    let (blank, seen) = pictures(folder.path());
    // Every score raises a decision.
    let bundle = bundle_raising(folder.path(), "ivory", 0.0, 0.000_001);
    let bundle = ["--model", bundle.to_str().unwrap(), "--schreger", "always"];
    let files: Vec<PathBuf> = blank.iter().cloned().chain([seen]).collect();
    let rows = check(&bundle, &files);
    for row in &rows[..blank.len()] {
        assert_eq!(row["marks"], json!(["blank"]), "{}", row["file"]);
        assert_eq!(row["decision"], "clear", "{}", row["file"]);
        assert_eq!((&row["reasons"], &row["law"]), (&json!([]), &json!([])));
        assert_eq!(row["schreger"]["status"], "not_applicable");
        assert!(row["materials"].as_array().unwrap().len() > 1);
    }
    let last = &rows[blank.len()];
    assert_eq!(last["marks"], json!([]));
    assert_ne!(last["decision"], "clear");
    assert_ne!(last["schreger"]["status"], "not_applicable");
}

#[test]
fn what_shows_nothing_matches_nothing_and_links_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (blank, seen) = pictures(folder.path());
    let files: Vec<&PathBuf> = blank.iter().chain([&seen]).collect();
    let manifest = folder.path().join("list.csv");
    let mut rows = String::from("file,seller,listing\n");
    for seller in ["Anna", "Bert"] {
        for (number, file) in files.iter().enumerate() {
            rows += &format!("{},{seller},{number}\n", file.display());
        }
    }
    std::fs::write(&manifest, rows).unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (index, manifest, out) = (at("index"), at("list.csv"), at("rows.jsonl"));

    let scanned = run(&["scan", &manifest, "--out", &out, "--index", &index]);
    assert_status(&scanned, 0);
    assert_status(&run(&["index", "add", &index, &manifest]), 0);
    let again: Vec<PathBuf> = files.iter().map(|&file| file.clone()).collect();
    let answers = check(&["--index", &index], &again);
    for row in &answers[..blank.len()] {
        assert_eq!(row["matches"], json!([]), "{}", row["file"]);
    }
    let sellers = answers[blank.len()]["matches"].as_array().unwrap();
    assert_eq!(
        sellers.len(),
        2,
        "what shows something is found: {sellers:?}"
    );

    let links = at("links");
    assert_status(&run(&["links", &index, "--out", &links]), 0);
    let clusters = std::fs::read_to_string(Path::new(&links).join("clusters.csv")).unwrap();
    assert!(clusters.contains("seen.jpg"), "{clusters}");
    for file in &blank {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(!clusters.contains(name), "{clusters}");
    }
    let edges = std::fs::read_to_string(Path::new(&links).join("edges.csv")).unwrap();
    let mut edges = csv::Reader::from_reader(edges.as_bytes());
    let counted: Vec<(String, String)> = edges
        .deserialize()
        .map(
            |row: Result<std::collections::BTreeMap<String, String>, _>| {
                let row = row.unwrap();
                (
                    row["shared_pictures"].clone(),
                    row["shared_marked_pictures"].clone(),
                )
            },
        )
        .collect();
    assert_eq!(counted, [("1".to_owned(), "0".to_owned())]);
}

#[test]
fn a_thing_in_the_dark_is_no_blank() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.png");
    let night = GrayImage::from_fn(400, 300, |x, y| {
        let is_lit = (x as i32 - 300).pow(2) + (y as i32 - 80).pow(2) < 25;
        Luma([if is_lit { 200 } else { 3 }])
    });
    night.save(&path).unwrap();
    assert_eq!(check(&[], &[path])[0]["marks"], json!([]));
}
