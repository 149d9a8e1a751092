//! `faunalens schreger`: parts of a photo, marked lines, every surface, and drawings of refusals.

use std::path::Path;

use serde_json::Value;

use crate::program::{assert_status, project, run, stderr, stdout};

fn section() -> String {
    let path = project().join("reference-images/ivory_section_mammoth.jpg");
    path.to_str().unwrap().to_owned()
}

fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    assert_status(&output, 0);
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn written(folder: &Path, text: &str) -> String {
    let path = folder.join("marked.json");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_surface_is_a_reading_of_its_own_the_reported_one_first() {
    let line = json(&["schreger", "--json", &section()]);
    assert_eq!(line["schreger"]["status"], "measured");
    let readings = line["readings"].as_array().unwrap();
    assert!(!readings.is_empty());
    for (field, value) in line["schreger"].as_object().unwrap() {
        assert_eq!(&readings[0][field], value, "{field}");
    }
    for reading in readings {
        let bounds: Vec<f64> = (reading["bounds"].as_array().unwrap().iter())
            .map(|v| v.as_f64().unwrap())
            .collect();
        assert!(bounds.len() == 4 && bounds[2] > 0.0 && bounds[3] > 0.0);
    }
}

#[test]
fn a_region_is_read_as_if_it_were_the_photo_with_bounds_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let whole = image::open(section()).unwrap().to_rgb8();
    let (width, height) = whole.dimensions();
    let part = folder.path().join("part.png");
    image::imageops::crop_imm(&whole, 40, 30, width - 40, height - 30)
        .to_image()
        .save(&part)
        .unwrap();
    let alone = json(&["schreger", "--json", part.to_str().unwrap()]);
    let region = format!("40,30,{width},{height}");
    let within = json(&["schreger", "--json", "--region", &region, &section()]);
    // Decoders round alike, so that the pixels are the same.
    assert_eq!(within["schreger"]["status"], alone["schreger"]["status"]);
    assert_eq!(within["region"][0], 40);
    let x = |line: &Value| line["readings"][0]["bounds"][0].as_f64().unwrap();
    assert!((x(&within) - x(&alone) - 40.0).abs() <= 1.0);
}

#[test]
fn a_region_outside_the_photo_or_of_other_words_is_told() {
    let outside = run(&["schreger", "--region", "90000,0,10,10", &section()]);
    assert_status(&outside, 1);
    assert!(stderr(&outside).contains("outside the picture"));
    for wrong in ["1,2,3", "a,b,c,d", "0,0,0,5", "-1,0,5,5"] {
        let region = format!("--region={wrong}");
        assert_status(&run(&["schreger", &region, &section()]), 2);
    }
}

#[test]
fn marked_lines_give_their_angle_beside_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    // Crossing at 2 atan(30 / 40) = 73.7 degrees about the vertical, three times.
    let lines = written(
        folder.path(),
        r#"{"pairs": [
            {"a": [100, 100, 130, 140], "b": [130, 100, 100, 140]},
            {"a": [200, 100, 230, 140], "b": [230, 100, 200, 140]},
            {"a": [300, 100, 330, 140], "b": [330, 100, 300, 140]}],
            "radial": [0, 0, 0, 100], "outer_zone": true}"#,
    );
    let line = json(&["schreger", "--json", "--lines", &lines, &section()]);
    let marked = &line["marked"];
    let angle = marked["angle_deg"].as_f64().unwrap();
    assert!((angle - 73.74).abs() < 0.01, "{marked}");
    assert_eq!(marked["species"], "mammoth");
    assert_eq!(marked["windows"], 3);
    let low = marked["ci90_deg"][0].as_f64().unwrap();
    let high = marked["ci90_deg"][1].as_f64().unwrap();
    assert!(low < 71.0 && high > 76.0, "{low} to {high}");
    assert_eq!(line["schreger"]["status"], "measured");
    let words = stdout(&run(&["schreger", "--lines", &lines, &section()]));
    assert!(
        words.contains("lines marked by hand: Schreger angle 73.7"),
        "{words}"
    );
}

