//! Where photos come from: a folder, a manifest, or a list of paths.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use walkdir::{DirEntry, WalkDir};

/// Extensions of files that crawlers and people keep beside photos. Every other
/// file is taken for a photo and gets a row, whatever it turns out to be.
const SIDECARS: [&str; 18] = [
    "csv", "db", "htm", "html", "ini", "json", "jsonl", "log", "md", "ndjson", "parquet", "sqlite",
    "toml", "tsv", "txt", "xml", "yaml", "yml",
];

/// What a manifest says of a photo beside its file. All optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Context {
    /// Who offers it: a shop or account name.
    #[serde(default)]
    pub seller: Option<String>,
    /// The listing it illustrates: an id or address.
    #[serde(default)]
    pub listing: Option<String>,
    /// The site it was seen on.
    #[serde(default)]
    pub platform: Option<String>,
    /// When it was captured, as the manifest states it.
    #[serde(default)]
    pub captured_at: Option<String>,
    /// What it shows, where that is known.
    #[serde(default)]
    pub label: Option<String>,
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
    /// A CSV, TSV or JSONL file with a `file` column. Relative files are looked
    /// up beside the manifest.
    Manifest(PathBuf),
    /// Paths on standard input, one to a line.
    Stdin {
        /// Paths end with a NUL byte instead of a line end.
        nul: bool,
    },
}

/// A source that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing at this path.
    #[error("{}: no such folder or manifest", .0.display())]
    NotFound(PathBuf),
    /// A file that is not a manifest.
    #[error("{}: not a folder, and no manifest (.csv, .tsv, .jsonl); to score one picture use `faunalens check`", .0.display())]
    NotAManifest(PathBuf),
    /// A manifest without the one column that is needed.
    #[error("{}: no `file` column; its columns are: {found}", manifest.display())]
    NoFileColumn {
        /// The manifest.
        manifest: PathBuf,
        /// The columns it has.
        found: String,
    },
    /// The manifest cannot be opened or its header cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// The system's or parser's words.
        reason: String,
    },
}

/// The entries of a source, read as they are asked for.
pub type Items = Box<dyn Iterator<Item = Item> + Send>;

impl Source {
    /// Reads the command line's SOURCE: `-`, a folder, or a manifest.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] or [`SourceError::NotAManifest`].
    pub fn parse(argument: &Path, all_files: bool, nul: bool) -> Result<Self, SourceError> {
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
            return Err(SourceError::NotFound(argument.to_owned()));
        }
        match extension(argument).as_str() {
            "csv" | "tsv" | "jsonl" | "ndjson" => Ok(Self::Manifest(argument.to_owned())),
            _ => Err(SourceError::NotAManifest(argument.to_owned())),
        }
    }

    /// Starts reading the entries, in a stable order.
    ///
    /// # Errors
    /// [`SourceError`] when the manifest cannot be opened or lacks its column.
    /// Single bad rows are no errors: they come as [`Item`]s whose path is `Err`.
    pub fn items(&self) -> Result<Items, SourceError> {
        match self {
            Self::Folder { root, all_files } => Ok(folder(root, *all_files)),
            Self::Manifest(path) => match extension(path).as_str() {
                "jsonl" | "ndjson" => json_lines(path),
                "tsv" => table(path, b'\t'),
                _ => table(path, b','),
            },
            Self::Stdin { nul } => {
                let end = if *nul { 0 } else { b'\n' };
                Ok(Box::new(paths(BufReader::new(std::io::stdin()), end)))
            }
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
        file: path.to_string_lossy().into_owned(),
        path: Ok(path),
        context: Context::default(),
    }
}

fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
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

fn open(path: &Path) -> Result<BufReader<File>, SourceError> {
    let unreadable = |error: std::io::Error| SourceError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let has_mark = reader
        .fill_buf()
        .map_err(unreadable)?
        .starts_with(b"\xef\xbb\xbf");
    if has_mark {
        reader.consume(3); // the byte order mark that spreadsheets write
    }
    Ok(reader)
}

/// A manifest entry as an [`Item`]; relative files lie beside the manifest.
fn entry(manifest: &Path, file: String, context: Context) -> Item {
    let base = manifest.parent().unwrap_or(Path::new(""));
    Item {
        path: Ok(base.join(&file)),
        file,
        context,
    }
}

fn bad_row(manifest: &Path, line: u64, reason: impl std::fmt::Display) -> Item {
    Item {
        file: format!("{}:{line}", manifest.display()),
        path: Err(format!("manifest line {line}: {reason}")),
        context: Context::default(),
    }
}

fn table(path: &Path, delimiter: u8) -> Result<Items, SourceError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(open(path)?);
    let header = reader
        .byte_headers()
        .map_err(|error| SourceError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    let columns: Vec<String> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
        .collect();
    let position = |name: &str| columns.iter().position(|column| column == name);
    let Some(file) = position("file") else {
        return Err(SourceError::NoFileColumn {
            manifest: path.to_owned(),
            found: columns.join(", "),
        });
    };
    let wanted = ["seller", "listing", "platform", "captured_at", "label"].map(position);
    let manifest = path.to_owned();
    Ok(Box::new(reader.into_byte_records().map(move |row| {
        let row = match row {
            Ok(row) => row,
            Err(error) => return bad_row(&manifest, line_of(&error), error),
        };
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |column: usize| {
            let bytes = row.get(column).filter(|bytes| !bytes.is_empty())?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        let Some(name) = cell(file) else {
            return bad_row(&manifest, line, "the `file` cell is empty");
        };
        let [seller, listing, platform, captured_at, label] =
            wanted.map(|column| column.and_then(cell));
        let context = Context {
            seller,
            listing,
            platform,
            captured_at,
            label,
        };
        entry(&manifest, name, context)
    })))
}

fn line_of(error: &csv::Error) -> u64 {
    error.position().map_or(0, csv::Position::line)
}

fn json_lines(path: &Path) -> Result<Items, SourceError> {
    #[derive(Deserialize)]
    struct Row {
        file: String,
        #[serde(flatten)]
        context: Context,
    }
    let manifest = path.to_owned();
    let mut reader = open(path)?;
    let mut line = 0;
    Ok(Box::new(std::iter::from_fn(move || {
        loop {
            let mut bytes = Vec::new();
            line += 1;
            match reader.by_ref().read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(_) => {
                    let row = serde_json::from_slice::<Row>(&bytes);
                    return Some(match row {
                        Ok(row) => entry(&manifest, row.file, row.context),
                        Err(error) => bad_row(&manifest, line, error),
                    });
                }
            }
        }
    })))
}
