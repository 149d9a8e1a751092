//! Hashes from other organisations.

use std::io::BufRead;

use rusqlite::{OptionalExtension, params};

use super::error::{IndexError, Result, WithPath};
use super::hash_list::{FORMAT, Form, Head, Row};
use super::store::{Index, NOW};
use super::weakness::Weakness;
use crate::fingerprint::{MIN_QUALITY, PdqHash};

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

/// What a line of a text list holds.
enum Line {
    Row(Row),
    /// A signal of another type than PDQ.
    OtherType,
    /// The head of a list, or nothing.
    Skipped,
    /// No such line, and why.
    Refused(String),
}

/// A picture that is known under the id of its list.
struct Known {
    image: i64,
    removed: bool,
}

impl Index {
    /// Reads a list under the name `source`. The same list read again changes nothing; in JSON a
    /// later time of change or a tombstone takes effect. Nothing is durable before
    /// [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`IndexError::Input`] for a list that is not of this form at all, [`IndexError::ReadOnly`],
    /// or what the database refuses. Single bad lines are in the result.
    pub fn import(&mut self, form: Form, source: &str, input: impl BufRead) -> Result<Imported> {
        self.begin()?;
        match form {
            Form::Csv => self.import_csv(source, input),
            _ => self.import_lines(form, source, input),
        }
    }

    fn import_csv(&mut self, source: &str, input: impl BufRead) -> Result<Imported> {
        let mut imported = Imported::default();
        let mut reader = csv::Reader::from_reader(input);
        let unreadable = |error: csv::Error| IndexError::Input(format!("{source}: {error}"));
        let columns = reader.headers().map_err(unreadable)?.clone();
        let column = |name: &str| columns.iter().position(|column| column.trim() == name);
        let (Some(kind), Some(signal)) = (column("signal_type"), column("signal_str")) else {
            return Err(IndexError::Input(format!(
                "{source}: no columns signal_type and signal_str; is it a list of another form?"
            )));
        };
        let tags = column("tags");
        for (line, number) in reader.records().zip(2..) {
            let line = match line {
                Ok(line) => csv_line(&line, kind, signal, tags),
                Err(error) => Line::Refused(error.to_string()),
            };
            self.import_line(source, number, line, &mut imported)?;
        }
        Ok(imported)
    }

    fn import_lines(&mut self, form: Form, source: &str, input: impl BufRead) -> Result<Imported> {
        let mut imported = Imported::default();
        for (line, number) in input.lines().zip(1..) {
            let line = line.map_err(|error| IndexError::Input(format!("{source}: {error}")))?;
            let line = line.trim();
            let line = match form {
                _ if line.is_empty() => Line::Skipped,
                Form::Json if number == 1 => json_head(source, line)?,
                Form::Json => json_line(line),
                _ if line.starts_with('#') => Line::Skipped,
                Form::PdqTool => pdq_tool_line(line),
                _ => threat_exchange_line(line),
            };
            self.import_line(source, number, line, &mut imported)?;
        }
        Ok(imported)
    }

    fn import_line(
        &mut self,
        source: &str,
        number: u64,
        line: Line,
        imported: &mut Imported,
    ) -> Result<()> {
        match line {
            Line::Row(row) => self.import_row(source, number, &row, imported)?,
            Line::OtherType => imported.other_types += 1,
            Line::Skipped => {}
            Line::Refused(why) => imported.refused.push((number, why)),
        }
        Ok(())
    }

    fn import_row(
        &mut self,
        source: &str,
        number: u64,
        row: &Row,
        imported: &mut Imported,
    ) -> Result<()> {
        let known = self.known_import(source, &row.id)?;
        if row.deleted {
            if let Some(known) = known.filter(|known| !known.removed) {
                self.remove_image(known.image)?;
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
        let image = if let Some(known) = known {
            imported.known += 1;
            self.update_import(known.image, hash, quality, row)?;
            known.image
        } else {
            imported.new += 1;
            self.insert_import(source, hash, quality, row)?
        };
        self.import_sightings(image, row)?;
        self.import_perceptual(image, row)
    }

    fn known_import(&self, source: &str, id: &str) -> Result<Option<Known>> {
        let sql =
            "SELECT id, removed_at IS NOT NULL FROM image WHERE source = ?1 AND external_id = ?2";
        let read = |row: &rusqlite::Row<'_>| {
            let (image, removed) = (row.get(0)?, row.get(1)?);
            Ok(Known { image, removed })
        };
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([source, id], read).optional())
            .with_path(&self.database)
    }

