//! Strips and tiles to rows across the picture.

use std::borrow::Cow;

use super::codec::{Deflate, Lzw, PackBits, Plain, Source, Subsampled};
use super::fax::Fax;
use super::jpeg;
use super::picture::{Compression, Meaning, Picture};
use super::samples::Samples;
use crate::photo::PhotoError;

/// Unpacked bytes of one row of a strip or tile.
const MOST_IN_A_ROW: u64 = 64 << 20;
/// Unpacked bytes of tiles side by side that are kept whole; above, each is unpacked row by row
/// with a state of its own, of which there are not too many.
const MOST_WHOLE: u64 = 32 << 20;
const MOST_STATES: u64 = 512;
/// Bytes that are held at once, whatever the picture.
pub(super) const MOST_HELD: u64 = MOST_IN_A_ROW + MOST_WHOLE;

/// The picture's rows from the top: strips, or tiles side by side, of all planes.
pub(super) struct Bands<'a> {
    file: &'a [u8],
    picture: &'a Picture<'a>,
    samples: Samples,
    /// Planes that are unpacked: those of colours and of transparency.
    planes: Vec<usize>,
    /// Samples of a pixel of a row as handed on.
    wanted: usize,
    /// Bytes of a stored row of a strip or tile.
    stored: Vec<u8>,
    open: Vec<Piece<'a>>,
    keep_whole: bool,
    row: u32,
    /// Bytes of the file that strips may still take.
    budget: usize,
    is_damaged: bool,
}

/// A strip or tile being unpacked.
struct Piece<'a> {
    source: Box<dyn Source + 'a>,
    /// Its first pixel of a row, and how many are inside the picture.
    left: usize,
    pixels: usize,
    /// Its first sample of a pixel as handed on.
    first: usize,
}

impl<'a> Bands<'a> {
    /// # Errors
    /// [`PhotoError::Corrupt`] when there are too few strips, [`PhotoError::TooLarge`] when
    /// their shape would take too much memory.
    pub(super) fn new(file: &'a [u8], picture: &'a Picture<'a>) -> Result<Self, PhotoError> {
        let grid = &picture.grid;
        let in_plane = picture.samples_in_plane() as u64;
        let bits = u64::from(grid.width) * in_plane * u64::from(picture.number.bits());
        let row = bits.div_ceil(8);
        if row > MOST_IN_A_ROW {
            return Err(PhotoError::TooLarge(format!(
                "TIFF: {row} bytes in a row of a strip or tile, the limit is {MOST_IN_A_ROW}"
            )));
        }
        let kept: Vec<usize> = (0..picture.colours)
            .chain(picture.alpha.map(|alpha| alpha.sample))
            .collect();
        let wanted = kept.len();
        let (planes, in_row) = match picture.is_planar {
            true => (kept, vec![0]),
            false => (vec![0], kept),
        };
        let side_by_side = u64::from(grid.across) * planes.len() as u64;
        let rows = u64::from(grid.height.min(picture.size.1));
        let whole = row.saturating_mul(rows).saturating_mul(side_by_side);
        let keep_whole = whole <= MOST_WHOLE && grid.across > 1;
        if !keep_whole && side_by_side > MOST_STATES && picture.compression != Compression::None {
            return Err(PhotoError::TooLarge(format!(
                "TIFF: {whole} bytes in tiles side by side, the limit is {MOST_WHOLE}"
            )));
        }
        let pieces = u64::from(grid.across) * u64::from(grid.down) * picture.planes() as u64;
        if (grid.offsets.len() as u64) < pieces {
            return Err(PhotoError::Corrupt(format!(
                "TIFF: {} strips or tiles, {pieces} are needed",
                grid.offsets.len()
            )));
        }
        Ok(Self {
            file,
            picture,
            samples: Samples::new(picture, in_row),
            planes,
            wanted,
            stored: vec![0; row as usize],
            open: Vec::new(),
            keep_whole,
            row: 0,
            budget: 2 * file.len() + (1 << 16),
            is_damaged: false,
        })
    }

    /// Bytes of a row as [`next`](Self::next) gives it.
    pub(super) fn row_bytes(&self) -> usize {
        self.picture.size.0 as usize * self.wanted * Samples::bytes(self.picture.number)
    }

