//! One published figure: what was measured, its value and interval, and what it rests on.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::report::html::{Card, Cell, Table};

/// What a figure tells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// Share of photographs whose best label is the true one.
    Accuracy,
    /// Mean recall over the labels.
    BalancedAccuracy,
    /// Mean F1 over the labels.
    MacroF1,
    /// Mean negative logarithm of the true label's score.
    LogLoss,
    /// Mean squared distance of the scores from the truth, 0 to 2.
    BrierScore,
    /// Mean distance of confidence from accuracy.
    ExpectedCalibrationError,
    /// Share of right answers among those that give a label.
    Precision,
    /// Share of a label's photographs that are given it.
    Recall,
    /// Harmonic mean of precision and recall.
    F1,
    /// Area under the curve of precision against recall, where this share carries the label.
    AveragePrecision {
        /// Share of the photographs that carry the label.
        prevalence: f64,
    },
    /// Area under the curve of recall against false-positive rate.
    RocAuc,
    /// Recall at an operating point.
    RecallAt(OperatingPoint),
    /// False-positive rate at an operating point.
    FalsePositiveRateAt(OperatingPoint),
    /// Precision at an operating point in a feed of this prevalence.
    PrecisionAt(OperatingPoint, Prevalence),
    /// Photographs that are reviewed for one hit, likewise.
    ReviewedPerHitAt(OperatingPoint, Prevalence),
    /// Share of a label's photographs among the first so many.
    RecallInTop(f64),
    /// Mean precision over all matches, answers to all questions ranked together.
    MicroAveragePrecision,
    /// Recall where the precision is at least this.
    RecallAtPrecision(f64),
    /// The score from which answers are that precise.
    ThresholdAtPrecision(f64),
    /// Share of questions with a right answer among the first so many.
    RecallAtRank(usize),
    /// Share of questions with a right answer at all.
    FoundAtAll,
    /// Wrong answers per question.
    WrongAnswersPerQuestion,
    /// Share of elephants that are called mammoths.
    ElephantCalledMammoth,
    /// Share of such surfaces on which a lattice is seen that is not there.
    FalseLattice(String),
    /// Share of pictures in which a lattice was measured.
    LatticeMeasured,
    /// Median of the absolute error, degrees.
    MedianAngleError,
    /// 95th percentile of the absolute error, degrees.
    AngleErrorPercentile95,
    /// Median error with its sign, degrees.
    AngleBias,
    /// Share of 90 % intervals that hold the true angle.
    IntervalCoverage,
    /// Share of pictures with a species named.
    SpeciesDecided,
    /// Share of them whose species is wrong.
    SpeciesWrong,
}

/// Where on its curve a classifier is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OperatingPoint {
    /// The highest false-positive rate that is allowed.
    FalsePositiveRate(f64),
    /// The score from which a photograph is sent to review.
    Review(f32),
    /// The score from which a photograph is flagged.
    Flag(f32),
}

impl OperatingPoint {
    /// 0 at the review threshold, 1 at the flag threshold.
    pub(super) fn threshold_place(self) -> Option<usize> {
        match self {
            Self::FalsePositiveRate(_) => None,
            Self::Review(_) => Some(0),
            Self::Flag(_) => Some(1),
        }
    }
}

/// Share of positives in a feed, 0 to 1.
pub type Prevalence = f64;

impl fmt::Display for OperatingPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FalsePositiveRate(rate) => write!(f, "false-positive rate {rate}"),
            Self::Review(score) => write!(f, "review {score:.2}"),
            Self::Flag(score) => write!(f, "flag {score:.2}"),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AveragePrecision { prevalence } => {
                write!(f, "average precision (prevalence {prevalence:.3})")
            }
            Self::RecallAt(point) => write!(f, "recall at {point}"),
            Self::FalsePositiveRateAt(point) => write!(f, "false-positive rate at {point}"),
            Self::PrecisionAt(point, share) => {
                write!(f, "precision at {point}, prevalence {share}")
            }
            Self::ReviewedPerHitAt(point, share) => {
                write!(
                    f,
                    "photographs reviewed per hit at {point}, prevalence {share}"
                )
            }
            Self::RecallInTop(depth) => write!(f, "recall in top {depth}"),
            Self::RecallAtPrecision(precision) => write!(f, "recall at precision {precision}"),
            Self::ThresholdAtPrecision(precision) => {
                write!(f, "threshold at precision {precision}")
            }
            Self::RecallAtRank(rank) => write!(f, "recall@{rank}"),
            Self::FalseLattice(kind) => write!(f, "false lattice on {kind}"),
            plain => f.write_str(plain.plain_name()),
        }
    }
}

