//! What reposting costs: every photograph through a suite of transformations, scored and searched
//! again.

mod copies;
mod lettering;
mod measures;
mod page;
mod report;
mod study;
pub mod transformation;

pub use measures::{Drop, Measured, Unsteady};
pub use report::write;
pub use study::{Plan, Study, run};
