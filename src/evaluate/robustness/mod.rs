//! What reposting costs.

mod lettering;
pub mod report;
mod study;
pub mod transformation;

pub use study::{CopiesError, Copy, Drop, Making, Robustness, Unsteady, copies, study};
