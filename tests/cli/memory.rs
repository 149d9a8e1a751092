//! Little memory: a picture that does not fit is a row, and the run goes on.

use std::path::Path;
use std::process::{Command, Output};

use image::{Rgb, RgbImage};
use serde_json::Value;

use crate::program::{crawl, faunalens, json_lines, runtime, stderr};

const MIB: u64 = 1 << 20;

/// The program with at most so many bytes of address space.
fn limited(bytes: u64, arguments: &[&str]) -> Output {
    let program = faunalens();
    Command::new("sh")
        .current_dir(program.get_current_dir().unwrap())
        .args(["-c", "ulimit -v \"$1\" && shift && exec \"$@\"", "sh"])
        .arg((bytes / 1024).to_string())
        .arg(program.get_program())
        .args(arguments)
        .env("ORT_DYLIB_PATH", runtime())
        .output()
        .unwrap()
}

fn scan(bytes: u64, source: &Path, out: &Path) -> (Option<i32>, Vec<Value>, String) {
    let [source, out] = [source, out].map(|path| path.to_str().unwrap());
    let workers = ["--workers", "2", "--schreger", "always"];
    let arguments = [&["scan", source, "--out", out][..], &workers].concat();
    let output = limited(bytes, &arguments);
    let rows = std::fs::read_to_string(out).unwrap_or_default();
    (output.status.code(), json_lines(&rows), stderr(&output))
}

#[test]
fn a_picture_that_does_not_fit_into_memory_never_ends_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let source = crawl(folder.path(), 6);
    let out = |name: &str| folder.path().join(name);
    // The least memory in which the small ones are read.
    let enough = (8..80)
        .map(|steps| steps * 25 * MIB)
        .find(|&bytes| scan(bytes, &source, &out(&format!("small-{bytes}.jsonl"))).0 == Some(0))
        .unwrap();
    let giant = RgbImage::from_fn(4000, 4000, |x, y| Rgb([(x / 16) as u8, (y % 7) as u8, 90]));
    giant.save(source.join("0003-giant.png")).unwrap();

    let mut refused = 0;
    for more in [0, 100, 300] {
        let out = out(&format!("with-{more}.jsonl"));
        let (status, rows, words) = scan(enough + more * MIB, &source, &out);
        assert_eq!(rows.len(), 7, "{more} more: {status:?} {words}");
        for row in rows.iter().filter(|row| !row["error"].is_null()) {
            assert_eq!(row["error"]["kind"], "too_large", "{more} more: {row}");
            let message = row["error"]["message"].as_str().unwrap();
            assert!(message.contains("not enough memory"), "{more} more: {row}");
            refused += 1;
        }
        // Run again, the scan is complete.
        let (status, again, words) = scan(enough + more * MIB, &source, &out);
        assert!(status == Some(0) || status == Some(1), "{status:?} {words}");
        assert_eq!(again, rows);
    }
    assert!(refused > 0, "the giant was read at every limit");
}
