//! The program as its users meet it: one file per command.

#![allow(clippy::unwrap_used)]

mod blank;
mod check;
mod doctor;
mod eval;
mod hash;
mod index;
mod install;
#[cfg(target_os = "linux")]
mod memory;
mod model;
mod program;
mod scan;
mod usage;
