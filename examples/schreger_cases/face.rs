//! The outline of the shown face, and the cloth behind it.

use crate::body::Body;
use crate::chance::{Chance, Field, smoothstep};
use crate::shot::{Shape, Shot};
use crate::tusk::Tusk;
use std::f32::consts::{PI, TAU};

/// What lies behind the piece.
pub(crate) struct Backdrop {
    colour: [f32; 3],
    cloth: Field,
    /// Wave number of a weave, 0 for none.
    weave: f32,
}

impl Backdrop {
    pub(crate) fn draw(shot: &Shot, chance: &mut Chance) -> Self {
        let colour = if chance.with(0.7) {
            [chance.range(0.03, 0.97); 3]
        } else {
            [(); 3].map(|()| chance.range(0.02, 0.95))
        };
        let cloth = Field::new(chance, shot.field, 0.3, 0.3);
        let weave = chance
            .with(0.15)
            .then(|| TAU / (shot.field * chance.range(0.012, 0.04)));
        Self {
            colour,
            cloth,
            weave: weave.unwrap_or(0.0),
        }
    }

    /// Colour at a point.
    pub(crate) fn colour(&self, x: f32, y: f32) -> [f32; 3] {
        let weave = if self.weave > 0.0 {
            0.12 * (self.weave * x).cos() * (self.weave * y).cos()
        } else {
            0.0
        };
        let light = 1.0 + 0.15 * self.cloth.value_at(x, y) + weave;
        self.colour.map(|base| base * light)
    }
}

/// The outline of the shown face, in the tusk's frame. Lengths in millimetres.
pub(crate) struct Face {
    shape: Shape,
    middle: (f32, f32),
    bead: f32,
    hole: f32,
    inner_edge: f32,
    /// Reach of the outline in seven directions from its middle.
    outline: Vec<f32>,
    turned_down: f32,
    /// Width of an edge: little more than a pixel.
    pub(crate) edge: f32,
}

impl Face {
    pub(crate) fn draw(tusk: &Tusk, shape: Shape, shot: &Shot, chance: &mut Chance) -> Self {
        let field = shot.field;
        let bead = field * chance.range(0.38, 0.6);
        let hole = bead * chance.range(0.1, 0.25);
        let inner_edge = match shape {
            Shape::Bangle => tusk.rim * chance.range(0.45, 0.75),
            _ => tusk.pulp * 0.95,
        };
        let outline = (0..7).map(|_| field * chance.range(0.35, 0.7)).collect();
        let turned_down = match shape {
            Shape::Bangle => chance.range(0.9, 1.0),
            _ => 1.0,
        };
        Self {
            shape,
            middle: shot.view.target,
            bead,
            hole,
            inner_edge,
            outline,
            turned_down,
            edge: 1.2 / shot.view.px_per_mm,
        }
    }

    /// How far a point belongs to the piece, 0 to 1.
    pub(crate) fn cover(&self, tusk: &Tusk, body: &Body, x: f32, y: f32, r: f32) -> f32 {
        let edge = self.edge;
        let rim = tusk.rim * self.turned_down * body.rim_factor(x, y) + body.cementum();
        let whole =
            smoothstep(rim, rim - edge, r) * smoothstep(self.inner_edge - edge, self.inner_edge, r);
        let (dx, dy) = (x - self.middle.0, y - self.middle.1);
        let d = dx.hypot(dy);
        match self.shape {
            Shape::Disc | Shape::CloseRim | Shape::CloseInside | Shape::Bangle => whole,
            Shape::Bead => {
                whole
                    * smoothstep(self.bead, self.bead - edge, d)
                    * smoothstep(self.hole, self.hole + edge, d)
            }
            Shape::Piece | Shape::CarvedBase => {
                let reach = self.reach(dy.atan2(dx) + PI);
                whole * smoothstep(reach, reach - edge, d)
            }
        }
    }

    /// Reach of the outline along an angle from its middle: straight cuts between sectors, or
    /// carved smoothly.
    fn reach(&self, angle: f32) -> f32 {
        let n = self.outline.len();
        let at = angle / TAU * n as f32;
        let (i, t) = (at as usize % n, at.fract());
        if self.shape == Shape::Piece {
            return self.outline[i];
        }
        let t = t * t * (3.0 - 2.0 * t);
        self.outline[i] * (1.0 - t) + self.outline[(i + 1) % n] * t
    }
}
