//! The rows that a head is fitted to: the pictures given first, then the background.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, Axis, concatenate};

use super::background::BackgroundSelection;
use super::labels::LabelSet;
use super::pictures::Picture;
use crate::recognize::{Bundle, Embedding, NetworkWord};

/// How much the network's word on a taught label counts, where it knows it. Taught from one source
/// and judged on another, half was better than all and than nothing (eval/learn).
pub(super) const TRUST: f32 = 0.5;

/// The share that the taught labels have together, each as much as the other, where there is
/// anything else: the pictures of a label count as much however few they are.
const TAUGHT_SHARE: f64 = 0.5;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowKind {
    /// A picture given, as it is.
    Given,
    /// A look of one.
    Look,
    /// A background picture of the base.
    Background,
    /// A photograph of the kind that will be scanned: it shows any of the labels that are not
    /// taught, or `other`.
    Scanned,
}

/// Everything that is known of each row.
pub(super) struct TrainingSet {
    /// Rows x values: what the head reads.
    pub(super) vectors: Array2<f32>,
    /// Rows x labels: the network's word, 0 for a label that it is not asked for.
    pub(super) known: Array2<f32>,
    /// Per row what it is; the pictures given come first.
    pub(super) kind: Vec<RowKind>,
    /// Per row the index of the label it shows; as many as there are labels for
    /// [`RowKind::Scanned`].
    pub(super) label: Vec<usize>,
    /// Per row its group; every background picture is one of its own.
    pub(super) group: Vec<usize>,
    /// Per row how much it counts: a label's pictures together as much as its prior.
    pub(super) weight: Array1<f64>,
    /// Per row the label that the network gives the highest logit.
    pub(super) network_best: Vec<usize>,
    /// Per label the share that the scores take for granted.
    pub(super) prior: Vec<f64>,
    /// Per label whether what is scanned may show it.
    pub(super) rest: Vec<bool>,
    /// How many rows are pictures given.
    pub(super) given: usize,
}

impl TrainingSet {
    /// Joins the pictures, their looks and the background; there is at least one picture.
    pub(super) fn new(
        base: &Bundle,
        labels: &LabelSet,
        pictures: &[Picture],
        background: &BackgroundSelection,
    ) -> Self {
        let mut rows = Rows::default();
        for picture in pictures {
            let label = labels.index_of(&picture.label);
            rows.push(RowKind::Given, label, picture.group, &picture.seen);
        }
        for picture in pictures {
            let label = labels.index_of(&picture.label);
            for look in &picture.looks {
                rows.push(RowKind::Look, label, picture.group, look);
            }
        }
        let fresh = 1 + rows.group.iter().copied().max().unwrap_or(0);
        let behind = background.kept.iter().flat_map(|kept| &kept.labels);
        let groups = fresh..;
        for (&label, group) in behind.zip(groups) {
            rows.kind.push(RowKind::Background);
            rows.label.push(label);
            rows.group.push(group);
        }
        let (own_logits, own_vectors) = (matrix(&rows.logits), matrix(&rows.vectors));
        let (mut logits, mut vectors) = match &background.kept {
            Some(kept) => (
                below(own_logits, &kept.logits),
                below(own_vectors, &kept.features),
            ),
            None => (own_logits, own_vectors),
        };
        if !background.scanned.is_empty() {
            let fresh = fresh + background.len();
            let mut scanned = Rows::default();
            for (seen, group) in background.scanned.iter().zip(fresh..) {
                rows.kind.push(RowKind::Scanned);
                rows.label.push(labels.names.len());
                rows.group.push(group);
                scanned.logits.push(&seen.logits);
                scanned.vectors.push(&seen.vector);
            }
            logits = below(logits, &matrix(&scanned.logits));
            vectors = below(vectors, &matrix(&scanned.vectors));
        }
        let prior = prior(base, labels);
        let best = logits.outer_iter().map(|row| argmax(row.iter()));
        Self {
            known: known(base, labels, &logits),
            weight: weights(&rows.kind, &rows.label, &prior, labels),
            network_best: best.collect(),
            rest: labels.is_rest.clone(),
            given: pictures.len(),
            vectors,
            kind: rows.kind,
            label: rows.label,
            group: rows.group,
            prior,
        }
    }

    /// How many groups show the label, among all rows.
    pub(super) fn groups_of(&self, label: usize) -> usize {
        count_groups(
            (0..self.label.len()).filter(|&row| self.label[row] == label),
            &self.group,
        )
    }

    /// The prior with the labels' names.
    pub(super) fn prior_by_label(&self, names: &[String]) -> BTreeMap<String, f64> {
        names
            .iter()
            .cloned()
            .zip(self.prior.iter().copied())
            .collect()
    }
}

/// How many groups these rows belong to.
pub(super) fn count_groups(rows: impl Iterator<Item = usize>, group: &[usize]) -> usize {
    rows.map(|row| group[row]).collect::<BTreeSet<_>>().len()
}

/// The index of the first of the highest values.
pub(super) fn argmax<'a, T: PartialOrd + 'a>(values: impl Iterator<Item = &'a T>) -> usize {
    let mut highest: Option<(usize, &T)> = None;
    for (index, value) in values.enumerate() {
        if highest.is_none_or(|(_, high)| value > high) {
            highest = Some((index, value));
        }
    }
    highest.map_or(0, |(index, _)| index)
}

