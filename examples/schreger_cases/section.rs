//! Sections of tusks: the Schreger lattice in polar coordinates about the tusk's axis, and what
//! surrounds it.

use crate::body::Body;
use crate::camera::{Canvas, Development};
use crate::chance::Chance;
use crate::face::{Backdrop, Face};
use crate::pattern::Pattern;
use crate::shot::{Difficulty, Shape, Shot};
use crate::truth::{Truth, Visible};
use crate::tusk::{Taxon, Tusk};
use image::{Rgb, RgbImage};

/// One section, ready to be photographed.
pub(crate) struct Section {
    pub(crate) tusk: Tusk,
    pub(crate) shape: Shape,
    pub(crate) shot: Shot,
    pub(crate) pattern: Pattern,
    body: Body,
    backdrop: Backdrop,
    face: Face,
}

impl Section {
    fn draw(difficulty: Difficulty, chance: &mut Chance) -> Self {
        let taxon = Taxon::draw(chance);
        let shape = Shape::ALL[chance.below(Shape::ALL.len())];
        let tusk = Tusk::draw(taxon, chance);
        let shot = Shot::draw(&tusk, shape, difficulty, chance);
        let pattern = Pattern::draw(&tusk, &shot, difficulty, chance);
        let body = Body::draw(&tusk, shot.bearing, chance);
        let backdrop = Backdrop::draw(&shot, chance);
        let face = Face::draw(&tusk, shape, &shot, chance);
        Self {
            tusk,
            shape,
            shot,
            pattern,
            body,
            backdrop,
            face,
        }
    }

    /// How far a point of the section belongs to the piece, 0 to 1.
    pub(crate) fn cover(&self, (x, y, r): (f32, f32, f32)) -> f32 {
        self.face.cover(&self.tusk, &self.body, x, y, r)
    }

    /// Contrast of the lattice at a point of the section; 0 outside the dentine.
    pub(crate) fn strength(&self, (x, y, r): (f32, f32, f32)) -> f32 {
        if r > self.tusk.rim * self.body.rim_factor(x, y) || r < self.tusk.pulp {
            return 0.0;
        }
        self.pattern.strength(&self.tusk, x, y, r)
    }

    /// Colour of the piece at a point of the section.
    fn piece(&self, (x, y, r): (f32, f32, f32)) -> [f32; 3] {
        let mut light = self.body.light(x, y, r);
        let strength = self.strength((x, y, r));
        if strength > 0.0 {
            light *= 1.0 + strength * self.pattern.wave(&self.tusk, x, y, r);
        }
        let here = self.tusk.rim * self.body.rim_factor(x, y);
        let body = self.body.colour(x, y, r, here, self.face.edge);
        let light = self.body.cracked(light, x, y, r);
        body.map(|base| base * light)
    }

    fn canvas(&self) -> Canvas {
        let (width, height) = self.shot.view.size;
        let mut canvas = Canvas::new(width, height);
        for (i, j, pixel) in canvas.enumerate_pixels_mut() {
            let point = self.shot.section_point(i as f32 + 0.5, j as f32 + 0.5);
            let cover = self.cover(point);
            let mut colour = [0.0f32; 3];
            if cover < 1.0 {
                let behind = self.backdrop.colour(point.0, point.1);
                for (value, behind) in colour.iter_mut().zip(behind) {
                    *value = behind * (1.0 - cover);
                }
            }
            if cover > 0.0 {
                for (value, piece) in colour.iter_mut().zip(self.piece(point)) {
                    *value += piece * cover;
                }
            }
            *pixel = Rgb(colour);
        }
        canvas
    }
}

/// Renders one section.
pub(crate) fn render(chance: &mut Chance, difficulty: Difficulty) -> (RgbImage, Truth) {
    let section = Section::draw(difficulty, chance);
    let canvas = section.canvas();
    let mut development = Development::draw(chance);
    if difficulty != Difficulty::Wild {
        development.blur = development.blur.min(section.shot.px_per_period * 0.12);
    }
    let truth = Truth::new(&section, &Visible::new(&section), &development);
    (development.apply(canvas, chance), truth)
}