    fn update_import(&mut self, image: i64, hash: PdqHash, quality: u8, row: &Row) -> Result<()> {
        let pdq = i64::from(self.store_hash(hash)?);
        let weakness = Weakness::of(quality, 0.0, None);
        let sql = format!(
            "UPDATE image SET pdq = ?2, quality = ?3, mark = ?4, tags = ?5, removed_at = NULL,
             updated_at = coalesce(?6, {NOW}) WHERE id = ?1 AND (?6 IS NULL OR updated_at < ?6)
             AND (pdq IS NOT ?2 OR quality IS NOT ?3 OR removed_at IS NOT NULL OR tags IS NOT ?5)"
        );
        let (tags, updated) = (row.tags.join(" "), updated_at(row));
        self.execute(&sql, params![image, pdq, quality, weakness, tags, updated])
            .map(|_| ())
    }

    fn insert_import(
        &mut self,
        source: &str,
        hash: PdqHash,
        quality: u8,
        row: &Row,
    ) -> Result<i64> {
        let pdq = i64::from(self.store_hash(hash)?);
        let weakness = Weakness::of(quality, 0.0, None);
        let sql = format!(
            "INSERT INTO image(pdq, pdq_definition, quality, mark, source, external_id, tags, added_at, updated_at)
             VALUES (?1, 'pdq (imported)', ?2, ?3, ?4, ?5, ?6, {NOW}, coalesce(?7, {NOW}))"
        );
        let (tags, updated) = (row.tags.join(" "), updated_at(row));
        let values = params![pdq, quality, weakness, source, row.id, tags, updated];
        self.execute(&sql, values)?;
        Ok(self.db.last_insert_rowid())
    }

    fn import_sightings(&self, image: i64, row: &Row) -> Result<()> {
        let sql = format!(
            "INSERT OR IGNORE INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
             VALUES (?1, '', ?2, '', ?3, ?4, {NOW})"
        );
        for seen in &row.sightings {
            let values = params![image, seen.seller, seen.platform, seen.captured_at];
            self.execute(&sql, values)?;
        }
        Ok(())
    }

    fn import_perceptual(&self, image: i64, row: &Row) -> Result<()> {
        let sql =
            "INSERT OR REPLACE INTO perceptual(image, definition, bits) VALUES (?1, ?2, unhex(?3))";
        for (definition, bits) in &row.perceptual {
            if bits.bytes().all(|byte| byte.is_ascii_hexdigit()) && bits.len().is_multiple_of(2) {
                self.execute(sql, params![image, definition, bits])?;
            }
        }
        Ok(())
    }
}

/// When the row was last changed, if its list says so.
fn updated_at(row: &Row) -> Option<&str> {
    Some(row.updated_at.as_str()).filter(|time| !time.is_empty())
}

fn csv_line(line: &csv::StringRecord, kind: usize, signal: usize, tags: Option<usize>) -> Line {
    let cell = |column: usize| line.get(column).unwrap_or("");
    if !cell(kind).trim().eq_ignore_ascii_case("pdq") {
        return Line::OtherType;
    }
    Line::Row(Row::without_id(cell(signal), None, tags.map_or("", cell)))
}

/// The first line of a list in JSON.
fn json_head(source: &str, line: &str) -> Result<Line> {
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
    Ok(Line::Skipped)
}

fn json_line(line: &str) -> Line {
    match serde_json::from_str(line) {
        Ok(row) => Line::Row(row),
        Err(error) => Line::Refused(error.to_string()),
    }
}

/// `hash,quality,path`; `hash,path` of the C++ tool has no quality.
fn pdq_tool_line(line: &str) -> Line {
    let mut fields = line.splitn(3, ',');
    let hash = fields.next().unwrap_or("");
    let quality = fields.next().and_then(|text| text.trim().parse().ok());
    Line::Row(Row::without_id(hash, quality, ""))
}

/// `pdq <hex>`, or a bare hash.
fn threat_exchange_line(line: &str) -> Line {
    match line.split_once(char::is_whitespace) {
        Some((kind, hash)) if kind.eq_ignore_ascii_case("pdq") => {
            Line::Row(Row::without_id(hash, None, ""))
        }
        Some(_) => Line::OtherType,
        None => Line::Row(Row::without_id(line, None, "")),
    }
}
