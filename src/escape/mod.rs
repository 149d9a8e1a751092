//! Names that others chose, as texts: every name keeps its identity, and none can do more than be read.
//!
//! Three ways, each with its inverse, and each leaves alone what needs nothing:
//!
//! - [`name`]: a file's name as text. A byte that is not UTF-8 is `\xHH`.
//! - [`visible`]: text on one line of a terminal or of a list. A character that would move the
//!   cursor, end the line or turn the direction of reading is `\u{HEX}`.
//! - [`cell`]: text as a cell of CSV. What a spreadsheet would take for a formula has a `'` before it.

mod cell;
pub mod complaint;
mod name;
mod visible;

pub use cell::{cell, cell_text};
pub use name::{name, path_named};
pub use visible::{json, visible, visible_text};
