//! The drawing of a page: its pictures framed, with what was found in each.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;

use crate::record::Record;
use crate::verdict::{Decision, format_score};

/// Draws the regions of a record over its photo as a self-contained SVG, one unit per pixel of the
/// upright photo: each framed in the colour of its decision (green, amber, red), with its number,
/// its likeliest label and how many matches it has; views that were looked at more closely in dashes,
/// with what one raised; below, the record's decision and reasons.
/// `pixels` are the photo's, at any scale.
///
/// # Errors
/// When the pixels cannot be encoded, which happens for an empty picture.
pub fn overlay(pixels: &RgbImage, record: &Record) -> image::ImageResult<String> {
    let width = record.width.unwrap_or(pixels.width());
    let height = record.height.unwrap_or(pixels.height());
    let mut photo = Vec::new();
    JpegEncoder::new_with_quality(&mut photo, 90).encode_image(pixels)?;
    // Lines and letters grow with the picture, so that they stay readable.
    let unit = (f64::from(width.max(height)) / 800.0).max(0.5);
    let lines = 1 + record.reasons.len();
    let foot = (12.0 + 18.0 * lines as f64) * unit;
    let sheet = f64::from(width).max(480.0 * unit);
    let all = f64::from(height) + foot;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {sheet:.0} {all:.0}\" width=\"{sheet:.0}\" \
         height=\"{all:.0}\" font-family=\"sans-serif\" font-size=\"{:.1}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <image width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
         href=\"data:image/jpeg;base64,{}\"/>\n",
        14.0 * unit,
        STANDARD.encode(&photo),
    );
    for (place, region) in record.regions.iter().flatten().enumerate() {
        let colour = colour(region.decision);
        let corners = region.polygon.iter().map(|[x, y]| format!("{x:.1},{y:.1}"));
        let corners: Vec<String> = corners.collect();
        let _ = writeln!(
            svg,
            "<polygon points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{:.1}\"/>",
            corners.join(" "),
            3.0 * unit
        );
        let mut words = format!("{} {}", place + 1, region.decision);
        if let Some(best) = region.materials.first() {
            let score = format_score(best.score as f32);
            words += &format!(": {} {score}", best.label);
        }
        match region.matches.as_ref().map(Vec::len) {
            None | Some(0) => {}
            Some(1) => words += ", 1 match",
            Some(count) => words += &format!(", {count} matches"),
        }
        if let Some([x, y]) = region.polygon.first() {
            let at = (x + 4.0 * unit, y + 17.0 * unit);
            write_words(&mut svg, at, colour, &words, unit);
        }
    }
    for (place, view) in record.views.iter().flatten().enumerate() {
        let [left, top, width, height] = view.bounds;
        let colour = colour(view.decision);
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"none\" \
             stroke=\"{colour}\" stroke-width=\"{:.1}\" stroke-dasharray=\"{:.1}\"/>",
            2.0 * unit,
            8.0 * unit
        );
        if view.decision == Decision::Clear {
            continue;
        }
        let first = view.reasons.first().map_or("", String::as_str);
        let words = format!("view {} {}: {first}", place + 1, view.decision);
        // Views overlap: each has its words on a line of its own.
        let down = f64::from(top) + (17.0 + 16.0 * place as f64) * unit;
        let at = (f64::from(left) + 4.0 * unit, down);
        write_words(&mut svg, at, colour, &words, unit);
    }
    let decision = record.decision.map_or("error", Decision::name);
    let foot_lines = std::iter::once(decision).chain(record.reasons.iter().map(String::as_str));
    for (number, words) in foot_lines.enumerate() {
        let down = f64::from(height) + (20.0 + 18.0 * number as f64) * unit;
        write_words(&mut svg, (6.0 * unit, down), "#1a1a1a", words, unit);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn colour(decision: Decision) -> &'static str {
    match decision {
        Decision::Clear => "#00a651",
        Decision::Review => "#ffb000",
        Decision::Flag => "#e6194b",
    }
}

/// Words with a white rim, which are read on any ground.
fn write_words(svg: &mut String, (x, y): (f64, f64), colour: &str, words: &str, unit: f64) {
    let escaped = words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"{:.1}\" \
         paint-order=\"stroke\">{escaped}</text>",
        4.0 * unit
    );
}
