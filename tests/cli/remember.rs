//! `check --remember`: asked and added in one call, by many callers at once.

use std::path::Path;
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::program::{assert_status, crawl, faunalens, json_lines, stderr, stdout};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn remembering(index: &Path, more: &[&str]) -> Output {
    let mut command = faunalens();
    command.args(["check", "--json", "--index", text(index), "--remember"]);
    command.args(more).output().unwrap()
}

fn stats(index: &Path) -> Value {
    let output = faunalens()
        .args(["index", "stats", "--json", text(index)])
        .output()
        .unwrap();
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn a_photo_is_matched_with_what_came_before_and_then_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (source, index) = (crawl(folder.path(), 3), folder.path().join("seen"));
    let photo = source.join("0001.png");
    let seen = ["--listing", "L-1", "--platform", "market"];
    let at = ["--captured-at", "2026-11-26T23:30:00+02:00"];
    let by = |seller| [&["--seller", seller][..], &seen, &at, &[text(&photo)]].concat();
    let first = remembering(&index, &by("anna"));
    assert_status(&first, 0);
    let record = json_lines(&stdout(&first)).remove(0);
    assert_eq!(
        record["matches"],
        Value::Array(vec![]),
        "the index was made by this call"
    );
    assert_eq!(record["seller"], "anna");
    assert_eq!(record["captured_at"], "2026-11-26T21:30:00Z");
    let second = remembering(&index, &by("ben"));
    let record = json_lines(&stdout(&second)).remove(0);
    assert_eq!(record["matches"][0]["seller"], "anna");
    assert_eq!(record["matches"][0]["listing"], "L-1");
    // The same call again stores nothing twice, and does not match itself.
    let again = remembering(&index, &by("ben"));
    let record = json_lines(&stdout(&again)).remove(0);
    assert_eq!(record["matches"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&stats(&index)["images"], &stats(&index)["sightings"]),
        (&1.into(), &2.into())
    );

    // Several at once, one of them unreadable, and one from standard input.
    let files: Vec<_> = (0..3)
        .map(|number| source.join(format!("000{number}.png")))
        .collect();
    let mut files: Vec<&str> = files.iter().map(|path| text(path)).collect();
    files.push("none.jpg");
    let several = remembering(&index, &[&["--seller", "carla", "--"][..], &files].concat());
    assert_status(&several, 1);
    let records = json_lines(&stdout(&several));
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record["seller"] == "carla"));
    assert_eq!(stats(&index)["images"], 3);
}

#[test]
fn what_is_said_of_a_photo_is_for_remembering_it() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 1);
    let photo = source.join("0000.png");
    let index = folder.path().join("seen");
    let no_time = [
        "--index",
        text(&index),
        "--remember",
        "--captured-at",
        "zzzz",
    ];
    for wrong in [&["--seller", "anna"][..], &["--remember"], &no_time] {
        let output = faunalens()
            .arg("check")
            .args(wrong)
            .arg(&photo)
            .output()
            .unwrap();
        assert_status(&output, 2);
    }
}

/// Eight callers at once, on an index that is not there yet: nothing is lost, nothing twice.
#[test]
fn eight_callers_at_once_lose_nothing_and_store_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (source, index) = (crawl(folder.path(), 24), folder.path().join("seen"));
    let mut printed = 0;
    // Eight at a time: the first picture of every caller, then the second, the third, and one that
    // all of them show.
    for turn in 0..4 {
        let callers = (0..8).map(|caller| start(&source, &index, caller, turn));
        let children: Vec<Child> = callers.collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_status(&output, 0);
            printed += json_lines(&stdout(&output)).len();
            assert!(output.stderr.is_empty(), "{}", stderr(&output));
        }
    }
    assert_eq!(printed, 32);
    let stats = stats(&index);
    // Picture 0 is the first caller's own, too.
    assert_eq!(
        (&stats["images"], &stats["sightings"]),
        (&24.into(), &31.into())
    );
    assert_eq!(stats["sellers"], 8);
    let verify = faunalens()
        .args(["index", "verify", text(&index)])
        .output()
        .unwrap();
    assert_status(&verify, 0);
}

fn start(source: &Path, index: &Path, caller: usize, turn: usize) -> Child {
    let number = if turn == 3 { 0 } else { 3 * caller + turn };
    faunalens()
        .args(["check", "--json", "--index", text(index), "--remember"])
        .args(["--seller", &format!("seller {caller}"), "--"])
        .arg(source.join(format!("{number:04}.png")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_hook_is_answered_beside_a_scan_that_goes_on() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let (source, index) = (crawl(folder.path(), 3), folder.path().join("seen"));
    let photo = |number: usize| source.join(format!("{number:04}.png"));
    let mut scan = faunalens()
        .args(["scan", "-", "--quiet", "--index", text(&index), "--out"])
        .arg(folder.path().join("rows.jsonl"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut names = scan.stdin.take().unwrap();
    writeln!(names, "{}", photo(0).display()).unwrap();
    names.flush().unwrap();
    while !index.join("faunalens.sqlite").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // The scan waits for its next name, and would hold the index for ever.
    let asked = remembering(&index, &["--seller", "anna", text(&photo(1))]);
    assert_status(&asked, 0);
    writeln!(names, "{}", photo(1).display()).unwrap();
    drop(names);
    assert_status(&scan.wait_with_output().unwrap(), 0);
    let rows = std::fs::read_to_string(folder.path().join("rows.jsonl")).unwrap();
    let rows = json_lines(&rows);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[1]["matches"][0]["seller"], "anna",
        "what was remembered meanwhile is found"
    );
    assert_eq!(stats(&index)["sightings"], 3);
}
