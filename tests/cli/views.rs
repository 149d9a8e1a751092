//! Large photographs that are nearly raised: looked at more closely, in overlapping views.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage, imageops};
use serde_json::{Value, json};

use crate::program::{
    assert_status, edited_bundle, faunalens, json_lines, project, run, stderr, stdout,
};

const IVORY: &str = "ivory_section_elephant.jpg";

/// A dim, uneven ground without lines, with the section of a tusk in its middle, small, and round, so
/// that nothing has a frame.
fn small_thing(folder: &Path) -> PathBuf {
    let mut scene = RgbImage::from_fn(1280, 960, |x, y| {
        let wave = |length: f32, at: u32| (at as f32 / length).sin();
        let light = 70.0 + 18.0 * wave(170.0, x + y / 2) + 14.0 * wave(97.0, y) * wave(131.0, x);
        Rgb([light as u8, (light * 0.9) as u8, (light * 0.7) as u8])
    });
    let thing = image::open(project().join("reference-images").join(IVORY))
        .unwrap()
        .to_rgb8();
    let thing = imageops::resize(&thing, 380, 380, imageops::FilterType::Triangle);
    for (x, y, pixel) in thing.enumerate_pixels() {
        let away = (x as f32 - 190.0).hypot(y as f32 - 190.0) / 190.0;
        let weight = ((1.0 - away) / 0.15).clamp(0.0, 1.0);
        let under = scene.get_pixel_mut(450 + x, 290 + y);
        for (under, over) in under.0.iter_mut().zip(pixel.0) {
            *under = (weight * f32::from(over) + (1.0 - weight) * f32::from(*under)) as u8;
        }
    }
    let photos = folder.join("photos");
    std::fs::create_dir(&photos).unwrap();
    let path = photos.join("small.png");
    scene.save(&path).unwrap();
    path
}

/// The shipped bundle with these thresholds for ivory: of the whole, and of views.
fn bundle(folder: &Path, review: f32, views: &str) -> PathBuf {
    edited_bundle(folder, |text| {
        let start = text.find("[thresholds.").unwrap();
        let end = start + text[start..].find("\n[schreger]").unwrap();
        let (head, tail) = (&text[..start], &text[end..]);
        format!("{head}[thresholds.ivory]\nreview = {review}\nflag = 1.0\n{views}{tail}")
    })
}

fn table(plausible: f32, review: f32) -> String {
    format!(
        "[views]\nshare = 0.6\nbusy = 0.0\n[views.thresholds.ivory]\nplausible = {plausible}\nreview = {review}\nflag = 1.0\n"
    )
}

fn check(bundle: &Path, arguments: &[&str], file: &Path) -> Value {
    let mut command = faunalens();
    command.args(["check", "--json", "--schreger", "never", "--model"]);
    command.arg(bundle).args(arguments).arg(file);
    let output = command.output().unwrap();
    assert_status(&output, 0);
    json_lines(&stdout(&output)).remove(0)
}

fn score(materials: &Value) -> f64 {
    let mut materials = materials.as_array().unwrap().iter();
    let ivory = materials.find(|one| one["label"] == "ivory").unwrap();
    ivory["score"].as_f64().unwrap()
}

fn views(row: &Value) -> &Vec<Value> {
    row["views"].as_array().unwrap()
}

