//! What was seen before: every picture, where it was sighted, and the search for it.
//!
//! An index is a directory. `faunalens.sqlite` in it is the truth and can be read with any SQLite
//! client (start with the view `seen`). Beside it stand packed copies of the hashes and descriptors
//! for searching, made anew in a generation directory and named by `manifest.json`; they can be
//! deleted at any time. Unique hashes and descriptors are kept once, however many pictures share
//! them, so that copies do not slow or hide anything.
//!
//! A search asks in this order, and each answer says which it was: the same bytes (SHA-256), a PDQ
//! hash within reach (exact, never approximate), then descriptors, whose candidates count only when
//! the landmarks of both pictures agree on a placement. An index that keeps pHashes gives candidates by
//! them for a picture of which PDQ says little; these are no evidence and link nobody.
//!
//! ```
//! use faunalens::fingerprint::Pdq;
//! use faunalens::index::{Entry, Index, Query, Settings, Sighting};
//!
//! # fn main() -> Result<(), faunalens::index::IndexError> {
//! # let dir = tempfile::tempdir().expect("a directory");
//! # let dir = dir.path().join("seen");
//! let mut index = Index::create(&dir, Settings::default())?;
//! let pdq = Pdq { hash: "0f".repeat(32).parse().expect("a hash"), quality: 90 };
//! let seller = "shop 12".into();
//! let sighting = Sighting { file: "tusk.jpg".into(), seller, ..Sighting::default() };
//! index.add(&Entry { sha256: [7; 32], pdq, sighting, ..Entry::default() })?;
//! index.commit()?;
//!
//! let found = Index::open(&dir)?.query(&Query::of(pdq))?;
//! assert_eq!((found[0].seller.as_str(), found[0].distance), ("shop 12", 0.0));
//! # Ok(())
//! # }
//! ```

mod add;
mod adjacency;
mod audit;
mod clock;
mod descriptor_search;
mod entry;
mod error;
mod evidence;
mod export;
mod follow;
mod generation;
mod graph;
#[cfg(feature = "graph")]
mod graph_build;
mod hash_list;
mod hashes;
mod import;
mod list_line;
mod list_reader;
mod lock;
mod mapped;
mod method;
mod opinion;
mod pack_aside;
mod packed_files;
mod packing;
mod pairs;
mod part_search;
mod parts;
mod perceptual_search;
mod pictures;
mod pictures_seen;
mod premises;
mod pseudonym;
mod query;
mod remove;
mod schema;
mod search;
mod seen;
mod settings;
mod soundness;
mod source_edit;
mod sources;
mod spool;
mod store;
mod vectors;
mod verification;
mod weakness;

pub use audit::Stats;
pub use descriptor_search::Breadth;
pub use entry::{Added, Descriptor, Entry, Sighting};
pub use error::{IndexError, Result};
pub use evidence::Evidence;
pub use export::{ExportChoice, Exported};
pub use follow::Followed;
pub use graph::Recall;
pub use hash_list::{Form, Sellers};
pub use hashes::{Near, near_hashes};
pub use import::{Imported, ListImport};
pub use method::{Method, ParseMethodError};
pub use opinion::Opinion;
pub use pack_aside::Packing;
pub use packed_files::PackedFiles;
pub use pairs::PicturePair;
pub use part_search::Matches;
pub use pictures::PictureSightings;
pub use pseudonym::pseudonym;
pub use query::{Match, Query};
pub use settings::Settings;
pub use sources::ListSource;
pub use store::Index;
pub use verification::Kind;
pub use weakness::Weakness;
