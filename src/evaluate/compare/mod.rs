//! Two models, versions or tools on the same photographs: is the difference more than chance?

mod measures;
mod report;
mod study;

pub use measures::{Changed, Comparison, Difference, compare};
pub use report::write;
pub use study::{Plan, Study, run};
