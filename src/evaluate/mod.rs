//! Accuracy, measured: protocols that turn a manifest with known answers into published figures.
//!
//! ```text
//! manifest + scores  -> rows -> leak (taken out) -> classify | compare -> bootstrap -> report (HTML, JSON, CSV)
//! manifest + answers -> truth -> matching (retrieval) -> bootstrap -> report
//! manifest -> transformation -> robustness: both of the above, per transformation
//! ```

pub mod bootstrap;
pub mod classify;
pub mod compare;
pub mod leak;
pub mod matching;
pub mod metrics;
pub mod results;
pub mod retrieval;
pub mod robustness;
pub mod rows;
pub mod schreger;
mod table;
pub mod truth;
