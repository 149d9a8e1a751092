//! The windows seen from the fitted tusk's axis: radius, bearing and Schreger angle of each.

use crate::schreger::frame::Frame;
use crate::schreger::polar::PolarLattice;
use crate::schreger::vector::{Vector, dot, inverted, multiply, quarter_turn, transposed};
use crate::schreger::window::LatticeWindow;

/// Significance at which a window has half its full weight.
const HALF_WEIGHT: f64 = 12.0;

/// One window seen from the fitted axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PolarWindow {
    /// Distance from the axis, extents.
    pub(crate) radius: f64,
    /// Direction from the axis, radians.
    pub(crate) bearing: f64,
    /// Schreger angle, degrees.
    pub(crate) angle_deg: f64,
    /// Centre, pixels of the picture.
    pub(crate) centre: Vector,
    /// Weight from significance, 0 to 1.
    pub(crate) weight: f64,
}

/// All windows seen from a lattice's axis.
pub(crate) fn polar_windows(
    frame: &Frame,
    lattice: &PolarLattice,
    windows: &[LatticeWindow],
) -> Vec<PolarWindow> {
    windows
        .iter()
        .map(|window| {
            let here = lattice.local(frame.from_picture(window.centre));
            // Wave vectors go to the plane with the transposed inverse of the derivative.
            let to_plane = transposed(&inverted(&here.derivative));
            let (mut radial, mut tangential) = (0.0, 0.0);
            for k in window.wave_vectors {
                let on_plane = multiply(&to_plane, k);
                radial += dot(on_plane, here.outward).abs();
                tangential += dot(on_plane, quarter_turn(here.outward)).abs();
            }
            let weaker = f64::from(window.weaker_significance());
            PolarWindow {
                radius: here.radius,
                bearing: here.outward[1].atan2(here.outward[0]),
                angle_deg: 2.0 * radial.atan2(tangential).to_degrees(),
                centre: window.centre,
                weight: weaker / (weaker + HALF_WEIGHT),
            }
        })
        .collect()
}
