//! Lattices that wander, as real ivory's do: what speaks for them, summed as log odds.

use crate::schreger::config::{Config, DisorderConfig, ExtentLimits};
use crate::schreger::evidence::Evidence;

impl Evidence {
    /// Whether a fit that allows for disorder and for any tilt is worth its time.
    pub(crate) fn may_be_disordered(&self, limits: &DisorderConfig) -> bool {
        let faint = limits.least_contrast..=limits.most_contrast;
        faint.contains(&self.contrast)
            && (self.outer_zone || self.log_odds_curved > limits.least_log_odds)
    }

    /// Whether the sum of what was found speaks for ivory.
    pub(crate) fn speaks_for_ivory(&self, config: &Config) -> bool {
        let limits = &config.disorder;
        let within = |value: f64, [low, high]: [f64; 2]| (low..=high).contains(&value);
        within(self.angle_deg, limits.angles_deg)
            && within(self.periods_round, limits.periods_round)
            && self.scatter <= limits.most_relative_scatter * self.scatter_straight
            && self.log_stretch <= limits.most_stretch
            && self.angle_gain_deg >= config.refusal.pattern.least_angle_gain_deg
            && self.agreement >= config.refusal.centre.least_agreement
            && self.covers_enough(&config.refusal.extent)
            && self.least_log_odds() >= limits.least_curved
            && self.log_odds_of_ivory(limits) >= limits.least_log_odds
    }

    /// Log odds against the likelier of straight lines and exchanged bisectors.
    fn least_log_odds(&self) -> f64 {
        self.log_odds_curved.min(self.log_odds_orientation)
    }

    /// All that speaks for ivory, as log odds.
    fn log_odds_of_ivory(&self, limits: &DisorderConfig) -> f64 {
        let rim = if self.outer_zone {
            limits.rim_log_odds
        } else {
            0.0
        };
        self.least_log_odds() + rim
    }

    fn covers_enough(&self, limits: &ExtentLimits) -> bool {
        !self.is_border(limits)
            && self.breadth >= limits.least_breadth
            && self.radial_periods >= limits.least_radial_periods
            && self.periods[0].min(self.periods[1]) >= limits.least_period
    }
}
