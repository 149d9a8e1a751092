//! JPEG inside TIFF: strips or tiles that share their tables.

use super::codec::Source;
use super::picture::{Meaning, Picture};
use crate::photo::PhotoError;
use crate::photo::libjpeg::{Decompressor, Stored};

/// Bytes of coefficients of all pieces side by side, which progressive ones hold at once.
const MOST_COEFFICIENTS: u64 = 128 << 20;

/// Opens a strip or tile of this size, one of so many side by side.
pub(super) fn open<'a>(
    data: &'a [u8],
    picture: &Picture<'a>,
    (width, height): (u32, u32),
    side_by_side: u64,
) -> Result<Box<dyn Source + 'a>, PhotoError> {
    let mut decompressor = Decompressor::open_with_tables(picture.jpeg_tables, data)?;
    // What a stream inside says of its colours does not count.
    let stored = match (&picture.meaning, picture.samples_in_plane()) {
        (_, 1) => Stored::Grey,
        (Meaning::YCbCr(_), 3) => Stored::YCbCr,
        (_, 3) => Stored::Rgb,
        (_, 4) => Stored::Cmyk,
        (_, samples) => {
            return Err(PhotoError::Unsupported(format!(
                "a TIFF with JPEG of {samples} samples inside, which is not read"
            )));
        }
    };
    decompressor.assume(stored)?;
    let size = decompressor.size();
    // Some writers pad; what is below is not decoded.
    if !(width..=width.saturating_add(64)).contains(&size.0) {
        return Err(PhotoError::Corrupt(format!(
            "TIFF: a JPEG of {} x {} pixels in a strip or tile of {width} x {height}",
            size.0, size.1
        )));
    }
    let coefficients = decompressor.coefficient_bytes()?;
    if coefficients.saturating_mul(side_by_side) > MOST_COEFFICIENTS {
        return Err(PhotoError::TooLarge(format!(
            "TIFF: {coefficients} bytes of coefficients in each of {side_by_side} tiles side by \
             side, the limit is {MOST_COEFFICIENTS}"
        )));
    }
    let (wide, _) = decompressor.start(8)?;
    let samples = picture.samples_in_plane();
    Ok(Box::new(Strip {
        decompressor,
        row: vec![0; samples * wide as usize],
        left: size.1,
        lacks_rows: false,
    }))
}

struct Strip<'a> {
    decompressor: Decompressor<'a>,
    row: Vec<u8>,
    /// Rows to come.
    left: u32,
    lacks_rows: bool,
}

impl Source for Strip<'_> {
    /// A row at a time.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PhotoError> {
        // The last row stands for those that never come.
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.decompressor.read_row(&mut self.row)?;
            }
            None => self.lacks_rows = true,
        }
        bytes.copy_from_slice(&self.row[..bytes.len()]);
        Ok(())
    }

    fn is_damaged(&self) -> bool {
        self.lacks_rows || self.decompressor.is_damaged()
    }
}
