//! A list of others that is changed one hash at a time.

use rusqlite::{OptionalExtension, params};

use super::error::{Result, WithPath};
use super::hash_list::Form;
use super::import::{ListImport, check_name};
use super::store::{Index, NOW};
use crate::fingerprint::PdqHash;

impl Index {
    /// Makes an empty list. Returns whether there was none of this name.
    ///
    /// # Errors
    /// [`IndexError::Input`](super::IndexError::Input) for a name that cannot be shown,
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn create_source(&mut self, source: &str) -> Result<bool> {
        check_name(source)?;
        self.begin()?;
        let sql = format!(
            "INSERT OR IGNORE INTO source(name, form, state, imported_at) VALUES (?1, '', '', {NOW})"
        );
        Ok(self.execute(&sql, [source])? == 1)
    }

    /// Adds one hash of this quality (0 to 100) to a list, as importing it does: one that was
    /// withdrawn is back. Returns its number; `None` where there is no such list, or where the
    /// owner of the index removed the hash for good.
    ///
    /// # Errors
    /// [`IndexError::Input`](super::IndexError::Input) for an impossible quality,
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn add_to_source(
        &mut self,
        source: &str,
        hash: PdqHash,
        quality: u8,
    ) -> Result<Option<i64>> {
        if !self.source_names()?.iter().any(|name| name == source) {
            return Ok(None);
        }
        let list = ListImport::new(source).form(Form::PdqTool).adding(true);
        let line = format!("{hash},{quality},\n");
        let done = self.import(&list, line.as_bytes(), &mut |_| ())?;
        if done.kept_away > 0 {
            return Ok(None);
        }
        let sql = "SELECT id FROM image WHERE source = ?1 AND external_id = ?2";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let values = params![source, hash.to_string()];
                statement.query_row(values, |row| row.get(0)).optional()
            })
            .with_path(&self.database)
    }

    /// Withdraws one hash of a list by its number. Returns whether the list held it.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`](super::IndexError::ReadOnly), or what the database refuses.
    pub fn withdraw_from_source(&mut self, source: &str, image: i64) -> Result<bool> {
        self.begin()?;
        let sql = "SELECT id FROM image WHERE id = ?1 AND source = ?2 AND removed_at IS NULL";
        let held = self.images(sql, params![image, source])?;
        for &image in &held {
            self.withdraw(image)?;
        }
        Ok(!held.is_empty())
    }
}
