//! Packed files on disk: written aside, synced, renamed, and only then named by the manifest.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::{IndexError, Result, WithPath};
use super::graph::{self, Graph, Recall};
use super::hashes::{AllHashes, PackedHashes};
use super::premises::{self, GENERATIONS, MANIFEST, NEXT_MANIFEST};
use super::vectors::PackedVectors;

/// Version of the packed files. 2: the graph is searched in a file of its own.
const FORMAT: u32 = 2;
const HASHES: &str = "hashes.bin";
const VECTORS: &str = "vectors.bin";
/// Folder of a generation that is made while others write.
const ASIDE: &str = "aside";
/// Bytes of a manifest that are read; it holds five files.
const MANIFEST_AT_MOST: u64 = 1 << 16;
/// Checksums are read at every opening up to this many bytes; above it, by `verify` (the graph's
/// always).
const CHECK_UP_TO: u64 = 1 << 29;

/// One file of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FileEntry {
    name: String,
    bytes: u64,
    crc32: u32,
}

/// What the packed files hold; the only commit point of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// Directory of the files.
    pub(super) generation: String,
    /// Identity of the row numbers in the database; changes when they do.
    pub(super) epoch: String,
    /// When the files were made, UTC.
    pub(super) built_at: String,
    /// Last row of `pdq` in the packed hashes.
    pub(super) last_hash: i64,
    /// Number of packed hashes.
    pub(super) hashes: usize,
    /// Last row of `descriptor` in the packed vectors.
    pub(super) last_descriptor: i64,
    /// Number of packed vectors.
    pub(super) vectors: usize,
    /// Row in `model` of the packed vectors.
    pub(super) model: Option<i64>,
    /// Vectors in the graph, the first of the file; 0 without a graph.
    pub(super) graph_points: usize,
    /// The graph's recall, when there is a graph.
    pub(super) recall: Option<Recall>,
    files: Vec<FileEntry>,
}

/// What is to be packed.
pub(super) struct Contents<'a> {
    pub(super) epoch: String,
    pub(super) built_at: String,
    pub(super) hashes: AllHashes<'a>,
    pub(super) model: Option<i64>,
    pub(super) dimension: usize,
    /// Bytes of all vectors, one after another.
    pub(super) vectors: &'a [i8],
    pub(super) vector_rows: &'a [u32],
    /// Number of vectors from which a graph is built.
    pub(super) graph_from: usize,
}

/// The packed files of the current generation.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) manifest: Option<Manifest>,
    pub(super) hashes: Option<PackedHashes>,
    pub(super) vectors: Option<PackedVectors>,
    /// Once it was asked for: all readers of the generation map it once.
    graph: Mutex<Option<Arc<Graph>>>,
    dir: PathBuf,
}

impl Generation {
    /// Opens the generation that the manifest names. Packed files that are missing, damaged or of
    /// another epoch are left out and reported as a warning: the database answers in their place
    /// until they are built again.
    pub(super) fn open(root: &Path, epoch: &str) -> (Self, Option<String>) {
        match Self::try_open(root, epoch) {
            Ok(generation) => (generation, None),
            Err(error) => (
                Self::default(),
                Some(format!("{error}; searching the database itself until then")),
            ),
        }
    }

    fn try_open(root: &Path, epoch: &str) -> Result<Self> {
        let path = root.join(MANIFEST);
        let Some(manifest) = Manifest::current(root, epoch)? else {
            return Ok(Self::default());
        };
        premises::is_folder(&root.join(GENERATIONS))?;
        let dir = root.join(GENERATIONS).join(&manifest.generation);
        premises::is_folder(&dir)?;
        let total: u64 = manifest.files.iter().map(|file| file.bytes).sum();
        for file in manifest
            .files
            .iter()
            .filter(|file| !graph::FILES.contains(&file.name.as_str()))
        {
            check(&dir, file, total <= CHECK_UP_TO)?;
        }
        let holds = |name: &str| manifest.files.iter().any(|file| file.name == name);
        let hashes = holds(HASHES)
            .then(|| PackedHashes::open(&dir.join(HASHES)))
            .transpose()?;
        let vectors = holds(VECTORS)
            .then(|| PackedVectors::open(&dir.join(VECTORS)))
            .transpose()?;
        let counted = hashes.as_ref().map_or(0, PackedHashes::len) == manifest.hashes
            && vectors.as_ref().map_or(0, PackedVectors::len) == manifest.vectors;
        if !counted {
            let what = "the packed files do not hold what the manifest says".into();
            return Err(IndexError::Damaged { path, what });
        }
        Ok(Self {
            manifest: Some(manifest),
            hashes,
            vectors,
            graph: Mutex::default(),
            dir,
        })
    }

