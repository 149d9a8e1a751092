//! A file of the index in memory, read by the system as it is touched.

use std::path::{Path, PathBuf};

use super::error::{IndexError, Result, WithPath};
use super::premises;

/// Bytes before the payload; a multiple of every alignment in use.
pub(super) const HEADER: usize = 64;
/// Written in the byte order of the writing machine, so that a foreign file is refused.
const BYTE_ORDER: u32 = 0x0102_0304;

/// A read-only map of a packed file: a 64-byte header of magic, byte order and four numbers, then
/// the payload.
#[derive(Debug)]
pub(super) struct Mapped {
    map: memmap2::Mmap,
    /// The four numbers of the header; their meaning is the file's.
    pub(super) numbers: [u64; 4],
    path: PathBuf,
}

/// The header of a packed file.
pub(super) fn header(magic: [u8; 8], numbers: [u64; 4]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&magic);
    header[8..12].copy_from_slice(&BYTE_ORDER.to_ne_bytes());
    for (chunk, number) in header[16..48].chunks_exact_mut(8).zip(numbers) {
        chunk.copy_from_slice(&number.to_ne_bytes());
    }
    header
}

impl Mapped {
    /// Maps `path` and reads its header. The payload's length is for the caller to check.
    #[allow(unsafe_code)]
    pub(super) fn open(path: &Path, magic: [u8; 8]) -> Result<Self> {
        let file = premises::open_file(path)?;
        // SAFETY: files of a published generation are written once, under another name, and never
        // changed; they are removed by unlinking, which leaves the pages of an open map in place.
        // Every value read from the map is bounds-checked, so bytes changed by a third party give
        // wrong answers, not undefined indices.
        let map = unsafe { memmap2::Mmap::map(&file) }.with_path(path)?;
        Self::of(map, path, magic)
    }

    /// The same from bytes that [`header`] begins, without a file.
    pub(super) fn from_bytes(bytes: &[u8], magic: [u8; 8]) -> Result<Self> {
        let path = Path::new("(memory)");
        let mut map = memmap2::MmapMut::map_anon(bytes.len().max(1)).with_path(path)?;
        map[..bytes.len()].copy_from_slice(bytes);
        Self::of(map.make_read_only().with_path(path)?, path, magic)
    }

    fn of(map: memmap2::Mmap, path: &Path, magic: [u8; 8]) -> Result<Self> {
        let damaged = |what: &str| IndexError::Damaged {
            path: path.into(),
            what: what.into(),
        };
        let (head, _) = map
            .split_at_checked(HEADER)
            .ok_or_else(|| damaged("shorter than its header"))?;
        if head[..8] != magic {
            return Err(damaged("not a file of this kind or version"));
        }
        if head[8..12] != BYTE_ORDER.to_ne_bytes() {
            return Err(damaged("written on a machine of another byte order"));
        }
        let mut numbers = [0; 4];
        for (number, chunk) in numbers.iter_mut().zip(head[16..48].as_chunks::<8>().0) {
            *number = u64::from_ne_bytes(*chunk);
        }
        Ok(Self {
            map,
            numbers,
            path: path.into(),
        })
    }

    /// The payload.
    pub(super) fn payload(&self) -> &[u8] {
        &self.map[HEADER..]
    }

    /// Refuses a payload that is not `bytes` long.
    pub(super) fn expect_payload(&self, bytes: Option<usize>) -> Result<()> {
        if bytes == Some(self.payload().len()) {
            return Ok(());
        }
        let what = format!(
            "{} bytes after the header do not fit the numbers in it",
            self.payload().len()
        );
        Err(IndexError::Damaged {
            path: self.path.clone(),
            what,
        })
    }
}
