//! `faunalens index`: the directory that remembers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use faunalens::fingerprint::{MATCH_DISTANCE, Pdq, PdqHash, PerceptualAlgorithm};
use faunalens::index::{
    Evidence, Index, IndexError, Method, Packing, Query, Settings as IndexSettings,
};
use faunalens::manifest::Source;
use faunalens::photo::{self, Detail, Photo};
use faunalens::pipeline;
use faunalens::record::Record;
use sha2::{Digest, Sha256};

use super::console::{print_json, print_line, print_lines, tell};
use super::exchange::{ExportCommand, ImportCommand};
use super::exit_code;
use super::hash::perceptual_algorithm;
use super::memory::{in_words, warn, writer};
use super::progress::bar;
use super::settings::{Settings, cores};
use super::times::{TimesOption, UnreadTimes};
use faunalens::escape::name;

/// Quality taken for a hash that is given without one.
const MAX_QUALITY: u8 = 100;

/// Make, fill, ask and keep an index of pictures seen before
///
/// An index is a folder: a SQLite database with everything in it (look at its view `seen`), and
/// packed copies for searching that can be rebuilt at any time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  faunalens index init seen/
  faunalens index add seen/ listings.csv          a folder or manifest, by hashes and landmarks
  faunalens scan listings.csv --out rows.jsonl --index seen/   with the model's descriptors too
  faunalens index query seen/ photo.jpg
  faunalens index export seen/ --form json --pseudonym-key key.bin > ours.jsonl
  faunalens index import seen/ theirs.txt --source partner
  faunalens index remove seen/ --source partner
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
        /// Hash to keep beside PDQ for pictures of which PDQ says little; several may be given
        #[arg(long, value_name = "ALGORITHM", value_parser = perceptual_algorithm())]
        also: Vec<PerceptualAlgorithm>,
    },
    /// Add photos, by hashes and landmarks; makes the index when it is not there. `scan --index`
    /// adds the model's descriptors too
    Add {
        /// Folder of the index
        dir: PathBuf,
        /// A folder; a manifest (.csv, .tsv or .jsonl); or `-` for paths on standard input
        source: PathBuf,
        /// Run the model too, for its descriptors
        #[arg(long)]
        describe: bool,
        #[command(flatten)]
        times: TimesOption,
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
        /// List of others that is to be withdrawn as a whole; importing it again brings it back
        #[arg(long, value_name = "NAME")]
        source: Vec<String>,
        /// PDQ hash whose pictures are to go, and which no list brings back; 64 hexadecimal digits
        #[arg(long, value_name = "HEX")]
        pdq: Vec<PdqHash>,
    },
    Query(QueryCommand),
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
    /// Pack what was added for searching, and build the graph, beside those who search and add
    Pack {
        /// Folder of the index
        dir: PathBuf,
        /// Only what has become much since the last time: 2,000 descriptors and a sixteenth of
        /// the packed ones, or 25,000 hashes and an eighth
        #[arg(long)]
        due: bool,
        /// Seconds to wait for another writer, once the files are made
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        wait: u64,
    },
    /// Drop what no picture uses and rebuild the packed files and the graph
    Compact {
        /// Folder of the index
        dir: PathBuf,
    },
    Import(ImportCommand),
    Export(ExportCommand),
}

/// Find sightings of photos or hashes
#[derive(Debug, Args)]
struct QueryCommand {
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
    #[arg(long, value_name = "METHOD", value_parser = method())]
    only: Option<Method>,
    /// Longest answer, in sightings
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

/// Takes the name of a method: the same bytes, PDQ hashes, or descriptors verified by landmarks.
fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::name)).try_map(|name| name.parse::<Method>())
}

