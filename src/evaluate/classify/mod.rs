//! How well photographs are classified.

mod measures;
pub mod report;

pub use measures::{Curves, Figure, PREVALENCES, Settings, Study, study};
pub(super) use measures::{plans, prepare};
