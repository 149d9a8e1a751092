//! Teaching a finished network new labels from a few pictures: [`learn`] fits a head on frozen
//! features, judges it on pictures held out, and [`Taught::write`] makes a bundle of it.
//!
//! What the network knows stays: its log-probabilities are where the fit begins, and a strong ridge
//! penalty, chosen on held-out pictures, keeps the weights near nothing until the pictures say
//! otherwise. See [`Head`](crate::recognize::head::Head) for what is fitted.

mod basis;
mod card;
mod folds;
mod logistic;
mod pictures;
mod report;
mod validate;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::evaluate::rows::{LeftOut, RowsError};
use crate::photo::Limits;
use crate::recognize::background::{Background, BackgroundRow};
use crate::recognize::bundle::{Reads, Threshold};
use crate::recognize::head::log_probabilities;
use crate::recognize::{Bundle, BundleError, RecognizeError, Runtime};

use basis::Basis;
use logistic::{Matrix, Problem, product};
use pictures::Picture;
pub use report::{LabelReport, ProductReport};
use validate::{Doubt, Validation, validate};

/// Groups that a label needs: to learn from, to choose on, to judge by.
const FEWEST_GROUPS: usize = 3;
/// Cosine from which a background picture is taken for one of the pictures given.
const SAME_PICTURE: f64 = 0.995;

/// What is to be learnt.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// A folder that holds a folder per label, or a manifest with `file` and `label`.
    pub from: PathBuf,
    /// Labels that raise a decision.
    pub products: Vec<String>,
    /// Labels of the network whose own knowledge is set aside: the pictures alone define them.
    pub replaced: Vec<String>,
    /// Threads.
    pub workers: usize,
    /// Limits on pictures.
    pub limits: Limits,
}

/// Why nothing could be learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The pictures cannot be listed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The base bundle cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The network cannot be run.
    #[error(transparent)]
    Recognize(#[from] RecognizeError),
    /// The base gives nothing to learn from.
    #[error(
        "bundle {0} has neither a features nor a descriptor output, so nothing can be learnt on top of it; name another with --model"
    )]
    NothingToRead(String),
    /// The base was itself taught.
    #[error(
        "bundle {0} was itself made by `model learn`; teach its base again with all pictures together"
    )]
    TaughtAlready(String),
    /// No usable picture.
    #[error("{}: no usable picture; {first}", from.display())]
    NoPictures {
        /// The source.
        from: PathBuf,
        /// Why the first was left out.
        first: String,
    },
    /// Too little of a label.
    #[error(
        "label {label}: {pictures} pictures in {groups} {kind}; at least {FEWEST_GROUPS} are needed, so that some can be held out"
    )]
    TooFew {
        /// The label.
        label: String,
        /// Usable pictures of it.
        pictures: usize,
        /// Groups of them.
        groups: usize,
        /// What a group is.
        kind: &'static str,
    },
    /// Nothing that the new labels could be told from.
    #[error(
        "bundle {0} has no background pictures to tell new labels from, and the pictures given show new labels only; add a folder named after one of the bundle's labels ({1}) with pictures that show none of the new ones, the more the better"
    )]
    NothingElse(String, String),
    /// A label was named that there are no pictures of.
    #[error("{option} {label}: there are no pictures of it; the labels given are {given}")]
    NotTaught {
        /// `--product` or `--replace`.
        option: &'static str,
        /// The label.
        label: String,
        /// Those there are.
        given: String,
    },
    /// A label that cannot be a name.
    #[error(
        "label {0:?}: letters, digits, `-`, `_` and `.` only, so that it can be written into files and commands"
    )]
    BadName(String),
    /// A label to replace that the network does not have.
    #[error("--replace {label}: the network has no such label; it has {known}")]
    NothingToReplace {
        /// The label.
        label: String,
        /// Those there are.
        known: String,
    },
    /// The bundle cannot be written.
    #[error("{}: {reason}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Threads could not be started.
    #[error("cannot start the workers: {0}")]
    Threads(String),
}