impl Measure {
    /// The name of a measure that has no parameters.
    fn plain_name(&self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::MacroF1 => "macro F1",
            Self::LogLoss => "log loss",
            Self::BrierScore => "Brier score",
            Self::ExpectedCalibrationError => "expected calibration error",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "F1",
            Self::RocAuc => "ROC AUC",
            Self::MicroAveragePrecision => "micro-average precision",
            Self::FoundAtAll => "found at all",
            Self::WrongAnswersPerQuestion => "wrong answers per question",
            Self::ElephantCalledMammoth => "elephant called mammoth",
            Self::LatticeMeasured => "lattice measured",
            Self::MedianAngleError => "median error, degrees",
            Self::AngleErrorPercentile95 => "95th percentile of the error, degrees",
            Self::AngleBias => "bias, degrees",
            Self::IntervalCoverage => "90 % interval covers",
            Self::SpeciesDecided => "species decided",
            Self::SpeciesWrong => "species wrong of decided",
            _ => "",
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The label or part it is about; empty for all.
    pub label: String,
    /// What was measured.
    #[serde(rename = "name")]
    pub measure: Measure,
    /// Its value; `None` where it is not defined or not supported by the data.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Photographs it rests on.
    pub photographs: usize,
    /// Groups it rests on.
    pub groups: usize,
    /// What limits it, if something does.
    pub note: String,
}

impl Figure {
    /// The figure, large, under its name and label.
    pub(super) fn card(&self) -> Card {
        let caption = match self.label.as_str() {
            "" => self.measure.to_string(),
            label => format!("{label}: {}", self.measure),
        };
        Card::new(&caption, self.value, self.interval)
    }

    /// The figure as a share, drawn as a bar; empty where there is none.
    pub(super) fn share_cell(figure: Option<&Self>) -> Cell {
        figure.map_or_else(Cell::default, |figure| {
            Cell::share(figure.value, figure.interval)
        })
    }
}

/// Every figure with its interval, its data and its limits.
pub(super) fn table<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> Table {
    let mut table = Table::new(&[
        "figure",
        "value",
        "95 % interval",
        "photographs",
        "groups",
        "limits",
    ]);
    for figure in figures {
        table.push(vec![
            Cell::text(&figure.measure.to_string()),
            Cell::value(figure.value, None),
            Cell::interval(figure.interval),
            Cell::count(figure.photographs),
            Cell::count(figure.groups),
            Cell::text(&figure.note),
        ]);
    }
    table
}

/// A figure as a row of a table.
#[derive(Debug, Serialize)]
pub(super) struct FigureRow<'a> {
    label: &'a str,
    figure: &'a Measure,
    value: Option<f64>,
    low95: Option<f64>,
    high95: Option<f64>,
    photographs: usize,
    groups: usize,
    note: &'a str,
}

impl<'a> From<&'a Figure> for FigureRow<'a> {
    fn from(figure: &'a Figure) -> Self {
        Self {
            label: &figure.label,
            figure: &figure.measure,
            value: figure.value,
            low95: figure.interval.map(|[low, _]| low),
            high95: figure.interval.map(|[_, high]| high),
            photographs: figure.photographs,
            groups: figure.groups,
            note: &figure.note,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_written_with_its_parameters() {
        let flag = OperatingPoint::Flag(0.9);
        let written = [
            Measure::RecallAt(OperatingPoint::FalsePositiveRate(0.001)),
            Measure::ReviewedPerHitAt(flag, 1e-4),
            Measure::AveragePrecision { prevalence: 0.5 },
            Measure::RecallInTop(100.0),
            Measure::FalseLattice("wood".into()),
        ]
        .map(|measure| measure.to_string());
        let expected = [
            "recall at false-positive rate 0.001",
            "photographs reviewed per hit at flag 0.90, prevalence 0.0001",
            "average precision (prevalence 0.500)",
            "recall in top 100",
            "false lattice on wood",
        ];
        assert_eq!(written, expected);
    }
}
