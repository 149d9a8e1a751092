//! Accuracy, measured: protocols that turn a manifest with known answers into published figures.
//!
//! ```text
//! manifest + scores -> rows -> leak (taken out) -> classify | compare -> bootstrap -> report (HTML, JSON, CSV)
//! ```

pub mod bootstrap;
mod chart;
pub mod classify;
pub mod compare;
pub mod leak;
pub mod metrics;
pub mod pages;
pub mod report;
pub mod rows;
pub mod schreger;
