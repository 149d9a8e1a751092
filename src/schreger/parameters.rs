//! The parameters of the polar lattice, by name.

use crate::schreger::least_squares::ParameterSet;
use serde::{Deserialize, Serialize};

/// Number of parameters.
pub(crate) const COUNT: usize = 10;

/// One value for each parameter of the polar lattice: the parameters themselves, or something said
/// of each.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Parameters<T = f64> {
    /// Bearing of the tusk's axis from the middle of the windows. Its length is the arc tangent of
    /// the axis's distance in extents: the plane is mapped to a disc of radius pi/2, so that the
    /// axis may pass through infinity.
    pub(crate) axis: [T; 2],
    /// Log of the tangential periods in `2 pi sqrt(1 + d^2)` extents, where `d` is the axis's
    /// distance in extents.
    pub(crate) log_wave_number: T,
    /// Log tan of half the Schreger angle amid the windows.
    pub(crate) log_tan: T,
    /// Its derivative along the radius, per extent.
    pub(crate) log_tan_slope: T,
    /// Half its second derivative along the radius, per square extent.
    pub(crate) log_tan_bend: T,
    /// Log stretch of the picture by tilt or an oblique cut: along x against y, and along the
    /// diagonals.
    pub(crate) log_stretch: [T; 2],
    /// Vanishing line: relative change of depth along x and y, per extent.
    pub(crate) vanishing_line: [T; 2],
}

impl<T: Copy> Parameters<T> {
    /// The values in the order of [`ParameterSet::from_array`].
    pub(crate) fn to_array(self) -> [T; COUNT] {
        [
            self.axis[0],
            self.axis[1],
            self.log_wave_number,
            self.log_tan,
            self.log_tan_slope,
            self.log_tan_bend,
            self.log_stretch[0],
            self.log_stretch[1],
            self.vanishing_line[0],
            self.vanishing_line[1],
        ]
    }
}

impl ParameterSet<COUNT> for Parameters {
    fn to_array(self) -> [f64; COUNT] {
        Parameters::to_array(self)
    }

    fn from_array(values: [f64; COUNT]) -> Self {
        let [
            ax,
            ay,
            log_wave_number,
            log_tan,
            log_tan_slope,
            log_tan_bend,
            sx,
            sy,
            vx,
            vy,
        ] = values;
        Self {
            axis: [ax, ay],
            log_wave_number,
            log_tan,
            log_tan_slope,
            log_tan_bend,
            log_stretch: [sx, sy],
            vanishing_line: [vx, vy],
        }
    }
}
