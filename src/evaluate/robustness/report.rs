//! A finished study as a folder: `report.html`, `report.json` and tables.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::evaluate::compare::Difference;
use crate::evaluate::figure::{Figure, Measure};
use crate::evaluate::matching::{add_transformations, part_rows, precision_chart};
use crate::evaluate::sections::{self, SHOWN};
use crate::report::html::{Card, Cell, Page, Table, Thumbnail};
use crate::report::{Frame, ReportError, ReportFolder, shown_path};

use super::measures::Drop;
use super::study::Study;

const METHOD: &str = "Every copy is made from the pixels of its photograph and stored again as \
    JPEG. Classification: the copies' figures less the originals', with 95 % intervals of a \
    paired bootstrap over groups; an interval that holds 0 shows no loss. Matching: every copy \
    is asked of an index of the originals; near-duplicates of a photograph, and the other \
    pictures in a collage, count neither as right nor as wrong.";

/// Writes the study into `folder`.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write(study: &Study, frame: &Frame, folder: &Path) -> Result<(), ReportError> {
    let folder = ReportFolder::create(folder)?;
    folder.write_text("report.html", &page(study, frame))?;
    folder.write_json("report.json", &json(study, frame))?;
    folder.write_table("classification.csv", classification_rows(study))?;
    folder.write_table("matching.csv", part_rows(&study.measured.matching.parts))?;
    folder.write_table("unsteady.csv", &study.measured.unsteady)?;
    folder.write_table("left_out.csv", &study.left_out)?;
    folder.write_table("leaks.csv", &study.leaks.leaks)
}

fn page(study: &Study, frame: &Frame) -> String {
    let measured = &study.measured;
    let mut page = Page::new("What reposting costs", &lead(study));
    page.cards(accuracy_cards(study).into_iter().chain(found_cards(study)));
    page.paragraph(METHOD);
    page.heading("Classification");
    if measured.drops.is_empty() {
        page.paragraph(
            "No photograph has a label that the model knows; only matching was measured.",
        );
    } else {
        page.table(&classification_table(&measured.drops));
    }
    page.heading("Matching");
    add_transformations(&mut page, &measured.matching.parts);
    page.charts(&[precision_chart(&measured.matching)]);
    if frame.pictures {
        page.heading("The transformations");
        page.gallery(examples(study), frame);
    }
    page.heading("Photographs that change their label most often");
    page.paragraph("unsteady.csv tells under which transformation each becomes what.");
    page.gallery(unsteady(study), frame);
    page.heading("Data left out");
    page.paragraph(&study.leaks.describe());
    sections::left_out(&mut page, &study.left_out);
    page.provenance(&frame.provenance);
    page.html()
}

fn lead(study: &Study) -> String {
    format!(
        "{} photographs under {} transformations; {} have a label of the model; {} rows left out",
        study.photographs,
        study.examples.len(),
        study.labelled,
        study.left_out.len()
    )
}

impl Drop {
    /// What a measure of all labels together loses.
    #[must_use]
    pub fn overall(&self, measure: &Measure) -> Option<&Difference> {
        let mut rows = self.comparison.figures.iter();
        rows.find(|row| row.difference.label.is_empty() && row.difference.measure == *measure)
    }
}

/// The accuracy of the originals, and what the worst transformation does to it.
fn accuracy_cards(study: &Study) -> Vec<Card> {
    let drops = study.measured.drops.iter();
    let accuracy = drops.filter_map(|drop| Some((drop, drop.overall(&Measure::Accuracy)?)));
    let lost = |row: &Difference| row.difference.value.unwrap_or(f64::INFINITY);
    let worst = accuracy.min_by(|a, b| lost(a.1).total_cmp(&lost(b.1)));
    worst.map_or_else(Vec::new, |(drop, row)| {
        let worst = format!("accuracy lost or won at worst: {}", drop.transformation);
        vec![
            Card::new("accuracy of the originals", row.first, None),
            Card::new(&worst, row.difference.value, row.difference.interval),
        ]
    })
}

