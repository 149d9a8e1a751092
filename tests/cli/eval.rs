//! `faunalens eval classify` and `compare`: nothing is dropped silently, and the figures are those of the rows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{assert_status, faunalens, stderr, stdout};

/// A manifest and scores of twelve photographs: eight of two labels rightly scored, four not.
fn scored(folder: &Path) -> (PathBuf, PathBuf) {
    let (mut manifest, mut scores) = (
        "file,label,seller\n".to_owned(),
        "file,score_ivory,score_other\n".to_owned(),
    );
    for number in 0..12 {
        let ivory = number % 2 == 0;
        let right = number < 8;
        let score = if ivory == right {
            0.9 - 0.01 * f64::from(number)
        } else {
            0.1 + 0.01 * f64::from(number)
        };
        let label = if ivory { "ivory" } else { "other" };
        manifest += &format!("{number}.jpg,{label},shop {}\n", number / 2);
        scores += &format!("{number}.jpg,{score},{}\n", 1.0 - score);
    }
    let (at, of) = (folder.join("answers.csv"), folder.join("scores.csv"));
    fs::write(&at, manifest).unwrap();
    fs::write(&of, scores).unwrap();
    (at, of)
}

fn classify(manifest: &Path, scores: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = faunalens();
    command
        .args(["eval", "classify"])
        .arg(manifest)
        .arg("--scores")
        .arg(scores);
    command
        .arg("--out")
        .arg(out)
        .args(["--resamples", "50"])
        .args(more)
        .output()
        .unwrap()
}

fn report(out: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap()
}

fn figure(report: &Value, label: &str, name: &str) -> Value {
    let figures = report["figures"].as_array().unwrap();
    let wanted = |f: &&Value| f["label"] == label && f["name"].as_str().unwrap().starts_with(name);
    figures
        .iter()
        .find(wanted)
        .unwrap_or_else(|| panic!("{label} {name}"))
        .clone()
}

#[test]
fn scores_and_answers_become_figures_with_intervals_and_limits() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let out = folder.path().join("study");
    let output = classify(&manifest, &scores, &out, &[]);
    assert_status(&output, 0);
    let report = report(&out);
    assert_eq!(report["photographs"], 12);
    let accuracy = figure(&report, "", "accuracy");
    assert!((accuracy["value"].as_f64().unwrap() - 8.0 / 12.0).abs() < 1e-12);
    assert_eq!(accuracy["groups"], 6, "shops are resampled whole");
    let [low, high] = [0, 1].map(|k| accuracy["interval"][k].as_f64().unwrap());
    assert!(low < 8.0 / 12.0 && 8.0 / 12.0 < high);
    let rare = figure(&report, "ivory", "recall at false-positive rate 0.001");
    assert!(rare["value"].is_null());
    assert!(
        rare["note"]
            .as_str()
            .unwrap()
            .contains("independent negatives")
    );
    for file in [
        "report.html",
        "figures.csv",
        "scored.csv",
        "left_out.csv",
        "leaks.csv",
        "confusion.csv",
        "curves.csv",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "opens without a network"
    );
    assert!(
        page.contains("--resamples 50"),
        "the command line is in the report"
    );
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let figures = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        assert_status(&classify(&manifest, &scores, &out, &["--seed", seed]), 0);
        fs::read_to_string(out.join("figures.csv")).unwrap()
    };
    assert_eq!(figures("a", "3"), figures("b", "3"));
    assert_ne!(figures("a", "3"), figures("c", "4"));
}

#[test]
fn every_row_that_cannot_be_used_is_named_with_its_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let mut bytes = fs::read(&manifest).unwrap();
    bytes.extend(b"0.jpg,ivory,shop 0\nnowhere.jpg,other,x\n1.png,tortoise,x\n,ivory,x\n");
    bytes.extend(b"caf\xe9.jpg,ivory,x\n");
    fs::write(&manifest, bytes).unwrap();
    let mut text = fs::read_to_string(&scores).unwrap();
    text += "nan.jpg,nan,0.5\n";
    fs::write(&scores, text).unwrap();
    let mut text = fs::read(&manifest).unwrap();
    text.extend(b"nan.jpg,ivory,x\n");
    fs::write(&manifest, text).unwrap();
    let out = folder.path().join("study");
    let output = classify(&manifest, &scores, &out, &[]);
    assert_status(&output, 1);
    let report = report(&out);
    assert_eq!(report["photographs"], 12);
    let reasons: Vec<(u64, String)> = report["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["line"].as_u64().unwrap(),
                row["why"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        (14, "stands in line 2"),
        (15, "no scores"),
        (16, "label tortoise is none of the model's (ivory, other)"),
        (17, "names no file"),
        (18, "not UTF-8"),
        (19, "no number"),
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
    for ((line, why), (wanted, part)) in reasons.iter().zip(expected) {
        assert_eq!(*line, wanted);
        assert!(why.contains(part), "{why}");
    }
    assert!(stderr(&output).contains("line 14"));
}

#[test]
fn a_label_of_the_manifest_can_be_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&manifest)
        .unwrap()
        .replace(",ivory,", ",tusk,");
    fs::write(&manifest, text).unwrap();
    let out = folder.path().join("study");
    assert_status(
        &classify(&manifest, &scores, &out, &["--rename", "tusk=ivory"]),
        0,
    );
    assert_eq!(report(&out)["photographs"], 12);
}