    /// Whether these are still the packed files that the manifest names.
    pub(super) fn is_current(&self, root: &Path, epoch: &str) -> bool {
        let current = Manifest::current(root, epoch);
        self.manifest.is_some() && matches!(current, Ok(current) if current == self.manifest)
    }

    /// The graph, once its checksums hold; `None` when the generation has none.
    pub(super) fn graph(&self) -> Result<Option<Arc<Graph>>> {
        let Some(recall) = self.manifest.as_ref().and_then(|manifest| manifest.recall) else {
            return Ok(None);
        };
        let mut graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        if graph.is_none() {
            self.check_files(&[graph::LINKED])?;
            *graph = Some(Arc::new(Graph::open(&self.dir, recall.width)?));
        }
        Ok(graph.clone())
    }

    /// Whether the graph, if there is one, can be searched and built on.
    pub(super) fn sound_graph(&self) -> Result<()> {
        match &self.manifest {
            Some(manifest) if manifest.graph_points > 0 => self.check_files(&graph::FILES),
            _ => Ok(()),
        }
    }

    fn check_files(&self, names: &[&str]) -> Result<()> {
        for &name in names {
            let entries = self.manifest.iter().flat_map(|manifest| &manifest.files);
            let entry = entries
                .into_iter()
                .find(|file| file.name == name)
                .ok_or_else(|| IndexError::Damaged {
                    path: self.dir.join(name),
                    what: "not named by the manifest".into(),
                })?;
            check(&self.dir, entry, true)?;
        }
        Ok(())
    }

    /// Every problem of the packed files, all checksums read.
    pub(super) fn problems(root: &Path, epoch: &str) -> Vec<String> {
        let manifest = match Manifest::current(root, epoch) {
            Ok(Some(manifest)) => manifest,
            Ok(None) => return Vec::new(),
            Err(error) => return vec![error.to_string()],
        };
        let dir = root.join(GENERATIONS).join(&manifest.generation);
        manifest
            .files
            .iter()
            .filter_map(|file| check(&dir, file, true).err())
            .map(|error| error.to_string())
            .collect()
    }
}

/// Writes a new generation, which takes over when the database is of its epoch; `with_graph` builds
/// the graph too when there are enough vectors.
pub(super) fn prepare(
    root: &Path,
    previous: &Generation,
    contents: &Contents<'_>,
    with_graph: bool,
    progress: &mut dyn FnMut(usize),
) -> Result<()> {
    let parent = generations(root)?;
    remove_unnamed(root)?;
    let name = next_name(root)?;
    let partial = parent.join(format!("{name}.partial"));
    fs::create_dir(&partial).with_path(&partial)?;
    write_file(&partial.join(HASHES), |out| {
        PackedHashes::write(out, contents.hashes, false)
    })?;
    let manifest = write_beside_hashes(&partial, previous, contents, with_graph, progress)?;
    put_in_place(root, &partial, name, manifest)
}

/// Writes the vectors of a generation, and its graph, into the folder where its hashes are; gives
/// the manifest, which has no generation's name yet.
fn write_beside_hashes(
    dir: &Path,
    previous: &Generation,
    contents: &Contents<'_>,
    with_graph: bool,
    progress: &mut dyn FnMut(usize),
) -> Result<Manifest> {
    let mut names = vec![HASHES];
    let mut graph = PackedGraph::default();
    if !contents.vector_rows.is_empty() {
        write_vectors(dir, contents)?;
        names.push(VECTORS);
        graph = write_graph(dir, previous, contents, with_graph, progress)?;
    }
    if graph.points > 0 {
        names.extend(graph::FILES);
    }
    let files = synced(dir, &names)?;
    Ok(Manifest::of(contents, graph, files))
}

