//! The reports of `eval classify` and `eval compare`, written out.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::photo::Limits;

use super::{Figure, Study};
use crate::evaluate::compare::{Comparison, Difference};
use crate::evaluate::leak::{Kind, Leak};
use crate::evaluate::rows::{Grouping, LeftOut, Scored};
use crate::report::chart::{Axis, Line, chart};
use crate::report::html::{
    self as report, Cell, Page, ReportError, csv_of, csv_rows, figures_csv, value,
};

/// Worst errors and changed photographs shown on a page.
pub(in crate::evaluate) const SHOWN: usize = 48;
/// Figures that come first.
const FIRST: [&str; 3] = [
    "accuracy",
    "balanced accuracy",
    "expected calibration error",
];

/// What a report says of its own making: names and values, in order.
pub type Configuration = Vec<(String, String)>;

/// What a study of a classifier writes.
pub struct ClassifyReport<'a> {
    /// The rows.
    pub scored: &'a Scored,
    /// The figures.
    pub study: &'a Study,
    /// Near-duplicates found, and whether they were taken out.
    pub leaks: &'a [Leak],
    /// See `leaks`.
    pub leaks_taken_out: bool,
    /// Versions, hashes, seed, command line.
    pub configuration: &'a Configuration,
    /// Whether thumbnails are shown.
    pub pictures: bool,
    /// Limits for decoding them.
    pub limits: &'a Limits,
    /// Folder to which the files of the rows are relative.
    pub root: &'a Path,
}

