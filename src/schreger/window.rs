//! The windows in which a lattice is read, and what is known of one.

use crate::schreger::vector::Vector;

/// Side of a window in pixels of its level.
pub(crate) const SIDE: usize = 64;

/// Column and row of a window on its grid.
pub(crate) type Cell = (usize, usize);

/// One window in which both families were found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LatticeWindow {
    /// Centre, pixels of the picture.
    pub(crate) centre: Vector,
    /// Wave vectors of the two families, cycles per pixel of the picture. Signs and order run on
    /// from window to window.
    pub(crate) wave_vectors: [Vector; 2],
    /// Significance of the two peaks.
    pub(crate) significance: [f32; 2],
    /// Amplitudes of the two waves, as contrast.
    pub(crate) amplitude: [f32; 2],
    /// Place on the grid.
    pub(crate) cell: Cell,
}

impl LatticeWindow {
    /// Significance of the weaker peak.
    pub(crate) fn weaker_significance(&self) -> f32 {
        self.significance[0].min(self.significance[1])
    }

    /// Contrast of the two families together.
    pub(crate) fn contrast(&self) -> f32 {
        self.amplitude[0] + self.amplitude[1]
    }
}
