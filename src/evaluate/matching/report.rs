//! A finished study as a folder: `report.html`, `report.json` and tables.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::evaluate::figure::{self, Figure, Measure};
use crate::evaluate::sections::{self, SHOWN};
use crate::report::chart::{Axis, Chart, Series};
use crate::report::html::{Cell, Page, Table, Thumbnail};
use crate::report::{Frame, ReportError, ReportFolder, shown_path};

use super::answers::Method;
use super::measures::{Measured, Part};
use super::study::Study;

/// Figures of the first method in the table of transformations; of the others the first of them.
static IN_SHORT: [Measure; 4] = [
    Measure::FoundAtAll,
    Measure::MicroAveragePrecision,
    Measure::RecallAtPrecision(0.9),
    Measure::RecallAtRank(1),
];
const DEFINITIONS: &str = "Micro-average precision ranks the answers to all questions together; \
    answers of one score count in the worst order. Intervals are 95 % percentile intervals of a \
    bootstrap over groups of questions that share a picture. A threshold is a score of its \
    method: for the index 2 is the same bytes, 1 and above PDQ (1 plus the share of equal bits), \
    below 1 the cosine of a descriptor whose landmarks agree.";

/// Writes the study into `folder`, with the answers where they were made for it.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write(study: &Study, frame: &Frame, folder: &Path) -> Result<(), ReportError> {
    let folder = ReportFolder::create(folder)?;
    let measured = &study.measured;
    folder.write_text("report.html", &page(study, frame))?;
    folder.write_json("report.json", &json(study, frame))?;
    folder.write_table("figures.csv", part_rows(&measured.parts))?;
    folder.write_table("left_out.csv", &study.left_out)?;
    folder.write_table("wrong.csv", &measured.wrong)?;
    let missed = measured.missed.iter();
    folder.write_table("missed.csv", missed.map(|query| MissedRow { query }))?;
    match &study.answers {
        Some(answers) => folder.write_table("answers.csv", answers),
        None => Ok(()),
    }
}

fn page(study: &Study, frame: &Frame) -> String {
    let measured = &study.measured;
    let mut page = Page::new("How well the same picture is found again", &lead(study));
    if let Some(first) = measured.parts.first() {
        page.cards(first.figures.iter().map(Figure::card));
    }
    page.paragraph(DEFINITIONS);
    page.heading("Curves");
    page.charts(&[precision_chart(measured)]);
    page.heading("Method by method");
    let parts = measured.parts.iter();
    for part in parts.filter(|part| part.transformation.is_empty()) {
        page.paragraph(&part.method.to_string());
        page.table(&figure::table(&part.figures));
    }
    if (measured.parts.iter()).any(|part| !part.transformation.is_empty()) {
        page.heading("Transformation by transformation");
        add_transformations(&mut page, &measured.parts);
    }
    page.heading("Surest wrong answers");
    page.gallery(wrong_answers(study), frame);
    page.heading("Not found");
    page.paragraph(&format!(
        "{} questions with a match got none of theirs; missed.csv has every one.",
        measured.missed.len()
    ));
    page.gallery(missed(study), frame);
    page.heading("Data left out");
    sections::left_out(&mut page, &study.left_out);
    page.provenance(&frame.provenance);
    page.html()
}

fn lead(study: &Study) -> String {
    let questions = &study.truth.questions;
    let matched = questions
        .iter()
        .filter(|question| !question.wanted.is_empty());
    format!(
        "{} questions, {} of them with a match, asked of {} pictures; {} rows left out",
        questions.len(),
        matched.count(),
        study.truth.references.len(),
        study.left_out.len()
    )
}

/// Every wrong answer beside what was asked.
fn wrong_answers(study: &Study) -> impl Iterator<Item = Thumbnail> {
    study
        .measured
        .wrong
        .iter()
        .take(SHOWN / 2)
        .flat_map(|found| {
            let answered = format!(
                "answered {:.3}: {}",
                found.score,
                shown_path(Path::new(&found.db))
            );
            [
                Thumbnail::of_file(
                    study.root.join(&found.query),
                    format!("asked: {}", shown_path(Path::new(&found.query))),
                ),
                Thumbnail::of_file(study.root.join(&found.db), answered),
            ]
        })
}

