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
        let half = config.interval.factor * evidence.standard_error_deg;
        Self {
            ci90_deg: Some([(folded - half).max(0.0), (folded + half).min(90.0)]),
            folded_angle_deg: Some(folded),
            ..Self::without(Status::Measured, vec![Reason::OrientationUnknown])
        }
    }

    /// What is said of a lattice that wanders, or is seen from far aside: an angle with a wider
    /// interval.
    pub(crate) fn disordered(evidence: &Evidence, config: &Config) -> Self {
        let error = config.disorder.wider * evidence.standard_error_deg;
        Self::with_angle(evidence, error, Reason::DisorderedLattice, config)
    }

    fn oriented(evidence: &Evidence, config: &Config) -> Self {
        let error = evidence.standard_error_deg;
        Self::with_angle(evidence, error, Reason::TooFewPeriods, config)
    }

    /// The angle with its standard error (degrees), and the species where the lattice is clear
    /// enough to name it; where it is not, `unclear` tells why.
    fn with_angle(evidence: &Evidence, error: f64, unclear: Reason, config: &Config) -> Self {
        let (angle, outer_zone) = (evidence.angle_deg, evidence.outer_zone);
        let clear = evidence.is_clear_enough_to_name(error, &config.orientation);
        let species = match clear {
            true => Species::of_angle(angle, error, outer_zone),
            false => Species::Undecided,
        };
        let reasons = match (species, outer_zone) {
            _ if !clear => vec![unclear],
            (Species::Undecided, true) => vec![Reason::AngleInOverlap],
            (Species::Undecided, false) => vec![Reason::OuterZoneNotShown],
            _ => Vec::new(),
        };
        let half = config.interval.factor * error;
        Self {
            angle_deg: Some(angle),
            ci90_deg: Some([(angle - half).max(0.0), (angle + half).min(180.0)]),
            folded_angle_deg: Some(angle.min(180.0 - angle)),
            orientation: Orientation::Radial,
            species,
            log10_lr_elephant_vs_mammoth: Some(log10_likelihood_ratio(angle, error, outer_zone)),
            windows: evidence.windows.len(),
            ..Self::without(Status::Measured, reasons)
        }
    }
}

impl Evidence {
    /// Whether so much of the lattice is seen, and its tilt so well told, that its species may be
    /// named from an angle of this standard error (degrees): over a few windows the lines of
    /// another warped pattern are curved alike.
    fn is_clear_enough_to_name(&self, error: f64, config: &OrientationConfig) -> bool {
        let faint_within_a_rim = self.outer_zone && self.contrast <= config.most_contrast_of_rim;
        let rim = match faint_within_a_rim {
            true => config.rim_log_odds,
            false => 0.0,
        };
        let log_odds = self.log_odds_orientation.min(self.log_odds_curved) + rim;
        log_odds >= config.least_log_odds_named && error <= config.most_error_named_deg
    }

    /// Whether the radial bisector is known.
    fn is_oriented(&self, config: &OrientationConfig) -> bool {
        let log_odds = self.log_odds_orientation.min(self.log_odds_curved);
        self.log_odds_orientation >= config.least_log_odds
            && self.log_odds_curved >= config.least_log_odds_curved
            && (log_odds >= config.beyond_doubt
                || self.scatter <= config.most_relative_scatter * self.scatter_straight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl Fn(&mut Evidence)) -> Evidence {
        let mut evidence = Evidence::sound();
        change(&mut evidence);
        evidence
    }

    fn regular(change: impl Fn(&mut Evidence)) -> Reading {
        Reading::of_evidence(&changed(change), &Config::default())
    }

    fn disordered(change: impl Fn(&mut Evidence)) -> Reading {
        Reading::disordered(&changed(change), &Config::default())
    }

    #[test]
    fn a_clear_lattice_that_wanders_names_its_species() {
        let reading = disordered(|e| e.scatter = 0.08);
        assert_eq!(reading.species, Species::Mammoth);
        assert_eq!(reading.reasons, []);
        // Its interval is wider than a regular lattice's.
        let width = |reading: &Reading| reading.ci90_deg.map(|[low, high]| high - low);
        assert!(width(&reading) > width(&regular(|_| {})));
    }

    #[test]
    fn no_species_is_named_where_the_tilt_is_not_told() {
        // An elephant of 121 degrees, seen from 28 degrees aside, was read as 60 with an error of
        // 11: the fit had taken the tilt for 55.
        let reading = disordered(|e| (e.angle_deg, e.standard_error_deg) = (60.0, 9.2));
        assert_eq!(reading.species, Species::Undecided);
        assert_eq!(reading.reasons, [Reason::DisorderedLattice]);
    }

    #[test]
    fn a_rim_speaks_for_a_faint_lattice_alone() {
        let odds = |contrast, outer_zone| {
            regular(move |e| {
                (e.log_odds_orientation, e.log_odds_curved) = (55.0, 60.0);
                (e.contrast, e.outer_zone) = (contrast, outer_zone);
            })
        };
        assert_eq!(odds(0.04, true).species, Species::Mammoth);
        assert_eq!(odds(0.12, true).reasons, [Reason::TooFewPeriods]);
        assert_eq!(odds(0.04, false).reasons, [Reason::TooFewPeriods]);
    }

    #[test]
    fn the_radial_direction_is_known_where_the_odds_leave_no_doubt_of_it() {
        // A slowly bending elephant's lattice of 128 degrees scattered half as much about the fit as
        // about straight lines, with log odds of 794.
        let wanders = |odds| {
            regular(move |e| {
                (e.scatter, e.scatter_straight) = (0.048, 0.096);
                (e.log_odds_orientation, e.log_odds_curved) = (odds, odds);
            })
        };
        assert_eq!(wanders(794.0).orientation, Orientation::Radial);
        assert_eq!(wanders(100.0).orientation, Orientation::Unknown);
    }
}
