//! Why what was followed is not a Schreger lattice.

use crate::schreger::config::{CentreLimits, Config, CurvatureLimits, ExtentLimits, PatternLimits};
use crate::schreger::evidence::Evidence;
use crate::schreger::reason::Reason;

impl Evidence {
    /// Reasons why what was followed is not a Schreger lattice; empty where nothing speaks against
    /// it.
    pub(crate) fn refusals(&self, config: &Config) -> Vec<Reason> {
        let limits = &config.refusal;
        let oriented = self.log_odds_orientation >= config.orientation.least_log_odds;
        let surely_curved = self.log_odds_curved > config.orientation.least_log_odds_curved;
        let (centre, pattern) = (&limits.centre, &limits.pattern);
        let gain = self.angle_gain_deg;
        let checks = [
            (
                self.lacks_centre(surely_curved, centre),
                Reason::NoCommonCentre,
            ),
            (self.is_straight(&limits.curvature), Reason::StraightLattice),
            (
                self.is_too_small(oriented, &limits.extent),
                Reason::TooFewPeriods,
            ),
            (
                oriented && gain < pattern.least_angle_gain_deg,
                Reason::AngleFallsOutward,
            ),
            (
                self.contrast > pattern.most_contrast,
                Reason::ContrastTooStrong,
            ),
            (
                self.contrast < pattern.least_contrast,
                Reason::ContrastTooWeak,
            ),
            (self.log_stretch > pattern.most_stretch, Reason::TooOblique),
            (self.has_foreign_angle(pattern), Reason::AngleOutOfRange),
        ];
        let refused = checks.into_iter().filter(|(refused, _)| *refused);
        refused.map(|(_, reason)| reason).collect()
    }

    /// Whether the families do not belong to one centre.
    fn lacks_centre(&self, surely_curved: bool, limits: &CentreLimits) -> bool {
        let excused = self.scatter <= limits.most_scatter_curved
            && self.log_odds_curved >= limits.beyond_doubt
            && self.angle_deg < limits.most_angle_curved_deg;
        let loose = self.scatter > limits.most_scatter && !excused;
        let curved = self.log_odds_curved.min(limits.most_curved_counted);
        let torn =
            surely_curved && self.log_odds_orientation < limits.least_orientation_share * curved;
        loose || torn || self.agreement < limits.least_agreement
    }

    /// Whether the lines are straight and evenly spaced.
    fn is_straight(&self, limits: &CurvatureLimits) -> bool {
        self.log_odds_curved < limits.least_log_odds
            || self.scatter > limits.most_relative_scatter * self.scatter_straight
            || self.periods_round > limits.most_periods_round
    }

    /// Whether too little of the lattice is seen. Without orientation "radial" may be either way.
    fn is_too_small(&self, oriented: bool, limits: &ExtentLimits) -> bool {
        let range = self.radii.outer - self.radii.inner;
        let independent = 2.0 * self.breadth * range / self.window_side.max(1e-9);
        self.breadth < limits.least_breadth
            || independent < limits.least_independent_windows
            || (oriented && self.radial_periods < limits.least_radial_periods)
            || self.is_border(limits)
    }

    /// Whether the lattice is a band of a few rows, as of beads round a frame.
    pub(crate) fn is_border(&self, limits: &ExtentLimits) -> bool {
        let depth = (self.radii.outer - self.radii.inner) / self.window_side.max(1e-9);
        let few = |[below, least]: &[f64; 2]| depth < *below && self.radial_periods < *least;
        self.breadth >= limits.band_breadth && limits.bands.iter().any(few)
    }

    /// Whether the angle lies outside what ivory shows, or where it is believed only of a faint,
    /// fine pattern.
    fn has_foreign_angle(&self, limits: &PatternLimits) -> bool {
        let rare = self.angle_deg > limits.rare_angle_deg
            && (self.contrast > limits.most_rare_contrast
                || self.periods_round < limits.least_rare_periods_round);
        rare || !(limits.least_angle_deg..=limits.most_angle_deg).contains(&self.angle_deg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(change: impl Fn(&mut Evidence)) -> Vec<Reason> {
        let mut evidence = Evidence::sound();
        change(&mut evidence);
        evidence.refusals(&Config::default())
    }

    #[test]
    fn nothing_speaks_against_a_sound_section() {
        assert_eq!(refusals(|_| {}), []);
    }

    #[test]
    fn a_strip_or_a_few_rows_have_too_few_periods() {
        // The edge of a fan and the bezel of a brooch were measured over 25 windows in a strip
        // narrower than one.
        assert_eq!(refusals(|e| e.breadth = 0.9), [Reason::TooFewPeriods]);
        assert_eq!(
            refusals(|e| e.radial_periods = 4.0),
            [Reason::TooFewPeriods]
        );
        // Six windows of concentric rings were left of more, and read as elephant.
        assert_eq!(refusals(|e| e.radii.inner = 485.0), [Reason::TooFewPeriods]);
    }

    #[test]
    fn a_band_of_a_few_rows_is_a_border_of_beads() {
        // A border of three rows was measured: its windows reach over both edges.
        let band =
            |e: &mut Evidence| (e.radii.inner, e.breadth, e.radial_periods) = (430.0, 7.0, 7.2);
        assert_eq!(refusals(band), [Reason::TooFewPeriods]);
        // The flat rim of a bangle has finer lines.
        let fine = |e: &mut Evidence| {
            band(e);
            e.radial_periods = 14.0;
        };
        assert_eq!(refusals(fine), []);
        // A small face is no band.
        let small = |e: &mut Evidence| {
            band(e);
            e.breadth = 2.0;
        };
        assert_eq!(refusals(small), []);
    }

    #[test]
    fn an_angle_that_falls_outward_is_no_tusks() {
        // Rays and rings of wood's end grain cross at an angle that falls away from the pith.
        assert_eq!(
            refusals(|e| e.angle_gain_deg = -10.0),
            [Reason::AngleFallsOutward]
        );
        assert_eq!(refusals(|e| e.angle_gain_deg = -6.0), []);
    }
}
