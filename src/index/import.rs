//! Hashes from other organisations: a list is a named source, and has a state.

use std::io::BufRead;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::error::{IndexError, Result, WithPath};
use super::hash_list::{FORMAT, Form, Head, Row, clean};
use super::list_line::{Columns, Line, form_of_first_line, pdq_tool_line, threat_exchange_line};
use super::list_reader::ListReader;
use super::opinion::Opinion;
use super::pictures_seen::PictureSet;
use super::store::{Index, NOW};
use super::weakness::Weakness;
use crate::fingerprint::{MIN_QUALITY, PdqHash};

/// Refused lines that are told one by one.
const TOLD: usize = 1000;
/// Lines between two reports of progress.
const STEP: u64 = 10_000;

/// New hashes of a list that are held in memory; more are read from the database when packed.
const HELD: usize = 20_000;

/// How a list is read.
#[derive(Debug, Clone)]
pub struct ListImport<'a> {
    source: &'a str,
    form: Option<Form>,
    adds: bool,
    opinion: Option<Opinion>,
    category: &'a str,
}

impl<'a> ListImport<'a> {
    /// The whole new state of the list `source`: what it no longer holds is withdrawn. Its form is
    /// told by its first line.
    #[must_use]
    pub fn new(source: &'a str) -> Self {
        Self {
            source,
            form: None,
            adds: false,
            opinion: None,
            category: "",
        }
    }

    /// A list of this form; one that is plainly of another is refused.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self {
            form: Some(form),
            ..self
        }
    }

    /// What is added to the list: nothing that it doesn't name is withdrawn.
    #[must_use]
    pub fn adding(self, adds: bool) -> Self {
        Self { adds, ..self }
    }

    /// The opinion and the category of hashes of which the list says none; an empty category is
    /// none.
    #[must_use]
    pub fn unless_stated(self, opinion: Option<Opinion>, category: &'a str) -> Self {
        Self {
            opinion,
            category,
            ..self
        }
    }
}

/// What became of an imported list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Form that it was read in.
    pub form: &'static str,
    /// Whether it was the whole state of the list, so that what it lacks was withdrawn.
    pub whole: bool,
    /// New hashes.
    pub new: u64,
    /// Hashes that were known under the same id, brought up to date.
    pub known: u64,
    /// Hashes that had been withdrawn, and are back.
    pub restored: u64,
    /// Hashes that are withdrawn now.
    pub removed: u64,
    /// Hashes that the owner of the index had removed, and that stay away.
    pub kept_away: u64,
    /// Hashes of quality under 50: kept, but marked as no evidence by themselves.
    pub low_quality: u64,
    /// Hashes that the list calls negative: they raise nothing, and clear.
    pub negative: u64,
    /// Lines of other signal types.
    pub other_types: u64,
    /// Times that are none or lie in the future: the hash is kept without.
    pub wrong_times: u64,
    /// How many lines could not be read.
    pub refused: u64,
    /// The first thousand of them: number, from 1, and why.
    pub refused_lines: Vec<(u64, String)>,
}

impl Imported {
    fn refuse(&mut self, number: u64, why: String) {
        self.refused += 1;
        if self.refused_lines.len() < TOLD {
            self.refused_lines.push((number, why));
        }
    }

    fn hashes(&self) -> u64 {
        self.new + self.known + self.restored + self.kept_away
    }
}

/// A picture that is known under the id of its list.
struct Known {
    image: i64,
    removed: bool,
    withdrawn: bool,
}

/// An import under way.
struct Import<'a> {
    list: &'a ListImport<'a>,
    form: Form,
    head: Option<Head>,
    columns: Option<Columns>,
    seen: PictureSet,
    /// Whether the owner has removed any hash.
    some_unwanted: bool,
    now: String,
    done: Imported,
}

