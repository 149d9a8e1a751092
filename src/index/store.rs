//! The index itself: creating, opening, adding, removing, and packing what was added.

use std::cell::OnceCell;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::error::{AtPath, IndexError, Result};
use super::generation::{self, Contents, Generation};
use super::graph::Graph;
use super::vectors::{PackedVectors, quantise};
use super::{Added, Entry, Settings, mark, schema};
use crate::fingerprint::{LANDMARKS_ID, PDQ_ID, PdqHash};

const DATABASE: &str = "faunalens.sqlite";
const LOCK: &str = "writer.lock";
/// Unpacked hashes above which a commit packs, if they are also a quarter of the packed ones.
const PACK_FROM: usize = 50_000;
/// How long a reader waits for the database.
const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%SZ','now')";

/// An index, open for reading by any number of processes or for writing by one.
#[derive(Debug)]
pub struct Index {
    pub(super) root: PathBuf,
    pub(super) database: PathBuf,
    pub(super) db: Connection,
    /// Held by the writer.
    lock: Option<File>,
    settings: Settings,
    epoch: String,
    pub(super) generation: Generation,
    /// Hashes that are not packed yet.
    pub(super) tail: Vec<(PdqHash, u32)>,
    /// Descriptors of the current model that are not packed yet, read when first needed.
    pub(super) vector_tail: OnceCell<VectorTail>,
    pub(super) graph: OnceCell<Option<Graph>>,
    /// Row and dimension of the model whose descriptors are searched: the last one added.
    pub(super) model: Option<(i64, usize)>,
    in_transaction: bool,
    warnings: std::cell::RefCell<Vec<String>>,
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
        let database = dir.join(DATABASE);
        if database.exists() {
            return Err(IndexError::Exists(dir.into()));
        }
        fs::create_dir_all(dir).at(dir)?;
        let lock = lock_writer(dir, Duration::ZERO)?;
        let mut db = Connection::open(&database).at(&database)?;
        configure(&db).at(&database)?;
        schema::migrate(&mut db, &database)?;
        let set = "INSERT OR IGNORE INTO meta(key, value) VALUES (?1, ?2)";
        db.execute(set, params!["hash_only", settings.hash_only.to_string()])
            .at(&database)?;
        db.execute(set, params!["graph_from", settings.graph_from.to_string()])
            .at(&database)?;
        db.execute(
            "INSERT OR IGNORE INTO meta(key, value) VALUES ('epoch', lower(hex(randomblob(16))))",
            [],
        )
        .at(&database)?;
        Self::assemble(dir, database, db, Some(lock))
    }

    /// Opens an index for reading. Nothing large is read: hashes are mapped, the graph waits until it is asked.
    ///
    /// # Errors
    /// [`IndexError::Missing`], [`IndexError::Newer`], or what the database or the system refuses. Damaged packed
    /// files are no error: see [`warnings`](Self::warnings).
    pub fn open(dir: &Path) -> Result<Self> {
        let database = existing(dir)?;
        let open = || {
            let db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .at(&database)?;
            db.busy_timeout(PATIENCE).at(&database)?;
            Ok(db)
        };
        let db = open()?;
        if schema::format(&db, &database)? < schema::FORMAT {
            // An older format is brought up to date once, by whoever opens it first.
            drop(Self::writer(dir, PATIENCE)?);
            return Self::assemble(dir, database.clone(), open()?, None);
        }
        Self::assemble(dir, database, db, None)
    }

    /// Opens an index for writing, waiting up to `wait` for another writer.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`IndexError::Locked`].
    pub fn writer(dir: &Path, wait: Duration) -> Result<Self> {
        let database = existing(dir)?;
        let lock = lock_writer(dir, wait)?;
        let mut db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .at(&database)?;
        configure(&db).at(&database)?;
        schema::migrate(&mut db, &database)?;
        Self::assemble(dir, database, db, Some(lock))
    }

    fn assemble(dir: &Path, database: PathBuf, db: Connection, lock: Option<File>) -> Result<Self> {
        db.set_prepared_statement_cache_capacity(64);
        let meta = |key: &str| -> Result<Option<String>> {
            db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()
            .at(&database)
        };
        let hash_only = meta("hash_only")?.as_deref() == Some("true");
        let graph_from = meta("graph_from")?.and_then(|text| text.parse().ok());
        let graph_from = graph_from.unwrap_or(Settings::default().graph_from);
        let epoch = meta("epoch")?.unwrap_or_default();
        let mut index = Self {
            root: dir.into(),
            settings: Settings {
                hash_only,
                graph_from,
            },
            epoch,
            generation: Generation::default(),
            tail: Vec::new(),
            vector_tail: OnceCell::new(),
            graph: OnceCell::new(),
            model: None,
            in_transaction: false,
            warnings: std::cell::RefCell::default(),
            database,
            db,
            lock,
        };
        index.refresh()?;
        Ok(index)
    }

    /// Takes up what another process has written since the index was opened.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn refresh(&mut self) -> Result<()> {
        let (generation, warning) = Generation::open(&self.root, &self.epoch);
        self.generation = generation;
        self.warnings.borrow_mut().extend(warning);
        self.graph = OnceCell::new();
        self.vector_tail = OnceCell::new();
        let last = self
            .generation
            .manifest
            .as_ref()
            .map_or(0, |manifest| manifest.last_hash);
        let mut statement = self
            .db
            .prepare_cached("SELECT id, hash FROM pdq WHERE id > ?1 ORDER BY id")
            .at(&self.database)?;
        let rows = statement
            .query_map([last], |row| {
                Ok((PdqHash::from_bytes(row.get(1)?), row.get(0)?))
            })
            .at(&self.database)?;
        self.tail = rows.collect::<rusqlite::Result<_>>().at(&self.database)?;
        drop(statement);
        let newest = "SELECT id, dimension FROM model ORDER BY id DESC LIMIT 1";
        let model = self.db.query_row(newest, [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))
        });
        self.model = model.optional().at(&self.database)?;
        Ok(())
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
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// The directory of the index.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Remembers one photograph. It is durable after [`commit`](Self::commit); adding it again changes nothing.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], [`IndexError::Input`] for an impossible descriptor, or what the database refuses.
    pub fn add(&mut self, entry: &Entry) -> Result<Added> {
        self.begin()?;
        let known: Option<(i64, Option<String>, bool)> = self
            .db
            .prepare_cached(
                "SELECT id, removed_at, EXISTS(SELECT 1 FROM landmarks WHERE image = image.id)
                 FROM image WHERE sha256 = ?1",
            )
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
                statement.query_row([entry.sha256], read).optional()
            })
            .at(&self.database)?;
        if let Some((image_id, Some(_), ..)) = known {
            return Ok(Added {
                image_id,
                new_image: false,
                new_sighting: false,
                removed: true,
            });
        }
        let keep = !self.settings.hash_only;
        let descriptor = match &entry.descriptor {
            Some(descriptor) if keep => Some(self.store_descriptor(descriptor)?),
            _ => None,
        };
        let (image_id, has_landmarks) = match known {
            Some((id, _, has_landmarks)) => {
                if let Some(row) = descriptor {
                    let sql = format!(
                        "UPDATE image SET descriptor = ?2, updated_at = {NOW} WHERE id = ?1 AND descriptor IS NOT ?2"
                    );
                    self.execute(&sql, params![id, row])?;
                }
                (id, has_landmarks)
            }
            None => {
                let pdq = self.store_hash(entry.pdq.hash)?;
                let why = mark(
                    entry.pdq.quality,
                    entry.flatness,
                    entry.landmarks.as_ref().map(|set| set.len()),
                );
                let sql = format!(
                    "INSERT INTO image(sha256, width, height, pdq, pdq_definition, quality, descriptor, mark, added_at, updated_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, {NOW}, {NOW})"
                );
                let (hash, quality) = (i64::from(pdq), entry.pdq.quality);
                self.execute(
                    &sql,
                    params![
                        entry.sha256,
                        entry.width,
                        entry.height,
                        hash,
                        PDQ_ID,
                        quality,
                        descriptor,
                        why
                    ],
                )?;
                (self.db.last_insert_rowid(), false)
            }
        };
        if let Some(landmarks) = entry.landmarks.as_ref().filter(|_| keep && !has_landmarks) {
            let sql = "INSERT INTO landmarks(image, definition, points) VALUES (?1, ?2, ?3)";
            self.execute(sql, params![image_id, LANDMARKS_ID, landmarks.to_bytes()])?;
        }
        for hash in &entry.perceptual {
            let sql =
                "INSERT OR IGNORE INTO perceptual(image, definition, bits) VALUES (?1, ?2, ?3)";
            self.execute(sql, params![image_id, hash.id, &hash.bits[..]])?;
        }
        let at = &entry.sighting;
        let file = if keep { at.file.as_str() } else { "" };
        let sql = format!(
            "INSERT OR IGNORE INTO sighting(image, file, seller, listing, platform, captured_at, added_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, {NOW})"
        );
        let new = self.execute(
            &sql,
            params![
                image_id,
                file,
                at.seller,
                at.listing,
                at.platform,
                at.captured_at
            ],
        )?;
        Ok(Added {
            image_id,
            new_image: known.is_none(),
            new_sighting: new == 1,
            removed: false,
        })
    }

    /// Removes the picture of `sha256` from every answer; its tombstone stays, so that adding it again does not bring
    /// it back. Its sightings, hashes and landmarks go at once; a hash or descriptor that no other picture shares goes
    /// from the database with the next [`compact`](Self::compact). Returns whether there was one.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], or what the database refuses.
    pub fn remove(&mut self, sha256: &[u8; 32]) -> Result<bool> {
        self.begin()?;
        let find = "SELECT id FROM image WHERE sha256 = ?1 AND removed_at IS NULL";
        let found = self
            .db
            .query_row(find, [sha256], |row| row.get(0))
            .optional()
            .at(&self.database)?;
        found.map_or(Ok(false), |id| self.bury(id).map(|()| true))
    }

    /// Removes every picture that only `seller` showed, and the seller's sightings of the others. Returns how many
    /// pictures went.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], or what the database refuses.
    pub fn remove_seller(&mut self, seller: &str) -> Result<usize> {
        self.begin()?;
        let sql = "SELECT DISTINCT image FROM sighting WHERE seller = ?1
                   AND image NOT IN (SELECT image FROM sighting WHERE seller <> ?1)";
        let mut statement = self.db.prepare(sql).at(&self.database)?;
        let images = statement
            .query_map([seller], |row| row.get(0))
            .at(&self.database)?;
        let images: Vec<i64> = images.collect::<rusqlite::Result<_>>().at(&self.database)?;
        drop(statement);
        for &image in &images {
            self.bury(image)?;
        }
        self.execute("DELETE FROM sighting WHERE seller = ?1", [seller])?;
        Ok(images.len())
    }

    pub(super) fn bury(&self, image: i64) -> Result<()> {
        let sql = format!(
            "UPDATE image SET removed_at = {NOW}, updated_at = {NOW}, pdq = NULL, quality = NULL, descriptor = NULL
             WHERE id = ?1 AND removed_at IS NULL"
        );
        self.execute(&sql, [image])?;
        self.execute("DELETE FROM sighting WHERE image = ?1", [image])?;
        self.execute("DELETE FROM perceptual WHERE image = ?1", [image])?;
        self.execute("DELETE FROM landmarks WHERE image = ?1", [image])
            .map(|_| ())
    }

    /// Makes everything added or removed so far durable. Packs the hashes when many have gathered.
    ///
    /// # Errors
    /// What the database or the system refuses.
    pub fn commit(&mut self) -> Result<()> {
        self.finish_transaction()?;
        let packed = self
            .generation
            .hashes
            .as_ref()
            .map_or(0, |hashes| hashes.len());
        if self.lock.is_some() && self.tail.len() >= PACK_FROM.max(packed / 4) {
            self.pack(false, &mut |_| ())?;
        }
        Ok(())
    }

    /// Commits, packs everything for searching and builds the graph when there are enough descriptors. `progress` is
    /// called with the number of descriptors in the graph.
    ///
    /// # Errors
    /// What the database or the system refuses.
    pub fn seal(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.finish_transaction()?;
        self.mark_repeated()?;
        let manifest = self.generation.manifest.as_ref();
        let unpacked = self.vector_tail()?.rows.len();
        let wants_graph = |points: usize| points < unpacked + manifest.map_or(0, |m| m.vectors);
        let total = unpacked + manifest.map_or(0, |m| m.vectors);
        let stale_graph = total >= self.settings.graph_from
            && manifest.is_none_or(|m| wants_graph(m.graph_points));
        let other_model = manifest.is_some_and(|m| m.model != self.model.map(|(row, _)| row));
        let damaged = self.generation.sound_graph().err();
        if manifest.is_some()
            && self.tail.is_empty()
            && unpacked == 0
            && !stale_graph
            && !other_model
            && damaged.is_none()
        {
            return Ok(());
        }
        self.pack(true, progress)?;
        if let Some(IndexError::Damaged { path, what }) = damaged {
            let path = path.display();
            self.warn(format!(
                "{path}: was damaged ({what}); rebuilt from the database"
            ));
        }
        if let Some(warning) = self
            .generation
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.recall)
            .and_then(|recall| recall.warning())
        {
            self.warn(warning);
        }
        Ok(())
    }

    /// Rebuilds everything from the rows that are still in use: hashes and descriptors that no picture holds go, the
    /// database shrinks, the packed files and the graph are made anew. Tombstones stay.
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], or what the database or the system refuses.
    pub fn compact(&mut self, progress: &mut dyn FnMut(usize)) -> Result<()> {
        self.begin()?;
        self.execute(
            "DELETE FROM pdq WHERE NOT EXISTS (SELECT 1 FROM image WHERE image.pdq = pdq.id)",
            [],
        )?;
        self.execute("DELETE FROM descriptor WHERE id NOT IN (SELECT descriptor FROM image WHERE descriptor IS NOT NULL)", [])?;
        self.execute(
            "UPDATE meta SET value = lower(hex(randomblob(16))) WHERE key = 'epoch'",
            [],
        )?;
        self.finish_transaction()?;
        self.db
            .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
            .at(&self.database)?;
        self.epoch = self
            .db
            .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
                row.get(0)
            })
            .at(&self.database)?;
        // The packed files of the old epoch are expected to be refused: no warning.
        let kept = self.warnings();
        self.refresh()?;
        self.warnings.replace(kept);
        self.mark_repeated()?;
        self.pack(true, progress)
    }

    /// Marks pictures that one seller shows in five listings or more: logos, banners, delivery notices.
    fn mark_repeated(&mut self) -> Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        self.begin()?;
        self.execute(
            "UPDATE image SET mark = 'repeated' WHERE mark IS NULL AND id IN (
               SELECT image FROM sighting WHERE listing <> '' GROUP BY image, platform, seller
               HAVING count(DISTINCT listing) >= 5)",
            [],
        )?;
        self.finish_transaction()
    }

    fn pack(&mut self, with_graph: bool, progress: &mut dyn FnMut(usize)) -> Result<()> {
        if self.lock.is_none() {
            return Err(IndexError::ReadOnly(self.root.clone()));
        }
        let mut hashes: Vec<(PdqHash, u32)> = self
            .generation
            .hashes
            .iter()
            .flat_map(|packed| packed.iter())
            .collect();
        hashes.extend(&self.tail);
        let mut vectors = Vec::new();
        let mut vector_rows = Vec::new();
        let tail = self.vector_tail()?;
        if let Some(packed) = self.packed_vectors() {
            (0..packed.len())
                .for_each(|position| vectors.extend_from_slice(packed.vector(position)));
            vector_rows.extend_from_slice(packed.rows());
        }
        vectors.extend_from_slice(&tail.bytes);
        vector_rows.extend_from_slice(&tail.rows);
        let built_at = self
            .db
            .query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))
            .at(&self.database)?;
        let contents = Contents {
            epoch: self.epoch.clone(),
            built_at,
            hashes: &hashes,
            model: self.model.map(|(row, _)| row),
            dimension: self.model.map_or(0, |(_, dimension)| dimension),
            vectors: &vectors,
            vector_rows: &vector_rows,
            graph_from: self.settings.graph_from,
        };
        generation::publish(
            &self.root,
            &self.generation,
            &contents,
            with_graph,
            progress,
        )?;
        self.refresh()
    }

    /// The packed vectors, if they are of the current model.
    pub(super) fn packed_vectors(&self) -> Option<&PackedVectors> {
        let manifest = self.generation.manifest.as_ref()?;
        (manifest.model == self.model.map(|(row, _)| row))
            .then_some(self.generation.vectors.as_ref())
            .flatten()
    }

    pub(super) fn vector_tail(&self) -> Result<&VectorTail> {
        if let Some(tail) = self.vector_tail.get() {
            return Ok(tail);
        }
        let mut tail = VectorTail::default();
        if let Some((model, _)) = self.model {
            let packed = self.packed_vectors().is_some();
            let last = self
                .generation
                .manifest
                .as_ref()
                .filter(|_| packed)
                .map_or(0, |m| m.last_descriptor);
            let sql = "SELECT id, vector FROM descriptor WHERE model = ?1 AND id > ?2 ORDER BY id";
            let mut statement = self.db.prepare_cached(sql).at(&self.database)?;
            let mut rows = statement.query([model, last]).at(&self.database)?;
            while let Some(row) = rows.next().at(&self.database)? {
                tail.rows.push(row.get(0).at(&self.database)?);
                tail.bytes.extend(quantise(&floats(
                    row.get_ref(1)
                        .at(&self.database)?
                        .as_blob()
                        .unwrap_or_default(),
                )));
            }
        }
        Ok(self.vector_tail.get_or_init(|| tail))
    }

    pub(super) fn store_hash(&mut self, hash: PdqHash) -> Result<u32> {
        let bytes = hash.to_bytes();
        let known = self
            .db
            .prepare_cached("SELECT id FROM pdq WHERE hash = ?1")
            .and_then(|mut statement| statement.query_row([bytes], |row| row.get(0)).optional())
            .at(&self.database)?;
        if let Some(row) = known {
            return Ok(row);
        }
        self.execute("INSERT INTO pdq(hash) VALUES (?1)", [bytes])?;
        let row = row_number(self.db.last_insert_rowid())?;
        self.tail.push((hash, row));
        Ok(row)
    }

    fn store_descriptor(&mut self, descriptor: &super::Descriptor) -> Result<i64> {
        let vector = normalised(&descriptor.vector)?;
        let dimension = vector.len() as i64;
        let find =
            "SELECT id FROM model WHERE model = ?1 AND preprocessing = ?2 AND dimension = ?3";
        let key = params![descriptor.model, descriptor.preprocessing, dimension];
        let known: Option<i64> = self
            .db
            .prepare_cached(find)
            .and_then(|mut statement| statement.query_row(key, |row| row.get(0)).optional())
            .at(&self.database)?;
        let model = match known {
            Some(model) => model,
            None => {
                self.execute(
                    "INSERT INTO model(model, preprocessing, dimension) VALUES (?1, ?2, ?3)",
                    key,
                )?;
                let model = self.db.last_insert_rowid();
                self.model = Some((model, vector.len()));
                self.vector_tail = OnceCell::from(VectorTail::default());
                model
            }
        };
        let bytes: Vec<u8> = vector
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let digest = Sha256::digest(&bytes);
        let known = self
            .db
            .prepare_cached("SELECT id FROM descriptor WHERE model = ?1 AND digest = ?2")
            .and_then(|mut s| {
                s.query_row(params![model, &digest[..16]], |row| row.get(0))
                    .optional()
            })
            .at(&self.database)?;
        if let Some(row) = known {
            return Ok(row);
        }
        // Read the tail before the row is there, so that it is not counted twice.
        let current = self.model.is_some_and(|(row, _)| row == model);
        if current {
            self.vector_tail()?;
        }
        self.execute(
            "INSERT INTO descriptor(model, digest, vector) VALUES (?1, ?2, ?3)",
            params![model, &digest[..16], bytes],
        )?;
        let row = self.db.last_insert_rowid();
        if let Some(tail) = self.vector_tail.get_mut().filter(|_| current) {
            tail.rows.push(row_number(row)?);
            tail.bytes.extend(quantise(&vector));
        }
        Ok(row)
    }

    pub(super) fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .at(&self.database)
    }

    pub(super) fn begin(&mut self) -> Result<()> {
        if self.lock.is_none() {
            return Err(IndexError::ReadOnly(self.root.clone()));
        }
        if !self.in_transaction {
            self.db
                .execute_batch("BEGIN IMMEDIATE")
                .at(&self.database)?;
            self.in_transaction = true;
        }
        Ok(())
    }

    pub(super) fn finish_transaction(&mut self) -> Result<()> {
        if self.in_transaction {
            self.db.execute_batch("COMMIT").at(&self.database)?;
            self.in_transaction = false;
        }
        Ok(())
    }
}

