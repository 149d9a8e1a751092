//! The report of `eval match`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::photo::Limits;

use super::{Found, Part, Study};
use crate::evaluate::classify::Figure;
use crate::evaluate::classify::report::{Configuration, SHOWN, configuration, gallery, left_out};
use crate::evaluate::table::LeftOut;
use crate::evaluate::truth::Truth;
use crate::report::chart::{Axis, Line, chart};
use crate::report::html::{self as report, Cell, Page, ReportError, csv_of};

/// Figures of a method in the table of transformations.
pub(in crate::evaluate) const SHORT: [&str; 4] = [
    "found at all",
    "micro-average precision",
    "recall at precision 0.9",
    "recall@1",
];

/// What `eval match` writes.
pub struct MatchReport<'a> {
    /// What is true.
    pub truth: &'a Truth,
    /// The figures.
    pub study: &'a Study,
    /// Rows and answers that were not used.
    pub left_out: &'a [LeftOut],
    /// Versions, hashes, seed, command line.
    pub configuration: &'a Configuration,
    /// Whether thumbnails are shown.
    pub pictures: bool,
    /// Limits for decoding them.
    pub limits: &'a Limits,
    /// Folder to which the files are relative.
    pub root: &'a Path,
}

impl MatchReport<'_> {
    /// Writes `report.html`, `report.json` and the tables into `folder`.
    ///
    /// # Errors
    /// [`ReportError`] naming the file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        report::make(folder)?;
        report::write(folder, "report.html", &self.page())?;
        report::write(folder, "report.json", &self.json())?;
        report::write(folder, "figures.csv", &parts_csv(&self.study.parts))?;
        report::write(folder, "left_out.csv", &csv_of(self.left_out))?;
        report::write(folder, "wrong.csv", &csv_of(&self.study.wrong))?;
        report::write(folder, "missed.csv", &missed_csv(&self.study.missed))
    }

    fn page(&self) -> String {
        let (truth, study) = (self.truth, self.study);
        let matched = truth
            .questions
            .iter()
            .filter(|q| !q.wanted.is_empty())
            .count();
        let mut page = Page::new(
            "How well the same picture is found again",
            &format!(
                "{} questions, {matched} of them with a match, asked of {} pictures; {} rows left out",
                truth.questions.len(),
                truth.references.len(),
                self.left_out.len()
            ),
        );
        if let Some(first) = study.parts.first() {
            page.cards(&first.figures.iter().collect::<Vec<_>>());
        }
        page.paragraph(
            "Micro-average precision ranks the answers to all questions together; answers of one score count in the worst order. Intervals are 95 % \
             percentile intervals of a bootstrap over groups of questions that share a picture. A threshold is a score of its method: for the index 2 is the \
             same bytes, 1 and above PDQ (1 plus the share of equal bits), below 1 the cosine of a descriptor whose landmarks agree.",
        );
        page.heading("Curves");
        page.charts(&[curves(study)]);
        page.heading("Method by method");
        for part in study
            .parts
            .iter()
            .filter(|part| part.transformation.is_empty())
        {
            page.paragraph(&part.method);
            page.figures(&part.figures.iter().collect::<Vec<_>>());
        }
        if study
            .parts
            .iter()
            .any(|part| !part.transformation.is_empty())
        {
            page.heading("Transformation by transformation");
            transformations(&mut page, &study.parts);
        }
        page.heading("Surest wrong answers");
        let pairs: Vec<(PathBuf, String)> = study
            .wrong
            .iter()
            .take(SHOWN / 2)
            .flat_map(
                |Found {
                     query, db, score, ..
                 }| {
                    [
                        (self.root.join(query), format!("asked: {query}")),
                        (self.root.join(db), format!("answered {score:.3}: {db}")),
                    ]
                },
            )
            .collect();
        gallery(&mut page, &pairs, self.pictures, self.limits);
        page.heading("Not found");
        page.paragraph(&format!(
            "{} questions with a match got none of theirs; missed.csv has every one.",
            study.missed.len()
        ));
        let missed: Vec<(PathBuf, String)> = (study.missed.iter().take(SHOWN))
            .map(|file| (self.root.join(file), file.clone()))
            .collect();
        gallery(&mut page, &missed, self.pictures, self.limits);
        page.heading("Data left out");
        left_out(&mut page, self.left_out);
        configuration(&mut page, self.configuration);
        page.html()
    }

    fn json(&self) -> String {
        let value = json!({
            "schema": "faunalens.matching.v1",
            "configuration": self.configuration.iter().cloned().collect::<BTreeMap<_, _>>(),
            "questions": self.truth.questions.len(),
            "references": self.truth.references.len(),
            "parts": self.study.parts,
            "missed": self.study.missed.len(),
            "wrong": self.study.wrong.len(),
            "left_out": self.left_out,
        });
        format!("{value:#}\n")
    }
}