impl Index {
    /// Reads the new state of a list, or what is added to it. Single broken lines are passed over
    /// and told in the result. What was added to the index before is committed first; what the
    /// list brings is durable after [`commit`](Self::commit). `progress` is called with the number
    /// of lines now and then.
    ///
    /// # Errors
    /// [`IndexError::Input`] for a list that is not of its form at all, that names another hash,
    /// that was cut off, or that holds nothing; [`IndexError::ReadOnly`], or what the database
    /// refuses. The index is then as before.
    pub fn import(
        &mut self,
        list: &ListImport<'_>,
        input: impl BufRead,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported> {
        check_name(list.source)?;
        self.finish_transaction()?;
        self.begin()?;
        let done = self.import_in_transaction(list, input, progress);
        if done.is_err() {
            self.roll_back()?;
        }
        done
    }

    fn import_in_transaction(
        &mut self,
        list: &ListImport<'_>,
        input: impl BufRead,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported> {
        let wrong = |why: String| IndexError::Input(format!("{}: {why}", list.source));
        let mut reader = ListReader::new(input);
        let held = self.tail.len();
        let unreadable = |error: std::io::Error| wrong(error.to_string());
        let first = match reader.next().map_err(unreadable)? {
            Some(Ok(first)) => Ok(first.to_owned()),
            Some(Err(why)) => Err(why),
            None => Ok(String::new()),
        };
        let form = form_of(list, first.as_deref().unwrap_or("")).map_err(wrong)?;
        let unwanted = "SELECT EXISTS(SELECT 1 FROM unwanted)";
        let unwanted = self.db.query_row(unwanted, [], |row| row.get(0));
        let mut import = Import {
            list,
            form,
            head: None,
            columns: None,
            seen: PictureSet::default(),
            some_unwanted: unwanted.with_path(&self.database)?,
            now: self.now()?,
            done: Imported {
                form: form.name(),
                ..Imported::default()
            },
        };
        let first = match first {
            Ok(first) => import.first_line(&first).map_err(wrong)?,
            Err(why) if matches!(form, Form::Csv | Form::Json) => {
                return Err(wrong(format!("the head cannot be read: {why}")));
            }
            Err(why) => Line::Refused(why),
        };
        self.import_line(&mut import, reader.number, first)?;
        while let Some(line) = reader.next().map_err(unreadable)? {
            let line = line.map_or_else(Line::Refused, |line| import.line(line));
            self.import_line(&mut import, reader.number, line)?;
            if reader.number.is_multiple_of(STEP) {
                progress(reader.number);
            }
            if self.tail.len() > held + HELD {
                self.tail.truncate(held);
                self.tail_is_spared = true;
            }
        }
        import.check_end(reader.number).map_err(wrong)?;
        self.finish_import(import, &reader.digest())
    }

    fn import_line(&mut self, import: &mut Import<'_>, number: u64, line: Line) -> Result<()> {
        match line {
            Line::Row(row) => self.import_row(import, number, row.cleaned())?,
            Line::OtherType => import.done.other_types += 1,
            Line::Skipped => {}
            Line::Refused(why) => import.done.refuse(number, why),
        }
        Ok(())
    }

    fn import_row(&mut self, import: &mut Import<'_>, number: u64, mut row: Row) -> Result<()> {
        if row.id.is_empty() || row.id.len() > 400 {
            import
                .done
                .refuse(number, "has no id, or one over 400 bytes".into());
            return Ok(());
        }
        let source = import.list.source;
        let known = self.known_import(source, &row.id)?;
        if row.deleted {
            if let Some(known) = known.filter(|known| !known.removed) {
                self.withdraw(known.image)?;
                import.done.removed += 1;
            }
            return Ok(());
        }
        let hash: PdqHash = match row.pdq.as_deref().unwrap_or("").trim().parse() {
            Ok(hash) => hash,
            Err(error) => {
                import.done.refuse(number, format!("{error}"));
                return Ok(());
            }
        };
        // Lists without quality were filtered by whoever made them.
        let quality = row.quality.unwrap_or(100);
        if quality > 100 {
            import
                .done
                .refuse(number, format!("quality {quality}: it is 0 to 100"));
            return Ok(());
        }
        row.opinion = row.opinion.or(import.list.opinion);
        let stated = row.category.take();
        row.category = stated.or_else(|| Some(clean(import.list.category)));
        row.category = row.category.filter(|category| !category.is_empty());
        self.own_time(import, &mut row)?;
        let by_owner = known
            .as_ref()
            .is_some_and(|known| known.removed && !known.withdrawn);
        if by_owner || (import.some_unwanted && self.is_unwanted(hash)?) {
            import.done.kept_away += 1;
            if let Some(known) = known {
                import.seen.insert(known.image);
            }
            return Ok(());
        }
        let image = match known {
            Some(known) => {
                let again = import.seen.contains(known.image) && import.form != Form::Json;
                match known.removed {
                    true => import.done.restored += 1,
                    false => import.done.known += 1,
                }
                self.update_import(known.image, hash, quality, &row, again, import.list.adds)?;
                known.image
            }
            None => {
                import.done.new += 1;
                self.insert_import(source, hash, quality, &row)?
            }
        };
        import.done.low_quality += u64::from(quality < MIN_QUALITY);
        import.done.negative += u64::from(row.opinion == Some(Opinion::Negative));
        import.seen.insert(image);
        self.import_sightings(image, &row)?;
        self.import_perceptual(image, &row)
    }

    /// The time of a row as ours: a partner's clock may be wrong, or run ahead.
    fn own_time(&self, import: &mut Import<'_>, row: &mut Row) -> Result<()> {
        if row.updated_at.is_empty() {
            return Ok(());
        }
        let time = self.utc(&row.updated_at, false)?;
        let time = time.filter(|time| *time <= import.now);
        import.done.wrong_times += u64::from(time.is_none());
        row.updated_at = time.unwrap_or_default();
        Ok(())
    }

    fn is_unwanted(&self, hash: PdqHash) -> Result<bool> {
        let sql = "SELECT EXISTS(SELECT 1 FROM unwanted WHERE hash = ?1)";
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([hash.to_bytes()], |row| row.get(0)))
            .with_path(&self.database)
    }

    fn known_import(&self, source: &str, id: &str) -> Result<Option<Known>> {
        let sql = "SELECT id, removed_at IS NOT NULL, withdrawn FROM image
                   WHERE source = ?1 AND external_id = ?2";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Known {
                image: row.get(0)?,
                removed: row.get(1)?,
                withdrawn: row.get(2)?,
            })
        };
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([source, id], read).optional())
            .with_path(&self.database)
    }

    /// `again`: an earlier line of the same list had the hash; where their opinions part, somebody
    /// has to look. `adds`: what is older than what is known changes nothing.
    fn update_import(
        &mut self,
        image: i64,
        hash: PdqHash,
        quality: u8,
        row: &Row,
        again: bool,
        adds: bool,
    ) -> Result<()> {
        let pdq = i64::from(self.store_hash(hash)?);
        let weakness = Weakness::of(quality, 0.0, None);
        let tags = row.tags.join("\n");
        if again {
            let sql = format!(
                "UPDATE image SET updated_at = {NOW},
                   opinion = CASE WHEN opinion IS NULL THEN ?2 ELSE 'investigate' END
                 WHERE id = ?1 AND ?2 IS NOT NULL AND opinion IS NOT ?2"
            );
            return self.execute(&sql, params![image, row.opinion]).map(|_| ());
        }
        let sql = format!(
            "UPDATE image SET pdq = ?2, quality = ?3, mark = ?4, tags = ?5, category = ?6,
               opinion = ?7, listed_at = ?8, removed_at = NULL, withdrawn = 0, updated_at = {NOW}
             WHERE id = ?1 AND NOT (?9 AND ?8 IS NOT NULL AND listed_at IS NOT NULL AND ?8 < listed_at)
               AND (pdq IS NOT ?2 OR quality IS NOT ?3 OR tags IS NOT ?5 OR category IS NOT ?6
                 OR opinion IS NOT ?7 OR listed_at IS NOT ?8 OR removed_at IS NOT NULL)"
        );
        let (category, listed_at) = (&row.category, listed_at(row));
        let values = params![
            image,
            pdq,
            quality,
            weakness,
            tags,
            category,
            row.opinion,
            listed_at,
            adds
        ];
        self.execute(&sql, values).map(|_| ())
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
            "INSERT INTO image(pdq, pdq_definition, quality, mark, source, external_id, tags, category, opinion,
                               listed_at, added_at, updated_at)
             VALUES (?1, 'pdq (imported)', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {NOW}, {NOW})"
        );
        let (tags, category, listed_at) = (row.tags.join("\n"), &row.category, listed_at(row));
        let values = params![
            pdq,
            quality,
            weakness,
            source,
            row.id,
            tags,
            category,
            row.opinion,
            listed_at
        ];
        self.execute(&sql, values)?;
        Ok(self.db.last_insert_rowid())
    }

    /// The sightings that a list tells now, in the place of those that it told before.
    fn import_sightings(&self, image: i64, row: &Row) -> Result<()> {
        let known =
            "SELECT seller, platform, captured_at FROM sighting WHERE image = ?1 AND file = ''";
        let known: Vec<[String; 3]> = self
            .db
            .prepare_cached(known)
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?]);
                statement.query_map([image], read)?.collect()
            })
            .with_path(&self.database)?;
        let told = |seller: &str, platform: &str, captured_at: &str| {
            let mut told = row.sightings.iter();
            told.any(|seen| {
                (&*seen.seller, &*seen.platform, &*seen.captured_at)
                    == (seller, platform, captured_at)
            })
        };
        for [seller, platform, captured_at] in known {
            if !told(&seller, &platform, &captured_at) {
                let sql = "DELETE FROM sighting
                           WHERE image = ?1 AND seller = ?2 AND platform = ?3 AND captured_at = ?4";
                self.execute(sql, params![image, seller, platform, captured_at])?;
            }
        }
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
                self.execute(sql, params![image, clean(definition), bits])?;
            }
        }
        Ok(())
    }

    /// Withdraws what the new state no longer holds, and notes the state.
    fn finish_import(&mut self, import: Import<'_>, digest: &str) -> Result<Imported> {
        let Import {
            list,
            head,
            seen,
            mut done,
            ..
        } = import;
        let told = head.as_ref();
        let adds = list.adds || told.is_some_and(|head| !head.since.is_empty());
        // A list of which nothing could be read says nothing of what is gone.
        done.whole = !adds && (done.hashes() > 0 || done.refused == 0);
        if done.whole {
            let mut gone = self.pictures_of(list.source)?;
            gone.subtract(&seen);
            let explicit = told.is_some_and(|head| head.lines.is_some());
            if done.hashes() == 0 && !gone.is_empty() && !explicit && import.form != Form::Csv {
                return Err(IndexError::Input(format!(
                    "{}: the list is empty, which may be a failed download; removing the source \
                     withdraws all of it",
                    list.source
                )));
            }
            for image in gone.iter() {
                self.withdraw(image)?;
                done.removed += 1;
            }
        }
        let checkpoint = told.map(|head| clean(&head.checkpoint));
        let checkpoint = checkpoint.filter(|checkpoint| !checkpoint.is_empty());
        let state = checkpoint.unwrap_or_else(|| digest.to_owned());
        let sql = format!(
            "INSERT INTO source(name, form, state, imported_at) VALUES (?1, ?2, ?3, {NOW})
             ON CONFLICT(name) DO UPDATE SET form = ?2, state = ?3, imported_at = {NOW}"
        );
        self.execute(&sql, params![list.source, done.form, state])?;
        Ok(done)
    }
}

