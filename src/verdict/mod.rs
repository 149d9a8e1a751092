//! Scores to a decision: what a person should look at, and why.

mod law;
mod policy;

pub use law::{Law, legal_status};
pub use policy::{Decision, Reason, Verdict, decide, format_score};