/// Rows as they are gathered.
#[derive(Default)]
struct Rows<'a> {
    kind: Vec<RowKind>,
    label: Vec<usize>,
    group: Vec<usize>,
    logits: Vec<&'a Vec<f32>>,
    vectors: Vec<&'a Vec<f32>>,
}

impl<'a> Rows<'a> {
    fn push(&mut self, kind: RowKind, label: usize, group: usize, seen: &'a Embedding) {
        self.kind.push(kind);
        self.label.push(label);
        self.group.push(group);
        self.logits.push(&seen.logits);
        self.vectors.push(&seen.vector);
    }
}

/// One row for each; all have as many values as the first.
fn matrix(values: &[&Vec<f32>]) -> Array2<f32> {
    let width = values.first().map_or(0, |first| first.len());
    let mut rows = Array2::zeros((values.len(), width));
    for (mut row, values) in rows.outer_iter_mut().zip(values) {
        row.iter_mut()
            .zip(*values)
            .for_each(|(to, from)| *to = *from);
    }
    rows
}

/// One matrix below the other; the upper alone if they do not fit.
fn below(upper: Array2<f32>, lower: &Array2<f32>) -> Array2<f32> {
    concatenate(Axis(0), &[upper.view(), lower.view()]).unwrap_or(upper)
}

/// Rows x labels: the network's word over the labels that it is asked for. A row that the network
/// has no answer to is known nothing of.
fn known(base: &Bundle, labels: &LabelSet, logits: &Array2<f32>) -> Array2<f32> {
    let output = &base.description.output;
    let word = NetworkWord {
        network_index: labels.network_index.clone(),
        taught: (0..labels.names.len())
            .map(|label| labels.taught.contains(&label))
            .collect(),
        trust: TRUST,
        temperature: output.temperature,
        activation: output.activation,
    };
    let mut known = Array2::zeros((logits.nrows(), labels.names.len()));
    for (mut row, logits) in known.outer_iter_mut().zip(logits.outer_iter()) {
        if let Some(values) = word.of(&logits.to_vec()) {
            row.assign(&Array1::from(values));
        }
    }
    known
}

/// What a label's pictures as they are, their looks and the base's own pictures of it (renders,
/// for some labels) weigh beside each other, where there are such.
fn part(kind: RowKind) -> f64 {
    match kind {
        RowKind::Given | RowKind::Look => 1.0,
        RowKind::Background => 0.1,
        RowKind::Scanned => 1.0,
    }
}

/// A label's rows weigh as much as its prior, by [`part`]. What is scanned weighs as much as all
/// else that is not taught.
fn weights(kind: &[RowKind], label: &[usize], prior: &[f64], labels: &LabelSet) -> Array1<f64> {
    let mut count = vec![BTreeMap::<RowKind, usize>::new(); prior.len() + 1];
    for (&label, &kind) in label.iter().zip(kind) {
        *count[label].entry(kind).or_default() += 1;
    }
    let is_untaught = |label: &usize| !labels.taught.contains(label);
    let untaught: f64 = (0..prior.len())
        .filter(is_untaught)
        .map(|label| prior[label])
        .sum();
    let rest = (0..prior.len()).filter(|&label| labels.is_rest[label]);
    let rest: f64 = rest.map(|label| prior[label]).sum();
    let scanned = !count[prior.len()].is_empty();
    let share = |label: usize| match prior.get(label) {
        Some(prior) if scanned && is_untaught(&label) => prior / 2.0,
        Some(prior) => *prior,
        None if untaught > 0.0 => untaught / 2.0,
        // `other` alone is left, and taught.
        None => rest,
    };
    let weight = |(&label, &kind): (&usize, &RowKind)| {
        let kinds = &count[label];
        let parts: f64 = kinds.keys().map(|&kind| part(kind)).sum();
        share(label) * part(kind) / parts / kinds[&kind] as f64
    };
    label.iter().zip(kind).map(weight).collect()
}

/// Shares that the scores take for granted: the taught labels have [`TAUGHT_SHARE`] among them,
/// evenly; the others share the rest as the base's calibration had them, or evenly.
fn prior(base: &Bundle, labels: &LabelSet) -> Vec<f64> {
    let described = &base.description;
    let network = &described.labels.names;
    let stated = |label: usize| match &described.calibration {
        Some(calibration) => calibration
            .prior
            .get(&network[label])
            .copied()
            .unwrap_or(0.0),
        None => 1.0 / network.len() as f64,
    };
    let untaught = (0..network.len()).filter(|label| !labels.taught.contains(label));
    let total: f64 = untaught.clone().map(stated).sum();
    let given = labels.taught.len() as f64;
    let (each, rest) = match total > 0.0 {
        true => (TAUGHT_SHARE / given, 1.0 - TAUGHT_SHARE),
        false => (1.0 / given, 0.0),
    };
    let share = |label: usize| match labels.taught.contains(&label) {
        true => each,
        false => rest * stated(label) / total,
    };
    (0..labels.names.len()).map(share).collect()
}
