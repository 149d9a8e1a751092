//! The program as its users meet it: one file per command.

#![allow(clippy::unwrap_used)]

mod check;
mod doctor;
mod eval;
mod hash;
mod index;
mod install;
mod model;
mod program;
mod scan;
mod usage;
