//! Pictures with a lattice, and the figures of those that share a property.

use std::fmt;

use crate::schreger::{Orientation, Reading, Species, Status};

use super::cases::Case;
use super::share::Share;

/// Least pixels per shortest period of a picture that ought to be readable.
const RESOLVABLE_PERIOD: f64 = 6.0;
/// Least Michelson contrast of such a picture.
const RESOLVABLE_CONTRAST: f64 = 0.04;
/// Most tilt that counts as frontal, degrees.
const FRONTAL: f64 = 5.0;
/// Most tilt of the tilted slice, degrees.
const TILTED: f64 = 35.0;

/// What the pictures of a slice have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// Nothing: every picture.
    All,
    /// At least 6 pixels per shortest period and 4 % contrast.
    Resolvable,
    /// Angle between the optical axis and the section's normal, degrees.
    Tilt,
    /// Pixels per shortest period.
    PixelsPerPeriod,
    /// Michelson contrast.
    Contrast,
    /// JPEG quality.
    Jpeg,
    /// True angle, degrees.
    Angle,
    /// Whether the outer zone is shown.
    Zone,
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Resolvable => "resolvable",
            Self::Tilt => "tilt_deg",
            Self::PixelsPerPeriod => "px_per_period",
            Self::Contrast => "contrast",
            Self::Jpeg => "jpeg",
            Self::Angle => "angle_deg",
            Self::Zone => "zone",
        })
    }
}

impl Factor {
    /// Factors along which pictures are binned, and the ends of the bins.
    const BINNED: [(Self, &'static [f64]); 5] = [
        (Self::Tilt, &[0.0, 5.0, 15.0, 25.0, 35.0, 60.0]),
        (
            Self::PixelsPerPeriod,
            &[0.0, 4.0, 6.0, 8.0, 12.0, 18.0, 40.0],
        ),
        (Self::Contrast, &[0.0, 0.02, 0.04, 0.06, 0.1, 0.2, 1.0]),
        (Self::Jpeg, &[0.0, 1.0, 70.0, 80.0, 90.0, 101.0]),
        (Self::Angle, &[0.0, 60.0, 75.0, 90.0, 110.0, 125.0, 180.0]),
    ];

    /// The value of a factor that is binned.
    fn value(self, case: &Case) -> Option<f64> {
        match self {
            Self::Tilt => case.tilt_deg,
            Self::PixelsPerPeriod => case.px_per_period,
            Self::Contrast => case.contrast,
            Self::Jpeg => case.jpeg,
            Self::Angle => case.angle_deg,
            Self::All | Self::Resolvable | Self::Zone => None,
        }
    }
}

/// One picture with a lattice, reduced to what the figures need.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) case: Case,
    /// Measured less true angle, degrees; `None` where no oriented angle was given.
    error: Option<f64>,
    covered: bool,
    measured: bool,
    pub(super) named: Species,
    pub(super) log10_lr: Option<f64>,
}

impl Row {
    pub(super) fn new(case: &Case, reading: &Reading) -> Self {
        let is_oriented = reading.orientation == Orientation::Radial;
        let angles = reading.angle_deg.zip(case.angle_deg);
        let covered = reading.ci90_deg.zip(case.angle_deg);
        Self {
            error: angles
                .filter(|_| is_oriented)
                .map(|(read, truth)| read - truth),
            covered: covered.is_some_and(|([low, high], truth)| (low..=high).contains(&truth)),
            measured: reading.status == Status::Measured,
            named: reading.species,
            log10_lr: reading.log10_lr_elephant_vs_mammoth,
            case: case.clone(),
        }
    }

    fn is_resolvable(&self) -> bool {
        self.case
            .px_per_period
            .is_some_and(|period| period >= RESOLVABLE_PERIOD)
            && self
                .case
                .contrast
                .is_some_and(|contrast| contrast >= RESOLVABLE_CONTRAST)
    }

    fn is_frontal(&self) -> bool {
        self.case.tilt_deg.is_some_and(|tilt| tilt <= FRONTAL)
            && self.case.oblique_deg.unwrap_or(0.0) == 0.0
    }

    fn is_tilted(&self) -> bool {
        !self.is_frontal() && self.case.tilt_deg.is_some_and(|tilt| tilt <= TILTED)
    }

