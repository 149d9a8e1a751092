//! A bundle's model, ready to run.

use image::RgbImage;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::bundle::Bundle;
use super::calibrate::probabilities;
use super::description::{Activation, Dtype, Output, Reads};
use super::head::Head;
use super::preprocess::{Preprocessor, Tensor};
use super::runtime::Runtime;
use crate::escape::name;

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecognizeError {
    /// ONNX Runtime refused the model.
    #[error("{bundle}: ONNX Runtime cannot load the model: {reason}")]
    Load {
        /// The bundle's folder.
        bundle: String,
        /// ONNX Runtime's words.
        reason: String,
    },
    /// The model is not what `bundle.toml` says.
    #[error("{bundle}: bundle.toml does not fit the model: {reason}")]
    Mismatch {
        /// The bundle's folder.
        bundle: String,
        /// What differs.
        reason: String,
    },
    /// The model failed on one photo.
    #[error("inference failed: {0}")]
    Run(String),
}

/// What the model says of one photo.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recognition {
    /// One calibrated probability per label of the bundle, in the bundle's
    /// order; they sum to 1.
    pub scores: Vec<f32>,
    /// The picture's descriptor, L2-normalised, when the bundle has one.
    pub descriptor: Option<Vec<f32>>,
}

/// One session with its own buffers: each worker has one.
pub struct Recognizer {
    session: Session,
    preprocessor: Preprocessor,
    output: Output,
    /// Logits that the network gives.
    labels: usize,
    head: Option<(Head, Reads)>,
}

/// One photo as the network sees it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Embedding {
    /// The network's logits, before temperature and head.
    pub logits: Vec<f32>,
    /// The output that a head reads.
    pub vector: Vec<f32>,
}

impl Recognizer {
    /// Loads the model with `threads` threads for one inference: 1 for a worker
    /// among many, all cores for a single photo. Scores do not depend on it.
    ///
    /// # Errors
    /// [`RecognizeError::Load`], or [`RecognizeError::Mismatch`] naming the first
    /// input, output, shape or label count that differs from the bundle's.
    pub fn new(runtime: &Runtime, bundle: &Bundle, threads: usize) -> Result<Self, RecognizeError> {
        let folder = name(&bundle.folder);
        let session =
            open(runtime, &bundle.model, threads).map_err(|error| RecognizeError::Load {
                bundle: folder.clone(),
                reason: error.to_string(),
            })?;
        check_model(&session, bundle).map_err(|reason| RecognizeError::Mismatch {
            bundle: folder,
            reason,
        })?;
        Ok(Self {
            session,
            preprocessor: Preprocessor::new(&bundle.description.input),
            output: bundle.description.output.clone(),
            labels: bundle.description.network_labels().len(),
            head: bundle
                .head
                .clone()
                .zip(bundle.description.head.as_ref().map(|head| head.reads)),
        })
    }

    /// Scores one photo's upright RGB pixels.
    ///
    /// # Errors
    /// [`RecognizeError::Run`] when inference fails or gives values that are no
    /// probabilities.
    pub fn recognize(&mut self, pixels: &RgbImage) -> Result<Recognition, RecognizeError> {
        let reads = self.head.as_ref().map(|(_, reads)| *reads);
        let mut outputs = self.run(pixels, reads)?;
        let logits = match &self.head {
            Some((head, _)) => {
                let vector = outputs.vector.take().unwrap_or_default();
                head.logits(&outputs.logits, &vector)
            }
            None => Some(outputs.logits),
        };
        let activation = match &self.head {
            Some(_) => Activation::Softmax,
            None => self.output.activation,
        };
        let scores = logits
            .and_then(|logits| probabilities(&logits, activation, self.output.temperature))
            .ok_or_else(|| RecognizeError::Run("the model's output is not finite".into()))?;
        Ok(Recognition {
            scores,
            descriptor: outputs.descriptor,
        })
    }

    /// What the network says of one photo's upright RGB pixels, before temperature and head, and
    /// the output named by `reads`.
    ///
    /// # Errors
    /// [`RecognizeError::Run`] when inference fails, or the bundle has no such output.
    pub fn embed(&mut self, pixels: &RgbImage, reads: Reads) -> Result<Embedding, RecognizeError> {
        let outputs = self.run(pixels, Some(reads))?;
        let vector = outputs
            .vector
            .ok_or_else(|| RecognizeError::Run(format!("no output {}", reads.name())))?;
        Ok(Embedding {
            logits: outputs.logits,
            vector,
        })
    }

