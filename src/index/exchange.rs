//! Hash lists of other organisations, in and out.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::{AtPath, IndexError, Result};
use super::mark;
use super::pseudonym::pseudonym;
use super::store::{Index, NOW};
use crate::fingerprint::{MIN_QUALITY, PDQ_ID, PdqHash};

/// A form of hash list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// ThreatExchange's local file: `pdq <64 hex>` or a bare hash per line.
    ThreatExchange,
    /// ThreatExchange's data set as CSV: `signal_type,signal_str,collab,category,tags`.
    Csv,
    /// The PDQ tools: `hash,quality,path` per line.
    PdqTool,
    /// JSON lines: a head, then one hash per line with stable id, time of change, tombstones and sellers.
    Json,
}

/// How sellers leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sellers<'a> {
    /// Not at all.
    Omitted,
    /// As pseudonyms under this key; partners who share the key can compare them.
    Pseudonyms(&'a [u8]),
    /// By name.
    Plain,
}

/// What became of an imported list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// New hashes.
    pub new: u64,
    /// Hashes that were known under the same id, brought up to date.
    pub known: u64,
    /// Hashes removed because the list withdrew them.
    pub removed: u64,
    /// Hashes of quality under 50: kept, but marked as no evidence by themselves.
    pub low_quality: u64,
    /// Lines of other signal types.
    pub other_types: u64,
    /// Lines that could not be read: number, from 1, and why.
    pub refused: Vec<(u64, String)>,
}

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

const FORMAT: &str = "faunalens.hashes.v1";

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    definition: String,
    /// Latest change in the list: ask for changes since then next time.
    checkpoint: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pdq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<u8>,
    updated_at: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sightings: Vec<Seen>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Seen {
    seller: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    platform: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    captured_at: String,
}

impl Index {
    /// Writes the hashes of every picture, one per unique hash in the text forms, one per picture with tombstones in
    /// JSON. `since` leaves out what has not changed after it (ISO 8601, UTC). Paths leave only in the form of the
    /// PDQ tools, and only when sellers leave by name.
    ///
    /// # Errors
    /// What the database refuses; [`IndexError::Input`] with the system's message when `out` cannot be written.
    pub fn export(
        &self,
        form: Form,
        sellers: Sellers<'_>,
        since: &str,
        out: &mut impl Write,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        let unwritable =
            |error: io::Error| IndexError::Input(format!("the list could not be written: {error}"));
        if form == Form::Json {
            let checkpoint = "SELECT coalesce(max(updated_at), '') FROM image";
            let checkpoint = self
                .db
                .query_row(checkpoint, [], |row| row.get(0))
                .at(&self.database)?;
            let head = Head {
                format: FORMAT.into(),
                definition: PDQ_ID.into(),
                checkpoint,
            };
            write_line(out, &head).map_err(unwritable)?;
            self.each_picture(since, &mut |row, _| {
                let Row { deleted, .. } = row;
                exported.tombstones += u64::from(deleted);
                exported.written += u64::from(!deleted);
                write_line(out, &self.outgoing(row, sellers)).map_err(unwritable)
            })?;
        } else {
            let mut seen = BTreeMap::new();
            self.each_picture(since, &mut |row, file| {
                if let (Some(pdq), false) = (row.pdq, row.deleted) {
                    seen.entry(pdq)
                        .or_insert((row.quality.unwrap_or(0), row.tags, file));
                }
                Ok(())
            })?;
            if form == Form::Csv {
                writeln!(out, "signal_type,signal_str,collab,category,tags").map_err(unwritable)?;
            }
            for (pdq, (quality, tags, file)) in seen {
                if quality < MIN_QUALITY && form != Form::PdqTool {
                    exported.low_quality += 1;
                    continue;
                }
                exported.written += 1;
                match form {
                    Form::ThreatExchange => writeln!(out, "pdq {pdq}"),
                    Form::Csv => writeln!(
                        out,
                        "pdq,{pdq},,,{}",
                        tags.join(" ").replace(['"', ',', '\n'], " ")
                    ),
                    _ => writeln!(
                        out,
                        "{pdq},{quality},{}",
                        if sellers == Sellers::Plain {
                            file.as_str()
                        } else {
                            ""
                        }
                    ),
                }
                .map_err(unwritable)?;
            }
        }
        out.flush().map_err(unwritable)?;
        Ok(exported)
    }

    fn outgoing(&self, mut row: Row, sellers: Sellers<'_>) -> Row {
        row.sightings = match sellers {
            Sellers::Omitted => Vec::new(),
            Sellers::Plain => row.sightings,
            Sellers::Pseudonyms(key) => {
                let mut hidden: Vec<Seen> = row
                    .sightings
                    .into_iter()
                    .map(|seen| Seen {
                        seller: pseudonym(key, &seen.platform, &seen.seller),
                        platform: String::new(),
                        captured_at: seen.captured_at,
                    })
                    .collect();
                hidden.sort();
                hidden.dedup();
                hidden
            }
        };
        row
    }

