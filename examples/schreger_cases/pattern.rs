//! How strongly and how evenly the lattice shows.

use crate::chance::{Chance, Field, smoothstep};
use crate::shot::{Difficulty, Shot};
use crate::tusk::Tusk;

/// A place at which one family has a line more on one side.
struct Dislocation {
    place: (f32, f32),
    sign: f32,
    family: usize,
}

impl Dislocation {
    fn draw(shot: &Shot, chance: &mut Chance) -> Self {
        let r = shot.radius + shot.field * chance.range(-0.5, 0.5);
        let a = shot.bearing + chance.range(-0.5, 0.5) * shot.field / shot.radius.max(shot.field);
        Self {
            place: (r * a.cos(), r * a.sin()),
            sign: if chance.with(0.5) { 1.0 } else { -1.0 },
            family: chance.below(2),
        }
    }
}

/// The visible lattice.
pub(crate) struct Pattern {
    /// Michelson contrast in the outer zone.
    pub(crate) contrast: f32,
    /// Contrast at the pulp as a share of that in the outer zone.
    pub(crate) inner_factor: f32,
    /// Amplitudes of the two families.
    amplitudes: (f32, f32),
    phase_sd: f32,
    phase: [Field; 2],
    dislocations: Vec<Dislocation>,
    patch: Field,
    /// Level of the patches above which the lattice shows; `None` where it shows everywhere.
    patchy: Option<f32>,
    /// How far the wave is squared off; 0 for a sine.
    sharp: f32,
}

impl Pattern {
    pub(crate) fn draw(
        tusk: &Tusk,
        shot: &Shot,
        difficulty: Difficulty,
        chance: &mut Chance,
    ) -> Self {
        let contrast = match difficulty {
            Difficulty::Wild => chance.log_range(0.015, 0.2),
            _ if tusk.is_elephant() => chance.log_range(0.04, 0.1),
            _ => chance.log_range(0.05, 0.25),
        };
        let inner_factor = chance.range(0.1, 0.5);
        let ratio = chance.range(0.4, 1.0);
        let amplitudes = if chance.with(0.5) {
            (ratio, 1.0)
        } else {
            (1.0, ratio)
        };
        let phase_sd = chance.range(0.3, 0.8);
        let phase_size = tusk.wavelength * chance.range(3.0, 10.0);
        Self {
            contrast,
            inner_factor,
            amplitudes,
            phase_sd,
            phase: [(); 2].map(|()| Field::new(chance, phase_size, 1.0, 1.0)),
            dislocations: (0..chance.below(5))
                .map(|_| Dislocation::draw(shot, chance))
                .collect(),
            patch: Field::new(chance, shot.field, 0.15, 0.4),
            patchy: chance.with(0.6).then(|| chance.range(-0.5, 0.35)),
            sharp: if chance.with(0.3) {
                chance.range(0.8, 2.0)
            } else {
                0.0
            },
        }
    }

    /// Contrast at a point of the dentine: zone and patches.
    pub(crate) fn strength(&self, tusk: &Tusk, x: f32, y: f32, r: f32) -> f32 {
        let depth = (r - tusk.pulp) / (tusk.rim - tusk.pulp);
        let inner = self.inner_factor;
        let zone = inner + (1.0 - inner) * smoothstep(0.0, 0.8, depth);
        let seen = self.patchy.map_or(1.0, |level| {
            0.08 + 0.92 * smoothstep(level - 0.15, level + 0.15, self.patch.value_at(x, y))
        });
        self.contrast * zone * seen
    }

    /// The wave of both families together, -1 to 1.
    pub(crate) fn wave(&self, tusk: &Tusk, x: f32, y: f32, r: f32) -> f32 {
        let psi = tusk.radial_phase(r);
        let around = tusk.periods * y.atan2(x);
        let mut shift = [0, 1].map(|i| self.phase[i].value_at(x, y) * self.phase_sd * 2.2);
        for Dislocation {
            place,
            sign,
            family,
        } in &self.dislocations
        {
            shift[*family] += sign * (y - place.1).atan2(x - place.0);
        }
        let (a, b) = self.amplitudes;
        let norm = 1.0 / (a + b);
        let wave =
            norm * (a * (around - psi + shift[0]).cos() + b * (around + psi + shift[1]).cos());
        if self.sharp > 0.0 {
            (wave * self.sharp * 2.0).tanh() / (self.sharp * 2.0).tanh()
        } else {
            wave
        }
    }
}
