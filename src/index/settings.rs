//! Choices made when an index is created.

use rusqlite::{Connection, OptionalExtension};

use crate::fingerprint::PerceptualAlgorithm;

/// Cells per side of the hashes kept beside PDQ: 8 tell small things on white apart too badly
/// (`eval/index/README.md`).
pub(super) const PERCEPTUAL_GRID: u32 = 16;

/// Choices made when an index is created; they stay with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Keep hashes, sellers and times only: no file names, landmarks or descriptors.
    pub hash_only: bool,
    /// Descriptors from which a graph is built; below it the scan is as fast and cannot miss.
    pub graph_from: usize,
    /// Hashes of other families that are kept beside PDQ, for exchange; pHash is also searched where
    /// PDQ says little.
    pub also: Vec<PerceptualAlgorithm>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hash_only: false,
            graph_from: 20_000,
            also: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether hashes, sellers and times are all that is kept.
    #[must_use]
    pub fn hash_only(mut self, hash_only: bool) -> Self {
        self.hash_only = hash_only;
        self
    }

    /// Number of descriptors from which a graph is built.
    #[must_use]
    pub fn graph_from(mut self, descriptors: usize) -> Self {
        self.graph_from = descriptors;
        self
    }

    /// Hashes kept beside PDQ, each once.
    #[must_use]
    pub fn also(mut self, algorithms: impl IntoIterator<Item = PerceptualAlgorithm>) -> Self {
        self.also = algorithms.into_iter().collect();
        self.also.sort_unstable();
        self.also.dedup();
        self
    }

    /// Writes the settings of a new index.
    pub(super) fn store(&self, db: &Connection) -> rusqlite::Result<()> {
        let also: Vec<&str> = self.also.iter().map(|algorithm| algorithm.name()).collect();
        let rows = [
            ("hash_only", self.hash_only.to_string()),
            ("graph_from", self.graph_from.to_string()),
            ("also", also.join(" ")),
        ];
        for (key, value) in rows {
            db.execute(
                "INSERT OR IGNORE INTO meta(key, value) VALUES (?1, ?2)",
                (key, value),
            )?;
        }
        Ok(())
    }

    /// Reads the settings of an index. One made before a setting existed has its default; a hash
    /// that this version does not know is left out.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let value = |key: &str| -> rusqlite::Result<Option<String>> {
            let sql = "SELECT value FROM meta WHERE key = ?1";
            db.query_row(sql, [key], |row| row.get(0)).optional()
        };
        let default = Self::default();
        let graph_from = value("graph_from")?.and_then(|text| text.parse().ok());
        let also = value("also")?.unwrap_or_default();
        Ok(Self {
            hash_only: value("hash_only")?.as_deref() == Some("true"),
            graph_from: graph_from.unwrap_or(default.graph_from),
            also: also
                .split(' ')
                .filter_map(|name| name.parse().ok())
                .collect(),
        })
    }
}
