//! Photo to recognition: model bundles, preprocessing, ONNX inference, calibration.

mod background;
mod bundle;
mod calibrate;
mod description;
mod head;
mod preprocess;
mod prior;
mod runtime;
mod session;
mod validate;
mod views;

pub(crate) use background::Background;
pub use bundle::{Bundle, BundleError};
pub use description::{
    Activation, BackgroundFile, Calibration, Colour, Description, Dtype, HeadFile, Input, Labels,
    Layout, ModelFile, Output, Reads, ResizeFilter, ResizeRule, SCHEMA, SchregerRule, Threshold,
    Training, ViewThreshold, ViewsRule,
};
pub(crate) use head::NetworkWord;
pub use prior::{PriorError, PriorShift};
pub use runtime::{
    INSTALL, NO_TELEMETRY, OLDEST_MINOR, PATH_VARIABLE, Runtime, RuntimeError, data_folders,
    library_candidates,
};
pub use session::{Embedding, Recognition, RecognizeError, Recognizer};
pub use views::{VIEWS, View, busyness};
