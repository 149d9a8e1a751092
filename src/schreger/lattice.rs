//! Two families of waves that cross, followed from window to window.

use crate::schreger::light::Level;
use crate::schreger::spectrum::{Peak, SIDE, Spectrometer};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What a window must show to start a lattice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeedRule {
    /// Least significance of both peaks.
    pub(crate) significance: f32,
    /// Least amplitude of the stronger peak, as contrast.
    pub(crate) amplitude: f32,
    /// Least angle between the two wave vectors, degrees, folded to 0..90.
    pub(crate) crossing: f32,
}

/// One window in which both families were found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// Centre of the window, pixels of the picture.
    pub(crate) at: [f64; 2],
    /// Wave vectors of the two families, cycles per pixel of the picture. Signs and order run on from window to window.
    pub(crate) k: [[f64; 2]; 2],
    /// Significance of the two peaks.
    pub(crate) significance: [f32; 2],
    /// Amplitudes of the two waves, as contrast.
    pub(crate) amplitude: [f32; 2],
    /// Column and row on the survey's grid.
    pub(crate) cell: (usize, usize),
}

/// Windows of one level on a regular grid, with the peaks of those already looked at.
pub(crate) struct Survey<'a> {
    level: &'a Level,
    columns: usize,
    rows: usize,
    stride: (f64, f64),
    peaks: Vec<Option<Vec<Peak>>>,
}

impl<'a> Survey<'a> {
    /// A grid with about `stride` pixels of the level between windows, at most `most` windows.
    pub(crate) fn new(level: &'a Level, stride: usize, most: usize) -> Self {
        let (width, height) = (level.light.width - SIDE, level.light.height - SIDE);
        let wanted = (width as f64 / stride as f64 + 1.0) * (height as f64 / stride as f64 + 1.0);
        let stretch = (wanted / most as f64).sqrt().max(1.0) * stride as f64;
        let columns = (width as f64 / stretch).round() as usize + 1;
        let rows = (height as f64 / stretch).round() as usize + 1;
        let step = |length: usize, n: usize| {
            if n > 1 {
                length as f64 / (n - 1) as f64
            } else {
                0.0
            }
        };
        Self {
            level,
            columns,
            rows,
            stride: (step(width, columns), step(height, rows)),
            peaks: vec![None; columns * rows],
        }
    }

    /// Mean distance between neighbouring windows, pixels of the picture.
    pub(crate) fn pitch(&self) -> f64 {
        let (a, b) = self.stride;
        let pitch = match (self.columns > 1, self.rows > 1) {
            (true, true) => (a * b).sqrt(),
            (true, false) => a,
            (false, true) => b,
            (false, false) => SIDE as f64,
        };
        pitch * self.level.scale
    }

    fn corner(&self, (column, row): (usize, usize)) -> (usize, usize) {
        (
            (column as f64 * self.stride.0).round() as usize,
            (row as f64 * self.stride.1).round() as usize,
        )
    }

    fn centre(&self, cell: (usize, usize)) -> [f64; 2] {
        let (x, y) = self.corner(cell);
        let middle = SIDE as f64 / 2.0;
        [
            (x as f64 + middle) * self.level.scale,
            (y as f64 + middle) * self.level.scale,
        ]
    }

    /// Looks at the given windows, two at a time.
    fn look(&mut self, cells: &[(usize, usize)], spectrometer: &mut Spectrometer) {
        let new: Vec<_> = cells
            .iter()
            .copied()
            .filter(|c| self.peaks[c.1 * self.columns + c.0].is_none())
            .collect();
        for pair in new.chunks(2) {
            let both = [pair[0], *pair.last().unwrap_or(&pair[0])];
            let found = spectrometer.peaks(&self.level.contrast, both.map(|c| self.corner(c)));
            for (cell, peaks) in both.into_iter().zip(found) {
                self.peaks[cell.1 * self.columns + cell.0] = Some(peaks);
            }
        }
    }

    /// Looks at every window.
    pub(crate) fn look_everywhere(&mut self, spectrometer: &mut Spectrometer) {
        let all: Vec<_> = (0..self.rows)
            .flat_map(|row| (0..self.columns).map(move |column| (column, row)))
            .collect();
        self.look(&all, spectrometer);
    }

