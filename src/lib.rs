//! faunalens recognises wildlife products in listing photographs from pixels alone.
//!
//! Data flows one way, from bytes to a record, and each stage is a room that
//! imports only rooms to its left:
//!
//! ```text
//! photo -> fingerprint | recognize | schreger -> index -> verdict -> record
//! ```
//!
//! [`manifest`] reads what people hand in. [`photo`] turns bytes into upright RGB pixels, once. [`fingerprint`] hashes
//! them, [`recognize`] scores them with a model bundle, [`schreger`] reads the
//! lattice of ivory, [`verdict`] weighs what these say, and [`record`] is what
//! leaves the house. [`index`] remembers pictures and finds them again, [`links`]
//! draws from it the graph of sellers. [`pipeline`] composes the stages: scoring,
//! matching and remembering a photo is one call of it. [`evaluate`] measures how well they do, [`learn`] teaches a bundle new labels.
//!
//! ```no_run
//! use faunalens::photo::Limits;
//! use faunalens::pipeline::{Engine, Input, Memory, Search};
//! use faunalens::recognize::{Bundle, Runtime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::load(None)?;
//! let bundle = Bundle::load("models/faunalens-base".as_ref())?;
//! let engine = Engine::new(runtime, bundle, Limits::default());
//! let mut memory = Memory::open("seen/".as_ref(), Search::default())?;
//! let mut worker = engine.worker(1)?;
//! let record = worker.screen("a.jpg".into(), Input::File("a.jpg".into()), Some(&mut memory))?;
//! println!("{}", record.to_json()?);
//! # Ok(())
//! # }
//! ```

pub mod escape;
pub mod evaluate;
pub mod fingerprint;
pub mod index;
pub mod learn;
pub mod links;
pub mod manifest;
pub mod moment;
pub mod photo;
pub mod pipeline;
pub mod progress;
pub mod recognize;
pub mod record;
pub mod regions;
pub mod replace;
pub mod report;
pub mod schreger;
#[cfg(all(unix, feature = "serve"))]
pub mod serve;
pub mod verdict;
