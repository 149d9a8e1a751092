//! The second drawing: the face unwrapped about the fitted axis, the rim above and straight, the
//! tilt undone, once as photographed and once with the lines of the fit.

use crate::schreger::evidence::{Evidence, WindowEvidence};
use crate::schreger::fitted::{FittedLattice, Place};
use crate::schreger::ink::{FIRST, SECOND, label};
use crate::schreger::overlay::OverlayError;
use crate::schreger::reading::Reading;
use crate::schreger::status::{Orientation, Status};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma, RgbImage};
use std::f64::consts::TAU;
use std::fmt::Write;

/// Most width of a strip, and of the margin for its scale, units of the sheet.
const WIDTH: f64 = 1000.0;
const MARGIN: f64 = 64.0;
/// Most strips of one copy; a longer arc is drawn smaller.
const MOST_STRIPS: usize = 3;
/// Most height of a strip.
const HEIGHT: f64 = 380.0;
/// Most letters of a line of words.
const LETTERS: usize = 118;
/// Inner end of what is shown, share of the visible radial range from its outer end.
const INNER: f64 = 0.6;
/// Outer end of what is shown, share of the range beyond its outer end: the rim.
const BEYOND: f64 = 0.1;
/// Every such line of a family is drawn.
const EVERY: f64 = 5.0;
/// Steps along one line.
const STEPS: usize = 40;
/// Windows whose measured lines are drawn, over all strips.
const PAIRS: usize = 18;
/// Contrast that is stretched to the full range of grey, and half the box of the mean, pixels.
const FULL: f64 = 4.0;
const REACH: i32 = 12;
/// Room for a line of words, and for the label of an angle.
const LINE: f64 = 18.0;
const LABEL: f64 = 30.0;

/// Draws the section unwrapped about the fitted axis as a self-contained SVG: rim above, tilt
/// undone, local contrast stretched; below it the same with every fifth line of both families of
/// the fit, strokes as measured in windows with their angle, and the outermost zone.
///
/// `None` where nothing was fitted.
///
/// # Errors
/// [`OverlayError`] where the pixels cannot be encoded, which happens for an empty picture.
pub fn unwrapped(
    pixels: &RgbImage,
    reading: &Reading,
    evidence: Option<&Evidence>,
) -> Result<Option<String>, OverlayError> {
    match evidence.and_then(Sheet::new) {
        Some(sheet) => sheet.draw(pixels, reading).map(Some),
        None => Ok(None),
    }
}

/// What part of the section is drawn, and how large.
struct Sheet<'a> {
    evidence: &'a Evidence,
    lattice: &'a FittedLattice,
    /// First bearing, radians.
    start: f64,
    /// Inner and outer radius, pixels.
    radii: [f64; 2],
    /// Units of the sheet per pixel.
    scale: f64,
    /// Strips, one above the other, and the arc of each, radians.
    strips: usize,
    strip_arc: f64,
}

impl<'a> Sheet<'a> {
    fn new(evidence: &'a Evidence) -> Option<Self> {
        let lattice = &evidence.fitted;
        let range = evidence.radii.outer - evidence.radii.inner;
        let radii = [
            (evidence.radii.outer - INNER * range).max(1.0),
            evidence.radii.outer + BEYOND * range,
        ];
        let (start, arc) = arc_seen(evidence, lattice)?;
        let length = arc * evidence.radii.outer;
        if !(length.is_finite() && range.is_finite() && length >= 1.0 && range >= 1.0) {
            return None;
        }
        // As large as the picture, at least what a window needs to be seen.
        let largest = (WIDTH - MARGIN) * MOST_STRIPS as f64 / length;
        let scale = (1.3f64).min(largest).min(HEIGHT / (radii[1] - radii[0]));
        let strips = (length * scale / (WIDTH - MARGIN)).ceil().max(1.0) as usize;
        Some(Self {
            evidence,
            lattice,
            start,
            radii,
            scale,
            strips,
            strip_arc: arc / strips as f64,
        })
    }

