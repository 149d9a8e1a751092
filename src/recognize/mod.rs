//! Photo to recognition: model bundles, preprocessing, ONNX inference, calibration.

pub mod background;
pub mod bundle;
mod calibrate;
pub mod head;
mod preprocess;
pub mod prior;
pub mod runtime;
mod session;

pub use bundle::{Bundle, BundleError};
pub use runtime::{Runtime, RuntimeError};
pub use session::{Embedding, RecognizeError, Recognizer};

/// What the model says of one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognition {
    /// One calibrated probability per label of the bundle, in the bundle's
    /// order; they sum to 1.
    pub scores: Vec<f32>,
    /// The picture's descriptor, L2-normalised, when the bundle has one.
    pub descriptor: Option<Vec<f32>>,
}