    pub(super) fn is_decided(&self) -> bool {
        self.named != Species::Undecided
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.is_decided()
            && self
                .case
                .species
                .is_some_and(|species| species != self.named)
    }
}

/// Figures of the pictures that share a property.
#[derive(Debug, Clone)]
pub struct Slice {
    /// What they have in common.
    pub factor: Factor,
    /// Its range or value, in words.
    pub bin: String,
    /// Lower end of the range, where it is one.
    pub from: Option<f64>,
    /// Pictures with a lattice.
    pub pictures: usize,
    /// Pictures in which a lattice was measured.
    pub measured: Share,
    /// Median absolute error of the oriented angles, degrees.
    pub median_error: Option<f64>,
    /// 95th percentile of the absolute error, degrees.
    pub p95_error: Option<f64>,
    /// Median error with its sign, degrees.
    pub bias: Option<f64>,
    /// Intervals that hold the true angle.
    pub coverage: Share,
    /// Species named.
    pub decided: Share,
    /// Wrong among named.
    pub wrong: Share,
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.factor, self.bin)
    }
}

impl Slice {
    fn of(factor: Factor, bin: &str, rows: &[&Row]) -> Self {
        let errors: Vec<f64> = rows.iter().filter_map(|row| row.error).collect();
        let sizes = errors.iter().map(|error| error.abs()).collect();
        let (errors, sizes) = (sorted(errors), sorted(sizes));
        let all = || rows.iter().copied();
        Self {
            factor,
            bin: bin.to_owned(),
            from: None,
            pictures: rows.len(),
            measured: Share::count(all(), |row| row.measured),
            median_error: quantile(&sizes, 0.5),
            p95_error: quantile(&sizes, 0.95),
            bias: quantile(&errors, 0.5),
            coverage: Share::count(all().filter(|row| row.error.is_some()), |row| row.covered),
            decided: Share::count(all(), Row::is_decided),
            wrong: Share::count(all().filter(|row| row.is_decided()), Row::is_wrong),
        }
    }
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The nearest of the sorted values.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    (!sorted.is_empty()).then(|| sorted[((sorted.len() - 1) as f64 * q).round() as usize])
}

/// Slices that are no bins of a factor: the first of all.
pub(super) const HEADLINES: usize = 4;

/// The headlines, then a slice per factor and bin that holds any picture. None of no pictures.
pub(super) fn slice_all(rows: &[Row]) -> Vec<Slice> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut slices = headlines(rows).to_vec();
    slices.extend(
        Factor::BINNED
            .iter()
            .flat_map(|(factor, ends)| bins(rows, *factor, ends)),
    );
    for (name, is_shown) in [("outer shown", true), ("outer not shown", false)] {
        let inside = pick(rows, |row| row.case.outer_zone == Some(is_shown));
        if !inside.is_empty() {
            slices.push(Slice::of(Factor::Zone, name, &inside));
        }
    }
    slices
}

fn headlines(rows: &[Row]) -> [Slice; HEADLINES] {
    let resolvable = |name, keep: fn(&Row) -> bool| {
        let inside = pick(rows, |row| row.is_resolvable() && keep(row));
        Slice::of(Factor::Resolvable, name, &inside)
    };
    [
        Slice::of(Factor::All, "pictures", &pick(rows, |_| true)),
        resolvable("frontal", Row::is_frontal),
        resolvable("tilted to 35", Row::is_tilted),
        resolvable("outer zone shown", |row| row.case.outer_zone == Some(true)),
    ]
}

fn pick(rows: &[Row], keep: impl Fn(&Row) -> bool) -> Vec<&Row> {
    rows.iter().filter(|row| keep(row)).collect()
}

fn bins(rows: &[Row], factor: Factor, ends: &[f64]) -> Vec<Slice> {
    let bins = ends.windows(2).filter_map(|ends| {
        let range = ends[0]..ends[1];
        let is_inside = |row: &Row| factor.value(&row.case).is_some_and(|v| range.contains(&v));
        let inside = pick(rows, is_inside);
        let bin = format!("{}..{}", range.start, range.end);
        (!inside.is_empty()).then(|| Slice {
            from: Some(range.start),
            ..Slice::of(factor, &bin, &inside)
        })
    });
    bins.collect()
}
