//! Running the program, and the pictures and bundles it is run on.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, with nothing inherited that could change what it does.
pub(crate) fn faunalens() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faunalens"));
    command.current_dir(project());
    command
        .env_remove("FAUNALENS_MODEL")
        .env_remove("FAUNALENS_SERVER")
        .env("ORT_DYLIB_PATH", runtime());
    command.stdin(Stdio::null());
    command
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of ONNX Runtime's library: the variable that cargo sets from .cargo/config.toml.
pub(crate) fn runtime() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(|| project().join("runtime"), PathBuf::from)
}

/// A picture of tests/data/photos.
pub(crate) fn photo(name: &str) -> PathBuf {
    project().join("tests/data/photos").join(name)
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    faunalens().args(arguments).output().unwrap()
}

pub(crate) fn run_with_stdin(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = faunalens()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
pub(crate) fn assert_status(output: &Output, expected: i32) {
    assert_eq!(output.status.code(), Some(expected), "{}", stderr(output));
}

/// Standard output as one JSON value a line.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A copy of the shipped bundle whose bundle.toml has been edited.
pub(crate) fn edited_bundle(folder: &Path, edit: impl FnOnce(String) -> String) -> PathBuf {
    let original = project().join("models/faunalens-base");
    let copy = folder.join("bundle");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(original.join("model.onnx"), copy.join("model.onnx")).unwrap();
    let text = std::fs::read_to_string(original.join("bundle.toml")).unwrap();
    std::fs::write(copy.join("bundle.toml"), edit(text)).unwrap();
    copy
}

/// A copy of the shipped bundle in which a label has these thresholds.
pub(crate) fn bundle_raising(folder: &Path, label: &str, review: f32, flag: f32) -> PathBuf {
    edited_bundle(folder, |text| {
        let start = text.find("[thresholds.").unwrap();
        let end = start + text[start..].find("\n[schreger]").unwrap();
        format!(
            "{}[thresholds.{label}]\nreview = {review}\nflag = {flag}\n{}",
            &text[..start],
            &text[end..]
        )
    })
}

/// Fills a folder with `count` small pictures that all differ.
pub(crate) fn crawl(folder: &Path, count: usize) -> PathBuf {
    let crawl = folder.join("crawl");
    std::fs::create_dir(&crawl).unwrap();
    for number in 0..count {
        let picture = image::RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 8) as u8, (number * 37 % 256) as u8])
        });
        picture
            .save(crawl.join(format!("{number:04}.png")))
            .unwrap();
    }
    crawl
}

/// Pictures that anybody can tell apart: `count` of each pattern named, in a folder per pattern. No two
/// are near-duplicates.
pub(crate) fn patterns(folder: &Path, names: &[&str], count: u32) -> PathBuf {
    let root = folder.join("patterns");
    for name in names {
        std::fs::create_dir_all(root.join(name)).unwrap();
        for number in 0..count {
            let picture = pattern(name, number);
            picture
                .save(root.join(name).join(format!("{number:02}.png")))
                .unwrap();
        }
    }
    root
}

/// A small picture, another for every number.
pub(crate) fn picture(number: u32) -> image::RgbImage {
    pattern("dots", number)
}

fn pattern(name: &str, number: u32) -> image::RgbImage {
    // A lattice of noise, smoothed by interpolation, different in every picture.
    let noise = |x: u32, y: u32| {
        let mut hash = (x.wrapping_mul(73_856_093)
            ^ y.wrapping_mul(19_349_663)
            ^ number.wrapping_mul(83_492_791))
        .wrapping_add(7);
        hash ^= hash >> 13;
        hash = hash.wrapping_mul(0x5bd1_e995);
        ((hash ^ (hash >> 15)) % 256) as f32
    };
    let smooth = |x: u32, y: u32, cell: u32| {
        let (i, j) = (x / cell, y / cell);
        let (u, v) = (
            (x % cell) as f32 / cell as f32,
            (y % cell) as f32 / cell as f32,
        );
        let top = noise(i, j) * (1.0 - u) + noise(i + 1, j) * u;
        let bottom = noise(i, j + 1) * (1.0 - u) + noise(i + 1, j + 1) * u;
        top * (1.0 - v) + bottom * v
    };
    image::RgbImage::from_fn(96, 96, |x, y| {
        let shade = smooth(x, y, 24);
        let light = |red: f32, green: f32, blue: f32| {
            image::Rgb([red, green, blue].map(|share| (share * (60.0 + 0.7 * shade)) as u8))
        };
        match name {
            "stripes" if ((x + y + number) / 6).is_multiple_of(2) => light(1.0, 0.15, 0.1),
            "stripes" => light(0.2, 0.05, 0.05),
            "dots" if (x % 16).abs_diff(8).pow(2) + (y % 16).abs_diff(8).pow(2) < 20 => {
                light(0.1, 0.2, 1.0)
            }
            "dots" => light(0.9, 1.0, 0.2),
            _ => light(0.5, 0.9, 0.5),
        }
    })
}