impl Import<'_> {
    /// Takes the head of a list up, where its form has one.
    fn first_line(&mut self, line: &str) -> Result<Line, String> {
        match self.form {
            Form::Json => {
                let head: Head = serde_json::from_str(line).map_err(|error| {
                    format!("the first line is not the head of a {FORMAT} list: {error}")
                })?;
                if head.format != FORMAT {
                    return Err(format!("format {}, not {FORMAT}", clean(&head.format)));
                }
                if !head.names_our_hash() {
                    let named = clean(&head.definition);
                    return Err(format!("its hashes are {named:?}, which are not PDQ"));
                }
                self.head = Some(head);
                Ok(Line::Skipped)
            }
            Form::Csv => {
                self.columns = Columns::of(line);
                match self.columns {
                    Some(_) => Ok(Line::Skipped),
                    None => Err("no columns signal_type and signal_str; is it a list of \
                                 another form?"
                        .into()),
                }
            }
            _ => Ok(self.line(line)),
        }
    }

    fn line(&self, line: &str) -> Line {
        match (self.form, self.columns) {
            _ if line.is_empty() => Line::Skipped,
            (Form::Json, _) => match serde_json::from_str(line) {
                Ok(row) => Line::Row(row),
                Err(error) => Line::Refused(error.to_string()),
            },
            (Form::Csv, Some(columns)) => columns.line(line),
            _ if line.starts_with('#') => Line::Skipped,
            (Form::PdqTool, _) => pdq_tool_line(line),
            _ => threat_exchange_line(line),
        }
    }

    /// Whether the list came whole.
    fn check_end(&self, lines: u64) -> Result<(), String> {
        let promised = self.head.as_ref().and_then(|head| head.lines);
        match promised {
            Some(promised) if promised > lines.saturating_sub(1) => Err(format!(
                "the list is cut off: its head tells of {promised} lines, and {} follow",
                lines.saturating_sub(1)
            )),
            _ => Ok(()),
        }
    }
}

