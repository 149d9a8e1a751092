//! The figures: errors, coverage of the interval, selective risk, false lattices.

use super::{Case, Outcome};
use crate::evaluate::table::LeftOut;
use crate::schreger::{Orientation, Reading, Species, Status};

/// Least pixels per shortest period and least contrast of a picture that ought to be readable.
const RESOLVABLE: (f64, f64) = (6.0, 0.04);
/// Most tilt that counts as frontal, degrees.
const FRONTAL: f64 = 5.0;

/// A share with its 95 % interval (Wilson 1927).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// How many times it happened.
    pub hits: usize,
    /// Out of how many.
    pub of: usize,
}

impl Figure {
    fn count<'a>(rows: impl Iterator<Item = &'a Row>, hit: impl Fn(&Row) -> bool) -> Self {
        let mut figure = Self { hits: 0, of: 0 };
        for row in rows {
            figure.of += 1;
            figure.hits += usize::from(hit(row));
        }
        figure
    }

    /// The share, 0 to 1; `None` of nothing.
    pub fn share(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// 95 % interval of the share, 0 to 1.
    pub fn interval(&self) -> (f64, f64) {
        const Z: f64 = 1.96;
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let n = self.of as f64;
        let p = self.hits as f64 / n;
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

/// One picture with a lattice, reduced to what the figures need.
#[derive(Debug, Clone)]
struct Row {
    case: Case,
    /// Measured less true angle, degrees; `None` where no oriented angle was given.
    error: Option<f64>,
    covered: bool,
    measured: bool,
    named: Species,
    ratio: Option<f64>,
}

impl Row {
    fn new(case: &Case, reading: &Reading) -> Self {
        let oriented = reading.orientation == Orientation::Radial;
        let error = match (reading.angle_deg, case.angle_deg) {
            (Some(read), Some(truth)) if oriented => Some(read - truth),
            _ => None,
        };
        let covered = match (reading.ci90_deg, case.angle_deg) {
            (Some([low, high]), Some(truth)) => (low..=high).contains(&truth),
            _ => false,
        };
        Self {
            case: case.clone(),
            error,
            covered,
            measured: reading.status == Status::Measured,
            named: reading.species,
            ratio: reading.log10_lr_elephant_vs_mammoth,
        }
    }

    fn resolvable(&self) -> bool {
        self.case.px_per_period.is_some_and(|p| p >= RESOLVABLE.0)
            && self.case.contrast.is_some_and(|c| c >= RESOLVABLE.1)
    }

    fn frontal(&self) -> bool {
        self.case.tilt_deg.is_some_and(|t| t <= FRONTAL)
            && self.case.oblique_deg.unwrap_or(0.0) == 0.0
    }

    fn decided(&self) -> bool {
        self.named != Species::Undecided
    }

    fn wrong(&self) -> bool {
        self.decided() && self.case.species.is_some_and(|s| s != self.named)
    }
}

/// Figures of the pictures that share a property.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The property: a factor of the manifest.
    pub factor: String,
    /// Its range or value.
    pub bin: String,
    /// Pictures with a lattice.
    pub pictures: usize,
    /// Pictures in which a lattice was measured.
    pub measured: Figure,
    /// Median absolute error of the oriented angles, degrees.
    pub median_error: Option<f64>,
    /// 95th percentile of the absolute error, degrees.
    pub p95_error: Option<f64>,
    /// Median error with its sign, degrees.
    pub bias: Option<f64>,
    /// Intervals that hold the true angle.
    pub coverage: Figure,
    /// Species named.
    pub decided: Figure,
    /// Wrong among named.
    pub wrong: Figure,
}

/// False lattices among pictures without one.
#[derive(Debug, Clone)]
pub struct FalseLattice {
    /// What the pictures show; `all` together.
    pub kind: String,
    /// Pictures in which a lattice was measured.
    pub measured: Figure,
    /// Pictures called not resolvable.
    pub not_resolvable: Figure,
}

/// All figures of one evaluation.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Pictures that could not be decoded.
    pub unreadable: usize,
    /// Rows that are none and pictures that could not be decoded, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Headline slices first, then one per factor and bin.
    pub slices: Vec<Slice>,
    /// Elephants called mammoth, among all pictures of elephants.
    pub elephant_called_mammoth: Figure,
    /// Coverage against risk: least |log10 LR|, share decided, share wrong among decided, number decided.
    pub risk: Vec<(f64, f64, f64, usize)>,
    /// By kind, `all` first.
    pub false_lattices: Vec<FalseLattice>,
}

fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    (!sorted.is_empty()).then(|| sorted[((sorted.len() - 1) as f64 * q).round() as usize])
}

fn slice(factor: &str, bin: &str, rows: &[&Row]) -> Slice {
    let mut errors: Vec<f64> = rows.iter().filter_map(|r| r.error).collect();
    errors.sort_by(f64::total_cmp);
    let bias = quantile(&errors, 0.5);
    let mut sizes: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let all = || rows.iter().copied();
    Slice {
        factor: factor.to_owned(),
        bin: bin.to_owned(),
        pictures: rows.len(),
        measured: Figure::count(all(), |r| r.measured),
        median_error: quantile(&sizes, 0.5),
        p95_error: quantile(&sizes, 0.95),
        bias,
        coverage: Figure::count(all().filter(|r| r.error.is_some()), |r| r.covered),
        decided: Figure::count(all(), Row::decided),
        wrong: Figure::count(all().filter(|r| r.decided()), Row::wrong),
    }
}