    fn height(&self) -> f64 {
        (self.radii[1] - self.radii[0]) * self.scale
    }

    fn width(&self) -> f64 {
        self.strip_arc * self.evidence.radii.outer * self.scale
    }

    fn draw(&self, pixels: &RgbImage, reading: &Reading) -> Result<String, OverlayError> {
        let words = self.words(reading);
        let head = LINE * (words.len() as f64 + 0.8);
        let row = self.height() + 12.0;
        let copies = 2 * self.strips;
        let sheet = (self.width() + MARGIN + 12.0).max(860.0);
        let total = head + row * copies as f64 + 8.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {sheet:.0} {total:.0}\" \
             width=\"{sheet:.0}\" height=\"{total:.0}\" font-family=\"sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        for (i, text) in words.iter().enumerate() {
            let y = LINE * (i as f64 + 1.0);
            let _ = writeln!(
                svg,
                "<text x=\"8\" y=\"{y:.0}\" font-size=\"13\">{text}</text>"
            );
        }
        for copy in 0..2 {
            for strip in 0..self.strips {
                let top = head + row * (copy * self.strips + strip) as f64;
                let _ = writeln!(
                    svg,
                    "<g class=\"{}\" transform=\"translate({MARGIN:.0} {top:.1})\">",
                    ["plain", "lined"][copy]
                );
                self.draw_angles(&mut svg);
                // An inner sheet clips what runs beyond the strip.
                let _ = writeln!(
                    svg,
                    "<svg width=\"{:.1}\" height=\"{:.1}\">",
                    self.width(),
                    self.height()
                );
                self.draw_strip(&mut svg, pixels, strip)?;
                self.draw_zone(&mut svg);
                if copy == 1 {
                    self.draw_lines(&mut svg);
                    self.draw_measured(&mut svg, strip, reading);
                }
                svg.push_str("</svg>\n</g>\n");
            }
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    fn words(&self, reading: &Reading) -> Vec<String> {
        let verdict = match (reading.status, reading.orientation) {
            (Status::Measured, Orientation::Radial) => format!(
                "Schreger angle {:.1}°, {}",
                reading.angle_deg.unwrap_or_default(),
                reading.species.name()
            ),
            (Status::Measured, Orientation::Unknown) => {
                "The radial direction is not known: this is the likelier of two".to_owned()
            }
            (Status::NotResolvable, _) => {
                "Not resolved; this is the best fit of the surface that came nearest".to_owned()
            }
            _ => "Refused; this is the best fit of the surface that came nearest".to_owned(),
        };
        let tilt = (-self.evidence.log_stretch).exp().acos().to_degrees();
        let words = [
            format!(
                "The face unwrapped about the fitted axis, the rim above, the axis below, each \
                 radius as wide as the outer end; tilt undone ({tilt:.0}° or an oblique cut), \
                 contrast stretched. {verdict}."
            ),
            "Below once more: every fifth line of both families of the fit (thin), strokes as \
             measured with their angle (thick), the outermost zone between dotted lines."
                .to_owned(),
        ];
        words.iter().flat_map(|text| lines_of(text)).collect()
    }

    /// One strip of the picture, with its local contrast stretched.
    fn draw_strip(
        &self,
        svg: &mut String,
        pixels: &RgbImage,
        strip: usize,
    ) -> Result<(), OverlayError> {
        let (width, height) = (self.width().ceil() as u32, self.height().ceil() as u32);
        let from = self.start + self.strip_arc * strip as f64;
        let mut light = Vec::with_capacity((width * height) as usize);
        for y in 0..height {
            let radius = self.radii[1] - (f64::from(y) + 0.5) / self.scale;
            for x in 0..width {
                let along = (f64::from(x) + 0.5) / self.scale;
                let bearing = from + along / self.evidence.radii.outer;
                light.push(luminance(
                    pixels,
                    self.lattice.picture_point(bearing, radius),
                ));
            }
        }
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&stretched(
            &light,
            width.max(1),
            height.max(1),
        ))?;
        let _ = writeln!(
            svg,
            "<image width=\"{width}\" height=\"{height}\" href=\"data:image/jpeg;base64,{}\"/>",
            STANDARD.encode(&jpeg)
        );
        Ok(())
    }

