//! What a picture may cost before it is refused.

/// Bounds that are checked before a picture is decoded, so that a hostile file
/// cannot exhaust the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Largest picture, in pixels (width times height, as declared by the file).
    pub max_pixels: u64,
    /// Largest decoded buffer, in bytes, in the file's own pixel format.
    pub max_alloc: u64,
}

impl Default for Limits {
    /// 64 MiB of file, 100 megapixels, 512 MiB decoded: above every phone
    /// camera's usual output, below what would hurt a small machine.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_pixels: 100_000_000,
            max_alloc: 512 << 20,
        }
    }
}
