//! From a scene in millimetres to a photograph: perspective, light, blur, noise, text, resampling,
//! JPEG.

use crate::chance::Chance;
use image::{ImageBuffer, Rgb, RgbImage, imageops};

/// A linear-light-free picture: three values per pixel, 0 to 1 nominal.
pub(crate) type Canvas = ImageBuffer<Rgb<f32>, Vec<f32>>;

/// A pinhole camera above a tilted plane.
#[derive(Clone, Copy)]
pub(crate) struct View {
    /// Width and height of the picture in pixels.
    pub(crate) size: (u32, u32),
    /// Pixels per millimetre where the optical axis meets the plane.
    pub(crate) px_per_mm: f32,
    /// Angle between the optical axis and the plane's normal, degrees.
    pub(crate) tilt_deg: f32,
    /// Direction in the picture along which the plane is foreshortened, radians.
    pub(crate) axis: f32,
    /// Distance of the camera in picture widths; small is strong perspective.
    pub(crate) distance: f32,
    /// Point of the plane (mm) under the optical axis.
    pub(crate) target: (f32, f32),
    /// Rotation of the plane within itself, radians.
    pub(crate) spin: f32,
}

impl View {
    /// The point of the plane (mm) seen at pixel (x, y).
    pub(crate) fn plane(&self, x: f32, y: f32) -> (f32, f32) {
        let u = x - self.size.0 as f32 / 2.0;
        let v = y - self.size.1 as f32 / 2.0;
        let (sin, cos) = self.axis.sin_cos();
        let along = u * cos + v * sin;
        let across = -u * sin + v * cos;
        let focal = self.distance * self.size.0 as f32;
        let (st, ct) = self.tilt_deg.to_radians().sin_cos();
        // Ray (along, across, focal) meets the plane through (0, 0, focal) whose normal leans by
        // the tilt.
        let depth = focal * ct / (focal * ct - along * st);
        let (a, b) = (along * depth / ct, across * depth);
        let (px, py) = (a * cos - b * sin, a * sin + b * cos);
        let (ss, cs) = self.spin.sin_cos();
        let (px, py) = (px / self.px_per_mm, py / self.px_per_mm);
        (
            self.target.0 + px * cs - py * ss,
            self.target.1 + px * ss + py * cs,
        )
    }
}

/// What happens to the light after the scene.
#[derive(Clone, Debug)]
pub(crate) struct Development {
    /// Gaussian blur, standard deviation in pixels of the final picture.
    pub(crate) blur: f32,
    /// Noise, standard deviation on the 0..255 scale.
    pub(crate) noise: f32,
    /// Scale of an intermediate resampling, 1 for none.
    pub(crate) resample: f32,
    /// JPEG quality, 0 for none.
    pub(crate) jpeg: u8,
    /// Overlay text: number of lines.
    pub(crate) text_lines: usize,
    /// Strength of a light gradient over the picture.
    pub(crate) gradient: f32,
    /// Number of specular lobes.
    pub(crate) lobes: usize,
    /// Tint of the light, per channel.
    pub(crate) tint: [f32; 3],
}