    /// Calls `take` with every picture changed after `since`, and a file name of it, in the order of their numbers.
    fn each_picture(
        &self,
        since: &str,
        take: &mut dyn FnMut(Row, String) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT image.id, lower(hex(sha256)), source, external_id, lower(hex(pdq.hash)), quality, updated_at,
                          removed_at IS NOT NULL, coalesce(tags, '')
                   FROM image LEFT JOIN pdq ON pdq.id = image.pdq WHERE updated_at > ?1 ORDER BY image.id";
        let mut statement = self.db.prepare(sql).at(&self.database)?;
        let mut sightings = self
            .db
            .prepare("SELECT DISTINCT seller, platform, captured_at, file FROM sighting WHERE image = ?1 ORDER BY id")
            .at(&self.database)?;
        let mut rows = statement.query([since]).at(&self.database)?;
        while let Some(found) = rows.next().at(&self.database)? {
            let mut read = || -> rusqlite::Result<(Row, String)> {
                let sha256: String = found.get::<_, Option<String>>(1)?.unwrap_or_default();
                let external = found.get::<_, Option<String>>(3)?.unwrap_or_default();
                let deleted: bool = found.get(7)?;
                let id = if sha256.is_empty() {
                    format!(
                        "{}:{external}",
                        found.get::<_, Option<String>>(2)?.unwrap_or_default()
                    )
                } else {
                    format!("sha256:{sha256}")
                };
                let mut file = String::new();
                let mut seen = Vec::new();
                for row in sightings.query_map([found.get::<_, i64>(0)?], |row| {
                    Ok((
                        Seen {
                            seller: row.get(0)?,
                            platform: row.get(1)?,
                            captured_at: row.get(2)?,
                        },
                        row.get(3)?,
                    ))
                })? {
                    let (one, path): (Seen, String) = row?;
                    if file.is_empty() {
                        file = path;
                    }
                    if !one.seller.is_empty() && !seen.contains(&one) {
                        seen.push(one);
                    }
                }
                let tags: String = found.get(8)?;
                let row = Row {
                    id,
                    pdq: found
                        .get::<_, Option<String>>(4)?
                        .filter(|hash| !deleted && !hash.is_empty()),
                    quality: found.get::<_, Option<u8>>(5)?.filter(|_| !deleted),
                    updated_at: found.get(6)?,
                    deleted,
                    tags: tags.split_whitespace().map(str::to_owned).collect(),
                    sightings: seen,
                };
                Ok((row, file))
            };
            let (row, file) = read().at(&self.database)?;
            take(row, file)?;
        }
        Ok(())
    }

    /// Reads a list under the name `source`. The same list read again changes nothing; in JSON a later time of change
    /// or a tombstone takes effect. Nothing is durable before [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`IndexError::Input`] for a list that is not of this form at all, [`IndexError::ReadOnly`], or what the
    /// database refuses. Single bad lines are in the result.
    pub fn import(&mut self, form: Form, source: &str, input: impl BufRead) -> Result<Imported> {
        self.begin()?;
        let mut imported = Imported::default();
        if form == Form::Csv {
            let mut reader = csv::Reader::from_reader(input);
            let unreadable = |error: csv::Error| IndexError::Input(format!("{source}: {error}"));
            let columns = reader.headers().map_err(unreadable)?.clone();
            let column = |name: &str| columns.iter().position(|column| column.trim() == name);
            let (Some(kind), Some(signal)) = (column("signal_type"), column("signal_str")) else {
                let what = format!(
                    "{source}: no columns signal_type and signal_str; is it of another form (--form)?"
                );
                return Err(IndexError::Input(what));
            };
            let tags = column("tags");
            for (number, line) in reader.records().enumerate() {
                let number = number as u64 + 2;
                match line {
                    Ok(line)
                        if !line
                            .get(kind)
                            .unwrap_or("")
                            .trim()
                            .eq_ignore_ascii_case("pdq") =>
                    {
                        imported.other_types += 1;
                    }
                    Ok(line) => {
                        let tags = tags.and_then(|column| line.get(column)).unwrap_or("");
                        let row = plain(line.get(signal).unwrap_or(""), None, tags);
                        self.take_row(source, number, row, &mut imported)?;
                    }
                    Err(error) => imported.refused.push((number, error.to_string())),
                }
            }
            return Ok(imported);
        }
        for (number, line) in input.lines().enumerate() {
            let number = number as u64 + 1;
            let line = line.map_err(|error| IndexError::Input(format!("{source}: {error}")))?;
            let line = line.trim();
            if line.is_empty() || (line.starts_with('#') && form != Form::Json) {
                continue;
            }
            let row = match form {
                Form::Json if number == 1 => {
                    let head: Head = serde_json::from_str(line).map_err(|error| {
                        IndexError::Input(format!(
                            "{source}: the first line is not the head of a {FORMAT} list: {error}"
                        ))
                    })?;
                    if head.format != FORMAT {
                        return Err(IndexError::Input(format!(
                            "{source}: format {}, not {FORMAT}",
                            head.format
                        )));
                    }
                    continue;
                }
                Form::Json => match serde_json::from_str(line) {
                    Ok(row) => row,
                    Err(error) => {
                        imported.refused.push((number, error.to_string()));
                        continue;
                    }
                },
                Form::PdqTool => {
                    let mut fields = line.splitn(3, ',');
                    let hash = fields.next().unwrap_or("");
                    // `hash,path` of the C++ tool has no quality.
                    plain(
                        hash,
                        fields
                            .next()
                            .and_then(|quality| quality.trim().parse().ok()),
                        "",
                    )
                }
                _ => match line.split_once(char::is_whitespace) {
                    Some((kind, signal)) if kind.eq_ignore_ascii_case("pdq") => {
                        plain(signal, None, "")
                    }
                    Some(_) => {
                        imported.other_types += 1;
                        continue;
                    }
                    None => plain(line, None, ""),
                },
            };
            self.take_row(source, number, row, &mut imported)?;
        }
        Ok(imported)
    }

