//! The reports of `eval classify` and `eval compare`, written out.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::photo::Limits;

use super::chart::{Axis, Line, chart};
use super::classify::{Figure, Study};
use super::compare::Comparison;
use super::leak::Leak;
use super::report::{self, Page, ReportError, csv_of, figures_csv, value};
use super::rows::{Grouping, LeftOut, Scored};

/// Worst errors and changed photographs shown on a page.
const SHOWN: usize = 48;
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
        page.cards(&cards);
        page.paragraph(
            "Intervals are 95 % percentile intervals of a bootstrap over whole groups: they tell what other groups of the same \
             kind would give, not what another source would. A figure without a value is not defined or not supported by so few data.",
        );
        page.heading("Confusion");
        page.matrix(&scored.labels, &study.confusion);
        page.heading("Curves");
        page.charts(&self.charts());
        page.heading("All labels together");
        page.figures(
            &study
                .figures
                .iter()
                .filter(|f| f.label.is_empty())
                .collect::<Vec<_>>(),
        );
        for label in &scored.labels {
            let own: Vec<&Figure> = study.figures.iter().filter(|f| &f.label == label).collect();
            page.heading(label);
            page.figures(&own);
        }
        page.heading("Worst errors");
        let shown: Vec<(std::path::PathBuf, String)> = study
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
        if shown.is_empty() {
            page.paragraph("None.");
        }
        page.gallery(
            &shown
                .iter()
                .map(|(path, words)| (path.as_path(), words.clone()))
                .collect::<Vec<_>>(),
            self.pictures,
            self.limits,
        );
        self.data(&mut page);
        configuration(&mut page, self.configuration);
        page.html()
    }

    fn data(&self, page: &mut Page) {
        page.heading("Data left out");
        let training = self.leaks.iter().filter(|leak| leak.training).count();
        page.paragraph(&format!(
            "{training} near-duplicates of training photographs and {} of photographs with another label were found{}.",
            self.leaks.len() - training,
            if self.leaks.is_empty() {
                ""
            } else if self.leaks_taken_out {
                " and taken out"
            } else {
                " and kept"
            }
        ));
        left_out(page, &self.scored.left_out);
    }

    fn charts(&self) -> Vec<String> {
        let supported: Vec<_> = self
            .study
            .curves
            .iter()
            .filter(|curve| curve.positives > 0)
            .collect();
        let of = |pick: &dyn Fn(&super::metrics::Point) -> (f64, f64),
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
        let mut text = format!("true,{}\n", labels.join(","));
        for (row, label) in self.study.confusion.chunks(labels.len()).zip(labels) {
            let cells: Vec<String> = row.iter().map(u64::to_string).collect();
            text += &format!("{label},{}\n", cells.join(","));
        }
        text
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
            "figures": self.study.figures,
            "confusion": self.study.confusion.chunks(self.scored.labels.len()).collect::<Vec<_>>(),
            "reliability": self.study.calibration.bins,
        });
        format!("{value:#}\n")
    }
}

/// Writes a comparison: `report.html`, `report.json`, `differences.csv`, `changed.csv`.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write_comparison(
    comparison: &Comparison,
    configuration_of: &Configuration,
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
    let mut label = None;
    let mut rows = Vec::new();
    let flush = |page: &mut Page, label: &Option<String>, rows: &mut Vec<Vec<String>>| {
        if let Some(label) = label {
            page.heading(if label.is_empty() {
                "All labels together"
            } else {
                label
            });
            page.table(
                &["figure", "first", "second", "difference", "95 % interval"],
                rows,
            );
        }
        rows.clear();
    };
    for row in &comparison.figures {
        if label.as_ref() != Some(&row.difference.label) {
            flush(&mut page, &label, &mut rows);
            label = Some(row.difference.label.clone());
        }
        let limits = row.difference.interval;
        rows.push(vec![
            row.difference.name.clone(),
            value(row.first),
            value(row.second),
            value(row.difference.value),
            limits.map_or(String::new(), |[low, high]| {
                format!("{} to {}", value(Some(low)), value(Some(high)))
            }),
        ]);
    }
    flush(&mut page, &label, &mut rows);
    page.heading("Photographs named differently");
    page.paragraph(&format!(
        "{} in all; right to wrong first. changed.csv has every one.",
        comparison.changed.len()
    ));
    let table: Vec<Vec<String>> = comparison
        .changed
        .iter()
        .take(SHOWN)
        .map(|row| {
            vec![
                row.file.clone(),
                row.label.clone(),
                format!("{} {:.2}", row.first, row.first_score),
                format!("{} {:.2}", row.second, row.second_score),
            ]
        })
        .collect();
    page.table(&["photograph", "is", "first", "second"], &table);
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
    let mut table = String::from("label,figure,first,second,difference,low95,high95\n");
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for row in &comparison.figures {
        let limits = row.difference.interval;
        table += &format!(
            "{},\"{}\",{},{},{},{},{}\n",
            row.difference.label,
            row.difference.name,
            number(row.first),
            number(row.second),
            number(row.difference.value),
            number(limits.map(|l| l[0])),
            number(limits.map(|l| l[1]))
        );
    }
    report::write(folder, "differences.csv", &table)?;
    report::write(folder, "changed.csv", &csv_of(&comparison.changed))
}

/// The end of an axis whose fifths are round: the next of 0.05, 0.1, 0.25, 0.5, 1.
fn round_up(most: f64) -> f64 {
    let ends = [0.05, 0.1, 0.25, 0.5];
    ends.into_iter().find(|&end| most <= end).unwrap_or(1.0)
}

/// The first rows, with their reasons.
fn left_out(page: &mut Page, rows: &[LeftOut]) {
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

fn configuration(page: &mut Page, entries: &Configuration) {
    page.heading("How this was made");
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|(name, value)| vec![name.clone(), value.clone()])
        .collect();
    page.table(&["", ""], &rows);
}
