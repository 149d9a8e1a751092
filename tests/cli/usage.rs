//! Help, versions, completions, and wrong use.

use crate::program::{assert_status, run, stderr, stdout};

#[test]
fn version_names_the_model_too() {
    let output = run(&["--version"]);
    assert_status(&output, 0);
    let text = stdout(&output);
    assert!(
        text.starts_with(concat!("faunalens ", env!("CARGO_PKG_VERSION"), " (model ")),
        "{text}"
    );
    assert!(text.contains("faunalens-base"));
}

#[test]
fn help_shows_examples() {
    for command in [
        &["--help"][..],
        &["check", "--help"],
        &["scan", "--help"],
        &["hash", "--help"],
    ] {
        let output = run(command);
        assert_status(&output, 0);
        assert!(stdout(&output).contains("Examples:"), "{command:?}");
    }
}

#[test]
fn completions_exist_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_status(&output, 0);
        assert!(stdout(&output).contains("faunalens"));
    }
}

#[test]
fn wrong_use_is_status_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["check"],
        &["scan", "x"],
        &["check", "--nonsense", "a"],
    ] {
        let output = run(arguments);
        assert_status(&output, 2);
        assert!(!stderr(&output).is_empty());
    }
}

#[test]
fn a_closed_pipe_is_success() {
    use std::process::Stdio;
    let mut child = crate::program::faunalens()
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
