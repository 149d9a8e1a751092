//! The reading of one photograph, as the record's contract has it.

use crate::schreger::config::{Config, OrientationConfig};
use crate::schreger::evidence::Evidence;
use crate::schreger::reason::Reason;
use crate::schreger::species::{Species, log10_likelihood_ratio};
use crate::schreger::status::{Orientation, Status};
use serde::{Deserialize, Serialize};

/// The reading, field by field as the record's contract has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// How the reading ended.
    pub status: Status,
    /// Mean Schreger angle of the outermost zone seen, degrees 0..180; `None` without orientation.
    pub angle_deg: Option<f64>,
    /// 90 % interval of `angle_deg`, or of `folded_angle_deg` without orientation, degrees.
    pub ci90_deg: Option<[f64; 2]>,
    /// The smaller of the angle and 180 less the angle, degrees 0..90.
    pub folded_angle_deg: Option<f64>,
    /// Whether the radial direction is known.
    pub orientation: Orientation,
    /// Whose ivory the angle speaks for.
    pub species: Species,
    /// Base 10 logarithm of the likelihood ratio, -2..2; `None` without orientation.
    pub log10_lr_elephant_vs_mammoth: Option<f64>,
    /// Windows that carried the lattice.
    pub windows: usize,
    /// Why the reading is not more than it is.
    pub reasons: Vec<Reason>,
}

impl Reading {
    /// A reading without a measurement.
    pub fn without(status: Status, reasons: Vec<Reason>) -> Self {
        Self {
            status,
            angle_deg: None,
            ci90_deg: None,
            folded_angle_deg: None,
            orientation: Orientation::Unknown,
            species: Species::Undecided,
            log10_lr_elephant_vs_mammoth: None,
            windows: 0,
            reasons,
        }
    }

    /// What the evidence of a fitted lattice allows to be said.
    pub(crate) fn of_evidence(evidence: &Evidence, config: &Config) -> Self {
        let refusals = evidence.refusals(config);
        let shortest = evidence.periods[0].min(evidence.periods[1]);
        let reading = if !refusals.is_empty() {
            Self::without(Status::NoLattice, refusals)
        } else if shortest < config.refusal.extent.least_period {
            Self::without(Status::NotResolvable, vec![Reason::PeriodTooShort])
        } else if evidence.is_oriented(&config.orientation) {
            Self::oriented(evidence, config)
        } else {
            Self::without_orientation(evidence, config)
        };
        Self {
            windows: evidence.windows.len(),
            ..reading
        }
    }

    /// Only the folded angle is known: either bisector may be radial.
    fn without_orientation(evidence: &Evidence, config: &Config) -> Self {
        let folded = evidence.angle_deg.min(180.0 - evidence.angle_deg);
        Self {
            ci90_deg: Some(interval(folded, evidence, config, 90.0)),
            folded_angle_deg: Some(folded),
            ..Self::without(Status::Measured, vec![Reason::OrientationUnknown])
        }
    }

    /// What is said of a lattice that wanders, or is seen from far aside: an angle with a wide
    /// interval, and no species.
    pub(crate) fn disordered(evidence: &Evidence, config: &Config) -> Self {
        let error = config.disorder.wider * evidence.standard_error_deg;
        let angle = evidence.angle_deg;
        let half = config.interval.factor * error;
        let mut reasons = vec![Reason::DisorderedLattice];
        reasons.extend((!evidence.outer_zone).then_some(Reason::OuterZoneNotShown));
        Self {
            angle_deg: Some(angle),
            ci90_deg: Some([(angle - half).max(0.0), (angle + half).min(180.0)]),
            folded_angle_deg: Some(angle.min(180.0 - angle)),
            orientation: Orientation::Radial,
            log10_lr_elephant_vs_mammoth: Some(log10_likelihood_ratio(angle, error, false)),
            windows: evidence.windows.len(),
            ..Self::without(Status::Measured, reasons)
        }
    }

    fn oriented(evidence: &Evidence, config: &Config) -> Self {
        let angle = evidence.angle_deg;
        let (error, outer_zone) = (evidence.standard_error_deg, evidence.outer_zone);
        let clear = evidence.is_clear_enough_to_name(&config.orientation);
        let species = match clear {
            true => Species::of_angle(angle, error, outer_zone),
            false => Species::Undecided,
        };
        let reasons = match (species, outer_zone) {
            _ if !clear => vec![Reason::TooFewPeriods],
            (Species::Undecided, true) => vec![Reason::AngleInOverlap],
            (Species::Undecided, false) => vec![Reason::OuterZoneNotShown],
            _ => Vec::new(),
        };
        Self {
            angle_deg: Some(angle),
            ci90_deg: Some(interval(angle, evidence, config, 180.0)),
            folded_angle_deg: Some(angle.min(180.0 - angle)),
            orientation: Orientation::Radial,
            species,
            log10_lr_elephant_vs_mammoth: Some(log10_likelihood_ratio(angle, error, outer_zone)),
            ..Self::without(Status::Measured, reasons)
        }
    }
}

/// 90 % interval about an angle between 0 and `most` degrees.
fn interval(angle: f64, evidence: &Evidence, config: &Config, most: f64) -> [f64; 2] {
    let half = config.interval.factor * evidence.standard_error_deg;
    [(angle - half).max(0.0), (angle + half).min(most)]
}

impl Evidence {
    /// Whether so much of the lattice is seen that its species may be named: over a few windows
    /// the lines of another warped pattern are curved alike.
    fn is_clear_enough_to_name(&self, config: &OrientationConfig) -> bool {
        self.log_odds_orientation.min(self.log_odds_curved) >= config.least_log_odds_named
    }

    /// Whether the radial bisector is known.
    fn is_oriented(&self, config: &OrientationConfig) -> bool {
        self.log_odds_orientation >= config.least_log_odds
            && self.log_odds_curved >= config.least_log_odds_curved
            && self.scatter <= config.most_relative_scatter * self.scatter_straight
    }
}
