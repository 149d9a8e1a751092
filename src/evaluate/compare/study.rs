//! Two models, versions or tools on the same photographs: is the difference more than chance?

use std::collections::HashMap;

use serde::Serialize;

use crate::evaluate::bootstrap;
use crate::evaluate::classify::{Figure, Settings, plans, prepare};
use crate::evaluate::metrics::mcnemar;
use crate::evaluate::rows::{LeftOut, Scored};

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

/// A finished comparison.
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

/// Compares two sets of rows with the same labels. Rows are matched by file; the bootstrap draws the same groups for both.
#[must_use]
pub fn compare(first: &Scored, second: &Scored, settings: &Settings) -> Comparison {
    let places: HashMap<&str, usize> = second
        .rows
        .iter()
        .enumerate()
        .map(|(i, row)| (row.file.as_str(), i))
        .collect();
    let mut left_out = Vec::new();
    let only_one = |file: &str, which: &str| LeftOut {
        line: 0,
        file: file.to_owned(),
        why: format!("only the {which} has scores for it"),
    };
    let (mut a, mut b) = (first.clone(), second.clone());
    (a.rows, b.rows) = first
        .rows
        .iter()
        .filter_map(|row| match places.get(row.file.as_str()) {
            Some(&at) => Some((row.clone(), second.rows[at].clone())),
            None => {
                left_out.push(only_one(&row.file, "first"));
                None
            }
        })
        .unzip();
    let known: HashMap<&str, ()> = first
        .rows
        .iter()
        .map(|row| (row.file.as_str(), ()))
        .collect();
    let missing = second
        .rows
        .iter()
        .filter(|row| !known.contains_key(row.file.as_str()));
    left_out.extend(missing.map(|row| only_one(&row.file, "second")));

    let (one, other) = (prepare(&a, settings), prepare(&b, settings));
    let ones = vec![1; a.rows.len()];
    let (values, others) = (one.figures(&ones), other.figures(&ones));
    let groups: Vec<usize> = a.rows.iter().map(|row| row.group).collect();
    let intervals = bootstrap::intervals(&groups, settings.resamples, settings.seed, |weights| {
        let (x, y) = (one.figures(weights), other.figures(weights));
        x.into_iter().zip(y).map(|(x, y)| Some(y? - x?)).collect()
    });
    let figures = plans(&a, settings)
        .into_iter()
        .enumerate()
        .filter(|(_, plan)| plan.supported)
        .map(|(k, plan)| Difference {
            first: values[k],
            second: others[k],
            difference: Figure {
                label: plan.label,
                name: plan.name,
                value: values[k].zip(others[k]).map(|(x, y)| y - x),
                interval: intervals.get(k).copied().flatten(),
                photographs: plan.photographs,
                groups: plan.groups,
                note: String::new(),
            },
        })
        .collect();
    let mut only = [0, 0];
    let mut changed = Vec::new();
    for (x, y) in a.rows.iter().zip(&b.rows) {
        let (said, now) = (x.best(), y.best());
        let right = (said == x.label, now == x.label);
        only[0] += u64::from(right == (true, false));
        only[1] += u64::from(right == (false, true));
        if said != now {
            changed.push((
                match right {
                    (true, false) => 0,
                    (false, true) => 1,
                    _ => 2,
                },
                Changed {
                    file: x.file.clone(),
                    label: a.labels[x.label].clone(),
                    first: a.labels[said].clone(),
                    first_score: x.scores[said],
                    second: b.labels[now].clone(),
                    second_score: y.scores[now],
                },
            ));
        }
    }
    changed.sort_by_key(|(rank, _)| *rank);
    Comparison {
        figures,
        only,
        mcnemar: mcnemar(only[0], only[1]),
        changed: changed.into_iter().map(|(_, row)| row).collect(),
        photographs: a.rows.len(),
        left_out,
    }
}
