//! `faunalens eval`: nothing is dropped silently, and the figures are those of the rows.

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
    bytes.extend(b"4.jpg,\"ivory,x\n");
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
        (18, "the quote that opens in line 18 is not closed"),
        (19, "no number"),
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
    for ((line, why), (wanted, part)) in reasons.iter().zip(expected) {
        assert_eq!(*line, wanted);
        assert!(why.contains(part), "{why}");
    }
    assert!(stderr(&output).contains("line 14"));
    assert!(
        stderr(&output).contains("--rename FROM=TO"),
        "the option that helps"
    );
}

#[test]
fn a_table_in_another_encoding_is_refused_with_its_first_bad_line() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let mut bytes = fs::read(&manifest).unwrap();
    bytes.extend(b"caf\xe9.jpg,ivory,x\n");
    let latin = folder.path().join("latin.csv");
    fs::write(&latin, bytes).unwrap();
    for (answers, results) in [(&latin, &scores), (&manifest, &latin)] {
        let output = classify(answers, results, &folder.path().join("study"), &[]);
        assert_status(&output, 2);
        let words = stderr(&output);
        assert!(
            words.contains("latin.csv: line 14 is not UTF-8; save"),
            "{words}"
        );
    }
}

#[test]
fn blanks_around_a_file_part_it_from_its_scores_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let spaced = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<String> = text.lines().map(|line| line.replace(",", " ;\t")).collect();
        fs::write(path, lines.join("\r\n ")).unwrap();
    };
    spaced(&manifest);
    spaced(&scores);
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    assert_eq!(report(&out)["photographs"], 12);
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
    let version = first["configuration"]["ONNX Runtime"].as_str().unwrap();
    assert!(version.starts_with("1."), "{version}");
    let leaks = first["leaks"].as_array().unwrap();
    assert_eq!(leaks.len(), 2);
    assert!(leaks.iter().all(|leak| leak["kind"] == "other_label"));
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
    assert!(
        words.contains("only scores right: 0, only better: 1"),
        "{words}"
    );
    assert_eq!(found["names"], serde_json::json!(["scores", "better"]));
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

#[test]
fn a_file_that_is_scored_twice_is_left_out_and_scores_that_nobody_asked_for_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&scores).unwrap();
    fs::write(&scores, text + "3.jpg,0.5,0.5\nother.jpg,0.5,0.5\n").unwrap();
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 1);
    let report = report(&out);
    assert_eq!(report["photographs"], 11);
    let why = report["left_out"][0]["why"].as_str().unwrap();
    assert!(why.contains("scored twice"), "{why}");
    assert_eq!(report["scored_but_not_in_manifest"], 1);
}

#[test]
fn a_manifest_in_utf_16_or_with_semicolons_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&manifest).unwrap();
    let wide = format!("\u{feff}{text}");
    let wide = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("wide.csv", wide),
        ("semicolons.csv", text.replace(',', ";").into_bytes()),
    ] {
        let manifest = folder.path().join(name);
        fs::write(&manifest, bytes).unwrap();
        let out = folder.path().join("study");
        assert_status(&classify(&manifest, &scores, &out, &[]), 0);
        assert_eq!(report(&out)["photographs"], 12, "{name}");
    }
}

#[test]
fn near_duplicates_of_one_label_stay_and_are_resampled_together() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&scores).unwrap();
    // 0.jpg and 4.jpg, both ivory, of two shops, are one picture but for a bit.
    let with_hashes: String = text
        .lines()
        .map(|line| match line.split(',').next().unwrap() {
            "file" => format!("{line},pdq,pdq_quality\n"),
            "0.jpg" => format!("{line},{},100\n", "0f".repeat(32)),
            "4.jpg" => format!("{line},{}0e,100\n", "0f".repeat(31)),
            _ => format!("{line},,\n"),
        })
        .collect();
    fs::write(&scores, with_hashes).unwrap();
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    let report = report(&out);
    assert_eq!(report["photographs"], 12);
    assert_eq!(report["groups_merged"], 1);
    assert_eq!(figure(&report, "", "accuracy")["groups"], 5);
    assert_eq!(report["leaks"][0]["kind"], "same_label");
}

