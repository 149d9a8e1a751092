//! `faunalens hash`: the line that others exchange.

use crate::program::{assert_status, photo, run, stderr, stdout};

#[test]
fn a_line_is_hash_quality_file() {
    let path = photo("rgb.png");
    let output = run(&["hash", path.to_str().unwrap()]);
    assert_status(&output, 0);
    let text = stdout(&output);
    let fields: Vec<&str> = text.trim_end().splitn(3, ',').collect();
    assert!(fields[0].len() == 64 && fields[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(fields[1].parse::<u8>().unwrap() <= 100);
    assert_eq!(fields[2], path.to_str().unwrap());
}

#[test]
fn dihedral_gives_eight_lines_with_the_plain_hash_first() {
    let path = photo("exif-6.jpg");
    let plain = stdout(&run(&["hash", path.to_str().unwrap()]));
    let all = stdout(&run(&["hash", "--dihedral", path.to_str().unwrap()]));
    assert_eq!(all.lines().count(), 8);
    assert_eq!(all.lines().next(), plain.lines().next());
}

#[test]
fn it_needs_neither_model_nor_runtime() {
    let path = photo("rgb.png");
    let output = run(&[
        "hash",
        path.to_str().unwrap(),
        "--model",
        "none",
        "--onnxruntime",
        "none",
    ]);
    assert_status(&output, 0);
}

#[test]
fn an_unreadable_photo_is_told_on_stderr_and_the_rest_is_hashed() {
    let path = photo("rgb.png");
    let output = run(&["hash", "none.jpg", path.to_str().unwrap()]);
    assert_status(&output, 1);
    assert_eq!(stdout(&output).lines().count(), 1);
    assert!(stderr(&output).contains("none.jpg"));
}

#[test]
fn other_algorithms_give_hash_algorithm_file_and_pdq_keeps_its_line() {
    let path = photo("rgb.png");
    let path = path.to_str().unwrap();
    let plain = stdout(&run(&["hash", path]));
    let both = stdout(&run(&[
        "hash",
        "--algorithm",
        "phash",
        "--algorithm",
        "pdq",
        path,
    ]));
    let lines: Vec<&str> = both.lines().collect();
    let fields: Vec<&str> = lines[0].splitn(3, ',').collect();
    assert!(fields[0].len() == 16 && fields[0].bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(fields[1..], ["phash", path]);
    assert_eq!(lines[1..], [plain.trim_end()]);
}

#[test]
fn every_algorithm_of_the_help_is_taken_with_all_orientations_and_no_other() {
    let path = photo("exif-6.jpg");
    let path = path.to_str().unwrap();
    for name in [
        "dhash",
        "ahash",
        "blockhash",
        "median",
        "vertical-dhash",
        "double-dhash",
    ] {
        let lines = stdout(&run(&["hash", "--dihedral", "--algorithm", name, path]));
        assert_eq!(lines.lines().count(), 8, "{name}");
        assert!(lines.lines().all(|line| line.contains(name)), "{lines}");
    }
    assert_status(&run(&["hash", "--algorithm", "md5", path]), 2);
}