fn missed(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let missed = study.measured.missed.iter().take(SHOWN);
    missed.map(|file| Thumbnail::of_file(study.root.join(file), shown_path(Path::new(file))))
}

/// Precision against recall of every method.
pub(in crate::evaluate) fn precision_chart(measured: &Measured) -> Chart {
    let curves = measured.curves.iter();
    let series =
        curves.map(|(method, points)| Series::new(&method.to_string(), points.iter().copied()));
    Chart::lines(
        "Precision against recall, all questions",
        Axis::share("recall"),
        Axis::share("precision"),
        series.collect(),
    )
}

/// A row per transformation: what the first method finds in short, and how much the others find.
pub(in crate::evaluate) fn add_transformations(page: &mut Page, parts: &[Part]) {
    let mut methods: Vec<&Method> = parts.iter().map(|part| &part.method).collect();
    methods.dedup();
    let Some((first, others)) = methods.split_first() else {
        return;
    };
    let mut header = vec!["transformation".to_owned(), "questions".into()];
    header.extend(IN_SHORT.iter().map(|measure| format!("{first}: {measure}")));
    header.extend(
        others
            .iter()
            .map(|method| format!("{method}: {}", IN_SHORT[0])),
    );
    let mut table = Table::new(&header);
    for part in parts.iter().filter(|part| part.method == **first) {
        if !part.transformation.is_empty() {
            table.push(transformation_row(part, others, parts));
        }
    }
    page.table(&table);
}

fn transformation_row(part: &Part, others: &[&Method], parts: &[Part]) -> Vec<Cell> {
    let questions = part.figures.first().map_or(0, |figure| figure.photographs);
    let mut row = vec![Cell::text(&part.transformation), Cell::count(questions)];
    row.extend(
        IN_SHORT
            .iter()
            .map(|measure| Figure::share_cell(part.figure(measure))),
    );
    row.extend(others.iter().map(|method| {
        let other = parts
            .iter()
            .find(|other| other.method == **method && other.transformation == part.transformation);
        Figure::share_cell(other.and_then(|other| other.figure(&IN_SHORT[0])))
    }));
    row
}

impl Part {
    /// The figure of one measure.
    #[must_use]
    pub fn figure(&self, measure: &Measure) -> Option<&Figure> {
        self.figures
            .iter()
            .find(|figure| figure.measure == *measure)
    }
}

/// A figure of a part as a row of a table.
#[derive(Serialize)]
pub(in crate::evaluate) struct PartRow<'a> {
    method: &'a Method,
    transformation: &'a str,
    figure: &'a Measure,
    value: Option<f64>,
    low95: Option<f64>,
    high95: Option<f64>,
    questions: usize,
    groups: usize,
    note: &'a str,
}

/// The figures of every part.
pub(in crate::evaluate) fn part_rows(parts: &[Part]) -> impl Iterator<Item = PartRow<'_>> {
    parts.iter().flat_map(|part| {
        part.figures.iter().map(|figure| PartRow {
            method: &part.method,
            transformation: &part.transformation,
            figure: &figure.measure,
            value: figure.value,
            low95: figure.interval.map(|[low, _]| low),
            high95: figure.interval.map(|[_, high]| high),
            questions: figure.photographs,
            groups: figure.groups,
            note: &figure.note,
        })
    })
}

#[derive(Serialize)]
struct MissedRow<'a> {
    query: &'a str,
}

fn json(study: &Study, frame: &Frame) -> Value {
    json!({
        "schema": "faunalens.matching.v1",
        "configuration": frame.provenance.to_json(),
        "questions": study.truth.questions.len(),
        "references": study.truth.references.len(),
        "parts": study.measured.parts,
        "missed": study.measured.missed.len(),
        "wrong": study.measured.wrong.len(),
        "left_out": study.left_out,
    })
}
