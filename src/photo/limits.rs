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
    /// Longest side, in pixels.
    pub max_side: u32,
    /// How many times the shorter side the longer may be.
    pub max_aspect: u32,
    /// Largest decoded buffer, in bytes, in the file's own pixel format.
    pub max_alloc: u64,
    /// Most bytes of metadata, such as a colour profile, after inflation.
    pub max_metadata: u64,
    /// Most bytes that a decoder may hold at once: less than the decoded buffer where it decodes
    /// row by row.
    pub max_held: u64,
}

impl Default for Limits {
    /// 64 MiB of file, 100 megapixels, 65,535 pixels a side (the most that JPEG knows), 10,000
    /// times as long as wide, 512 MiB decoded, 224 MiB of it at once, 16 MiB of metadata: above every phone camera's usual
    /// output, below what would hurt a small machine. With the last, one photo takes at most
    /// 400 MB in all: 75 for program, runtime and model, the file, and 16.7 megapixels of picture.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_pixels: 100_000_000,
            max_side: 65_535,
            max_aspect: 10_000,
            max_alloc: 512 << 20,
            max_metadata: 16 << 20,
            max_held: 224 << 20,
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
    /// four bytes for each, also where it is held at once.
    #[must_use]
    pub fn with_max_pixels(self, max_pixels: u64) -> Self {
        let default = Self::default();
        let decoded = max_pixels.saturating_mul(4);
        let raised = max_pixels > default.max_pixels;
        Self {
            max_pixels,
            max_alloc: self.max_alloc.max(decoded),
            max_held: match raised {
                true => self.max_held.max(decoded.saturating_mul(2)),
                false => self.max_held,
            },
            ..self
        }
    }

    /// The same limits, with the longest side in pixels.
    #[must_use]
    pub fn with_max_side(self, max_side: u32) -> Self {
        Self { max_side, ..self }
    }

    /// The same limits, with how many times the shorter side the longer may be.
    #[must_use]
    pub fn with_max_aspect(self, max_aspect: u32) -> Self {
        Self { max_aspect, ..self }
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

    /// The same limits, with the most bytes that a decoder may hold at once.
    #[must_use]
    pub fn with_max_held(self, max_held: u64) -> Self {
        Self { max_held, ..self }
    }
}