#[test]
fn a_manifest_without_a_label_of_the_model_is_refused_before_anything_is_scored() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.csv");
    fs::write(&manifest, "file,label\na.jpg,tortoise\n").unwrap();
    let out = folder.path().join("study");
    let mut command = faunalens();
    command.args(["eval", "classify"]).arg(&manifest);
    let output = command.arg("--out").arg(&out).output().unwrap();
    assert_status(&output, 2);
    assert!(
        stderr(&output).contains("labels (tortoise)"),
        "{}",
        stderr(&output)
    );
    assert!(!out.join("records.jsonl").exists());
}

/// A picture with corners to hold on to, different for every seed.
fn textured(seed: u32) -> image::RgbImage {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut picture = image::RgbImage::from_pixel(320, 240, image::Rgb([210, 205, 190]));
    for _ in 0..60 {
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 12) % below
        };
        let (x, y, w, h) = (next(280), next(200), 12 + next(60), 12 + next(50));
        let colour = image::Rgb([next(256) as u8, next(256) as u8, next(256) as u8]);
        for py in y..(y + h).min(240) {
            for px in x..(x + w).min(320) {
                picture.put_pixel(px, py, colour);
            }
        }
    }
    picture
}

fn eval(study: &str, manifest: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let mut command = faunalens();
    command
        .args(["eval", study])
        .arg(manifest)
        .arg("--out")
        .arg(out);
    command
        .args(["--resamples", "20"])
        .args(more)
        .output()
        .unwrap()
}

fn of_part(report: &Value, method: &str, transformation: &str, name: &str) -> Value {
    let parts = report["parts"]
        .as_array()
        .or(report["matching"].as_array())
        .unwrap();
    let part = parts
        .iter()
        .find(|part| part["method"] == method && part["transformation"] == transformation)
        .unwrap_or_else(|| panic!("{method} {transformation}"));
    let figures = part["figures"].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["name"] == name);
    figure.unwrap_or_else(|| panic!("{name}"))["value"].clone()
}

#[test]
fn pictures_are_matched_in_pairs_per_transformation_and_what_is_unusable_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for number in 0..5 {
        textured(number).save(at(&format!("{number}.png"))).unwrap();
    }
    for number in 0..3 {
        let half = image::imageops::thumbnail(&textured(number), 200, 150);
        half.save(at(&format!("small {number}.png"))).unwrap();
    }
    textured(9).save(at("new.png")).unwrap();
    let manifest = at("pairs.csv");
    let rows = "query,db,transformation\nsmall 0.png,0.png,smaller\nsmall 1.png,1.png,smaller\n\
                small 2.png,2.png,smaller\nnew.png,,\n,3.png,\n,4.png,\nsmall 0.png,0.png,smaller\n\
                gone.png,1.png,\n";
    fs::write(&manifest, rows).unwrap();
    let out = at("study");
    let output = eval("match", &manifest, &out, &[]);
    assert_status(&output, 1);
    let found = report(&out);
    assert_eq!(
        (&found["questions"], &found["references"]),
        (&4.into(), &5.into())
    );
    for name in [
        "micro-average precision",
        "recall at precision 0.99",
        "recall@1",
    ] {
        assert_eq!(of_part(&found, "index", "smaller", name), 1.0, "{name}");
    }
    assert!(
        of_part(&found, "index", "", "threshold at precision 0.9")
            .as_f64()
            .unwrap()
            > 1.0
    );
    let left: Vec<(u64, &str)> = (found["left_out"].as_array().unwrap().iter())
        .map(|row| (row["line"].as_u64().unwrap(), row["why"].as_str().unwrap()))
        .collect();
    assert_eq!(left[0], (8, "the same pair stands in an earlier line"));
    assert_eq!(left[1].0, 9);
    assert!(left[1].1.contains("could not be read"), "{left:?}");
    // The answers, read again, give the same figures without model or pictures.
    let again = at("again");
    let answers = out.join("answers.csv");
    assert_status(
        &eval(
            "match",
            &manifest,
            &again,
            &["--scores", answers.to_str().unwrap()],
        ),
        1,
    );
    assert_eq!(
        of_part(&report(&again), "pdq", "smaller", "micro-average precision"),
        of_part(&found, "pdq", "smaller", "micro-average precision")
    );
    assert!(
        !out.join("index.partial").exists(),
        "the index of the study is gone"
    );
}

