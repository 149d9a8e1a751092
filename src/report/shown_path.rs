//! Paths as a report shows them. A report is published; where its author's files lie is not.

use std::path::Path;

/// The path relative to the working folder; of what lies elsewhere the name alone. Relative paths
/// stay as they are.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    if path.is_relative() {
        return path.display().to_string();
    }
    let inside = std::env::current_dir()
        .ok()
        .and_then(|here| Some(path.strip_prefix(here).ok()?.to_path_buf()))
        .filter(|inside| !inside.as_os_str().is_empty());
    let name = || path.file_name().map(Into::into);
    inside.or_else(name).map_or_else(
        || path.display().to_string(),
        |shown| shown.display().to_string(),
    )
}

/// An argument of the command line, its path shown likewise: `/home/x/a.csv`, `--out=/home/x/b`.
#[must_use]
pub fn shown_argument(argument: &str) -> String {
    match argument.split_once('=') {
        Some((option, value)) if option.starts_with('-') && value.starts_with('/') => {
            format!("{option}={}", shown_path(Path::new(value)))
        }
        _ => shown_path(Path::new(argument)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_elsewhere_is_its_name() {
        let here = std::env::current_dir().expect("a working folder");
        assert_eq!(shown_path(Path::new("a/b.csv")), "a/b.csv");
        assert_eq!(shown_path(&here.join("a/b.csv")), "a/b.csv");
        assert_eq!(shown_path(Path::new("/elsewhere/secret/b.csv")), "b.csv");
        assert_eq!(
            shown_argument("--out=/elsewhere/secret/study"),
            "--out=study"
        );
        assert_eq!(shown_argument("--quiet"), "--quiet");
        assert_eq!(shown_argument("ivory=0.3,0.9"), "ivory=0.3,0.9");
    }
}
