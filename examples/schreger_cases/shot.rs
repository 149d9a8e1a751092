//! How a section is photographed: what is shown of it, at which scale and tilt.

use crate::camera::View;
use crate::chance::Chance;
use crate::tusk::Tusk;
use std::f32::consts::TAU;

/// Which part of a section the picture shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Disc,
    Piece,
    CloseRim,
    CloseInside,
    Bead,
    Bangle,
    CarvedBase,
}

impl Shape {
    pub(crate) const ALL: [Shape; 7] = [
        Shape::Disc,
        Shape::Piece,
        Shape::CloseRim,
        Shape::CloseInside,
        Shape::Bead,
        Shape::Bangle,
        Shape::CarvedBase,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Shape::Disc => "disc",
            Shape::Piece => "piece",
            Shape::CloseRim => "close_rim",
            Shape::CloseInside => "close_inside",
            Shape::Bead => "bead",
            Shape::Bangle => "bangle",
            Shape::CarvedBase => "carved_base",
        }
    }

    /// Distance from the tusk's axis that the camera looks at, for a picture of `field`
    /// millimetres.
    fn target_radius(self, tusk: &Tusk, field: f32, chance: &mut Chance) -> f32 {
        let (rim, pulp) = (tusk.rim, tusk.pulp);
        let radius = match self {
            Shape::Disc | Shape::Bangle if field > rim * 1.2 => chance.range(0.0, 0.3) * rim,
            Shape::Disc | Shape::Bangle | Shape::Piece | Shape::CloseRim => {
                rim - field * chance.range(0.1, 0.42)
            }
            Shape::CloseInside => (pulp + field * 0.5).max(rim * chance.range(0.45, 0.8)),
            Shape::Bead | Shape::CarvedBase => {
                (rim - field * chance.range(0.2, 0.6)).max(pulp * 1.2)
            }
        };
        radius.max(0.0)
    }
}

/// How hard the drawn case should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Difficulty {
    /// Camera along the normal, transverse cut.
    Frontal,
    /// Camera tilted up to 35 degrees.
    Tilted,
    /// Anything that happens: oblique cuts, heavy blur, unresolvable scale.
    Wild,
}

impl Difficulty {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Difficulty::Frontal => "frontal",
            Difficulty::Tilted => "tilted",
            Difficulty::Wild => "wild",
        }
    }

    /// Tilt of the camera and obliqueness of the cut, degrees.
    fn angles(self, chance: &mut Chance) -> (f32, f32) {
        match self {
            Difficulty::Frontal => (chance.range(0.0, 4.0), 0.0),
            Difficulty::Tilted => (chance.range(4.0, 35.0), 0.0),
            Difficulty::Wild => {
                let tilt = chance.range(0.0, 40.0);
                let oblique = chance.with(0.5).then(|| chance.range(5.0, 30.0));
                (tilt, oblique.unwrap_or(0.0))
            }
        }
    }
}

/// How the section is photographed. Lengths in millimetres.
pub(crate) struct Shot {
    pub(crate) view: View,
    pub(crate) px_per_period: f32,
    /// Short side of the picture on the section.
    pub(crate) field: f32,
    /// Direction from the tusk's axis to the point looked at, radians, and its distance.
    pub(crate) bearing: f32,
    pub(crate) radius: f32,
    pub(crate) oblique_deg: f32,
    oblique_axis: f32,
}

impl Shot {
    pub(crate) fn draw(
        tusk: &Tusk,
        shape: Shape,
        difficulty: Difficulty,
        chance: &mut Chance,
    ) -> Self {
        // Picture scale from the pixels that the shortest period shall have.
        let px_per_period = match difficulty {
            Difficulty::Wild => chance.log_range(3.0, 30.0),
            _ => chance.log_range(6.0, 26.0),
        };
        let px_per_mm = px_per_period / tusk.shortest_period();
        let width = 500 + chance.below(700) as u32;
        let height = (width as f32 * chance.range(0.66, 1.2)) as u32;
        let field = width.min(height) as f32 / px_per_mm;
        let bearing = chance.range(0.0, TAU);
        let radius = shape.target_radius(tusk, field, chance);
        let (tilt_deg, oblique_deg) = difficulty.angles(chance);
        let view = View {
            size: (width, height),
            px_per_mm,
            tilt_deg,
            axis: chance.range(0.0, TAU),
            distance: chance.log_range(1.5, 6.0),
            target: (radius * bearing.cos(), radius * bearing.sin()),
            spin: chance.range(0.0, TAU),
        };
        Self {
            view,
            px_per_period,
            field,
            bearing,
            radius,
            oblique_deg,
            oblique_axis: chance.range(0.0, TAU),
        }
    }

    /// The point of the transverse section seen at pixel (x, y), and its distance from the axis.
    pub(crate) fn section_point(&self, x: f32, y: f32) -> (f32, f32, f32) {
        let (px, py) = self.view.plane(x, y);
        // An oblique cut stretches the transverse section along one axis; undo it about the point
        // looked at.
        let (s, c) = self.oblique_axis.sin_cos();
        let squeeze = self.oblique_deg.to_radians().cos();
        let middle = self.view.target;
        let (dx, dy) = (px - middle.0, py - middle.1);
        let along = (dx * c + dy * s) * squeeze;
        let across = -dx * s + dy * c;
        let (x, y) = (
            middle.0 + along * c - across * s,
            middle.1 + along * s + across * c,
        );
        (x, y, x.hypot(y))
    }
}