    /// The ends of the outermost zone.
    fn draw_zone(&self, svg: &mut String) {
        let radii = self.evidence.radii;
        for radius in [radii.outer, radii.zone] {
            let y = (self.radii[1] - radius) * self.scale;
            let _ = writeln!(
                svg,
                "<line x1=\"0\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#00a651\" \
                 stroke-width=\"1.5\" stroke-dasharray=\"3 3\"/>",
                self.width()
            );
        }
    }

    /// The angle of the fit at two radii, beside the strip.
    fn draw_angles(&self, svg: &mut String) {
        let radii = self.evidence.radii;
        for radius in [radii.zone, self.radii[0]] {
            let y = ((self.radii[1] - radius) * self.scale).clamp(10.0, self.height() - 2.0);
            let _ = writeln!(
                svg,
                "<text x=\"-6\" y=\"{y:.1}\" font-size=\"12\" text-anchor=\"end\">{:.0}°</text>",
                self.lattice.angle_deg(radius)
            );
        }
    }

    /// Every fifth line of both families of the fit.
    fn draw_lines(&self, svg: &mut String) {
        let outer = self.evidence.radii.outer;
        let period = self.evidence.periods[0] / outer;
        let count = (self.strip_arc / (EVERY * period)).ceil().min(400.0) as i32;
        let course = self.course();
        // Lines that begin beside the strip may run into it.
        let reach = course.last().map_or(0.0, |end| end.1);
        let beside = (reach / (EVERY * period)).ceil().min(400.0) as i32;
        for (sign, colour) in [(1.0, FIRST), (-1.0, SECOND)] {
            for line in -beside..=count + beside {
                let begin = f64::from(line) * EVERY * period;
                let points: Vec<String> = (course.iter())
                    .map(|(radius, turn)| (radius, begin + sign * turn))
                    .filter(|(_, bearing)| (0.0..=self.strip_arc).contains(bearing))
                    .map(|(radius, bearing)| {
                        let y = (self.radii[1] - radius) * self.scale;
                        format!("{:.1},{y:.1}", bearing * outer * self.scale)
                    })
                    .collect();
                if points.len() > 1 {
                    let _ = writeln!(
                        svg,
                        "<polyline class=\"fit\" points=\"{}\" fill=\"none\" stroke=\"{colour}\" \
                         stroke-width=\"1.6\" stroke-opacity=\"0.9\"/>",
                        points.join(" ")
                    );
                }
            }
        }
    }

    /// Radius (pixels) and turn (radians) along a line of the fit, from the inner to the outer
    /// end of the lattice: a line turns by tan(theta / 2) dr / r.
    fn course(&self) -> Vec<(f64, f64)> {
        let (inner, outer) = (self.radii[0], self.evidence.radii.outer);
        let step = (outer - inner) / STEPS as f64;
        let mut turn = 0.0;
        (0..=STEPS)
            .map(|i| {
                let radius = inner + step * i as f64;
                let here = (radius, turn);
                let middle = radius + 0.5 * step;
                let half = (0.5 * self.lattice.angle_deg(middle)).to_radians();
                turn += half.tan() * step / middle;
                here
            })
            .collect()
    }

