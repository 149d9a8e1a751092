//! The index itself: creating it, opening it, taking up what others wrote.

use std::cell::{OnceCell, RefCell};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Params};

use super::error::{IndexError, Result, WithPath};
use super::generation::{self, Generation};
use super::graph::Graph;
use super::lock::lock_writer;
use super::packed_files::PackedFiles;
use super::premises;
use super::schema;
use super::seen::Seen;
use super::settings::Settings;
use crate::fingerprint::PdqHash;

/// How long a reader waits for the database.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time now, as SQLite writes it: UTC, ISO 8601.
pub(super) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%SZ','now')";

/// An index, open for reading by any number of processes or for writing by one.
#[derive(Debug)]
pub struct Index {
    pub(super) root: PathBuf,
    pub(super) database: PathBuf,
    pub(super) db: Connection,
    /// Held by the writer.
    pub(super) lock: Option<File>,
    settings: Settings,
    /// Identity of the row numbers in the database; changes when they do.
    pub(super) epoch: String,
    pub(super) generation: Arc<Generation>,
    packed_files: PackedFiles,
    /// Hashes that are not packed yet.
    pub(super) tail: Vec<(PdqHash, u32)>,
    /// Whether `tail` lacks hashes of a list too long for memory: the next commit packs them.
    pub(super) tail_is_spared: bool,
    /// Descriptors of the current model that are not packed yet, read when first needed.
    pub(super) vector_tail: OnceCell<VectorTail>,
    pub(super) graph: OnceCell<Option<Arc<Graph>>>,
    /// Row and dimension of the model whose descriptors are searched: the last one added.
    pub(super) model: Option<(i64, usize)>,
    in_transaction: bool,
    /// The state of the files that was taken up.
    pub(super) seen: Seen,
    pub(super) warnings: RefCell<Vec<String>>,
}

/// Descriptors beyond the packed ones.
#[derive(Debug, Default)]
pub(super) struct VectorTail {
    pub(super) bytes: Vec<i8>,
    pub(super) rows: Vec<u32>,
}

impl Index {
    /// Makes an empty index in `dir`, which must not hold one, and opens it for writing.
    ///
    /// # Errors
    /// [`IndexError::Exists`], or what the database or the system refuses.
    pub fn create(dir: &Path, settings: Settings) -> Result<Self> {
        if premises::is_file(&dir.join(premises::DATABASE))? {
            return Err(IndexError::Exists(dir.into()));
        }
        fs::create_dir_all(dir).with_path(dir)?;
        let lock = lock_writer(dir, Duration::ZERO)?;
        Self::create_locked(dir, settings, lock)
    }

    /// Opens an index for writing, and makes an empty one where there is none; waits up to `wait`
    /// for another writer, who may be making it just now.
    ///
    /// # Errors
    /// As [`writer`](Self::writer).
    pub fn writer_or_new(dir: &Path, wait: Duration) -> Result<Self> {
        fs::create_dir_all(dir).with_path(dir)?;
        let lock = lock_writer(dir, wait)?;
        match premises::database(dir) {
            Err(IndexError::Missing(_)) => Self::create_locked(dir, Settings::default(), lock),
            database => Self::writer_locked(dir, database?, lock),
        }
    }

    fn create_locked(dir: &Path, settings: Settings, lock: File) -> Result<Self> {
        let database = dir.join(premises::DATABASE);
        if premises::is_file(&database)? {
            return Err(IndexError::Exists(dir.into()));
        }
        // Under another name until it is whole: nobody meets half an index, however this ends.
        let aside = dir.join(premises::DATABASE_ASIDE);
        premises::clear_database(&aside)?;
        let mut db = Connection::open(&aside).with_path(&aside)?;
        distrust(&db).with_path(&aside)?;
        schema::migrate(&mut db, &aside, 0)?;
        settings.store(&db).with_path(&aside)?;
        db.execute(
            "INSERT OR IGNORE INTO meta(key, value) VALUES ('epoch', lower(hex(randomblob(16))))",
            [],
        )
        .with_path(&aside)?;
        // Last, since a change of the journal's mode leaves a journal behind when it is stopped.
        configure(&db).with_path(&aside)?;
        close(db).with_path(&aside)?;
        premises::clear_database(&database)?;
        fs::rename(&aside, &database).with_path(&database)?;
        generation::sync_directory(dir)?;
        Self::writer_locked(dir, database, lock)
    }

