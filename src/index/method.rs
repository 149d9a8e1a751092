//! How a picture was found.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a picture was found, the surest way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The same bytes.
    Sha256,
    /// A PDQ hash within reach.
    Pdq,
    /// A near descriptor, verified by landmarks.
    Descriptor,
    /// A pHash within reach, for a picture of which PDQ says little: a candidate, never evidence.
    Perceptual,
}

impl Method {
    /// Every method, the surest first.
    pub const ALL: [Self; 4] = [Self::Sha256, Self::Pdq, Self::Descriptor, Self::Perceptual];

    /// Its name in records, tables and settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Pdq => "pdq",
            Self::Perceptual => "perceptual",
            Self::Descriptor => "descriptor",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no method: sha256, pdq, descriptor and perceptual are")]
pub struct ParseMethodError(String);

impl FromStr for Method {
    type Err = ParseMethodError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| ParseMethodError(name.chars().take(40).collect()))
    }
}
