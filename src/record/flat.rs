//! A record as one row of a table: what CSV and Parquet hold.

use super::{Record, prior_in_words};

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

/// The columns for a bundle's labels, in a fixed order.
pub(super) fn columns(labels: &[String]) -> Vec<(String, Kind)> {
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
        labels
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
    ]));
    columns
}

/// One record's values, in the order of [`columns`].
pub(super) fn cells(record: &Record, labels: &[String]) -> Vec<Cell> {
    let text = |value: Option<&str>| Cell::Text(value.map(str::to_owned));
    let best = record.materials.first();
    let reasons = (!record.reasons.is_empty()).then(|| record.reasons.join("; "));
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
    cells.extend(labels.iter().map(|label| {
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
    ]);
    cells
}
