//! Hashes for other organisations.

use std::io::{self, Write};

use rusqlite::types::Value;
use rusqlite::{Row as SqlRow, Statement, params_from_iter};
use serde::Serialize;

use super::error::{IndexError, Result, WithPath};
use super::hash_list::{FORMAT, Form, Head, Row, Seen, Sellers};
use super::list_line::cell;
use super::opinion::Opinion;
use super::pseudonym::pseudonym;
use super::search::words;
use super::store::Index;
use crate::escape;
use crate::fingerprint::{MIN_QUALITY, PDQ_ID};

/// What leaves the house. An empty choice chooses everything, but hashes from lists of others leave
/// only when asked for.
#[derive(Debug, Clone, Default)]
pub struct ExportChoice {
    decisions: Vec<String>,
    labels: Vec<String>,
    sellers: Vec<String>,
    sources: Vec<String>,
    with_imported: bool,
    since: String,
    until: String,
}

impl ExportChoice {
    /// Pictures that were last decided so, such as `flag`.
    #[must_use]
    pub fn decided(self, decisions: Vec<String>) -> Self {
        Self { decisions, ..self }
    }

    /// Pictures that one of these labels raised.
    #[must_use]
    pub fn raised_by(self, labels: Vec<String>) -> Self {
        Self { labels, ..self }
    }

    /// Pictures that one of these sellers showed, and no sighting of another.
    #[must_use]
    pub fn shown_by(self, sellers: Vec<String>) -> Self {
        Self { sellers, ..self }
    }

    /// Hashes of these lists of others, and none of our own.
    #[must_use]
    pub fn of_sources(self, sources: Vec<String>) -> Self {
        Self { sources, ..self }
    }

    /// Hashes from all lists of others beside our own.
    #[must_use]
    pub fn with_imported(self, with_imported: bool) -> Self {
        Self {
            with_imported,
            ..self
        }
    }

    /// What changed in this index after the first time, and not after the second: RFC 3339, or a
    /// day, of which the first stands for its beginning and the second for its end. An empty text
    /// is no limit.
    #[must_use]
    pub fn changed(self, since: &str, until: &str) -> Self {
        Self {
            since: since.into(),
            until: until.into(),
            ..self
        }
    }

    /// The condition on `image`, with its values.
    fn condition(&self, since: &str, until: &str) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let mut condition = String::from("image.page IS NULL");
        let one_of = |texts: &[String], one: &str, values: &mut Vec<Value>| {
            values.extend(texts.iter().map(|text| Value::from(text.clone())));
            vec![one; texts.len()].join(" OR ")
        };
        if !since.is_empty() {
            condition += " AND image.updated_at > ?";
            values.push(Value::from(since.to_owned()));
        }
        if !until.is_empty() {
            condition += " AND image.updated_at <= ?";
            values.push(Value::from(until.to_owned()));
        }
        let raised = "instr(char(10) || raised || char(10), char(10) || ? || char(10)) > 0";
        let shown = "EXISTS(SELECT 1 FROM sighting WHERE sighting.image = image.id AND seller = ?)";
        for (texts, one) in [
            (&self.decisions, "decision = ?"),
            (&self.labels, raised),
            (&self.sellers, shown),
            (&self.sources, "source = ?"),
        ] {
            if !texts.is_empty() {
                condition += &format!(" AND ({})", one_of(texts, one, &mut values));
            }
        }
        if self.sources.is_empty() && !self.with_imported {
            condition += " AND source IS NULL";
        }
        (condition, values)
    }
}

/// What left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Hashes written.
    pub written: u64,
    /// Tombstones written.
    pub tombstones: u64,
    /// Hashes of quality under 50 left out, because the form cannot say so.
    pub low_quality: u64,
    /// Hashes that their list calls negative left out, because the form cannot say so.
    pub negative: u64,
}

/// The columns of a picture, for [`row_of`].
const COLUMNS: &str = "image.id, lower(hex(sha256)), source, external_id, lower(hex(pdq.hash)), quality, image.updated_at,
                       removed_at IS NOT NULL, tags, category, opinion";