/// The folder of all generations, made where there is none.
fn generations(root: &Path) -> Result<PathBuf> {
    let parent = root.join(GENERATIONS);
    if !premises::is_folder(&parent)? {
        fs::create_dir(&parent).with_path(&parent)?;
    }
    Ok(parent)
}

/// Gives the files of `dir` their place as the generation of this name.
fn put_in_place(root: &Path, dir: &Path, name: String, mut manifest: Manifest) -> Result<()> {
    let parent = root.join(GENERATIONS);
    manifest.generation = name;
    let published = parent.join(&manifest.generation);
    fs::rename(dir, &published).with_path(&published)?;
    sync_directory(&parent)?;
    write_manifest(root, &manifest)
}

/// A generation that was made while others wrote.
#[derive(Debug)]
pub(super) struct Aside {
    dir: PathBuf,
    manifest: Manifest,
    /// The generation that it follows.
    previous: Option<String>,
}

/// Writes a generation aside, with its graph where there are enough vectors: nobody else removes
/// it, and one that an earlier packer left is replaced. Hashes that are all packed already are
/// taken over as they are.
pub(super) fn prepare_aside(
    root: &Path,
    previous: &Generation,
    contents: &Contents<'_>,
    progress: &mut dyn FnMut(usize),
) -> Result<Aside> {
    let parent = generations(root)?;
    let dir = parent.join(ASIDE);
    if premises::is_folder(&dir)? {
        fs::remove_dir_all(&dir).with_path(&dir)?;
    }
    fs::create_dir(&dir).with_path(&dir)?;
    let path = dir.join(HASHES);
    let packed = previous.hashes.as_ref().map(PackedHashes::len);
    if packed == Some(contents.hashes.len()) {
        previous.check_files(&[HASHES])?;
        fs::hard_link(previous.dir.join(HASHES), &path).with_path(&path)?;
    } else {
        write_file(&path, |out| {
            PackedHashes::write(out, contents.hashes, false)
        })?;
    }
    let manifest = write_beside_hashes(&dir, previous, contents, true, progress)?;
    let previous = previous.manifest.as_ref();
    let previous = previous.map(|manifest| manifest.generation.clone());
    Ok(Aside {
        dir,
        manifest,
        previous,
    })
}

impl Aside {
    /// Makes it the current generation, where the database is still of its epoch and nobody packed
    /// meanwhile; tells whether. The caller holds the writer's lock.
    pub(super) fn publish(self, root: &Path, epoch: &str) -> Result<bool> {
        // What an interrupted compaction had prepared comes first.
        take_over(root, epoch)?;
        let current = read_manifest(&root.join(MANIFEST)).ok().flatten();
        let current = current.filter(|current| current.epoch == epoch);
        let follows = current.map(|current| current.generation) == self.previous;
        if self.manifest.epoch != epoch || !follows {
            fs::remove_dir_all(&self.dir).with_path(&self.dir)?;
            return Ok(false);
        }
        put_in_place(root, &self.dir, next_name(root)?, self.manifest)?;
        take_over(root, epoch)
    }
}

/// Makes the generation that was prepared the current one, where the database is of its epoch.
/// Older generations are removed: readers that have them open keep their pages. Tells whether
/// there was one.
pub(super) fn take_over(root: &Path, epoch: &str) -> Result<bool> {
    let next = root.join(NEXT_MANIFEST);
    // A next manifest that cannot be read is overwritten by the one after it.
    let manifest = read_manifest(&next).ok().flatten();
    if manifest.is_none_or(|manifest| manifest.epoch != epoch) {
        return Ok(false);
    }
    let path = root.join(MANIFEST);
    fs::rename(&next, &path).with_path(&path)?;
    sync_directory(root)?;
    remove_unnamed(root)?;
    Ok(true)
}