impl IndexCommand {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        match &self.action {
            Action::Init {
                dir,
                hash_only,
                also,
            } => init(dir, *hash_only, also),
            Action::Add {
                dir,
                source,
                describe,
                times,
                wait,
            } => {
                let mut index = writer_or_new(dir, Duration::from_secs(*wait))?;
                add(&mut index, source, *times, *describe, settings)
            }
            Action::Remove {
                dir,
                files,
                sha256,
                seller,
                source,
                pdq,
            } => {
                let mut index = writer(dir)?;
                let mut removed = 0;
                for name in source {
                    removed += index.remove_source(name)?;
                }
                for &hash in pdq {
                    removed += index.remove_pdq(hash)?;
                }
                removed += remove(&mut index, files, sha256, seller, settings)?;
                index.commit()?;
                print_line(&format!("{removed} pictures removed"))?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Query(query) => query.run(settings),
            Action::Stats { dir, json } => stats(&Index::open(dir)?, *json),
            Action::Verify { dir } => verify(&Index::open(dir)?),
            Action::Pack { dir, due, wait } => {
                let packing = if *due { Packing::Due } else { Packing::All };
                pack(dir, packing, Duration::from_secs(*wait))
            }
            Action::Compact { dir } => compact(&mut writer(dir)?),
            Action::Import(import) => import.run(),
            Action::Export(export) => export.run(),
        }
    }
}

fn init(dir: &Path, hash_only: bool, also: &[PerceptualAlgorithm]) -> anyhow::Result<ExitCode> {
    let settings = IndexSettings::default().hash_only(hash_only);
    Index::create(dir, settings.also(also.iter().copied()))?;
    print_line(&format!("empty index -> {}", name(dir)))?;
    Ok(ExitCode::SUCCESS)
}

/// The index, made where there is none, as `scan --index` does.
fn writer_or_new(dir: &Path, patience: Duration) -> anyhow::Result<Index> {
    match Index::writer(dir, patience) {
        Err(IndexError::Missing(_)) => {
            let index = Index::writer_or_new(dir, patience)?;
            tell(format!("faunalens: new index -> {}", name(dir)));
            Ok(index)
        }
        other => Ok(other?),
    }
}

fn add(
    index: &mut Index,
    source: &Path,
    times: TimesOption,
    describe: bool,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let source = Source::parse(source, false, false)?;
    let progress = bar("photos", source.count().unwrap_or(0));
    let mut each = |record: &Record| {
        progress.inc(1);
        if let Some(error) = &record.error {
            progress.suspend(|| tell(format!("faunalens: {}: {}", record.file, error.message)));
        }
    };
    let mut unread = UnreadTimes::default();
    let items = source.items_with(times.form())?.inspect(|item| {
        (item.unread_time.iter()).for_each(|time| progress.suspend(|| unread.tell(time)));
    });
    let filled = if describe {
        settings.engine()?.fill(index, cores(), items, &mut each)?
    } else {
        pipeline::fill(index, items, &settings.limits(), &mut each)?
    };
    progress.set_message("descriptors in the graph");
    index.seal(&mut |points| progress.set_position(points as u64))?;
    progress.finish_and_clear();
    unread.conclude();
    warn(index);
    tell(format!(
        "{} new pictures, {} new sightings, {} could not be read; {} pictures in the index",
        filled.pictures,
        filled.sightings,
        filled.failed,
        index.images_held()?
    ));
    if filled.removed > 0 {
        tell(format!(
            "{} had been removed before and stay away",
            filled.removed
        ));
    }
    Ok(exit_code(filled.failed > 0))
}

fn remove(
    index: &mut Index,
    files: &[PathBuf],
    hashes: &[String],
    sellers: &[String],
    settings: &Settings,
) -> anyhow::Result<usize> {
    let mut removed = 0;
    for file in files {
        let bytes = photo::read_file(file, &settings.limits())?;
        removed += usize::from(index.remove(&Sha256::digest(&bytes).into())?);
    }
    for text in hashes {
        removed += usize::from(index.remove(&parse_sha256(text)?)?);
    }
    for name in sellers {
        removed += index.remove_seller(name)?;
    }
    Ok(removed)
}

fn stats(index: &Index, json: bool) -> anyhow::Result<ExitCode> {
    let stats = index.stats()?;
    match json {
        true => print_json(&serde_json::to_string(&stats)?)?,
        false => print_lines(&stats.to_string())?,
    }
    warn(index);
    Ok(ExitCode::SUCCESS)
}

fn verify(index: &Index) -> anyhow::Result<ExitCode> {
    let problems = index.verify()?;
    for problem in &problems {
        tell(format!("faunalens: {problem}"));
    }
    for remark in index.remarks()? {
        tell(format!("faunalens: {remark}"));
    }
    if problems.is_empty() {
        print_line("sound")?;
    }
    Ok(exit_code(!problems.is_empty()))
}

