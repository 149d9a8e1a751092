//! The pictures to learn from: labels and groups, and what the network sees in each and in many
//! looks of it; and the photographs that stand for everything else.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use image::RgbImage;
use rayon::prelude::*;

use super::error::LearnError;
use super::looks::Looks;
use super::options::{HoldOut, LearnOptions};
use crate::evaluate::left_out::{Exclusion, LeftOut, RowsError};
use crate::evaluate::near_duplicates;
use crate::evaluate::rows::{Answer, answers};
use crate::fingerprint::{self, MATCH_DISTANCE, MIN_QUALITY, PdqHash};
use crate::manifest::Source;
use crate::photo::{self, Detail, Limits, Photo};
use crate::progress::{Progress, Stage};
use crate::recognize::{Bundle, Embedding, Reads, Recognizer, Runtime};

/// Looks of all pictures together, about: more take longer and teach no more.
const LOOKS_IN_ALL: usize = 1500;
/// Looks of one picture.
const MOST_LOOKS: usize = 30;
const FEWEST_LOOKS: usize = 3;

/// One picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Line of the manifest, from 1; 0 for a folder.
    pub(super) line: usize,
    /// As the source names it.
    pub(super) file: String,
    /// What it shows.
    pub(super) label: String,
    /// Number of its group.
    pub(super) group: usize,
    pub(super) pdq: Option<PdqHash>,
    /// What the network sees in it as it is.
    pub(super) seen: Embedding,
    /// And in looks of it.
    pub(super) looks: Vec<Embedding>,
}

/// The usable pictures, those that were left out, and whether the source named the groups.
pub(super) struct Pictures {
    pub(super) usable: Vec<Picture>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) named_groups: bool,
    /// Looks that were taken of each.
    pub(super) looks: usize,
}

/// Photographs of the kind that will be scanned.
pub(super) struct Scanned {
    pub(super) seen: Vec<Embedding>,
    /// Files that could not be used, and near-duplicates of the pictures given.
    pub(super) left_out: Vec<LeftOut>,
}

/// The network that sees them, and how.
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) runtime: &'a Runtime,
    pub(super) reads: Reads,
    pub(super) limits: &'a Limits,
    /// Threads, one session each.
    pub(super) workers: usize,
}

/// Reads a folder per label or a manifest, and runs the network on every picture.
pub(super) fn embed(
    options: &LearnOptions,
    network: Network<'_>,
    progress: &dyn Progress,
) -> Result<Pictures, LearnError> {
    let from = options.from.as_path();
    let (answers, mut left_out) = answers(from)?;
    let root = root_of(from);
    let labelled = labelled(answers, &mut left_out);
    let usual = LOOKS_IN_ALL / labelled.len().max(1);
    let looks = options
        .looks
        .unwrap_or(usual.clamp(FEWEST_LOOKS, MOST_LOOKS));
    let paths: Vec<PathBuf> = labelled
        .iter()
        .map(|answer| root.join(&answer.file))
        .collect();
    let embedded = embed_all(&paths, looks, network, progress)?;
    let (mut usable, mut lines) = (Vec::new(), Vec::new());
    for (answer, outcome) in labelled.into_iter().zip(embedded) {
        match outcome {
            Ok(Seen { pdq, plain, looks }) => {
                let group = match options.hold_out {
                    HoldOut::Group => answer.group,
                    HoldOut::Source => Some(answer.source).filter(|name| !name.is_empty()),
                };
                lines.push((answer.line, group));
                usable.push(Picture {
                    line: answer.line,
                    file: answer.file,
                    label: answer.label,
                    group: 0,
                    pdq,
                    seen: plain,
                    looks,
                });
            }
            Err(why) => left_out.push(LeftOut {
                line: answer.line,
                file: answer.file,
                why,
            }),
        }
    }
    let named_groups = lines.iter().all(|(_, group)| group.is_some());
    let usable = grouped(usable, lines, &mut left_out)?;
    left_out.sort_by_key(|row| row.line);
    Ok(Pictures {
        usable,
        left_out,
        named_groups,
        looks,
    })
}