#[test]
fn another_tools_answers_are_measured_against_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, answers) = (
        folder.path().join("clusters.csv"),
        folder.path().join("answers.csv"),
    );
    fs::write(&manifest, "file,cluster\na,1\nb,1\nc,2\nd,\na,2\n").unwrap();
    // a and b find each other; c names d surely, which is wrong.
    let text = "query,db,score\na,b,0.9\nb,a,0.9\nc,d,0.95\na,a,1\nx,a,0.1\na,b,0.3\nb,c,high\n";
    fs::write(&answers, text).unwrap();
    let out = folder.path().join("study");
    let output = eval(
        "match",
        &manifest,
        &out,
        &["--scores", answers.to_str().unwrap()],
    );
    assert_status(&output, 1);
    let found = report(&out);
    // Ranked: wrong, right, right: (1/2 + 2/3) / 2.
    let micro = of_part(&found, "scores", "", "micro-average precision")
        .as_f64()
        .unwrap();
    assert!((micro - 7.0 / 12.0).abs() < 1e-12, "{micro}");
    assert_eq!(
        of_part(&found, "scores", "", "recall at precision 0.9"),
        0.0
    );
    assert!(of_part(&found, "scores", "", "threshold at precision 0.9").is_null());
    assert_eq!(of_part(&found, "scores", "", "recall@1"), 1.0);
    let reasons = found["left_out"].to_string();
    for part in [
        "the same file stands in line 2",
        "does not ask",
        "earlier line",
        "no number",
    ] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
}

#[test]
fn robustness_tells_what_each_transformation_costs_and_is_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    for label in ["ivory", "other", "tortoise"] {
        fs::create_dir_all(photos.join(label)).unwrap();
    }
    for number in 0..6 {
        let label = ["ivory", "other", "tortoise"][number as usize % 3];
        textured(number)
            .save(photos.join(label).join(format!("{number}.png")))
            .unwrap();
    }
    fs::write(photos.join("other/broken.png"), b"not a picture").unwrap();
    let run = |name: &str| {
        let out = folder.path().join(name);
        let only = [
            "--only",
            "copy",
            "--only",
            "crop 80 %",
            "--only",
            "mirrored",
        ];
        let output = eval("robustness", &photos, &out, &only);
        assert_status(&output, 1);
        (
            report(&out),
            fs::read_to_string(out.join("matching.csv")).unwrap(),
        )
    };
    let (first, matching) = run("a");
    assert_eq!(
        first["photographs"], 6,
        "matching does not ask for the label"
    );
    assert_eq!(first["labelled"], 4);
    let names: Vec<&str> = (first["classification"].as_array().unwrap().iter())
        .map(|drop| drop["transformation"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["copy", "crop 80 %", "mirrored"]);
    assert_eq!(of_part(&first, "pdq", "copy", "found at all"), 1.0);
    assert_eq!(of_part(&first, "pdq", "mirrored", "found at all"), 0.0);
    let left = first["left_out"].to_string();
    assert!(
        left.contains("tortoise") && left.contains("could not be read"),
        "{left}"
    );
    let page = fs::read_to_string(folder.path().join("a/report.html")).unwrap();
    assert!(page.contains("data:image/jpeg") && !page.contains("https://"));
    let (second, again) = run("b");
    assert_eq!(first["classification"], second["classification"]);
    assert_eq!(matching, again);
}

