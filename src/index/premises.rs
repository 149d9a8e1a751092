//! The files of an index, and that nothing else stands in their place.
//!
//! An index may come from a stranger: a symbolic link in it could lead a writer to foreign files, a
//! pipe could keep a reader waiting for ever. What is opened, replaced or removed is therefore
//! first seen to be a plain file or folder of the index itself.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{IndexError, Result, WithPath};

/// The truth.
pub(super) const DATABASE: &str = "faunalens.sqlite";
/// The same until it is whole.
pub(super) const DATABASE_ASIDE: &str = "faunalens.sqlite.partial";
/// Names the generation in use.
pub(super) const MANIFEST: &str = "manifest.json";
/// Names the generation that takes over as soon as the database is of its epoch.
pub(super) const NEXT_MANIFEST: &str = "manifest.next.json";
/// Holds a folder per generation.
pub(super) const GENERATIONS: &str = "generations";
/// What SQLite keeps beside its database.
const BESIDE_DATABASE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The database of the index in `dir`.
pub(super) fn database(dir: &Path) -> Result<PathBuf> {
    let database = dir.join(DATABASE);
    if !is_file(&database)? {
        return Err(IndexError::Missing(dir.into()));
    }
    for suffix in BESIDE_DATABASE {
        is_file(&beside(&database, suffix))?;
    }
    Ok(database)
}

/// The path of what SQLite keeps beside its database under a suffix, such as `-wal`.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a database and what SQLite keeps beside it, which it would take for a new one's.
pub(super) fn clear_database(database: &Path) -> Result<()> {
    let beside = BESIDE_DATABASE.map(|suffix| beside(database, suffix));
    for path in beside.iter().map(PathBuf::as_path).chain([database]) {
        if is_file(path)? {
            fs::remove_file(path).with_path(path)?;
        }
    }
    Ok(())
}

/// Whether there is a file; what stands in its place is refused.
pub(super) fn is_file(path: &Path) -> Result<bool> {
    is_kind(path, fs::FileType::is_file, "not a regular file")
}

/// Whether there is a folder; what stands in its place is refused.
pub(super) fn is_folder(path: &Path) -> Result<bool> {
    is_kind(path, fs::FileType::is_dir, "not a folder")
}

fn is_kind(path: &Path, kind: impl Fn(&fs::FileType) -> bool, otherwise: &str) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if kind(&metadata.file_type()) => Ok(true),
        Ok(metadata) => Err(IndexError::Foreign {
            path: path.into(),
            what: match metadata.is_symlink() {
                true => "a symbolic link".into(),
                false => otherwise.into(),
            },
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(IndexError::Io {
            path: path.into(),
            source,
        }),
    }
}

/// Opens a file for reading.
pub(super) fn open_file(path: &Path) -> Result<File> {
    if !is_file(path)? {
        return Err(IndexError::Damaged {
            path: path.into(),
            what: "missing".into(),
        });
    }
    File::open(path).with_path(path)
}

/// An empty file in the place of whatever file or link was left there.
pub(super) fn create_file(path: &Path) -> Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_path(path),
        _ => {}
    }
    File::create_new(path).with_path(path)
}

/// Whether a name is one that a generation, or one in the making, has: `g` and digits.
pub(super) fn names_generation(name: &str) -> bool {
    let name = name.strip_suffix(".partial").unwrap_or(name);
    let digits = name.strip_prefix('g').unwrap_or("");
    digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes the generations of `parent` that are not among `keep`, and nothing else: not what is
/// named otherwise, and no symbolic link.
pub(super) fn remove_generations(parent: &Path, keep: &[String]) -> Result<()> {
    if !is_folder(parent)? {
        return Ok(());
    }
    for entry in fs::read_dir(parent).with_path(parent)? {
        let entry = entry.with_path(parent)?;
        let is_folder = entry.file_type().with_path(&entry.path())?.is_dir();
        let is_left = |name: &str| names_generation(name) && !keep.iter().any(|kept| kept == name);
        if is_folder && entry.file_name().to_str().is_some_and(is_left) {
            fs::remove_dir_all(entry.path()).with_path(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_their_names() {
        for name in ["g00000001", "g00000001.partial", "g123456789"] {
            assert!(names_generation(name), "{name}");
        }
        for name in [
            ".DS_Store",
            "g1",
            "g0000000x",
            "photos",
            "g",
            "00000001",
            "",
        ] {
            assert!(!names_generation(name), "{name}");
        }
    }
}