#[test]
fn marked_lines_that_cannot_be_used_are_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "",
        "{}",
        r#"{"pairs": []}"#,
        r#"{"pairs": [{"a": [1, 1, 1, 1]}]}"#,
    ] {
        let lines = written(folder.path(), text);
        let output = run(&["schreger", "--lines", &lines, &section()]);
        assert_status(&output, 2);
        assert!(
            stderr(&output).contains("marked.json"),
            "{}",
            stderr(&output)
        );
    }
    let lines = written(folder.path(), r#"{"pairs": []}"#);
    let two = run(&["schreger", "--lines", &lines, &section(), &section()]);
    assert_status(&two, 2);
}

#[test]
fn a_refusal_is_drawn_with_what_was_found_and_why_it_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let hatch = folder.path().join("hatch.png");
    image::RgbImage::from_fn(420, 420, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = 0.5 * ((0.55 * x + 0.35 * y).cos() + (0.55 * x - 0.35 * y).cos());
        image::Rgb([(190.0 * (1.0 + 0.1 * wave)) as u8; 3])
    })
    .save(&hatch)
    .unwrap();
    let drawn = folder.path().join("drawn");
    let (drawn, hatch) = (drawn.to_str().unwrap(), hatch.to_str().unwrap());
    let line = json(&["schreger", "--json", "--overlay", drawn, hatch]);
    assert_eq!(line["schreger"]["status"], "no_lattice");
    let drawing = std::fs::read_to_string(Path::new(drawn).join("0001-hatch.svg")).unwrap();
    for shown in [
        "class=\"seed\"",
        "class=\"surface\"",
        "refused",
        "because straight",
    ] {
        assert!(drawing.contains(shown), "{shown}");
    }
}

fn count(drawing: &str, element: &str) -> usize {
    drawing.matches(element).count()
}

#[test]
fn the_face_is_drawn_unwrapped_on_a_second_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = folder.path().to_str().unwrap();
    let line = json(&["schreger", "--json", "--overlay", drawn, &section()]);
    let sheet = folder
        .path()
        .join("0001-ivory_section_mammoth.unwrapped.svg");
    let sheet = std::fs::read_to_string(sheet).unwrap();
    // Each strip twice: as photographed, and with the lines.
    let plain = count(&sheet, "<g class=\"plain\"");
    assert!(plain > 0);
    assert_eq!(count(&sheet, "<g class=\"lined\""), plain);
    assert_eq!(count(&sheet, "<image "), 2 * plain);
    assert!(count(&sheet, "class=\"fit\"") > 10);
    assert!(count(&sheet, "class=\"measured\"") > 4);
    let angle = line["schreger"]["angle_deg"].as_f64().unwrap();
    let verdict = format!("angle {angle:.1}°, mammoth");
    assert!(sheet.contains(&verdict), "{verdict}");
}

#[test]
fn of_a_refusal_the_nearest_fit_is_unwrapped_and_of_nothing_no_sheet_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (hatch, plain) = (in_folder("hatch.png"), in_folder("plain.png"));
    image::RgbImage::from_fn(420, 420, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = 0.5 * ((0.55 * x + 0.35 * y).cos() + (0.55 * x - 0.35 * y).cos());
        image::Rgb([(190.0 * (1.0 + 0.1 * wave)) as u8; 3])
    })
    .save(&hatch)
    .unwrap();
    (image::RgbImage::from_pixel(300, 300, image::Rgb([200; 3])))
        .save(&plain)
        .unwrap();
    let drawn = in_folder("drawn");
    assert_status(&run(&["schreger", "--overlay", &drawn, &hatch, &plain]), 0);
    let written = |name: &str| std::fs::read_to_string(Path::new(&drawn).join(name));
    let sheet = written("0001-hatch.unwrapped.svg").unwrap();
    assert!(sheet.contains("Refused"), "{}", &sheet[..600]);
    assert!(written("0002-plain.svg").is_ok());
    assert!(written("0002-plain.unwrapped.svg").is_err());
}
