//! What a report says of its own making.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::photo::hex;

use super::shown_path::shown_path;

/// What a report says of its own making: names and values, in the order of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance(Vec<(String, String)>);

impl Provenance {
    /// Adds one entry.
    pub fn push(&mut self, name: &str, value: impl ToString) {
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// Adds a file with its SHA-256, so that a report names what it was made from; a folder by its
    /// name alone. Paths are shown as [`shown_path`] does.
    pub fn push_file(&mut self, name: &str, path: &Path) {
        let shown = shown_path(path);
        match sha256_of(path) {
            Ok(hash) => self.push(name, format!("{shown} (SHA-256 {hash})")),
            Err(_) => self.push(name, shown),
        }
    }

    /// The same entries after those of `other`.
    #[must_use]
    pub fn after(self, mut other: Self) -> Self {
        other.0.extend(self.0);
        other
    }

    /// Names and values, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The entries as one JSON object, its keys in alphabetical order.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut sorted: Vec<_> = self.entries().collect();
        sorted.sort_by_key(|(name, _)| *name);
        let object = sorted
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()));
        Value::Object(object.collect::<Map<_, _>>())
    }
}

/// SHA-256 of a file, as 64 hexadecimal digits.
fn sha256_of(path: &Path) -> io::Result<String> {
    let mut state = Sha256::new();
    io::copy(&mut File::open(path)?, &mut HashWriter(&mut state))?;
    Ok(hex(&state.finalize()))
}

/// Feeds what is written into a hash.
struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
