//! The Schreger study in the frame that all reports share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::figures::{Figure as Share, Summary};
use super::{Frame, Outcome};
use crate::evaluate::classify::Figure;
use crate::evaluate::classify::report::{SHOWN, configuration, gallery, left_out};
use crate::photo::Limits;
use crate::report::chart::{Axis, Line, chart, scatter};
use crate::report::html::Page;
use crate::schreger::Species;

/// Slices at the head of a summary that are no bins of a factor.
const HEADLINES: usize = 4;
const RENDERED: &str = "Where the manifest is the project's generator, every picture with a lattice is a rendered case: such figures show that the \
    reader inverts the geometry it assumes, and that its intervals hold for that kind of picture. They do not prove accuracy on photographs of real tusks.";

fn share(label: &str, name: &str, share: &Share) -> Figure {
    let (low, high) = share.interval();
    Figure {
        label: label.to_owned(),
        name: name.to_owned(),
        value: share.share(),
        interval: (share.of > 0).then_some([low, high]),
        photographs: share.of,
        groups: share.of,
        note: format!("{} of {}", share.hits, share.of),
    }
}

/// The summary's figures. Intervals of shares are Wilson's; quantiles of the error have none.
pub(super) fn figures(summary: &Summary) -> Vec<Figure> {
    let mut figures = vec![share(
        "",
        "elephant called mammoth",
        &summary.elephant_called_mammoth,
    )];
    for false_lattice in &summary.false_lattices {
        let name = format!("false lattice on {}", false_lattice.kind);
        figures.push(share("", &name, &false_lattice.measured));
    }
    for slice in &summary.slices {
        let label = format!("{} {}", slice.factor, slice.bin);
        figures.push(share(&label, "lattice measured", &slice.measured));
        for (name, value) in [
            ("median error, degrees", slice.median_error),
            ("95th percentile of the error, degrees", slice.p95_error),
            ("bias, degrees", slice.bias),
        ] {
            figures.push(Figure {
                label: label.clone(),
                name: name.to_owned(),
                value,
                interval: None,
                photographs: slice.coverage.of,
                groups: slice.coverage.of,
                note: String::new(),
            });
        }
        figures.push(share(&label, "90 % interval covers", &slice.coverage));
        figures.push(share(&label, "species decided", &slice.decided));
        figures.push(share(&label, "species wrong of decided", &slice.wrong));
    }
    figures
}

/// The page.
pub(super) fn page(
    outcomes: &[Outcome],
    summary: &Summary,
    figures: &[Figure],
    folder: &Path,
    limits: &Limits,
    frame: Frame<'_>,
) -> String {
    let lattices = outcomes
        .iter()
        .filter(|outcome| outcome.case.lattice)
        .count();
    let mut page = Page::new(
        "How well the Schreger angle is read",
        &format!(
            "{lattices} pictures with a lattice, {} without; {} rows left out",
            outcomes.len() - lattices,
            summary.left_out.len()
        ),
    );
    let first: Vec<&Figure> = figures
        .iter()
        .filter(|figure| figure.label == "all pictures" || figure.label.is_empty())
        .filter(|figure| {
            !figure.name.starts_with("false lattice on ") || figure.name.ends_with(" all")
        })
        .collect();
    page.cards(&first);
    page.paragraph(RENDERED);
    page.heading("Angles");
    page.charts(&charts(outcomes, summary));
    page.heading("Headlines");
    let mut labels: Vec<String> = Vec::new();
    for slice in &summary.slices {
        labels.push(format!("{} {}", slice.factor, slice.bin));
    }
    for (number, label) in labels.iter().enumerate() {
        if number == HEADLINES {
            page.heading("Factor by factor");
        }
        let own: Vec<&Figure> = figures
            .iter()
            .filter(|figure| figure.label == *label)
            .collect();
        page.fold(label);
        page.figures(&own);
        page.unfold();
    }
    page.heading("Surfaces without a lattice, and elephants");
    page.figures(
        &figures
            .iter()
            .filter(|figure| figure.label.is_empty())
            .collect::<Vec<_>>(),
    );
    page.heading("Worst errors");
    gallery(&mut page, &worst(outcomes, folder), frame.pictures, limits);
    page.heading("Data left out");
    left_out(&mut page, &summary.left_out);
    configuration(&mut page, frame.configuration);
    page.html()
}

/// Angles that are furthest off, then lattices seen where there is none.
fn worst(outcomes: &[Outcome], folder: &Path) -> Vec<(PathBuf, String)> {
    let mut off: Vec<(f64, (PathBuf, String))> = outcomes
        .iter()
        .filter_map(|outcome| {
            let read = outcome.reading.as_ref().ok()?.angle_deg?;
            let file = &outcome.case.file;
            let (error, words) = match outcome.case.angle_deg {
                Some(truth) => {
                    let words = format!("{}: read {read:.1}°, is {truth:.1}°", file.display());
                    ((read - truth).abs(), words)
                }
                None if !outcome.case.lattice => {
                    let words = format!(
                        "{}: read {read:.1}° on {}",
                        file.display(),
                        outcome.case.kind
                    );
                    (f64::INFINITY, words)
                }
                None => return None,
            };
            Some((error, (folder.join(file), words)))
        })
        .collect();
    off.sort_by(|a, b| b.0.total_cmp(&a.0));
    off.into_iter()
        .take(SHOWN / 2)
        .map(|(_, entry)| entry)
        .collect()
}

fn charts(outcomes: &[Outcome], summary: &Summary) -> Vec<String> {
    let of = |species: Option<Species>| -> Vec<(f64, f64)> {
        let cases = outcomes
            .iter()
            .filter(|outcome| outcome.case.species == species);
        cases
            .filter_map(|outcome| {
                Some((
                    outcome.case.angle_deg?,
                    outcome.reading.as_ref().ok()?.angle_deg?,
                ))
            })
            .collect()
    };
    let degrees = |name| Axis {
        name,
        low: 20.0,
        high: 170.0,
        logarithmic: false,
    };
    let points = [
        Line {
            name: "elephant",
            points: of(Some(Species::Elephant)),
        },
        Line {
            name: "mammoth",
            points: of(Some(Species::Mammoth)),
        },
        Line {
            name: "other",
            points: of(None),
        },
    ];
    let most = summary
        .risk
        .iter()
        .fold(0.0, |most: f64, point| most.max(point.2));
    vec![
        scatter(
            "True and measured angle",
            degrees("true angle, degrees"),
            degrees("measured angle, degrees"),
            &points,
        ),
        chart(
            "Species: wrong among decided",
            Axis::share("share of pictures with a species named"),
            Axis {
                high: crate::evaluate::classify::report::round_up(most),
                ..Axis::share("share wrong")
            },
            &[Line {
                name: "all",
                points: summary
                    .risk
                    .iter()
                    .map(|point| (point.1, point.2))
                    .collect(),
            }],
            false,
        ),
    ]
}

/// The same as JSON.
pub(super) fn json(summary: &Summary, figures: &[Figure], frame: Frame<'_>) -> String {
    let value = json!({
        "schema": "faunalens.schreger-evaluation.v1",
        "configuration": frame.configuration.iter().cloned().collect::<BTreeMap<_, _>>(),
        "unreadable": summary.unreadable,
        "figures": figures,
        "left_out": summary.left_out,
    });
    format!("{value:#}\n")
}