    /// Strokes of both families as measured in windows of this strip.
    fn draw_measured(&self, svg: &mut String, strip: usize, reading: &Reading) {
        let oriented = reading.orientation == Orientation::Radial;
        for (window, place) in self.chosen() {
            let along = (place.bearing - self.start).rem_euclid(TAU);
            let x = (along - self.strip_arc * strip as f64) * self.evidence.radii.outer;
            let (x, y) = (x * self.scale, (self.radii[1] - place.radius) * self.scale);
            if x < 0.0 || x > self.width() {
                continue;
            }
            // The strip is drawn as wide as at its outer end.
            let wide = self.evidence.radii.outer / place.radius.max(1.0);
            for k in window.wave_vectors {
                let [round, out] = place.unwrapped(k);
                // Lines run across their wave vector; up the sheet is outward.
                let (dx, dy) = (out * wide, round);
                let length = dx.hypot(dy).max(1e-12);
                let half = 0.33 * self.evidence.window_side * self.scale / length;
                let colour = if dx * dy > 0.0 { FIRST } else { SECOND };
                let _ = writeln!(
                    svg,
                    "<line class=\"measured\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" \
                     stroke=\"{colour}\" stroke-width=\"2.2\"/>",
                    x - dx * half,
                    y - dy * half,
                    x + dx * half,
                    y + dy * half
                );
            }
            let angle = if oriented {
                window.angle_deg
            } else {
                window.angle_deg.min(180.0 - window.angle_deg)
            };
            let right = (self.width() - LABEL).max(0.0);
            let place = [(x + 5.0).min(right), (y - 4.0).max(12.0)];
            label(svg, place, 12.0, &format!("{angle:.0}°"));
        }
    }

    /// Windows within what is drawn, a window's side apart, the outermost first.
    fn chosen(&self) -> Vec<(WindowEvidence, Place)> {
        let mut chosen: Vec<(WindowEvidence, Place)> = Vec::new();
        for outermost in [true, false] {
            let windows = self.evidence.windows.iter();
            for window in windows.filter(|window| window.outermost == outermost) {
                let place = self.lattice.place(window.centre);
                let clear = chosen.iter().all(|(held, _)| {
                    let [x, y] = [0, 1].map(|i| held.centre[i] - window.centre[i]);
                    x.hypot(y) >= 1.2 * self.evidence.window_side
                });
                let inside = (self.radii[0]..self.radii[1]).contains(&place.radius);
                if clear && inside && chosen.len() < PAIRS {
                    chosen.push((*window, place));
                }
            }
        }
        chosen
    }
}

/// A text in lines that the sheet has room for.
fn lines_of(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let held = lines.len() - 1;
        if lines[held].chars().count() + word.chars().count() >= LETTERS {
            lines.push(word.to_owned());
        } else {
            let gap = if lines[held].is_empty() { "" } else { " " };
            lines[held] = format!("{}{gap}{word}", lines[held]);
        }
    }
    lines
}

/// The arc over which windows lie: its first bearing and its length, radians.
fn arc_seen(evidence: &Evidence, lattice: &FittedLattice) -> Option<(f64, f64)> {
    let mut bearings: Vec<f64> = (evidence.windows.iter())
        .map(|window| lattice.place(window.centre).bearing)
        .collect();
    bearings.sort_by(f64::total_cmp);
    let (first, last) = (*bearings.first()?, *bearings.last()?);
    // It begins after the widest gap, which may lie across the cut at 180 degrees.
    let (mut gap, mut start) = (first + TAU - last, first);
    for pair in bearings.windows(2) {
        if pair[1] - pair[0] > gap {
            (gap, start) = (pair[1] - pair[0], pair[1]);
        }
    }
    let side = evidence.window_side / evidence.radii.outer.max(1e-9);
    let arc = (TAU - gap + side).min(TAU);
    Some((start - 0.5 * side, arc))
}

/// Luminance between the pixels about a point of the picture; `None` outside it.
fn luminance(pixels: &RgbImage, [x, y]: [f64; 2]) -> Option<f64> {
    let (x, y) = (x - 0.5, y - 0.5);
    let (width, height) = pixels.dimensions();
    let inside = x >= 0.0 && y >= 0.0 && x < f64::from(width) - 1.0 && y < f64::from(height) - 1.0;
    if !inside {
        return None;
    }
    let (left, top) = (x as u32, y as u32);
    let at = |dx: u32, dy: u32| {
        let [r, g, b] = pixels.get_pixel(left + dx, top + dy).0.map(f64::from);
        0.299 * r + 0.587 * g + 0.114 * b
    };
    let (fx, fy) = (x.fract(), y.fract());
    let above = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let below = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    Some(above * (1.0 - fy) + below * fy)
}