    /// Whether something was broken and got passed over.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged || self.open.iter().any(|piece| piece.source.is_damaged())
    }

    /// Unpacks the next row into `out`: colours and transparency of each pixel side by side.
    ///
    /// # Errors
    /// [`PhotoError::Corrupt`] when its data are broken or missing.
    pub(super) fn next(&mut self, out: &mut [u8]) -> Result<(), PhotoError> {
        if self.row.is_multiple_of(self.picture.grid.height) {
            self.is_damaged = self.is_damaged();
            self.open.clear();
            self.open_band()?;
        }
        self.row += 1;
        let bytes = Samples::bytes(self.picture.number);
        for piece in &mut self.open {
            piece.source.fill(&mut self.stored)?;
            let pixel = self.wanted * bytes;
            let out = &mut out[piece.left * pixel..][..piece.pixels * pixel];
            self.samples
                .unpack(&mut self.stored, out, self.wanted, piece.first);
        }
        Ok(())
    }

    fn open_band(&mut self) -> Result<(), PhotoError> {
        let grid = &self.picture.grid;
        let (down, across) = (self.row / grid.height, grid.across);
        for first in 0..self.planes.len() {
            for column in 0..across {
                let in_plane = u64::from(down) * u64::from(across) + u64::from(column);
                let plane = self.planes[first] as u64 * u64::from(across) * u64::from(grid.down);
                let mut source = self.open((plane + in_plane) as usize)?;
                if self.keep_whole {
                    source = self.unpacked(source)?;
                }
                let left = column * grid.width;
                self.open.push(Piece {
                    source,
                    left: left as usize,
                    pixels: grid.width.min(self.picture.size.0 - left) as usize,
                    first,
                });
            }
        }
        Ok(())
    }

    /// Rows of the band that begins at the current row which lie inside the picture.
    fn rows(&self) -> u32 {
        self.picture.grid.height.min(self.picture.size.1 - self.row)
    }

    /// Unpacks all of a piece that is needed, so that its decoder's state need not be kept.
    fn unpacked(
        &mut self,
        mut source: Box<dyn Source + 'a>,
    ) -> Result<Box<dyn Source + 'a>, PhotoError> {
        let row = self.stored.len();
        let mut whole = vec![0; row * self.rows() as usize];
        for row in whole.chunks_exact_mut(row) {
            source.fill(row)?;
        }
        self.is_damaged |= source.is_damaged();
        Ok(Box::new(Plain::new(Cow::Owned(whole))))
    }

    fn open(&mut self, index: usize) -> Result<Box<dyn Source + 'a>, PhotoError> {
        let picture = self.picture;
        let data = self.data(index)?;
        let width = picture.grid.width;
        if picture.compression == Compression::Jpeg {
            let rows = match picture.grid.is_tiled {
                true => picture.grid.height,
                false => self.rows(),
            };
            let side_by_side = u64::from(picture.grid.across) * self.planes.len() as u64;
            return jpeg::open(data, picture, (width, rows), side_by_side);
        }
        let data = match picture.is_reversed {
            true => Cow::Owned(data.iter().map(|byte| byte.reverse_bits()).collect()),
            false => Cow::Borrowed(data),
        };
        codec(picture, data, width)
    }

    /// Where a strip or tile lies in the file.
    fn data(&mut self, index: usize) -> Result<&'a [u8], PhotoError> {
        let picture = self.picture;
        let outside =
            || PhotoError::Corrupt(format!("TIFF: strip or tile {index} lies outside the file"));
        let start = picture
            .grid
            .offsets
            .get(index)
            .and_then(|at| usize::try_from(at).ok());
        let rest = self
            .file
            .get(start.ok_or_else(outside)?..)
            .ok_or_else(outside)?;
        // Counts are often wrong where nothing is packed, and then nobody needs them.
        if picture.compression == Compression::None {
            let (whole, rows) = (self.stored.len(), self.rows() as usize);
            return Ok(&rest[..rest
                .len()
                .min(whole.saturating_mul(rows.next_multiple_of(4)))]);
        }
        let count = picture.grid.counts.and_then(|counts| counts.get(index));
        let count = count.filter(|&count| count > 0).unwrap_or(u64::MAX);
        let data = &rest[..rest.len().min(usize::try_from(count).unwrap_or(usize::MAX))];
        // Strips that lie over one another would make a small file take long.
        self.budget = self.budget.checked_sub(data.len()).ok_or_else(|| {
            PhotoError::Corrupt("TIFF: its strips or tiles lie over one another".into())
        })?;
        Ok(data)
    }
}

fn codec<'d>(
    picture: &Picture<'_>,
    data: Cow<'d, [u8]>,
    width: u32,
) -> Result<Box<dyn Source + 'd>, PhotoError> {
    Ok(match picture.compression {
        Compression::None => with_blocks(picture, width, Plain::new(data)),
        Compression::PackBits => with_blocks(picture, width, PackBits::new(data)),
        Compression::Lzw => with_blocks(picture, width, Lzw::new(data)),
        Compression::Deflate => with_blocks(picture, width, Deflate::new(data)),
        Compression::Fax(scheme) => Box::new(Fax::new(data, scheme, width)),
        // Opened with its tables.
        Compression::Jpeg => return Err(PhotoError::Internal("JPEG within TIFF".into())),
    })
}

fn with_blocks<'d, S: Source + 'd>(
    picture: &Picture<'_>,
    width: u32,
    source: S,
) -> Box<dyn Source + 'd> {
    match picture.meaning {
        Meaning::YCbCr(_) if picture.block != (1, 1) => {
            Box::new(Subsampled::new(source, picture.block, width as usize))
        }
        _ => Box::new(source),
    }
}
