//! What every report is made of: pages for people ([`html`]), plots ([`chart`]), tables ([`csv`]),
//! and the folder that they are written to.
//!
//! This room knows nothing of what is measured: a study hands it headings, cells, lines and rows.

pub mod chart;
pub mod csv;
mod folder;
mod frame;
pub mod html;
mod provenance;
mod shown_path;

pub use folder::{ReportError, ReportFolder};
pub use frame::Frame;
pub use provenance::Provenance;
pub use shown_path::{shown_argument, shown_path};
