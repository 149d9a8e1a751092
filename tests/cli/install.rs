//! Where an installed program finds ONNX Runtime and its models.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{assert_status, json_lines, photo, project, runtime, stderr, stdout};

/// The program in `bin/` of a prefix, as pip, a container or a package would install it.
struct Prefix {
    folder: tempfile::TempDir,
}

impl Prefix {
    fn new() -> Self {
        // Beside the build, where a hard link suffices, and too deep to be taken for one.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let prefix = Self { folder };
        std::fs::create_dir_all(prefix.path("bin")).unwrap();
        let program = prefix.path("bin/faunalens");
        std::fs::hard_link(env!("CARGO_BIN_EXE_faunalens"), program).unwrap();
        prefix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("opt/faunalens").join(name)
    }

    /// Runs in a folder that is no part of the installation.
    fn faunalens(&self, working_folder: &Path) -> Command {
        let mut command = Command::new(self.path("bin/faunalens"));
        command.current_dir(working_folder);
        command.env_remove("ORT_DYLIB_PATH");
        command.env_remove("FAUNALENS_MODEL");
        command
    }

    #[cfg(unix)]
    fn link(&self, original: &Path, name: &str) {
        let link = self.path(name);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(original, link).unwrap();
    }
}

#[cfg(target_os = "linux")]
const LIBRARY: &str = "libonnxruntime.so";

#[cfg(target_os = "linux")]
#[test]
fn a_wheel_finds_the_library_of_the_onnxruntime_package_and_its_own_models() {
    let prefix = Prefix::new();
    let name = "lib/python3.12/site-packages/onnxruntime/capi/libonnxruntime.so.1.31.1";
    prefix.link(&runtime().join(LIBRARY), name);
    prefix.link(&project().join("models"), "share/faunalens/models");
    let elsewhere = tempfile::tempdir().unwrap();
    let output = prefix
        .faunalens(elsewhere.path())
        .args(["check", "--json"])
        .arg(photo("rgb.png"))
        .output()
        .unwrap();
    assert_status(&output, 0);
    assert_eq!(
        json_lines(&stdout(&output))[0]["model"]["name"],
        "faunalens-base"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_may_lie_in_lib_faunalens_of_the_prefix() {
    let prefix = Prefix::new();
    prefix.link(&runtime().join(LIBRARY), "lib/faunalens/libonnxruntime.so");
    prefix.link(&project().join("models"), "share/faunalens/models");
    let elsewhere = tempfile::tempdir().unwrap();
    let output = prefix
        .faunalens(elsewhere.path())
        .args(["doctor", "--json"])
        .output()
        .unwrap();
    assert_status(&output, 0);
    assert_eq!(json_lines(&stdout(&output))[0]["inference"], "works");
}

/// Photographs may come from anybody: a library among them must not run.
#[cfg(target_os = "linux")]
#[test]
fn a_library_in_the_working_folder_is_never_looked_at() {
    let prefix = Prefix::new();
    let planted = tempfile::tempdir().unwrap();
    std::fs::create_dir(planted.path().join("runtime")).unwrap();
    for name in ["runtime/libonnxruntime.so", "libonnxruntime.so"] {
        std::fs::write(planted.path().join(name), vec![b'x'; 10_000]).unwrap();
    }
    let output = prefix
        .faunalens(planted.path())
        .arg("check")
        .arg(photo("rgb.png"))
        .arg("--model")
        .arg(project().join("models/faunalens-base"))
        .output()
        .unwrap();
    assert_status(&output, 2);
    let message = stderr(&output);
    assert!(message.contains("not installed"), "{message}");
}

#[test]
fn the_doctor_says_where_it_looked() {
    let prefix = Prefix::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let output = prefix
        .faunalens(elsewhere.path())
        .args(["doctor", "--json"])
        .output()
        .unwrap();
    let report = json_lines(&stdout(&output)).remove(0);
    let searched = report["onnxruntime_searched"].as_array().unwrap().clone();
    let beside = prefix.path("bin").canonicalize().unwrap();
    assert!(
        searched[0]
            .as_str()
            .unwrap()
            .starts_with(beside.to_str().unwrap()),
        "{searched:?}"
    );
    assert_eq!(searched.last().unwrap(), "the system's libraries");
    for path in &searched[..searched.len() - 1] {
        assert!(Path::new(path.as_str().unwrap()).is_absolute(), "{path}");
    }
}
