//! Errors, coverage of the interval, selective risk, false lattices.

use crate::photo::PhotoError;
use crate::schreger::{Reading, Species, Status};

use super::cases::Case;
use super::share::Share;
use super::slices::{Row, Slice, slice_all};

/// Steps of the least |log10 LR| along which risk is told.
const RISK_STEPS: u32 = 20;
const RISK_STEP: f64 = 0.1;

/// One picture read.
#[derive(Debug)]
pub struct Outcome {
    /// What is true.
    pub case: Case,
    /// What was read, or why the picture could not be.
    pub reading: Result<Reading, PhotoError>,
}

/// False lattices among pictures without one.
#[derive(Debug, Clone)]
pub struct FalseLattice {
    /// What the pictures show; `all` together.
    pub kind: String,
    /// Pictures in which a lattice was measured.
    pub measured: Share,
    /// Pictures called not resolvable.
    pub not_resolvable: Share,
}

/// What naming species costs when louder evidence is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskPoint {
    /// Least |log10 LR| at which a species is named.
    pub least_log10_lr: f64,
    /// Share of the pictures with a species named.
    pub share_decided: f64,
    /// Share of them whose species is wrong.
    pub share_wrong: f64,
    /// Pictures with a species named.
    pub decided: usize,
}

/// All figures of one evaluation.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Pictures that could not be decoded.
    pub unreadable: usize,
    /// Headline slices first, then one per factor and bin.
    pub slices: Vec<Slice>,
    /// Elephants called mammoth, among all pictures of elephants.
    pub elephant_called_mammoth: Share,
    /// Coverage against risk.
    pub risk: Vec<RiskPoint>,
    /// By kind, `all` first.
    pub false_lattices: Vec<FalseLattice>,
}

impl Summary {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let lattices = outcomes.iter().filter(|outcome| outcome.case.lattice);
        let rows: Vec<Row> = lattices
            .filter_map(|outcome| Some(Row::new(&outcome.case, outcome.reading.as_ref().ok()?)))
            .collect();
        let is_elephant = |row: &&Row| row.case.species == Some(Species::Elephant);
        let elephants = rows.iter().filter(is_elephant);
        Self {
            unreadable: outcomes
                .iter()
                .filter(|outcome| outcome.reading.is_err())
                .count(),
            slices: slice_all(&rows),
            elephant_called_mammoth: Share::count(elephants, |row| row.named == Species::Mammoth),
            risk: risk(&rows),
            false_lattices: false_lattices(outcomes),
        }
    }
}

fn risk(rows: &[Row]) -> Vec<RiskPoint> {
    if rows.is_empty() {
        return Vec::new();
    }
    let steps = (0..=RISK_STEPS).map(|step| f64::from(step) * RISK_STEP);
    steps.map(|least| risk_at(rows, least)).collect()
}

fn risk_at(rows: &[Row], least: f64) -> RiskPoint {
    let is_loud = |row: &&&Row| row.log10_lr.is_some_and(|lr| lr.abs() >= least);
    let decided = rows.iter().filter(|row| row.is_decided());
    let decided: Vec<&Row> = decided.filter(|row| is_loud(&row)).collect();
    let wrong = decided.iter().filter(|row| row.is_wrong()).count();
    RiskPoint {
        least_log10_lr: least,
        share_decided: decided.len() as f64 / rows.len() as f64,
        share_wrong: wrong as f64 / decided.len().max(1) as f64,
        decided: decided.len(),
    }
}

/// All kinds together, then one by one; none without a picture that shows no lattice.
fn false_lattices(outcomes: &[Outcome]) -> Vec<FalseLattice> {
    let without = outcomes.iter().filter(|outcome| !outcome.case.lattice);
    let without: Vec<(&str, Status)> = without
        .filter_map(|outcome| {
            let status = outcome.reading.as_ref().ok()?.status;
            Some((outcome.case.kind.as_str(), status))
        })
        .collect();
    if without.is_empty() {
        return Vec::new();
    }
    let mut kinds: Vec<&str> = without.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let all = false_lattice("all", without.iter().map(|(_, status)| *status));
    let by_kind = kinds.into_iter().map(|kind| {
        let inside = without.iter().filter(|(other, _)| *other == kind);
        false_lattice(kind, inside.map(|(_, status)| *status))
    });
    std::iter::once(all).chain(by_kind).collect()
}

fn false_lattice(kind: &str, statuses: impl Iterator<Item = Status> + Clone) -> FalseLattice {
    let share = |wanted| Share::count(statuses.clone(), |status| status == wanted);
    FalseLattice {
        kind: kind.to_owned(),
        measured: share(Status::Measured),
        not_resolvable: share(Status::NotResolvable),
    }
}
