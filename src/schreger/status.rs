//! How a reading ended, in the contract's words.

use serde::{Deserialize, Serialize};

/// How the reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A lattice was found and its angle measured, perhaps without orientation.
    Measured,
    /// The picture shows no Schreger lattice.
    NoLattice,
    /// Something crosses, but too few pixels or periods show it.
    NotResolvable,
    /// The picture was not asked about.
    NotApplicable,
}

impl Status {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::NoLattice => "no_lattice",
            Self::NotResolvable => "not_resolvable",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Whether the radial direction is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// The bisector that points to the tusk's axis is known.
    Radial,
    /// Either bisector may be radial.
    Unknown,
}

impl Orientation {
    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Radial => "radial",
            Self::Unknown => "unknown",
        }
    }
}
