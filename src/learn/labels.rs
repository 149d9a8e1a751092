//! The labels of a taught bundle: the network's own, then those that the pictures add.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{GroupKind, LabelRole, LearnError};
use super::options::LearnOptions;
use super::pictures::{Picture, Pictures};
use crate::evaluate::left_out::{Exclusion, LeftOut};

/// Groups that a label needs: to learn from, to choose on, to judge by.
const FEWEST_GROUPS: usize = 3;

/// The labels, and which of them are known, new or taught.
#[derive(Debug)]
pub(super) struct LabelSet {
    /// All labels, the network's first.
    pub(super) names: Vec<String>,
    /// How many of them are the network's.
    pub(super) network: usize,
    /// Per label its index among the network's logits, unless it is new or replaced.
    pub(super) network_index: Vec<Option<usize>>,
    /// Indices of the labels that there are pictures of, by name.
    pub(super) taught: Vec<usize>,
    /// Per label whether a photograph of the background may show it: those that are not taught,
    /// and `other`.
    pub(super) is_rest: Vec<bool>,
}

/// What everything else is called, taught or not.
const EVERYTHING_ELSE: &str = "other";

impl LabelSet {
    /// Joins the labels of the network with those of the pictures.
    pub(super) fn new(
        network: &[String],
        options: &LearnOptions,
        gathered: &Pictures,
    ) -> Result<Self, LearnError> {
        let pictures = &gathered.usable;
        if pictures.is_empty() {
            return Err(no_pictures(options, gathered));
        }
        let given: BTreeSet<&String> = pictures.iter().map(|picture| &picture.label).collect();
        check_names(options, &given, network)?;
        let fresh = given.iter().filter(|label| !network.contains(label));
        let names: Vec<String> = network.iter().chain(fresh.copied()).cloned().collect();
        let known = |(index, label): (usize, &String)| {
            (index < network.len() && !options.replaced.contains(label)).then_some(index)
        };
        let mut set = Self {
            network: network.len(),
            network_index: names.iter().enumerate().map(known).collect(),
            taught: Vec::new(),
            is_rest: Vec::new(),
            names,
        };
        set.taught = given.iter().map(|label| set.index_of(label)).collect();
        let is_rest = |name: &String| name == EVERYTHING_ELSE || !given.contains(name);
        set.is_rest = set.names.iter().map(is_rest).collect();
        Ok(set)
    }

    /// Index of a label of the pictures or of the network.
    pub(super) fn index_of(&self, label: &String) -> usize {
        let index = self.names.iter().position(|name| name == label);
        index.unwrap_or(0)
    }

    /// The same for several.
    pub(super) fn indices_of(&self, labels: &[String]) -> Vec<usize> {
        labels.iter().map(|label| self.index_of(label)).collect()
    }

    /// Whether the network has the label, and its word on it counts.
    pub(super) fn is_known(&self, label: usize) -> bool {
        self.network_index[label].is_some()
    }

    /// Whether any of the labels that there are pictures of is the network's.
    pub(super) fn any_taught_is_of_network(&self) -> bool {
        self.taught.iter().any(|&label| label < self.network)
    }
}

fn no_pictures(options: &LearnOptions, gathered: &Pictures) -> LearnError {
    let first = gathered.left_out.first();
    LearnError::NoPictures {
        from: options.from.clone(),
        first: first.map_or("it is empty".into(), |row| {
            format!("{}: {}", row.file, row.why)
        }),
    }
}

fn check_names(
    options: &LearnOptions,
    given: &BTreeSet<&String>,
    network: &[String],
) -> Result<(), LearnError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(label) = given.iter().find(|label| !label.chars().all(fits)) {
        return Err(LearnError::BadName((**label).clone()));
    }
    for (role, labels) in [
        (LabelRole::Product, &options.products),
        (LabelRole::Replaced, &options.replaced),
    ] {
        if let Some(label) = labels.iter().find(|label| !given.contains(label)) {
            let given: Vec<&str> = given.iter().map(|label| label.as_str()).collect();
            return Err(LearnError::NotTaught {
                role,
                label: label.clone(),
                given: given.join(", "),
            });
        }
    }
    let mut replaced = options.replaced.iter();
    match replaced.find(|label| !network.contains(label)) {
        Some(label) => Err(LearnError::NothingToReplace {
            label: label.clone(),
            known: network.join(", "),
        }),
        None => Ok(()),
    }
}

/// Takes the pictures of a label out that has fewer than [`FEWEST_GROUPS`] groups: one such label
/// in a collection of many is no reason to learn none of them.
///
/// # Errors
/// [`LearnError::TooFew`] for a label that was asked for by name, and where no label has enough.
pub(super) fn leave_out_rare(
    gathered: &mut Pictures,
    options: &LearnOptions,
) -> Result<(), LearnError> {
    let mut groups: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for picture in &gathered.usable {
        let of_label = groups.entry(picture.label.clone()).or_default();
        of_label.insert(picture.group);
    }
    let rare = |label: &String| groups[label].len() < FEWEST_GROUPS;
    let asked = options.products.iter().chain(&options.replaced);
    let asked = asked.filter(|label| groups.contains_key(*label));
    let first = groups.keys().next().filter(|_| groups.keys().all(rare));
    if let Some(label) = asked.chain(first).find(|label| rare(label)) {
        return Err(too_few(label, groups[label].len(), gathered));
    }
    let (out, kept): (Vec<Picture>, Vec<Picture>) = std::mem::take(&mut gathered.usable)
        .into_iter()
        .partition(|picture| rare(&picture.label));
    gathered.usable = kept;
    gathered
        .left_out
        .extend(out.into_iter().map(|picture| LeftOut {
            line: picture.line,
            file: picture.file,
            why: Exclusion::RareLabel {
                groups: groups[&picture.label].len(),
                label: picture.label,
                fewest: FEWEST_GROUPS,
            },
        }));
    gathered.left_out.sort_by_key(|row| row.line);
    Ok(())
}

fn too_few(label: &str, groups: usize, gathered: &Pictures) -> LearnError {
    let of_label = gathered.usable.iter();
    LearnError::TooFew {
        label: label.to_owned(),
        pictures: of_label.filter(|picture| picture.label == label).count(),
        groups,
        kind: if gathered.named_groups {
            GroupKind::Named
        } else {
            GroupKind::NearDuplicates
        },
        fewest: FEWEST_GROUPS,
    }
}
