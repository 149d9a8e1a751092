//! A finished study as a folder: `report.html`, `report.json` and tables.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::evaluate::figure::{self, Figure, FigureRow, Measure, OperatingPoint};
use crate::evaluate::rows::Grouping;
use crate::evaluate::sections::{self, SHOWN};
use crate::report::chart::{Axis, Chart, Series};
use crate::report::html::{Cell, Page, Table, Thumbnail};
use crate::report::{Frame, ReportError, ReportFolder, shown_path};

use super::measures::Curves;
use super::study::Study;

/// Cards up to which those of the labels are shown beside those of all.
const MOST_CARDS: usize = 9;
/// Lowest false-positive rate of the curves.
const LOWEST_RATE: f64 = 1e-3;
/// Points of a curve in curves.csv, about.
const CURVE_POINTS: usize = 1000;
const INTERVALS: &str = "Intervals are 95 % percentile intervals of a bootstrap over whole \
    groups: they tell what other groups of the same kind would give, not what another source \
    would. A figure without a value is not defined or not supported by so few data.";

/// Writes the study into `folder`.
///
/// # Errors
/// [`ReportError`] naming the file that cannot be written.
pub fn write(study: &Study, frame: &Frame, folder: &Path) -> Result<(), ReportError> {
    let folder = ReportFolder::create(folder)?;
    folder.write_text("report.html", &page(study, frame))?;
    folder.write_json("report.json", &json(study, frame))?;
    let figures = study.measured.figures.iter();
    folder.write_table("figures.csv", figures.map(FigureRow::from))?;
    folder.write_text("scored.csv", &study.scored.to_csv())?;
    folder.write_table("left_out.csv", &study.scored.left_out)?;
    folder.write_table("leaks.csv", &study.leaks.leaks)?;
    write_confusion(study, &folder)?;
    folder.write_table("curves.csv", curve_rows(study))
}

fn page(study: &Study, frame: &Frame) -> String {
    let mut page = Page::new("How well photographs are classified", &lead(study));
    page.cards(cards(study).into_iter().map(Figure::card));
    page.paragraph(INTERVALS);
    page.heading("Label by label");
    page.table(&label_table(study));
    page.heading("Confusion");
    page.confusion_matrix(&study.scored.labels, &study.measured.confusion);
    page.heading("Curves");
    page.charts(&charts(study));
    add_every_figure(&mut page, study);
    page.heading("Worst errors");
    page.gallery(worst_errors(study), frame);
    add_data_left_out(&mut page, study);
    page.provenance(&frame.provenance);
    page.html()
}

fn lead(study: &Study) -> String {
    let groups = study
        .measured
        .figures
        .first()
        .map_or(0, |figure| figure.groups);
    format!(
        "{} photographs in {groups} groups ({}), {} labels; {} rows left out",
        study.scored.rows.len(),
        match study.scored.grouping {
            Grouping::Manifest => "the manifest's groups or sellers",
            Grouping::NearDuplicates => "near-duplicates together",
        },
        study.scored.labels.len(),
        study.scored.left_out.len()
    )
}

impl Study {
    /// The first figure of a label (of all if empty) whose measure is wanted.
    fn find(&self, label: &str, wanted: impl Fn(&Measure) -> bool) -> Option<&Figure> {
        let mut figures = self.measured.figures.iter();
        figures.find(|figure| figure.label == label && wanted(&figure.measure))
    }
}

fn is_recall_at_flag(measure: &Measure) -> bool {
    matches!(measure, Measure::RecallAt(OperatingPoint::Flag(_)))
}

fn is_false_positive_rate_at_flag(measure: &Measure) -> bool {
    matches!(
        measure,
        Measure::FalsePositiveRateAt(OperatingPoint::Flag(_))
    )
}

/// Two cards a label are a summary for a few labels only; the table has all.
fn cards(study: &Study) -> Vec<&Figure> {
    let of_all = [
        Measure::Accuracy,
        Measure::BalancedAccuracy,
        Measure::ExpectedCalibrationError,
    ];
    let of_all = of_all
        .iter()
        .filter_map(|wanted| study.find("", |found| found == wanted));
    let of_all: Vec<&Figure> = of_all.collect();
    let of_labels = study.scored.labels.iter().flat_map(|label| {
        let recall = study.find(label, is_recall_at_flag);
        recall
            .into_iter()
            .chain(study.find(label, is_false_positive_rate_at_flag))
    });
    let cards: Vec<&Figure> = of_all.iter().copied().chain(of_labels).collect();
    if cards.len() > MOST_CARDS {
        of_all
    } else {
        cards
    }
}

fn label_table(study: &Study) -> Table {
    let mut table = Table::new(&[
        "label",
        "photographs",
        "precision",
        "recall",
        "F1",
        "average precision",
        "recall at false-positive rate 0.01",
        "recall at flag",
        "false-positive rate at flag",
    ]);
    let hundredth = Measure::RecallAt(OperatingPoint::FalsePositiveRate(0.01));
    for label in &study.scored.labels {
        let is = |wanted: Measure| move |measure: &Measure| *measure == wanted;
        let recall = study.find(label, is(Measure::Recall));
        let figures = [
            study.find(label, is(Measure::Precision)),
            recall,
            study.find(label, is(Measure::F1)),
            study.find(label, |found| {
                matches!(found, Measure::AveragePrecision { .. })
            }),
            study.find(label, is(hundredth.clone())),
            study.find(label, is_recall_at_flag),
            study.find(label, is_false_positive_rate_at_flag),
        ];
        let photographs = recall.map_or(0, |figure| figure.photographs);
        let mut row = vec![Cell::text(label), Cell::count(photographs)];
        row.extend(figures.map(Figure::share_cell));
        table.push(row);
    }
    table
}