#[test]
fn one_score_per_photograph_is_a_label_against_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&scores).unwrap();
    let cut = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    let single: String = text.lines().map(cut).collect();
    fs::write(&scores, single).unwrap();
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    let report = report(&out);
    assert_eq!(report["labels"], serde_json::json!(["ivory", "(rest)"]));
    assert!(
        (figure(&report, "", "accuracy")["value"].as_f64().unwrap() - 8.0 / 12.0).abs() < 1e-12
    );
}

#[test]
fn photographs_in_folders_per_label_are_scored_and_near_duplicates_across_labels_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("photos");
    for label in ["ivory", "other"] {
        fs::create_dir_all(root.join(label)).unwrap();
    }
    let picture = |seed: u32| {
        image::RgbImage::from_fn(96, 96, |x, y| {
            let wave =
                ((x * (3 + seed)) % 97 + (y * (5 + 2 * seed)) % 89 + x * y / (7 + seed)) % 256;
            image::Rgb([wave as u8, (wave / 2 + 60) as u8, (255 - wave) as u8])
        })
    };
    for number in 0..4 {
        let label = if number < 2 { "ivory" } else { "other" };
        picture(number)
            .save(root.join(label).join(format!("{number}.png")))
            .unwrap();
    }
    picture(0).save(root.join("other/again.png")).unwrap();
    let out = folder.path().join("study");
    let run = || {
        let mut command = faunalens();
        command
            .args(["eval", "classify"])
            .arg(&root)
            .arg("--out")
            .arg(&out);
        command.args(["--resamples", "20"]).output().unwrap()
    };
    assert_status(&run(), 1);
    let first = report(&out);
    assert_eq!(first["photographs"], 3, "{:#}", first["left_out"]);
    assert_eq!(first["leaks"].as_array().unwrap().len(), 2);
    // Run again: the records are there, no photograph is scored twice.
    let rows = fs::read_to_string(out.join("records.jsonl"))
        .unwrap()
        .lines()
        .count();
    assert_status(&run(), 1);
    assert_eq!(
        fs::read_to_string(out.join("records.jsonl"))
            .unwrap()
            .lines()
            .count(),
        rows
    );
    assert_eq!(report(&out)["figures"], first["figures"]);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(
        page.matches("data:image/jpeg").count(),
        first_errors(&first)
    );
}

/// Photographs off the diagonal of the confusion matrix.
fn first_errors(report: &Value) -> usize {
    let rows = report["confusion"].as_array().unwrap();
    let off = rows.iter().enumerate().flat_map(|(i, row)| {
        let cells = row.as_array().unwrap().iter().enumerate();
        cells
            .filter(move |(j, _)| *j != i)
            .map(|(_, cell)| cell.as_u64().unwrap())
    });
    off.sum::<u64>() as usize
}

#[test]
fn a_manifest_that_is_none_is_refused_with_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scores) = scored(folder.path());
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "picture,what\na.jpg,ivory\n").unwrap();
    let output = classify(&bad, &scores, &folder.path().join("study"), &[]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("file and label are needed; its columns are: picture, what"));
    fs::write(&bad, "file,label\nx.jpg,ivory\n").unwrap();
    let output = classify(&bad, &scores, &folder.path().join("study"), &[]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("no usable row of 1"));
}

#[test]
fn a_result_compared_with_itself_shows_no_difference_and_a_better_one_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let better = folder.path().join("better.csv");
    // The second tool is right on number 8, too: an ivory of which the first says other.
    let text: String = fs::read_to_string(&scores)
        .unwrap()
        .lines()
        .map(|line| {
            if line.starts_with("8.jpg") {
                "8.jpg,0.8,0.2\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    fs::write(&better, text).unwrap();
    let against = |second: &Path, name: &str| {
        let out = folder.path().join(name);
        let mut command = faunalens();
        command
            .args(["eval", "compare"])
            .arg(&scores)
            .arg(second)
            .arg("--answers")
            .arg(&manifest);
        let output = command
            .arg("--out")
            .arg(&out)
            .args(["--resamples", "50"])
            .output()
            .unwrap();
        assert_status(&output, 0);
        (
            report(&out),
            stdout(&output),
            fs::read_to_string(out.join("changed.csv")).unwrap(),
        )
    };
    let (same, ..) = against(&scores, "same");
    assert_eq!(same["mcnemar_p"], 1.0);
    for figure in same["figures"].as_array().unwrap() {
        assert!(
            figure["value"].is_null() || figure["value"] == 0.0,
            "{figure}"
        );
    }
    let (found, words, changed) = against(&better, "better");
    assert_eq!(found["only_second_right"], 1);
    assert!((figure(&found, "", "accuracy")["value"].as_f64().unwrap() - 1.0 / 12.0).abs() < 1e-12);
    assert!(changed.contains("8.jpg,ivory,other,"), "{changed}");
    assert!(words.contains("only the second: 1"), "{words}");
}

#[test]
fn results_of_other_photographs_cannot_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let other = folder.path().join("other.csv");
    fs::write(&other, "file,score_tusk\n0.jpg,0.5\n").unwrap();
    let mut command = faunalens();
    command
        .args(["eval", "compare"])
        .arg(&scores)
        .arg(&other)
        .arg("--answers")
        .arg(&manifest);
    let output = command
        .arg("--out")
        .arg(folder.path().join("out"))
        .output()
        .unwrap();
    assert_status(&output, 2);
    assert!(stderr(&output).contains("no label is the same"));
}