    fn run(&mut self, pixels: &RgbImage, reads: Option<Reads>) -> Result<Outputs, RecognizeError> {
        let fail = |error: ort::Error| RecognizeError::Run(error.to_string());
        let tensor = self
            .preprocessor
            .tensor(pixels)
            .map_err(RecognizeError::Run)?;
        let inputs = match &tensor {
            Tensor::Float(tensor) => {
                ort::inputs![TensorRef::from_array_view(tensor).map_err(fail)?]
            }
            Tensor::Bytes(tensor) => {
                ort::inputs![TensorRef::from_array_view(tensor).map_err(fail)?]
            }
        };
        let outputs = self.session.run(inputs).map_err(fail)?;
        let values = |name: &str| -> Result<Vec<f32>, RecognizeError> {
            let value = outputs
                .get(name)
                .ok_or_else(|| RecognizeError::Run(format!("no output {name}")))?;
            let array = value.try_extract_array::<f32>().map_err(fail)?;
            Ok(array.iter().copied().collect())
        };
        let logits = values(&self.output.logits)?;
        if logits.len() != self.labels {
            return Err(RecognizeError::Run(format!(
                "{} values for {} labels",
                logits.len(),
                self.labels
            )));
        }
        let named = |name: &Option<String>| name.as_deref().map(values).transpose();
        Ok(Outputs {
            logits,
            descriptor: named(&self.output.descriptor)?,
            vector: match reads {
                Some(Reads::Features) => named(&self.output.features)?,
                Some(Reads::Descriptor) => named(&self.output.descriptor)?,
                None => None,
            },
        })
    }
}

/// What one inference gave.
struct Outputs {
    logits: Vec<f32>,
    descriptor: Option<Vec<f32>>,
    vector: Option<Vec<f32>>,
}

fn open(runtime: &Runtime, model: &[u8], threads: usize) -> ort::Result<Session> {
    Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_intra_threads(threads)?
        .with_intra_op_spinning(false)?
        .with_deterministic_compute(true)?
        .commit_from_memory(model)
}

fn check_model(session: &Session, bundle: &Bundle) -> Result<(), String> {
    check_input(session, bundle)?;
    let float = TensorElementType::Float32;
    let labels = bundle.description.network_labels().len();
    let output = &bundle.description.output;
    check_tensor(
        find_output(session, &output.logits)?,
        float,
        &[1, labels],
        "output.logits (labels.names gives the count, with a head head.network_labels)",
    )?;
    let descriptor = output.descriptor.as_ref().zip(output.descriptor_size);
    let features = output.features.as_ref().zip(output.features_size);
    for (table, key) in [
        (descriptor, "output.descriptor"),
        (features, "output.features"),
    ] {
        if let Some((name, size)) = table {
            check_tensor(find_output(session, name)?, float, &[1, size], key)?;
        }
    }
    Ok(())
}

fn check_input(session: &Session, bundle: &Bundle) -> Result<(), String> {
    let described = &bundle.description.input;
    let [input] = session.inputs() else {
        return Err(format!(
            "one input is expected, the model has {}",
            session.inputs().len()
        ));
    };
    if input.name() != described.name {
        return Err(format!(
            "input.name is {:?}, the model's is {:?}",
            described.name,
            input.name()
        ));
    }
    let dtype = match described.dtype {
        Dtype::Float32 => TensorElementType::Float32,
        Dtype::Uint8 => TensorElementType::Uint8,
    };
    check_tensor(input, dtype, &described.shape(), "input")
}

fn find_output<'a>(session: &'a Session, name: &str) -> Result<&'a Outlet, String> {
    let found = session
        .outputs()
        .iter()
        .find(|outlet| outlet.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = session.outputs().iter().map(Outlet::name).collect();
        format!("no output {name:?}; the model's are {}", names.join(", "))
    })
}

/// Compares a model's static shape with the wanted one; -1 is a free size.
fn check_tensor(
    outlet: &Outlet,
    dtype: TensorElementType,
    wanted: &[usize],
    key: &str,
) -> Result<(), String> {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(format!("{key} is not a tensor"));
    };
    if *ty != dtype {
        let word = |dtype: &TensorElementType| format!("{dtype:?}").to_lowercase();
        return Err(format!(
            "{key} holds {}, {} is expected",
            word(ty),
            word(&dtype)
        ));
    }
    let shape: &[i64] = shape;
    let fits = |(&size, &wanted): (&i64, &usize)| size == -1 || size == wanted as i64;
    if shape.len() == wanted.len() && shape.iter().zip(wanted).all(fits) {
        return Ok(());
    }
    Err(format!("{key} has shape {shape:?}, {wanted:?} is expected"))
}
