//! Whether the pictures on a page are examined too.

use crate::regions::{self, Region};

/// Whether the pictures on a page are examined too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LookInside {
    /// Where it is sure that they are pictures on a page.
    #[default]
    WhenSure,
    /// Every frame that is found, things of ordinary photographs among them.
    Always,
    /// Never: a page is one picture.
    Never,
}

impl LookInside {
    /// Whether a region is examined.
    pub(super) fn takes(self, region: &Region) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::WhenSure => region.score >= regions::SURE,
        }
    }
}
