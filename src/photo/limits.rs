//! What a picture may cost before it is refused.

/// Bounds that are checked before a picture is decoded, so that a hostile file
/// cannot exhaust the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture, in pixels (width times height, as declared by the file).
    pub max_pixels: u64,
    /// Largest decoded buffer, in bytes, in the file's own pixel format.
    pub max_alloc: u64,
    /// Most bytes of metadata, such as a colour profile, after inflation.
    pub max_metadata: u64,
}

impl Default for Limits {
    /// 64 MiB of file, 100 megapixels, 512 MiB decoded, 16 MiB of metadata: above every phone
    /// camera's usual output, below what would hurt a small machine.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_pixels: 100_000_000,
            max_alloc: 512 << 20,
            max_metadata: 16 << 20,
        }
    }
}

impl Limits {
    /// The same limits, with the largest file in bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: u64) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same limits, with the largest picture in pixels; the decoded buffer may take at least
    /// four bytes for each.
    #[must_use]
    pub fn with_max_pixels(self, max_pixels: u64) -> Self {
        Self {
            max_pixels,
            max_alloc: self.max_alloc.max(max_pixels.saturating_mul(4)),
            ..self
        }
    }

    /// The same limits, with the largest decoded buffer in bytes.
    #[must_use]
    pub fn with_max_alloc(self, max_alloc: u64) -> Self {
        Self { max_alloc, ..self }
    }

    /// The same limits, with the most bytes of metadata after inflation.
    #[must_use]
    pub fn with_max_metadata(self, max_metadata: u64) -> Self {
        Self {
            max_metadata,
            ..self
        }
    }
}
