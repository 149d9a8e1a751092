//! Windows and OS/2 bitmaps, row by row.

use image::metadata::Orientation;

use super::bmp_header::{Colouring, Header};
use super::bmp_runs::Runs;
use super::canvas::Mosaic;
use super::colour::{Channels, Converter, Layout};
use super::decoded::Stored;
use super::request::Request;
use super::{Mark, PhotoError};

/// Most pixels of a row: it is at work in several forms at once.
const LONGEST_ROW: u32 = 8 << 20;

/// Decodes a bitmap on white.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let header = Header::read(bytes)?;
    let size = (header.width, header.height);
    let pixels = u64::from(size.0) * u64::from(size.1);
    // Pixels and, where they are reduced, sums of blocks.
    let held = 9 * request.reduced_pixels(size) + 16 * u64::from(size.0);
    request.admit_holding(size, 3 * pixels, held)?;
    if size.0 > LONGEST_ROW {
        return Err(PhotoError::TooLarge(format!(
            "a row of {} pixels, the limit is {LONGEST_ROW}",
            size.0
        )));
    }
    let data = bytes.get(header.data..).unwrap_or_default();
    let mut picture = Picture {
        mosaic: Mosaic::new(size, request.reduction(size))?,
        converter: Converter::new(Layout::new(Channels::Rgba, 1)).0,
        rgba: vec![[0; 4]; size.0 as usize],
        rgb: vec![255; 3 * size.0 as usize],
        header: &header,
        rows: 0,
    };
    let is_whole = match &header.colouring {
        Colouring::Runs { bits, palette } => picture.fill_runs(Runs::new(data, *bits), palette),
        _ => picture.fill_rows(data),
    };
    if !is_whole && picture.rows < size.1.div_ceil(2) {
        return Err(PhotoError::Corrupt("the bmp file ends too early".into()));
    }
    Ok(Stored {
        pixels: picture.finish(),
        size,
        orientation: Orientation::NoTransforms,
        marks: (!is_whole).then_some(Mark::Damaged).into_iter().collect(),
    })
}

struct Picture<'a> {
    header: &'a Header,
    mosaic: Mosaic,
    converter: Converter,
    rgba: Vec<[u8; 4]>,
    rgb: Vec<u8>,
    /// Rows that have come, in the order of the file.
    rows: u32,
}

impl Picture<'_> {
    /// Rows as they lie; false when they are not all there.
    fn fill_rows(&mut self, data: &[u8]) -> bool {
        let header = self.header;
        let stride = header.stride();
        let rows = data.chunks(stride).take(header.height as usize);
        let is_opaque = header.is_opaque(rows.clone());
        for row in rows {
            // Of the last row, the padding may be missing.
            if row.len() < header.row() {
                return false;
            }
            header.colour(row, is_opaque, &mut self.rgba);
            self.push();
        }
        self.rows == header.height
    }

    /// Rows of runs; what they leave out is transparent, as browsers show it.
    fn fill_runs(&mut self, mut runs: Runs<'_>, palette: &[[u8; 4]; 256]) -> bool {
        let mut indices = vec![None; self.rgba.len()];
        while self.rows < self.header.height {
            let goes_on = runs.next_row(&mut indices);
            for (pixel, index) in self.rgba.iter_mut().zip(&indices) {
                *pixel = index.map_or([0; 4], |index: u8| palette[usize::from(index)]);
            }
            if !goes_on && runs.is_broken() {
                return false;
            }
            self.push();
            if !goes_on {
                return true;
            }
        }
        true
    }

    fn push(&mut self) {
        let rgba = self.rgba.as_flattened();
        self.converter.convert(rgba, &mut self.rgb);
        self.mosaic.scatter(&self.rgb, self.place(), 0, 1);
        self.rows += 1;
    }

    /// Where the next row belongs.
    fn place(&self) -> u32 {
        match self.header.is_top_down {
            true => self.rows,
            false => self.header.height - 1 - self.rows,
        }
    }

    fn finish(mut self) -> image::RgbImage {
        self.rgb.fill(255);
        while self.rows < self.header.height {
            self.mosaic.scatter(&self.rgb, self.place(), 0, 1);
            self.rows += 1;
        }
        self.mosaic.finish()
    }
}
