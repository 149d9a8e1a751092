//! How well the same picture is found again.

pub mod report;
mod study;

pub use study::{Found, METHODS, Part, Settings, Study, ask, read_answers, study};
