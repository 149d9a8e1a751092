//! Sections of tusks: the Schreger lattice in polar coordinates about the tusk's axis, and what surrounds it.

use crate::camera::{Canvas, Development, View};
use crate::chance::{Chance, Field, smoothstep};
use image::{Rgb, RgbImage};
use std::f32::consts::{PI, TAU};

/// Whose tusk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taxon {
    Elephant,
    Mammoth,
}

/// Which part of a section the picture shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Disc,
    Piece,
    CloseRim,
    CloseInside,
    Bead,
    Bangle,
    CarvedBase,
}

impl Shape {
    pub const ALL: [Shape; 7] = [
        Shape::Disc,
        Shape::Piece,
        Shape::CloseRim,
        Shape::CloseInside,
        Shape::Bead,
        Shape::Bangle,
        Shape::CarvedBase,
    ];

    pub fn name(self) -> &'static str {
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
}

/// What is true of a rendered section.
#[derive(Clone, Debug)]
pub struct Truth {
    pub taxon: Taxon,
    pub shape: Shape,
    /// Mean Schreger angle over the outermost 15 % of the radial range in which the lattice is visible.
    pub angle_deg: f32,
    /// Schreger angle at the outer end of the visible range, and mean over its outer third.
    pub rim_angle_deg: f32,
    pub third_angle_deg: f32,
    pub outer_zone: bool,
    pub tilt_deg: f32,
    pub oblique_deg: f32,
    /// Pixels per shortest lattice period (the smaller of tangential and radial) in the outer zone.
    pub px_per_period: f32,
    /// Michelson contrast in the outer zone before blur and compression.
    pub contrast: f32,
    /// Angle over which the lattice extends, seen from the tusk's centre, degrees.
    pub span_deg: f32,
    /// Distance from the tusk's axis at which the visible lattice ends, in pixels of a frontal view.
    pub outer_radius_px: f32,
    /// Visible lattice, in squares of the shortest period.
    pub cells: f32,
    pub blur: f32,
    pub jpeg: u8,
}

struct Lattice {
    n: f32,
    r0: f32,
    rim: f32,
    theta_in: f32,
    theta_out: f32,
    exponent: f32,
    /// Radial phase sampled on `r0 ..= rim`.
    psi: Vec<f32>,
}

impl Lattice {
    fn theta(&self, r: f32) -> f32 {
        let s = ((r - self.r0) / (self.rim - self.r0)).clamp(0.0, 1.0);
        self.theta_in + (self.theta_out - self.theta_in) * s.powf(self.exponent)
    }

    fn integrate(&mut self) {
        const STEPS: usize = 4000;
        let start = (self.r0 * 0.8).max(self.rim * 0.02);
        let step = (self.rim * 1.02 - start) / STEPS as f32;
        let mut sum = 0.0f64;
        self.psi = (0..=STEPS)
            .map(|i| {
                let r = start + (i as f32 + 0.5) * step;
                let here = sum;
                sum += ((self.theta(r).to_radians() / 2.0).tan() / r * step) as f64;
                here as f32
            })
            .collect();
    }

    fn psi(&self, r: f32) -> f32 {
        let start = (self.r0 * 0.8).max(self.rim * 0.02);
        let at = ((r - start) / (self.rim * 1.02 - start) * (self.psi.len() - 1) as f32)
            .clamp(0.0, (self.psi.len() - 2) as f32);
        let i = at as usize;
        self.psi[i] + (self.psi[i + 1] - self.psi[i]) * (at - i as f32)
    }
}

fn clipped(chance: &mut Chance, mean: f32, sd: f32, low: f32, high: f32) -> f32 {
    loop {
        let x = mean + sd * chance.normal();
        if (low..=high).contains(&x) {
            return x;
        }
    }
}

/// Outer angle by taxon: Espinoza and Mann 1993; five in a hundred mammoths reach up to 125 (Abelova 2008).
fn outer_angle(taxon: Taxon, chance: &mut Chance) -> f32 {
    match taxon {
        Taxon::Elephant => clipped(chance, 124.2, 9.3, 95.0, 163.0),
        Taxon::Mammoth if chance.with(0.05) => chance.range(90.0, 125.0),
        Taxon::Mammoth => clipped(chance, 73.7, 9.8, 35.0, 115.0),
    }
}

