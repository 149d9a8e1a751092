//! Everything that stays the same over a run.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::look_inside::LookInside;
use crate::index::Descriptor;
use crate::photo::{Limits, PIXELS_ID, hex};
use crate::recognize::{Bundle, PriorError, PriorShift, Runtime, ViewsRule};
use crate::record::ModelStamp;
use crate::schreger::Reading;
use crate::verdict::{self, Verdict};

/// A loaded runtime, a checked bundle, and how photos are judged with them.
#[derive(Debug)]
pub struct Engine {
    pub(super) runtime: Runtime,
    pub(super) bundle: Bundle,
    pub(super) limits: Limits,
    pub(super) prior: Option<PriorShift>,
    stamp: ModelStamp,
    /// Identity of the preprocessing, beside every stored descriptor.
    preprocessing: String,
    lattice: ReadLattice,
    look_inside: LookInside,
}

/// When the Schreger lattice is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadLattice {
    /// When the bundle's ivory score makes it worth while.
    #[default]
    WhenPlausible,
    /// On every photo.
    Always,
    /// Never.
    Never,
}

impl Engine {
    /// Joins a loaded runtime, a checked bundle and the limits on pictures.
    #[must_use]
    pub fn new(runtime: Runtime, bundle: Bundle, limits: Limits) -> Self {
        let stamp = ModelStamp {
            name: bundle.description.name.clone(),
            version: bundle.description.version.clone(),
            sha256: bundle.description.identity(),
            prior: BTreeMap::new(),
        };
        let input = Sha256::digest(format!("{:?}", bundle.description.input));
        let preprocessing = format!("{} {} {PIXELS_ID}", stamp.version, &hex(&input)[..16]);
        Self {
            runtime,
            bundle,
            limits,
            prior: None,
            stamp,
            preprocessing,
            lattice: ReadLattice::default(),
            look_inside: LookInside::default(),
        }
    }

    /// The same engine, reading the lattice when told.
    #[must_use]
    pub fn with_lattice(self, lattice: ReadLattice) -> Self {
        Self { lattice, ..self }
    }

    /// The same engine, examining the pictures on a page when told.
    #[must_use]
    pub fn with_regions(self, look_inside: LookInside) -> Self {
        Self {
            look_inside,
            ..self
        }
    }

    pub(super) fn look_inside(&self) -> LookInside {
        self.look_inside
    }

    /// The rule by which large photographs are looked at more closely; `None` where they are not.
    pub(super) fn views_rule(&self) -> Option<&ViewsRule> {
        let is_on = self.look_inside != LookInside::Never;
        self.bundle.description.views.as_ref().filter(|_| is_on)
    }

    /// The same engine, whose scores are moved from the prior of the bundle's calibration to the
    /// given rates of labels, each above 0 and below 1. Without any rate nothing changes.
    ///
    /// # Errors
    /// [`PriorError`].
    pub fn with_prior(mut self, rates: BTreeMap<String, f64>) -> Result<Self, PriorError> {
        if !rates.is_empty() {
            let shift = PriorShift::new(&self.bundle.description, rates)?;
            self.stamp.prior.clone_from(&shift.rates);
            self.prior = Some(shift);
        }
        Ok(self)
    }

    /// Which model the records will name.
    #[must_use]
    pub fn stamp(&self) -> &ModelStamp {
        &self.stamp
    }

    /// Version of the ONNX Runtime in use, where it tells.
    #[must_use]
    pub fn runtime_version(&self) -> Option<String> {
        self.runtime.version()
    }

    /// The bundle in use.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The limits on pictures.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a photo with these scores, in the bundle's order, gets its lattice read. `None`
    /// when there is nothing to say of ivory: no such label, or switched off.
    pub(super) fn lattice_is_worth_reading(&self, scores: &[f32]) -> Option<bool> {
        let described = &self.bundle.description;
        match (self.lattice, &described.schreger) {
            (ReadLattice::Always, _) => Some(true),
            (ReadLattice::Never, _) | (_, None) => None,
            (ReadLattice::WhenPlausible, Some(rule)) => {
                let mut scored = described.labels.names.iter().zip(scores);
                let ivory = scored.find(|(label, _)| **label == rule.label);
                Some(ivory.is_some_and(|(_, &score)| score >= rule.plausible))
            }
        }
    }

    /// Scores moved to the prior that was asked for.
    pub(super) fn at_prior(&self, scores: Vec<f32>) -> Vec<f32> {
        match &self.prior {
            Some(shift) => shift.apply(&scores),
            None => scores,
        }
    }

    /// The verdict on a picture with these scores, in the bundle's order, and this reading.
    pub(super) fn verdict(
        &self,
        scores: &[f32],
        reading: Option<&Reading>,
        is_blank: bool,
    ) -> Verdict {
        let described = &self.bundle.description;
        let verdict = match is_blank {
            true => Verdict::clear(),
            false => verdict::decide(&described.labels.names, scores, &described.thresholds),
        };
        let ivory = described.schreger.as_ref().map(|rule| rule.label.as_str());
        match (reading, ivory) {
            (Some(reading), Some(ivory)) => verdict.with_reading(reading, ivory),
            _ => verdict,
        }
    }

    /// A vector of the model, with the identity of its maker.
    pub(super) fn descriptor(&self, vector: Vec<f32>) -> Descriptor {
        Descriptor {
            vector,
            model: self.bundle.description.model.sha256.to_ascii_lowercase(),
            preprocessing: self.preprocessing.clone(),
        }
    }
}
