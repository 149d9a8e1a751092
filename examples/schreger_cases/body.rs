//! The tusk's substance: colour, bands, cementum, stains and cracks.

use crate::chance::{Chance, Field, smoothstep};
use crate::tusk::{Taxon, Tusk};
use std::f32::consts::{PI, TAU};

/// A dark line along a radius or round the axis, millimetres and radians.
struct Crack {
    angle: f32,
    start: f32,
    length: f32,
    half_width: f32,
    radial: bool,
}

impl Crack {
    fn draw(tusk: &Tusk, bearing: f32, chance: &mut Chance) -> Self {
        let start = tusk.rim * chance.range(0.3, 1.0);
        Self {
            angle: bearing + chance.range(-1.0, 1.0),
            start,
            length: tusk.rim * chance.range(0.1, 0.5),
            half_width: chance.range(0.03, 0.15),
            radial: chance.with(0.6),
        }
    }

    fn covers(&self, r: f32, phi: f32, wave: f32) -> bool {
        let turn = (phi - self.angle + wave + PI).rem_euclid(TAU) - PI;
        if self.radial {
            turn.abs() * r < self.half_width && r > self.start && r < self.start + self.length
        } else {
            (r - self.start * (1.0 + wave)).abs() < self.half_width
                && turn.abs() < self.length / self.start
        }
    }
}

/// A rind of cementum, layered in mammoths.
struct Cementum {
    /// Millimetres beyond the dentine.
    thickness: f32,
    colour: [f32; 3],
    present: bool,
    layered: bool,
}

impl Cementum {
    fn draw(tusk: &Tusk, cream: [f32; 3], chance: &mut Chance) -> Self {
        let thickness = match tusk.taxon {
            Taxon::Elephant => chance.range(0.2, 1.2),
            Taxon::Mammoth => chance.range(1.0, 5.0),
        } * (tusk.rim / 40.0).max(0.4);
        let colour = match tusk.taxon {
            Taxon::Elephant => [cream[0] * 0.92, cream[1] * 0.88, cream[2] * 0.8],
            Taxon::Mammoth => {
                let brown = chance.range(0.28, 0.55);
                [
                    brown,
                    brown * chance.range(0.68, 0.85),
                    brown * chance.range(0.4, 0.65),
                ]
            }
        };
        Self {
            thickness,
            colour,
            present: chance.with(0.8),
            layered: !tusk.is_elephant(),
        }
    }

    /// Covers the body beyond the dentine's rim `here`, over `edge` millimetres.
    fn cover(&self, body: &mut [f32; 3], r: f32, here: f32, edge: f32) {
        let layers = if self.layered {
            1.0 + 0.12 * ((r - here) * TAU / 0.6).cos()
        } else {
            1.0
        };
        let depth = smoothstep(here, here + edge * 2.0, r);
        for (value, brown) in body.iter_mut().zip(self.colour) {
            *value = *value * (1.0 - depth) + brown * layers * depth;
        }
    }
}

/// The tusk's substance.
pub(crate) struct Body {
    cream: [f32; 3],
    dim: f32,
    cementum: Cementum,
    /// Concentric bands: wave number, phase, amplitude.
    bands: Vec<[f32; 3]>,
    /// Blue-green patches of vivianite, in mammoths.
    vivianite: bool,
    vivianite_field: Field,
    stain: (Field, f32),
    mottle: (Field, f32),
    /// How far the rim is from round.
    wobble: (Field, f32),
    cracks: Vec<Crack>,
    crack_wave: Field,
}

impl Body {
    /// `bearing` is where the camera looks, radians about the axis.
    pub(crate) fn draw(tusk: &Tusk, bearing: f32, chance: &mut Chance) -> Self {
        let cream = cream(chance);
        let dim = match tusk.taxon {
            Taxon::Elephant => 1.0,
            Taxon::Mammoth => chance.range(0.6, 1.0),
        };
        let cementum = Cementum::draw(tusk, cream, chance);
        let bands = (0..chance.below(5)).map(|_| band(chance)).collect();
        let vivianite = !tusk.is_elephant() && chance.with(0.3);
        let vivianite_field = Field::new(chance, tusk.rim, 0.3, 0.3);
        let stain = Field::new(chance, tusk.rim, 0.05, 0.4);
        let stain = (stain, chance.range(0.0, 0.06));
        let mottle = Field::new(chance, tusk.wavelength, 0.2, 0.6);
        let mottle = (mottle, chance.range(0.0, 0.012));
        let wobble = Field::new(chance, tusk.rim, 0.6, 0.6);
        let wobble = (wobble, chance.range(0.0, 0.03));
        let cracked = chance.with(0.4).then(|| 1 + chance.below(5));
        let cracks = (0..cracked.unwrap_or(0)).map(|_| Crack::draw(tusk, bearing, chance));
        Self {
            cream,
            dim,
            cementum,
            bands,
            vivianite,
            vivianite_field,
            stain,
            mottle,
            wobble,
            cracks: cracks.collect(),
            crack_wave: Field::new(chance, tusk.rim, 0.1, 0.1),
        }
    }

    /// Thickness of the cementum, millimetres.
    pub(crate) fn cementum(&self) -> f32 {
        if self.cementum.present {
            self.cementum.thickness
        } else {
            0.0
        }
    }

    /// Radius of the rim at a point as a share of the mean.
    pub(crate) fn rim_factor(&self, x: f32, y: f32) -> f32 {
        1.0 + self.wobble.1 * self.wobble.0.value_at(x, y)
    }

    /// Light of the body against its mean: stains and concentric bands.
    pub(crate) fn light(&self, x: f32, y: f32, r: f32) -> f32 {
        let mut light = 1.0
            + self.stain.1 * self.stain.0.value_at(x, y)
            + self.mottle.1 * self.mottle.0.value_at(x, y);
        for [k, shift, a] in &self.bands {
            light += a * (k * r + shift).cos();
        }
        light
    }

    /// Light that the cracks leave.
    pub(crate) fn cracked(&self, mut light: f32, x: f32, y: f32, r: f32) -> f32 {
        let phi = y.atan2(x);
        for crack in &self.cracks {
            let wave = self.crack_wave.value_at(x, y) * 0.03;
            if crack.covers(r, phi, wave) {
                light *= 0.6;
            }
        }
        light
    }

    /// Colour under even light. `here` is the rim's radius, `edge` the width of an edge,
    /// millimetres.
    pub(crate) fn colour(&self, x: f32, y: f32, r: f32, here: f32, edge: f32) -> [f32; 3] {
        let mut body = self.cream.map(|value| value * self.dim);
        if r > here && self.cementum.present {
            self.cementum.cover(&mut body, r, here, edge);
        }
        if self.vivianite {
            let amount = 0.6 * smoothstep(0.25, 0.6, self.vivianite_field.value_at(x, y));
            for (value, blue) in body.iter_mut().zip([0.25, 0.4, 0.45]) {
                *value = *value * (1.0 - amount) + blue * amount;
            }
        }
        body
    }
}

fn cream(chance: &mut Chance) -> [f32; 3] {
    let white = chance.range(0.72, 0.93);
    let yellow = chance.range(0.0, 0.22);
    [
        white,
        white * (1.0 - 0.35 * yellow - chance.range(0.0, 0.04)),
        white * (1.0 - 1.4 * yellow),
    ]
}

fn band(chance: &mut Chance) -> [f32; 3] {
    [
        TAU / chance.range(1.5, 8.0),
        chance.range(0.0, TAU),
        chance.range(0.002, 0.02),
    ]
}
