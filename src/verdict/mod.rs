//! Scores to a decision: what a person should look at, and why.

mod coded;
mod law;
mod listed;
mod policy;
mod policy_file;

pub use coded::{CodedReason, ReasonCode};
pub use law::{Law, legal_status};
pub use listed::Judged;
pub use policy::{Decision, ListedBy, Reason, Verdict, decide, format_score};
pub use policy_file::{Policy, PolicyError};
