//! A head, judged, and the bundle that it makes with its base.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::Array2;

use super::held_out::{BackgroundReport, LabelReport, ProductReport, ScannedReport};
use super::options::HoldOut;
use super::pictures::Picture;
use crate::escape::name;
use crate::evaluate::rows::LeftOut;
use crate::recognize::{Bundle, Reads, Threshold};

/// A head, judged.
#[derive(Debug)]
pub struct TaughtBundle {
    pub(super) base: Bundle,
    /// All labels, the network's first.
    pub labels: Vec<String>,
    /// Those that were taught.
    pub(super) taught_labels: Vec<String>,
    /// Which output the head reads.
    pub reads: Reads,
    pub(super) replaced: Vec<String>,
    /// Labels x (values of the output, then the constant).
    pub(super) head: Array2<f32>,
    /// Divides the logits.
    pub temperature: f64,
    /// Ridge penalty that was chosen.
    pub penalty: f64,
    /// Per label the share that the scores take for granted.
    pub(super) prior: BTreeMap<String, f64>,
    /// Pictures learnt from.
    pub(super) pictures: Vec<Picture>,
    /// Pictures x labels: their held-out scores.
    pub(super) held_out: Array2<f64>,
    /// How each taught label does on held-out pictures.
    pub taught: Vec<LabelReport>,
    /// Thresholds of the products, and what reached them.
    pub products: Vec<ProductReport>,
    /// How the base's background pictures do.
    pub background: BackgroundReport,
    /// How photographs of the kind that will be scanned do, where they were given.
    pub scanned: Option<ScannedReport>,
    /// What was held out together.
    pub hold_out: HoldOut,
    /// Looks that were taken of each picture.
    pub looks: usize,
    /// Pictures that were not used.
    pub left_out: Vec<LeftOut>,
    /// Whether the source named the groups; else near-duplicates are one.
    pub named_groups: bool,
}

impl TaughtBundle {
    /// The base's thresholds, and those of the products.
    pub(super) fn thresholds(&self) -> BTreeMap<String, Threshold> {
        let mut thresholds = self.base.description.thresholds.clone();
        let products = self.products.iter();
        thresholds.extend(products.map(|product| (product.label.clone(), product.threshold)));
        thresholds
    }
}

/// The name that a bundle gets from its folder.
pub(super) fn bundle_name(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "taught".into(), name)
}
