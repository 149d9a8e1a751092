//! A reader's shell: a scratch folder that looks like the project, and a page's commands run in it.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use walkdir::WalkDir;

use crate::page::{Command, Page, project};
use crate::shown;

/// Stands around the exit status that follows each command's output.
const MARK: char = '\u{1e}';

/// Runs a page's commands in order, in one shell; says how many there were.
#[track_caller]
pub(crate) fn run(page: &Page) -> usize {
    let folder = scratch();
    let mut commands = Vec::new();
    for block in &page.blocks {
        if let Some(name) = &block.file {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &block.text).unwrap();
        } else if block.is_shell() && block.not_run.is_none() {
            commands.extend(block.commands());
        }
    }
    for command in &commands {
        assert_parses(page, command);
    }
    let output = shell(folder.path(), &commands);
    let mut parts = output.split(MARK);
    for command in &commands {
        let (printed, status) = (parts.next().unwrap(), parts.next());
        let here = format!(
            "{}:{}: {}\n{printed}",
            page.path, command.line, command.text
        );
        assert_eq!(status, Some("0"), "{here}\nended with that status");
        if let Some(shown) = &command.shown
            && let Err(difference) = shown::compare(shown, printed)
        {
            panic!("{here}\n{difference}");
        }
    }
    commands.len()
}

/// The shell's own word on a command's form.
#[track_caller]
pub(crate) fn assert_parses(page: &Page, command: &Command) {
    let output = Process::new("sh")
        .args(["-n", "-c", &command.text])
        .output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}:{}: {said}",
        page.path,
        command.line
    );
}

/// What the commands print, each followed by its status between two marks.
fn shell(folder: &Path, commands: &[Command]) -> String {
    let mut script = "exec 2>&1\n".to_owned();
    for Command { text, .. } in commands {
        writeln!(script, "{text}\nprintf '{MARK}%s{MARK}' \"$?\"").unwrap();
    }
    let inherited = std::env::var_os("PATH").unwrap();
    let path = [folder.join("target/release"), folder.join("sqlite")]
        .into_iter()
        .chain(std::env::split_paths(&inherited));
    let output = Process::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("HOME", folder)
        .env("LC_ALL", "C")
        .env_remove("FAUNALENS_MODEL")
        .env_remove("FAUNALENS_SERVER")
        .env_remove("ORT_DYLIB_PATH")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a reader works with, copied, so that nothing a page does reaches the project.
const COPIED: [&str; 4] = ["eval", "models", "reference-images", "scripts"];

/// A folder with what a clone holds after `scripts/quickstart`: the program under test stands where
/// a release build would, and finds bundles and ONNX Runtime from there.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for file in COPIED
        .iter()
        .flat_map(|name| WalkDir::new(project().join(name)))
    {
        let file = file.unwrap();
        let copy = folder
            .path()
            .join(file.path().strip_prefix(project()).unwrap());
        if file.file_type().is_dir() {
            std::fs::create_dir(copy).unwrap();
        } else {
            std::fs::copy(file.path(), copy).unwrap();
        }
    }
    let release = folder.path().join("target/release");
    let runtime = folder.path().join("runtime");
    std::fs::create_dir_all(&release).unwrap();
    std::fs::create_dir(&runtime).unwrap();
    link(Path::new(env!("CARGO_BIN_EXE_faunalens")), &release);
    for file in std::fs::read_dir(project().join("runtime")).unwrap() {
        link(&file.unwrap().path(), &runtime);
    }
    install_sqlite_shell(&folder.path().join("sqlite"));
    folder
}

/// Puts a large file into a folder, without copying it where the file system can.
fn link(file: &Path, folder: &Path) {
    let place = folder.join(file.file_name().unwrap());
    if std::fs::hard_link(file, &place).is_err() {
        std::fs::copy(file, &place).unwrap();
    }
}

/// Where SQLite's shell is not installed, Python's SQLite answers its queries.
fn install_sqlite_shell(bin: &Path) {
    let installed = Process::new("sqlite3")
        .arg("-version")
        .stdout(Stdio::null())
        .status();
    if installed.is_ok_and(|status| status.success()) {
        return;
    }
    std::fs::create_dir(bin).unwrap();
    let script = "#!/usr/bin/env python3\n\
        import sqlite3, sys\n\
        for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):\n    \
        print('|'.join('' if cell is None else str(cell) for cell in row))\n";
    std::fs::write(bin.join("sqlite3"), script).unwrap();
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(bin.join("sqlite3"), executable).unwrap();
}
