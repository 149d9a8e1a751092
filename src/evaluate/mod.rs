//! Accuracy, measured: protocols that turn a manifest with known answers into published figures.
//!
//! ```text
//! manifest + scores  -> rows -> leak (taken out) -> classify | compare -> bootstrap -> report (HTML, JSON, CSV)
//! manifest + answers -> truth -> matching (retrieval) -> bootstrap -> report
//! manifest -> transformation -> robustness: both of the above, per transformation
//! ```

pub mod bootstrap;
mod chart;
pub mod classify;
pub mod compare;
pub mod leak;
mod lettering;
pub mod matching;
pub mod matching_page;
pub mod metrics;
pub mod pages;
pub mod report;
pub mod results;
pub mod retrieval;
pub mod robustness;
pub mod robustness_page;
pub mod rows;
pub mod schreger;
mod table;
pub mod transformation;
pub mod truth;