/// A head, judged.
#[derive(Debug)]
pub struct Taught {
    base: Bundle,
    /// All labels, the network's first.
    pub labels: Vec<String>,
    /// Which output the head reads.
    pub reads: Reads,
    replaced: Vec<String>,
    rows: Vec<Vec<f32>>,
    /// Divides the logits.
    pub temperature: f64,
    /// Ridge penalty that was chosen.
    pub penalty: f64,
    prior: BTreeMap<String, f64>,
    thresholds: BTreeMap<String, Threshold>,
    /// Pictures learnt from.
    pictures: Vec<Picture>,
    /// Per picture, its held-out scores.
    held_out: Vec<Vec<f64>>,
    /// How each taught label does on held-out pictures.
    pub taught: Vec<LabelReport>,
    /// Thresholds of the products, and what reached them.
    pub products: Vec<ProductReport>,
    /// Background pictures: how many, and how many the base and the new head name rightly.
    pub background: [usize; 3],
    /// Background pictures that were set aside because they are among the pictures given.
    pub set_aside: usize,
    /// Pictures that were not used.
    pub left_out: Vec<LeftOut>,
    /// Whether the source named the groups; else near-duplicates are one.
    pub named_groups: bool,
}

/// Looks at the pictures, fits the head and judges it. `progress` is told how many pictures of how
/// many have been looked at.
///
/// The same pictures in the same order give the same head, whatever the number of threads.
///
/// # Errors
/// [`LearnError`].
pub fn learn(
    lesson: &Lesson,
    base: Bundle,
    runtime: &Runtime,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Taught, LearnError> {
    let described = &base.description;
    let name = || described.name.clone();
    if base.head.is_some() {
        return Err(LearnError::TaughtAlready(name()));
    }
    let reads = match (&described.output.features, &described.output.descriptor) {
        (Some(_), _) => Reads::Features,
        (None, Some(_)) => Reads::Descriptor,
        (None, None) => return Err(LearnError::NothingToRead(name())),
    };
    let network = described.labels.names.clone();
    let found = pictures::look(
        &lesson.from,
        &base,
        runtime,
        reads,
        &lesson.limits,
        lesson.workers,
        progress,
    )?;
    let pictures = found.usable;
    let given: BTreeSet<&String> = pictures.iter().map(|picture| &picture.label).collect();
    check_names(lesson, &given, &network)?;
    if pictures.is_empty() {
        let first = found.left_out.first();
        return Err(LearnError::NoPictures {
            from: lesson.from.clone(),
            first: first.map_or("it is empty".into(), |row| {
                format!("{}: {}", row.file, row.why)
            }),
        });
    }
    for label in &given {
        let own: Vec<&Picture> = pictures
            .iter()
            .filter(|picture| picture.label == **label)
            .collect();
        let groups = own
            .iter()
            .map(|picture| picture.group)
            .collect::<BTreeSet<_>>()
            .len();
        if groups < FEWEST_GROUPS {
            return Err(LearnError::TooFew {
                label: (*label).clone(),
                pictures: own.len(),
                groups,
                kind: if found.named_groups {
                    "groups"
                } else {
                    "groups of near-duplicates"
                },
            });
        }
    }
    let fresh = given.iter().filter(|label| !network.contains(label));
    let labels: Vec<String> = network.iter().chain(fresh.copied()).cloned().collect();
    let place = |label: &String| labels.iter().position(|known| known == label).unwrap_or(0);

    let background = match reads {
        Reads::Features => base.background()?,
        Reads::Descriptor => None,
    };
    let (beside, set_aside) = beside(background, &pictures, &lesson.replaced, &network);
    if beside.is_empty() && !given.iter().any(|label| network.contains(label)) {
        return Err(LearnError::NothingElse(name(), network.join(", ")));
    }

    // Rows: the pictures given, then the background.
    let places: Vec<Option<usize>> = (0..labels.len())
        .map(|at| (at < network.len() && !lesson.replaced.contains(&labels[at])).then_some(at))
        .collect();
    let seen = pictures.iter().map(|picture| &picture.seen.logits);
    let known = seen
        .chain(beside.iter().map(|row| &row.logits))
        .map(|logits| {
            log_probabilities(
                logits,
                described.output.activation,
                described.output.temperature,
                &places,
            )
            .unwrap_or_else(|| vec![0.0; labels.len()])
        })
        .collect::<Vec<_>>();
    let label: Vec<usize> = pictures
        .iter()
        .map(|picture| place(&picture.label))
        .chain(beside.iter().map(|row| row.label))
        .collect();
    let groups = pictures
        .iter()
        .map(|picture| picture.group)
        .max()
        .map_or(0, |most| most + 1);
    let group: Vec<usize> = pictures
        .iter()
        .map(|picture| picture.group)
        .chain(groups..groups + beside.len())
        .collect();
    let prior = prior(&base, &labels);
    let mut count = vec![0usize; labels.len()];
    label.iter().for_each(|&label| count[label] += 1);
    let weight = label
        .iter()
        .map(|&label| prior[label] / count[label] as f64)
        .collect();
    let vectors = pictures.iter().map(|picture| picture.seen.vector.clone());
    let basis = Basis::new(
        vectors
            .chain(beside.iter().map(|row| row.features.clone()))
            .collect(),
    );
    let taught: Vec<usize> = given.iter().map(|label| place(label)).collect();
    let problem = Problem {
        vectors: basis.coordinates(),
        known: Matrix::new(labels.len(), known.concat()),
        label,
        weight,
        taught: taught.clone(),
        fresh: places.iter().map(Option::is_none).collect(),
    };
    let folds = folds::assign(&problem.label, &group);
    let doubt = Doubt {
        groups: (0..labels.len())
            .map(|at| groups_of(&problem.label, &group, at))
            .collect(),
    };
    let Validation {
        penalty,
        scaling,
        held_out,
    } = validate(&problem, &folds, &doubt);

    let every: Vec<usize> = (0..problem.label.len()).collect();
    let mut weights = problem.nothing();
    weights = problem.fit(&every, penalty, &weights);
    let size = pictures[0].seen.vector.len();
    let mut rows = vec![vec![0.0; size + 1]; labels.len()];
    for (&label, weights) in taught.iter().zip(&weights.0) {
        let mut weights = weights.clone();
        if let (true, Some(constant)) = (problem.fresh[label], weights.last_mut()) {
            *constant += scaling.shift;
        }
        rows[label] = basis.unfold(&weights);
    }

    let judged = report::Judged {
        labels: &labels,
        label: &problem.label,
        group: &group,
        held_out: &held_out,
        own: pictures.len(),
    };
    let products: Vec<ProductReport> = lesson
        .products
        .iter()
        .map(|product| judged.product(place(product)))
        .collect();
    let mut thresholds = described.thresholds.clone();
    thresholds.extend(
        products
            .iter()
            .map(|product| (product.label.clone(), product.threshold)),
    );
    let right = |row: usize, scores: &[f64]| usize::from(best(scores) == problem.label[row]);
    let behind = pictures.len()..problem.label.len();
    let before = behind.clone().map(|row| {
        let known: Vec<f64> = known[row]
            .iter()
            .take(network.len())
            .map(|&v| f64::from(v))
            .collect();
        right(row, &known)
    });
    let before: usize = before.sum();
    let after: usize = behind.map(|row| right(row, &held_out[row])).sum();
    Ok(Taught {
        taught: taught.iter().map(|&label| judged.label(label)).collect(),
        products,
        thresholds,
        background: [beside.len(), before, after],
        set_aside,
        prior: labels.iter().cloned().zip(prior).collect(),
        labels,
        reads,
        replaced: lesson.replaced.clone(),
        rows,
        temperature: scaling.temperature,
        penalty,
        held_out: held_out[..pictures.len()].to_vec(),
        pictures,
        left_out: found.left_out,
        named_groups: found.named_groups,
        base,
    })
}

fn check_names(
    lesson: &Lesson,
    given: &BTreeSet<&String>,
    network: &[String],
) -> Result<(), LearnError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(label) = given.iter().find(|label| !label.chars().all(fits)) {
        return Err(LearnError::BadName((**label).clone()));
    }
    for (option, labels) in [
        ("--product", &lesson.products),
        ("--replace", &lesson.replaced),
    ] {
        if let Some(label) = labels.iter().find(|label| !given.contains(label)) {
            let given: Vec<&str> = given.iter().map(|label| label.as_str()).collect();
            return Err(LearnError::NotTaught {
                option,
                label: label.clone(),
                given: given.join(", "),
            });
        }
    }
    match lesson
        .replaced
        .iter()
        .find(|label| !network.contains(label))
    {
        Some(label) => Err(LearnError::NothingToReplace {
            label: label.clone(),
            known: network.join(", "),
        }),
        None => Ok(()),
    }
}

