//! Sections that are not round: growth layers with two and three lobes.
//!
//! A tusk's section is an oval, and its growth layers with it. Seen in a part of the section, an
//! oval bends the layers more or less than their distance from the axis tells, which a fit of
//! circles takes for a stretch of the picture, and that moves the angle. With the outline as
//! parameters of the fit, what cannot be told from a stretch widens the interval.

use crate::schreger::vector::Vector;
use serde::{Deserialize, Serialize};

/// Number of parameters.
pub(crate) const COUNT: usize = 4;

/// The outline of a section: its distance from the axis over that of a round one is one plus waves
/// with two and three crests round the axis.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Outline<T = f64> {
    /// Cosine and sine of the wave with two crests.
    pub(crate) oval: [T; 2],
    /// Cosine and sine of the wave with three.
    pub(crate) triangle: [T; 2],
}

impl Outline {
    /// A round section.
    pub(crate) const ROUND: Self = Self {
        oval: [0.0; 2],
        triangle: [0.0; 2],
    };

    /// The relative distance of the outline in a direction (a unit vector), and the derivative of
    /// its logarithm by the bearing.
    pub(crate) fn at(&self, [c, s]: Vector) -> (f64, f64) {
        let (c2, s2) = (c * c - s * s, 2.0 * c * s);
        let (c3, s3) = (c2 * c - s2 * s, s2 * c + c2 * s);
        let ([a, b], [d, e]) = (self.oval, self.triangle);
        let distance = (1.0 + a * c2 + b * s2 + d * c3 + e * s3).max(0.5);
        let slope = 2.0 * (b * c2 - a * s2) + 3.0 * (e * c3 - d * s3);
        (distance, slope / distance)
    }
}
