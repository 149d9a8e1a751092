//! The pictures to learn from: labels and groups, and what the network sees in each.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::error::LearnError;
use crate::evaluate::leak;
use crate::evaluate::rows::{Answer, LeftOut, RowsError, answers};
use crate::evaluate::{Progress, Stage};
use crate::fingerprint::{self, MIN_QUALITY, PdqHash};
use crate::photo::{self, Limits, Photo};
use crate::recognize::{Bundle, Embedding, Reads, Recognizer, Runtime};

/// One picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
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

/// Reads a folder per label or a manifest, and runs the network on every picture with `workers`
/// threads.
pub(super) fn look(
    from: &Path,
    bundle: &Bundle,
    runtime: &Runtime,
    reads: Reads,
    limits: &Limits,
    workers: usize,
    progress: &dyn Progress,
) -> Result<Pictures, LearnError> {
    let (answers, mut left_out) = answers(from)?;
    let root = if from.is_dir() {
        Path::new("")
    } else {
        from.parent().unwrap_or(Path::new(""))
    };
    let mut named: Vec<Answer> = Vec::new();
    for answer in answers {
        let why = if answer.file.is_empty() {
            "it names no file"
        } else if answer.label.is_empty() {
            "it has no label"
        } else {
            named.push(answer);
            continue;
        };
        left_out.push(LeftOut {
            line: answer.line,
            file: answer.file,
            why: why.into(),
        });
    }
    let workers = workers.clamp(1, named.len().max(1));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(|error| LearnError::Threads(error.to_string()))?;
    let next = AtomicUsize::new(0);
    progress.begin(Stage::Photographs, named.len());
    let one_worker = || -> Result<Vec<(usize, Looked)>, LearnError> {
        let mut recognizer = Recognizer::new(runtime, bundle, 1)?;
        let mut seen = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(answer) = named.get(number) else {
                return Ok(seen);
            };
            seen.push((
                number,
                look_at(&root.join(&answer.file), &mut recognizer, reads, limits),
            ));
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
    let parts = parts?;
    let mut by_number: BTreeMap<usize, Looked> = parts.into_iter().flatten().collect();

    let mut usable = Vec::new();
    let mut names = Vec::new();
    for (number, answer) in named.into_iter().enumerate() {
        match by_number.remove(&number) {
            Some(Ok((pdq, seen))) => {
                names.push((answer.group, answer.line));
                usable.push(Picture {
                    file: answer.file,
                    label: answer.label,
                    group: 0,
                    pdq,
                    seen,
                });
            }
            Some(Err(why)) => left_out.push(LeftOut {
                line: answer.line,
                file: answer.file,
                why,
            }),
            None => {}
        }
    }
    let hashes: Vec<Option<PdqHash>> = usable.iter().map(|picture| picture.pdq).collect();
    let clusters = leak::clusters(&hashes).map_err(RowsError::from)?;
    let contested = contested(&usable, &clusters);
    let named_groups = names.iter().all(|(group, _)| group.is_some());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut kept = Vec::with_capacity(usable.len());
    for (place, (mut picture, (group, line))) in usable.into_iter().zip(names).enumerate() {
        if let Some(why) = contested.get(&place) {
            left_out.push(LeftOut {
                line,
                file: picture.file,
                why: why.clone(),
            });
            continue;
        }
        let name = group.unwrap_or_else(|| format!("\u{0}{}", clusters[place]));
        let fresh = numbers.len();
        picture.group = *numbers.entry(name).or_insert(fresh);
        kept.push(picture);
    }
    left_out.sort_by_key(|row| row.line);
    Ok(Pictures {
        usable: kept,
        left_out,
        named_groups,
    })
}

/// Hash, if it says something, and what the network sees.
type Seen = (Option<PdqHash>, Embedding);
/// The same, or why the picture cannot be used.
type Looked = Result<Seen, String>;

fn look_at(path: &Path, recognizer: &mut Recognizer, reads: Reads, limits: &Limits) -> Looked {
    let bytes = photo::read_file(path, limits).map_err(|error| error.to_string())?;
    let photo = Photo::from_bytes(&bytes, limits).map_err(|error| error.to_string())?;
    let pdq = fingerprint::pdq(&photo.pixels);
    let seen = recognizer
        .embed(&photo.pixels, reads)
        .map_err(|error| error.to_string())?;
    Ok(((pdq.quality >= MIN_QUALITY).then_some(pdq.hash), seen))
}

/// Near-duplicates under two labels: nobody can learn from what contradicts itself.
fn contested(pictures: &[Picture], clusters: &[usize]) -> HashMap<usize, String> {
    let mut found = HashMap::new();
    for (place, picture) in pictures.iter().enumerate() {
        let other = (0..pictures.len()).find(|&other| {
            clusters[other] == clusters[place] && pictures[other].label != picture.label
        });
        if let Some(other) = other {
            let other = &pictures[other];
            let why = format!(
                "a near-duplicate, {}, is labelled {}; this one {}",
                other.file, other.label, picture.label
            );
            found.insert(place, why);
        }
    }
    found
}
