//! How well the Schreger angle is read: a manifest of pictures with known answers becomes figures
//! and plots.
//!
//! The manifest is a CSV with the columns `file` (relative to the manifest), `kind`, `lattice`
//! (true or false), and for pictures with a lattice `species`, `angle_deg`, `outer_zone`,
//! `tilt_deg`, `oblique_deg`, `px_per_period`, `contrast`, `jpeg`. An empty field is unknown.

pub(super) mod cases;
mod figures;
mod measures;
mod plots;
mod readme;
mod report;
mod share;
mod slices;
mod study;
mod tables;

pub use cases::{Case, CasesError};
pub use measures::{FalseLattice, Outcome, RiskPoint, Summary};
pub use report::write;
pub use share::Share;
pub use slices::{Factor, Slice};
pub use study::{Plan, Study, run};
