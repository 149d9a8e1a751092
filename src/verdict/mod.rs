//! Scores to a decision: what a person should look at, and why.

pub mod policy;

pub use policy::{Decision, Verdict, decide, weigh};
