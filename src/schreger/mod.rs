//! The Schreger lattice of ivory: found, oriented, measured, or honestly left undecided.
//!
//! A transverse face of elephant or mammoth ivory shows two families of crossing lines. The angle between them that
//! opens to the tusk's axis is the Schreger angle. The two families also cross at 180 degrees less that angle, so the
//! reading stands or falls with knowing which bisector is radial; [`read`] settles this by one joint fit of the tusk's
//! centre to the wave vectors of all windows, and says [`Orientation::Unknown`] when the fit cannot.
//!
//! `angle_deg` is the mean Schreger angle of the outermost zone seen: the outer 15 % of the radial range over which
//! the lattice is visible.
//!
//! ```text
//! pixels -> light (pyramid, contrast) -> spectrum (peaks per window) -> lattice (two families, followed)
//!        -> fit (centre, wave number, angle, tilt) -> zone + rim -> uncertainty -> species
//! ```

mod fit;
mod lattice;
mod least_squares;
mod light;
mod overlay;
mod reading;
mod rim;
mod species;
mod spectrum;
mod uncertainty;
mod zone;

pub use overlay::{OverlayError, overlay};
pub use reading::{Config, Evidence, Orientation, Reading, Reason, Status, WindowEvidence};
pub use species::{
    ELEPHANT_OUTER, LOUDEST, MAMMOTH_OUTER, Species, log10_likelihood_ratio, name, posterior,
};

use fit::Comparison;
use image::RgbImage;
use lattice::{Node, SeedRule, Survey};
use light::Level;
use spectrum::{SIDE, Spectrometer};

/// Reads the lattice of one photograph.
///
/// `pixels` is upright RGB of any size. Pure and deterministic: the same pixels and configuration give the same reading.
pub fn read(pixels: &RgbImage, config: &Config) -> Reading {
    read_with_evidence(pixels, config).0
}

/// Reads the lattice and keeps what the reading rests on, for drawing and for study.
///
/// The evidence is `None` where no lattice was followed far enough to fit it.
pub fn read_with_evidence(pixels: &RgbImage, config: &Config) -> (Reading, Option<Evidence>) {
    let (width, height) = pixels.dimensions();
    if width.min(height) < config.smallest_side.max(SIDE as u32) {
        return (
            Reading::without(Status::NotResolvable, vec![Reason::PictureTooSmall]),
            None,
        );
    }
    let levels = light::pyramid(pixels, SIDE);
    let mut spectrometer = Spectrometer::new();
    let candidates = search(&levels, config, &mut spectrometer);
    let mut fallback = (
        Reading::without(Status::NoLattice, vec![Reason::NoCrossingPeaks]),
        None,
    );
    let mut rank = 0;
    for found in candidates {
        let outcome = judge(found, &levels, config, &mut spectrometer);
        let here = match (outcome.0.status, outcome.0.orientation) {
            (Status::Measured, Orientation::Radial) => return outcome,
            (Status::Measured, Orientation::Unknown) => 3,
            (Status::NotResolvable, _) => 2,
            _ => 1,
        };
        if here > rank {
            rank = here;
            fallback = outcome;
        }
    }
    fallback
}

/// A lattice followed over one level.
struct Found {
    level: usize,
    nodes: Vec<Node>,
    /// Independent windows among the nodes.
    independent: f64,
}

/// Independent windows among nodes `pitch` pixels apart: a Hann window covers about half its square.
fn independent(nodes: usize, pitch: f64, scale: f64) -> f64 {
    let side = SIDE as f64 * scale;
    nodes as f64 * (pitch * pitch / (0.5 * side * side)).min(1.0)
}