fn pack(dir: &Path, packing: Packing, patience: Duration) -> anyhow::Result<ExitCode> {
    let progress = bar("descriptors in the graph", 0);
    let packed = Index::pack_aside(dir, packing, patience, &mut |points| {
        progress.set_position(points as u64);
    })?;
    progress.finish_and_clear();
    match packed {
        true => stats(&Index::open(dir)?, false),
        false => {
            print_line("left as it is: there is nothing to pack, or another process packs")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn compact(index: &mut Index) -> anyhow::Result<ExitCode> {
    let progress = bar("descriptors in the graph", 0);
    index.compact(&mut |points| progress.set_position(points as u64))?;
    progress.finish_and_clear();
    stats(index, false)
}

impl QueryCommand {
    fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        anyhow::ensure!(
            !self.files.is_empty() || !self.hash.is_empty(),
            "name a photo, or a hash with --hash"
        );
        let index = Index::open(&self.dir)?;
        for &hash in &self.hash {
            let quality = MAX_QUALITY;
            self.answer(&index, &hash.to_string(), Query::of(Pdq { hash, quality }))?;
        }
        let some_failed = self.answer_files(&index, settings)?;
        warn(&index);
        if !self.files.is_empty() && self.leaves_descriptors_out(&index)? {
            tell(
                "faunalens: descriptors were not asked, so crops and composites may be missed; \
                 --describe runs the model for them",
            );
        }
        Ok(exit_code(some_failed))
    }

    /// Whether `check --index` would search what this question does not.
    fn leaves_descriptors_out(&self, index: &Index) -> anyhow::Result<bool> {
        let wanted = self.only.is_none_or(|only| only == Method::Descriptor);
        Ok(!self.describe && wanted && index.has_descriptors()?)
    }

    /// Whether some photo could not be read.
    fn answer_files(&self, index: &Index, settings: &Settings) -> anyhow::Result<bool> {
        let engine = self.describe.then(|| settings.engine()).transpose()?;
        let mut worker = engine
            .as_ref()
            .map(|engine| engine.worker(cores()))
            .transpose()?;
        let limits = settings.limits();
        let mut some_failed = false;
        for file in &self.files {
            let name = name(file);
            let photo = photo::read(file, &limits)
                .and_then(|bytes| Photo::with_detail(&bytes, &limits, Detail::Screening));
            let photo = match photo {
                Ok(photo) => photo,
                Err(error) => {
                    some_failed = true;
                    tell(format!("faunalens: {name}: {error}"));
                    continue;
                }
            };
            let mut evidence =
                Evidence::of_photo(&photo).with_perceptual(&photo.pixels, &index.settings().also);
            if let Some(worker) = &mut worker {
                evidence.entry.descriptor = worker.describe(&photo.pixels)?;
            }
            self.answer(index, &name, evidence.query(self.any_orientation))?;
        }
        Ok(some_failed)
    }

    fn answer(&self, index: &Index, name: &str, query: Query<'_>) -> anyhow::Result<()> {
        let mut query = query
            .exact(self.exact)
            .within(self.max_distance)
            .limit(self.limit);
        if let Some(method) = self.only {
            query = query.only(method);
        }
        let matches = index.query(&query)?;
        if self.json {
            let answer = serde_json::json!({"file": name, "matches": matches});
            return Ok(print_json(&answer.to_string())?);
        }
        print_line(&format!("{name}: {} sightings", matches.len()))?;
        Ok(matches
            .iter()
            .try_for_each(|found| print_line(&in_words(found)))?)
    }
}

/// What to do about a failure of the index, in words of the command line.
pub(super) fn hint(error: &IndexError) -> Option<String> {
    match error {
        IndexError::Missing(dir) => Some(format!("`faunalens index init {}` makes one", name(dir))),
        IndexError::Damaged { .. }
        | IndexError::Older { .. }
        | IndexError::Stale(_)
        | IndexError::Interrupted(_) => Some("see `faunalens index compact`".into()),
        IndexError::Database { .. } => Some("see `faunalens index verify`".into()),
        _ => None,
    }
}

fn parse_sha256(text: &str) -> anyhow::Result<[u8; 32]> {
    // The same 256 bits in the same spelling as a PDQ hash.
    let parsed: PdqHash = text
        .parse()
        .map_err(|_| anyhow::anyhow!("`{text}` is no SHA-256: give 64 hexadecimal digits"))?;
    Ok(parsed.to_bytes())
}
