//! The windows of one level on a regular grid, with the spectral peaks of those already analysed.

use crate::schreger::pyramid::Level;
use crate::schreger::spectrum::{Peak, Spectrometer};
use crate::schreger::vector::{Vector, scale};
use crate::schreger::window::{Cell, LatticeWindow, SIDE};
use ndarray::Array2;

/// Windows of one level on a regular grid.
pub(crate) struct WindowGrid<'a> {
    level: &'a Level,
    spectrometer: &'a mut Spectrometer,
    /// Distance between windows, pixels of the level.
    stride: (f64, f64),
    /// Peaks by row and column; `None` where the window was not analysed.
    peaks: Array2<Option<Vec<Peak>>>,
}

impl<'a> WindowGrid<'a> {
    /// A grid with about `stride` pixels of the level between windows, at most `most` windows.
    pub(crate) fn new(
        level: &'a Level,
        stride: usize,
        most: usize,
        spectrometer: &'a mut Spectrometer,
    ) -> Self {
        let (width, height) = (level.light.width - SIDE, level.light.height - SIDE);
        let wanted = (width as f64 / stride as f64 + 1.0) * (height as f64 / stride as f64 + 1.0);
        let stretch = (wanted / most as f64).sqrt().max(1.0) * stride as f64;
        let count = |length: usize| (length as f64 / stretch).round() as usize + 1;
        let step = |length: usize| match count(length) {
            1 => 0.0,
            n => length as f64 / (n - 1) as f64,
        };
        Self {
            level,
            spectrometer,
            stride: (step(width), step(height)),
            peaks: Array2::default((count(height), count(width))),
        }
    }

    /// Rows and columns.
    pub(crate) fn shape(&self) -> (usize, usize) {
        self.peaks.dim()
    }

    fn columns(&self) -> usize {
        self.peaks.ncols()
    }

    fn rows(&self) -> usize {
        self.peaks.nrows()
    }

    /// Mean distance between neighbouring windows, pixels of the picture.
    pub(crate) fn pitch(&self) -> f64 {
        let (a, b) = self.stride;
        let pitch = match (self.columns() > 1, self.rows() > 1) {
            (true, true) => (a * b).sqrt(),
            (true, false) => a,
            (false, true) => b,
            (false, false) => SIDE as f64,
        };
        pitch * self.level.scale
    }

    /// Every cell, row by row.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let columns = self.columns();
        (0..self.rows())
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .collect()
    }

    /// The cells that touch a cell, by sides or corners.
    pub(crate) fn neighbours(&self, (column, row): Cell) -> Vec<Cell> {
        let columns = column.saturating_sub(1)..=(column + 1).min(self.columns() - 1);
        let rows = row.saturating_sub(1)..=(row + 1).min(self.rows() - 1);
        columns
            .flat_map(|c| rows.clone().map(move |r| (c, r)))
            .filter(|cell| *cell != (column, row))
            .collect()
    }

    /// Top left pixel of a window, in the level.
    fn corner(&self, (column, row): Cell) -> (usize, usize) {
        (
            (column as f64 * self.stride.0).round() as usize,
            (row as f64 * self.stride.1).round() as usize,
        )
    }

    /// Centre of a window, pixels of the picture.
    pub(crate) fn centre(&self, cell: Cell) -> Vector {
        let (x, y) = self.corner(cell);
        let middle = SIDE as f64 / 2.0;
        scale([x as f64 + middle, y as f64 + middle], self.level.scale)
    }

    /// The cell whose window's centre is nearest to a point of the picture (pixels).
    pub(crate) fn nearest(&self, point: Vector) -> Cell {
        let index = |x: f64, stride: f64, n: usize| {
            if n < 2 {
                return 0;
            }
            let steps = (x / self.level.scale - SIDE as f64 / 2.0) / stride;
            (steps.round().max(0.0) as usize).min(n - 1)
        };
        (
            index(point[0], self.stride.0, self.columns()),
            index(point[1], self.stride.1, self.rows()),
        )
    }

    /// Finds the peaks of the given windows, two at a time, where they are not known yet.
    pub(crate) fn analyse(&mut self, cells: &[Cell]) {
        let new: Vec<_> = (cells.iter().copied())
            .filter(|cell| self.peaks(*cell).is_none())
            .collect();
        for pair in new.chunks(2) {
            let both = [pair[0], pair[pair.len() - 1]];
            let corners = both.map(|cell| self.corner(cell));
            let found = self.spectrometer.peaks(&self.level.contrast, corners);
            for ((column, row), peaks) in both.into_iter().zip(found) {
                self.peaks[[row, column]] = Some(peaks);
            }
        }
    }

    /// Finds the peaks of every window.
    pub(crate) fn analyse_all(&mut self) {
        self.analyse(&self.cells());
    }

    /// The peaks of a window, most significant first; `None` where it was not analysed.
    pub(crate) fn peaks(&self, (column, row): Cell) -> Option<&[Peak]> {
        self.peaks[[row, column]].as_deref()
    }

    /// Cycles per window of a wave vector in cycles per pixel of the picture.
    pub(crate) fn cycles_per_window(&self) -> f64 {
        SIDE as f64 * self.level.scale
    }

    /// The window of a cell whose two families are these peaks.
    pub(crate) fn window(&self, cell: Cell, pair: [Peak; 2]) -> LatticeWindow {
        let unit = 1.0 / self.cycles_per_window();
        LatticeWindow {
            centre: self.centre(cell),
            wave_vectors: pair.map(|p| p.wave_vector.map(|v| f64::from(v) * unit)),
            significance: pair.map(|p| p.significance),
            amplitude: pair.map(|p| p.amplitude),
            cell,
        }
    }
}