/// Looks at a few windows of every level, and follows what starts there; the lattices that cover most come first.
fn search(levels: &[Level], config: &Config, spectrometer: &mut Spectrometer) -> Vec<Found> {
    let rule = SeedRule {
        significance: config.seed_significance,
        amplitude: config.least_amplitude,
        crossing: config.least_crossing_deg,
    };
    let mut all: Vec<(f64, Found)> = Vec::new();
    for (number, level) in levels.iter().enumerate() {
        let mut gate = Survey::new(level, SIDE * 3 / 4, config.gate_windows);
        gate.look_everywhere(spectrometer);
        let seeds = gate.seeds(&rule);
        if seeds.is_empty() {
            continue;
        }
        let mut survey = Survey::new(level, config.stride, config.most_windows);
        let mut grown: Vec<Vec<Node>> = Vec::new();
        let mut followed = 0;
        for seed in seeds {
            // One start for each lattice: a cloth behind the piece may seed everywhere.
            if grown.iter().any(|nodes| lattice::continues(nodes, &seed)) {
                continue;
            }
            followed += 1;
            if followed > config.seeds_per_level {
                break;
            }
            let nodes = survey.grow(seed, config.least_significance, spectrometer);
            if nodes.len() >= 4 {
                grown.push(nodes);
            }
        }
        for nodes in grown {
            let independent = independent(nodes.len(), survey.pitch(), level.scale);
            let clarity: f64 = nodes
                .iter()
                .map(|n| f64::from(n.significance[0].min(n.significance[1]).min(400.0)).ln())
                .sum::<f64>()
                / nodes.len() as f64;
            let mut strengths: Vec<f32> = nodes
                .iter()
                .map(|n| n.amplitude[0] + n.amplitude[1])
                .collect();
            strengths.sort_by(f32::total_cmp);
            // Strength puts a sharp pattern's ground waves before its overtones.
            let strength = f64::from(strengths[strengths.len() / 2]);
            let covered = independent * level.scale * level.scale * clarity * strength;
            all.push((
                covered,
                Found {
                    level: number,
                    nodes,
                    independent,
                },
            ));
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.truncate(config.candidates);
    all.into_iter().map(|(_, found)| found).collect()
}

/// Fits the lattice that was followed, gathers the windows that agree, and decides what may be said.
fn judge(
    found: Found,
    levels: &[Level],
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> (Reading, Option<Evidence>) {
    let level = &levels[found.level];
    let mut nodes = found.nodes;
    let share = found.independent / nodes.len() as f64;
    let few = || {
        // Worth a closer photograph only where the few windows are clear and agree.
        let clear = nodes
            .iter()
            .all(|n| n.significance[0].min(n.significance[1]) > config.clear_significance);
        let status = if clear && nodes.len() >= 4 {
            Status::NotResolvable
        } else {
            Status::NoLattice
        };
        (Reading::without(status, vec![Reason::TooFewPeriods]), None)
    };
    if found.independent < config.least_independent_windows || nodes.len() < 6 {
        return few();
    }
    let Some(mut comparison) = fit::compare(&nodes, share) else {
        return few();
    };
    // What the fit predicts finds the lattice again beyond gaps in its visibility.
    if comparison.scatter < config.most_scatter {
        let mut survey = Survey::new(level, config.stride, config.most_windows);
        let gathered = survey.gather(
            |at| comparison.predict(at),
            config.gathered_significance,
            spectrometer,
        );
        if gathered.len() * 10 > nodes.len() * 9
            && let Some(again) = fit::compare(&gathered, share)
            && again.scatter < comparison.scatter * 1.5
        {
            comparison = again;
            nodes = gathered;
        }
    }
    nodes.retain(|node| comparison.misfit(node) < config.most_misfit);
    let nodes = lattice::connected(nodes);
    conclude(&comparison, &nodes, level, config)
}

fn conclude(
    comparison: &Comparison,
    nodes: &[Node],
    level: &Level,
    config: &Config,
) -> (Reading, Option<Evidence>) {
    let side = SIDE as f64 * level.scale;
    let spots = zone::spots(comparison, &comparison.best.parameters, nodes);
    let Some(outermost) = zone::outermost(
        &spots,
        side / comparison.frame.extent,
        comparison.frame.share,
    ) else {
        return (
            Reading::without(Status::NoLattice, vec![Reason::NoCommonCentre]),
            None,
        );
    };
    let rim = rim::look(comparison, &spots, level, side);
    let error = uncertainty::standard_error(comparison, nodes, &spots, &outermost, side);
    let evidence = Evidence::gather(
        comparison,
        nodes,
        &spots,
        &outermost,
        &rim,
        error,
        level.scale,
    );
    let reading = Reading::conclude(&evidence, config);
    (reading, Some(evidence))
}