/// Grey whose local mean is middle grey and whose spread fills the range; white outside the
/// picture.
fn stretched(light: &[Option<f64>], width: u32, height: u32) -> GrayImage {
    let means = local_means(light, width as usize, height as usize);
    let off: Vec<Option<f64>> = (light.iter().zip(&means))
        .map(|(value, mean)| value.map(|value| value - mean))
        .collect();
    let seen = off.iter().flatten();
    let n = seen.clone().count().max(1) as f64;
    // The mean size is less moved by a few edges than the root mean square.
    let spread = (seen.map(|v| v.abs()).sum::<f64>() / n).max(0.5);
    GrayImage::from_fn(width, height, |x, y| {
        let grey = off[(y * width + x) as usize].map_or(255.0, |off| {
            127.5 * (1.0 + (off / (FULL * spread)).clamp(-1.0, 1.0))
        });
        Luma([grey as u8])
    })
}

/// Mean of what is known in a box about each pixel.
fn local_means(light: &[Option<f64>], width: usize, height: usize) -> Vec<f64> {
    // Summed areas of value and count.
    let mut sums = vec![(0.0, 0.0); (width + 1) * (height + 1)];
    let at = |x: usize, y: usize| y * (width + 1) + x;
    for y in 0..height {
        for x in 0..width {
            let (value, count) = light[y * width + x].map_or((0.0, 0.0), |v| (v, 1.0));
            let parts = [at(x, y + 1), at(x + 1, y), at(x, y)].map(|i| sums[i]);
            sums[at(x + 1, y + 1)] = (
                value + parts[0].0 + parts[1].0 - parts[2].0,
                count + parts[0].1 + parts[1].1 - parts[2].1,
            );
        }
    }
    let bound = |v: i32, most: usize| v.clamp(0, most as i32) as usize;
    let mut means = Vec::with_capacity(width * height);
    for y in 0..height as i32 {
        let (top, bottom) = (bound(y - REACH, height), bound(y + REACH + 1, height));
        for x in 0..width as i32 {
            let (left, right) = (bound(x - REACH, width), bound(x + REACH + 1, width));
            let corners = [
                at(right, bottom),
                at(left, top),
                at(left, bottom),
                at(right, top),
            ]
            .map(|i| sums[i]);
            let value = corners[0].0 + corners[1].0 - corners[2].0 - corners[3].0;
            let count = corners[0].1 + corners[1].1 - corners[2].1 - corners[3].1;
            means.push(value / f64::max(count, 1.0));
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_where_the_line_is_full() {
        let text = vec!["lattice"; 40].join(" ");
        let lines = lines_of(&text);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| line.chars().count() <= LETTERS));
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn what_lies_outside_the_picture_is_white_and_a_plain_face_grey() {
        let mut light = vec![Some(120.0); 40 * 30];
        light[5] = None;
        let grey = stretched(&light, 40, 30);
        assert_eq!(grey.get_pixel(5, 0).0, [255]);
        assert_eq!(grey.get_pixel(20, 20).0, [127]);
    }

    #[test]
    fn light_is_taken_between_pixels_and_nowhere_outside() {
        let ramp = RgbImage::from_fn(8, 8, |x, _| image::Rgb([10 * x as u8; 3]));
        // Pixel 3 has its centre at 3.5.
        let middle = luminance(&ramp, [4.0, 4.0]).unwrap();
        assert!((middle - 35.0).abs() < 0.01, "{middle}");
        assert_eq!(luminance(&ramp, [0.2, 4.0]), None);
        assert_eq!(luminance(&ramp, [4.0, 7.9]), None);
    }
}
