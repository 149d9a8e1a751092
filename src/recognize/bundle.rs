//! A model bundle: a folder with `model.onnx`, `bundle.toml` and `CARD.md`; further files where
//! `bundle.toml` names them.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::background::Background;
use super::description::{Description, HeadFile};
use super::head::Head;
use crate::escape::{complaint, name};
use crate::fingerprint::PdqHash;
use crate::photo::hex;

/// Largest `bundle.toml`, in bytes: the shipped one has 2,000.
const DESCRIPTION_AT_MOST: u64 = 1 << 20;
/// Largest other file of a bundle, in bytes: what one ONNX file can hold (a protobuf message).
const FILE_AT_MOST: u64 = 1 << 31;

/// A bundle that cannot be used; every variant names the folder or file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file of the bundle is missing or unreadable.
    #[error("{}: {reason}", name(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// `bundle.toml` is not valid.
    #[error("{}: {reason}", name(path))]
    Invalid {
        /// The bundle.toml.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not the one the bundle describes. The file's own hash is not told: the bundle may
    /// come from a stranger, the file from elsewhere.
    #[error(
        "{}: its SHA-256 is not the {expected} of bundle.toml: the file was changed or damaged; \
         fetch the bundle again",
        name(path)
    )]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Hash that bundle.toml states.
        expected: String,
    },
    /// `bundle.toml` names what is no file of the bundle.
    #[error("{}: {reason}; a bundle's files lie in its folder", name(path))]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why it is none of the bundle's.
        reason: String,
    },
}

/// A checked bundle with its model in memory.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Bundle {
    /// The bundle's folder.
    pub folder: PathBuf,
    /// `bundle.toml`.
    pub description: Description,
    /// The bytes of `model.onnx`; their hash has been checked.
    pub model: Vec<u8>,
    /// Labels taught later.
    pub(crate) head: Option<Head>,
}

impl Bundle {
    /// Reads and checks a bundle: schema, ranges, label names, hashes. The shapes
    /// are checked when a session is made from it.
    ///
    /// # Errors
    /// [`BundleError`] naming the file and what is wrong.
    pub fn load(folder: &Path) -> Result<Self, BundleError> {
        let description = Self::read_description(folder)?;
        let model = read_verified(folder, &description.model.file, &description.model.sha256)?;
        let head = match &description.head {
            Some(table) => Some(read_head(folder, &description, table)?),
            None => None,
        };
        Ok(Self {
            folder: folder.to_owned(),
            description,
            model,
            head,
        })
    }

    /// The hashes of the model's training photographs; `None` where the bundle does not tell them.
    ///
    /// # Errors
    /// [`BundleError`] when the file is missing, changed, or holds what is no hash.
    pub fn training_hashes(&self) -> Result<Option<Vec<PdqHash>>, BundleError> {
        let Some(training) = &self.description.training else {
            return Ok(None);
        };
        let bytes = read_verified(&self.folder, &training.hashes, &training.sha256)?;
        let text = String::from_utf8_lossy(&bytes);
        let hashes = text.lines().map(str::parse).collect::<Result<_, _>>();
        hashes.map(Some).map_err(|_| BundleError::Invalid {
            path: self.folder.join(&training.hashes),
            reason: "a line is no PDQ hash of 64 hexadecimal digits".into(),
        })
    }

    /// How many photographs to learn beside the bundle has; `None` where it has no such file.
    ///
    /// # Errors
    /// [`BundleError`] when the file is missing, changed or cut short.
    pub fn background_pictures(&self) -> Result<Option<usize>, BundleError> {
        let background = self.background()?;
        Ok(background.map(|background| background.labels.len()))
    }

    /// The photographs to learn beside; `None` where the bundle has none.
    ///
    /// # Errors
    /// [`BundleError`] when the file is missing, changed or cut short.
    pub(crate) fn background(&self) -> Result<Option<Background>, BundleError> {
        let Some(described) = &self.description.background else {
            return Ok(None);
        };
        let bytes = read_verified(&self.folder, &described.file, &described.sha256)?;
        let labels = self.description.labels.names.len();
        let size = self.description.output.features_size.unwrap_or(0);
        Background::from_bytes(&bytes, labels, size)
            .map(Some)
            .map_err(|reason| BundleError::Invalid {
                path: self.folder.join(&described.file),
                reason,
            })
    }

    /// Reads and checks `bundle.toml` alone, without touching the model.
    ///
    /// # Errors
    /// [`BundleError`] naming the file and what is wrong.
    pub fn read_description(folder: &Path) -> Result<Description, BundleError> {
        let path = folder.join("bundle.toml");
        let bytes = read_bounded(folder, Path::new("bundle.toml"), DESCRIPTION_AT_MOST)?;
        let invalid = |reason: String| BundleError::Invalid {
            path: path.clone(),
            reason,
        };
        let text = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
        let description: Description =
            toml::from_str(&text).map_err(|error| invalid(complaint::toml(&error, &text)))?;
        description.validate().map_err(invalid)?;
        Ok(description)
    }
}

fn read_head(
    folder: &Path,
    description: &Description,
    table: &HeadFile,
) -> Result<Head, BundleError> {
    let bytes = read_verified(folder, &table.file, &table.sha256)?;
    Head::from_bytes(&bytes, description, table).map_err(|reason| BundleError::Invalid {
        path: folder.join(&table.file),
        reason,
    })
}

/// Reads a file of the bundle whose hash `bundle.toml` states.
fn read_verified(folder: &Path, file: &Path, sha256: &str) -> Result<Vec<u8>, BundleError> {
    let bytes = read_bounded(folder, file, FILE_AT_MOST)?;
    let expected = sha256.to_ascii_lowercase();
    if hex(&Sha256::digest(&bytes)) != expected {
        let path = folder.join(file);
        return Err(BundleError::WrongHash { path, expected });
    }
    Ok(bytes)
}

/// Reads a regular file that lies in the bundle's folder, links followed, and is not too large.
fn read_bounded(folder: &Path, file: &Path, at_most: u64) -> Result<Vec<u8>, BundleError> {
    let path = folder.join(file);
    let foreign = |reason: &str| BundleError::Foreign {
        path: path.clone(),
        reason: reason.into(),
    };
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !file.components().all(is_plain) {
        return Err(foreign("a path that leads out of the bundle"));
    }
    let canonical = |path: &Path| {
        path.canonicalize()
            .map_err(|error| unreadable(path, &error))
    };
    if !canonical(&path)?.starts_with(canonical(folder)?) {
        return Err(foreign("a link that leads out of the bundle"));
    }
    let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
    if !metadata.is_file() {
        return Err(foreign("not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
    file.take(at_most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&path, &error))?;
    if bytes.len() as u64 > at_most {
        return Err(foreign(&format!("larger than {at_most} bytes")));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> BundleError {
    BundleError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
