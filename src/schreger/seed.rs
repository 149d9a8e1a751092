//! Where a lattice may begin: windows that show two crossing families by themselves.

use crate::schreger::config::SearchConfig;
use crate::schreger::grid::WindowGrid;
use crate::schreger::spectrum::Peak;
use crate::schreger::vector::{Vector, add, norm, subtract};
use crate::schreger::window::LatticeWindow;
use std::ops::Range;

/// Ratio of the two families' wave numbers: both bisectors lie well between the lines.
const WAVE_NUMBERS: Range<f32> = 0.62..1.62;
/// Ratio of the two families' amplitudes.
const AMPLITUDES: Range<f32> = 0.2..5.0;
/// Wave vectors within this share of their length are the same.
const SAME: f64 = 0.15;

/// The analysed windows that show a crossing pair, the clearest first.
pub(crate) fn seeds(grid: &WindowGrid<'_>, config: &SearchConfig) -> Vec<LatticeWindow> {
    let mut seeds: Vec<LatticeWindow> = (grid.cells().into_iter())
        .filter_map(|cell| {
            let pair = crossing_pair(grid.peaks(cell)?, config)?;
            Some(grid.window(cell, pair))
        })
        .collect();
    let clarity = |w: &LatticeWindow| w.weaker_significance().ln();
    seeds.sort_by(|a, b| clarity(b).total_cmp(&clarity(a)));
    seeds
}

/// The clearest pair of peaks that cross at a fair angle with like wave numbers. `peaks` are the
/// most significant first.
fn crossing_pair(peaks: &[Peak], config: &SearchConfig) -> Option<[Peak; 2]> {
    let clear = peaks.partition_point(|peak| peak.significance >= config.least_significance);
    let mut best: Option<[Peak; 2]> = None;
    for (i, a) in peaks[..clear].iter().enumerate() {
        for b in &peaks[i + 1..clear] {
            let better = best.is_none_or(|[_, held]| b.significance > held.significance);
            if better && cross(a, b, config) {
                best = Some([*a, *b]);
            }
        }
    }
    best
}

fn cross(a: &Peak, b: &Peak, config: &SearchConfig) -> bool {
    let ([ax, ay], [bx, by]) = (a.wave_vector, b.wave_vector);
    let (a_length, b_length) = (ax.hypot(ay), bx.hypot(by));
    let cosine = (ax * bx + ay * by) / (a_length * b_length);
    let angle = cosine.abs().min(1.0).acos().to_degrees();
    angle >= config.least_crossing_deg
        && WAVE_NUMBERS.contains(&(a_length / b_length))
        && AMPLITUDES.contains(&(a.amplitude / b.amplitude))
        && a.amplitude.max(b.amplitude) >= config.least_amplitude
}

/// Whether a seed shows the wave vectors of the lattice's nearest window.
pub(crate) fn continues(lattice: &[LatticeWindow], seed: &LatticeWindow) -> bool {
    let distance = |w: &LatticeWindow| {
        let off = subtract(w.centre, seed.centre);
        off[0].powi(2) + off[1].powi(2)
    };
    let nearest = (lattice.iter()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.is_some_and(|near| {
        let ([a, b], [c, d]) = (near.wave_vectors, seed.wave_vectors);
        (same_wave(a, c) && same_wave(b, d)) || (same_wave(a, d) && same_wave(b, c))
    })
}

/// Whether two wave vectors are nearly the same or opposite.
fn same_wave(a: Vector, b: Vector) -> bool {
    let limit = SAME * norm(a);
    norm(subtract(a, b)) < limit || norm(add(a, b)) < limit
}