    fn take_row(
        &mut self,
        source: &str,
        number: u64,
        row: Row,
        imported: &mut Imported,
    ) -> Result<()> {
        let find = "SELECT id, updated_at, removed_at IS NOT NULL FROM image WHERE source = ?1 AND external_id = ?2";
        let known: Option<(i64, String, bool)> = self
            .db
            .prepare_cached(find)
            .and_then(|mut s| {
                s.query_row([source, &row.id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
                    .optional()
            })
            .at(&self.database)?;
        if row.deleted {
            if let Some((id, _, false)) = known {
                self.bury(id)?;
                imported.removed += 1;
            }
            return Ok(());
        }
        let hash: PdqHash = match row.pdq.as_deref().unwrap_or("").trim().parse() {
            Ok(hash) => hash,
            Err(error) => {
                imported.refused.push((number, format!("{error}")));
                return Ok(());
            }
        };
        // Lists without quality were filtered by whoever made them.
        let quality = row.quality.unwrap_or(100).min(100);
        imported.low_quality += u64::from(quality < MIN_QUALITY);
        let pdq = i64::from(self.store_hash(hash)?);
        let why = mark(quality, 0.0, None);
        let tags = row.tags.join(" ");
        let updated = if row.updated_at.is_empty() {
            None
        } else {
            Some(row.updated_at.clone())
        };
        let image = match known {
            Some((id, ..)) => {
                imported.known += 1;
                let sql = format!(
                    "UPDATE image SET pdq = ?2, quality = ?3, mark = ?4, tags = ?5, removed_at = NULL,
                     updated_at = coalesce(?6, {NOW}) WHERE id = ?1 AND (?6 IS NULL OR updated_at < ?6)
                     AND (pdq IS NOT ?2 OR quality IS NOT ?3 OR removed_at IS NOT NULL OR tags IS NOT ?5)"
                );
                self.execute(&sql, params![id, pdq, quality, why, tags, updated])?;
                id
            }
            None => {
                imported.new += 1;
                let sql = format!(
                    "INSERT INTO image(pdq, pdq_definition, quality, mark, source, external_id, tags, added_at, updated_at)
                     VALUES (?1, 'pdq (imported)', ?2, ?3, ?4, ?5, ?6, {NOW}, coalesce(?7, {NOW}))"
                );
                self.execute(
                    &sql,
                    params![pdq, quality, why, source, row.id, tags, updated],
                )?;
                self.db.last_insert_rowid()
            }
        };
        for seen in &row.sightings {
            let sql = format!(
                "INSERT OR IGNORE INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
                 VALUES (?1, '', ?2, '', ?3, ?4, {NOW})"
            );
            self.execute(
                &sql,
                params![image, seen.seller, seen.platform, seen.captured_at],
            )?;
        }
        Ok(())
    }
}

/// A row of a list without ids: the hash is the id.
fn plain(hash: &str, quality: Option<u8>, tags: &str) -> Row {
    let hash = hash.trim().to_ascii_lowercase();
    Row {
        id: hash.clone(),
        pdq: Some(hash),
        quality,
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        ..Row::default()
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
