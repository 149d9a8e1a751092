//! `--policy`: a partner's list raises what the owner of the index says.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::program::{assert_status, faunalens, json_lines, stderr, stdout};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A copy of one of two pictures of which PDQ says much, and which no label raises.
fn picture(folder: &Path, number: usize) -> PathBuf {
    let name = [
        "other_everyday_ball_674.jpg",
        "ceramic_stone_stone_pot_620.jpg",
    ][number - 1];
    let path = folder.join(format!("picture-{number}.jpg"));
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/reference-images/");
    std::fs::copy(format!("{samples}{name}"), &path).unwrap();
    path
}

fn hash_of(picture: &Path) -> String {
    let output = faunalens().args(["hash", text(picture)]).output().unwrap();
    assert_status(&output, 0);
    let line = stdout(&output);
    let fields: Vec<&str> = line.split(',').collect();
    assert!(fields[1].parse::<u8>().unwrap() >= 50, "{line}");
    fields[0].to_owned()
}

/// An index with one list, as python-threatexchange writes it in CSV.
fn listed(folder: &Path, rows: &str) -> PathBuf {
    let index = folder.join("p");
    assert_status(
        &faunalens()
            .args(["index", "init", text(&index)])
            .output()
            .unwrap(),
        0,
    );
    let list = folder.join("tagged.csv");
    let head = "signal_type,signal_str,collab,category,tags\r\n";
    std::fs::write(&list, format!("{head}{rows}")).unwrap();
    let import = faunalens()
        .args(["index", "import", text(&index), text(&list)])
        .args(["--form", "csv", "--name", "partner"])
        .output()
        .unwrap();
    assert_status(&import, 0);
    index
}

fn check(index: &Path, policy: Option<&Path>, more: &[&str]) -> Output {
    let mut command = faunalens();
    command.args(["check", "--exit-code", "--index", text(index)]);
    if let Some(policy) = policy {
        command.args(["--policy", text(policy)]);
    }
    command.args(more).output().unwrap()
}

fn policy(folder: &Path, rules: &str) -> PathBuf {
    let path = folder.join("policy.toml");
    std::fs::write(&path, rules).unwrap();
    path
}

const RAISE: &str = "[[raise]]\nsource = \"partner\"\nto = \"flag\"\n\
                     [[raise]]\ncategory = \"positive_class\"\nto = \"review\"\n";

#[test]
fn a_listed_picture_is_raised_and_says_by_what() {
    let folder = tempfile::tempdir().unwrap();
    let picture = picture(folder.path(), 1);
    let rows = format!(
        "pdq,{},WildlifeCollab,POSITIVE_CLASS,ivory seizure\r\n",
        hash_of(&picture)
    );
    let index = listed(folder.path(), &rows);
    let rules = policy(folder.path(), RAISE);

    let without = check(&index, None, &["--json", text(&picture)]);
    assert_status(&without, 0);
    let record = json_lines(&stdout(&without)).remove(0);
    let found = &record["matches"][0];
    assert_eq!(found["source"], "partner");
    assert_eq!(found["category"], "POSITIVE_CLASS");
    assert_eq!(found["opinion"], "positive");
    assert_eq!(found["tags"], serde_json::json!(["ivory", "seizure"]));
    assert!(found["listed_at"].is_string());

    let raised = check(&index, Some(&rules), &["--json", text(&picture)]);
    assert_status(&raised, 20);
    let record = json_lines(&stdout(&raised)).remove(0);
    assert_eq!(record["decision"], "flag");
    assert_eq!(
        record["reasons"][0],
        "on list partner: 0 of 256 bits differ"
    );
    let coded = &record["reasons_coded"];
    assert_eq!(
        coded.as_array().unwrap().len(),
        record["reasons"].as_array().unwrap().len()
    );
    assert_eq!(
        coded[0],
        serde_json::json!({"code": "match_source", "label": "partner", "score": 1.0, "threshold": null})
    );
    assert_eq!(coded[1]["code"], "match_category");
    assert_eq!(coded[1]["label"], "POSITIVE_CLASS");

    let words = stdout(&check(&index, Some(&rules), &[text(&picture)]));
    let lines: Vec<&str> = words.lines().collect();
    assert!(lines[0].starts_with("flag    match partner "), "{words}");
    assert!(
        lines[1].contains("on list partner: 0 of 256 bits differ; "),
        "{words}"
    );
    assert!(
        lines[1].contains("category POSITIVE_CLASS, tags ivory seizure"),
        "{words}"
    );
    assert!(
        lines.iter().all(|line| !line.trim_end().ends_with(';')),
        "{words}"
    );

    let other = self::picture(folder.path(), 2);
    assert_status(&check(&index, Some(&rules), &[text(&other)]), 0);
}

#[test]
fn a_scan_is_judged_by_the_policy_too() {
    let folder = tempfile::tempdir().unwrap();
    let picture = picture(folder.path(), 1);
    let rows = format!("pdq,{},w,POSITIVE_CLASS,\r\n", hash_of(&picture));
    let index = listed(folder.path(), &rows);
    let rules = policy(folder.path(), RAISE);
    let manifest = folder.path().join("rows.csv");
    std::fs::write(&manifest, "file,seller\npicture-1.jpg,anna\n").unwrap();
    let out = folder.path().join("out.jsonl");
    let scan = faunalens()
        .args([
            "scan",
            text(&manifest),
            "--out",
            text(&out),
            "--index",
            text(&index),
        ])
        .args(["--policy", text(&rules)])
        .output()
        .unwrap();
    assert_status(&scan, 0);
    let row = json_lines(&std::fs::read_to_string(&out).unwrap()).remove(0);
    assert_eq!(row["decision"], "flag");
    let export = faunalens()
        .args([
            "index",
            "export",
            text(&index),
            "--form",
            "threatexchange",
            "--decision",
            "flag",
        ])
        .output()
        .unwrap();
    assert_eq!(stdout(&export).lines().count(), 1);
}

