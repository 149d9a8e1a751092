//! The plots: on the page, and as files.

use crate::report::chart::{Axis, Chart, Series};
use crate::schreger::Species;

use super::measures::{Outcome, Summary};
use super::slices::{Factor, Slice};

/// Ends of the axes of angles, degrees.
const ANGLES: (f64, f64) = (20.0, 170.0);
/// Least end of the axis of errors, degrees.
const LEAST_ERROR: f64 = 10.0;

/// True against measured angle, elephants and mammoths apart.
pub(super) fn angles(outcomes: &[Outcome]) -> Chart {
    let degrees = |name: &str| Axis::linear(name, ANGLES.0, ANGLES.1);
    let is = |wanted: Species| move |species| species == Some(wanted);
    let series = vec![
        angle_series("elephant", outcomes, is(Species::Elephant)),
        angle_series("mammoth", outcomes, is(Species::Mammoth)),
        angle_series("other", outcomes, |species| {
            !matches!(species, Some(Species::Elephant | Species::Mammoth))
        }),
    ];
    Chart::scatter(
        "True and measured angle",
        degrees("true angle, degrees"),
        degrees("measured angle, degrees"),
        series,
    )
    .with_diagonal()
}

fn angle_series(
    name: &str,
    outcomes: &[Outcome],
    is_wanted: impl Fn(Option<Species>) -> bool,
) -> Series {
    let outcomes = outcomes
        .iter()
        .filter(|outcome| is_wanted(outcome.case.species));
    let points = outcomes.filter_map(|outcome| {
        let read = outcome.reading.as_ref().ok()?.angle_deg?;
        Some((outcome.case.angle_deg?, read))
    });
    Series::new(name, points)
}

/// Share wrong among decided against share decided.
pub(super) fn risk(summary: &Summary) -> Chart {
    let points = summary
        .risk
        .iter()
        .map(|point| (point.share_decided, point.share_wrong));
    let most = points
        .clone()
        .fold(0.0, |most: f64, point| most.max(point.1));
    Chart::dotted_lines(
        "Species: wrong among decided",
        Axis::share("share of pictures with a species named"),
        Axis::share_up_to("share wrong", most),
        vec![Series::new("all", points)],
    )
}

/// Median and 95th percentile of the error along each factor of the picture, on one scale.
pub(super) fn errors(summary: &Summary) -> [Chart; 4] {
    let errors = summary.slices.iter().filter_map(|slice| slice.p95_error);
    let error = Axis::up_to(
        "absolute error, degrees",
        errors.fold(LEAST_ERROR, f64::max),
    );
    [
        (Factor::Tilt, "Error by tilt", "tilt, degrees"),
        (
            Factor::PixelsPerPeriod,
            "Error by resolution",
            "pixels per period",
        ),
        (Factor::Contrast, "Error by contrast", "Michelson contrast"),
        (Factor::Jpeg, "Error by compression", "JPEG quality"),
    ]
    .map(|(factor, title, axis)| errors_along(summary, factor, title, axis, &error))
}

fn errors_along(summary: &Summary, factor: Factor, title: &str, axis: &str, error: &Axis) -> Chart {
    let bins: Vec<&Slice> = (summary.slices.iter())
        .filter(|slice| slice.factor == factor)
        .collect();
    let series = |name: &str, error: fn(&Slice) -> Option<f64>| {
        let points = bins
            .iter()
            .filter_map(|slice| Some((slice.from?, error(slice)?)));
        Series::new(name, points)
    };
    let last = bins
        .iter()
        .filter_map(|slice| slice.from)
        .fold(0.0, f64::max);
    Chart::dotted_lines(
        title,
        Axis::up_to(&format!("{axis}: lower end of the bin"), last),
        error.clone(),
        vec![
            series("median", |slice| slice.median_error),
            series("95th percentile", |slice| slice.p95_error),
        ],
    )
}