/// How many copies each method finds.
fn found_cards(study: &Study) -> impl Iterator<Item = Card> {
    let parts = study.measured.matching.parts.iter();
    let all = parts.filter(|part| part.transformation.is_empty());
    all.filter_map(|part| part.figure(&Measure::FoundAtAll))
        .map(Figure::card)
}

fn classification_table(drops: &[Drop]) -> Table {
    let mut table = Table::new(&[
        "transformation",
        "photographs",
        "accuracy",
        "accuracy, difference",
        "balanced accuracy, difference",
        "log loss, difference",
        "other label",
    ]);
    for drop in drops {
        table.push(classification_row(drop));
    }
    table
}

fn classification_row(drop: &Drop) -> Vec<Cell> {
    let photographs = drop.comparison.photographs;
    let difference = |measure: Measure| {
        let figure = drop.overall(&measure).map(|row| &row.difference);
        Cell::difference(
            figure.and_then(|figure| figure.value),
            figure.and_then(|figure| figure.interval),
        )
    };
    let accuracy = drop.overall(&Measure::Accuracy).and_then(|row| row.second);
    let changed = drop.comparison.changed.len() as f64 / photographs.max(1) as f64;
    vec![
        Cell::text(&drop.transformation),
        Cell::count(photographs),
        Cell::share(accuracy, None),
        difference(Measure::Accuracy),
        difference(Measure::BalancedAccuracy),
        difference(Measure::LogLoss),
        Cell::share(Some(changed), None),
    ]
}

fn examples(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let examples = study.examples.iter();
    examples.map(|(name, jpeg)| Thumbnail::of_bytes(jpeg.clone(), name.clone()))
}

fn unsteady(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let transformations = study.examples.len();
    study
        .measured
        .unsteady
        .iter()
        .take(SHOWN / 2)
        .map(move |one| {
            let caption = format!(
                "{}: is {}, said {}; something else under {} of {transformations}",
                shown_path(Path::new(&one.file)),
                one.label,
                one.said,
                one.count
            );
            Thumbnail::of_file(study.root.join(&one.file), caption)
        })
}

/// A figure under a transformation as a row of a table.
#[derive(Serialize)]
struct ClassificationRow<'a> {
    transformation: &'a str,
    label: &'a str,
    figure: &'a Measure,
    original: Option<f64>,
    transformed: Option<f64>,
    difference: Option<f64>,
    low95: Option<f64>,
    high95: Option<f64>,
    photographs: usize,
}

fn classification_rows(study: &Study) -> impl Iterator<Item = ClassificationRow<'_>> {
    study.measured.drops.iter().flat_map(|drop| {
        drop.comparison.figures.iter().map(|row| ClassificationRow {
            transformation: &drop.transformation,
            label: &row.difference.label,
            figure: &row.difference.measure,
            original: row.first,
            transformed: row.second,
            difference: row.difference.value,
            low95: row.difference.interval.map(|[low, _]| low),
            high95: row.difference.interval.map(|[_, high]| high),
            photographs: row.difference.photographs,
        })
    })
}

fn json(study: &Study, frame: &Frame) -> Value {
    let drops = study.measured.drops.iter().map(|drop| {
        json!({
            "transformation": drop.transformation,
            "photographs": drop.comparison.photographs,
            "other_label": drop.comparison.changed.len(),
            "figures": drop.comparison.figures,
        })
    });
    json!({
        "schema": "faunalens.robustness.v1",
        "configuration": frame.provenance.to_json(),
        "photographs": study.photographs,
        "labelled": study.labelled,
        "classification": drops.collect::<Vec<_>>(),
        "matching": study.measured.matching.parts,
        "leaks": study.leaks.leaks,
        "leaks_taken_out": study.leaks.taken_out,
        "left_out": study.left_out,
    })
}
