//! The lattice that was fitted, kept with the evidence: where the picture's points lie on the
//! unwrapped section, and how the lines run there.

use crate::schreger::frame::Frame;
use crate::schreger::oval::Oval;
use crate::schreger::polar::PolarLattice;
use crate::schreger::vector::{
    Matrix, Vector, add, dot, inverted, multiply, quarter_turn, scale, subtract, transposed,
};
use serde::{Deserialize, Serialize};

/// The fitted lattice of one surface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedLattice {
    /// Middle of the windows, pixels of the picture.
    middle: [f64; 2],
    /// Root mean square distance of the windows from it, pixels.
    extent: f64,
    /// Parameters in units of both.
    parameters: Oval,
}

impl FittedLattice {
    pub(crate) fn new(frame: &Frame, parameters: Oval) -> Self {
        Self {
            middle: frame.middle,
            extent: frame.extent,
            parameters,
        }
    }

    /// The point of the picture, pixels, at a bearing (radians clockwise from the right) and a
    /// radius (pixels) from the tusk's axis on the face as seen square on.
    #[must_use]
    pub fn picture_point(&self, bearing: f64, radius: f64) -> [f64; 2] {
        let on_frame = self.lattice().position(bearing, radius / self.extent);
        add(self.middle, scale(on_frame, self.extent))
    }

    /// Where a point of the picture (pixels) lies on the section.
    pub(crate) fn place(&self, point: Vector) -> Place {
        let position = scale(subtract(point, self.middle), 1.0 / self.extent);
        let here = self.lattice().local(position);
        Place {
            bearing: here.outward[1].atan2(here.outward[0]),
            radius: here.radius * self.extent,
            outward: here.outward,
            skew: here.skew,
            derivative: here.derivative,
        }
    }

    /// Schreger angle of the fit at a radius (pixels), degrees.
    #[must_use]
    pub fn angle_deg(&self, radius: f64) -> f64 {
        let half = self.lattice().tan_half_angle(radius / self.extent).atan();
        2.0 * half.to_degrees()
    }

    fn lattice(&self) -> PolarLattice {
        self.parameters.polar()
    }
}

/// Where a point of the picture lies on the section.
pub(crate) struct Place {
    /// Radians.
    pub(crate) bearing: f64,
    /// Pixels.
    pub(crate) radius: f64,
    outward: Vector,
    skew: f64,
    derivative: Matrix,
}

impl Place {
    /// A wave vector of the picture by its parts round and outward on the unwrapped section.
    pub(crate) fn unwrapped(&self, wave_vector: Vector) -> Vector {
        let on_plane = multiply(&transposed(&inverted(&self.derivative)), wave_vector);
        let outward = dot(on_plane, self.outward);
        let round = dot(on_plane, quarter_turn(self.outward));
        // Along a growth layer that is no circle one goes outward as well.
        [round + self.skew * outward, outward]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schreger::outline::Outline;
    use crate::schreger::parameters::Parameters;

    /// An oval section seen from aside, its axis to the upper left of the face.
    fn tilted_oval() -> FittedLattice {
        FittedLattice {
            middle: [400.0, 300.0],
            extent: 150.0,
            parameters: Oval {
                lattice: Parameters {
                    axis: Parameters::axis_of([-2.0, -1.0]),
                    log_wave_number: 3.2,
                    log_tan: 0.2,
                    log_tan_slope: 0.1,
                    log_stretch: [0.2, -0.1],
                    vanishing_line: [0.05, 0.02],
                    ..Parameters::default()
                },
                outline: Outline {
                    oval: [0.03, -0.02],
                    triangle: [0.004, 0.0],
                },
            },
        }
    }

    #[test]
    fn a_point_unwrapped_lies_where_the_section_puts_it() {
        let lattice = tilted_oval();
        for point in [[400.0, 300.0], [520.0, 210.0], [310.0, 390.0]] {
            let place = lattice.place(point);
            let [x, y] = lattice.picture_point(place.bearing, place.radius);
            let off = (x - point[0]).hypot(y - point[1]);
            assert!(off < 1e-6, "{off} pixels at {point:?}");
        }
    }

    #[test]
    fn the_fits_lines_unwrapped_cross_at_the_angle_of_their_radius() {
        let lattice = tilted_oval();
        for point in [[400.0, 300.0], [520.0, 210.0], [310.0, 390.0]] {
            let place = lattice.place(point);
            let position = scale(subtract(point, lattice.middle), 1.0 / lattice.extent);
            let here = lattice.lattice().local(position);
            for k in here.wave_vectors {
                let [round, out] = place.unwrapped(k);
                let angle = 2.0 * (out / round).abs().atan().to_degrees();
                let expected = lattice.angle_deg(place.radius);
                assert!((angle - expected).abs() < 1e-6, "{angle} of {expected}");
            }
        }
    }
}
