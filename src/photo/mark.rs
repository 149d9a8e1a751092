//! What a reader of results should know of a picture that was read all the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A remark on a picture that was read; in records, `marks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mark {
    /// Nothing to see: one tone, or a plain gradient.
    Blank,
    /// Parts of the file are damaged or missing; what could be read is shown, as browsers do.
    Damaged,
    /// A colour profile is broken or of an unknown kind; the colours are taken as sRGB.
    ProfileIgnored,
}

impl Mark {
    /// The word in records, such as `damaged`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Damaged => "damaged",
            Self::ProfileIgnored => "profile_ignored",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
