//! `faunalens doctor`, and what a missing or wrong ONNX Runtime leads to.

use std::path::Path;

use crate::program::{assert_status, faunalens, json_lines, photo, run, runtime, stderr, stdout};

#[test]
fn a_sound_installation_is_reported_as_such() {
    let output = run(&["doctor", "--json"]);
    assert_status(&output, 0);
    let report = json_lines(&stdout(&output)).remove(0);
    assert_eq!(report["inference"], "works");
    assert!(
        report["onnxruntime"]["version"]
            .as_str()
            .unwrap()
            .starts_with("1.")
    );
    assert_eq!(report["bundle"]["name"], "faunalens-base");
    assert_eq!(report["problems"].as_array().unwrap().len(), 0);
    assert!(report["limits"]["max_pixels"].as_u64().unwrap() > 0);
}

/// What `check` says when it is pointed at this library.
fn complaint(library: &Path) -> String {
    let output = faunalens()
        .args(["check", photo("rgb.png").to_str().unwrap(), "--onnxruntime"])
        .arg(library)
        .output()
        .unwrap();
    assert_status(&output, 2);
    assert!(output.stdout.is_empty());
    stderr(&output)
}

#[test]
fn a_missing_runtime_is_told_with_the_command_that_mends_it() {
    let message = complaint(Path::new("/none/libonnxruntime.so"));
    assert!(message.contains("/none/libonnxruntime.so"), "{message}");
    assert!(message.contains("scripts/onnxruntime"), "{message}");
}

#[test]
fn what_is_no_library_is_refused_before_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    std::fs::write(&library, vec![b'x'; 10_000]).unwrap();
    assert!(complaint(&library).contains("scripts/onnxruntime"));
    std::fs::write(&library, b"").unwrap();
    assert!(complaint(&library).contains("scripts/onnxruntime"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_library_cut_short_is_refused_before_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    let whole = std::fs::read(runtime().join("libonnxruntime.so")).unwrap();
    std::fs::write(&library, &whole[..whole.len() / 3]).unwrap();
    assert!(complaint(&library).contains("cut short"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_old_runtime_is_refused_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libonnxruntime.so");
    let mut bytes = std::fs::read(runtime().join("libonnxruntime.so")).unwrap();
    while let Some(at) = bytes.windows(8).position(|window| window == b"VERS_1.3") {
        bytes[at + 7] = b'1'; // 1.31.1 becomes 1.11.1
    }
    std::fs::write(&library, bytes).unwrap();
    let message = complaint(&library);
    assert!(
        message.contains("too old") && message.contains("1.11"),
        "{message}"
    );
}

#[test]
fn the_doctor_names_every_problem_and_fails() {
    let output = run(&["doctor", "--onnxruntime", "/none", "--model", "/none"]);
    assert_status(&output, 2);
    let text = stdout(&output);
    assert!(
        text.contains("scripts/onnxruntime") && text.contains("--model"),
        "{text}"
    );
}

#[test]
fn the_library_may_be_named_by_the_environment() {
    let output = faunalens()
        .args(["check", photo("rgb.png").to_str().unwrap()])
        .env("ORT_DYLIB_PATH", "/none/lib.so")
        .output()
        .unwrap();
    assert_status(&output, 2);
    assert!(stderr(&output).contains("/none/lib.so"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_runtime_leaves_no_telemetry_behind() {
    let home = tempfile::tempdir().unwrap();
    let output = faunalens()
        .args(["check", photo("rgb.png").to_str().unwrap()])
        .env("HOME", home.path())
        .env_remove("XDG_CACHE_HOME")
        .env_remove("ORT_DISABLE_TELEMETRY")
        .output()
        .unwrap();
    assert_status(&output, 0);
    assert_eq!(
        std::fs::read_dir(home.path()).unwrap().count(),
        0,
        "no cache folder appears"
    );
}