/// A name that no folder has yet.
fn next_name(root: &Path) -> Result<String> {
    let parent = root.join(GENERATIONS);
    let mut last = 0;
    for entry in fs::read_dir(&parent).with_path(&parent)? {
        let name = entry.with_path(&parent)?.file_name();
        let name = name
            .to_str()
            .filter(|name| premises::names_generation(name));
        let digits = name.map(|name| name[1..].trim_end_matches(".partial"));
        last = last.max(
            digits
                .and_then(|digits| digits.parse::<u64>().ok())
                .unwrap_or(0),
        );
    }
    Ok(format!("g{:08}", last.saturating_add(1)))
}

/// Removes the generations that no manifest names.
fn remove_unnamed(root: &Path) -> Result<()> {
    let named = [MANIFEST, NEXT_MANIFEST].map(|name| read_manifest(&root.join(name)));
    let named = named
        .into_iter()
        .filter_map(|manifest| manifest.ok().flatten());
    let named: Vec<String> = named.map(|manifest| manifest.generation).collect();
    premises::remove_generations(&root.join(GENERATIONS), &named)
}

fn write_vectors(dir: &Path, contents: &Contents<'_>) -> Result<()> {
    write_file(&dir.join(VECTORS), |out| {
        PackedVectors::write(
            out,
            contents.dimension,
            contents.vectors,
            contents.vector_rows,
        )
    })
}

/// The graph of a generation: how many vectors it holds, and its recall.
#[derive(Debug, Clone, Copy, Default)]
struct PackedGraph {
    points: usize,
    recall: Option<Recall>,
}

/// Builds the graph of the vectors in `dir` where it is due, or takes over the previous one: that
/// stays right for the vectors it holds, as rows are only ever appended within an epoch.
fn write_graph(
    dir: &Path,
    previous: &Generation,
    contents: &Contents<'_>,
    with_graph: bool,
    progress: &mut dyn FnMut(usize),
) -> Result<PackedGraph> {
    let is_same = |old: &&Manifest| old.epoch == contents.epoch && old.model == contents.model;
    let old = previous.manifest.as_ref().filter(is_same);
    let old = old.filter(|old| old.graph_points > 0 && previous.sound_graph().is_ok());
    let points = contents.vector_rows.len();
    let is_due = with_graph
        && points >= contents.graph_from
        && old.is_none_or(|old| old.graph_points < points);
    if is_due {
        let base = old.map(|old| (previous.dir.as_path(), old.graph_points));
        if let Some(recall) = build_graph(dir, &dir.join(VECTORS), base, progress)? {
            let recall = Some(recall);
            return Ok(PackedGraph { points, recall });
        }
    }
    let Some(old) = old else {
        return Ok(PackedGraph::default());
    };
    for name in graph::FILES {
        let path = dir.join(name);
        fs::hard_link(previous.dir.join(name), &path).with_path(&path)?;
    }
    Ok(PackedGraph {
        points: old.graph_points,
        recall: old.recall,
    })
}

/// Length and checksum of the files of `dir`, which are on the disk afterwards.
fn synced(dir: &Path, names: &[&str]) -> Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    for &name in names {
        let path = dir.join(name);
        let (bytes, crc32) = checksum(&path)?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .with_path(&path)?;
        files.push(FileEntry {
            name: name.into(),
            bytes,
            crc32,
        });
    }
    sync_directory(dir)?;
    Ok(files)
}

impl Manifest {
    /// The manifest of the packed files for a database of this epoch; `None` where nothing was
    /// packed yet. A compaction that was interrupted after the database had changed is in the next
    /// manifest.
    fn current(root: &Path, epoch: &str) -> Result<Option<Self>> {
        let path = root.join(MANIFEST);
        let current = read_manifest(&path);
        if matches!(&current, Ok(Some(current)) if current.epoch == epoch) {
            return current;
        }
        let next = read_manifest(&root.join(NEXT_MANIFEST)).ok().flatten();
        if let Some(next) = next.filter(|next| next.epoch == epoch) {
            return Ok(Some(next));
        }
        match current? {
            Some(_) => Err(IndexError::Stale(path)),
            None => Ok(None),
        }
    }

