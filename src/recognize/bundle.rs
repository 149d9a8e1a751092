//! A model bundle: a folder with `model.onnx`, `bundle.toml` and `CARD.md`; further files where
//! `bundle.toml` names them.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::background::Background;
use super::head::Head;
use crate::fingerprint::PdqHash;
use crate::photo::hex;

/// The one version of `bundle.toml` that this program reads.
pub const SCHEMA: &str = "faunalens.bundle.v1";

/// A bundle that cannot be used; every variant names the folder or file.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of the bundle is missing or unreadable.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// `bundle.toml` is not valid.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The bundle.toml.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not the one the bundle describes.
    #[error("{}: SHA-256 is {found}, but bundle.toml says {expected}: the file was changed or damaged; fetch the bundle again", path.display())]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Hash that bundle.toml states.
        expected: String,
        /// Hash of the file.
        found: String,
    },
}

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
pub struct ModelFile {
    /// File name inside the bundle.
    pub file: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[training]` table: so that an evaluation can tell what the model has seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// File inside the bundle with the PDQ hash of one training photograph per line, 64 hexadecimal digits.
    pub hashes: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[input]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// the border that [`ResizeRule::Pad`] makes, and for [`Dtype::Uint8`] that alone (black when not given).
    pub mean: Option<[f32; 3]>,
    /// Then divided by this; [`Dtype::Uint8`] has none.
    pub std: Option<[f32; 3]>,
}

/// The `[output]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
pub struct Labels {
    /// Names, in the order of the model's output.
    pub names: Vec<String>,
}

/// The `[calibration]` table: what the scores take for granted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Share of each label among the photographs that the scores were calibrated on: above 0, of
    /// every label, summing to 1.
    pub prior: BTreeMap<String, f64>,
}

/// The `[background]` table: photographs as the network sees them, without pixels, for `model learn`
/// to tell new labels from. See [`Background`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackgroundFile {
    /// File name inside the bundle.
    pub file: PathBuf,
    /// Lower-case hex SHA-256 of the file.
    pub sha256: String,
}

/// The `[head]` table: labels that were taught to a finished network. See [`Head`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Labels of the network that the head defines anew; what the network says of them is not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<String>,
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
pub struct SchregerRule {
    /// The label that means ivory.
    pub label: String,
    /// Score of that label from which the lattice is read.
    pub plausible: f32,
}

/// `bundle.toml` as written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// What the model was trained on.
    pub training: Option<Training>,
    /// What its scores take for granted.
    pub calibration: Option<Calibration>,
    /// Photographs to learn beside.
    pub background: Option<BackgroundFile>,
    /// Labels taught later.
    pub head: Option<HeadFile>,
}

/// A checked bundle with its model in memory.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The bundle's folder.
    pub folder: PathBuf,
    /// `bundle.toml`.
    pub description: Description,
    /// The bytes of `model.onnx`; their hash has been checked.
    pub model: Vec<u8>,
    /// Labels taught later.
    pub head: Option<Head>,
}

impl Bundle {
    /// Reads and checks a bundle: schema, ranges, label names, hashes. The shapes
    /// are checked when a session is made from it.
    ///
    /// # Errors
    /// [`BundleError`] naming the file and what is wrong.
    pub fn load(folder: &Path) -> Result<Self, BundleError> {
        let description = Self::describe(folder)?;
        let model = sealed(folder, &description.model.file, &description.model.sha256)?;
        let head = match &description.head {
            Some(described) => {
                let bytes = sealed(folder, &described.file, &described.sha256)?;
                let head = Head::from_bytes(&bytes, &description, described);
                Some(head.map_err(|reason| BundleError::Invalid {
                    path: folder.join(&described.file),
                    reason,
                })?)
            }
            None => None,
        };
        Ok(Self {
            folder: folder.to_owned(),
            description,
            model,
            head,
        })
    }

    /// The hashes of the model's training photographs; `None` where the bundle does not tell them.
    ///
    /// # Errors
    /// [`BundleError`] when the file is missing, changed, or holds what is no hash.
    pub fn training_hashes(&self) -> Result<Option<Vec<PdqHash>>, BundleError> {
        let Some(training) = &self.description.training else {
            return Ok(None);
        };
        let bytes = sealed(&self.folder, &training.hashes, &training.sha256)?;
        let text = String::from_utf8_lossy(&bytes);
        let hashes = text.lines().map(str::parse).collect::<Result<_, _>>();
        hashes.map(Some).map_err(|_| BundleError::Invalid {
            path: self.folder.join(&training.hashes),
            reason: "a line is no PDQ hash of 64 hexadecimal digits".into(),
        })
    }

    /// The photographs to learn beside; `None` where the bundle has none.
    ///
    /// # Errors
    /// [`BundleError`] when the file is missing, changed or cut short.
    pub fn background(&self) -> Result<Option<Background>, BundleError> {
        let Some(described) = &self.description.background else {
            return Ok(None);
        };
        let bytes = sealed(&self.folder, &described.file, &described.sha256)?;
        let labels = self.description.labels.names.len();
        let size = self.description.output.features_size.unwrap_or(0);
        Background::from_bytes(&bytes, labels, size)
            .map(Some)
            .map_err(|reason| BundleError::Invalid {
                path: self.folder.join(&described.file),
                reason,
            })
    }

