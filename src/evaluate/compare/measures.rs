//! The figures of two results, their paired differences, and what changed.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::evaluate::bootstrap::Resampling;
use crate::evaluate::classify::Thresholds;
use crate::evaluate::classify::measures::{Prepared, supports};
use crate::evaluate::figure::{Figure, Measure};
use crate::evaluate::left_out::{Exclusion, LeftOut, Which};
use crate::evaluate::metrics::mcnemar;
use crate::evaluate::rows::{Row, Scored};

/// A photograph that the two name differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The photograph.
    pub file: String,
    /// What it shows.
    pub label: String,
    /// What the first says, and with which score.
    pub first: String,
    /// See `first`.
    pub first_score: f64,
    /// What the second says, and with which score.
    pub second: String,
    /// See `second`.
    pub second_score: f64,
}

/// One figure of both, and their difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Second less first, with its paired interval.
    #[serde(flatten)]
    pub difference: Figure,
    /// The first's value.
    pub first: Option<f64>,
    /// The second's value.
    pub second: Option<f64>,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Every figure.
    pub figures: Vec<Difference>,
    /// Photographs that only the first, and only the second, names rightly.
    pub only: [u64; 2],
    /// Probability of so uneven a split were both equally good (exact McNemar test).
    pub mcnemar: f64,
    /// Photographs named differently, those that went from right to wrong first.
    pub changed: Vec<Changed>,
    /// Photographs compared.
    pub photographs: usize,
    /// Rows that only one of the two has.
    pub left_out: Vec<LeftOut>,
}

/// Compares two sets of rows with the same labels, each at its own thresholds. Rows are matched by
/// file; the bootstrap draws the same groups for both.
#[must_use]
pub fn compare(
    first: &Scored,
    second: &Scored,
    thresholds: [&Thresholds; 2],
    resampling: Resampling,
) -> Comparison {
    let (a, b, left_out) = paired(first, second);
    let only = right_in_one(&a.rows, &b.rows);
    Comparison {
        figures: differences(&a, &b, thresholds, resampling),
        only,
        mcnemar: mcnemar(only[0], only[1]),
        changed: changed(&a, &b),
        photographs: a.rows.len(),
        left_out,
    }
}

/// The rows that both have, in the first's order, and those that only one has.
fn paired(first: &Scored, second: &Scored) -> (Scored, Scored, Vec<LeftOut>) {
    let places: HashMap<&str, usize> = (second.rows.iter().enumerate())
        .map(|(place, row)| (row.file.as_str(), place))
        .collect();
    let known: HashSet<&str> = first.rows.iter().map(|row| row.file.as_str()).collect();
    let (mut a, mut b) = (first.clone(), second.clone());
    a.rows.retain(|row| places.contains_key(row.file.as_str()));
    b.rows = (a.rows.iter())
        .map(|row| second.rows[places[row.file.as_str()]].clone())
        .collect();
    let only_first = first
        .rows
        .iter()
        .filter(|row| !places.contains_key(row.file.as_str()));
    let only_second = second
        .rows
        .iter()
        .filter(|row| !known.contains(row.file.as_str()));
    let left_out = (only_first.map(|row| scored_by_one(row, Which::First)))
        .chain(only_second.map(|row| scored_by_one(row, Which::Second)));
    let left_out = left_out.collect();
    (a, b, left_out)
}

fn scored_by_one(row: &Row, which: Which) -> LeftOut {
    LeftOut {
        line: 0,
        file: row.file.clone(),
        why: Exclusion::OnlyIn(which),
    }
}

/// Every figure that the data support, of both, with the interval of the difference.
fn differences(
    a: &Scored,
    b: &Scored,
    thresholds: [&Thresholds; 2],
    resampling: Resampling,
) -> Vec<Difference> {
    // Of a label that one of them has no thresholds for, there is nothing to compare there.
    let [first, second] = shared(thresholds);
    let (one, other) = (Prepared::new(a, &first), Prepared::new(b, &second));
    let ones = vec![1; a.rows.len()];
    let (values, others) = (one.values(&ones), other.values(&ones));
    let groups: Vec<usize> = a.rows.iter().map(|row| row.group).collect();
    let intervals = resampling.intervals(&groups, |weights| {
        let pairs = one.values(weights).into_iter().zip(other.values(weights));
        pairs.map(|(x, y)| Some(y? - x?)).collect()
    });
    let supports = supports(a, &first, &one.measures);
    let supports = supports.into_iter().enumerate();
    let supported = supports.filter(|(_, support)| support.supported);
    supported
        .map(|(place, support)| Difference {
            first: values[place],
            second: others[place],
            difference: Figure {
                value: values[place].zip(others[place]).map(|(x, y)| y - x),
                interval: support.widened_difference(intervals.get(place).copied().flatten()),
                note: note(&support.figure, &first, &second),
                ..support.figure
            },
        })
        .collect()
}

/// The thresholds of the labels that both have thresholds for.
fn shared([first, second]: [&Thresholds; 2]) -> [Thresholds; 2] {
    let of_both = |thresholds: &Thresholds, others: &Thresholds| {
        let mut kept = thresholds.clone();
        kept.retain(|label, _| others.contains_key(label));
        kept
    };
    [of_both(first, second), of_both(second, first)]
}

/// Where the second's threshold is another.
fn note(figure: &Figure, first: &Thresholds, second: &Thresholds) -> String {
    let place = match figure.measure {
        Measure::RecallAt(point)
        | Measure::FalsePositiveRateAt(point)
        | Measure::PrecisionAt(point, _)
        | Measure::ReviewedPerHitAt(point, _) => point.threshold_place(),
        _ => None,
    };
    let at = |thresholds: &Thresholds| {
        let threshold = thresholds.get(&figure.label)?;
        [threshold.review, threshold.flag].get(place?).copied()
    };
    match (at(first), at(second)) {
        (Some(one), Some(other)) if one != other => format!("the second at {other:.2}"),
        _ => String::new(),
    }
}

/// Photographs that only the first, and only the second, names rightly.
fn right_in_one(first: &[Row], second: &[Row]) -> [u64; 2] {
    let mut only = [0, 0];
    for (x, y) in first.iter().zip(second) {
        match (x.best() == x.label, y.best() == y.label) {
            (true, false) => only[0] += 1,
            (false, true) => only[1] += 1,
            _ => {}
        }
    }
    only
}

/// Photographs that the two name differently: right to wrong, wrong to right, wrong to wrong.
fn changed(a: &Scored, b: &Scored) -> Vec<Changed> {
    let pairs = a.rows.iter().zip(&b.rows);
    let mut changed: Vec<(&Row, &Row)> = pairs.filter(|(x, y)| x.best() != y.best()).collect();
    changed.sort_by_key(|(x, y)| (x.best() != x.label, y.best() != y.label));
    let rows = changed.into_iter().map(|(x, y)| Changed {
        file: x.file.clone(),
        label: a.labels[x.label].clone(),
        first: a.labels[x.best()].clone(),
        first_score: x.scores[x.best()],
        second: b.labels[y.best()].clone(),
        second_score: y.scores[y.best()],
    });
    rows.collect()
}
