//! The pictures to learn from: labels and groups, and what the network sees in each.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::error::LearnError;
use crate::evaluate::left_out::{Exclusion, LeftOut, RowsError};
use crate::evaluate::near_duplicates;
use crate::evaluate::rows::{Answer, answers};
use crate::fingerprint::{self, MIN_QUALITY, PdqHash};
use crate::photo::{self, Detail, Limits, Photo};
use crate::progress::{Progress, Stage};
use crate::recognize::{Bundle, Embedding, Reads, Recognizer, Runtime};

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
    pub(super) seen: Embedding,
}

/// The usable pictures, those that were left out, and whether the source named the groups.
pub(super) struct Pictures {
    pub(super) usable: Vec<Picture>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) named_groups: bool,
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
    from: &Path,
    network: Network<'_>,
    progress: &dyn Progress,
) -> Result<Pictures, LearnError> {
    let (answers, mut left_out) = answers(from)?;
    let root = match from.parent() {
        Some(parent) if !from.is_dir() => parent,
        _ => Path::new(""),
    };
    let labelled = labelled(answers, &mut left_out);
    let embedded = embed_all(&labelled, root, network, progress)?;
    let (mut usable, mut lines) = (Vec::new(), Vec::new());
    for (answer, outcome) in labelled.into_iter().zip(embedded) {
        match outcome {
            Ok((pdq, seen)) => {
                lines.push((answer.line, answer.group));
                usable.push(Picture {
                    line: answer.line,
                    file: answer.file,
                    label: answer.label,
                    group: 0,
                    pdq,
                    seen,
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
    })
}

/// The rows that name a file and a label.
fn labelled(answers: Vec<Answer>, left_out: &mut Vec<LeftOut>) -> Vec<Answer> {
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

/// Hash, if it says something, and what the network sees; or why the picture cannot be used.
type Embedded = Result<(Option<PdqHash>, Embedding), Exclusion>;

/// Takes the next picture that nobody has taken, on every thread, until there is none; gives them
/// in their own order.
fn embed_all(
    pictures: &[Answer],
    root: &Path,
    network: Network<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Embedded>, LearnError> {
    let workers = network.workers.clamp(1, pictures.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(|error| LearnError::Threads(error.to_string()))?;
    let next = AtomicUsize::new(0);
    progress.begin(Stage::Photographs, pictures.len());
    let one_worker = || -> Result<Vec<(usize, Embedded)>, LearnError> {
        let mut recognizer = Recognizer::new(network.runtime, network.bundle, 1)?;
        let mut embedded = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(answer) = pictures.get(number) else {
                return Ok(embedded);
            };
            let path = root.join(&answer.file);
            let outcome = embed_one(&path, &mut recognizer, network);
            embedded.push((number, outcome.map_err(Exclusion::NotSeen)));
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
    let in_order: BTreeMap<usize, Embedded> = parts?.into_iter().flatten().collect();
    Ok(in_order.into_values().collect())
}

fn embed_one(
    path: &Path,
    recognizer: &mut Recognizer,
    network: Network<'_>,
) -> Result<(Option<PdqHash>, Embedding), String> {
    let limits = network.limits;
    let bytes = photo::read_file(path, limits).map_err(|error| error.to_string())?;
    let photo =
        Photo::with_detail(&bytes, limits, Detail::Screening).map_err(|error| error.to_string())?;
    let pdq = fingerprint::pdq_at(&photo.pixels, (photo.width, photo.height));
    let seen = recognizer
        .embed(&photo.pixels, network.reads)
        .map_err(|error| error.to_string())?;
    Ok(((pdq.quality >= MIN_QUALITY).then_some(pdq.hash), seen))
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