impl Development {
    /// Draws a plausible development.
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let warm = chance.range(-0.08, 0.08);
        Self {
            blur: if chance.with(0.5) {
                chance.range(0.3, 0.7)
            } else {
                chance.range(0.5, 1.4)
            },
            noise: chance.log_range(0.7, 5.0),
            resample: if chance.with(0.3) {
                chance.range(0.7, 1.5)
            } else {
                1.0
            },
            jpeg: if chance.with(0.15) {
                0
            } else {
                60 + chance.below(36) as u8
            },
            text_lines: if chance.with(0.15) {
                1 + chance.below(3)
            } else {
                0
            },
            gradient: chance.range(0.0, 0.5),
            lobes: if chance.with(0.3) {
                1 + chance.below(4)
            } else {
                0
            },
            tint: [1.0 + warm, 1.0, 1.0 - warm],
        }
    }

    /// Develops the canvas into an 8-bit photograph.
    pub(crate) fn apply(&self, mut canvas: Canvas, chance: &mut Chance) -> RgbImage {
        let (width, height) = canvas.dimensions();
        let angle = chance.range(0.0, std::f32::consts::TAU);
        let lobes: Vec<[f32; 4]> = (0..self.lobes)
            .map(|_| {
                [
                    chance.range(0.0, width as f32),
                    chance.range(0.0, height as f32),
                    chance.range(0.02, 0.12) * width as f32,
                    chance.range(0.2, 0.9),
                ]
            })
            .collect();
        for (x, y, pixel) in canvas.enumerate_pixels_mut() {
            let (fx, fy) = (x as f32, y as f32);
            let across = ((fx / width as f32 - 0.5) * angle.cos()
                + (fy / height as f32 - 0.5) * angle.sin())
                * self.gradient;
            let shine: f32 = lobes
                .iter()
                .map(|[cx, cy, size, power]| {
                    let d2 = ((fx - cx).powi(2) + (fy - cy).powi(2)) / (size * size);
                    if d2 < 12.0 { power * (-d2).exp() } else { 0.0 }
                })
                .sum();
            for (channel, tint) in pixel.0.iter_mut().zip(self.tint) {
                *channel = *channel * (1.0 + across) * tint + shine;
            }
        }
        if self.resample != 1.0 {
            let small = imageops::resize(
                &canvas,
                (width as f32 * self.resample) as u32,
                (height as f32 * self.resample) as u32,
                imageops::FilterType::Triangle,
            );
            canvas = imageops::resize(&small, width, height, imageops::FilterType::CatmullRom);
        }
        if self.blur > 0.25 {
            canvas = imageops::blur(&canvas, self.blur);
        }
        let mut photo = RgbImage::new(width, height);
        let grain = chance.range(0.0, 0.6);
        for (to, from) in photo.pixels_mut().zip(canvas.pixels()) {
            let shared = chance.normal();
            for (value, light) in to.0.iter_mut().zip(from.0) {
                let noise = shared * (1.0 - grain) + chance.normal() * grain;
                *value = (light * 255.0 + noise * self.noise)
                    .round()
                    .clamp(0.0, 255.0) as u8;
            }
        }
        write_text(&mut photo, self.text_lines, chance);
        if self.jpeg == 0 {
            photo
        } else {
            through_jpeg(&photo, self.jpeg)
        }
    }
}

/// Compresses and decompresses.
pub(crate) fn through_jpeg(photo: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(photo)
        .expect("memory can be written");
    image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .expect("own JPEG")
        .to_rgb8()
}

/// Overlay text: strokes of random glyphs on a line, as a shop's watermark has.
fn write_text(photo: &mut RgbImage, lines: usize, chance: &mut Chance) {
    let (width, height) = photo.dimensions();
    for _ in 0..lines {
        let size = chance.range(12.0, 40.0);
        let glyphs = 4 + chance.below(12);
        let left = chance.range(0.0, width as f32 * 0.5);
        let top = chance.range(0.0, height as f32 - size);
        let colour: [u8; 3] = if chance.with(0.5) {
            [245, 245, 245]
        } else {
            [200, 30, 30]
        };
        let opacity = chance.range(0.4, 1.0);
        for glyph in 0..glyphs {
            for _ in 0..4 {
                let x0 = left + glyph as f32 * size * 0.8 + chance.unit() * size * 0.6;
                let y0 = top + chance.unit() * size;
                let upright = chance.with(0.5);
                let length = size * chance.range(0.3, 0.8);
                for step in 0..(length as i32) {
                    for thick in 0..(1 + (size / 10.0) as i32) {
                        let (dx, dy) = if upright {
                            (thick, step)
                        } else {
                            (step, thick)
                        };
                        let (x, y) = (x0 as i32 + dx, y0 as i32 + dy);
                        if x >= 0 && y >= 0 && (x as u32) < width && (y as u32) < height {
                            let pixel = photo.get_pixel_mut(x as u32, y as u32);
                            for (value, ink) in pixel.0.iter_mut().zip(colour) {
                                *value =
                                    (*value as f32 * (1.0 - opacity) + ink as f32 * opacity) as u8;
                            }
                        }
                    }
                }
            }
        }
    }
}