#[test]
fn a_name_with_a_comma_or_a_quote_stays_in_its_column() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["plain, white.png", "5\" tusk.png"];
    let mut manifest = csv::Writer::from_path(folder.path().join("manifest.csv")).unwrap();
    manifest.write_record(["file", "kind", "lattice"]).unwrap();
    for name in names {
        let picture = image::RgbImage::from_pixel(64, 64, image::Rgb([200; 3]));
        picture.save(folder.path().join(name)).unwrap();
        manifest
            .write_record([name, "bone, polished", "false"])
            .unwrap();
    }
    manifest.flush().unwrap();
    let out = folder.path().join("out");
    let mut command = faunalens();
    command.args(["eval", "schreger", "--no-pictures"]);
    command.arg(folder.path().join("manifest.csv")).arg("--out");
    assert_status(&command.arg(&out).output().unwrap(), 0);
    let column = |table: &str, name: &str| -> Vec<String> {
        let mut reader = csv::Reader::from_path(out.join(table)).unwrap();
        let header = reader.headers().unwrap();
        let place = header.iter().position(|column| column == name).unwrap();
        let rows = reader.records().map(|row| row.unwrap()[place].to_owned());
        rows.collect()
    };
    assert_eq!(column("readings.csv", "file"), names);
    assert_eq!(column("readings.csv", "kind"), ["bone, polished"; 2]);
    assert_eq!(column("readings.csv", "status"), ["not_resolvable"; 2]);
    assert_eq!(column("false_lattice.csv", "of"), ["2", "2"]);
}

#[test]
fn a_transformation_that_is_none_gets_the_list_of_all() {
    let output = eval(
        "robustness",
        Path::new("photos"),
        Path::new("out"),
        &["--only", "melted"],
    );
    assert_status(&output, 2);
    assert!(stderr(&output).contains("collage of 4"));
}

/// Scores of a yes-or-no tool beside the labels they are of.
fn single(folder: &Path, rows: &[(&str, f64)]) -> (PathBuf, PathBuf) {
    let (mut manifest, mut scores) = ("file,label\n".to_owned(), "file,score_ivory\n".to_owned());
    for (number, (label, score)) in rows.iter().enumerate() {
        manifest += &format!("{number}.jpg,{label}\n");
        scores += &format!("{number}.jpg,{score}\n");
    }
    let (at, of) = (folder.join("answers.csv"), folder.join("scores.csv"));
    fs::write(&at, manifest).unwrap();
    fs::write(&of, scores).unwrap();
    (at, of)
}

fn value(report: &Value, label: &str, name: &str) -> f64 {
    figure(report, label, name)["value"].as_f64().unwrap()
}

fn interval(report: &Value, label: &str, name: &str) -> [f64; 2] {
    let figure = figure(report, label, name);
    [0, 1].map(|end| figure["interval"][end].as_f64().unwrap())
}

#[test]
fn scores_that_are_no_probabilities_are_refused_until_their_scale_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("study");
    let rows = [
        ("ivory", 50.5),
        ("other", 48.5),
        ("ivory", 35.7),
        ("other", 2.0),
    ];
    let (manifest, percent) = single(folder.path(), &rows);
    let refused = classify(&manifest, &percent, &out, &[]);
    assert_status(&refused, 2);
    let words = stderr(&refused);
    for part in ["0.jpg", "50.5", "look like percent", "--scores-are percent"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!out.exists(), "nothing is written");
    assert_status(
        &classify(&manifest, &percent, &out, &["--scores-are", "percent"]),
        0,
    );
    let brier = value(&report(&out), "", "Brier score");
    let expected =
        (0.495_f64.powi(2) + 0.485_f64.powi(2) + 0.643_f64.powi(2) + 0.02_f64.powi(2)) / 4.0;
    assert!((brier - expected).abs() < 1e-12, "{brier}");

    let (manifest, logits) = single(folder.path(), &[("ivory", 2.0), ("other", -1.5)]);
    let refused = classify(&manifest, &logits, &out, &[]);
    assert_status(&refused, 2);
    assert!(
        stderr(&refused).contains("look like logits"),
        "{}",
        stderr(&refused)
    );
    assert_status(
        &classify(&manifest, &logits, &out, &["--scores-are", "logits"]),
        0,
    );
    // -(ln(expit(2)) + ln(1 - expit(-1.5))) / 2
    let loss = value(&report(&out), "", "log loss");
    assert!((loss - 0.164_170_646).abs() < 1e-8, "{loss}");
}