fn binned(
    slices: &mut Vec<Slice>,
    rows: &[Row],
    factor: &str,
    edges: &[f64],
    value: impl Fn(&Row) -> Option<f64>,
) {
    for pair in edges.windows(2) {
        let inside: Vec<&Row> = rows
            .iter()
            .filter(|r| value(r).is_some_and(|v| v >= pair[0] && v < pair[1]))
            .collect();
        if !inside.is_empty() {
            slices.push(slice(factor, &format!("{}..{}", pair[0], pair[1]), &inside));
        }
    }
}

impl Summary {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let rows: Vec<Row> = outcomes
            .iter()
            .filter(|o| o.case.lattice)
            .filter_map(|o| o.reading.as_ref().ok().map(|r| Row::new(&o.case, r)))
            .collect();
        let pick =
            |keep: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| keep(r)).collect::<Vec<_>>();
        let mut slices = Vec::new();
        if !rows.is_empty() {
            slices = vec![
                slice("all", "pictures", &pick(&|_| true)),
                slice(
                    "resolvable",
                    "frontal",
                    &pick(&|r| r.resolvable() && r.frontal()),
                ),
                slice(
                    "resolvable",
                    "tilted to 35",
                    &pick(&|r| {
                        r.resolvable() && !r.frontal() && r.case.tilt_deg.is_some_and(|t| t <= 35.0)
                    }),
                ),
                slice(
                    "resolvable",
                    "outer zone shown",
                    &pick(&|r| r.resolvable() && r.case.outer_zone == Some(true)),
                ),
            ];
        }
        binned(
            &mut slices,
            &rows,
            "tilt_deg",
            &[0.0, 5.0, 15.0, 25.0, 35.0, 60.0],
            |r| r.case.tilt_deg,
        );
        binned(
            &mut slices,
            &rows,
            "px_per_period",
            &[0.0, 4.0, 6.0, 8.0, 12.0, 18.0, 40.0],
            |r| r.case.px_per_period,
        );
        binned(
            &mut slices,
            &rows,
            "contrast",
            &[0.0, 0.02, 0.04, 0.06, 0.1, 0.2, 1.0],
            |r| r.case.contrast,
        );
        binned(
            &mut slices,
            &rows,
            "jpeg",
            &[0.0, 1.0, 70.0, 80.0, 90.0, 101.0],
            |r| r.case.jpeg,
        );
        binned(
            &mut slices,
            &rows,
            "angle_deg",
            &[0.0, 60.0, 75.0, 90.0, 110.0, 125.0, 180.0],
            |r| r.case.angle_deg,
        );
        for (name, shown) in [("outer shown", true), ("outer not shown", false)] {
            let inside = pick(&|r| r.case.outer_zone == Some(shown));
            if !inside.is_empty() {
                slices.push(slice("zone", name, &inside));
            }
        }
        let elephants = rows
            .iter()
            .filter(|r| r.case.species == Some(Species::Elephant));
        Self {
            left_out: Vec::new(),
            unreadable: outcomes.iter().filter(|o| o.reading.is_err()).count(),
            slices,
            elephant_called_mammoth: Figure::count(elephants, |r| r.named == Species::Mammoth),
            risk: risk(&rows),
            false_lattices: false_lattices(outcomes),
        }
    }
}

/// Coverage against risk when a louder likelihood ratio is asked for before a species is named.
fn risk(rows: &[Row]) -> Vec<(f64, f64, f64, usize)> {
    if rows.is_empty() {
        return Vec::new();
    }
    (0..=20)
        .map(|i| {
            let least = f64::from(i) * 0.1;
            let decided: Vec<&Row> = rows
                .iter()
                .filter(|r| r.decided() && r.ratio.is_some_and(|lr| lr.abs() >= least))
                .collect();
            let wrong = decided.iter().filter(|r| r.wrong()).count();
            (
                least,
                decided.len() as f64 / rows.len() as f64,
                wrong as f64 / decided.len().max(1) as f64,
                decided.len(),
            )
        })
        .collect()
}

fn false_lattices(outcomes: &[Outcome]) -> Vec<FalseLattice> {
    let without: Vec<(&str, Status)> = outcomes
        .iter()
        .filter(|o| !o.case.lattice)
        .filter_map(|o| Some((o.case.kind.as_str(), o.reading.as_ref().ok()?.status)))
        .collect();
    let mut kinds: Vec<&str> = without.iter().map(|w| w.0).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of = |kind: Option<&str>| {
        let inside: Vec<Status> = without
            .iter()
            .filter(|w| kind.is_none_or(|k| k == w.0))
            .map(|w| w.1)
            .collect();
        let figure = |status| Figure {
            hits: inside.iter().filter(|s| **s == status).count(),
            of: inside.len(),
        };
        FalseLattice {
            kind: kind.unwrap_or("all").to_owned(),
            measured: figure(Status::Measured),
            not_resolvable: figure(Status::NotResolvable),
        }
    };
    if without.is_empty() {
        return Vec::new();
    }
    std::iter::once(of(None))
        .chain(kinds.into_iter().map(|k| of(Some(k))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_in_many_trials_still_leaves_an_upper_limit() {
        // Wilson's upper limit for 0 of 100 at z = 1.96 is z^2 / (n + z^2) = 3.70 %.
        let (low, high) = Figure { hits: 0, of: 100 }.interval();
        assert_eq!(low, 0.0);
        assert!((high - 0.0370).abs() < 1e-4);
    }
}
