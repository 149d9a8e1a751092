//! The one reader of what people hand in: folders, lists of paths, and tables.
//!
//! Tables are CSV with commas, semicolons or tabs (told by the header) or JSON lines, in UTF-8 or
//! in UTF-16 with its byte order mark. Columns are found by name, whatever their case, or by a
//! usual synonym ([`Column`]). Cells lose the blanks around them. A row that is none comes with
//! the line in which it starts and the reason ([`BadRow`]); it never takes others with it.
//!
//! ```
//! use faunalens::manifest::{Column, Rows};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("photos.csv");
//! std::fs::write(&path, "Image;Class\n a.jpg ;ivory\n")?;
//! for row in Rows::open(&path, [Column::File, Column::Label], 2)? {
//!     let row = row?;
//!     assert_eq!((row.line, row.cells), (2, ["a.jpg".into(), "ivory".into()]));
//! }
//! # Ok(())
//! # }
//! ```

mod column;
mod encoding;
mod error;
mod json;
mod lines;
mod passthrough;
mod rows;
mod separated;
mod source;

pub use column::{Ambiguity, Column};
pub use error::{BadRow, ManifestError, RowFault};
pub use json::JsonLines;
pub use passthrough::{Passthrough, Value};
pub use rows::{Row, Rows};
pub use source::{Context, Item, Items, Source, UnreadTime, files, located};
