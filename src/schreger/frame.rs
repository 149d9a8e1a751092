//! The windows of a lattice in units of their own extent and mean wave number, in which they are
//! fitted.

use crate::schreger::vector::{Vector, add, divide, norm, scale, subtract};
use crate::schreger::window::LatticeWindow;

/// One window in units of the frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FramedWindow {
    /// Centre, extents from the middle.
    pub(crate) position: Vector,
    /// Wave vectors of the two families, mean wave numbers.
    pub(crate) wave_vectors: [Vector; 2],
}

/// Windows in units of their own extent and mean wave number.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Centre of the windows, pixels.
    pub(crate) middle: Vector,
    /// Root mean square distance of the windows from it, pixels.
    pub(crate) extent: f64,
    /// Mean wave number, cycles per pixel.
    pub(crate) wave_number: f64,
    /// The windows.
    pub(crate) windows: Vec<FramedWindow>,
    /// Independent windows per window, at most 1.
    pub(crate) independent_share: f64,
}

impl Frame {
    /// The frame of at least one window.
    pub(crate) fn new(windows: &[LatticeWindow], independent_share: f64) -> Self {
        let n = windows.len().max(1) as f64;
        let middle = (windows.iter()).fold([0.0; 2], |sum, w| add(sum, divide(w.centre, n)));
        let wave_number = (windows.iter())
            .map(|w| w.wave_vectors.iter().map(|k| norm(*k)).sum::<f64>() / (2.0 * n))
            .sum();
        let extent = (windows.iter())
            .map(|w| subtract(w.centre, middle))
            .map(|off| off[0].powi(2) + off[1].powi(2))
            .sum::<f64>();
        let mut frame = Self {
            middle,
            extent: (extent / n).sqrt().max(1.0),
            wave_number,
            windows: Vec::new(),
            independent_share,
        };
        frame.windows = (windows.iter())
            .map(|w| FramedWindow {
                position: frame.from_picture(w.centre),
                wave_vectors: w.wave_vectors.map(|k| divide(k, wave_number)),
            })
            .collect();
        frame
    }

    /// A point of the picture (pixels) in extents.
    #[allow(clippy::wrong_self_convention)] // It converts the point, not the frame.
    pub(crate) fn from_picture(&self, point: Vector) -> Vector {
        divide(subtract(point, self.middle), self.extent)
    }

    /// A position in extents, in pixels of the picture.
    pub(crate) fn to_picture(&self, position: Vector) -> Vector {
        add(self.middle, scale(position, self.extent))
    }

    /// At most `most` of the windows, evenly taken.
    pub(crate) fn thinned(&self, most: usize) -> Self {
        let step = self.windows.len().div_ceil(most).max(1);
        let windows: Vec<_> = self.windows.iter().copied().step_by(step).collect();
        let gain = self.windows.len() as f64 / windows.len() as f64;
        Self {
            independent_share: (self.independent_share * gain).min(1.0),
            windows,
            ..self.clone()
        }
    }
}