#[test]
fn a_negative_is_no_match_that_raises_and_clears_its_own_list() {
    let folder = tempfile::tempdir().unwrap();
    let picture = picture(folder.path(), 1);
    let rows = format!(
        "pdq,{},w,NEGATIVE_CLASS,false-positive\r\n",
        hash_of(&picture)
    );
    let index = listed(folder.path(), &rows);
    let rules = policy(folder.path(), RAISE);
    let output = check(&index, Some(&rules), &["--json", text(&picture)]);
    assert_status(&output, 0);
    let record = json_lines(&stdout(&output)).remove(0);
    assert_eq!(record["decision"], "clear");
    assert_eq!(record["matches"][0]["opinion"], "negative");

    // Another list raises it, until a rule lets the partner's negatives clear that list.
    let other = folder.path().join("police.txt");
    std::fs::write(&other, format!("pdq {} seized\n", hash_of(&picture))).unwrap();
    let import = faunalens()
        .args([
            "index",
            "import",
            text(&index),
            text(&other),
            "--source",
            "police",
        ])
        .output()
        .unwrap();
    assert_status(&import, 0);
    let raise = "[[raise]]\ncategory = \"seized\"\nto = \"flag\"\n";
    let rules = policy(folder.path(), raise);
    assert_status(&check(&index, Some(&rules), &[text(&picture)]), 20);
    let clear = format!("{raise}[[clear]]\nopinion = \"negative\"\nof = \"police\"\n");
    let rules = policy(folder.path(), &clear);
    let output = check(&index, Some(&rules), &["--json", text(&picture)]);
    assert_status(&output, 0);
    let record = json_lines(&stdout(&output)).remove(0);
    assert_eq!(
        record["reasons"][0],
        "on list police, cleared by list partner"
    );
    assert_eq!(record["reasons_coded"][0]["code"], "match_cleared");
}

#[test]
fn a_policy_that_is_none_is_refused_before_anything_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let picture = picture(folder.path(), 1);
    let index = listed(folder.path(), "");
    for (rules, told) in [
        (
            "[[raise]]\nsuorce = \"a\"\nto = \"flag\"\n",
            vec!["line 2", "suorce", "source"],
        ),
        (
            "[[raise]]\nsource = \"a\"\nto = \"block\"\n",
            vec!["line 3", "block", "flag"],
        ),
        ("[[raise]]\nsource = \"a\"\n", vec!["line 1", "to"]),
        ("[[raise]\n", vec!["line 1"]),
        ("", vec!["[[raise]]"]),
    ] {
        let path = policy(folder.path(), rules);
        let output = check(&index, Some(&path), &[text(&picture)]);
        assert_status(&output, 2);
        assert!(output.stdout.is_empty());
        let said = stderr(&output);
        assert!(said.contains("policy.toml"), "{said}");
        assert!(
            told.iter().all(|word| said.contains(word)),
            "{rules}: {said}"
        );
    }
    let missing = check(
        &index,
        Some(&folder.path().join("none.toml")),
        &[text(&picture)],
    );
    assert_status(&missing, 2);
    assert!(stderr(&missing).contains("none.toml"));
    let rules = policy(
        folder.path(),
        "[[raise]]\nsource = \"partnr\"\nto = \"flag\"\n",
    );
    let misspelt = check(&index, Some(&rules), &[text(&picture)]);
    assert_status(&misspelt, 0);
    assert!(stderr(&misspelt).contains("partnr") && stderr(&misspelt).contains("partner"));
    let alone = faunalens()
        .args(["check", "--policy", text(&rules), text(&picture)])
        .output();
    assert_status(&alone.unwrap(), 2);
}

/// The section's line was once `flag    other 0.67`: what it looks like most is not what was found.
#[test]
fn in_words_the_finding_is_what_was_raised() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/reference-images/");
    for name in ["ivory_section_elephant.jpg", "ivory_section_mammoth.jpg"] {
        let output = faunalens()
            .arg("check")
            .arg(format!("{folder}{name}"))
            .output()
            .unwrap();
        assert_status(&output, 0);
        let line = stdout(&output);
        assert_eq!(line.split_whitespace().nth(1), Some("ivory"), "{line}");
    }
    let clear = format!("{folder}other_everyday_ball_674.jpg");
    let line = stdout(&faunalens().args(["check", &clear]).output().unwrap());
    assert_eq!(line.split_whitespace().nth(1), Some("-"), "{line}");
    assert!(line.contains("(most like other 0."), "{line}");
    let raised = format!("{folder}rhino_horn_whole_202.jpg");
    let json = faunalens().args(["check", "--json", &raised]).output();
    let record: Value = json_lines(&stdout(&json.unwrap())).remove(0);
    let coded = &record["reasons_coded"][0];
    assert_eq!(
        (&coded["code"], &coded["label"]),
        (&"score_reached".into(), &"rhino_horn".into())
    );
    assert_eq!(coded["score"], record["materials"][0]["score"]);
    assert_eq!(coded["threshold"], 0.5);
}
