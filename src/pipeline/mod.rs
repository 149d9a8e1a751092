//! The stages composed: for one photo, and for a batch over many workers.
//!
//! ```text
//! inspect (read, decode, hash) -> Worker::examine (score, lattice, verdict) -> Examined
//!     -> Memory (match, remember) -> Record
//! ```
//!
//! [`Worker::screen`] takes one photo the whole way, [`Engine::screen`] a stream of them.

mod batch;
mod engine;
mod examined;
mod fill;
mod inspect;
mod look_inside;
mod memory;
mod overlay;
mod page;
mod parts;
mod raise;
mod seen;
mod shared;
mod views;
mod worker;

pub use batch::BatchError;
pub use engine::{Engine, ReadLattice};
pub use examined::Examined;
pub use fill::{Each, Filled, fill};
pub use inspect::{Input, Inspected, Needs, inspect};
pub use look_inside::LookInside;
pub use memory::{Memory, Search};
pub use overlay::overlay;
pub use shared::{Remembered, SharedMemory};
pub use worker::Worker;
