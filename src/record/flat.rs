//! A record as one row of a table: what CSV and Parquet hold.

use super::region::worst;
use super::{Record, prior_in_words, view};
use crate::escape;
use crate::index::Match;
use crate::manifest::Value;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
}

/// One value; `None` is an empty cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(Option<String>),
    Integer(Option<i64>),
    Number(Option<f64>),
}

/// What stands before the name of a manifest's column: no column of ours starts so, and none can
/// be taken for one.
const PASSED: &str = "source_";

/// What decides which columns a table has.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// Labels of the bundle, in its order.
    pub(super) labels: Vec<String>,
    /// Columns of the manifest that pass through, in its order.
    pub(super) others: Vec<String>,
}

/// The columns of a table, in a fixed order: a run appends only to a table that has the same.
pub(super) fn columns(layout: &Layout) -> Vec<(String, Kind)> {
    let fixed = |names: &[(&str, Kind)]| -> Vec<(String, Kind)> {
        names
            .iter()
            .map(|&(name, kind)| (name.to_owned(), kind))
            .collect()
    };
    let mut columns = fixed(&[
        ("file", Kind::Text),
        ("decision", Kind::Text),
        ("reasons", Kind::Text),
        ("label", Kind::Text),
        ("score", Kind::Number),
    ]);
    columns.extend(
        layout
            .labels
            .iter()
            .map(|label| (format!("score_{label}"), Kind::Number)),
    );
    columns.extend(fixed(&[
        ("schreger_status", Kind::Text),
        ("schreger_angle_deg", Kind::Number),
        ("schreger_species", Kind::Text),
        ("sha256", Kind::Text),
        ("format", Kind::Text),
        ("width", Kind::Integer),
        ("height", Kind::Integer),
        ("pdq", Kind::Text),
        ("pdq_quality", Kind::Integer),
        ("matches", Kind::Integer),
        ("model_name", Kind::Text),
        ("model_version", Kind::Text),
        ("model_sha256", Kind::Text),
        ("model_prior", Kind::Text),
        ("elapsed_ms", Kind::Number),
        ("error_kind", Kind::Text),
        ("error_message", Kind::Text),
        ("marks", Kind::Text),
        ("match_image_id", Kind::Integer),
        ("match_method", Kind::Text),
        ("match_distance", Kind::Number),
        ("match_similarity", Kind::Number),
        ("match_weak", Kind::Text),
        ("match_file", Kind::Text),
        ("match_seller", Kind::Text),
        ("match_listing", Kind::Text),
        ("match_platform", Kind::Text),
        ("match_captured_at", Kind::Text),
        ("matches_json", Kind::Text),
        ("regions", Kind::Integer),
        ("region_decision", Kind::Text),
        ("region_label", Kind::Text),
        ("region_score", Kind::Number),
        ("region_polygon", Kind::Text),
        ("region_pdq", Kind::Text),
        ("region_matches", Kind::Integer),
        ("views", Kind::Integer),
        ("view_decision", Kind::Text),
        ("view_bounds", Kind::Text),
        ("seller", Kind::Text),
        ("listing", Kind::Text),
        ("platform", Kind::Text),
        ("captured_at", Kind::Text),
    ]));
    let passed = layout.others.iter();
    columns.extend(passed.map(|name| (format!("{PASSED}{name}"), Kind::Text)));
    columns
}

