//! The drawing for a person who re-measures: the photograph with line pairs, angles, radial axis,
//! outer zone and scale.

use crate::schreger::evidence::{Evidence, WindowEvidence};
use crate::schreger::examination::Examination;
use crate::schreger::ink::{FIRST, SECOND, label};
use crate::schreger::reading::Reading;
use crate::schreger::status::{Orientation, Status};
use crate::schreger::surfaces;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use std::fmt::Write;

/// Most line pairs drawn.
const PAIRS: usize = 24;
/// Colours of the axis and the zone.
const AXIS: &str = "#ffb000";
const ZONE: &str = "#00a651";

/// The photograph could not be embedded in the drawing.
#[derive(Debug, thiserror::Error)]
#[error("the photograph cannot be embedded in the drawing: {0}; check that it is not empty")]
pub struct OverlayError(#[from] image::ImageError);

/// Draws the reading over its photograph as a self-contained SVG, one unit per pixel.
///
/// Shown are up to 24 line pairs with the angle measured there (degrees; the foreshortening that
/// the fit found is already undone), the radial axis as a dashed arrow towards the tusk's axis,
/// the two ends of the outermost zone, bars of ten tangential and ten radial periods, and the
/// verdict with its interval. Without evidence only the verdict is written.
///
/// # Errors
/// [`OverlayError`] where the pixels cannot be encoded, which happens for an empty picture.
pub fn overlay(
    pixels: &RgbImage,
    reading: &Reading,
    evidence: Option<&Evidence>,
) -> Result<String, OverlayError> {
    draw(pixels, reading, evidence, None)
}

/// Draws a reading as [`overlay`] does, and all that was found besides: the windows in which a
/// lattice could begin, each surface that was followed with some of its lines, and in words below
/// the photograph what came of it and why.
///
/// # Errors
/// [`OverlayError`] where the pixels cannot be encoded, which happens for an empty picture.
pub fn overlay_of_examination(
    pixels: &RgbImage,
    found: &Examination,
) -> Result<String, OverlayError> {
    draw(pixels, &found.reading, found.evidence.as_ref(), Some(found))
}

fn draw(
    pixels: &RgbImage,
    reading: &Reading,
    evidence: Option<&Evidence>,
    found: Option<&Examination>,
) -> Result<String, OverlayError> {
    let (width, height) = pixels.dimensions();
    let mut photo = Vec::new();
    JpegEncoder::new_with_quality(&mut photo, 90).encode_image(pixels)?;
    // Lines and letters grow with the picture, so that they stay readable.
    let unit = (f64::from(width.max(height)) / 800.0).max(0.5);
    let words = found.map(surfaces::words).unwrap_or_default();
    let foot = (92.0 + surfaces::LINE * words.len() as f64) * unit;
    // The words below need room that a narrow picture does not have.
    let room = if found.is_some() { 1000.0 } else { 640.0 };
    let sheet = f64::from(width).max(room * unit);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {sheet:.0} {:.0}\" width=\"{sheet:.0}\" height=\"{:.0}\" \
         font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <clipPath id=\"photo\"><rect width=\"{width}\" height=\"{height}\"/></clipPath>\n\
         <image width=\"{width}\" height=\"{height}\" href=\"data:image/jpeg;base64,{}\"/>\n",
        f64::from(height) + foot,
        f64::from(height) + foot,
        STANDARD.encode(&photo),
    );
    if let Some(found) = found {
        // The lines of a measured lattice are drawn below, with their angles.
        let first = usize::from(reading.status == Status::Measured);
        surfaces::draw(&mut svg, found, unit, first);
    }
    if let Some(evidence) = evidence
        && reading.status == Status::Measured
    {
        let oriented = reading.orientation == Orientation::Radial;
        if oriented {
            draw_zone(&mut svg, evidence, unit, [width, height].map(f64::from));
        }
        let chosen = chosen(evidence);
        for window in &chosen {
            draw_pair(&mut svg, window, evidence.window_side, unit, oriented);
        }
        if oriented && let Some(window) = chosen.first() {
            draw_axis(&mut svg, window, evidence, unit);
        }
        draw_scale(&mut svg, evidence, f64::from(height), unit, oriented);
    }
    draw_verdict(&mut svg, reading, f64::from(height), unit);
    for (i, (colour, text)) in words.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{:.1}\" fill=\"{colour}\">{text}</text>",
            8.0 * unit,
            f64::from(height) + (96.0 + surfaces::LINE * i as f64) * unit,
            12.5 * unit
        );
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Windows of the outermost zone first, at least a window's side apart.
fn chosen(evidence: &Evidence) -> Vec<WindowEvidence> {
    let mut chosen: Vec<WindowEvidence> = Vec::new();
    for outermost in [true, false] {
        for window in evidence.windows.iter().filter(|w| w.outermost == outermost) {
            let clear = chosen.iter().all(|c| {
                (c.centre[0] - window.centre[0]).hypot(c.centre[1] - window.centre[1])
                    >= evidence.window_side
            });
            if clear && chosen.len() < PAIRS {
                chosen.push(*window);
            }
        }
    }
    chosen
}

