//! What made the scores, in words.

use crate::pipeline::Engine;
use crate::recognize::Bundle;

/// Name, version and hash of a model.
pub(super) fn describe_model(bundle: &Bundle) -> String {
    let described = &bundle.description;
    format!(
        "{} {} (SHA-256 {})",
        described.name,
        described.version,
        described.identity()
    )
}

/// Version of the library that runs the model.
pub(super) fn describe_runtime(engine: &Engine) -> String {
    engine.runtime_version().unwrap_or_else(|| "unknown".into())
}