/// One record's values, in the order of [`columns`].
pub(super) fn cells(record: &Record, layout: &Layout) -> Vec<Cell> {
    let text = |value: Option<&str>| Cell::Text(value.map(str::to_owned));
    let best = record.materials.first();
    let reasons = (!record.reasons.is_empty()).then(|| record.reasons.join("; "));
    let marks: Vec<&str> = record.marks.iter().map(|mark| mark.name()).collect();
    let marks = (!marks.is_empty()).then(|| marks.join("; "));
    let region = worst(record.regions.as_deref().unwrap_or_default());
    let shown = region.and_then(|region| region.materials.first());
    let region_matches = region.and_then(|region| Some(region.matches.as_ref()?.len() as i64));
    let view = view::worst(record.views.as_deref().unwrap_or_default());
    let reading = record.schreger.as_ref();
    let model = record.model.as_ref();
    let prior = model.map(|model| prior_in_words(&model.prior));
    let error = record.error.as_ref();

    let mut cells = vec![
        text(Some(&record.file)),
        text(record.decision.map(|decision| decision.name())),
        Cell::Text(reasons),
        text(best.map(|material| material.label.as_str())),
        Cell::Number(best.map(|material| material.score)),
    ];
    cells.extend(layout.labels.iter().map(|label| {
        let material = record
            .materials
            .iter()
            .find(|material| &material.label == label);
        Cell::Number(material.map(|material| material.score))
    }));
    cells.extend([
        text(reading.map(|reading| reading.status.name())),
        Cell::Number(reading.and_then(|reading| reading.angle_deg)),
        text(reading.map(|reading| reading.species.name())),
        text(record.sha256.as_deref()),
        text(record.format.as_deref()),
        Cell::Integer(record.width.map(i64::from)),
        Cell::Integer(record.height.map(i64::from)),
        text(record.pdq.as_deref()),
        Cell::Integer(record.pdq_quality.map(i64::from)),
        Cell::Integer(record.matches.as_ref().map(|matches| matches.len() as i64)),
        text(model.map(|model| model.name.as_str())),
        text(model.map(|model| model.version.as_str())),
        text(model.map(|model| model.sha256.as_str())),
        text(prior.as_deref().filter(|prior| !prior.is_empty())),
        Cell::Number(Some(record.elapsed_ms)),
        text(error.map(|error| error.kind.name())),
        text(error.map(|error| error.message.as_str())),
        Cell::Text(marks),
    ]);
    cells.extend(match_cells(record));
    cells.extend([
        Cell::Integer(record.regions.as_ref().map(|regions| regions.len() as i64)),
        text(region.map(|region| region.decision.name())),
        text(shown.map(|material| material.label.as_str())),
        Cell::Number(shown.map(|material| material.score)),
        Cell::Text(region.map(|region| corners(&region.polygon))),
        text(region.map(|region| region.pdq.as_str())),
        Cell::Integer(region_matches),
        Cell::Integer(record.views.as_ref().map(|views| views.len() as i64)),
        text(view.map(|view| view.decision.name())),
        Cell::Text(view.map(|view| view.bounds.map(|side| side.to_string()).join(","))),
        text(record.seller.as_deref()),
        text(record.listing.as_deref()),
        text(record.platform.as_deref()),
        text(record.captured_at.as_deref()),
    ]);
    cells.extend(layout.others.iter().map(|name| {
        let value = record.source.as_ref().and_then(|source| source.get(name));
        text(value.and_then(Value::as_cell))
    }));
    cells
}

/// The surest match, and all of them as they stand in a record in JSON.
fn match_cells(record: &Record) -> [Cell; 11] {
    let first = record.matches.as_ref().and_then(|matches| matches.first());
    let text = |value: fn(&Match) -> &str| {
        let known = first.map(value).filter(|text| !text.is_empty());
        Cell::Text(known.map(str::to_owned))
    };
    let all = record.matches.as_ref().filter(|all| !all.is_empty());
    let all = all.and_then(|all| serde_json::to_string(all).ok());
    let weak = first.and_then(|found| found.weak);
    [
        Cell::Integer(first.map(|found| found.image_id)),
        text(|found| found.method.name()),
        Cell::Number(first.map(|found| found.distance)),
        Cell::Number(first.map(|found| found.similarity)),
        Cell::Text(weak.map(|weak| weak.to_string())),
        text(|found| &found.file),
        text(|found| &found.seller),
        text(|found| &found.listing),
        text(|found| &found.platform),
        text(|found| &found.captured_at),
        Cell::Text(all.map(|all| escape::json(&all).into_owned())),
    ]
}

/// Corners as `x,y x,y ...`.
fn corners(polygon: &[[f64; 2]]) -> String {
    let corners: Vec<String> = polygon.iter().map(|[x, y]| format!("{x},{y}")).collect();
    corners.join(" ")
}