impl ClassifyReport<'_> {
    /// Writes `report.html`, `report.json` and the tables into `folder`.
    ///
    /// # Errors
    /// [`ReportError`] naming the file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        report::make(folder)?;
        report::write(folder, "report.html", &self.page())?;
        report::write(folder, "report.json", &self.json())?;
        report::write(folder, "figures.csv", &figures_csv(&self.study.figures))?;
        report::write(folder, "scored.csv", &self.scored.to_csv())?;
        report::write(folder, "left_out.csv", &csv_of(&self.scored.left_out))?;
        report::write(folder, "leaks.csv", &csv_of(self.leaks))?;
        report::write(folder, "confusion.csv", &self.confusion())?;
        report::write(folder, "curves.csv", &self.curves())
    }

    fn page(&self) -> String {
        let (scored, study) = (self.scored, self.study);
        let groups = study.figures.first().map_or(0, |figure| figure.groups);
        let mut page = Page::new(
            "How well photographs are classified",
            &format!(
                "{} photographs in {groups} groups ({}), {} labels; {} rows left out",
                scored.rows.len(),
                match scored.grouping {
                    Grouping::Manifest => "the manifest's groups or sellers",
                    Grouping::NearDuplicates => "near-duplicates together",
                },
                scored.labels.len(),
                scored.left_out.len()
            ),
        );
        let find = |label: &str, start: &str| {
            study
                .figures
                .iter()
                .find(|f| f.label == label && f.name.starts_with(start))
        };
        let mut cards: Vec<&Figure> = FIRST.iter().filter_map(|name| find("", name)).collect();
        for label in &scored.labels {
            cards.extend(find(label, "recall at flag"));
            cards.extend(find(label, "false-positive rate at flag"));
        }
        // Two cards a label are a summary for a few labels only; the table below has all.
        if cards.len() > 9 {
            cards.truncate(FIRST.len());
        }
        page.cards(&cards);
        page.paragraph(
            "Intervals are 95 % percentile intervals of a bootstrap over whole groups: they tell what other groups of the same \
             kind would give, not what another source would. A figure without a value is not defined or not supported by so few data.",
        );
        page.heading("Label by label");
        let header = [
            "label",
            "photographs",
            "precision",
            "recall",
            "F1",
            "average precision",
            "recall at false-positive rate 0.01",
            "recall at flag",
            "false-positive rate at flag",
        ];
        let rows: Vec<Vec<Cell>> = scored
            .labels
            .iter()
            .map(|label| {
                let of = |name: &str| Cell::figure(find(label, name));
                let photographs = find(label, "recall").map_or(0, |figure| figure.photographs);
                vec![
                    Cell::text(label),
                    Cell::text(&photographs.to_string()),
                    of("precision"),
                    of("recall"),
                    of("F1"),
                    of("average precision"),
                    of("recall at false-positive rate 0.01"),
                    of("recall at flag"),
                    of("false-positive rate at flag"),
                ]
            })
            .collect();
        page.cells(&header, &rows);
        page.heading("Confusion");
        page.matrix(&scored.labels, &study.confusion);
        page.heading("Curves");
        page.charts(&self.charts());
        page.heading("Every figure");
        page.paragraph("All labels together:");
        page.figures(
            &study
                .figures
                .iter()
                .filter(|f| f.label.is_empty())
                .collect::<Vec<_>>(),
        );
        for label in &scored.labels {
            let own: Vec<&Figure> = study.figures.iter().filter(|f| &f.label == label).collect();
            page.fold(label);
            page.figures(&own);
            page.unfold();
        }
        page.heading("Worst errors");
        let shown: Vec<(PathBuf, String)> = study
            .errors
            .iter()
            .take(SHOWN)
            .map(|&i| {
                let row = &scored.rows[i];
                let best = row.best();
                (
                    self.root.join(&row.file),
                    format!(
                        "{}: {} {:.2}, is {} {:.2}",
                        row.file,
                        scored.labels[best],
                        row.scores[best],
                        scored.labels[row.label],
                        row.scores[row.label]
                    ),
                )
            })
            .collect();
        gallery(&mut page, &shown, self.pictures, self.limits);
        self.data(&mut page);
        configuration(&mut page, self.configuration);
        page.html()
    }

    fn data(&self, page: &mut Page) {
        page.heading("Data left out");
        page.paragraph(&leaks_in_words(self.leaks, self.leaks_taken_out));
        if self.scored.merged > 0 {
            page.paragraph(&format!(
                "{} groups were put together with another because they share a near-duplicate.",
                self.scored.merged
            ));
        }
        left_out(page, &self.scored.left_out);
    }

    fn charts(&self) -> Vec<String> {
        let supported: Vec<_> = self
            .study
            .curves
            .iter()
            .filter(|curve| curve.positives > 0)
            .collect();
        let of = |pick: &dyn Fn(&crate::evaluate::metrics::Point) -> (f64, f64),
                  start: Option<(f64, f64)>|
         -> Vec<Line> {
            supported
                .iter()
                .map(|curve| Line {
                    name: &curve.label,
                    points: start
                        .into_iter()
                        .chain(curve.points.iter().map(pick))
                        .collect(),
                })
                .collect()
        };
        let rates = Axis {
            name: "false-positive rate",
            low: 1e-3,
            high: 1.0,
            logarithmic: true,
        };
        let bins = &self.study.calibration.bins;
        let most_wrong = (self.study.selective.iter()).fold(0.0, |most, point| point.1.max(most));
        vec![
            chart(
                "Recall against false positives",
                rates,
                Axis::share("recall"),
                &of(
                    &|point| (point.false_positive_rate, point.recall),
                    Some((1e-3, 0.0)),
                ),
                false,
            ),
            chart(
                "Precision against recall",
                Axis::share("recall"),
                Axis::share("precision"),
                &of(&|point| (point.recall, point.precision), None),
                false,
            ),
            chart(
                "Confidence and truth",
                Axis::share("confidence"),
                Axis::share("share right"),
                &[Line {
                    name: "all",
                    points: bins
                        .iter()
                        .filter(|bin| bin.0 > 0.0)
                        .map(|bin| (bin.1, bin.2))
                        .collect(),
                }],
                true,
            ),
            chart(
                "Error when only the surest are answered",
                Axis::share("share answered"),
                Axis {
                    high: round_up(most_wrong),
                    ..Axis::share("share wrong")
                },
                &[Line {
                    name: "all",
                    points: self.study.selective.clone(),
                }],
                false,
            ),
        ]
    }

    fn confusion(&self) -> String {
        let labels = &self.scored.labels;
        let header = std::iter::once("true".to_owned()).chain(labels.iter().cloned());
        let rows = self.study.confusion.chunks(labels.len()).zip(labels);
        let rows = rows.map(|(row, label)| {
            std::iter::once(label.clone())
                .chain(row.iter().map(u64::to_string))
                .collect()
        });
        csv_rows(std::iter::once(header.collect()).chain(rows))
    }

    fn curves(&self) -> String {
        #[derive(Serialize)]
        struct Row<'a> {
            label: &'a str,
            threshold: f64,
            recall: f64,
            false_positive_rate: f64,
            precision: f64,
        }
        let mut rows = Vec::new();
        for curve in &self.study.curves {
            let step = curve.points.len().div_ceil(1000).max(1);
            rows.extend(curve.points.iter().step_by(step).map(|point| Row {
                label: &curve.label,
                threshold: point.threshold,
                recall: point.recall,
                false_positive_rate: point.false_positive_rate,
                precision: point.precision,
            }));
        }
        csv_of(&rows)
    }

    fn json(&self) -> String {
        let value = json!({
            "schema": "faunalens.evaluation.v1",
            "configuration": self.configuration.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "photographs": self.scored.rows.len(),
            "labels": self.scored.labels,
            "grouping": self.scored.grouping,
            "left_out": self.scored.left_out,
            "leaks": self.leaks,
            "leaks_taken_out": self.leaks_taken_out,
            "groups_merged": self.scored.merged,
            "scored_but_not_in_manifest": self.scored.not_asked,
            "figures": self.study.figures,
            "confusion": self.study.confusion.chunks(self.scored.labels.len()).collect::<Vec<_>>(),
            "reliability": self.study.calibration.bins,
        });
        format!("{value:#}\n")
    }
}