fn missed_csv(missed: &[String]) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        query: &'a str,
    }
    csv_of(&missed.iter().map(|query| Row { query }).collect::<Vec<_>>())
}

/// Precision against recall of every method.
pub(in crate::evaluate) fn curves(study: &Study) -> String {
    let lines: Vec<Line> = study
        .curves
        .iter()
        .map(|(name, points)| Line {
            name,
            points: points.clone(),
        })
        .collect();
    chart(
        "Precision against recall, all questions",
        Axis::share("recall"),
        Axis::share("precision"),
        &lines,
        false,
    )
}

fn find<'a>(part: &'a Part, name: &str) -> Option<&'a Figure> {
    part.figures.iter().find(|figure| figure.name == name)
}

/// A row per transformation: what the first method finds in short, and how much the others find.
pub(in crate::evaluate) fn transformations(page: &mut Page, parts: &[Part]) {
    let mut methods: Vec<&str> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for part in parts {
        if !methods.contains(&part.method.as_str()) {
            methods.push(&part.method);
        }
        if !part.transformation.is_empty() && !names.contains(&part.transformation.as_str()) {
            names.push(&part.transformation);
        }
    }
    let Some((first, others)) = methods.split_first() else {
        return;
    };
    let mut header = vec!["transformation".to_owned(), "questions".into()];
    header.extend(SHORT.iter().map(|name| format!("{first}: {name}")));
    header.extend(
        others
            .iter()
            .map(|method| format!("{method}: {}", SHORT[0])),
    );
    let rows: Vec<Vec<Cell>> = names
        .iter()
        .map(|name| {
            let of = |method: &str| {
                let mut own = parts.iter();
                own.find(|part| part.method == method && part.transformation == *name)
            };
            let part = of(first);
            let questions = part.and_then(|part| part.figures.first());
            let mut cells = vec![
                Cell::text(name),
                Cell::text(&questions.map_or(0, |figure| figure.photographs).to_string()),
            ];
            cells.extend(
                SHORT
                    .iter()
                    .map(|name| Cell::figure(part.and_then(|part| find(part, name)))),
            );
            cells.extend(
                others
                    .iter()
                    .map(|method| Cell::figure(of(method).and_then(|part| find(part, SHORT[0])))),
            );
            cells
        })
        .collect();
    page.cells(
        &header.iter().map(String::as_str).collect::<Vec<_>>(),
        &rows,
    );
}

/// The figures of every part as CSV.
pub(in crate::evaluate) fn parts_csv(parts: &[Part]) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        method: &'a str,
        transformation: &'a str,
        figure: &'a str,
        value: Option<f64>,
        low95: Option<f64>,
        high95: Option<f64>,
        questions: usize,
        groups: usize,
        note: &'a str,
    }
    let rows: Vec<Row> = parts
        .iter()
        .flat_map(|part| {
            part.figures.iter().map(|figure| Row {
                method: &part.method,
                transformation: &part.transformation,
                figure: &figure.name,
                value: figure.value,
                low95: figure.interval.map(|limits| limits[0]),
                high95: figure.interval.map(|limits| limits[1]),
                questions: figure.photographs,
                groups: figure.groups,
                note: &figure.note,
            })
        })
        .collect();
    csv_of(&rows)
}