#[test]
fn a_small_thing_is_raised_by_the_view_that_shows_it_larger() {
    let folder = tempfile::tempdir().unwrap();
    let picture = small_thing(folder.path());
    // What the whole and its views score decides where the thresholds of this test lie.
    let probe = tempfile::tempdir().unwrap();
    let all = bundle(probe.path(), 1.0, &table(0.0, 1.0));
    let seen = check(&all, &["--regions", "always"], &picture);
    assert_eq!(seen["regions"], json!([]), "the thing has no frame");
    let whole = score(&seen["materials"]);
    let best = views(&seen)
        .iter()
        .map(|view| score(&view["materials"]))
        .fold(0.0, f64::max);
    assert!(best > 1.1 * whole, "a view sees more: {best} and {whole}");

    let between = ((whole + best) / 2.0) as f32;
    let set = bundle(folder.path(), between, &table(0.0, between));
    let row = check(&set, &[], &picture);
    assert_eq!(row["decision"], "review");
    assert_eq!(row["materials"], seen["materials"], "the whole's stay");
    assert!(!row["law"].as_array().unwrap().is_empty());
    let number = row["reasons_coded"][0]["view"].as_u64().unwrap();
    let view = &views(&row)[number as usize - 1];
    let reason = row["reasons"][0].as_str().unwrap();
    let bare = reason.strip_prefix(&format!("view {number}: ")).unwrap();
    assert_eq!(view["reasons"][0], bare);
    assert_eq!(view["decision"], "review");
    let [left, top, width, height] =
        [0, 1, 2, 3].map(|side| view["bounds"][side].as_u64().unwrap());
    assert_eq!((width, height), (768, 576), "0.6 of the sides");
    assert_eq!(
        (number, left, top),
        (1, 256, 192),
        "the middle shows it best"
    );

    let never = check(&set, &["--regions", "never"], &picture);
    assert_eq!(never["decision"], "clear");
    assert_eq!((&never["views"], &never["law"]), (&Value::Null, &json!([])));

    let mut line = faunalens();
    line.args(["check", "--schreger", "never", "--model"])
        .arg(&set);
    let line = stdout(&line.arg(&picture).output().unwrap());
    let told = line.split("ivory ").nth(1).unwrap().split_whitespace();
    let told: f64 = told.take(1).collect::<String>().parse().unwrap();
    assert!(line.starts_with("review"), "{line}");
    let raised = score(&view["materials"]);
    assert!(
        (told - raised).abs() < 0.01,
        "the view's score, {raised}: {line}"
    );

    let drawn = folder.path().join("drawn");
    check(&set, &["--overlay", drawn.to_str().unwrap()], &picture);
    let drawing = std::fs::read_dir(&drawn).unwrap().next().unwrap().unwrap();
    let drawing = std::fs::read_to_string(drawing.path()).unwrap();
    assert_eq!(drawing.matches("stroke-dasharray").count(), 5);
    assert!(drawing.contains(&format!("view {number} review: ivory")));

    let rows = folder.path().join("rows.csv");
    let mut scan = faunalens();
    scan.args(["scan", "--quiet", "--schreger", "never", "--model"]);
    scan.arg(&set)
        .arg(picture.parent().unwrap())
        .arg("--out")
        .arg(&rows);
    assert_status(&scan.output().unwrap(), 0);
    let mut reader = csv::Reader::from_path(&rows).unwrap();
    let header = reader.headers().unwrap().clone();
    let cells = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| &cells[header.iter().position(|column| column == name).unwrap()];
    assert_eq!((cell("views"), cell("view_decision")), ("5", "review"));
    assert!(cell("view_bounds").ends_with(",768,576"));
}

