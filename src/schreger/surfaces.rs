//! What else was found, drawn for an expert: where a lattice could begin, each surface that was
//! followed, and why it is none.

use crate::schreger::evidence::{Evidence, median};
use crate::schreger::examination::{CrossingPair, Examination, Surface};
use crate::schreger::ink::{FIRST, SECOND, label};
use crate::schreger::reading::Reading;
use crate::schreger::status::{Orientation, Status};
use std::fmt::Write;

/// Colours of the surfaces, in the order of their numbers.
const COLOURS: [&str; 6] = [
    "#911eb4", "#f58231", "#3cb44b", "#008080", "#9a6324", "#808000",
];
/// Colour of the windows in which a lattice could begin.
const SEED: &str = "#00a0c8";
/// Most line pairs drawn on one surface, and most of all.
const PAIRS: usize = 10;
/// Height of a line of words, units of the sheet.
pub(crate) const LINE: f64 = 17.0;

/// The lines below the photograph that say what was found, each with its colour.
pub(crate) fn words(found: &Examination) -> Vec<(&'static str, String)> {
    let mut lines = vec![(SEED, seeds_in_words(found))];
    for (number, surface) in found.surfaces.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        for (i, text) in surface_in_words(surface).into_iter().enumerate() {
            let text = match i {
                0 => format!("{}: {text}", number + 1),
                _ => format!("\u{2003}{text}"),
            };
            lines.push((colour, text));
        }
    }
    lines
}

fn seeds_in_words(found: &Examination) -> String {
    match found.seeds.len() {
        0 => "no window shows two families of lines that cross".to_owned(),
        1 => "one window (small ring) shows two families of lines that cross".to_owned(),
        n => format!("{n} windows (small rings) show two families of lines that cross"),
    }
}

/// What came of one surface, a line for each thing to say.
fn surface_in_words(surface: &Surface) -> Vec<String> {
    let windows = surface.followed.len();
    let crossing = median(surface.followed.iter().map(CrossingPair::crossing_deg));
    let mut lines = vec![format!(
        "followed over {windows} windows, lines cross at {crossing:.0}° or {:.0}°: {}",
        180.0 - crossing,
        outcome(&surface.reading)
    )];
    for reason in &surface.reading.reasons {
        lines.push(format!("because {}", reason.in_words()));
    }
    if let Some(evidence) = &surface.evidence {
        lines.push(figures(evidence));
    }
    lines
}

fn outcome(reading: &Reading) -> String {
    let interval = reading.ci90_deg.unwrap_or_default();
    let [low, high] = interval;
    match (reading.status, reading.orientation) {
        (Status::Measured, Orientation::Radial) => format!(
            "a lattice, {:.1}° ({low:.1}° to {high:.1}°)",
            reading.angle_deg.unwrap_or_default()
        ),
        (Status::Measured, Orientation::Unknown) => {
            "a lattice whose radial direction is not known".to_owned()
        }
        (Status::NotResolvable, _) => "cannot be resolved".to_owned(),
        _ => "refused".to_owned(),
    }
}

fn figures(evidence: &Evidence) -> String {
    format!(
        "best fit {:.0}°, contrast {:.1} %, periods {:.0} and {:.0} px, scatter {:.0} % (straight \
         lines {:.0} %), log odds: curved {:.1}, orientation {:.1}",
        evidence.angle_deg,
        100.0 * evidence.contrast,
        evidence.periods[0],
        evidence.periods[1],
        100.0 * evidence.scatter,
        100.0 * evidence.scatter_straight,
        evidence.log_odds_curved,
        evidence.log_odds_orientation,
    )
}

/// Draws the seeds and the surfaces over the photograph; those from `first` on also with their
/// lines.
pub(crate) fn draw(svg: &mut String, found: &Examination, unit: f64, first: usize) {
    for seed in &found.seeds {
        let [x, y] = seed.centre;
        let _ = writeln!(
            svg,
            "<circle class=\"seed\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"none\" \
             stroke=\"{SEED}\" stroke-width=\"{:.1}\"/>",
            3.0 * unit,
            1.4 * unit
        );
    }
    for (number, surface) in found.surfaces.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let [x, y, width, height] = surface.bounds();
        let _ = writeln!(
            svg,
            "<rect class=\"surface\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{:.1}\" \
             stroke-dasharray=\"{d:.1} {d:.1}\"/>",
            1.6 * unit,
            d = 6.0 * unit
        );
        let corner = [x + 4.0 * unit, y + (16.0 + 4.0 * number as f64) * unit];
        label(svg, corner, 14.0 * unit, &format!("{}", number + 1));
        if number >= first {
            for pair in spread(&surface.followed) {
                draw_lines(svg, pair, unit);
            }
        }
    }
}

/// A few of the pairs, a window's side apart at least.
fn spread(pairs: &[CrossingPair]) -> Vec<&CrossingPair> {
    let mut chosen: Vec<&CrossingPair> = Vec::new();
    for pair in pairs {
        let clear = chosen.iter().all(|held| {
            (held.centre[0] - pair.centre[0]).hypot(held.centre[1] - pair.centre[1]) >= pair.side
        });
        if clear && chosen.len() < PAIRS {
            chosen.push(pair);
        }
    }
    chosen
}

fn draw_lines(svg: &mut String, pair: &CrossingPair, unit: f64) {
    let [x, y] = pair.centre;
    for (k, colour) in pair.wave_vectors.iter().zip([FIRST, SECOND]) {
        let half = 0.3 * pair.side / k[0].hypot(k[1]).max(1e-12);
        let (dx, dy) = (-k[1] * half, k[0] * half);
        let _ = writeln!(
            svg,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" \
             stroke-width=\"{:.1}\" stroke-opacity=\"0.8\"/>",
            x - dx,
            y - dy,
            x + dx,
            y + dy,
            1.1 * unit
        );
    }
}