    /// Reads and checks `bundle.toml` alone, without touching the model.
    ///
    /// # Errors
    /// [`BundleError`] naming the file and what is wrong.
    pub fn describe(folder: &Path) -> Result<Description, BundleError> {
        let path = folder.join("bundle.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        let invalid = |reason: String| BundleError::Invalid {
            path: path.clone(),
            reason,
        };
        let description: Description =
            toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        description.check().map_err(invalid)?;
        Ok(description)
    }
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

    /// Checks what the types alone cannot.
    fn check(&self) -> Result<(), String> {
        let require = |holds: bool, reason: &str| {
            if holds {
                Ok(())
            } else {
                Err(reason.to_owned())
            }
        };
        if self.schema != SCHEMA {
            return Err(format!(
                "schema is {:?}, this program reads {SCHEMA:?}",
                self.schema
            ));
        }
        let names = &self.labels.names;
        require(!names.is_empty(), "labels.names is empty")?;
        let distinct: HashSet<&String> = names.iter().collect();
        require(
            distinct.len() == names.len(),
            "labels.names holds a name twice",
        )?;
        let input = &self.input;
        let size_is_sane = |side: u32| (1..=4096).contains(&side);
        require(
            size_is_sane(input.width) && size_is_sane(input.height),
            "input.width and input.height must lie in 1 to 4096",
        )?;
        let values = |given: Option<[f32; 3]>| given.into_iter().flatten();
        require(
            values(input.std).all(|std| std.is_finite() && std != 0.0)
                && values(input.mean).all(f32::is_finite),
            "input.mean and input.std must be finite, and std not zero",
        )?;
        match input.dtype {
            Dtype::Float32 => require(
                input.mean.is_some() && input.std.is_some(),
                "input.mean and input.std are missing; dtype = \"uint8\" is without",
            )?,
            Dtype::Uint8 => require(
                input.std.is_none() && (input.mean.is_none() || input.resize == ResizeRule::Pad),
                "input.mean and input.std are for dtype = \"float32\": a network of bytes normalises by itself (resize = \"pad\" takes its border from mean)",
            )?,
        }
        let temperature = self.output.temperature;
        require(
            temperature.is_finite() && temperature > 0.0,
            "output.temperature must be above zero",
        )?;
        require(
            self.output.descriptor.is_some() == self.output.descriptor_size.is_some(),
            "output.descriptor and output.descriptor_size go together",
        )?;
        require(
            self.output.features.is_some() == self.output.features_size.is_some(),
            "output.features and output.features_size go together",
        )?;
        require(
            input.shortest.is_none() || input.resize == ResizeRule::Shortest,
            "input.shortest is for resize = \"shortest\"",
        )?;
        let larger = input.width.max(input.height);
        require(
            input
                .shortest
                .is_none_or(|side| (larger..=8192).contains(&side)),
            "input.shortest must be at least the input's larger side, and at most 8192",
        )?;
        require(
            self.background.is_none() || self.output.features.is_some(),
            "background needs output.features",
        )?;
        if let Some(Calibration { prior }) = &self.calibration {
            let whole =
                prior.len() == names.len() && names.iter().all(|name| prior.contains_key(name));
            let sum: f64 = prior.values().sum();
            require(
                whole && prior.values().all(|&share| share > 0.0) && (sum - 1.0).abs() < 1e-3,
                "calibration.prior must give every label a share above 0, 1 in all",
            )?;
        }
        if let Some(head) = &self.head {
            let reads = match head.reads {
                Reads::Features => self.output.features.is_some(),
                Reads::Descriptor => self.output.descriptor.is_some(),
            };
            require(
                reads,
                "head.reads names an output that [output] does not have",
            )?;
            require(
                head.network_temperature.is_finite() && head.network_temperature > 0.0,
                "head.network_temperature must be above zero",
            )?;
            let kept = |label: &&String| !head.replaced.contains(label);
            require(
                head.network_labels
                    .iter()
                    .filter(kept)
                    .all(|label| names.contains(label))
                    && head.replaced.iter().all(|label| names.contains(label)),
                "head.network_labels holds a label that labels.names lacks",
            )?;
        }
        for (label, threshold) in &self.thresholds {
            if !names.contains(label) {
                return Err(format!("thresholds.{label}: no such label"));
            }
            let Threshold { review, flag } = *threshold;
            if !(0.0..=1.0).contains(&review) || !(review..=1.0).contains(&flag) {
                return Err(format!(
                    "thresholds.{label}: 0 <= review <= flag <= 1 must hold, not {review} and {flag}"
                ));
            }
        }
        match &self.schreger {
            Some(rule) if !names.contains(&rule.label) => {
                Err(format!("schreger.label: no label {:?}", rule.label))
            }
            _ => Ok(()),
        }
    }
}

/// Reads a file of the bundle whose hash `bundle.toml` states.
fn sealed(folder: &Path, file: &Path, sha256: &str) -> Result<Vec<u8>, BundleError> {
    let path = folder.join(file);
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
    let found = hex(&Sha256::digest(&bytes));
    let expected = sha256.to_ascii_lowercase();
    if found != expected {
        return Err(BundleError::WrongHash {
            path,
            expected,
            found,
        });
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> BundleError {
    BundleError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
