//! A finished study as a folder: `report.html`, `report.json`, tables, plots and a page in
//! Markdown.

use std::path::Path;

use serde_json::{Value, json};

use crate::evaluate::figure::{self, Figure, FigureRow, Measure};
use crate::evaluate::sections::{self, SHOWN};
use crate::report::chart::svg_file;
use crate::report::html::{Card, Page, Thumbnail};
use crate::report::{Frame, ReportError, ReportFolder, shown_path};

use super::measures::Outcome;
use super::slices::HEADLINES;
use super::study::Study;
use super::{plots, readme, tables};

const RENDERED: &str = "Where the manifest is the project's generator, every picture with a \
    lattice is a rendered case: such figures show that the reader inverts the geometry it \
    assumes, and that its intervals hold for that kind of picture. They do not prove accuracy on \
    photographs of real tusks.";

/// Writes `report.html`, `report.json`, `figures.csv`, `left_out.csv`, `readings.csv`,
/// `summary.csv`, `slices.csv`, `selective_risk.csv`, `false_lattice.csv`, plots as SVG and
/// `README.md` into `folder`.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write(study: &Study, frame: &Frame, folder: &Path) -> Result<(), ReportError> {
    let folder = ReportFolder::create(folder)?;
    let (outcomes, summary) = (&study.outcomes, &study.summary);
    folder.write_text("report.html", &page(study, frame))?;
    folder.write_json("report.json", &json(study, frame))?;
    folder.write_table("figures.csv", study.figures.iter().map(FigureRow::from))?;
    folder.write_table("left_out.csv", &study.left_out)?;
    tables::write(outcomes, summary, &folder)?;
    folder.write_text("angle.svg", &svg_file(&[plots::angles(outcomes)]))?;
    folder.write_text("error.svg", &svg_file(&plots::errors(summary)))?;
    folder.write_text("selective_risk.svg", &svg_file(&[plots::risk(summary)]))?;
    folder.write_text("README.md", &readme::markdown(summary))
}

fn page(study: &Study, frame: &Frame) -> String {
    let mut page = Page::new("How well the Schreger angle is read", &lead(study));
    page.cards(cards(study));
    page.paragraph(RENDERED);
    page.heading("Angles");
    page.charts(&[plots::angles(&study.outcomes), plots::risk(&study.summary)]);
    add_slices(&mut page, study);
    page.heading("Surfaces without a lattice, and elephants");
    page.table(&figure::table(figures_of(study, "")));
    page.heading("Worst errors");
    page.gallery(worst_errors(study), frame);
    page.heading("Data left out");
    sections::left_out(&mut page, &study.left_out);
    page.provenance(&frame.provenance);
    page.html()
}

fn lead(study: &Study) -> String {
    let lattices = study.outcomes.iter().filter(|outcome| outcome.case.lattice);
    let lattices = lattices.count();
    format!(
        "{lattices} pictures with a lattice, {} without; {} rows left out",
        study.outcomes.len() - lattices,
        study.left_out.len()
    )
}

fn figures_of<'a>(study: &'a Study, label: &'a str) -> impl Iterator<Item = &'a Figure> {
    study
        .figures
        .iter()
        .filter(move |figure| figure.label == label)
}

/// The figures of all pictures; of the surfaces without a lattice only all together.
fn cards(study: &Study) -> impl Iterator<Item = Card> {
    let is_one_surface =
        |measure: &Measure| matches!(measure, Measure::FalseLattice(kind) if kind != "all");
    let all = figures_of(study, "").filter(move |figure| !is_one_surface(&figure.measure));
    all.chain(figures_of(study, "all pictures"))
        .map(Figure::card)
}

fn add_slices(page: &mut Page, study: &Study) {
    page.heading("Headlines");
    for (number, slice) in study.summary.slices.iter().enumerate() {
        if number == HEADLINES {
            page.heading("Factor by factor");
        }
        let label = slice.to_string();
        page.folded_table(&label, &figure::table(figures_of(study, &label)));
    }
}

/// Angles that are furthest off, after lattices seen where there is none.
fn worst_errors(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let mut off: Vec<(f64, String, &Outcome)> = (study.outcomes.iter())
        .filter_map(|outcome| {
            let (error, caption) = error_of(outcome)?;
            Some((error, caption, outcome))
        })
        .collect();
    off.sort_by(|a, b| b.0.total_cmp(&a.0));
    let off = off.into_iter().take(SHOWN / 2);
    off.map(|(_, caption, outcome)| {
        Thumbnail::of_file(study.root.join(&outcome.case.file), caption)
    })
}

/// How far an angle is off, degrees, and in words; infinitely where there is no lattice.
fn error_of(outcome: &Outcome) -> Option<(f64, String)> {
    let read = outcome.reading.as_ref().ok()?.angle_deg?;
    let file = shown_path(&outcome.case.file);
    match outcome.case.angle_deg {
        Some(truth) => {
            let caption = format!("{file}: read {read:.1}°, is {truth:.1}°");
            Some(((read - truth).abs(), caption))
        }
        None if !outcome.case.lattice => {
            let caption = format!("{file}: read {read:.1}° on {}", outcome.case.kind);
            Some((f64::INFINITY, caption))
        }
        None => None,
    }
}

fn json(study: &Study, frame: &Frame) -> Value {
    json!({
        "schema": "faunalens.schreger-evaluation.v1",
        "configuration": frame.provenance.to_json(),
        "unreadable": study.summary.unreadable,
        "figures": study.figures,
        "left_out": study.left_out,
    })
}