fn add_every_figure(page: &mut Page, study: &Study) {
    let of = |label: &str| {
        let figures = study.measured.figures.iter();
        figure::table(figures.filter(|figure| figure.label == label))
    };
    page.heading("Every figure");
    page.paragraph("All labels together:");
    page.table(&of(""));
    for label in &study.scored.labels {
        page.folded_table(label, &of(label));
    }
}

fn worst_errors(study: &Study) -> impl Iterator<Item = Thumbnail> {
    let scored = &study.scored;
    study.measured.errors.iter().take(SHOWN).map(|&row| {
        let row = &scored.rows[row];
        let best = row.best();
        let caption = format!(
            "{}: {} {:.2}, is {} {:.2}",
            shown_path(Path::new(&row.file)),
            scored.labels[best],
            row.scores[best],
            scored.labels[row.label],
            row.scores[row.label]
        );
        Thumbnail::of_file(study.root.join(&row.file), caption)
    })
}

fn add_data_left_out(page: &mut Page, study: &Study) {
    page.heading("Data left out");
    page.paragraph(&study.leaks.describe());
    if study.scored.merged > 0 {
        page.paragraph(&format!(
            "{} groups were put together with another because they share a near-duplicate.",
            study.scored.merged
        ));
    }
    sections::left_out(page, &study.scored.left_out);
}

fn charts(study: &Study) -> [Chart; 4] {
    [
        recall_chart(study),
        precision_chart(study),
        reliability_chart(study),
        selective_chart(study),
    ]
}

/// Curves of the labels that some photograph shows.
fn positive_curves(study: &Study) -> impl Iterator<Item = &Curves> {
    let curves = study.measured.curves.iter();
    curves.filter(|curve| curve.positives > 0)
}

fn recall_chart(study: &Study) -> Chart {
    let series = positive_curves(study).map(|curve| {
        let points = curve
            .points
            .iter()
            .map(|point| (point.false_positive_rate, point.recall));
        Series::new(
            &curve.label,
            std::iter::once((LOWEST_RATE, 0.0)).chain(points),
        )
    });
    Chart::lines(
        "Recall against false positives",
        Axis::logarithmic("false-positive rate", LOWEST_RATE, 1.0),
        Axis::share("recall"),
        series.collect(),
    )
}

fn precision_chart(study: &Study) -> Chart {
    let series = positive_curves(study).map(|curve| {
        let points = curve
            .points
            .iter()
            .map(|point| (point.recall, point.precision));
        Series::new(&curve.label, points)
    });
    Chart::lines(
        "Precision against recall",
        Axis::share("recall"),
        Axis::share("precision"),
        series.collect(),
    )
}

fn reliability_chart(study: &Study) -> Chart {
    let bins = study
        .measured
        .calibration
        .bins
        .iter()
        .filter(|bin| bin.0 > 0.0);
    Chart::lines(
        "Confidence and truth",
        Axis::share("confidence"),
        Axis::share("share right"),
        vec![Series::new("all", bins.map(|bin| (bin.1, bin.2)))],
    )
    .with_diagonal()
}

fn selective_chart(study: &Study) -> Chart {
    let points = &study.measured.selective;
    let most_wrong = points.iter().fold(0.0, |most, point| point.1.max(most));
    Chart::lines(
        "Error when only the surest are answered",
        Axis::share("share answered"),
        Axis::share_up_to("share wrong", most_wrong),
        vec![Series::new("all", points.iter().copied())],
    )
}

fn write_confusion(study: &Study, folder: &ReportFolder) -> Result<(), ReportError> {
    let labels = &study.scored.labels;
    let mut header = vec!["true"];
    header.extend(labels.iter().map(String::as_str));
    let counts = study.measured.confusion.chunks(labels.len());
    let rows = labels.iter().zip(counts).map(|(label, counts)| {
        let counts = counts.iter().map(u64::to_string);
        std::iter::once(label.clone())
            .chain(counts)
            .collect::<Vec<_>>()
    });
    folder.write_records("confusion.csv", &header, rows)
}

/// A point of a curve as a row of a table.
#[derive(Serialize)]
struct CurveRow<'a> {
    label: &'a str,
    threshold: f64,
    recall: f64,
    false_positive_rate: f64,
    precision: f64,
}

fn curve_rows(study: &Study) -> impl Iterator<Item = CurveRow<'_>> {
    study.measured.curves.iter().flat_map(|curve| {
        let step = curve.points.len().div_ceil(CURVE_POINTS).max(1);
        curve.points.iter().step_by(step).map(|point| CurveRow {
            label: &curve.label,
            threshold: point.threshold,
            recall: point.recall,
            false_positive_rate: point.false_positive_rate,
            precision: point.precision,
        })
    })
}

fn json(study: &Study, frame: &Frame) -> serde_json::Value {
    let (scored, measured) = (&study.scored, &study.measured);
    json!({
        "schema": "faunalens.evaluation.v1",
        "configuration": frame.provenance.to_json(),
        "photographs": scored.rows.len(),
        "labels": scored.labels,
        "grouping": scored.grouping,
        "left_out": scored.left_out,
        "leaks": study.leaks.leaks,
        "leaks_taken_out": study.leaks.taken_out,
        "groups_merged": scored.merged,
        "scored_but_not_in_manifest": scored.not_asked,
        "figures": measured.figures,
        "confusion": measured.confusion.chunks(scored.labels.len()).collect::<Vec<_>>(),
        "reliability": measured.calibration.bins,
    })
}