    /// Windows that show a crossing pair by themselves, best first.
    pub(crate) fn seeds(&self, rule: &SeedRule) -> Vec<Node> {
        let mut seeds: Vec<Node> = self
            .peaks
            .iter()
            .enumerate()
            .filter_map(|(i, peaks)| {
                let (a, b) = crossing_pair(peaks.as_ref()?, rule)?;
                Some(self.node((i % self.columns, i / self.columns), [a, b]))
            })
            .collect();
        seeds.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        seeds
    }

    fn node(&self, cell: (usize, usize), pair: [Peak; 2]) -> Node {
        let unit = 1.0 / (SIDE as f64 * self.level.scale);
        Node {
            at: self.centre(cell),
            k: pair.map(|p| p.k.map(|v| f64::from(v) * unit)),
            significance: pair.map(|p| p.significance),
            amplitude: pair.map(|p| p.amplitude),
            cell,
        }
    }

    /// The cell whose window's centre is nearest to a point of the picture.
    pub(crate) fn nearest(&self, at: [f64; 2]) -> (usize, usize) {
        let pick = |x: f64, stride: f64, n: usize| {
            if n < 2 {
                return 0;
            }
            (((x / self.level.scale - SIDE as f64 / 2.0) / stride)
                .round()
                .max(0.0) as usize)
                .min(n - 1)
        };
        (
            pick(at[0], self.stride.0, self.columns),
            pick(at[1], self.stride.1, self.rows),
        )
    }

    /// Follows the two families from a seed over neighbouring windows, the clearest first.
    pub(crate) fn grow(
        &mut self,
        seed: Node,
        least: f32,
        spectrometer: &mut Spectrometer,
    ) -> Vec<Node> {
        let mut taken = vec![false; self.columns * self.rows];
        let mut nodes: Vec<Node> = Vec::new();
        let mut queue = BinaryHeap::new();
        let start = self.nearest(seed.at);
        self.look(&[start], spectrometer);
        if let Some(first) = self.match_pair(start, seed.k, least) {
            taken[start.1 * self.columns + start.0] = true;
            queue.push(Ranked(worth(&first), first));
        }
        while let Some(Ranked(_, node)) = queue.pop() {
            nodes.push(node);
            let around = self.neighbours(node.cell);
            self.look(&around, spectrometer);
            for cell in around {
                let slot = cell.1 * self.columns + cell.0;
                if taken[slot] {
                    continue;
                }
                if let Some(next) = self.match_pair(cell, node.k, least) {
                    taken[slot] = true;
                    queue.push(Ranked(worth(&next), next));
                }
            }
        }
        nodes
    }

    /// Every window whose peaks agree with what `predict` says for its centre.
    pub(crate) fn gather(
        &mut self,
        predict: impl Fn([f64; 2]) -> [[f64; 2]; 2],
        least: f32,
        spectrometer: &mut Spectrometer,
    ) -> Vec<Node> {
        self.look_everywhere(spectrometer);
        (0..self.rows)
            .flat_map(|row| (0..self.columns).map(move |column| (column, row)))
            .filter_map(|cell| self.match_pair(cell, predict(self.centre(cell)), least))
            .collect()
    }

    fn neighbours(&self, (column, row): (usize, usize)) -> Vec<(usize, usize)> {
        let columns = column.saturating_sub(1)..=(column + 1).min(self.columns - 1);
        columns
            .flat_map(|c| {
                (row.saturating_sub(1)..=(row + 1).min(self.rows - 1)).map(move |r| (c, r))
            })
            .filter(|cell| *cell != (column, row))
            .collect()
    }

    /// The peaks of a window nearest to the predicted wave vectors, with their signs.
    fn match_pair(&self, cell: (usize, usize), k: [[f64; 2]; 2], least: f32) -> Option<Node> {
        let peaks = self.peaks[cell.1 * self.columns + cell.0].as_ref()?;
        let unit = SIDE as f64 * self.level.scale;
        let find = |wanted: [f64; 2]| -> Option<Peak> {
            let wanted = wanted.map(|v| (v * unit) as f32);
            let reach = (0.18 * wanted[0].hypot(wanted[1])).clamp(1.1, 2.0);
            peaks
                .iter()
                .filter(|p| p.significance >= least)
                .filter_map(|p| {
                    let sign = if p.k[0] * wanted[0] + p.k[1] * wanted[1] < 0.0 {
                        -1.0
                    } else {
                        1.0
                    };
                    let k = p.k.map(|v| v * sign);
                    let off = (k[0] - wanted[0]).hypot(k[1] - wanted[1]);
                    (off < reach).then_some((
                        Peak { k, ..*p },
                        p.significance.ln() - (off / reach).powi(2),
                    ))
                })
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .map(|found| found.0)
        };
        let (a, b) = (find(k[0])?, find(k[1])?);
        let same = (a.k[0] - b.k[0]).hypot(a.k[1] - b.k[1]) < 1.5
            || (a.k[0] + b.k[0]).hypot(a.k[1] + b.k[1]) < 1.5;
        let ratio = a.amplitude / b.amplitude;
        (!same && (0.15..6.7).contains(&ratio)).then(|| self.node(cell, [a, b]))
    }
}