/// How hard the drawn case should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difficulty {
    /// Camera along the normal, transverse cut.
    Frontal,
    /// Camera tilted up to 35 degrees.
    Tilted,
    /// Anything that happens: oblique cuts, heavy blur, unresolvable scale.
    Wild,
}

/// Renders one section.
pub fn render(chance: &mut Chance, difficulty: Difficulty) -> (RgbImage, Truth) {
    let taxon = if chance.with(0.5) {
        Taxon::Elephant
    } else {
        Taxon::Mammoth
    };
    let shape = Shape::ALL[chance.below(Shape::ALL.len())];
    let elephant = taxon == Taxon::Elephant;

    let rim = chance.log_range(15.0, 90.0);
    let r0 = rim * chance.range(0.03, 0.5);
    let wavelength = chance.range(0.8, 1.3);
    let theta_out = outer_angle(taxon, chance);
    let theta_in = if elephant {
        chance.range(30.0, 90.0)
    } else {
        chance.range(25.0, 40.0).min(theta_out - 3.0)
    };
    let mut lattice = Lattice {
        n: (TAU * rim / wavelength).round(),
        r0,
        rim,
        theta_in,
        theta_out,
        exponent: chance.range(0.5, 2.0),
        psi: Vec::new(),
    };
    lattice.integrate();

    // Picture scale from the pixels that the shortest period shall have.
    let lambda_r = wavelength / (theta_out.to_radians() / 2.0).tan();
    let shortest = wavelength.min(lambda_r);
    let px_per_period = match difficulty {
        Difficulty::Wild => chance.log_range(3.0, 30.0),
        _ => chance.log_range(6.0, 26.0),
    };
    let px_per_mm = px_per_period / shortest;
    let width = 500 + chance.below(700) as u32;
    let height = (width as f32 * chance.range(0.66, 1.2)) as u32;
    let field_mm = width.min(height) as f32 / px_per_mm;

    // Where the camera looks, in the tusk's frame (mm, origin on the axis).
    let bearing = chance.range(0.0, TAU);
    let look = match shape {
        Shape::Disc | Shape::Bangle if field_mm > rim * 1.2 => chance.range(0.0, 0.3) * rim,
        Shape::Disc | Shape::Bangle | Shape::Piece | Shape::CloseRim => {
            rim - field_mm * chance.range(0.1, 0.42)
        }
        Shape::CloseInside => (r0 + field_mm * 0.5).max(rim * chance.range(0.45, 0.8)),
        Shape::Bead | Shape::CarvedBase => (rim - field_mm * chance.range(0.2, 0.6)).max(r0 * 1.2),
    };
    let look = look.max(0.0);
    let (tilt_deg, oblique_deg) = match difficulty {
        Difficulty::Frontal => (chance.range(0.0, 4.0), 0.0),
        Difficulty::Tilted => (chance.range(4.0, 35.0), 0.0),
        Difficulty::Wild => (
            chance.range(0.0, 40.0),
            if chance.with(0.5) {
                chance.range(5.0, 30.0)
            } else {
                0.0
            },
        ),
    };
    let view = View {
        size: (width, height),
        px_per_mm,
        tilt_deg,
        axis: chance.range(0.0, TAU),
        distance: chance.log_range(1.5, 6.0),
        target: (look * bearing.cos(), look * bearing.sin()),
        spin: chance.range(0.0, TAU),
    };
    let oblique_axis = chance.range(0.0, TAU);
    let squeeze = oblique_deg.to_radians().cos();

    // Contrast, noise of phase, patchiness.
    let contrast = match difficulty {
        Difficulty::Wild => chance.log_range(0.015, 0.2),
        _ if elephant => chance.log_range(0.04, 0.1),
        _ => chance.log_range(0.05, 0.25),
    };
    let inner_factor = chance.range(0.1, 0.5);
    let ratio = chance.range(0.4, 1.0);
    let swap = chance.with(0.5);
    let phase_sd = chance.range(0.3, 0.8);
    let phase_size = wavelength * chance.range(3.0, 10.0);
    let phase = [
        Field::new(chance, phase_size, 1.0, 1.0),
        Field::new(chance, phase_size, 1.0, 1.0),
    ];
    let dislocations: Vec<(f32, f32, f32, usize)> = (0..chance.below(5))
        .map(|_| {
            let r = look + field_mm * chance.range(-0.5, 0.5);
            let a = bearing + chance.range(-0.5, 0.5) * field_mm / look.max(field_mm);
            (
                r * a.cos(),
                r * a.sin(),
                if chance.with(0.5) { 1.0 } else { -1.0 },
                chance.below(2),
            )
        })
        .collect();
    let patch = Field::new(chance, field_mm, 0.15, 0.4);
    let patchy = if chance.with(0.6) {
        chance.range(-0.5, 0.35)
    } else {
        -2.0
    };
    let sharp = if chance.with(0.3) {
        chance.range(0.8, 2.0)
    } else {
        0.0
    };

    // Body: colour, bands, cementum, stains, cracks.
    let white = chance.range(0.72, 0.93);
    let yellow = chance.range(0.0, 0.22);
    let cream = [
        white,
        white * (1.0 - 0.35 * yellow - chance.range(0.0, 0.04)),
        white * (1.0 - 1.4 * yellow),
    ];
    let dim = if elephant {
        1.0
    } else {
        chance.range(0.6, 1.0)
    };
    let cementum = if elephant {
        chance.range(0.2, 1.2)
    } else {
        chance.range(1.0, 5.0)
    } * (rim / 40.0).max(0.4);
    let rind: [f32; 3] = if elephant {
        [cream[0] * 0.92, cream[1] * 0.88, cream[2] * 0.8]
    } else {
        let brown = chance.range(0.28, 0.55);
        [
            brown,
            brown * chance.range(0.68, 0.85),
            brown * chance.range(0.4, 0.65),
        ]
    };
    let has_cementum = chance.with(0.8);
    let bands: Vec<[f32; 3]> = (0..chance.below(5))
        .map(|_| {
            [
                TAU / chance.range(1.5, 8.0),
                chance.range(0.0, TAU),
                chance.range(0.002, 0.02),
            ]
        })
        .collect();
    let vivianite = !elephant && chance.with(0.3);
    let vivianite_field = Field::new(chance, rim, 0.3, 0.3);
    let stain = Field::new(chance, rim, 0.05, 0.4);
    let stain_power = chance.range(0.0, 0.06);
    let mottle = Field::new(chance, wavelength, 0.2, 0.6);
    let mottle_power = chance.range(0.0, 0.012);
    let wobble = Field::new(chance, rim, 0.6, 0.6);
    let wobble_power = chance.range(0.0, 0.03);
    let cracks: Vec<(f32, f32, f32, f32, bool)> = (0..if chance.with(0.4) {
        1 + chance.below(5)
    } else {
        0
    })
        .map(|_| {
            let start = rim * chance.range(0.3, 1.0);
            (
                bearing + chance.range(-1.0, 1.0),
                start,
                rim * chance.range(0.1, 0.5),
                chance.range(0.03, 0.15),
                chance.with(0.6),
            )
        })
        .collect();
    let crack_wave = Field::new(chance, rim, 0.1, 0.1);
    let backdrop = if chance.with(0.7) {
        [chance.range(0.03, 0.97); 3]
    } else {
        [
            chance.range(0.02, 0.95),
            chance.range(0.02, 0.95),
            chance.range(0.02, 0.95),
        ]
    };
    let cloth = Field::new(chance, field_mm, 0.3, 0.3);
    let weave = if chance.with(0.15) {
        TAU / (field_mm * chance.range(0.012, 0.04))
    } else {
        0.0
    };

    // Outline of the shown face, in the tusk's frame.
    let middle = (look * bearing.cos(), look * bearing.sin());
    let bead = field_mm * chance.range(0.38, 0.6);
    let hole = bead * chance.range(0.1, 0.25);
    let inner_edge = match shape {
        Shape::Bangle => rim * chance.range(0.45, 0.75),
        _ => r0 * 0.95,
    };
    let outline_seed: Vec<f32> = (0..7).map(|_| field_mm * chance.range(0.35, 0.7)).collect();
    let turned_down = match shape {
        Shape::Bangle => chance.range(0.9, 1.0),
        _ => 1.0,
    };
    let edge = 1.2 / px_per_mm;
    let face = |x: f32, y: f32, r: f32| -> f32 {
        let (dx, dy) = (x - middle.0, y - middle.1);
        let d = dx.hypot(dy);
        let tusk_edge = rim * turned_down * (1.0 + wobble_power * wobble.at(x, y))
            + if has_cementum { cementum } else { 0.0 };
        let tusk = smoothstep(tusk_edge, tusk_edge - edge, r)
            * smoothstep(inner_edge - edge, inner_edge, r);
        match shape {
            Shape::Disc | Shape::CloseRim | Shape::CloseInside | Shape::Bangle => tusk,
            Shape::Bead => {
                tusk * smoothstep(bead, bead - edge, d) * smoothstep(hole, hole + edge, d)
            }
            Shape::Piece | Shape::CarvedBase => {
                let angle = dy.atan2(dx) + PI;
                let at = angle / TAU * outline_seed.len() as f32;
                let (i, t) = (at as usize % outline_seed.len(), at.fract());
                let reach = if shape == Shape::Piece {
                    outline_seed[i] // straight cuts between sectors
                } else {
                    let t = t * t * (3.0 - 2.0 * t);
                    outline_seed[i] * (1.0 - t) + outline_seed[(i + 1) % outline_seed.len()] * t
                };
                tusk * smoothstep(reach, reach - edge, d)
            }
        }
    };
    // Visible lattice strength at a point: zone, patches, cementum.
    let strength = |x: f32, y: f32, r: f32| -> f32 {
        if r > rim * (1.0 + wobble_power * wobble.at(x, y)) || r < r0 {
            return 0.0;
        }
        let zone =
            inner_factor + (1.0 - inner_factor) * smoothstep(0.0, 0.8, (r - r0) / (rim - r0));
        let seen = if patchy < -1.0 {
            1.0
        } else {
            0.08 + 0.92 * smoothstep(patchy - 0.15, patchy + 0.15, patch.at(x, y))
        };
        contrast * zone * seen
    };
    let to_section = |x: f32, y: f32| -> (f32, f32, f32) {
        let (px, py) = view.plane(x, y);
        // An oblique cut stretches the transverse section along one axis; undo it about the point looked at.
        let (s, c) = oblique_axis.sin_cos();
        let (dx, dy) = (px - middle.0, py - middle.1);
        let along = (dx * c + dy * s) * squeeze;
        let across = -dx * s + dy * c;
        let (x, y) = (
            middle.0 + along * c - across * s,
            middle.1 + along * s + across * c,
        );
        (x, y, x.hypot(y))
    };

    let mut canvas = Canvas::new(width, height);
    for (i, j, pixel) in canvas.enumerate_pixels_mut() {
        let (x, y, r) = to_section(i as f32 + 0.5, j as f32 + 0.5);
        let cover = face(x, y, r);
        let mut colour = [0.0f32; 3];
        if cover < 1.0 {
            let cloth_light = 1.0
                + 0.15 * cloth.at(x, y)
                + if weave > 0.0 {
                    0.12 * (weave * x).cos() * (weave * y).cos()
                } else {
                    0.0
                };
            for (value, base) in colour.iter_mut().zip(backdrop) {
                *value = base * cloth_light * (1.0 - cover);
            }
        }
        if cover > 0.0 {
            let phi = y.atan2(x);
            let here = rim * (1.0 + wobble_power * wobble.at(x, y));
            let power = strength(x, y, r);
            let mut light = 1.0 + stain_power * stain.at(x, y) + mottle_power * mottle.at(x, y);
            for [k, shift, a] in &bands {
                light += a * (k * r + shift).cos();
            }
            if power > 0.0 {
                let psi = lattice.n * lattice.psi(r);
                let around = lattice.n * phi;
                let mut shift = [
                    phase[0].at(x, y) * phase_sd * 2.2,
                    phase[1].at(x, y) * phase_sd * 2.2,
                ];
                for (dx, dy, sign, family) in &dislocations {
                    shift[*family] += sign * (y - dy).atan2(x - dx);
                }
                let (a, b) = if swap { (ratio, 1.0) } else { (1.0, ratio) };
                let norm = 1.0 / (a + b);
                let mut wave = norm
                    * (a * (around - psi + shift[0]).cos() + b * (around + psi + shift[1]).cos());
                if sharp > 0.0 {
                    wave = (wave * sharp * 2.0).tanh() / (sharp * 2.0).tanh();
                }
                light *= 1.0 + power * wave;
            }
            let mut body = [cream[0] * dim, cream[1] * dim, cream[2] * dim];
            if r > here && has_cementum {
                let layers = if elephant {
                    1.0
                } else {
                    1.0 + 0.12 * ((r - here) * TAU / 0.6).cos()
                };
                let depth = smoothstep(here, here + edge * 2.0, r);
                for (value, brown) in body.iter_mut().zip(rind) {
                    *value = *value * (1.0 - depth) + brown * layers * depth;
                }
            }
            if vivianite {
                let amount = 0.6 * smoothstep(0.25, 0.6, vivianite_field.at(x, y));
                for (value, blue) in body.iter_mut().zip([0.25, 0.4, 0.45]) {
                    *value = *value * (1.0 - amount) + blue * amount;
                }
            }
            for (angle, start, length, half, radial) in &cracks {
                let wave = crack_wave.at(x, y) * 0.03;
                let turn = (phi - angle + wave + PI).rem_euclid(TAU) - PI;
                let dark = if *radial {
                    turn.abs() * r < *half && r > *start && r < start + length
                } else {
                    (r - start * (1.0 + wave)).abs() < *half && turn.abs() < length / start
                };
                if dark {
                    light *= 0.6;
                }
            }
            for (value, base) in colour.iter_mut().zip(body) {
                *value += base * light * cover;
            }
        }
        *pixel = Rgb(colour);
    }

    // What is visible, on a coarse grid.
    let mut seen: Vec<(f32, f32, f32)> = Vec::new();
    let mut edge_seen = 0usize;
    for j in (0..height).step_by(4) {
        for i in (0..width).step_by(4) {
            let (x, y, r) = to_section(i as f32, j as f32);
            let cover = face(x, y, r);
            if cover > 0.9 && strength(x, y, r) > 0.35 * contrast * inner_factor.max(0.4) {
                seen.push((r, y.atan2(x), strength(x, y, r)));
                if r > rim * 0.97 {
                    edge_seen += 1;
                }
            }
        }
    }
    seen.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quantile = |q: f32| {
        seen.get((q * (seen.len().max(1) - 1) as f32) as usize)
            .map_or(rim, |s| s.0)
    };
    let (low, high) = (quantile(0.01), quantile(0.995));
    let mean_over = |depth: f32| {
        let from = high - depth * (high - low);
        let steps = 50;
        (0..steps)
            .map(|i| lattice.theta(from + (high - from) * (i as f32 + 0.5) / steps as f32))
            .sum::<f32>()
            / steps as f32
    };
    let turns: (f32, f32) = seen
        .iter()
        .fold((0.0, 0.0), |(c, s), v| (c + v.1.cos(), s + v.1.sin()));
    let centre = turns.1.atan2(turns.0);
    let mut bearings: Vec<f32> = seen
        .iter()
        .map(|v| ((v.1 - centre + PI).rem_euclid(TAU) - PI).abs())
        .collect();
    bearings.sort_by(f32::total_cmp);
    let span = bearings
        .get(bearings.len() * 95 / 100)
        .map_or(0.0, |b| 2.0 * b.to_degrees());
    let angle_deg = mean_over(0.15);
    let tangential = TAU * high / lattice.n;
    let radial = tangential / (angle_deg.to_radians() / 2.0).tan();
    let outer_power = seen
        .iter()
        .filter(|v| v.0 > high - 0.3 * (high - low))
        .map(|v| v.2)
        .sum::<f32>()
        / seen
            .iter()
            .filter(|v| v.0 > high - 0.3 * (high - low))
            .count()
            .max(1) as f32;

    let mut development = Development::draw(chance);
    if difficulty != Difficulty::Wild {
        development.blur = development.blur.min(px_per_period * 0.12);
    }
    let truth = Truth {
        taxon,
        shape,
        angle_deg,
        rim_angle_deg: lattice.theta(high),
        third_angle_deg: mean_over(1.0 / 3.0),
        outer_zone: edge_seen as f32 * 4.0 > 40.0 && high > 0.97 * rim,
        tilt_deg,
        oblique_deg,
        px_per_period: tangential.min(radial) * px_per_mm,
        contrast: outer_power,
        span_deg: span,
        outer_radius_px: high * px_per_mm,
        cells: seen.len() as f32 * 16.0 / (tangential.min(radial) * px_per_mm).powi(2),
        blur: development.blur,
        jpeg: development.jpeg,
    };
    (development.apply(canvas, chance), truth)
}