impl Index {
    /// Writes the hashes that are chosen, one per unique hash in the text forms, one per picture
    /// with tombstones in JSON. Paths leave only in the form of the PDQ tools, and only when
    /// sellers leave by name; hashes of other families only in JSON. Reads one state of the index,
    /// in bounded memory.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] for times that are none, or with the
    /// system's message when `out` cannot be written.
    pub fn export(
        &self,
        form: Form,
        sellers: Sellers<'_>,
        choice: &ExportChoice,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let time = |text: &str, at_end: bool| match text {
            "" => Ok(String::new()),
            text => self.asked_time(text, at_end),
        };
        let (since, until) = (time(&choice.since, false)?, time(&choice.until, true)?);
        let known = self.source_names()?;
        if let Some(unknown) = choice.sources.iter().find(|name| !known.contains(name)) {
            return Err(IndexError::Input(format!(
                "there is no list {unknown:?} in this index, which holds {known:?}"
            )));
        }
        let snapshot = match self.in_transaction() {
            true => None,
            false => Some(self.db.unchecked_transaction().with_path(&self.database)?),
        };
        let exported = match form {
            Form::Json => self.export_json(sellers, choice, [&since, &until], out)?,
            _ => self.export_text(form, sellers, choice, [&since, &until], out)?,
        };
        drop(snapshot);
        out.flush().map_err(unwritable)?;
        Ok(exported)
    }

    fn export_json(
        &self,
        sellers: Sellers<'_>,
        choice: &ExportChoice,
        [since, until]: [&str; 2],
        out: &mut impl Write,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        let (condition, values) = choice.condition(since, until);
        // What changes in the second that is not over yet would be lost from then on.
        let checkpoint =
            "SELECT coalesce(min(max(updated_at), strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 second')), '')
             FROM image";
        let checkpoint: String = self
            .db
            .query_row(checkpoint, [], |row| row.get(0))
            .with_path(&self.database)?;
        let lines: i64 = self
            .db
            .query_row(
                &format!("SELECT count(*) FROM image WHERE {condition}"),
                params_from_iter(&values),
                |row| row.get(0),
            )
            .with_path(&self.database)?;
        let until = Some(until).filter(|until| !until.is_empty() && *until < checkpoint.as_str());
        let head = Head {
            format: FORMAT.into(),
            definition: PDQ_ID.into(),
            checkpoint: until.map_or(checkpoint.clone(), str::to_owned),
            since: since.to_owned(),
            lines: Some(lines.cast_unsigned()),
        };
        write_line(out, &head)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM image LEFT JOIN pdq ON pdq.id = image.pdq
             WHERE {condition} ORDER BY image.id"
        );
        self.each_picture(&sql, &values, true, &mut |mut row, _| {
            exported.tombstones += u64::from(row.deleted);
            exported.written += u64::from(!row.deleted);
            if !choice.sellers.is_empty() {
                (row.sightings).retain(|seen| choice.sellers.contains(&seen.seller));
            }
            row.sightings = outgoing(row.sightings, sellers);
            write_line(out, &row)
        })?;
        Ok(exported)
    }

    fn export_text(
        &self,
        form: Form,
        sellers: Sellers<'_>,
        choice: &ExportChoice,
        [since, until]: [&str; 2],
        out: &mut impl Write,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        if form == Form::Csv {
            writeln!(out, "signal_type,signal_str,collab,category,tags").map_err(unwritable)?;
        }
        let (condition, values) = choice.condition(since, until);
        let sql = format!(
            "SELECT {COLUMNS} FROM pdq JOIN image ON image.pdq = pdq.id
             WHERE removed_at IS NULL AND {condition} ORDER BY pdq.hash, image.id"
        );
        let mut last = String::new();
        self.each_picture(&sql, &values, false, &mut |row, file| {
            // The first picture with a hash speaks for all.
            let pdq = row.pdq.clone().unwrap_or_default();
            if pdq == last || pdq.is_empty() {
                return Ok(());
            }
            last.clone_from(&pdq);
            if row.quality.unwrap_or(0) < MIN_QUALITY && form != Form::PdqTool {
                exported.low_quality += 1;
                return Ok(());
            }
            if row.opinion == Some(Opinion::Negative) && form != Form::Csv {
                exported.negative += 1;
                return Ok(());
            }
            exported.written += 1;
            writeln!(out, "{}", text_line(form, sellers, &pdq, &row, &file)).map_err(unwritable)
        })?;
        Ok(exported)
    }

    /// Calls `take` with every picture of a selection, and a file name of it; with hashes of other
    /// families where `in_full`.
    fn each_picture(
        &self,
        sql: &str,
        values: &[Value],
        in_full: bool,
        take: &mut dyn FnMut(Row, String) -> Result<()>,
    ) -> Result<()> {
        let seen = "SELECT DISTINCT seller, platform, captured_at, file FROM sighting WHERE image = ?1 ORDER BY id";
        let perceptual =
            "SELECT definition, lower(hex(bits)) FROM perceptual WHERE image = ?1 AND ?2";
        let prepare = |sql| self.db.prepare(sql).with_path(&self.database);
        let (mut pictures, mut sightings, mut hashes) =
            (prepare(sql)?, prepare(seen)?, prepare(perceptual)?);
        let found = pictures.query(params_from_iter(values));
        let mut found = found.with_path(&self.database)?;
        while let Some(picture) = found.next().with_path(&self.database)? {
            let mut read = || -> rusqlite::Result<(Row, String)> {
                let image: i64 = picture.get(0)?;
                let (seen, file) = sightings_of(&mut sightings, image)?;
                let hashes = hashes.query_map(rusqlite::params![image, in_full], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
                let row = Row {
                    sightings: seen,
                    perceptual: hashes.collect::<rusqlite::Result<_>>()?,
                    ..row_of(picture)?
                };
                Ok((row, file))
            };
            let (row, file) = read().with_path(&self.database)?;
            take(row, file)?;
        }
        Ok(())
    }
}