#[test]
fn views_are_looked_at_where_the_first_look_leaves_a_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let picture = small_thing(folder.path());
    let bundle = |name: &str, review: f32, views: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        bundle(&folder, review, views)
    };
    let implausible = bundle("implausible", 1.0, &table(1.0, 1.0));
    assert_eq!(check(&implausible, &[], &picture)["views"], json!([]));
    let always = check(&implausible, &["--regions", "always"], &picture);
    assert_eq!(always["regions"], json!([]));
    assert_eq!(views(&always).len(), 5, "asked for, and nothing is raised");
    assert_eq!(always["decision"], "clear");

    let plausible = bundle("plausible", 1.0, &table(0.0, 1.0));
    let row = check(&plausible, &[], &picture);
    assert_eq!(views(&row).len(), 1, "the middle is in no doubt");
    let score = |materials| score(materials) as f32;
    let (whole, middle) = (
        score(&row["materials"]),
        score(&row["views"][0]["materials"]),
    );
    let doubtful = bundle("doubtful", (whole + middle) / 2.0, &table(0.0, 1.0));
    let row = check(&doubtful, &[], &picture);
    assert_eq!(
        views(&row).len(),
        5,
        "it would raise the whole: {whole} {middle}"
    );
    assert_eq!(row["decision"], "clear", "and does not raise a view");
    let busy = bundle(
        "busy",
        1.0,
        &table(0.0, 1.0).replace("busy = 0.0", "busy = 0.5"),
    );
    assert_eq!(
        check(&busy, &[], &picture)["views"],
        json!([]),
        "plain ground"
    );
    let raised = bundle("raised", 0.0, &table(0.0, 0.0));
    let row = check(&raised, &[], &picture);
    assert_eq!(
        (&row["decision"], &row["views"]),
        (&json!("review"), &json!([]))
    );

    // 0.6 of 330 pixels are fewer than nine tenths of the network's 224.
    let small = folder.path().join("330.png");
    let pixels = image::open(&picture).unwrap().to_rgb8();
    let pixels = imageops::resize(&pixels, 440, 330, imageops::FilterType::Triangle);
    pixels.save(&small).unwrap();
    assert_eq!(check(&plausible, &[], &small)["views"], json!([]));

    let none = bundle("none", 1.0, "");
    assert_eq!(check(&none, &[], &picture)["views"], Value::Null);
}

#[test]
fn nonsense_about_views_is_named() {
    for (table, complaint) in [
        (
            "[views]\nshare = 0.95\nbusy = 0.4\n[views.thresholds]\n",
            "views.share",
        ),
        (
            "[views]\nshare = 0.6\nbusy = 4.0\n[views.thresholds]\n",
            "views.busy",
        ),
        (
            "[views]\nshare = 0.6\nbusy = 0.4\n[views.thresholds.amber]\nplausible = 0.1\nreview = 0.5\nflag = 0.9\n",
            "views.thresholds.amber",
        ),
        (
            "[views]\nshare = 0.6\nbusy = 0.4\n[views.thresholds.ivory]\nplausible = 0.1\nreview = 0.9\nflag = 0.5\n",
            "review <= flag",
        ),
        (
            "[views]\nshare = 0.6\nbusy = 0.4\n[views.thresholds.ivory]\nplausible = 2.0\nreview = 0.5\nflag = 0.9\n",
            "plausible",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = bundle(folder.path(), 0.5, table);
        let mut verify = faunalens();
        let output = verify.args(["model", "verify", "--model"]).arg(bundle);
        let output = output.output().unwrap();
        assert_status(&output, 2);
        assert!(stderr(&output).contains(complaint), "{}", stderr(&output));
    }
}

#[test]
fn model_views_prints_a_table_that_the_bundle_takes() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures.csv");
    let images = project().join("reference-images");
    let mut rows = String::from("file,label\n");
    for (name, label) in [
        (IVORY, "ivory"),
        ("wood_bracelet_904.jpg", "wood"),
        ("missing.jpg", "wood"),
    ] {
        rows += &format!("{},{label}\n", images.join(name).display());
    }
    std::fs::write(&pictures, rows).unwrap();
    let bundle = bundle(folder.path(), 0.5, "");
    let mut views = faunalens();
    views.args(["model", "views", "--quiet", "--false-flag", "0.5", "--from"]);
    let output = views
        .arg(&pictures)
        .arg("--model")
        .arg(&bundle)
        .output()
        .unwrap();
    assert_status(&output, 1);
    assert!(stderr(&output).contains("missing.jpg"));
    let table = stdout(&output);
    assert!(table.contains("# 1 pictures without a product"), "{table}");
    let path = bundle.join("bundle.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + &table).unwrap();
    let bundle = bundle.to_str().unwrap();
    assert_status(&run(&["model", "verify", "--model", bundle]), 0);
    let shown = stdout(&run(&["model", "show", "--model", bundle]));
    assert!(
        shown.contains("view         ivory: looked for from"),
        "{shown}"
    );
}
