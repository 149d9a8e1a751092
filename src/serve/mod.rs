//! A resident service: HTTP and clamd's protocol before workers that stay awake.
//!
//! ```text
//! listeners -> connections -> router (HTTP) or clamd -> screen -> queue (bounded)
//!     -> crew of workers, a session each -> remember (one writer) -> answer
//! ```
//!
//! The asynchronous side does input and output alone. What it asks of a worker is a closure in a
//! bounded queue; where that is full, the caller hears so at once. Nothing of this decides
//! anything: a photo takes the way of [`pipeline`](crate::pipeline), and its record is the one that
//! the command line prints.

mod allowed;
mod ask;
mod audit;
mod banks;
mod body;
mod check;
mod clamd;
mod clamd_wire;
mod connections;
mod crew;
mod engines;
mod error;
mod fetch;
mod giants;
mod health;
mod hma;
mod hook;
mod leftover;
mod listeners;
mod location;
mod metrics;
mod openapi;
mod options;
mod packer;
mod problem;
mod public_address;
mod queue;
mod readers;
mod remember;
mod request;
mod router;
mod schemas;
mod screen;
mod service;
mod share;
mod shared;
mod station;
mod task;
#[cfg(feature = "https")]
mod tls;
mod tokens;

pub use allowed::{AllowedHost, NoHost};
pub use engines::{Load, Loaded};
pub use error::ServeError;
pub use options::{OnFault, Options, Place};
pub use service::serve;
