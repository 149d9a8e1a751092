//! `bundle.toml` as written: what a model takes, what it gives, and what that means.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::photo::hex;

/// The one version of `bundle.toml` that this program reads.
pub const SCHEMA: &str = "faunalens.bundle.v1";

/// Order of the axes of the input tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channel, row, column.
    Nchw,
    /// Batch, row, column, channel.
    Nhwc,
}

/// Order of the colour channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// What one value of the input tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// `(pixel - mean) / std`.
    #[default]
    Float32,
    /// The pixel as it is, 0 to 255: the network normalises by itself.
    Uint8,
}

/// How a photo of any shape becomes the model's input size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeRule {
    /// Stretched to the input size, whatever the aspect.
    Squash,
    /// The largest centred part of the input's aspect.
    CenterCrop,
    /// The shorter side resized to `shortest`, then the centred part, in whole pixels: what
    /// torchvision's `Resize` and `CenterCrop` do.
    Shortest,
    /// The whole photo, centred on the mean colour.
    Pad,
}

/// Resampling filter, as Pillow and `fast_image_resize` define it (antialiased).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeFilter {
    /// Mean over the source area.
    Box,
    /// Triangle.
    Bilinear,
    /// Catmull-Rom cubic (Pillow's BICUBIC, a = -0.5).
    CatmullRom,
    /// Lanczos, three lobes.
    Lanczos3,
}

/// What is still to be done to the model's first output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The output holds logits.
    Softmax,
    /// The output already holds probabilities.
    None,
}

/// The `[model]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelFile {
    /// File name inside the bundle.
    pub file: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[training]` table: so that an evaluation can tell what the model has seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Training {
    /// File inside the bundle with the PDQ hash of one training photograph per line, 64
    /// hexadecimal digits.
    pub hashes: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[input]` table.
///
/// Its `Debug` form is part of the identity that an index keeps beside every descriptor: another
/// name of a field here would part stored descriptors from new ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Input {
    /// Name of the input tensor.
    pub name: String,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Order of the axes.
    pub layout: Layout,
    /// Order of the channels.
    pub colour: Colour,
    /// What one value is.
    #[serde(default)]
    pub dtype: Dtype,
    /// How a photo becomes that size.
    pub resize: ResizeRule,
    /// With which filter.
    pub filter: ResizeFilter,
    /// Only for [`ResizeRule::Shortest`]: pixels of the shorter side before the crop, at least the
    /// input's larger side, which is also what it is when not given.
    pub shortest: Option<u32>,
    /// Subtracted from each channel's 0 to 255 value, in the order of `colour`; also the colour of
    /// the border that [`ResizeRule::Pad`] makes, and for [`Dtype::Uint8`] that alone (black when
    /// not given).
    pub mean: Option<[f32; 3]>,
    /// Then divided by this; [`Dtype::Uint8`] has none.
    pub std: Option<[f32; 3]>,
}

impl Input {
    /// Shape of the tensor for one photo, in the order of `layout`.
    pub(super) fn shape(&self) -> [usize; 4] {
        let (height, width) = (self.height as usize, self.width as usize);
        match self.layout {
            Layout::Nchw => [1, 3, height, width],
            Layout::Nhwc => [1, height, width, 3],
        }
    }
}

/// The `[output]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Output {
    /// Name of the output with one value per label.
    pub logits: String,
    /// What is still to be done to it.
    pub activation: Activation,
    /// Divides the logits; fitted on a calibration split.
    #[serde(default = "one")]
    pub temperature: f32,
    /// Name of the descriptor output, when there is one.
    pub descriptor: Option<String>,
    /// Values in a descriptor.
    pub descriptor_size: Option<usize>,
    /// Name of the output with what the label head reads, standardised, when there is one: what
    /// `faunalens model learn` learns from.
    pub features: Option<String>,
    /// Values in it.
    pub features_size: Option<usize>,
}

fn one() -> f32 {
    1.0
}

/// The `[labels]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Labels {
    /// Names, in the order of the model's output.
    pub names: Vec<String>,
}

