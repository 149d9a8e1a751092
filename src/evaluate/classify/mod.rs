//! How well photographs are classified: every figure with its interval, its data and its limits.

pub(super) mod measures;
mod report;
mod study;

pub use measures::{Curves, Measured, PREVALENCES, Thresholds, measure};
pub use report::write;
pub use study::{Plan, Study, require_known_label, run};
pub(super) use study::{require_scored, thresholds_of};
