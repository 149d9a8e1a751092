//! Accuracy, measured: protocols that turn a manifest with known answers into published figures.
//!
//! Every study has a folder: `study` reads what it is made from and measures, `report` turns what
//! was measured into a page, JSON and tables.
//!
//! ```text
//! manifest + scores   -> rows -> leaks taken out -> classify | compare
//! manifest + pictures -> an index of the study -> answers -> matching
//! manifest + pictures -> transformed copies -> robustness: both of the above, per transformation
//! manifest + pictures -> readings -> schreger
//! ```
//!
//! ```no_run
//! use std::path::Path;
//!
//! use faunalens::progress::Silent;
//! use faunalens::evaluate::robustness::{self, Plan};
//! use faunalens::pipeline::Engine;
//! use faunalens::report::Frame;
//!
//! fn study(engine: &Engine) -> Result<(), Box<dyn std::error::Error>> {
//!     let plan = Plan::new("photos.csv".into(), "study/index.partial".into());
//!     let study = robustness::run(engine, &plan, &Silent)?;
//!     let frame = Frame::new(study.provenance.clone(), engine.limits().clone());
//!     Ok(robustness::write(&study, &frame, Path::new("study"))?)
//! }
//! ```

pub mod binomial;
pub mod bootstrap;
pub mod classify;
pub mod compare;
pub mod decontaminate;
mod defaults;
mod error;
mod figure;
pub mod leak;
pub mod left_out;
pub mod matching;
pub mod metrics;
pub mod near_duplicates;
mod provenance;
pub mod results;
pub mod retrieval;
pub mod robustness;
pub mod rows;
pub mod schreger;
mod score_scale;
mod sections;
mod study_index;
pub mod truth;

pub use bootstrap::Resampling;
pub use error::EvaluateError;
pub use figure::{Figure, Measure, OperatingPoint, Prevalence};
pub use score_scale::ScoreScale;
