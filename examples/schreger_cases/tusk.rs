//! A tusk's section: whose it is, how large, and the course of its Schreger lattice.

use crate::chance::Chance;
use std::f32::consts::TAU;

/// Whose tusk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taxon {
    Elephant,
    Mammoth,
}

impl Taxon {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        if chance.with(0.5) {
            Self::Elephant
        } else {
            Self::Mammoth
        }
    }

    /// Outer angle, degrees: Espinoza and Mann 1993; five in a hundred mammoths reach up to 125
    /// (Abelova 2008).
    fn outer_angle(self, chance: &mut Chance) -> f32 {
        match self {
            Self::Elephant => chance.clipped(124.2, 9.3, 95.0, 163.0),
            Self::Mammoth if chance.with(0.05) => chance.range(90.0, 125.0),
            Self::Mammoth => chance.clipped(73.7, 9.8, 35.0, 115.0),
        }
    }
}

/// The lattice in polar coordinates about the tusk's axis, millimetres and degrees.
pub(crate) struct Tusk {
    pub(crate) taxon: Taxon,
    /// Radius of the section without its cementum.
    pub(crate) rim: f32,
    /// Radius of the pulp cavity.
    pub(crate) pulp: f32,
    /// Tangential period at the rim.
    pub(crate) wavelength: f32,
    /// Tangential periods round the axis.
    pub(crate) periods: f32,
    inner_angle: f32,
    outer_angle: f32,
    exponent: f32,
    /// Radial phase per period, sampled from `phase_start` to just beyond the rim.
    radial_phase: Vec<f32>,
}

impl Tusk {
    pub(crate) fn draw(taxon: Taxon, chance: &mut Chance) -> Self {
        let rim = chance.log_range(15.0, 90.0);
        let pulp = rim * chance.range(0.03, 0.5);
        let wavelength = chance.range(0.8, 1.3);
        let outer_angle = taxon.outer_angle(chance);
        let inner_angle = match taxon {
            Taxon::Elephant => chance.range(30.0, 90.0),
            Taxon::Mammoth => chance.range(25.0, 40.0).min(outer_angle - 3.0),
        };
        let mut tusk = Self {
            taxon,
            rim,
            pulp,
            wavelength,
            periods: (TAU * rim / wavelength).round(),
            inner_angle,
            outer_angle,
            exponent: chance.range(0.5, 2.0),
            radial_phase: Vec::new(),
        };
        tusk.integrate();
        tusk
    }

    pub(crate) fn is_elephant(&self) -> bool {
        self.taxon == Taxon::Elephant
    }

    /// Schreger angle at a radius.
    pub(crate) fn angle(&self, r: f32) -> f32 {
        let s = ((r - self.pulp) / (self.rim - self.pulp)).clamp(0.0, 1.0);
        self.inner_angle + (self.outer_angle - self.inner_angle) * s.powf(self.exponent)
    }

    /// The smaller of the two periods at the rim.
    pub(crate) fn shortest_period(&self) -> f32 {
        let radial = self.wavelength / (self.outer_angle.to_radians() / 2.0).tan();
        self.wavelength.min(radial)
    }

    fn phase_start(&self) -> f32 {
        (self.pulp * 0.8).max(self.rim * 0.02)
    }

    fn integrate(&mut self) {
        const STEPS: usize = 4000;
        let start = self.phase_start();
        let step = (self.rim * 1.02 - start) / STEPS as f32;
        let mut sum = 0.0f64;
        self.radial_phase = (0..=STEPS)
            .map(|i| {
                let r = start + (i as f32 + 0.5) * step;
                let here = sum;
                sum += ((self.angle(r).to_radians() / 2.0).tan() / r * step) as f64;
                here as f32
            })
            .collect();
    }

    /// Radial phase of the lattice at a radius, radians.
    pub(crate) fn radial_phase(&self, r: f32) -> f32 {
        let phase = &self.radial_phase;
        let start = self.phase_start();
        let at = ((r - start) / (self.rim * 1.02 - start) * (phase.len() - 1) as f32)
            .clamp(0.0, (phase.len() - 2) as f32);
        let i = at as usize;
        self.periods * (phase[i] + (phase[i + 1] - phase[i]) * (at - i as f32))
    }
}
