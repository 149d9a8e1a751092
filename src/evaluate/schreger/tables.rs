//! The results as rows of tables.

use crate::report::csv::decimals;
use crate::report::{ReportError, ReportFolder};
use crate::schreger::{Reading, Species};

use super::cases::Case;
use super::measures::{FalseLattice, Outcome, RiskPoint, Summary};
use super::share::Share;
use super::slices::{HEADLINES, Slice};
use crate::escape::name;

const READINGS: [&str; 20] = [
    "file",
    "kind",
    "lattice",
    "true_species",
    "true_angle_deg",
    "outer_zone",
    "tilt_deg",
    "px_per_period",
    "contrast",
    "jpeg",
    "status",
    "angle_deg",
    "ci_low",
    "ci_high",
    "folded_angle_deg",
    "orientation",
    "species",
    "log10_lr",
    "windows",
    "reasons",
];
const SUMMARY: [&str; 6] = ["figure", "hits", "of", "share", "low95", "high95"];
const SLICES: [&str; 13] = [
    "factor",
    "bin",
    "pictures",
    "measured",
    "median_error_deg",
    "p95_error_deg",
    "bias_deg",
    "oriented",
    "interval_covers",
    "coverage_low95",
    "coverage_high95",
    "decided",
    "wrong",
];
const RISK: [&str; 4] = [
    "least_abs_log10_lr",
    "share_decided",
    "share_wrong_of_decided",
    "decided",
];
const FALSE_LATTICE: [&str; 7] = [
    "kind",
    "measured",
    "of",
    "share",
    "low95",
    "high95",
    "not_resolvable",
];

/// Writes every table.
pub(super) fn write(
    outcomes: &[Outcome],
    summary: &Summary,
    folder: &ReportFolder,
) -> Result<(), ReportError> {
    folder.write_records("readings.csv", &READINGS, outcomes.iter().map(reading_row))?;
    folder.write_records("summary.csv", &SUMMARY, summary_rows(summary))?;
    folder.write_records("slices.csv", &SLICES, summary.slices.iter().map(slice_row))?;
    folder.write_records(
        "selective_risk.csv",
        &RISK,
        summary.risk.iter().map(risk_row),
    )?;
    let surfaces = summary.false_lattices.iter().map(false_lattice_row);
    folder.write_records("false_lattice.csv", &FALSE_LATTICE, surfaces)
}

/// One row per picture: what is true, then what was read.
fn reading_row(outcome: &Outcome) -> Vec<String> {
    let mut row = case_cells(&outcome.case).to_vec();
    match &outcome.reading {
        Ok(reading) => row.extend(reading_cells(reading)),
        Err(_) => {
            row.push("unreadable".into());
            row.resize(READINGS.len(), String::new());
        }
    }
    row
}

fn case_cells(case: &Case) -> [String; 10] {
    [
        name(&case.file),
        case.kind.clone(),
        case.lattice.to_string(),
        case.species.map_or("", Species::name).to_owned(),
        decimals(case.angle_deg, 2),
        case.outer_zone
            .map_or(String::new(), |shown| shown.to_string()),
        decimals(case.tilt_deg, 1),
        decimals(case.px_per_period, 2),
        decimals(case.contrast, 4),
        decimals(case.jpeg, 0),
    ]
}

fn reading_cells(reading: &Reading) -> [String; 10] {
    let reasons: Vec<&str> = reading.reasons.iter().map(|reason| reason.name()).collect();
    [
        reading.status.name().to_owned(),
        decimals(reading.angle_deg, 2),
        decimals(reading.ci90_deg.map(|[low, _]| low), 2),
        decimals(reading.ci90_deg.map(|[_, high]| high), 2),
        decimals(reading.folded_angle_deg, 2),
        reading.orientation.name().to_owned(),
        reading.species.name().to_owned(),
        decimals(reading.log10_lr_elephant_vs_mammoth, 3),
        reading.windows.to_string(),
        reasons.join(" "),
    ]
}

/// Hits, trials, share, and the ends of its interval.
fn share_cells(share: &Share) -> [String; 5] {
    let (low, high) = share.interval();
    [
        share.hits.to_string(),
        share.of.to_string(),
        decimals(share.value(), 4),
        decimals(Some(low), 4),
        decimals(Some(high), 4),
    ]
}

fn share_row(name: String, share: &Share) -> Vec<String> {
    std::iter::once(name).chain(share_cells(share)).collect()
}

/// Headline figures.
fn summary_rows(summary: &Summary) -> Vec<Vec<String>> {
    let elephants = &summary.elephant_called_mammoth;
    let mut rows = vec![share_row("elephant_called_mammoth".into(), elephants)];
    for slice in summary.slices.iter().take(HEADLINES) {
        let name = |figure: &str| format!("{figure} [{slice}]");
        rows.push(share_row(name("measured"), &slice.measured));
        rows.push(share_row(name("interval_covers"), &slice.coverage));
        rows.push(share_row(name("species_decided"), &slice.decided));
        rows.push(share_row(name("species_wrong_of_decided"), &slice.wrong));
    }
    let all = summary.false_lattices.first();
    rows.extend(all.map(|all| share_row("false_lattice".into(), &all.measured)));
    rows
}

/// One row per factor and bin.
fn slice_row(slice: &Slice) -> [String; 13] {
    let [_, oriented, covers, low, high] = share_cells(&slice.coverage);
    [
        slice.factor.to_string(),
        slice.bin.clone(),
        slice.pictures.to_string(),
        slice.measured.hits.to_string(),
        decimals(slice.median_error, 2),
        decimals(slice.p95_error, 2),
        decimals(slice.bias, 2),
        oriented,
        covers,
        low,
        high,
        slice.decided.hits.to_string(),
        slice.wrong.hits.to_string(),
    ]
}

/// Coverage against risk.
fn risk_row(point: &RiskPoint) -> [String; 4] {
    [
        decimals(Some(point.least_log10_lr), 1),
        decimals(Some(point.share_decided), 4),
        decimals(Some(point.share_wrong), 4),
        point.decided.to_string(),
    ]
}

/// False lattices on one kind of surface.
fn false_lattice_row(surface: &FalseLattice) -> Vec<String> {
    let mut row = share_row(surface.kind.clone(), &surface.measured);
    row.push(surface.not_resolvable.hits.to_string());
    row
}