/// The floats of a stored vector.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| f32::from_le_bytes(*chunk))
        .collect()
}

/// The vector at unit length.
pub(super) fn normalised(vector: &[f32]) -> Result<Vec<f32>> {
    let norm = vector
        .iter()
        .map(|value| f64::from(*value).powi(2))
        .sum::<f64>()
        .sqrt();
    if vector.is_empty() || vector.len() > 4096 || !norm.is_finite() || norm <= 0.0 {
        return Err(IndexError::Input(
            "a descriptor needs 1 to 4096 finite components that are not all zero".into(),
        ));
    }
    Ok(vector
        .iter()
        .map(|value| (f64::from(*value) / norm) as f32)
        .collect())
}

fn row_number(row: i64) -> Result<u32> {
    u32::try_from(row).map_err(|_| {
        IndexError::Input("the index is full: it holds four thousand million hashes".into())
    })
}

fn existing(dir: &Path) -> Result<PathBuf> {
    let database = dir.join(DATABASE);
    if database.exists() {
        Ok(database)
    } else {
        Err(IndexError::Missing(dir.into()))
    }
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(PATIENCE)?;
    // Readers go on while the writer writes; a commit is on the disk when it returns.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)
}

fn lock_writer(dir: &Path, wait: Duration) -> Result<File> {
    let path = dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .at(&path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() >= wait => {
                return Err(IndexError::Locked(dir.into()));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(source)) => return Err(IndexError::Io { path, source }),
        }
    }
}