    fn of(contents: &Contents<'_>, graph: PackedGraph, files: Vec<FileEntry>) -> Self {
        let hash_rows = contents.hashes.iter().map(|(_, row)| i64::from(row));
        let vector_rows = contents.vector_rows.iter().map(|&row| i64::from(row));
        Self {
            format: FORMAT,
            generation: String::new(),
            epoch: contents.epoch.clone(),
            built_at: contents.built_at.clone(),
            last_hash: hash_rows.max().unwrap_or(0),
            hashes: contents.hashes.len(),
            last_descriptor: vector_rows.max().unwrap_or(0),
            vectors: contents.vector_rows.len(),
            model: contents.model,
            graph_points: graph.points,
            recall: graph.recall,
            files,
        }
    }
}

/// Writes the next manifest at once.
fn write_manifest(root: &Path, manifest: &Manifest) -> Result<()> {
    let path = root.join(NEXT_MANIFEST);
    let aside = root.join(format!("{MANIFEST}.partial"));
    write_file(&aside, |out| {
        serde_json::to_writer_pretty(out, manifest).map_err(Into::into)
    })?;
    File::open(&aside)
        .and_then(|file| file.sync_all())
        .with_path(&aside)?;
    fs::rename(&aside, &path).with_path(&path)?;
    sync_directory(root)
}

/// Builds the graph of the packed `vectors` into `dir`, on top of `base`.
#[cfg(feature = "graph")]
fn build_graph(
    dir: &Path,
    vectors: &Path,
    base: Option<(&Path, usize)>,
    progress: &mut dyn FnMut(usize),
) -> Result<Option<Recall>> {
    let vectors = PackedVectors::open(vectors)?;
    super::graph_build::build(dir, &vectors, base, progress).map(Some)
}

/// Without the feature `graph` none is built: searches scan what no earlier graph holds.
#[cfg(not(feature = "graph"))]
fn build_graph(
    _: &Path,
    _: &Path,
    _: Option<(&Path, usize)>,
    _: &mut dyn FnMut(usize),
) -> Result<Option<Recall>> {
    Ok(None)
}

fn read_manifest(path: &Path) -> Result<Option<Manifest>> {
    if !premises::is_file(path)? {
        return Ok(None);
    }
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MANIFEST_AT_MOST).read_to_end(&mut text))
        .with_path(path)?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| IndexError::Damaged {
            path: path.into(),
            what: error.to_string(),
        })?;
    let what = if manifest.format != FORMAT {
        format!(
            "packed format {}, this version reads {FORMAT}",
            manifest.format
        )
    } else if !premises::names_generation(&manifest.generation) {
        "it names no generation".into()
    } else if !manifest.files.iter().all(|file| is_packed_name(&file.name)) {
        "it names files that are no packed files".into()
    } else {
        return Ok(Some(manifest));
    };
    Err(IndexError::Damaged {
        path: path.into(),
        what,
    })
}

fn is_packed_name(name: &str) -> bool {
    [HASHES, VECTORS].contains(&name) || graph::FILES.contains(&name)
}

pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, premises::create_file(path)?);
    write(&mut out).and_then(|()| out.flush()).with_path(path)
}

/// Length and CRC-32 of a file.
fn checksum(path: &Path) -> Result<(u64, u32)> {
    let mut file = BufReader::with_capacity(1 << 20, premises::open_file(path)?);
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).with_path(path)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

fn check(dir: &Path, file: &FileEntry, read: bool) -> Result<()> {
    let path = dir.join(&file.name);
    let bytes = premises::open_file(&path)?
        .metadata()
        .with_path(&path)?
        .len();
    if bytes != file.bytes {
        let what = format!("{bytes} bytes, the manifest says {}", file.bytes);
        return Err(IndexError::Damaged { path, what });
    }
    if read && checksum(&path)?.1 != file.crc32 {
        return Err(IndexError::Damaged {
            path,
            what: "its checksum is not the manifest's".into(),
        });
    }
    Ok(())
}

pub(super) fn sync_directory(dir: &Path) -> Result<()> {
    File::open(dir)
        .and_then(|handle| handle.sync_all())
        .with_path(dir)
}
