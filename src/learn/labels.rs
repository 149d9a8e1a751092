//! The labels of a taught bundle: the network's own, then those that the pictures add.

use std::collections::BTreeSet;

use super::error::{GroupKind, LabelRole, LearnError};
use super::options::LearnOptions;
use super::pictures::{Picture, Pictures};

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
}

impl LabelSet {
    /// Joins the labels of the network with those of the pictures, once these are found to
    /// suffice.
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
        for label in &given {
            check_groups(label, pictures, gathered.named_groups)?;
        }
        let fresh = given.iter().filter(|label| !network.contains(label));
        let names: Vec<String> = network.iter().chain(fresh.copied()).cloned().collect();
        let known = |(index, label): (usize, &String)| {
            (index < network.len() && !options.replaced.contains(label)).then_some(index)
        };
        let mut set = Self {
            network: network.len(),
            network_index: names.iter().enumerate().map(known).collect(),
            taught: Vec::new(),
            names,
        };
        set.taught = given.iter().map(|label| set.index_of(label)).collect();
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

fn check_groups(
    label: &String,
    pictures: &[Picture],
    named_groups: bool,
) -> Result<(), LearnError> {
    let of_label = || pictures.iter().filter(|picture| picture.label == *label);
    let groups: BTreeSet<usize> = of_label().map(|picture| picture.group).collect();
    if groups.len() >= FEWEST_GROUPS {
        return Ok(());
    }
    Err(LearnError::TooFew {
        label: label.clone(),
        pictures: of_label().count(),
        groups: groups.len(),
        kind: if named_groups {
            GroupKind::Named
        } else {
            GroupKind::NearDuplicates
        },
        fewest: FEWEST_GROUPS,
    })
}