/// The sellers that showed a picture, and a file name of it.
fn sightings_of(
    statement: &mut Statement<'_>,
    image: i64,
) -> rusqlite::Result<(Vec<Seen>, String)> {
    let (mut seen, mut file) = (Vec::new(), String::new());
    let read = |row: &SqlRow<'_>| {
        let (seller, platform, captured_at) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let one = Seen {
            seller,
            platform,
            captured_at,
        };
        Ok((one, row.get(3)?))
    };
    for row in statement.query_map([image], read)? {
        let (one, path): (Seen, String) = row?;
        if file.is_empty() {
            file = path;
        }
        if !one.seller.is_empty() && !seen.contains(&one) {
            seen.push(one);
        }
    }
    Ok((seen, file))
}

/// The picture of a row, without its sightings.
fn row_of(found: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let text = |column: usize| -> rusqlite::Result<String> {
        Ok(found.get::<_, Option<String>>(column)?.unwrap_or_default())
    };
    let sha256 = text(1)?;
    let deleted: bool = found.get(7)?;
    let id = match sha256.is_empty() {
        true => format!("{}:{}", text(2)?, text(3)?),
        false => format!("sha256:{sha256}"),
    };
    let pdq: Option<String> = found.get(4)?;
    let quality: Option<u8> = found.get(5)?;
    Ok(Row {
        id,
        pdq: pdq.filter(|hash| !deleted && !hash.is_empty()),
        quality: quality.filter(|_| !deleted),
        updated_at: found.get(6)?,
        deleted,
        tags: words(Some(&text(8)?)),
        category: found.get(9)?,
        opinion: found.get(10)?,
        ..Row::default()
    })
}

/// Sightings as they may leave.
fn outgoing(sightings: Vec<Seen>, sellers: Sellers<'_>) -> Vec<Seen> {
    let key = match sellers {
        Sellers::Omitted => return Vec::new(),
        Sellers::Plain => return sightings,
        Sellers::Pseudonyms(key) => key,
    };
    let hide = |seen: Seen| Seen {
        seller: pseudonym(key, &seen.platform, &seen.seller),
        platform: String::new(),
        captured_at: seen.captured_at,
    };
    let mut hidden: Vec<Seen> = sightings.into_iter().map(hide).collect();
    hidden.sort();
    hidden.dedup();
    hidden
}

fn text_line(form: Form, sellers: Sellers<'_>, pdq: &str, row: &Row, file: &str) -> String {
    match form {
        Form::ThreatExchange => format!("pdq {pdq}"),
        Form::Csv => {
            let category = row.category.as_deref();
            let category = category.or(row.opinion.map(Opinion::category));
            let tags = cell(&row.tags.join(" "));
            format!("pdq,{pdq},,{},{tags}", cell(category.unwrap_or_default()))
        }
        _ => {
            let quality = row.quality.unwrap_or(0);
            let file = if sellers == Sellers::Plain { file } else { "" };
            format!("{pdq},{quality},{}", escape::visible(file))
        }
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(value).map_err(|error| unwritable(error.into()))?;
    writeln!(out, "{}", escape::json(&line)).map_err(unwritable)
}

fn unwritable(error: io::Error) -> IndexError {
    IndexError::Unwritable(error)
}
