//! The lattices of a picture: what starts on any level of the pyramid, followed from window to
//! window.

use crate::schreger::config::{Config, SearchConfig};
use crate::schreger::grid::WindowGrid;
use crate::schreger::growth::grow;
use crate::schreger::pyramid::Level;
use crate::schreger::seed::{continues, seeds};
use crate::schreger::spectrum::Spectrometer;
use crate::schreger::vector::{Vector, norm, subtract};
use crate::schreger::window::{LatticeWindow, SIDE};

/// Fewest windows of a lattice.
const FEWEST: usize = 4;
/// Lattices that share more of their windows cover the same place.
const MOST_SHARED: f64 = 0.7;
/// Significance beyond which a window is no clearer.
const CLEAREST: f32 = 400.0;

/// A lattice followed over one level.
pub(crate) struct Candidate<'a> {
    /// The level of the pyramid.
    pub(crate) level: &'a Level,
    /// Windows that carry the lattice.
    pub(crate) windows: Vec<LatticeWindow>,
    /// Independent windows among them.
    pub(crate) independent: f64,
}

impl<'a> Candidate<'a> {
    /// `pitch` is the distance between neighbouring windows, pixels of the picture.
    fn new(level: &'a Level, windows: Vec<LatticeWindow>, pitch: f64) -> Self {
        let side = SIDE as f64 * level.scale;
        // A Hann window covers about half its square.
        let independent = windows.len() as f64 * (pitch * pitch / (0.5 * side * side)).min(1.0);
        Self {
            level,
            windows,
            independent,
        }
    }

    /// Whether most of its windows lie on those of another lattice.
    fn lies_on(&self, other: &Self) -> bool {
        let reach = 0.5 * SIDE as f64 * other.level.scale;
        let on = (self.windows.iter()).filter(|w| holds(&other.windows, w.centre, reach));
        on.count() as f64 >= MOST_SHARED * self.windows.len() as f64
    }

    /// How much of the picture the lattice covers, weighed by how clear it is. Strength puts a
    /// sharp pattern's ground waves before its overtones.
    fn coverage(&self) -> f64 {
        let clarity = |w: &LatticeWindow| f64::from(w.weaker_significance().min(CLEAREST)).ln();
        let clarity = self.windows.iter().map(clarity).sum::<f64>() / self.windows.len() as f64;
        let mut strengths: Vec<f32> = self.windows.iter().map(LatticeWindow::contrast).collect();
        strengths.sort_by(f32::total_cmp);
        let strength = f64::from(strengths[strengths.len() / 2]);
        self.independent * self.level.scale * self.level.scale * clarity * strength
    }
}

/// What a search of all levels found.
pub(crate) struct Found<'a> {
    /// The lattices; those that cover most come first.
    pub(crate) candidates: Vec<Candidate<'a>>,
    /// Windows in which a lattice could begin, each with the scale of its level.
    pub(crate) seeds: Vec<(LatticeWindow, f64)>,
}

/// Searches all levels and follows what starts there.
pub(crate) fn search<'a>(
    levels: &'a [Level],
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> Found<'a> {
    let mut all_seeds = Vec::new();
    let mut candidates: Vec<(f64, Candidate<'a>)> = Vec::new();
    for level in levels {
        let (seeds, found) = level_candidates(level, config, spectrometer);
        all_seeds.extend(seeds.into_iter().map(|seed| (seed, level.scale)));
        candidates.extend(found.into_iter().map(|found| (found.coverage(), found)));
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
    let candidates = candidates.into_iter().map(|(_, found)| found);
    Found {
        candidates: apart(candidates, &config.search),
        seeds: all_seeds,
    }
}

/// The first candidates, of those that cover the same place no more than a few: a cloth behind the
/// piece may be followed along many pairs of its lines.
fn apart<'a>(
    candidates: impl Iterator<Item = Candidate<'a>>,
    search: &SearchConfig,
) -> Vec<Candidate<'a>> {
    let mut chosen: Vec<Candidate<'a>> = Vec::new();
    for candidate in candidates {
        if chosen.len() == search.most_candidates {
            break;
        }
        let same = |held: &&Candidate<'a>| candidate.lies_on(held);
        if chosen.iter().filter(same).count() < search.most_at_a_place {
            chosen.push(candidate);
        }
    }
    chosen
}

/// Whether one of the windows lies within `reach` pixels of a point of the picture.
fn holds(windows: &[LatticeWindow], point: Vector, reach: f64) -> bool {
    (windows.iter()).any(|window| norm(subtract(window.centre, point)) <= reach)
}

/// Searches a few windows of a level, and follows what starts there: the windows in which a
/// lattice could begin, and the lattices.
fn level_candidates<'a>(
    level: &'a Level,
    config: &Config,
    spectrometer: &mut Spectrometer,
) -> (Vec<LatticeWindow>, Vec<Candidate<'a>>) {
    let search = &config.search;
    let mut coarse = WindowGrid::new(level, SIDE * 3 / 4, search.most_windows, spectrometer);
    coarse.analyse_all();
    let seeds = seeds(&coarse, search);
    if seeds.is_empty() {
        return (seeds, Vec::new());
    }
    let growth = &config.growth;
    let mut grid = WindowGrid::new(level, growth.stride, growth.most_windows, spectrometer);
    let mut found: Vec<Vec<LatticeWindow>> = Vec::new();
    let mut followed = 0;
    let reach = 0.5 * grid.pitch();
    for seed in &seeds {
        // One start for each lattice, and few for a place: a cloth behind the piece may seed
        // everywhere, each time along another pair of its lines.
        let here = |windows: &&Vec<LatticeWindow>| holds(windows, seed.centre, reach);
        if found.iter().any(|windows| continues(windows, seed))
            || found.iter().filter(here).count() >= search.most_at_a_place
        {
            continue;
        }
        if followed == search.most_seeds {
            break;
        }
        followed += 1;
        let windows = grow(&mut grid, seed, growth.least_significance);
        if windows.len() >= FEWEST {
            found.push(windows);
        }
    }
    let pitch = grid.pitch();
    let candidates = (found.into_iter())
        .map(|windows| Candidate::new(level, windows, pitch))
        .collect();
    (seeds, candidates)
}