/// Runs the network on photographs of the kind that will be scanned. Those that are nearly one of
/// the `pictures` given are left out: nobody can learn from what contradicts itself.
pub(super) fn embed_scanned(
    from: &Path,
    pictures: &[Picture],
    network: Network<'_>,
    progress: &dyn Progress,
) -> Result<Scanned, LearnError> {
    let source = Source::parse(from, false, false).map_err(RowsError::from)?;
    let (mut files, mut paths, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for item in source.items().map_err(RowsError::from)? {
        match item.path {
            Ok(path) => {
                files.push(item.file);
                paths.push(path);
            }
            Err(reason) => left_out.push(LeftOut {
                line: 0,
                file: item.file,
                why: Exclusion::Unread(reason),
            }),
        }
    }
    let mut seen = Vec::with_capacity(files.len());
    let outcomes = embed_all(&paths, 0, network, progress)?;
    for (file, outcome) in files.into_iter().zip(outcomes) {
        let near = |own: PdqHash| {
            pictures.iter().find_map(|picture| {
                let distance = picture.pdq?.hamming(&own);
                (distance <= MATCH_DISTANCE).then(|| Exclusion::NearDuplicate {
                    distance,
                    of: picture.file.clone(),
                })
            })
        };
        let outcome = match outcome {
            Ok(Seen { pdq, plain, .. }) => pdq.and_then(near).map_or(Ok(plain), Err),
            Err(why) => Err(why),
        };
        match outcome {
            Ok(plain) => seen.push(plain),
            Err(why) => left_out.push(LeftOut { line: 0, file, why }),
        }
    }
    if seen.is_empty() {
        return Err(LearnError::NoPictures {
            from: from.to_owned(),
            first: left_out.first().map_or("it is empty".into(), |row| {
                format!("{}: {}", row.file, row.why)
            }),
        });
    }
    Ok(Scanned { seen, left_out })
}

/// What the files of a source are named from.
pub(super) fn root_of(from: &Path) -> &Path {
    match from.parent() {
        Some(parent) if !from.is_dir() => parent,
        _ => Path::new(""),
    }
}

/// The rows that name a file and a label.
pub(super) fn labelled(answers: Vec<Answer>, left_out: &mut Vec<LeftOut>) -> Vec<Answer> {
    let mut labelled = Vec::with_capacity(answers.len());
    for answer in answers {
        let why = if answer.file.is_empty() {
            Exclusion::NoFile
        } else if answer.label.is_empty() {
            Exclusion::NoLabel
        } else {
            labelled.push(answer);
            continue;
        };
        left_out.push(LeftOut {
            line: answer.line,
            file: answer.file,
            why,
        });
    }
    labelled
}

/// Hash, if it says something, and what the network sees.
struct Seen {
    pdq: Option<PdqHash>,
    plain: Embedding,
    looks: Vec<Embedding>,
}

/// The same, or why the picture cannot be used.
type Embedded = Result<Seen, Exclusion>;

fn embed_all(
    paths: &[PathBuf],
    looks: usize,
    network: Network<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Embedded>, LearnError> {
    each_picture(paths, network, progress, |path, recognizer| {
        embed_one(path, looks, recognizer, network).map_err(Exclusion::NotSeen)
    })
}

/// Takes the next picture that nobody has taken, on every thread, until there is none; gives what
/// `one` makes of them in their own order.
pub(super) fn each_picture<T: Send>(
    paths: &[PathBuf],
    network: Network<'_>,
    progress: &dyn Progress,
    one: impl Fn(&Path, &mut Recognizer) -> T + Sync,
) -> Result<Vec<T>, LearnError> {
    let workers = network.workers.clamp(1, paths.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(|error| LearnError::Threads(error.to_string()))?;
    let next = AtomicUsize::new(0);
    progress.begin(Stage::Photographs, paths.len());
    let one_worker = || -> Result<Vec<(usize, T)>, LearnError> {
        let mut recognizer = Recognizer::new(network.runtime, network.bundle, 1)?;
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(number) else {
                return Ok(made);
            };
            made.push((number, one(path, &mut recognizer)));
            progress.step();
        }
    };
    let parts: Result<Vec<_>, _> = pool.install(|| {
        (0..workers)
            .into_par_iter()
            .map(|_| one_worker())
            .collect::<Result<_, LearnError>>()
    });
    progress.end();
    let in_order: BTreeMap<usize, T> = parts?.into_iter().flatten().collect();
    Ok(in_order.into_values().collect())
}

fn embed_one(
    path: &Path,
    looks: usize,
    recognizer: &mut Recognizer,
    network: Network<'_>,
) -> Result<Seen, String> {
    let limits = network.limits;
    let bytes = photo::read_file(path, limits).map_err(|error| error.to_string())?;
    let photo =
        Photo::with_detail(&bytes, limits, Detail::Screening).map_err(|error| error.to_string())?;
    let pdq = fingerprint::pdq_at(&photo.pixels, (photo.width, photo.height));
    let mut embed = |pixels: &RgbImage| {
        let seen = recognizer.embed(pixels, network.reads);
        seen.map_err(|error| error.to_string())
    };
    let plain = embed(&photo.pixels)?;
    let taken = Looks::new(&photo.pixels, &photo.sha256);
    let looks = (0..looks).map(|number| embed(&taken.look(number)));
    Ok(Seen {
        pdq: (pdq.quality >= MIN_QUALITY).then_some(pdq.hash),
        plain,
        looks: looks.collect::<Result<_, _>>()?,
    })
}

/// Puts pictures into the groups that their rows name, else into clusters of near-duplicates, and
/// takes out those that near-duplicates contradict. `lines` are their lines and groups.
fn grouped(
    pictures: Vec<Picture>,
    lines: Vec<(usize, Option<String>)>,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<Picture>, LearnError> {
    let hashes: Vec<Option<PdqHash>> = pictures.iter().map(|picture| picture.pdq).collect();
    let clusters = near_duplicates::clusters(&hashes).map_err(RowsError::from)?;
    let mut contested = contested(&pictures, &clusters);
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut kept = Vec::with_capacity(pictures.len());
    for (place, (mut picture, (line, group))) in pictures.into_iter().zip(lines).enumerate() {
        if let Some(why) = contested.remove(&place) {
            left_out.push(LeftOut {
                line,
                file: picture.file,
                why,
            });
            continue;
        }
        let name = group.unwrap_or_else(|| format!("\u{0}{}", clusters[place]));
        let fresh = numbers.len();
        picture.group = *numbers.entry(name).or_insert(fresh);
        kept.push(picture);
    }
    Ok(kept)
}

/// Near-duplicates under two labels: nobody can learn from what contradicts itself.
fn contested(pictures: &[Picture], clusters: &[usize]) -> HashMap<usize, Exclusion> {
    let mut found = HashMap::new();
    for (place, picture) in pictures.iter().enumerate() {
        let other = (0..pictures.len()).find(|&other| {
            clusters[other] == clusters[place] && pictures[other].label != picture.label
        });
        if let Some(other) = other {
            let why = Exclusion::Contested {
                other: pictures[other].file.clone(),
                of_other: pictures[other].label.clone(),
                label: picture.label.clone(),
            };
            found.insert(place, why);
        }
    }
    found
}
