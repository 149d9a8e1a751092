//! Two families of waves that cross, followed from window to window.

use crate::schreger::grid::WindowGrid;
use crate::schreger::spectrum::Peak;
use crate::schreger::vector::Vector;
use crate::schreger::window::{Cell, LatticeWindow};
use ndarray::Array2;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::{Range, RangeInclusive};

/// A peak matches within this share of the expected wave number, in the range given in cycles per
/// window.
const REACH_SHARE: f32 = 0.18;
const REACH: RangeInclusive<f32> = 1.1..=2.0;
/// Peaks nearer than this are one and the same family, cycles per window.
const SAME_PEAK: f32 = 1.5;
/// Ratio of the two families' amplitudes.
const AMPLITUDES: Range<f32> = 0.15..6.7;

/// Follows the two families from a seed over neighbouring windows, the clearest first.
///
/// `least` is the least significance of both peaks.
pub(crate) fn grow(
    grid: &mut WindowGrid<'_>,
    seed: &LatticeWindow,
    least: f32,
) -> Vec<LatticeWindow> {
    let mut lattice = Vec::new();
    let mut queue = BinaryHeap::new();
    let mut taken = Array2::from_elem(grid.shape(), false);
    let mut cells = vec![grid.nearest(seed.centre)];
    let mut expected = seed.wave_vectors;
    loop {
        grid.analyse(&cells);
        for (column, row) in cells {
            if !taken[[row, column]]
                && let Some(next) = matching_window(grid, (column, row), expected, least)
            {
                taken[[row, column]] = true;
                queue.push(Ranked(next));
            }
        }
        let Some(Ranked(window)) = queue.pop() else {
            return lattice;
        };
        lattice.push(window);
        cells = grid.neighbours(window.cell);
        expected = window.wave_vectors;
    }
}

/// Every window whose peaks agree with what `predict` says for its centre (pixels): cycles per
/// pixel of each family.
pub(crate) fn gather(
    grid: &mut WindowGrid<'_>,
    predict: impl Fn(Vector) -> [Vector; 2],
    least: f32,
) -> Vec<LatticeWindow> {
    grid.analyse_all();
    (grid.cells().into_iter())
        .filter_map(|cell| matching_window(grid, cell, predict(grid.centre(cell)), least))
        .collect()
}

/// The window of the peaks nearest to the expected wave vectors, with their signs.
fn matching_window(
    grid: &WindowGrid<'_>,
    cell: Cell,
    expected: [Vector; 2],
    least: f32,
) -> Option<LatticeWindow> {
    let peaks = grid.peaks(cell)?;
    let unit = grid.cycles_per_window();
    let find = |k: Vector| matching_peak(peaks, k.map(|v| (v * unit) as f32), least);
    let (a, b) = (find(expected[0])?, find(expected[1])?);
    let ([ax, ay], [bx, by]) = (a.wave_vector, b.wave_vector);
    let same = (ax - bx).hypot(ay - by) < SAME_PEAK || (ax + bx).hypot(ay + by) < SAME_PEAK;
    (!same && AMPLITUDES.contains(&(a.amplitude / b.amplitude))).then(|| grid.window(cell, [a, b]))
}

/// The peak that is clear and near to the expected wave vector (cycles per window), with its sign.
fn matching_peak(peaks: &[Peak], expected: [f32; 2], least: f32) -> Option<Peak> {
    let length = expected[0].hypot(expected[1]);
    let reach = (REACH_SHARE * length).clamp(*REACH.start(), *REACH.end());
    (peaks.iter().filter(|peak| peak.significance >= least))
        .filter_map(|peak| {
            let [x, y] = peak.wave_vector;
            let opposite = x * expected[0] + y * expected[1] < 0.0;
            let [x, y] = if opposite { [-x, -y] } else { [x, y] };
            let off = (x - expected[0]).hypot(y - expected[1]);
            let matched = Peak {
                wave_vector: [x, y],
                ..*peak
            };
            (off < reach).then_some((matched, peak.significance.ln() - (off / reach).powi(2)))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(peak, _)| peak)
}

/// Windows in the order in which they are followed: the clearest first, then the earliest cell.
struct Ranked(LatticeWindow);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let clarity = |ranked: &Self| ranked.0.weaker_significance().ln();
        (clarity(self).total_cmp(&clarity(other))).then_with(|| other.0.cell.cmp(&self.0.cell))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}
