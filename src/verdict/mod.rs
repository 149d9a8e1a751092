//! Scores to a decision: what a person should look at, and why.

pub mod law;
pub mod policy;

pub use law::{Law, law};
pub use policy::{Decision, Verdict, decide, tell, weigh};
