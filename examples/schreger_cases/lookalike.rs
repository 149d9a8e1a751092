//! Surfaces that are not proboscidean ivory: everything regular that a photograph of a listing may
//! hold.

use crate::camera::{Canvas, Development, View, through_jpeg};
use crate::chance::{Chance, Field, smoothstep};
use image::{Rgb, RgbImage};
use std::f32::consts::{PI, TAU};

/// Names of the surfaces, in drawing order.
pub(crate) const KINDS: [&str; 18] = [
    "hatch_printed",
    "hatch_engraved",
    "hatch_uneven",
    "knurl",
    "grain",
    "rings",
    "end_grain",
    "weave",
    "twill",
    "knit",
    "halftone",
    "moire",
    "jpeg_grid",
    "scales",
    "haversian",
    "marble",
    "plain",
    "ridges",
];

/// Renders one surface of the given kind.
pub(crate) fn render(chance: &mut Chance, kind: &str) -> RgbImage {
    let width = 500 + chance.below(700) as u32;
    let height = (width as f32 * chance.range(0.66, 1.2)) as u32;
    // One unit of the plane is one pixel seen frontally.
    let view = View {
        size: (width, height),
        px_per_mm: 1.0,
        tilt_deg: if chance.with(0.4) {
            0.0
        } else {
            chance.range(0.0, 40.0)
        },
        axis: chance.range(0.0, TAU),
        distance: chance.log_range(1.2, 6.0),
        target: (0.0, 0.0),
        spin: chance.range(0.0, TAU),
    };
    let period = chance.log_range(5.0, 36.0);
    let k = TAU / period;
    let half = chance.range(15.0, 75.0f32).to_radians();
    let (a, b) = (
        (half.sin() * k, half.cos() * k),
        (half.sin() * k, -half.cos() * k),
    );
    let contrast = match kind {
        "hatch_engraved" | "knurl" | "weave" | "twill" | "knit" | "halftone" => {
            chance.log_range(0.06, 0.6)
        }
        _ => chance.log_range(0.04, 0.3),
    };
    let jitter = match kind {
        "hatch_uneven" => chance.range(0.15, 0.5),
        "weave" | "twill" | "knit" => chance.range(0.1, 0.5),
        "scales" => chance.range(0.2, 0.6),
        _ => 0.0,
    };
    let wander = [
        Field::new(chance, period, 4.0, 12.0),
        Field::new(chance, period, 4.0, 12.0),
    ];
    let speckle = Field::new(chance, period, 0.3, 0.3);
    let cloud = Field::new(chance, width as f32, 0.1, 0.4);
    let veins = [
        Field::new(chance, width as f32, 0.08, 0.08),
        Field::new(chance, width as f32, 0.03, 0.03),
    ];
    let centre = {
        let far = width as f32 * chance.range(0.0, 1.5);
        let angle = chance.range(0.0, TAU);
        (far * angle.cos(), far * angle.sin())
    };
    let rays = (TAU * centre.0.hypot(centre.1).max(width as f32 * 0.3)
        / (period * chance.range(0.7, 1.6)))
    .round();
    let white = chance.range(0.5, 0.92);
    let base = if chance.with(0.6) {
        [
            white,
            white * chance.range(0.88, 0.99),
            white * chance.range(0.65, 0.95),
        ]
    } else {
        [
            chance.range(0.3, 0.92),
            chance.range(0.3, 0.88),
            chance.range(0.3, 0.85),
        ]
    };
    let other = chance.range(0.92, 1.1);
    let strokes: Vec<[f32; 4]> = (0..(width * height / (period * period * 6.0) as u32).min(6000))
        .map(|_| {
            [
                chance.range(-0.6, 0.6) * width as f32,
                chance.range(-0.6, 0.6) * height as f32,
                chance.range(0.5, 2.0),
                chance.range(1.0, 8.0),
            ]
        })
        .collect();
    let backdrop = [chance.unit(); 3];
    let round = chance.with(0.5);
    let radius = width.min(height) as f32 * chance.range(0.3, 0.49);
    let edge_dark = chance.range(0.6, 1.0);

    let mut canvas = Canvas::new(width, height);
    for (i, j, pixel) in canvas.enumerate_pixels_mut() {
        let (x, y) = view.plane(i as f32 + 0.5, j as f32 + 0.5);
        let shift = [
            wander[0].value_at(x, y) * jitter * 2.2,
            wander[1].value_at(x, y) * jitter * 2.2,
        ];
        let first = a.0 * x + a.1 * y + shift[0];
        let second = b.0 * x + b.1 * y + shift[1];
        let (dx, dy) = (x - centre.0, y - centre.1);
        let (r, phi) = (dx.hypot(dy), dy.atan2(dx));
        let line = |p: f32, duty: f32| {
            smoothstep(
                duty,
                duty * 0.4,
                ((p / TAU).rem_euclid(1.0) - 0.5).abs() * 2.0,
            )
        };
        let tone = match kind {
            "hatch_printed" | "hatch_uneven" => 0.5 * (first.cos() + second.cos()),
            "hatch_engraved" => -line(first, 0.35).max(line(second, 0.35)),
            "knurl" => {
                let tri = |p: f32| ((p / TAU).rem_euclid(1.0) - 0.5).abs() * 4.0 - 1.0;
                tri(first).min(tri(second))
            }
            "grain" => {
                (first + 3.0 * cloud.value_at(x, y)).cos() * (0.6 + 0.4 * veins[0].value_at(x, y))
            }
            "rings" => {
                (k * r * (1.0 + 0.02 * cloud.value_at(x, y))).cos()
                    * (0.7 + 0.3 * veins[0].value_at(x, y))
            }
            "end_grain" => {
                0.6 * (k * 0.8 * r + 2.0 * cloud.value_at(x, y)).cos()
                    + 0.4 * (rays * phi).cos().powi(3)
            }
            "weave" => {
                let (u, v) = (k * x + shift[0], k * y + shift[1]);
                let over = if ((u / PI).floor() + (v / PI).floor()) as i64 % 2 == 0 {
                    u.sin().abs()
                } else {
                    v.sin().abs()
                };
                over * 2.0 - 1.0
            }
            "twill" => {
                let (u, v) = (k * x * 0.7 + shift[0], k * y * 0.7 + shift[1]);
                ((u + v) * 0.5).cos() * 0.7 + 0.3 * (u * 2.0).cos() * v.cos()
            }
            "knit" => {
                let u = k * x + shift[0];
                let lean = ((u / PI).rem_euclid(2.0) - 1.0).abs() * 2.0;
                (k * y * 0.9 + lean * 2.0 + shift[1]).cos() * (0.5 + 0.5 * u.cos().abs())
            }
            "halftone" => {
                let u = 0.5 * ((k * x).cos() + (k * y).cos());
                smoothstep(-0.15, 0.15, u + 0.6 * cloud.value_at(x, y)) * 2.0 - 1.0
            }
            "moire" => {
                let finer = 1.0 + 0.15 * other;
                0.5 * ((2.5 * k * x).cos() * (2.5 * k * finer * (x + 0.06 * y)).cos()
                    + (2.5 * k * y).cos() * (2.5 * k * finer * (y - 0.06 * x)).cos())
            }
            "scales" => {
                let bulge = 1.0 + 0.25 * (y / height as f32 * 2.0).powi(2);
                let u = a.0 * x * bulge + a.1 * y + shift[0];
                let v = b.0 * x * bulge + b.1 * y + shift[1];
                (u.cos() * 0.5 + v.cos() * 0.5).abs().sqrt() * 2.0 - 1.0
            }
            "marble" => (8.0 * veins[0].value_at(x, y) + 3.0 * veins[1].value_at(x, y)).sin(),
            "ridges" => (first * 0.8).sin().powi(3) * (1.0 + 0.5 * cloud.value_at(x, y)),
            _ => 0.0,
        };
        let mut light =
            1.0 + contrast * tone + 0.05 * cloud.value_at(x, y) + 0.015 * speckle.value_at(x, y);
        let d = x.hypot(y);
        let cover = if round {
            smoothstep(radius, radius - 1.5, d)
        } else {
            1.0
        };
        if round && d > radius * 0.96 {
            light *= edge_dark;
        }
        let mut colour = [0.0; 3];
        for ((value, body), back) in colour.iter_mut().zip(base).zip(backdrop) {
            *value = body * light * cover + back * (1.0 - cover);
        }
        *pixel = Rgb(colour);
    }
    if kind == "haversian" {
        for [x, y, thick, length] in &strokes {
            for step in 0..(*length as i32).max(1) {
                for wide in 0..(*thick as i32).max(1) {
                    let (px, py) = (
                        (x + width as f32 / 2.0) as i32 + step,
                        (y + height as f32 / 2.0) as i32 + wide,
                    );
                    if px >= 0 && py >= 0 && (px as u32) < width && (py as u32) < height {
                        for value in &mut canvas.get_pixel_mut(px as u32, py as u32).0 {
                            *value *= 1.0 - contrast;
                        }
                    }
                }
            }
        }
    }
    let mut development = Development::draw(chance);
    if kind == "jpeg_grid" {
        development.jpeg = 0;
        let photo = development.apply(canvas, chance);
        let photo = through_jpeg(&photo, 10 + chance.below(25) as u8);
        return if chance.with(0.5) {
            let scale = chance.range(1.0, 3.0);
            image::imageops::resize(
                &photo,
                (width as f32 * scale) as u32,
                (height as f32 * scale) as u32,
                image::imageops::FilterType::CatmullRom,
            )
        } else {
            photo
        };
    }
    development.apply(canvas, chance)
}