/// The `[calibration]` table: what the scores take for granted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Calibration {
    /// Share of each label among the photographs that the scores were calibrated on: above 0, of
    /// every label, summing to 1.
    pub prior: BTreeMap<String, f64>,
}

/// The `[background]` table: photographs as the network sees them, without pixels, for `model
/// learn` to tell new labels from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BackgroundFile {
    /// File name inside the bundle.
    pub file: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[head]` table: labels that were taught to a finished network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HeadFile {
    /// File name inside the bundle.
    pub file: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
    /// Which output it reads.
    pub reads: Reads,
    /// The network's own labels, in the order of its logits.
    pub network_labels: Vec<String>,
    /// Divides the network's own logits.
    pub network_temperature: f32,
    /// Labels of the network that the head defines anew; what the network says of them is not
    /// used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
    /// Labels that were taught; of these the network's word counts as much as `trust`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taught: Vec<String>,
    /// From 0, the pictures taught alone decide, to 1, they only correct the network.
    #[serde(default = "full_trust")]
    pub trust: f32,
}

/// What heads of bundles say that were taught before there was anything to say of it.
fn full_trust() -> f32 {
    1.0
}

/// The output that a head reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// What the network's own label head reads.
    Features,
    /// The copy descriptor, where the bundle has no `features`.
    Descriptor,
}

impl Reads {
    /// The word in `bundle.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Descriptor => "descriptor",
        }
    }
}

/// From which score a label raises a decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Score from which a person should look.
    pub review: f32,
    /// Score from which the photo is flagged.
    pub flag: f32,
}

/// The `[schreger]` table: when the ivory lattice is worth reading.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SchregerRule {
    /// The label that means ivory.
    pub label: String,
    /// Score of that label from which the lattice is read.
    pub plausible: f32,
}

/// The `[views]` table: when a large photograph without frames is looked at more closely, and from
/// which scores what is seen there counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ViewsRule {
    /// Share of the photograph's width and height that a view takes.
    pub share: f32,
    /// Share of its points at edges from which a photograph is busy, 0 to 1.
    pub busy: f32,
    /// Per label; a label without an entry is not looked for.
    pub thresholds: BTreeMap<String, ViewThreshold>,
}

/// When a label is looked for in views, and from which score of a view it raises a decision: a
/// largest score of several comes out higher than one score, so these lie higher than the label's
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewThreshold {
    /// Score of the whole photograph from which views are worth their time.
    pub plausible: f32,
    /// Score of a view from which a person should look.
    pub review: f32,
    /// Score of a view from which the photo is flagged.
    pub flag: f32,
}

/// `bundle.toml` as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Description {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The bundle's name, such as `faunalens-base`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Licence of the weights.
    pub license: String,
    /// The ONNX file.
    pub model: ModelFile,
    /// What the model takes.
    pub input: Input,
    /// What it gives.
    pub output: Output,
    /// What its outputs mean.
    pub labels: Labels,
    /// Thresholds per label; a label without an entry never raises a decision.
    #[serde(default)]
    pub thresholds: BTreeMap<String, Threshold>,
    /// When to read the Schreger lattice.
    pub schreger: Option<SchregerRule>,
    /// When to look more closely; not at all where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub views: Option<ViewsRule>,
    /// What the model was trained on.
    pub training: Option<Training>,
    /// What its scores take for granted.
    pub calibration: Option<Calibration>,
    /// Photographs to learn beside.
    pub background: Option<BackgroundFile>,
    /// Labels taught later.
    pub head: Option<HeadFile>,
}

impl Description {
    /// What the network itself is: the labels of its logits, in their order.
    #[must_use]
    pub fn network_labels(&self) -> &[String] {
        match &self.head {
            Some(head) => &head.network_labels,
            None => &self.labels.names,
        }
    }

    /// Identity of what makes the scores: the model's SHA-256, or, with a head, the SHA-256 of the
    /// hexadecimal hashes of both, one after the other.
    #[must_use]
    pub fn identity(&self) -> String {
        let model = self.model.sha256.to_ascii_lowercase();
        match &self.head {
            Some(head) => hex(&Sha256::digest(model + &head.sha256.to_ascii_lowercase())),
            None => model,
        }
    }
}
