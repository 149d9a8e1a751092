//! A finished comparison as a folder: `report.html`, `report.json` and tables.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::evaluate::figure::Measure;
use crate::evaluate::sections::{self, SHOWN};
use crate::report::html::{Cell, Page, Table, Thumbnail, format_value};
use crate::report::{Frame, ReportError, ReportFolder, shown_path};

use super::measures::Difference;
use super::study::Study;

/// Writes the study into `folder`.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write(study: &Study, frame: &Frame, folder: &Path) -> Result<(), ReportError> {
    let folder = ReportFolder::create(folder)?;
    let comparison = &study.comparison;
    folder.write_text("report.html", &page(study, frame))?;
    folder.write_json("report.json", &json(study, frame))?;
    let differences = comparison.figures.iter();
    folder.write_table("differences.csv", differences.map(DifferenceRow::from))?;
    folder.write_table("left_out.csv", &comparison.left_out)?;
    folder.write_table("changed.csv", &comparison.changed)
}

fn page(study: &Study, frame: &Frame) -> String {
    let comparison = &study.comparison;
    let mut page = Page::new("Two results on the same photographs", &lead(study));
    page.paragraph(&format!(
        "Differences are {} less {}; an interval that holds 0 shows no difference. The \
             bootstrap draws the same groups for both.",
        study.names[1], study.names[0]
    ));
    page.heading("All labels together");
    page.table(&difference_table(study, ""));
    page.heading("Label by label");
    let mut labels: Vec<&str> = (comparison.figures.iter())
        .map(|row| row.difference.label.as_str())
        .filter(|label| !label.is_empty())
        .collect();
    labels.dedup();
    for label in labels {
        page.folded_table(label, &difference_table(study, label));
    }
    page.heading("Photographs named differently");
    page.paragraph(&format!(
        "{} in all; right to wrong first. changed.csv has every one.",
        comparison.changed.len()
    ));
    page.gallery(changed(study), frame);
    page.heading("Data left out");
    sections::left_out(&mut page, &comparison.left_out);
    page.provenance(&frame.provenance);
    page.html()
}

fn lead(study: &Study) -> String {
    let comparison = &study.comparison;
    format!(
        "{} photographs; {} that only {} names rightly, {} that only {} does; exact McNemar test \
         p = {}",
        comparison.photographs,
        comparison.only[0],
        study.names[0],
        comparison.only[1],
        study.names[1],
        format_value(Some(comparison.mcnemar))
    )
}

fn difference_table(study: &Study, label: &str) -> Table {
    let [first, second] = &study.names;
    let mut table = Table::new(&["figure", first, second, "difference", "limits"]);
    let rows = study.comparison.figures.iter();
    for row in rows.filter(|row| row.difference.label == label) {
        table.push(vec![
            Cell::text(&row.difference.measure.to_string()),
            Cell::value(row.first, None),
            Cell::value(row.second, None),
            Cell::difference(row.difference.value, row.difference.interval),
            Cell::text(&row.difference.note),
        ]);
    }
    table
}

fn changed(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let [first, second] = &study.names;
    study.comparison.changed.iter().take(SHOWN).map(move |row| {
        let file = shown_path(Path::new(&row.file));
        let caption = format!(
            "{file}: is {}; {first} {} {:.2}, {second} {} {:.2}",
            row.label, row.first, row.first_score, row.second, row.second_score
        );
        Thumbnail::of_file(study.root.join(&row.file), caption)
    })
}

fn json(study: &Study, frame: &Frame) -> Value {
    let comparison = &study.comparison;
    json!({
        "schema": "faunalens.comparison.v1",
        "configuration": frame.provenance.to_json(),
        "names": study.names,
        "photographs": comparison.photographs,
        "only_first_right": comparison.only[0],
        "only_second_right": comparison.only[1],
        "mcnemar_p": comparison.mcnemar,
        "figures": comparison.figures,
        "left_out": comparison.left_out,
    })
}

/// A difference as a row of a table.
#[derive(Serialize)]
struct DifferenceRow<'a> {
    label: &'a str,
    figure: &'a Measure,
    first: Option<f64>,
    second: Option<f64>,
    difference: Option<f64>,
    low95: Option<f64>,
    high95: Option<f64>,
    note: &'a str,
}

impl<'a> From<&'a Difference> for DifferenceRow<'a> {
    fn from(row: &'a Difference) -> Self {
        let difference = &row.difference;
        Self {
            label: &difference.label,
            figure: &difference.measure,
            first: row.first,
            second: row.second,
            difference: difference.value,
            low95: difference.interval.map(|[low, _]| low),
            high95: difference.interval.map(|[_, high]| high),
            note: &difference.note,
        }
    }
}
