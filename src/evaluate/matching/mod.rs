//! How well the same picture is found again: by the index as it answers, by PDQ alone, by
//! descriptor and landmarks alone, or by another tool's scores.

mod answers;
mod measures;
mod report;
mod study;

pub use answers::{Found, Method, query_index, read_answers};
pub use measures::{Measured, Part, measure};
pub use report::write;
pub(super) use report::{add_transformations, part_rows, precision_chart};
pub use study::{Plan, Study, run, run_on_answers};