/// Writes a comparison: `report.html`, `report.json`, `differences.csv`, `changed.csv`, `left_out.csv`. `pictures` is the folder to which the
/// photographs are relative; without it the page shows none.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write_comparison(
    comparison: &Comparison,
    configuration_of: &Configuration,
    pictures: Option<&Path>,
    limits: &Limits,
    folder: &Path,
) -> Result<(), ReportError> {
    report::make(folder)?;
    let mut page = Page::new(
        "Two results on the same photographs",
        &format!(
            "{} photographs; {} that only the first names rightly, {} that only the second does; \
             exact McNemar test p = {}",
            comparison.photographs,
            comparison.only[0],
            comparison.only[1],
            value(Some(comparison.mcnemar))
        ),
    );
    page.paragraph("Differences are second less first; an interval that holds 0 shows no difference. The bootstrap draws the same groups for both.");
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<&Difference> {
        let rows = comparison.figures.iter();
        rows.filter(|row| wanted(&row.difference.label)).collect()
    };
    page.heading("All labels together");
    page.cells(&DIFFERENCES, &in_cells(&of(&|label| label.is_empty())));
    let mut labels: Vec<&str> = Vec::new();
    for row in &comparison.figures {
        let label = row.difference.label.as_str();
        if !label.is_empty() && labels.last() != Some(&label) {
            labels.push(label);
        }
    }
    page.heading("Label by label");
    for label in labels {
        page.fold(label);
        page.cells(&DIFFERENCES, &in_cells(&of(&|other| other == label)));
        page.unfold();
    }
    page.heading("Photographs named differently");
    page.paragraph(&format!(
        "{} in all; right to wrong first. changed.csv has every one.",
        comparison.changed.len()
    ));
    let shown: Vec<(PathBuf, String)> = comparison
        .changed
        .iter()
        .take(SHOWN)
        .map(|row| {
            (
                pictures.unwrap_or(Path::new("")).join(&row.file),
                format!(
                    "{}: is {}; first {} {:.2}, second {} {:.2}",
                    row.file, row.label, row.first, row.first_score, row.second, row.second_score
                ),
            )
        })
        .collect();
    gallery(&mut page, &shown, pictures.is_some(), limits);
    page.heading("Data left out");
    left_out(&mut page, &comparison.left_out);
    configuration(&mut page, configuration_of);
    report::write(folder, "report.html", &page.html())?;
    let json = json!({
        "schema": "faunalens.comparison.v1",
        "configuration": configuration_of.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "photographs": comparison.photographs,
        "only_first_right": comparison.only[0],
        "only_second_right": comparison.only[1],
        "mcnemar_p": comparison.mcnemar,
        "figures": comparison.figures,
        "left_out": comparison.left_out,
    });
    report::write(folder, "report.json", &format!("{json:#}\n"))?;
    report::write(
        folder,
        "differences.csv",
        &differences_csv(&comparison.figures),
    )?;
    report::write(folder, "left_out.csv", &csv_of(&comparison.left_out))?;
    report::write(folder, "changed.csv", &csv_of(&comparison.changed))
}

