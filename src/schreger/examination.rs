//! All that was found in a picture: the reading that is reported, every surface that was followed
//! and judged, and where a lattice could begin.

use crate::schreger::config::Config;
use crate::schreger::evidence::Evidence;
use crate::schreger::judge;
use crate::schreger::pyramid;
use crate::schreger::reading::Reading;
use crate::schreger::reason::Reason;
use crate::schreger::search::{self, Candidate};
use crate::schreger::spectrum::Spectrometer;
use crate::schreger::status::{Orientation, Status};
use crate::schreger::window::{LatticeWindow, SIDE};
use image::RgbImage;

/// Two families that cross in one window, as they were seen there.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CrossingPair {
    /// Centre of the window, pixels of the picture.
    pub centre: [f64; 2],
    /// Side of the window, pixels of the picture.
    pub side: f64,
    /// Wave vectors of the two families, cycles per pixel.
    pub wave_vectors: [[f64; 2]; 2],
}

impl CrossingPair {
    fn new(window: &LatticeWindow, scale: f64) -> Self {
        Self {
            centre: window.centre,
            side: SIDE as f64 * scale,
            wave_vectors: window.wave_vectors,
        }
    }

    /// Angle at which the lines cross, degrees 0..90.
    #[must_use]
    pub fn crossing_deg(&self) -> f64 {
        let [a, b] = self.wave_vectors;
        let lengths = a[0].hypot(a[1]) * b[0].hypot(b[1]);
        let cosine = (a[0] * b[0] + a[1] * b[1]).abs() / lengths.max(1e-12);
        cosine.min(1.0).acos().to_degrees()
    }
}

/// One surface over which crossing lines were followed, and what came of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Surface {
    /// What may be said of it.
    pub reading: Reading,
    /// What that rests on; `None` where too few windows were left to fit a lattice.
    pub evidence: Option<Evidence>,
    /// The windows over which the lines were followed.
    pub followed: Vec<CrossingPair>,
}

impl Surface {
    /// The rectangle that holds the windows: x, y, width and height, pixels of the picture.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let ends = |axis: usize| {
            let low = (self.followed.iter()).map(|w| w.centre[axis] - 0.5 * w.side);
            let high = (self.followed.iter()).map(|w| w.centre[axis] + 0.5 * w.side);
            let low = low.fold(f64::INFINITY, f64::min);
            (low, high.fold(low, f64::max))
        };
        let ((left, right), (top, bottom)) = (ends(0), ends(1));
        [left, top, right - left, bottom - top]
    }
}

/// All that was found in a picture.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Examination {
    /// The reading that is reported for the whole picture.
    pub reading: Reading,
    /// What it rests on.
    pub evidence: Option<Evidence>,
    /// Every surface that was judged, the most ivory-like first.
    pub surfaces: Vec<Surface>,
    /// Windows in which a lattice could begin.
    pub seeds: Vec<CrossingPair>,
}

/// Reads a photograph and keeps everything that was found on the way.
///
/// The reading is that of [`crate::schreger::read`].
#[must_use]
pub fn examine(pixels: &RgbImage, config: &Config) -> Examination {
    search_and_judge(pixels, config, true)
}

/// Searches the picture and judges what was followed; all of it, or up to the first surface that
/// is measured with its orientation and clear.
pub(crate) fn search_and_judge(pixels: &RgbImage, config: &Config, all: bool) -> Examination {
    let (width, height) = pixels.dimensions();
    if width.min(height) < config.search.least_side.max(SIDE as u32) {
        let reading = Reading::without(Status::NotResolvable, vec![Reason::PictureTooSmall]);
        return Examination::nothing(reading);
    }
    let levels = pyramid::pyramid(pixels, SIDE);
    let mut spectrometer = Spectrometer::new();
    let found = search::search(&levels, config, &mut spectrometer);
    let mut ranked: Vec<(u8, Surface)> = Vec::new();
    for candidate in &found.candidates {
        let (reading, evidence) = judge::judge(candidate, config, &mut spectrometer);
        let rank = rank(&reading);
        let followed = pairs(candidate);
        ranked.push((
            rank,
            Surface {
                reading,
                evidence,
                followed,
            },
        ));
        if rank == BEST && !all {
            break;
        }
    }
    // The order of the search breaks ties: what covers most comes first.
    ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let surfaces: Vec<Surface> = ranked.into_iter().map(|(_, surface)| surface).collect();
    let best = surfaces.first().cloned();
    let nothing = Reading::without(Status::NoLattice, vec![Reason::NoCrossingPeaks]);
    Examination {
        evidence: best.as_ref().and_then(|surface| surface.evidence.clone()),
        reading: best.map_or(nothing, |surface| surface.reading),
        surfaces,
        seeds: (found.seeds.iter())
            .map(|(seed, scale)| CrossingPair::new(seed, *scale))
            .collect(),
    }
}

impl Examination {
    fn nothing(reading: Reading) -> Self {
        Self {
            reading,
            evidence: None,
            surfaces: Vec::new(),
            seeds: Vec::new(),
        }
    }
}

fn pairs(candidate: &Candidate<'_>) -> Vec<CrossingPair> {
    (candidate.windows.iter())
        .map(|window| CrossingPair::new(window, candidate.level.scale))
        .collect()
}

/// The rank of a lattice measured with its orientation and clear enough to name a species.
const BEST: u8 = 5;

/// How much a reading says: a measured lattice, the clear one first, before one that cannot be
/// resolved, and that before a refusal.
fn rank(reading: &Reading) -> u8 {
    let unclear = [Reason::TooFewPeriods, Reason::DisorderedLattice];
    let clear = !reading
        .reasons
        .iter()
        .any(|reason| unclear.contains(reason));
    match (reading.status, reading.orientation) {
        (Status::Measured, Orientation::Radial) if clear => BEST,
        (Status::Measured, Orientation::Radial) => 4,
        (Status::Measured, Orientation::Unknown) => 3,
        (Status::NotResolvable, _) => 2,
        _ => 1,
    }
}
