//! A picture of one piece or of a grid of tiles, decoded a row of tiles at a time.

use super::container::Container;
use super::planes::{Matrix, Planes};
use crate::photo::PhotoError;

/// A picture whose rows are asked for from the top.
pub(super) struct Mosaic<'a> {
    container: &'a Container<'a>,
    tiles: Vec<u32>,
    columns: usize,
    /// Size of a tile.
    width: u32,
    height: u32,
    /// The row of tiles in hand, and which it is.
    open: Vec<(Planes, Matrix)>,
    row: Option<usize>,
}

impl<'a> Mosaic<'a> {
    /// The tiles of an item that should cover `size`.
    pub(super) fn new(
        container: &'a Container<'a>,
        item: u32,
        size: (u32, u32),
    ) -> Result<Self, PhotoError> {
        let (tiles, columns) = container.tiles(item)?;
        let first = tiles.first().copied().unwrap_or(item);
        let (width, height) = match tiles.len() {
            1 => size,
            _ => container.size(first)?,
        };
        let rows = tiles.len() / columns.max(1);
        let covers =
            |tile: u32, count: usize, side: u32| u64::from(tile) * count as u64 >= side.into();
        if !covers(width, columns, size.0) || !covers(height, rows, size.1) {
            return Err(PhotoError::Corrupt(
                "a broken HEIC or AVIF file: its tiles do not cover the picture".into(),
            ));
        }
        Ok(Self {
            container,
            tiles,
            columns,
            width,
            height,
            open: Vec::new(),
            row: None,
        })
    }

    /// Pixels of a row of tiles, which are decoded at once.
    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * self.columns as u64
    }

    /// The first tile of the row of tiles in which `y` lies.
    pub(super) fn planes(&mut self, y: u32) -> Result<&Planes, PhotoError> {
        self.open(y)?;
        match self.open.first() {
            Some((planes, _)) => Ok(planes),
            None => Err(PhotoError::Corrupt(
                "a broken HEIC or AVIF file: a grid of no tiles".into(),
            )),
        }
    }

    /// Writes a row's colours to pixels of so many samples.
    pub(super) fn colours(
        &mut self,
        y: u32,
        out: &mut [u16],
        samples: usize,
    ) -> Result<(), PhotoError> {
        self.open(y)?;
        let stride = samples * self.width as usize;
        for ((planes, matrix), out) in self.open.iter().zip(out.chunks_mut(stride)) {
            matrix.row(planes, (y % self.height) as usize, out, samples);
        }
        Ok(())
    }

    /// Writes a row's brightness, in `depth` bits, to the last sample of each pixel.
    pub(super) fn alpha(
        &mut self,
        y: u32,
        out: &mut [u16],
        samples: usize,
        depth: u32,
    ) -> Result<(), PhotoError> {
        self.open(y)?;
        let stride = samples * self.width as usize;
        for ((planes, matrix), out) in self.open.iter().zip(out.chunks_mut(stride)) {
            matrix.alpha(planes, (y % self.height) as usize, out, samples, depth);
        }
        Ok(())
    }

    fn open(&mut self, y: u32) -> Result<(), PhotoError> {
        let row = (y / self.height) as usize;
        if self.row == Some(row) {
            return Ok(());
        }
        self.open.clear();
        for &tile in self
            .tiles
            .iter()
            .skip(row * self.columns)
            .take(self.columns)
        {
            let planes = self.container.decode(tile, (self.width, self.height))?;
            let is_first_kind = self.open.first().is_none_or(|(first, _)| {
                first.depth == planes.depth && first.is_grey() == planes.is_grey()
            });
            if planes.width < self.width || planes.height < self.height || !is_first_kind {
                return Err(PhotoError::Corrupt(
                    "a broken HEIC or AVIF file: a picture inside has another size or depth than it should".into(),
                ));
            }
            let matrix = Matrix::new(self.container.code_points(tile, &planes), planes.depth)?;
            self.open.push((planes, matrix));
        }
        self.row = Some(row);
        Ok(())
    }
}
