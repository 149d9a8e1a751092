//! Where photos come from: a folder, a manifest, or a list of paths.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::column::Column;
use super::error::{BadRow, ManifestError};
use super::passthrough::Passthrough;
use super::rows::{Row, Rows, extension, is_manifest};
use crate::escape::{name, path_named};
use crate::moment::Times;

/// Extensions of files that crawlers and people keep beside photos. Every other
/// file is taken for a photo and gets a row, whatever it turns out to be.
const SIDECARS: [&str; 18] = [
    "csv", "db", "htm", "html", "ini", "json", "jsonl", "log", "md", "ndjson", "parquet", "sqlite",
    "toml", "tsv", "txt", "xml", "yaml", "yml",
];

/// Characters of a cell that are repeated where it holds no time.
const LONGEST_TIME: usize = 60;

/// What a manifest says of a photo beside its file. All optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Who offers it: a shop or account name.
    pub seller: Option<String>,
    /// The listing it illustrates: an id or address.
    pub listing: Option<String>,
    /// The site it was seen on.
    pub platform: Option<String>,
    /// When it was captured, in the form of [`Times::canonical`].
    pub captured_at: Option<String>,
    /// The manifest's other columns; `None` where it has none.
    pub source: Option<Passthrough>,
}

/// One entry of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name under which the photo appears in the output.
    pub file: String,
    /// Where its bytes lie, or why the entry cannot be used.
    pub path: Result<PathBuf, String>,
    /// What else is known of it.
    pub context: Context,
    /// A time of the manifest that is none: the photo is taken all the same, undated.
    pub unread_time: Option<UnreadTime>,
}

/// A cell of a manifest that should hold a time, and does not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: line {line}: captured_at holds no time: {text}", name(manifest))]
pub struct UnreadTime {
    /// The manifest.
    pub manifest: PathBuf,
    /// The physical line in which the row starts, from 1.
    pub line: u64,
    /// The cell, cut short.
    pub text: String,
}

/// A set of photos to score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Every file below a folder, sorted by name within each folder. Hidden
    /// files and sidecars such as `.json` and `.txt` are passed over unless
    /// `all_files` is set.
    Folder {
        /// The folder.
        root: PathBuf,
        /// Take sidecars and hidden files too.
        all_files: bool,
    },
    /// A table with a column for the file. Relative files are looked up beside the manifest.
    Manifest(PathBuf),
    /// Paths on standard input, one to a line.
    Stdin {
        /// Paths end with a NUL byte instead of a line end.
        nul: bool,
    },
}

/// The entries of a source, read as they are asked for.
pub type Items = Box<dyn Iterator<Item = Item> + Send>;

impl Source {
    /// Tells what a name stands for: `-` for standard input, a folder, or a manifest.
    ///
    /// # Errors
    /// [`ManifestError::NotFound`] or [`ManifestError::NotAManifest`].
    pub fn parse(argument: &Path, all_files: bool, nul: bool) -> Result<Self, ManifestError> {
        if argument == Path::new("-") {
            return Ok(Self::Stdin { nul });
        }
        if argument.is_dir() {
            return Ok(Self::Folder {
                root: argument.to_owned(),
                all_files,
            });
        }
        if !argument.exists() {
            return Err(ManifestError::NotFound(argument.to_owned()));
        }
        if !is_manifest(argument) {
            return Err(ManifestError::NotAManifest(argument.to_owned()));
        }
        Ok(Self::Manifest(argument.to_owned()))
    }

    /// Starts reading the entries, in a stable order; times are those that people write.
    ///
    /// # Errors
    /// [`ManifestError`] when the manifest cannot be read or lacks its column.
    /// Single bad rows are no errors: they come as [`Item`]s whose path is `Err`.
    pub fn items(&self) -> Result<Items, ManifestError> {
        self.items_with(Times::Written)
    }

    /// The same of a source whose times are in this form.
    ///
    /// # Errors
    /// As [`Self::items`].
    pub fn items_with(&self, times: Times) -> Result<Items, ManifestError> {
        match self {
            Self::Folder { root, all_files } => Ok(folder(root, *all_files)),
            Self::Manifest(path) => {
                let rows = open(path)?.with_others();
                let manifest = path.clone();
                Ok(Box::new(rows.map(move |row| match row {
                    Ok(row) => entry(&manifest, times, row),
                    Err(bad) => bad_row(&manifest, &bad),
                })))
            }
            Self::Stdin { nul } => {
                let end = if *nul { 0 } else { b'\n' };
                Ok(Box::new(paths(BufReader::new(std::io::stdin()), end)))
            }
        }
    }

