//! The report of `eval robustness`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;

use crate::photo::Limits;

use super::{Drop, Robustness};
use crate::evaluate::classify::Figure;
use crate::evaluate::classify::report::{
    Configuration, SHOWN, configuration, gallery, leaks_in_words, left_out,
};
use crate::evaluate::compare::Difference;
use crate::evaluate::leak::Leak;
use crate::evaluate::matching::report::{SHORT, curves, parts_csv, transformations};
use crate::evaluate::table::LeftOut;
use crate::report::html::{self as report, Cell, Page, ReportError, csv_of};

/// What `eval robustness` writes.
pub struct RobustnessReport<'a> {
    /// The figures.
    pub study: &'a Robustness,
    /// Photographs looked at, and how many of them have a label of the model.
    pub photographs: [usize; 2],
    /// Near-duplicates found, and whether the leaks among them were taken out.
    pub leaks: &'a [Leak],
    /// See `leaks`.
    pub leaks_taken_out: bool,
    /// Rows and copies that were not used.
    pub left_out: &'a [LeftOut],
    /// An example of every transformation: its name and the file.
    pub examples: &'a [(String, Vec<u8>)],
    /// Versions, hashes, seed, command line.
    pub configuration: &'a Configuration,
    /// Whether thumbnails are shown.
    pub pictures: bool,
    /// Limits for decoding them.
    pub limits: &'a Limits,
    /// Folder to which the files are relative.
    pub root: &'a Path,
}

fn find<'a>(drop: &'a Drop, name: &str) -> Option<&'a Difference> {
    let mut rows = drop.comparison.figures.iter();
    rows.find(|row| row.difference.label.is_empty() && row.difference.name == name)
}