    /// Opens an index for reading; nothing in it is changed. Nothing large is read: hashes are
    /// mapped, the graph waits until it is asked.
    ///
    /// # Errors
    /// [`IndexError::Missing`], [`IndexError::Older`], [`IndexError::Newer`],
    /// [`IndexError::Foreign`], or what the database or the system refuses. Damaged packed files
    /// are no error: see [`warnings`](Self::warnings).
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_sharing(dir, &PackedFiles::default())
    }

    /// Opens an index for reading, whose packed files are mapped once for all that share them.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_sharing(dir: &Path, packed_files: &PackedFiles) -> Result<Self> {
        let database = premises::database(dir)?;
        let db = open_for_reading(&database)?;
        let found = schema::format(&db, &database)?;
        if found < schema::FORMAT {
            return Err(IndexError::Older {
                path: dir.into(),
                found,
                known: schema::FORMAT,
            });
        }
        Self::assemble(dir, database, db, None, packed_files.clone())
    }

    /// Opens an index for writing, waiting up to `wait` for another writer.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`IndexError::Locked`].
    pub fn writer(dir: &Path, wait: Duration) -> Result<Self> {
        let database = premises::database(dir)?;
        let lock = lock_writer(dir, wait)?;
        Self::writer_locked(dir, database, lock)
    }

    fn writer_locked(dir: &Path, database: PathBuf, lock: File) -> Result<Self> {
        let mut db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .with_path(&database)?;
        // What is no index of ours is not written to.
        let found = schema::format(&db, &database)?;
        configure(&db).with_path(&database)?;
        schema::migrate(&mut db, &database, found)?;
        let packed_files = PackedFiles::default();
        let mut index = Self::assemble(dir, database, db, Some(lock), packed_files)?;
        // What an interrupted compaction had prepared.
        if generation::take_over(dir, &index.epoch)? {
            index.refresh()?;
        }
        Ok(index)
    }

    fn assemble(
        dir: &Path,
        database: PathBuf,
        db: Connection,
        lock: Option<File>,
        packed_files: PackedFiles,
    ) -> Result<Self> {
        db.set_prepared_statement_cache_capacity(64);
        let settings = Settings::load(&db).with_path(&database)?;
        let mut index = Self {
            root: dir.into(),
            settings,
            epoch: String::new(),
            generation: Arc::default(),
            packed_files,
            tail: Vec::new(),
            tail_is_spared: false,
            vector_tail: OnceCell::new(),
            graph: OnceCell::new(),
            model: None,
            in_transaction: false,
            seen: Seen::default(),
            warnings: RefCell::default(),
            database,
            db,
            lock,
        };
        index.refresh()?;
        Ok(index)
    }

    /// Searches the packed files that others in this process share from now on.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn share(&mut self, packed_files: &PackedFiles) -> Result<()> {
        self.packed_files = packed_files.clone();
        self.refresh()
    }

    /// Takes up what another process has written since the index was opened.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn refresh(&mut self) -> Result<()> {
        // What is written from here on is taken up once more.
        self.seen = Seen::now(&self.db, &self.root).with_path(&self.database)?;
        self.epoch = self.read_epoch()?;
        let (generation, warning) = self.packed_files.open(&self.root, &self.epoch);
        self.generation = generation;
        self.warnings.borrow_mut().extend(warning);
        self.graph = OnceCell::new();
        self.vector_tail = OnceCell::new();
        self.tail = self.read_hash_tail()?;
        self.tail_is_spared = false;
        self.model = self.newest_model()?;
        Ok(())
    }

    pub(super) fn read_epoch(&self) -> Result<String> {
        let epoch = "SELECT value FROM meta WHERE key = 'epoch'";
        let epoch = self.db.query_row(epoch, [], |row| row.get(0)).optional();
        Ok(epoch.with_path(&self.database)?.unwrap_or_default())
    }

    /// Hashes that are not packed yet.
    fn read_hash_tail(&self) -> Result<Vec<(PdqHash, u32)>> {
        let manifest = self.generation.manifest.as_ref();
        self.read_hashes_after(manifest.map_or(0, |manifest| manifest.last_hash))
    }

    /// Hashes above a row, by row.
    pub(super) fn read_hashes_after(&self, last: i64) -> Result<Vec<(PdqHash, u32)>> {
        let sql = "SELECT id, hash FROM pdq WHERE id > ?1 ORDER BY id";
        let mut statement = self.db.prepare_cached(sql).with_path(&self.database)?;
        let read = |row: &rusqlite::Row<'_>| Ok((PdqHash::from_bytes(row.get(1)?), row.get(0)?));
        let rows = statement
            .query_map([last], read)
            .with_path(&self.database)?;
        rows.collect::<rusqlite::Result<_>>()
            .with_path(&self.database)
    }

    /// What was found wrong and worked around since the index was opened, for people.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }

    pub(super) fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The choices made when the index was created.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The directory of the index.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn is_writer(&self) -> bool {
        self.lock.is_some()
    }

    pub(super) fn execute(&self, sql: &str, values: impl Params) -> Result<usize> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .with_path(&self.database)
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.is_writer() {
            return Err(IndexError::ReadOnly(self.root.clone()));
        }
        if !self.in_transaction {
            self.db
                .execute_batch("BEGIN IMMEDIATE")
                .with_path(&self.database)?;
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Takes back what was not committed.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        if self.in_transaction {
            self.db
                .execute_batch("ROLLBACK")
                .with_path(&self.database)?;
            self.in_transaction = false;
        }
        self.refresh()
    }

    pub(super) fn finish_transaction(&mut self) -> Result<()> {
        if self.in_transaction {
            self.db.execute_batch("COMMIT").with_path(&self.database)?;
            self.in_transaction = false;
        }
        Ok(())
    }
}