fn draw_pair(svg: &mut String, window: &WindowEvidence, side: f64, unit: f64, oriented: bool) {
    let [x, y] = window.centre;
    for (k, colour) in window.wave_vectors.iter().zip([FIRST, SECOND]) {
        let length = k[0].hypot(k[1]).max(1e-12);
        // Lines run across their wave vector.
        let (dx, dy) = (-k[1] / length * 0.38 * side, k[0] / length * 0.38 * side);
        let _ = writeln!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"{:.1}\"/>",
            x - dx,
            y - dy,
            x + dx,
            y + dy,
            1.6 * unit
        );
    }
    let angle = if oriented {
        window.angle_deg
    } else {
        window.angle_deg.min(180.0 - window.angle_deg)
    };
    label(
        svg,
        [x + 6.0 * unit, y - 6.0 * unit],
        13.0 * unit,
        &format!("{angle:.0}°"),
    );
}

fn draw_axis(svg: &mut String, window: &WindowEvidence, evidence: &Evidence, unit: f64) {
    let [x, y] = window.centre;
    let length =
        (2.5 * evidence.window_side).min((evidence.centre[0] - x).hypot(evidence.centre[1] - y));
    let inward = window.outward + std::f64::consts::PI;
    let tip = [x + length * inward.cos(), y + length * inward.sin()];
    let _ = writeln!(
        svg,
        "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{AXIS}\" stroke-width=\"{:.1}\" \
         stroke-dasharray=\"{d:.1} {d:.1}\"/>\n<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\" fill=\"{AXIS}\"/>",
        tip[0],
        tip[1],
        2.2 * unit,
        tip[0],
        tip[1],
        4.0 * unit,
        d = 7.0 * unit,
    );
    label(
        svg,
        [tip[0] + 6.0 * unit, tip[1]],
        12.0 * unit,
        "to the tusk's axis",
    );
}

/// The arcs run over all bearings seen, so they may leave the picture: what lies outside is cut
/// off.
fn draw_zone(svg: &mut String, evidence: &Evidence, unit: f64, [width, height]: [f64; 2]) {
    for line in &evidence.zone_outline {
        let points: Vec<String> = line
            .iter()
            .map(|p| format!("{:.1},{:.1}", p[0], p[1]))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline clip-path=\"url(#photo)\" points=\"{}\" fill=\"none\" stroke=\"{ZONE}\" stroke-width=\"{:.1}\" stroke-dasharray=\"{:.1} {:.1}\"/>",
            points.join(" "),
            1.8 * unit,
            3.0 * unit,
            3.0 * unit
        );
    }
    let room = |p: &&[f64; 2]| {
        (0.0..width - 100.0 * unit).contains(&p[0]) && (14.0 * unit..height).contains(&p[1])
    };
    if let Some(start) = evidence.zone_outline[0].iter().find(room) {
        label(svg, *start, 12.0 * unit, "outermost zone");
    }
}

fn draw_scale(svg: &mut String, evidence: &Evidence, height: f64, unit: f64, oriented: bool) {
    let names = if oriented {
        ["tangential", "radial"]
    } else {
        ["first bisector", "second bisector"]
    };
    for (i, (period, name)) in evidence.periods.iter().zip(names).enumerate() {
        let y = height + (56.0 + 20.0 * i as f64) * unit;
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#000000\" stroke-width=\"{:.1}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{:.1}\">10 {name} periods = {:.0} px</text>",
            8.0 * unit + 10.0 * period,
            4.0 * unit,
            16.0 * unit + 10.0 * period,
            y + 4.0 * unit,
            12.0 * unit,
            10.0 * period,
            x = 8.0 * unit,
        );
    }
}

fn draw_verdict(svg: &mut String, reading: &Reading, height: f64, unit: f64) {
    let measured = match (
        reading.angle_deg,
        reading.folded_angle_deg,
        reading.ci90_deg,
    ) {
        (Some(angle), _, Some([low, high])) => {
            format!("Schreger angle {angle:.1}° (90 % interval {low:.1}° to {high:.1}°)")
        }
        (None, Some(folded), Some([low, high])) => format!(
            "lines cross at {folded:.1}° or {:.1}° ({low:.1}° to {high:.1}°), radial direction unknown",
            180.0 - folded
        ),
        _ => match reading.status {
            Status::NotResolvable => "a lattice cannot be resolved".to_owned(),
            Status::NotApplicable => "not read".to_owned(),
            _ => "no Schreger lattice".to_owned(),
        },
    };
    let species = reading.species.name();
    let reasons: Vec<&str> = reading.reasons.iter().map(|reason| reason.name()).collect();
    let ratio = reading
        .log10_lr_elephant_vs_mammoth
        .map(|lr| format!("; log10 likelihood ratio elephant to mammoth {lr:+.2}"))
        .unwrap_or_default();
    let why = if reasons.is_empty() {
        String::new()
    } else {
        format!("; {}", reasons.join(", "))
    };
    for (i, text) in [measured, format!("{species}{ratio}{why}")]
        .iter()
        .enumerate()
    {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{:.1}\">{text}</text>",
            8.0 * unit,
            height + (19.0 + 19.0 * i as f64) * unit,
            15.0 * unit
        );
    }
}
