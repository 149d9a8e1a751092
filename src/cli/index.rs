//! `faunalens index`: the directory that remembers.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use faunalens::fingerprint::{MATCH_DISTANCE, PdqHash};
use faunalens::index::{
    Evidence, Form, Index, Query, Sellers, Settings as IndexSettings, Sighting,
};
use faunalens::manifest::{Item, Source};
use faunalens::photo::{self, Limits, Photo};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::memory::{in_words, warn};
use super::settings::{Settings, cores};
use super::{exit_code, print_line};

/// Photos fingerprinted before they are added.
const CHUNK: usize = 64;

/// Make, fill, ask and keep an index of pictures seen before
///
/// An index is a folder: a SQLite database with everything in it (look at its view `seen`), and packed copies for
/// searching that can be rebuilt at any time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens index init seen/
  faunalens index add seen/ listings.csv          a folder or manifest, by hashes and landmarks
  faunalens scan listings.csv --out rows.jsonl --index seen/   with the model's descriptors too
  faunalens index query seen/ photo.jpg
  faunalens index export seen/ --form json --pseudonym-key key.bin > ours.jsonl
  faunalens index import seen/ theirs.txt --form threatexchange --name partner
  faunalens index stats seen/")]
pub(super) struct IndexCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an empty index
    Init {
        /// Folder of the index
        dir: PathBuf,
        /// Keep hashes, sellers and times only: no file names, landmarks or descriptors
        #[arg(long)]
        hash_only: bool,
    },
    /// Add photos, by hashes and landmarks; `scan --index` adds the model's descriptors too
    Add {
        /// Folder of the index
        dir: PathBuf,
        /// A folder; a manifest (.csv, .tsv or .jsonl); or `-` for paths on standard input
        source: PathBuf,
        /// Run the model too, for its descriptors
        #[arg(long)]
        describe: bool,
        /// Seconds to wait for another writer
        #[arg(long, value_name = "SECONDS", default_value_t = 10)]
        wait: u64,
    },
    /// Remove pictures for good; a tombstone keeps them from coming back
    Remove {
        /// Folder of the index
        dir: PathBuf,
        /// Photos whose bytes are to go
        files: Vec<PathBuf>,
        /// SHA-256 of a file that is to go, hexadecimal
        #[arg(long, value_name = "HEX")]
        sha256: Vec<String>,
        /// Seller whose sightings are to go, with the pictures that nobody else showed
        #[arg(long, value_name = "NAME")]
        seller: Vec<String>,
    },
    /// Find sightings of photos or hashes
    Query {
        /// Folder of the index
        dir: PathBuf,
        /// Photos; `-` is standard input
        files: Vec<PathBuf>,
        /// A PDQ hash to look for, 64 hexadecimal digits
        #[arg(long, value_name = "HEX")]
        hash: Vec<PdqHash>,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
        /// Run the model too, to find crops and composites
        #[arg(long)]
        describe: bool,
        /// Also mirrored and turned copies
        #[arg(long)]
        any_orientation: bool,
        /// Scan everything: no tables, no graph
        #[arg(long)]
        exact: bool,
        /// Differing bits up to which hashes match
        #[arg(long, value_name = "BITS", default_value_t = MATCH_DISTANCE)]
        max_distance: u32,
        /// Search by one method only
        #[arg(long, value_enum, value_name = "METHOD")]
        only: Option<Only>,
        /// Longest answer, in sightings
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Show what an index holds
    Stats {
        /// Folder of the index
        dir: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Check the database, every checksum, and that they agree; status 1 when they do not
    Verify {
        /// Folder of the index
        dir: PathBuf,
    },
    /// Drop what no picture uses and rebuild the packed files and the graph
    Compact {
        /// Folder of the index
        dir: PathBuf,
    },
    /// Read a list of hashes from others
    Import {
        /// Folder of the index
        dir: PathBuf,
        /// The list; `-` is standard input
        list: PathBuf,
        /// Its form
        #[arg(long, value_enum)]
        form: ListForm,
        /// Name under which its hashes are kept [default: the file's name]
        #[arg(long)]
        name: Option<String>,
    },
    /// Write hashes for others to standard output
    Export {
        /// Folder of the index
        dir: PathBuf,
        /// Form of the list
        #[arg(long, value_enum)]
        form: ListForm,
        /// File with the secret key under which sellers become pseudonyms
        #[arg(long, value_name = "FILE")]
        pseudonym_key: Option<PathBuf>,
        /// Let seller names, platforms and paths leave in the clear
        #[arg(long, conflicts_with = "pseudonym_key")]
        plain_sellers: bool,
        /// Only what changed after this time, ISO 8601 UTC
        #[arg(long, value_name = "TIME", default_value = "")]
        since: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The same bytes
    Sha256,
    /// PDQ hashes
    Pdq,
    /// Descriptors, verified by landmarks (with --describe)
    Descriptor,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListForm {
    /// `pdq <hex>` per line
    Threatexchange,
    /// `signal_type,signal_str,collab,category,tags`
    Csv,
    /// `hash,quality,path` per line
    Pdq,
    /// JSON lines with ids, times of change, tombstones and sellers
    Json,
}

impl From<ListForm> for Form {
    fn from(form: ListForm) -> Self {
        match form {
            ListForm::Threatexchange => Self::ThreatExchange,
            ListForm::Csv => Self::Csv,
            ListForm::Pdq => Self::PdqTool,
            ListForm::Json => Self::Json,
        }
    }
}

impl IndexCommand {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        match &self.action {
            Action::Init { dir, hash_only } => {
                Index::create(
                    dir,
                    IndexSettings {
                        hash_only: *hash_only,
                        ..IndexSettings::default()
                    },
                )?;
                print_line(&format!("empty index -> {}", dir.display()))?;
            }
            Action::Add {
                dir,
                source,
                describe,
                wait,
            } => {
                let mut index = Index::writer(dir, Duration::from_secs(*wait))?;
                return add(&mut index, source, *describe, settings);
            }
            Action::Remove {
                dir,
                files,
                sha256,
                seller,
            } => {
                let mut index = writer(dir)?;
                let mut removed = 0;
                for file in files {
                    let bytes = photo::read_file(file, &settings.limits())?;
                    removed += usize::from(index.remove(&Sha256::digest(&bytes).into())?);
                }
                for text in sha256 {
                    removed += usize::from(index.remove(&parse_sha256(text)?)?);
                }
                for name in seller {
                    removed += index.remove_seller(name)?;
                }
                index.commit()?;
                print_line(&format!("{removed} pictures removed"))?;
            }
            Action::Query { .. } => return self.query(settings),
            Action::Stats { dir, json } => {
                let index = Index::open(dir)?;
                let stats = index.stats()?;
                print_line(&if *json {
                    serde_json::to_string(&stats)?
                } else {
                    stats.to_string()
                })?;
                warn(&index);
            }
            Action::Verify { dir } => {
                let problems = Index::open(dir)?.verify()?;
                for problem in &problems {
                    eprintln!("faunalens: {problem}");
                }
                if problems.is_empty() {
                    print_line("sound")?;
                }
                return Ok(exit_code(!problems.is_empty()));
            }
            Action::Compact { dir } => {
                let mut index = writer(dir)?;
                let progress = bar("descriptors in the graph", 0);
                index.compact(&mut |points| progress.set_position(points as u64))?;
                progress.finish_and_clear();
                print_line(&index.stats()?.to_string())?;
                warn(&index);
            }
            Action::Import {
                dir,
                list,
                form,
                name,
            } => return import(dir, list, *form, name.as_deref()),
            Action::Export {
                dir,
                form,
                pseudonym_key,
                plain_sellers,
                since,
            } => {
                let key = pseudonym_key
                    .as_ref()
                    .map(|path| read_key(path))
                    .transpose()?;
                let sellers = match &key {
                    Some(key) => Sellers::Pseudonyms(key),
                    None if *plain_sellers => Sellers::Plain,
                    None => Sellers::Omitted,
                };
                let mut out = std::io::BufWriter::new(std::io::stdout().lock());
                let done = Index::open(dir)?.export((*form).into(), sellers, since, &mut out)?;
                eprintln!(
                    "{} hashes, {} tombstones; {} of quality under 50 left out",
                    done.written, done.tombstones, done.low_quality
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        let Action::Query {
            dir,
            files,
            hash,
            json,
            describe,
            any_orientation,
            exact,
            max_distance,
            only,
            limit,
        } = &self.action
        else {
            anyhow::bail!("not a query");
        };
        anyhow::ensure!(
            !files.is_empty() || !hash.is_empty(),
            "name a photo, or a hash with --hash"
        );
        let index = Index::open(dir)?;
        let engine = describe.then(|| settings.engine()).transpose()?;
        let mut recognizer = engine
            .as_ref()
            .map(|engine| engine.worker(cores()))
            .transpose()?;
        let mut some_failed = false;
        let answer = |name: &str, query: Query<'_>| -> anyhow::Result<()> {
            let query = Query {
                exact: *exact,
                max_distance: *max_distance,
                limit: *limit,
                ..query
            };
            let query = match only {
                None => query,
                Some(Only::Sha256) => Query {
                    hashes: Vec::new(),
                    descriptor: None,
                    ..query
                },
                Some(Only::Pdq) => Query {
                    sha256: None,
                    descriptor: None,
                    ..query
                },
                Some(Only::Descriptor) => Query {
                    sha256: None,
                    hashes: Vec::new(),
                    ..query
                },
            };
            let matches = index.query(&query)?;
            if *json {
                return Ok(print_line(
                    &serde_json::json!({"file": name, "matches": matches}).to_string(),
                )?);
            }
            print_line(&format!("{name}: {} sightings", matches.len()))?;
            Ok(matches
                .iter()
                .try_for_each(|found| print_line(&in_words(found)))?)
        };
        for one in hash {
            answer(
                &one.to_string(),
                Query {
                    hashes: vec![*one],
                    ..Query::default()
                },
            )?;
        }
        for file in files {
            let name = file.display().to_string();
            match load(file, &settings.limits()) {
                Ok(photo) => {
                    let mut evidence = Evidence::of(&photo.pixels, photo.sha256);
                    if let Some(worker) = &mut recognizer {
                        evidence.entry.descriptor = worker.describe(&photo.pixels)?;
                    }
                    answer(&name, evidence.query(*any_orientation))?;
                }
                Err(error) => {
                    some_failed = true;
                    eprintln!("faunalens: {name}: {error}");
                }
            }
        }
        warn(&index);
        Ok(exit_code(some_failed))
    }
}

fn add(
    index: &mut Index,
    source: &Path,
    describe: bool,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let source = Source::parse(source, false, false)?;
    let progress = bar("photos", source.count().unwrap_or(0));
    let (mut pictures, mut sightings, mut failed, mut removed) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut store = |index: &mut Index,
                     item: Item,
                     evidence: Result<Box<Evidence>, String>|
     -> anyhow::Result<()> {
        progress.inc(1);
        match evidence {
            Ok(mut evidence) => {
                evidence.entry.sighting = sighting_of(item);
                let added = index.add(&evidence.entry)?;
                pictures += u64::from(added.new_image);
                sightings += u64::from(added.new_sighting);
                removed += u64::from(added.removed);
            }
            Err(error) => {
                failed += 1;
                progress.suspend(|| eprintln!("faunalens: {}: {error}", item.file));
            }
        }
        Ok(())
    };
    if describe {
        let engine = settings.engine()?;
        let mut trouble = None;
        let never = AtomicBool::new(false);
        let mut since_commit = 0;
        engine.examine(cores(), source.items()?, &never, |item, examined| {
            let error = examined.record.error;
            let evidence =
                (examined.evidence).ok_or_else(|| error.map_or(String::new(), |e| e.message));
            since_commit += 1;
            let kept = store(index, item, evidence).and_then(|()| {
                if since_commit % CHUNK == 0 {
                    Ok(index.commit()?)
                } else {
                    Ok(())
                }
            });
            if let Err(error) = kept {
                trouble.get_or_insert(error);
            }
            Ok::<(), Infallible>(())
        })?;
        if let Some(error) = trouble {
            return Err(error);
        }
    } else {
        let limits = settings.limits();
        let mut items = source.items()?;
        loop {
            let chunk: Vec<Item> = items.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            let found: Vec<_> = chunk
                .par_iter()
                .map(|item| {
                    let photo = load(item.path.as_ref().map_err(Clone::clone)?, &limits)?;
                    Ok(Box::new(Evidence::of(&photo.pixels, photo.sha256)))
                })
                .collect();
            for (item, evidence) in chunk.into_iter().zip(found) {
                store(index, item, evidence)?;
            }
            index.commit()?;
        }
    }
    progress.set_message("descriptors in the graph");
    index.seal(&mut |points| progress.set_position(points as u64))?;
    progress.finish_and_clear();
    warn(index);
    let held = index.images_held()?;
    eprintln!(
        "{pictures} new pictures, {sightings} new sightings, {failed} could not be read; {held} pictures in the index"
    );
    if removed > 0 {
        eprintln!("{removed} had been removed before and stay away");
    }
    Ok(exit_code(failed > 0))
}

fn sighting_of(item: Item) -> Sighting {
    Sighting {
        file: item.file,
        seller: item.context.seller.unwrap_or_default(),
        listing: item.context.listing.unwrap_or_default(),
        platform: item.context.platform.unwrap_or_default(),
        captured_at: item.context.captured_at.unwrap_or_default(),
    }
}

fn load(file: &Path, limits: &Limits) -> Result<Photo, String> {
    photo::read(file, limits)
        .and_then(|bytes| Photo::from_bytes(&bytes, limits))
        .map_err(|error| error.to_string())
}

fn import(dir: &Path, list: &Path, form: ListForm, name: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut index = writer(dir)?;
    let named = list
        .file_name()
        .map_or("stdin".into(), |name| name.to_string_lossy().into_owned());
    let input: Box<dyn Read> = if list.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(list).with_context(|| format!("cannot read {}", list.display()))?)
    };
    let done = index.import(form.into(), name.unwrap_or(&named), BufReader::new(input))?;
    index.seal(&mut |_| ())?;
    for (line, why) in done.refused.iter().take(20) {
        eprintln!("faunalens: {}: line {line}: {why}", list.display());
    }
    print_line(&format!(
        "{} new, {} known, {} withdrawn, {} of quality under 50 (kept, marked), {} of other types, {} lines refused",
        done.new,
        done.known,
        done.removed,
        done.low_quality,
        done.other_types,
        done.refused.len()
    ))?;
    warn(&index);
    Ok(exit_code(!done.refused.is_empty()))
}

fn writer(dir: &Path) -> anyhow::Result<Index> {
    Ok(Index::writer(dir, Duration::from_secs(10))?)
}

fn read_key(path: &Path) -> anyhow::Result<Vec<u8>> {
    let key =
        std::fs::read(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    anyhow::ensure!(
        key.len() >= 16,
        "{}: a key needs 16 bytes or more; make one with `head -c 32 /dev/urandom > key.bin`",
        path.display()
    );
    Ok(key)
}

fn parse_sha256(text: &str) -> anyhow::Result<[u8; 32]> {
    // The same 256 bits in the same spelling as a PDQ hash.
    let parsed: PdqHash = text
        .parse()
        .map_err(|_| anyhow::anyhow!("`{text}` is no SHA-256: give 64 hexadecimal digits"))?;
    Ok(parsed.to_bytes())
}

/// A bar on a terminal; nothing where standard error is a file or a pipe.
pub(super) fn bar(what: &'static str, length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if length > 0 {
        "{bar:30} {percent}% {msg}, {eta} left"
    } else {
        "{spinner} {pos} {msg}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = if length > 0 {
        ProgressBar::new(length)
    } else {
        ProgressBar::no_length()
    };
    bar.with_style(style).with_message(what)
}
