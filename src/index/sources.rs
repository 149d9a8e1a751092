//! The lists of others that an index holds, each a named source with a state.

use serde::Serialize;

use super::error::{Result, WithPath};
use super::store::Index;

/// A list of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListSource {
    /// Its name in this index.
    pub name: String,
    /// Hashes of it that are not withdrawn.
    pub hashes: u64,
    /// Those of them that its maker calls negative.
    pub negative: u64,
    /// Form in which it last came; empty where an earlier version imported it, or where it was made
    /// and nothing added.
    pub form: String,
    /// What tells its states apart: the checkpoint that it names, else the SHA-256 of its bytes;
    /// empty where an earlier version imported it.
    pub state: String,
    /// When it was last imported, UTC.
    pub imported_at: String,
}

impl Index {
    /// The lists of others, by name.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn sources(&self) -> Result<Vec<ListSource>> {
        let sql =
            "SELECT name, form, state, imported_at, coalesce(hashes, 0), coalesce(negative, 0)
                   FROM source LEFT JOIN (
                     SELECT source AS of, count(*) AS hashes, sum(opinion IS 'negative') AS negative
                     FROM image WHERE source IS NOT NULL AND removed_at IS NULL GROUP BY source)
                   ON of = name ORDER BY name";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let rows = statement.query_map([], |row| {
            Ok(ListSource {
                name: row.get(0)?,
                form: row.get(1)?,
                state: row.get(2)?,
                imported_at: row.get(3)?,
                hashes: row.get::<_, i64>(4)?.cast_unsigned(),
                negative: row.get::<_, i64>(5)?.cast_unsigned(),
            })
        });
        rows.and_then(Iterator::collect).with_path(&self.database)
    }

    /// The names of the lists alone, which takes no time.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn source_names(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM source ORDER BY name";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).with_path(&self.database)
    }
}