impl RobustnessReport<'_> {
    /// Writes `report.html`, `report.json` and the tables into `folder`.
    ///
    /// # Errors
    /// [`ReportError`] naming the file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        report::make(folder)?;
        report::write(folder, "report.html", &self.page())?;
        report::write(folder, "report.json", &self.json())?;
        report::write(folder, "classification.csv", &self.classification())?;
        report::write(
            folder,
            "matching.csv",
            &parts_csv(&self.study.matching.parts),
        )?;
        report::write(folder, "unsteady.csv", &csv_of(&self.study.unsteady))?;
        report::write(folder, "left_out.csv", &csv_of(self.left_out))?;
        report::write(folder, "leaks.csv", &csv_of(self.leaks))
    }

    fn page(&self) -> String {
        let study = self.study;
        let [all, labelled] = self.photographs;
        let mut page = Page::new(
            "What reposting costs",
            &format!(
                "{all} photographs under {} transformations; {labelled} have a label of the model; {} rows left out",
                self.examples.len(),
                self.left_out.len()
            ),
        );
        let worst = (study.drops.iter())
            .filter_map(|drop| Some((drop, find(drop, "accuracy")?)))
            .min_by(|a, b| {
                let lost = |row: &Difference| row.difference.value.unwrap_or(f64::INFINITY);
                lost(a.1).total_cmp(&lost(b.1))
            });
        let mut first: Vec<Figure> = Vec::new();
        if let Some((drop, row)) = worst {
            first.push(Figure {
                name: "accuracy of the originals".into(),
                value: row.first,
                interval: None,
                ..row.difference.clone()
            });
            first.push(Figure {
                name: format!("accuracy lost or won at worst: {}", drop.transformation),
                ..row.difference.clone()
            });
        }
        let all = study.matching.parts.iter();
        for part in all.filter(|part| part.transformation.is_empty()) {
            first.extend(
                part.figures
                    .iter()
                    .filter(|figure| figure.name == SHORT[0])
                    .cloned(),
            );
        }
        page.cards(&first.iter().collect::<Vec<_>>());
        page.paragraph(
            "Every copy is made from the pixels of its photograph and stored again as JPEG. Classification: the copies' figures less the originals', \
             with 95 % intervals of a paired bootstrap over groups; an interval that holds 0 shows no loss. Matching: every copy is asked of an index of the originals; \
             near-duplicates of a photograph, and the other pictures in a collage, count neither as right nor as wrong.",
        );
        page.heading("Classification");
        if study.drops.is_empty() {
            page.paragraph(
                "No photograph has a label that the model knows; only matching was measured.",
            );
        } else {
            page.cells(
                &[
                    "transformation",
                    "photographs",
                    "accuracy",
                    "accuracy, difference",
                    "balanced accuracy, difference",
                    "log loss, difference",
                    "other label",
                ],
                &study
                    .drops
                    .iter()
                    .map(classification_row)
                    .collect::<Vec<_>>(),
            );
        }
        page.heading("Matching");
        transformations(&mut page, &study.matching.parts);
        page.charts(&[curves(&study.matching)]);
        if self.pictures {
            page.heading("The transformations");
            let examples = self.examples.iter();
            page.pictures(
                examples.map(|(name, file)| (Some(file.clone()), name.clone())),
                self.limits,
            );
        }
        page.heading("Photographs that change their label most often");
        page.paragraph("unsteady.csv tells under which transformation each becomes what.");
        let shown: Vec<(PathBuf, String)> = (study.unsteady.iter().take(SHOWN / 2))
            .map(|one| {
                let words = format!(
                    "{}: is {}, said {}; something else under {} of {}",
                    one.file,
                    one.label,
                    one.said,
                    one.count,
                    self.examples.len()
                );
                (self.root.join(&one.file), words)
            })
            .collect();
        gallery(&mut page, &shown, self.pictures, self.limits);
        page.heading("Data left out");
        page.paragraph(&leaks_in_words(self.leaks, self.leaks_taken_out));
        left_out(&mut page, self.left_out);
        configuration(&mut page, self.configuration);
        page.html()
    }

    fn classification(&self) -> String {
        #[derive(Serialize)]
        struct Row<'a> {
            transformation: &'a str,
            label: &'a str,
            figure: &'a str,
            original: Option<f64>,
            transformed: Option<f64>,
            difference: Option<f64>,
            low95: Option<f64>,
            high95: Option<f64>,
            photographs: usize,
        }
        let rows: Vec<Row> = (self.study.drops.iter())
            .flat_map(|drop| {
                drop.comparison.figures.iter().map(|row| Row {
                    transformation: &drop.transformation,
                    label: &row.difference.label,
                    figure: &row.difference.name,
                    original: row.first,
                    transformed: row.second,
                    difference: row.difference.value,
                    low95: row.difference.interval.map(|limits| limits[0]),
                    high95: row.difference.interval.map(|limits| limits[1]),
                    photographs: row.difference.photographs,
                })
            })
            .collect();
        csv_of(&rows)
    }

    fn json(&self) -> String {
        let drops: Vec<_> = (self.study.drops.iter())
            .map(|drop| {
                json!({
                    "transformation": drop.transformation,
                    "photographs": drop.comparison.photographs,
                    "other_label": drop.comparison.changed.len(),
                    "figures": drop.comparison.figures,
                })
            })
            .collect();
        let value = json!({
            "schema": "faunalens.robustness.v1",
            "configuration": self.configuration.iter().cloned().collect::<BTreeMap<_, _>>(),
            "photographs": self.photographs[0],
            "labelled": self.photographs[1],
            "classification": drops,
            "matching": self.study.matching.parts,
            "leaks": self.leaks,
            "leaks_taken_out": self.leaks_taken_out,
            "left_out": self.left_out,
        });
        format!("{value:#}\n")
    }
}

fn classification_row(drop: &Drop) -> Vec<Cell> {
    let photographs = drop.comparison.photographs;
    let difference = |name: &str| {
        let row = find(drop, name);
        Cell::difference(
            row.and_then(|row| row.difference.value),
            row.and_then(|row| row.difference.interval),
        )
    };
    let changed = drop.comparison.changed.len() as f64 / photographs.max(1) as f64;
    vec![
        Cell::text(&drop.transformation),
        Cell::text(&photographs.to_string()),
        Cell::share(find(drop, "accuracy").and_then(|row| row.second), None),
        difference("accuracy"),
        difference("balanced accuracy"),
        difference("log loss"),
        Cell::share(Some(changed), None),
    ]
}
