//! A bundle's model, ready to run.

use image::RgbImage;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::bundle::{Activation, Bundle, Dtype, Input, Layout, Output, Reads};
use super::calibrate::probabilities;
use super::head::Head;
use super::preprocess::{Preprocessor, Tensor};
use super::{Recognition, Runtime};

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
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

/// One session with its own buffers: each worker has one.
pub struct Recognizer {
    session: Session,
    preprocessor: Preprocessor,
    shape: [i64; 4],
    output: Output,
    /// Logits that the network gives.
    labels: usize,
    head: Option<(Head, Reads)>,
}

/// One photo as the network sees it.
#[derive(Debug, Clone, PartialEq)]
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
        let folder = bundle.folder.display().to_string();
        let session =
            open(runtime, &bundle.model, threads).map_err(|error| RecognizeError::Load {
                bundle: folder.clone(),
                reason: error.to_string(),
            })?;
        check(&session, bundle).map_err(|reason| RecognizeError::Mismatch {
            bundle: folder,
            reason,
        })?;
        Ok(Self {
            session,
            preprocessor: Preprocessor::new(&bundle.description.input),
            shape: shape(&bundle.description.input),
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
            Tensor::Float(values) => ort::inputs![
                TensorRef::from_array_view((self.shape, values.as_slice())).map_err(fail)?
            ],
            Tensor::Bytes(values) => ort::inputs![
                TensorRef::from_array_view((self.shape, values.as_slice())).map_err(fail)?
            ],
        };
        let outputs = self.session.run(inputs).map_err(fail)?;
        let values = |name: &str| -> Result<Vec<f32>, RecognizeError> {
            let value = outputs
                .get(name)
                .ok_or_else(|| RecognizeError::Run(format!("no output {name}")))?;
            Ok(value.try_extract_tensor::<f32>().map_err(fail)?.1.to_vec())
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

fn check(session: &Session, bundle: &Bundle) -> Result<(), String> {
    let described = &bundle.description;
    let [input] = session.inputs() else {
        return Err(format!(
            "one input is expected, the model has {}",
            session.inputs().len()
        ));
    };
    if input.name() != described.input.name {
        return Err(format!(
            "input.name is {:?}, the model's is {:?}",
            described.input.name,
            input.name()
        ));
    }
    let dtype = match described.input.dtype {
        Dtype::Float32 => TensorElementType::Float32,
        Dtype::Uint8 => TensorElementType::Uint8,
    };
    fits(input, dtype, &shape(&described.input), "input")?;

    let float = TensorElementType::Float32;
    let labels = described.network_labels().len() as i64;
    fits(
        outlet(session, &described.output.logits)?,
        float,
        &[1, labels],
        "output.logits (labels.names gives the count, with a head head.network_labels)",
    )?;
    let output = &described.output;
    for (name, size, what) in [
        (
            &output.descriptor,
            output.descriptor_size,
            "output.descriptor",
        ),
        (&output.features, output.features_size, "output.features"),
    ] {
        if let (Some(name), Some(size)) = (name, size) {
            fits(outlet(session, name)?, float, &[1, size as i64], what)?;
        }
    }
    Ok(())
}

fn outlet<'a>(session: &'a Session, name: &str) -> Result<&'a Outlet, String> {
    let found = session
        .outputs()
        .iter()
        .find(|outlet| outlet.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = session.outputs().iter().map(Outlet::name).collect();
        format!("no output {name:?}; the model's are {}", names.join(", "))
    })
}

/// Shape of the tensor for one photo.
fn shape(input: &Input) -> [i64; 4] {
    let (height, width) = (i64::from(input.height), i64::from(input.width));
    match input.layout {
        Layout::Nchw => [1, 3, height, width],
        Layout::Nhwc => [1, height, width, 3],
    }
}

/// Compares a model's static shape with the wanted one; -1 is a free size.
fn fits(
    outlet: &Outlet,
    dtype: TensorElementType,
    wanted: &[i64],
    what: &str,
) -> Result<(), String> {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(format!("{what} is not a tensor"));
    };
    if *ty != dtype {
        let word = |dtype: &TensorElementType| format!("{dtype:?}").to_lowercase();
        return Err(format!(
            "{what} holds {}, {} is expected",
            word(ty),
            word(&dtype)
        ));
    }
    let shape: &[i64] = shape;
    let same =
        shape.len() == wanted.len() && shape.iter().zip(wanted).all(|(&a, &b)| a == b || a == -1);
    if same {
        Ok(())
    } else {
        Err(format!(
            "{what} has shape {shape:?}, {wanted:?} is expected"
        ))
    }
}