const DIFFERENCES: [&str; 4] = ["figure", "first", "second", "difference"];

fn in_cells(rows: &[&Difference]) -> Vec<Vec<Cell>> {
    let cells = rows.iter().map(|row| {
        vec![
            Cell::text(&row.difference.name),
            Cell::value(row.first, None),
            Cell::value(row.second, None),
            Cell::difference(row.difference.value, row.difference.interval),
        ]
    });
    cells.collect()
}

/// Differences as CSV.
#[must_use]
pub fn differences_csv(rows: &[Difference]) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        label: &'a str,
        figure: &'a str,
        first: Option<f64>,
        second: Option<f64>,
        difference: Option<f64>,
        low95: Option<f64>,
        high95: Option<f64>,
    }
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            label: &row.difference.label,
            figure: &row.difference.name,
            first: row.first,
            second: row.second,
            difference: row.difference.value,
            low95: row.difference.interval.map(|limits| limits[0]),
            high95: row.difference.interval.map(|limits| limits[1]),
        })
        .collect();
    csv_of(&rows)
}

/// What the search for near-duplicates found.
pub(in crate::evaluate) fn leaks_in_words(leaks: &[Leak], taken_out: bool) -> String {
    let count = |kind| leaks.iter().filter(|leak| leak.kind == kind).count();
    let (training, other, same) = (
        count(Kind::Training),
        count(Kind::OtherLabel),
        count(Kind::SameLabel),
    );
    format!(
        "{training} near-duplicates of training photographs and {other} of photographs with another label were found{}. {same} are \
         near-duplicates of a photograph with the same label: they stay, in one group.",
        match (training + other, taken_out) {
            (0, _) => "",
            (_, true) => " and taken out",
            (_, false) => " and kept",
        }
    )
}

/// Thumbnails with captions, or that there are none.
pub(in crate::evaluate) fn gallery(
    page: &mut Page,
    shown: &[(PathBuf, String)],
    pictures: bool,
    limits: &Limits,
) {
    if shown.is_empty() {
        page.paragraph("None.");
    }
    let entries: Vec<(&Path, String)> = shown
        .iter()
        .map(|(path, words)| (path.as_path(), words.clone()))
        .collect();
    page.gallery(&entries, pictures, limits);
}

/// The end of an axis whose fifths are round: the next of 0.05, 0.1, 0.25, 0.5, 1.
pub(in crate::evaluate) fn round_up(most: f64) -> f64 {
    let ends = [0.05, 0.1, 0.25, 0.5];
    ends.into_iter().find(|&end| most <= end).unwrap_or(1.0)
}

/// The first rows, with their reasons.
pub(in crate::evaluate) fn left_out(page: &mut Page, rows: &[LeftOut]) {
    if rows.is_empty() {
        page.paragraph("No row was left out.");
        return;
    }
    page.paragraph(&format!(
        "{} rows were left out; left_out.csv and report.json have every one.",
        rows.len()
    ));
    let table: Vec<Vec<String>> = rows
        .iter()
        .take(50)
        .map(|row| vec![row.line.to_string(), row.file.clone(), row.why.clone()])
        .collect();
    page.table(&["line", "file", "why"], &table);
}

pub(in crate::evaluate) fn configuration(page: &mut Page, entries: &Configuration) {
    page.heading("How this was made");
    let rows: Vec<Vec<Cell>> = entries
        .iter()
        .map(|(name, value)| vec![Cell::words(name), Cell::words(value)])
        .collect();
    page.cells(&["", ""], &rows);
}