/// Whether a seed shows the wave vectors of the lattice's nearest window.
pub(crate) fn continues(nodes: &[Node], seed: &Node) -> bool {
    let distance = |n: &Node| (n.at[0] - seed.at[0]).powi(2) + (n.at[1] - seed.at[1]).powi(2);
    let Some(near) = nodes
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
    else {
        return false;
    };
    let like = |a: [f64; 2], b: [f64; 2]| {
        let limit = 0.15 * a[0].hypot(a[1]);
        (a[0] - b[0]).hypot(a[1] - b[1]) < limit || (a[0] + b[0]).hypot(a[1] + b[1]) < limit
    };
    let ([a, b], [c, d]) = (near.k, seed.k);
    (like(a, c) && like(b, d)) || (like(a, d) && like(b, c))
}

/// Drops windows that stand apart from the rest: groups of touching windows smaller than a tenth of the largest, or
/// than four.
pub(crate) fn connected(nodes: Vec<Node>) -> Vec<Node> {
    let mut group = vec![usize::MAX; nodes.len()];
    let mut sizes = Vec::new();
    for start in 0..nodes.len() {
        if group[start] != usize::MAX {
            continue;
        }
        let name = sizes.len();
        let mut size = 0;
        let mut open = vec![start];
        group[start] = name;
        while let Some(i) = open.pop() {
            size += 1;
            for j in 0..nodes.len() {
                let near = nodes[i].cell.0.abs_diff(nodes[j].cell.0) <= 1
                    && nodes[i].cell.1.abs_diff(nodes[j].cell.1) <= 1;
                if near && group[j] == usize::MAX {
                    group[j] = name;
                    open.push(j);
                }
            }
        }
        sizes.push(size);
    }
    let least = (sizes.iter().copied().max().unwrap_or(0) / 10).max(4);
    nodes
        .into_iter()
        .zip(group)
        .filter(|(_, g)| sizes[*g] >= least)
        .map(|(node, _)| node)
        .collect()
}

/// How clear a window's pair is: log significance of its weaker peak.
fn worth(node: &Node) -> f32 {
    node.significance[0].min(node.significance[1]).ln()
}

/// The clearest pair of peaks that cross at a fair angle with like wave numbers.
fn crossing_pair(peaks: &[Peak], rule: &SeedRule) -> Option<(Peak, Peak)> {
    let mut best: Option<(f32, Peak, Peak)> = None;
    for (i, a) in peaks.iter().enumerate() {
        if a.significance < rule.significance {
            break;
        }
        for b in &peaks[i + 1..] {
            if b.significance < rule.significance {
                break;
            }
            let (la, lb) = (a.k[0].hypot(a.k[1]), b.k[0].hypot(b.k[1]));
            let ratio = la / lb;
            let cos = (a.k[0] * b.k[0] + a.k[1] * b.k[1]) / (la * lb);
            let angle = cos.abs().min(1.0).acos().to_degrees();
            let power = a.amplitude / b.amplitude;
            if angle < rule.crossing
                || !(0.62..1.62).contains(&ratio)
                || !(0.2..5.0).contains(&power)
                || a.amplitude.max(b.amplitude) < rule.amplitude
            {
                continue;
            }
            if best.is_none_or(|(s, ..)| b.significance > s) {
                best = Some((b.significance, *a, *b));
            }
        }
    }
    best.map(|(_, a, b)| (a, b))
}

struct Ranked(f32, Node);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .total_cmp(&other.0)
            .then_with(|| other.1.cell.cmp(&self.1.cell))
    }
}
