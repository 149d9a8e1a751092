//! The rows that a head is fitted to: the pictures given first, then the background.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, Array2, Axis, concatenate};

use super::background::BackgroundSelection;
use super::labels::LabelSet;
use super::pictures::Picture;
use crate::recognize::{Bundle, log_probabilities};

/// Everything that is known of each row.
pub(super) struct TrainingSet {
    /// Rows x values: what the head reads.
    pub(super) vectors: Array2<f32>,
    /// Rows x labels: the network's log-probabilities, 0 for a label that it is not asked for.
    pub(super) known: Array2<f32>,
    /// Per row the index of the label it shows.
    pub(super) label: Vec<usize>,
    /// Per row its group; every background picture is one of its own.
    pub(super) group: Vec<usize>,
    /// Per row how much it counts: a label's rows together as much as its prior.
    pub(super) weight: Array1<f64>,
    /// Per row the label that the network gives the highest logit.
    pub(super) network_best: Vec<usize>,
    /// Per label the share that the scores take for granted.
    pub(super) prior: Vec<f64>,
    /// How many rows are pictures given.
    pub(super) given: usize,
}

impl TrainingSet {
    /// Joins the pictures and the background; there is at least one picture.
    pub(super) fn new(
        base: &Bundle,
        labels: &LabelSet,
        pictures: &[Picture],
        background: &BackgroundSelection,
    ) -> Self {
        let label = row_labels(labels, pictures, background);
        let prior = prior(base, labels);
        let logits = stacked(pictures, |picture| &picture.seen.logits);
        let vectors = stacked(pictures, |picture| &picture.seen.vector);
        let (logits, vectors) = match &background.kept {
            Some(kept) => (below(logits, &kept.logits), below(vectors, &kept.features)),
            None => (logits, vectors),
        };
        let best = logits.outer_iter().map(|row| argmax(row.iter()));
        Self {
            known: known(base, labels, &logits),
            group: row_groups(pictures, background.len()),
            weight: weights(&label, &prior),
            network_best: best.collect(),
            given: pictures.len(),
            vectors,
            label,
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

/// One row per picture; all have as many values as the first.
fn stacked(pictures: &[Picture], values: impl Fn(&Picture) -> &Vec<f32>) -> Array2<f32> {
    let width = pictures.first().map_or(0, |picture| values(picture).len());
    let mut rows = Array2::zeros((pictures.len(), width));
    for (mut row, picture) in rows.outer_iter_mut().zip(pictures) {
        row.iter_mut()
            .zip(values(picture))
            .for_each(|(to, from)| *to = *from);
    }
    rows
}

/// One matrix below the other; the upper alone if they do not fit.
fn below(upper: Array2<f32>, lower: &Array2<f32>) -> Array2<f32> {
    concatenate(Axis(0), &[upper.view(), lower.view()]).unwrap_or(upper)
}

fn row_labels(
    labels: &LabelSet,
    pictures: &[Picture],
    background: &BackgroundSelection,
) -> Vec<usize> {
    let given = pictures
        .iter()
        .map(|picture| labels.index_of(&picture.label));
    let behind = background
        .kept
        .iter()
        .flat_map(|kept| kept.labels.iter().copied());
    given.chain(behind).collect()
}

fn row_groups(pictures: &[Picture], background: usize) -> Vec<usize> {
    let given = pictures.iter().map(|picture| picture.group);
    let groups = given.clone().max().map_or(0, |most| most + 1);
    given.chain(groups..groups + background).collect()
}

/// Rows x labels: the network's log-probabilities over the labels that it is asked for. A row that
/// the network has no answer to is known nothing of.
fn known(base: &Bundle, labels: &LabelSet, logits: &Array2<f32>) -> Array2<f32> {
    let output = &base.description.output;
    let mut known = Array2::zeros((logits.nrows(), labels.names.len()));
    for (mut row, logits) in known.outer_iter_mut().zip(logits.outer_iter()) {
        let logits = logits.to_vec();
        let index = &labels.network_index;
        if let Some(values) =
            log_probabilities(&logits, output.activation, output.temperature, index)
        {
            row.assign(&Array1::from(values));
        }
    }
    known
}

fn weights(label: &[usize], prior: &[f64]) -> Array1<f64> {
    let mut count = vec![0usize; prior.len()];
    label.iter().for_each(|&label| count[label] += 1);
    label
        .iter()
        .map(|&label| prior[label] / count[label] as f64)
        .collect()
}

/// Shares that the scores take for granted: one in as many as there are labels for each that is
/// new to the network; the others share the rest as the base's calibration had them, or evenly.
fn prior(base: &Bundle, labels: &LabelSet) -> Vec<f64> {
    let described = &base.description;
    let network = &described.labels.names;
    let stated = |label: &String| match &described.calibration {
        Some(calibration) => calibration.prior.get(label).copied().unwrap_or(0.0),
        None => 1.0 / network.len() as f64,
    };
    let fresh = labels.names.len() - labels.network;
    let each = 1.0 / labels.names.len() as f64;
    let rest = 1.0 - each * fresh as f64;
    let total: f64 = network.iter().map(stated).sum();
    let share = |(index, label): (usize, &String)| {
        if index < labels.network {
            rest * stated(label) / total
        } else {
            each
        }
    };
    labels.names.iter().enumerate().map(share).collect()
}
