//! The hook of README.md, as a platform runs it: no name passes a picture, and nothing that was
//! not judged clear passes unless its owner said so.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::program::{faunalens, json_lines, runtime};

const RAISED: &str = "rhino_horn_whole_202.jpg";
const CLEAR: &str = "other_everyday_ball_674.jpg";

/// The script in README.md, with lines of it changed.
fn hook(changes: &[(&str, &str)]) -> String {
    let readme = include_str!("../../README.md");
    let (_, script) = readme.split_once("<!-- file: hook -->\n```sh\n").unwrap();
    let mut script = script.split_once("```").unwrap().0.to_owned();
    for (from, to) in changes {
        assert!(script.contains(from), "{from}");
        script = script.replace(from, to);
    }
    script
}

/// The hook's status for a file in its folder; `program` stands before the path.
fn status(folder: &Path, script: &str, program: Option<&Path>, name: &str) -> i32 {
    std::fs::write(folder.join("hook"), script).unwrap();
    let known = faunalens();
    let bin = program.unwrap_or(Path::new(known.get_program()).parent().unwrap());
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["hook", name])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env(
            "FAUNALENS_MODEL",
            concat!(env!("CARGO_MANIFEST_DIR"), "/models/faunalens-base"),
        )
        .env("ORT_DYLIB_PATH", runtime())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    output.status.code().unwrap()
}

fn sample(name: &str) -> String {
    format!("{}/reference-images/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Decisions that are queued, and how many files were not judged.
fn queued(folder: &Path) -> (Vec<serde_json::Value>, usize) {
    let review = std::fs::read_dir(folder.join("review"))
        .into_iter()
        .flatten();
    let records = review
        .flat_map(|entry| json_lines(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
    let unscreened = std::fs::read(folder.join("unscreened")).unwrap_or_default();
    let names = unscreened.iter().filter(|byte| **byte == 0).count();
    (records.collect(), names)
}

#[test]
fn no_name_lets_a_raised_picture_pass() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "-x.jpg",
        "--schema",
        "--help",
        "--version",
        "--",
        "-",
        "--json=",
        " two  blanks ",
        "$(touch broken).jpg",
        "`touch broken`;touch broken",
        "a\nb.jpg",
        "'\"\\.jpg",
        "*",
        "%s%n.jpg",
    ];
    for (number, name) in names.into_iter().enumerate() {
        std::fs::copy(sample(RAISED), folder.path().join(name)).unwrap();
        assert_eq!(status(folder.path(), &hook(&[]), None, name), 1, "{name:?}");
        let (records, unscreened) = queued(folder.path());
        assert_eq!((records.len(), unscreened), (number + 1, 0), "{name:?}");
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let (records, _) = queued(folder.path());
    assert!(records.iter().all(|record| record["decision"] == "flag"));
    let named = |name: &str| records.iter().any(|record| record["file"] == name);
    assert!(named("./-x.jpg") && named("./a\nb.jpg"));
    assert!(!folder.path().join("broken").exists());

    std::fs::copy(sample(CLEAR), folder.path().join("-c.jpg")).unwrap();
    assert_eq!(status(folder.path(), &hook(&[]), None, "-c.jpg"), 0);
    assert_eq!(
        queued(folder.path()).0.len(),
        names.len(),
        "a clear one is not queued"
    );
}

#[test]
fn what_cannot_be_read_is_queued_and_held_or_passed_as_stated() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("damaged.jpg"), "no picture").unwrap();
    let pass = hook(&[("unreadable=hold", "unreadable=pass")]);
    for (number, name) in ["damaged.jpg", "gone.jpg", ""].into_iter().enumerate() {
        assert_eq!(status(folder.path(), &hook(&[]), None, name), 1, "{name}");
        assert_eq!(status(folder.path(), &pass, None, name), 0, "{name}");
        assert_eq!(queued(folder.path()).0.len(), 2 * (number + 1), "{name}");
    }
    let errors = queued(folder.path()).0;
    assert!(errors.iter().all(|record| record["decision"].is_null()));
}

#[test]
fn what_was_not_judged_never_looks_clear_unless_stated() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(sample(CLEAR), folder.path().join("-c.jpg")).unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let pass = hook(&[("fault=hold", "fault=pass")]);
    // Not set up, crashed, killed, and an answer of another program.
    for (number, fault) in ["exit 2", "exit 101", "kill -9 $$", "exit 127"]
        .iter()
        .enumerate()
    {
        let program = bin.join("faunalens");
        std::fs::write(&program, format!("#!/bin/sh\n{fault}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            status(folder.path(), &hook(&[]), Some(&bin), "-c.jpg"),
            1,
            "{fault}"
        );
        assert_eq!(
            status(folder.path(), &pass, Some(&bin), "-c.jpg"),
            0,
            "{fault}"
        );
        assert_eq!(queued(folder.path()).1, 2 * (number + 1), "{fault}");
    }
    let names = std::fs::read(folder.path().join("unscreened")).unwrap();
    assert!(names.starts_with(b"./-c.jpg\0"));
    // Where nothing can be queued, nothing passes as clear either.
    std::fs::write(folder.path().join("review"), "a file").unwrap();
    std::fs::copy(sample(RAISED), folder.path().join("r.jpg")).unwrap();
    assert_eq!(status(folder.path(), &hook(&[]), None, "r.jpg"), 1);
}
