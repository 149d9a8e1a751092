//! Two results on the same photographs.

mod study;

pub use study::{Changed, Comparison, Difference, compare};
