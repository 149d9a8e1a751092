//! The summary as the figures that every report has.

use crate::evaluate::figure::{Figure, Measure};

use super::measures::Summary;
use super::share::Share;
use super::slices::Slice;

/// The summary's figures. Intervals of shares are Wilson's, of none and all the exact ones;
/// quantiles of the error have none.
pub(super) fn figures(summary: &Summary) -> Vec<Figure> {
    let elephants = &summary.elephant_called_mammoth;
    let mut figures = vec![of_share("", Measure::ElephantCalledMammoth, elephants)];
    figures.extend(summary.false_lattices.iter().map(|surface| {
        let measure = Measure::FalseLattice(surface.kind.clone());
        of_share("", measure, &surface.measured)
    }));
    figures.extend(summary.slices.iter().flat_map(of_slice));
    figures
}

fn of_slice(slice: &Slice) -> [Figure; 7] {
    let label = slice.to_string();
    let quantile = |measure, value| Figure {
        label: label.clone(),
        measure,
        value,
        interval: None,
        photographs: slice.coverage.of,
        groups: slice.coverage.of,
        note: String::new(),
    };
    [
        of_share(&label, Measure::LatticeMeasured, &slice.measured),
        quantile(Measure::MedianAngleError, slice.median_error),
        quantile(Measure::AngleErrorPercentile95, slice.p95_error),
        quantile(Measure::AngleBias, slice.bias),
        of_share(&label, Measure::IntervalCoverage, &slice.coverage),
        of_share(&label, Measure::SpeciesDecided, &slice.decided),
        of_share(&label, Measure::SpeciesWrong, &slice.wrong),
    ]
}

fn of_share(label: &str, measure: Measure, share: &Share) -> Figure {
    let (low, high) = share.interval();
    Figure {
        label: label.to_owned(),
        measure,
        value: share.value(),
        interval: (share.of > 0).then_some([low, high]),
        photographs: share.of,
        groups: share.of,
        note: format!("{} of {}", share.hits, share.of),
    }
}