#[test]
fn a_yes_or_no_tool_has_the_brier_score_and_log_loss_of_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("study");
    let (manifest, scores) = single(folder.path(), &[("ivory", 0.5), ("other", 0.5)]);
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    // brier_score_loss([1, 0], [.5, .5]) of scikit-learn 1.9: 0.25
    assert!((value(&report(&out), "", "Brier score") - 0.25).abs() < 1e-12);
    let (manifest, scores) = single(folder.path(), &[("ivory", 0.0), ("other", 1.0)]);
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    // log_loss([1, 0], [0., 1.]) of scikit-learn 1.9: 36.0437
    assert!((value(&report(&out), "", "log loss") - 36.043_653_389).abs() < 1e-6);
}

#[test]
fn none_in_forty_is_not_none_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("study");
    let rows: Vec<(&str, f64)> = (0..60)
        .map(|row| {
            if row < 20 {
                ("ivory", 0.9)
            } else {
                ("other", 0.1)
            }
        })
        .collect();
    let (manifest, scores) = single(folder.path(), &rows);
    let thresholds = ["--threshold", "ivory=0.3,0.6"];
    assert_status(&classify(&manifest, &scores, &out, &thresholds), 0);
    let report = report(&out);
    // Clopper and Pearson: 1 - 0.025^(1/40), 0.025^(1/20), 0.025^(1/60)
    let [low, high] = interval(&report, "ivory", "false-positive rate at flag 0.60");
    assert_eq!(low, 0.0);
    assert!((high - 0.088_097_03).abs() < 1e-6, "{high}");
    let [low, high] = interval(&report, "ivory", "recall at review 0.30");
    assert_eq!(high, 1.0);
    assert!((low - 0.831_566_5).abs() < 1e-6, "{low}");
    let [low, _] = interval(&report, "", "accuracy");
    assert!((low - 0.940_372).abs() < 1e-5, "{low}");
    // No false positive turned up, yet one in a thousand being ivory, few of the raised may be.
    let precision = figure(&report, "ivory", "precision at flag 0.60, prevalence 0.001");
    assert_eq!(precision["value"], 1.0);
    let low = precision["interval"][0].as_f64().unwrap();
    assert!(
        (low - 0.001 / (0.001 + 0.999 * 0.088_097_03)).abs() < 1e-6,
        "{low}"
    );
    let note = precision["note"].as_str().unwrap();
    // 1 - 0.05^(1/40)
    assert!(
        note.contains("0 false positives") && note.contains("0.0722"),
        "{note}"
    );
}

#[test]
fn a_label_without_photographs_has_no_figure() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let text = fs::read_to_string(&scores).unwrap();
    let more: String = text
        .lines()
        .map(|line| {
            let column = if line.starts_with("file") {
                "score_skull"
            } else {
                "0.0"
            };
            format!("{line},{column}\n")
        })
        .collect();
    fs::write(&scores, more).unwrap();
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    let report = report(&out);
    let figures = report["figures"].as_array().unwrap().iter();
    let of_skull: Vec<&Value> = figures
        .filter(|figure| figure["label"] == "skull")
        .collect();
    assert!(!of_skull.is_empty());
    for figure in of_skull {
        assert!(
            figure["value"].is_null() && figure["interval"].is_null(),
            "{figure}"
        );
        assert_eq!(figure["note"], "no photograph carries this label");
    }
}