    /// Names of the columns that the entries' [`Context::source`] can have, in their order. JSON
    /// lines have to be read whole for that.
    ///
    /// # Errors
    /// [`ManifestError`] as from [`Self::items`], or when JSON lines have too many columns.
    pub fn other_columns(&self) -> Result<Vec<String>, ManifestError> {
        match self {
            Self::Manifest(path) => open(path)?.into_other_names(path),
            _ => Ok(Vec::new()),
        }
    }

    /// Counts the entries for a progress bar, where that can be done ahead:
    /// not for standard input.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Stdin { .. } => None,
            _ => self.items().ok().map(|items| items.count() as u64),
        }
    }
}

/// Takes single files as entries, for commands that are given files by name.
pub fn files(paths: Vec<PathBuf>) -> Items {
    Box::new(paths.into_iter().map(named))
}

fn named(path: PathBuf) -> Item {
    Item {
        file: name(&path),
        path: Ok(path),
        context: Context::default(),
        unread_time: None,
    }
}

fn folder(root: &Path, all_files: bool) -> Items {
    let walk = WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(move |entry| all_files || entry.depth() == 0 || !is_hidden(entry));
    Box::new(walk.filter_map(move |entry| match entry {
        Ok(entry) if entry.file_type().is_dir() => None,
        Ok(entry) if !all_files && is_sidecar(entry.path()) => None,
        Ok(entry) => Some(named(entry.into_path())),
        Err(error) => Some(unusable(&error)),
    }))
}

/// A folder without permission, a dangling link, a loop of links.
fn unusable(error: &walkdir::Error) -> Item {
    let path = error.path().map(Path::to_owned).unwrap_or_default();
    if error
        .io_error()
        .is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound)
    {
        return named(path); // a dangling link: opening it says so
    }
    Item {
        path: Err(error.to_string()),
        ..named(path)
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name.as_encoded_bytes().starts_with(b".") || name == OsStr::new("Thumbs.db")
}

fn is_sidecar(path: &Path) -> bool {
    SIDECARS.contains(&extension(path).as_str())
}

fn paths(mut input: impl BufRead + Send + 'static, end: u8) -> impl Iterator<Item = Item> + Send {
    std::iter::from_fn(move || {
        loop {
            let mut line = Vec::new();
            let read = input.read_until(end, &mut line);
            if read.unwrap_or(0) == 0 {
                return None;
            }
            if line.last() == Some(&end) {
                line.pop();
            }
            if end == b'\n' && line.last() == Some(&b'\r') {
                line.pop();
            }
            if !line.is_empty() {
                return Some(named(path_from_bytes(line)));
            }
        }
    })
}

#[cfg(unix)]
fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

fn open(manifest: &Path) -> Result<Rows<5>, ManifestError> {
    let columns = [
        Column::File,
        Column::Seller,
        Column::Listing,
        Column::Platform,
        Column::CapturedAt,
    ];
    Rows::open(manifest, columns, 1)
}

/// A manifest's row as an [`Item`]; relative files lie beside the manifest.
fn entry(manifest: &Path, times: Times, row: Row<5>) -> Item {
    let known = |cell: String| (!cell.is_empty()).then_some(cell);
    let [file, seller, listing, platform, time] = row.cells;
    if file.is_empty() {
        return unusable_row(manifest, row.line, "the `file` cell is empty");
    }
    let captured_at = times.canonical(&time);
    let is_unread = captured_at.is_none() && !time.is_empty();
    Item {
        path: Ok(located(manifest.parent().unwrap_or(Path::new("")), &file)),
        file,
        context: Context {
            seller: known(seller),
            listing: known(listing),
            platform: known(platform),
            captured_at,
            source: (!row.others.is_empty()).then_some(row.others),
        },
        unread_time: is_unread.then(|| UnreadTime {
            manifest: manifest.to_owned(),
            line: row.line,
            text: time.chars().take(LONGEST_TIME).collect(),
        }),
    }
}

/// The file below `base` that a table names. One that is not there may be named as an output names
/// it: a name that is not UTF-8, with escapes.
#[must_use]
pub fn located(base: &Path, file: &str) -> PathBuf {
    let path = base.join(file);
    match file.contains("\\x") && !path.exists() {
        true => base.join(path_named(file)),
        false => path,
    }
}

fn bad_row(manifest: &Path, bad: &BadRow) -> Item {
    unusable_row(manifest, bad.line, &bad.fault)
}

fn unusable_row(manifest: &Path, line: u64, reason: impl std::fmt::Display) -> Item {
    Item {
        file: format!("{}:{line}", name(manifest)),
        path: Err(format!("manifest line {line}: {reason}")),
        context: Context::default(),
        unread_time: None,
    }
}
