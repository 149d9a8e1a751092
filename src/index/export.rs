//! Hashes for other organisations.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rusqlite::{Row as SqlRow, Statement};
use serde::Serialize;

use super::error::{IndexError, Result, WithPath};
use super::hash_list::{FORMAT, Form, Head, Row, Seen, Sellers};
use super::pseudonym::pseudonym;
use super::store::Index;
use crate::fingerprint::{MIN_QUALITY, PDQ_ID};

/// What left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Hashes written.
    pub written: u64,
    /// Tombstones written.
    pub tombstones: u64,
    /// Hashes of quality under 50 left out, because the form cannot say so.
    pub low_quality: u64,
}

/// A hash of a text form: its quality, its tags, and a file that shows it.
type TextRow = (u8, Vec<String>, String);

impl Index {
    /// Writes the hashes of every picture, one per unique hash in the text forms, one per picture
    /// with tombstones in JSON. `since` leaves out what has not changed after it (ISO 8601, UTC).
    /// Paths leave only in the form of the PDQ tools, and only when sellers leave by name; hashes
    /// of other families only in JSON.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] with the system's message when `out` cannot
    /// be written.
    pub fn export(
        &self,
        form: Form,
        sellers: Sellers<'_>,
        since: &str,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let exported = match form {
            Form::Json => self.export_json(sellers, since, out)?,
            _ => self.export_text(form, sellers, since, out)?,
        };
        out.flush().map_err(unwritable)?;
        Ok(exported)
    }

    fn export_json(
        &self,
        sellers: Sellers<'_>,
        since: &str,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        let checkpoint = "SELECT coalesce(max(updated_at), '') FROM image";
        let checkpoint = self
            .db
            .query_row(checkpoint, [], |row| row.get(0))
            .with_path(&self.database)?;
        let head = Head {
            format: FORMAT.into(),
            definition: PDQ_ID.into(),
            checkpoint,
        };
        write_line(out, &head)?;
        self.each_picture(since, &mut |mut row, _| {
            exported.tombstones += u64::from(row.deleted);
            exported.written += u64::from(!row.deleted);
            row.sightings = outgoing(row.sightings, sellers);
            write_line(out, &row)
        })?;
        Ok(exported)
    }

    fn export_text(
        &self,
        form: Form,
        sellers: Sellers<'_>,
        since: &str,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        let mut unique: BTreeMap<String, TextRow> = BTreeMap::new();
        self.each_picture(since, &mut |row, file| {
            if let (Some(pdq), false) = (row.pdq, row.deleted) {
                let quality = row.quality.unwrap_or(0);
                unique.entry(pdq).or_insert((quality, row.tags, file));
            }
            Ok(())
        })?;
        if form == Form::Csv {
            writeln!(out, "signal_type,signal_str,collab,category,tags").map_err(unwritable)?;
        }
        for (pdq, row) in unique {
            if row.0 < MIN_QUALITY && form != Form::PdqTool {
                exported.low_quality += 1;
                continue;
            }
            exported.written += 1;
            writeln!(out, "{}", text_line(form, sellers, &pdq, &row)).map_err(unwritable)?;
        }
        Ok(exported)
    }

    /// Calls `take` with every picture changed after `since`, and a file name of it, in the order
    /// of their numbers.
    fn each_picture(
        &self,
        since: &str,
        take: &mut dyn FnMut(Row, String) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT image.id, lower(hex(sha256)), source, external_id, lower(hex(pdq.hash)), quality, updated_at,
                          removed_at IS NOT NULL, coalesce(tags, '')
                   FROM image LEFT JOIN pdq ON pdq.id = image.pdq WHERE updated_at > ?1 ORDER BY image.id";
        let seen = "SELECT DISTINCT seller, platform, captured_at, file FROM sighting WHERE image = ?1 ORDER BY id";
        let perceptual = "SELECT definition, lower(hex(bits)) FROM perceptual WHERE image = ?1";
        let prepare = |sql| self.db.prepare(sql).with_path(&self.database);
        let (mut pictures, mut sightings, mut hashes) =
            (prepare(sql)?, prepare(seen)?, prepare(perceptual)?);
        let mut found = pictures.query([since]).with_path(&self.database)?;
        while let Some(picture) = found.next().with_path(&self.database)? {
            let mut read = || -> rusqlite::Result<(Row, String)> {
                let image = picture.get(0)?;
                let (seen, file) = sightings_of(&mut sightings, image)?;
                let hashes = hashes.query_map([image], |row| Ok((row.get(0)?, row.get(1)?)))?;
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
        tags: text(8)?.split_whitespace().map(str::to_owned).collect(),
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

fn text_line(
    form: Form,
    sellers: Sellers<'_>,
    pdq: &str,
    (quality, tags, file): &TextRow,
) -> String {
    match form {
        Form::ThreatExchange => format!("pdq {pdq}"),
        Form::Csv => {
            let tags = tags.join(" ").replace(['"', ',', '\n'], " ");
            format!("pdq,{pdq},,,{tags}")
        }
        _ if sellers == Sellers::Plain => format!("{pdq},{quality},{file}"),
        _ => format!("{pdq},{quality},"),
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(value).map_err(|error| unwritable(error.into()))?;
    writeln!(out, "{line}").map_err(unwritable)
}

fn unwritable(error: io::Error) -> IndexError {
    IndexError::Input(format!("the list could not be written: {error}"))
}
