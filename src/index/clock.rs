//! Times that people and partners state, as the index writes them.

use super::error::{IndexError, Result, WithPath};
use super::store::{Index, NOW};
use rusqlite::OptionalExtension;

impl Index {
    /// A stated time in UTC, as `2026-11-26T21:30:00Z`; `None` when it is no time. A day is its
    /// beginning, or its last second with `at_end`.
    pub(super) fn utc(&self, text: &str, at_end: bool) -> Result<Option<String>> {
        let text = text.trim();
        let day = text.get(..10).unwrap_or("");
        let is_day = day.len() == 10
            && day.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_day || text.len() > 40 {
            return Ok(None);
        }
        let last = match at_end && text.len() == 10 {
            true => "T23:59:59Z",
            false => "",
        };
        // SQLite takes 2026-02-30 for the second of March.
        let sql = "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?1 || ?2) WHERE date(?3) = ?3";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let found = statement.query_row([text, last, day], |row| row.get(0));
                found.optional()
            })
            .map(Option::flatten)
            .with_path(&self.database)
    }

    /// A time that somebody asks from or up to; not in the future, where nothing is.
    pub(super) fn asked_time(&self, text: &str, at_end: bool) -> Result<String> {
        let Some(time) = self.utc(text, at_end)? else {
            let text: String = text.chars().take(40).collect();
            return Err(IndexError::Input(format!(
                "{text:?} is no time; 2026-11-26 and 2026-11-26T21:30:00Z are"
            )));
        };
        if !at_end && time > self.now()? {
            return Err(IndexError::Input(format!(
                "{time} lies in the future: nothing could have changed since then"
            )));
        }
        Ok(time)
    }

    /// The time now.
    pub(super) fn now(&self) -> Result<String> {
        self.db
            .query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))
            .with_path(&self.database)
    }
}