/// The background to learn beside, without what contradicts the pictures given: labels that are
/// defined anew, and the same pictures under another label. Also how many of the latter there were.
fn beside(
    background: Option<Background>,
    pictures: &[Picture],
    replaced: &[String],
    network: &[String],
) -> (Vec<BackgroundRow>, usize) {
    let rows = background.map_or_else(Vec::new, |background| background.rows);
    let length = |vector: &[f32]| product(vector, vector).sqrt();
    let lengths: Vec<f64> = pictures
        .iter()
        .map(|picture| length(&picture.seen.vector))
        .collect();
    let among = |row: &BackgroundRow| {
        let own = length(&row.features);
        pictures.iter().zip(&lengths).any(|(picture, length)| {
            let cosine = product(&picture.seen.vector, &row.features) / (own * length);
            picture.label != network[row.label] && cosine > SAME_PICTURE
        })
    };
    let rows = rows
        .into_iter()
        .filter(|row| !replaced.contains(&network[row.label]));
    let (same, kept): (Vec<_>, Vec<_>) = rows.partition(among);
    (kept, same.len())
}

/// Shares that the scores take for granted: one in as many as there are labels for each that is new
/// to the network; the others share the rest as the base's calibration had them, or evenly.
fn prior(base: &Bundle, labels: &[String]) -> Vec<f64> {
    let described = &base.description;
    let network = &described.labels.names;
    let stated = |label: &String| match &described.calibration {
        Some(calibration) => calibration.prior.get(label).copied().unwrap_or(0.0),
        None => 1.0 / network.len() as f64,
    };
    let fresh = labels.len() - network.len();
    let each = 1.0 / labels.len() as f64;
    let rest = 1.0 - each * fresh as f64;
    let total: f64 = network.iter().map(stated).sum();
    let share = |label: &String| {
        if network.contains(label) {
            rest * stated(label) / total
        } else {
            each
        }
    };
    labels.iter().map(share).collect()
}

fn groups_of(labels: &[usize], groups: &[usize], label: usize) -> usize {
    let own = labels.iter().zip(groups).filter(|(own, _)| **own == label);
    own.map(|(_, group)| *group).collect::<BTreeSet<_>>().len()
}

/// The first of the highest.
fn best(scores: &[f64]) -> usize {
    let mut best = 0;
    for (label, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = label;
        }
    }
    best
}

/// The name that a bundle gets from its folder.
fn name_of(folder: &Path) -> String {
    folder.file_name().map_or_else(
        || "taught".into(),
        |name| name.to_string_lossy().into_owned(),
    )
}