/// A connection that writes nothing. Where SQLite cannot keep its shared memory beside the
/// database (a read-only medium, or somebody else's folder), the file is read as it stands, which
/// is sound while no write-ahead log holds more and no journal holds what is to be taken back.
fn open_for_reading(database: &Path) -> Result<Connection> {
    let db =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(readable);
    let Err(error) = db else {
        return db.with_path(database);
    };
    let refused = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen)
    );
    if !refused {
        return Err(error).with_path(database);
    }
    let is_left = |suffix| {
        let left = fs::metadata(premises::beside(database, suffix));
        left.is_ok_and(|left| left.len() > 0)
    };
    if is_left("-wal") || is_left("-journal") {
        return Err(IndexError::Interrupted(database.into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(immutable(database), flags)
        .and_then(readable)
        .with_path(database)
}

/// Closes a connection and says what went wrong, such as a log that could not be taken in.
fn close(db: Connection) -> rusqlite::Result<()> {
    db.close().map_err(|(_, error)| error)
}

/// The connection, once something could be read through it.
fn readable(db: Connection) -> rusqlite::Result<Connection> {
    db.busy_timeout(PATIENCE)?;
    distrust(&db)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(db)
}

/// The address of a database that nobody changes (<https://sqlite.org/uri.html>).
fn immutable(database: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in database.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

/// What guards against a database that somebody else made
/// (<https://sqlite.org/security.html>): its schema calls no function, and every cell is checked.
fn distrust(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    distrust(db)?;
    // Readers go on while the writer writes; a commit is on the disk when it returns.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)
}
