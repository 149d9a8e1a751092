//! The program as its users meet it: one file per command.

#![allow(clippy::unwrap_used)]

mod blank;
mod check;
mod doctor;
mod eval;
mod exchange;
mod hash;
#[cfg(unix)]
mod hook;
mod index;
mod install;
#[cfg(target_os = "linux")]
mod memory;
mod model;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod outputs;
mod policy;
mod program;
mod regions;
mod remember;
mod scan;
mod schreger;
#[cfg(all(unix, feature = "serve"))]
mod serve;
#[cfg(all(unix, feature = "serve"))]
mod serve_banks;
#[cfg(all(unix, feature = "serve"))]
mod serve_client;
#[cfg(all(unix, feature = "serve"))]
mod serve_fetch;
#[cfg(all(unix, feature = "https"))]
mod serve_https;
mod usage;
mod views;