#[test]
fn a_threshold_of_a_label_that_nobody_scores_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, scores) = scored(folder.path());
    let out = folder.path().join("study");
    let output = classify(&manifest, &scores, &out, &["--threshold", "ivroy=0.5"]);
    assert_status(&output, 2);
    assert!(stderr(&output).contains("ivroy"), "{}", stderr(&output));
    for nonsense in ["ivory", "ivory=2", "ivory=0.9,0.1", "=0.5", "ivory=x"] {
        let output = classify(&manifest, &scores, &out, &["--threshold", nonsense]);
        assert_status(&output, 2);
        assert!(
            stderr(&output).contains("LABEL=REVIEW,FLAG"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn each_of_two_tools_is_compared_under_its_name_and_at_its_thresholds() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<(&str, f64)> = (0..40)
        .map(|row| {
            if row % 2 == 0 {
                ("ivory", 0.6)
            } else {
                ("other", 0.2)
            }
        })
        .collect();
    let (manifest, ours) = single(folder.path(), &rows);
    let theirs = folder.path().join("theirs.csv");
    let percent = |line: &str| match line.split_once(',') {
        Some((file, score)) if file != "file" => {
            format!("{file},{}\n", 100.0 * score.parse::<f64>().unwrap())
        }
        _ => format!("{line}\n"),
    };
    let text: String = fs::read_to_string(&ours)
        .unwrap()
        .lines()
        .map(percent)
        .collect();
    fs::write(&theirs, text).unwrap();
    let compare = |more: &[&str]| {
        let mut command = faunalens();
        command.args(["eval", "compare"]).arg(&ours).arg(&theirs);
        command.arg("--answers").arg(&manifest);
        command.arg("--out").arg(folder.path().join("out"));
        command.args(["--resamples", "50", "--second-scores-are", "percent"]);
        command.args(more).output().unwrap()
    };
    let output = compare(&[
        "--first-name",
        "this one",
        "--second-name",
        "that one",
        "--first-threshold",
        "ivory=0.5",
        "--second-threshold",
        "ivory=0.1,0.7",
    ]);
    assert_status(&output, 0);
    assert!(
        stdout(&output).contains("only that one: 0"),
        "{}",
        stdout(&output)
    );
    let out = folder.path().join("out");
    let report = report(&out);
    assert_eq!(report["names"], serde_json::json!(["this one", "that one"]));
    let flagged = figure(&report, "ivory", "recall at flag");
    assert_eq!(
        (flagged["first"].as_f64(), flagged["second"].as_f64()),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(flagged["note"], "the second at 0.70");
    let wrong = figure(&report, "ivory", "false-positive rate at review");
    assert_eq!(
        (wrong["first"].as_f64(), wrong["second"].as_f64()),
        (Some(0.0), Some(1.0))
    );
    let accuracy = figure(&report, "", "accuracy");
    let [low, high] = [0, 1].map(|end| accuracy["interval"][end].as_f64().unwrap());
    assert!(
        low < 0.0 && high > 0.0,
        "no pair of 40 differs, some of the others may: {accuracy}"
    );
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("that one less this one"));

    let one_sided = compare(&["--first-threshold", "ivory=0.5"]);
    assert_status(&one_sided, 2);
    assert!(
        stderr(&one_sided).contains("give it for both"),
        "{}",
        stderr(&one_sided)
    );
}

#[test]
fn a_report_tells_no_folder_of_its_author_and_what_each_picture_is() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    fs::create_dir(&photos).unwrap();
    textured(1).save(photos.join("0.jpg")).unwrap();
    textured(2).save(photos.join("1.jpg")).unwrap();
    let (_, scores) = single(&photos, &[("ivory", 0.1), ("other", 0.1)]);
    let manifest = photos.join("answers.csv");
    let out = folder.path().join("study");
    assert_status(&classify(&manifest, &scores, &out, &[]), 0);
    let secret = folder.path().to_str().unwrap();
    for file in ["report.html", "report.json"] {
        let text = fs::read_to_string(out.join(file)).unwrap();
        assert!(!text.contains(secret), "{file} names {secret}");
        assert!(text.contains("answers.csv"), "{file}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("<img alt=\"0.jpg: (rest)"),
        "the miss is shown, and said"
    );
    assert!(!page.contains("alt=\"\""), "every picture says what it is");
}