/// The form in which a list is read.
fn form_of(list: &ListImport<'_>, first: &str) -> Result<Form, String> {
    if first.starts_with("\u{0}") || first.contains('\u{0}') {
        return Err("it is no UTF-8 text; save it as UTF-8".into());
    }
    let told = form_of_first_line(first);
    match (list.form, told) {
        (Some(form), Some(told)) if form != told => Err(format!(
            "its first line is of a list of the form {}, not {}",
            told.name(),
            form.name()
        )),
        (Some(form), _) => Ok(form),
        (None, Some(told)) => Ok(told),
        (None, None) if first.split_whitespace().next().is_some_and(is_hash) => {
            Ok(Form::ThreatExchange)
        }
        (None, None) => Err("its first line does not tell its form; name the form".into()),
    }
}

fn is_hash(text: &str) -> bool {
    text.parse::<PdqHash>().is_ok()
}

/// A name that can be shown, and told from the words that stand for every list.
pub(super) fn check_name(source: &str) -> Result<()> {
    if source.is_empty() || source == "*" || clean(source) != source {
        return Err(IndexError::Input(format!(
            "{source:?} cannot be the name of a list: give up to 200 letters without line ends"
        )));
    }
    Ok(())
}

/// When the row was last changed, if its list says so.
fn listed_at(row: &Row) -> Option<&str> {
    Some(row.updated_at.as_str()).filter(|time| !time.is_empty())
}
