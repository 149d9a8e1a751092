//! Local spectra: Hann windows, power, and the peaks that stand out from their surroundings.

use crate::schreger::plane::Plane;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Side of a window in pixels of its level.
pub(crate) const SIDE: usize = 64;
/// Wave numbers searched, in cycles per window: periods of 64/18 = 3.6 to 64/5 = 12.8 pixels of the level.
pub(crate) const BAND: (f32, f32) = (5.0, 18.0);
/// Peaks kept per window.
const KEPT: usize = 12;
/// Least ratio of a kept peak to the local spectrum.
const FAINT: f32 = 4.5;
const RINGS: usize = 24;

/// A wave vector of the searched band: where its power lies, and the ring of like wave numbers.
#[derive(Clone, Copy)]
struct Bin {
    k: [i8; 2],
    at: u16,
    ring: u8,
}

/// A maximum of the power spectrum of one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Peak {
    /// Wave vector in cycles per window, upper half plane.
    pub(crate) wave_vector: [f32; 2],
    /// Power over the median power at the same wave number.
    pub(crate) significance: f32,
    /// Amplitude of the wave as contrast (0.01 is one per cent of the local mean).
    pub(crate) amplitude: f32,
}

/// Plan and buffers for the spectra of square windows.
pub(crate) struct Spectrometer {
    fft: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex32>,
    buffer: Vec<Complex32>,
    turned: Vec<Complex32>,
    hann: Vec<f32>,
    power: Vec<f32>,
    rings: Vec<Vec<u16>>,
    band: Vec<Bin>,
    sorted: Vec<u32>,
}

impl Spectrometer {
    pub(crate) fn new() -> Self {
        let fft = FftPlanner::new().plan_fft_forward(SIDE);
        let hann = (0..SIDE)
            .map(|i| {
                let s = (std::f32::consts::PI * (i as f32 + 0.5) / SIDE as f32).sin();
                s * s
            })
            .collect();
        let mut rings = vec![Vec::new(); RINGS + 1];
        for kx in 0..=RINGS as i32 {
            for ky in -(RINGS as i32)..=RINGS as i32 {
                let radius = ((kx * kx + ky * ky) as f32).sqrt().round() as usize;
                if (kx > 0 || ky > 0) && (3..=RINGS).contains(&radius) {
                    rings[radius].push(index(kx, ky) as u16);
                }
            }
        }
        let reach = BAND.1.ceil() as i32;
        let mut band = Vec::new();
        for kx in 0..=reach {
            for ky in -reach..=reach {
                let radius = ((kx * kx + ky * ky) as f32).sqrt();
                if (kx > 0 || ky > 0) && radius >= BAND.0 && radius <= BAND.1 {
                    band.push(Bin {
                        k: [kx as i8, ky as i8],
                        at: index(kx, ky) as u16,
                        ring: radius.round() as u8,
                    });
                }
            }
        }
        Self {
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            fft,
            buffer: vec![Complex32::default(); SIDE * SIDE],
            turned: vec![Complex32::default(); SIDE * SIDE],
            hann,
            power: vec![0.0; SIDE * SIDE],
            rings,
            band,
            sorted: Vec::with_capacity(128),
        }
    }

    /// Peaks of two windows (one complex transform serves both), most significant first.
    ///
    /// `corners` are the top left pixels. A window without any contrast has no peaks.
    pub(crate) fn peaks(&mut self, plane: &Plane, corners: [(usize, usize); 2]) -> [Vec<Peak>; 2] {
        let first = self.load(plane, corners[0], false);
        let second = self.load(plane, corners[1], true);
        if !first && !second {
            return [Vec::new(), Vec::new()];
        }
        self.fft
            .process_with_scratch(&mut self.buffer, &mut self.scratch);
        for y in 0..SIDE {
            for x in 0..SIDE {
                self.turned[x * SIDE + y] = self.buffer[y * SIDE + x];
            }
        }
        self.fft
            .process_with_scratch(&mut self.turned, &mut self.scratch);
        let mut found = [Vec::new(), Vec::new()];
        for (which, present) in [first, second].into_iter().enumerate() {
            if present {
                self.take_power(which == 1);
                found[which] = self.find();
            }
        }
        found
    }

    /// Loads one window into the real or imaginary part: clipped against outliers, mean removed, tapered.
    fn load(&mut self, plane: &Plane, (x0, y0): (usize, usize), imaginary: bool) -> bool {
        let row = |j: usize| {
            let start = (y0 + j) * plane.width + x0;
            &plane.values[start..start + SIDE]
        };
        let all = (SIDE * SIDE) as f32;
        let spread = (0..SIDE).map(|j| lanes(row(j), f32::abs)).sum::<f32>() / all;
        let limit = 3.0 * spread;
        let mean = (0..SIDE)
            .map(|j| lanes(row(j), |v| v.clamp(-limit, limit)))
            .sum::<f32>()
            / all;
        for j in 0..SIDE {
            let taper = self.hann[j];
            let out = &mut self.buffer[j * SIDE..(j + 1) * SIDE];
            if imaginary {
                for ((value, v), hann) in out.iter_mut().zip(row(j)).zip(&self.hann) {
                    value.im = (v.clamp(-limit, limit) - mean) * taper * hann;
                }
            } else {
                for ((value, v), hann) in out.iter_mut().zip(row(j)).zip(&self.hann) {
                    value.re = (v.clamp(-limit, limit) - mean) * taper * hann;
                }
            }
        }
        spread > 0.0015
    }

    /// Power of one of the two windows, from the symmetry of the spectrum of a real picture.
    fn take_power(&mut self, imaginary: bool) {
        // One bin beyond the half plane and the rings on every side, for the neighbours of peaks.
        let edge = RINGS + 1;
        for kx in (0..=edge).chain([SIDE - 1]) {
            let mx = (SIDE - kx) % SIDE;
            let direct = &self.turned[kx * SIDE..(kx + 1) * SIDE];
            let mirrored = &self.turned[mx * SIDE..(mx + 1) * SIDE];
            let power = &mut self.power[kx * SIDE..(kx + 1) * SIDE];
            power[0] = half_power(direct[0], mirrored[0], imaginary);
            for (from, to) in [(1, edge + 1), (SIDE - edge, SIDE)] {
                let opposite = mirrored[SIDE + 1 - to..SIDE + 1 - from].iter().rev();
                for ((power, z), c) in power[from..to]
                    .iter_mut()
                    .zip(&direct[from..to])
                    .zip(opposite)
                {
                    *power = half_power(*z, *c, imaginary);
                }
            }
        }
    }

    fn find(&mut self) -> Vec<Peak> {
        let mut floor = [0.0f32; RINGS + 1];
        for (radius, ring) in self.rings.iter().enumerate().skip(3) {
            self.sorted.clear();
            // Powers are not negative, so their bits sort as they do, and faster.
            self.sorted
                .extend(ring.iter().map(|i| self.power[*i as usize].to_bits()));
            let middle = self.sorted.len() / 2;
            let (_, median, _) = self.sorted.select_nth_unstable(middle);
            floor[radius] = f32::from_bits(*median);
        }
        let mut local = [0.0f32; RINGS];
        for ring in BAND.0 as usize..=BAND.1 as usize {
            local[ring] = (floor[ring - 1] + floor[ring] + floor[ring + 1]) / 3.0;
        }
        // Sum of the Hann taper squared over the window: what a wave of amplitude one would show.
        let unit = (SIDE * SIDE) as f32 / 4.0;
        let mut peaks = Vec::new();
        for bin in &self.band {
            let here = self.power[usize::from(bin.at)];
            let local = local[usize::from(bin.ring)];
            if here < FAINT * local {
                continue;
            }
            let [kx, ky] = bin.k.map(i32::from);
            let around = |dx: i32, dy: i32| self.power[index(kx + dx, ky + dy)];
            let highest = (-1..=1)
                .flat_map(|dx| (-1..=1).map(move |dy| (dx, dy)))
                .filter(|d| *d != (0, 0))
                .all(|(dx, dy)| around(dx, dy) <= here);
            if !highest {
                continue;
            }
            let wave_vector = [
                kx as f32 + vertex(around(-1, 0), here, around(1, 0)),
                ky as f32 + vertex(around(0, -1), here, around(0, 1)),
            ];
            peaks.push(Peak {
                wave_vector,
                significance: here / local.max(1e-12),
                amplitude: 2.0 * here.sqrt() / unit,
            });
        }
        peaks.sort_by(|a, b| b.significance.total_cmp(&a.significance));
        peaks.truncate(KEPT);
        peaks
    }
}

/// Power of the real or the imaginary part's spectrum, from the joint spectrum at a wave vector and at its opposite.
fn half_power(z: Complex32, c: Complex32, imaginary: bool) -> f32 {
    let (re, im) = if imaginary {
        (z.im + c.im, c.re - z.re)
    } else {
        (z.re + c.re, z.im - c.im)
    };
    0.25 * (re * re + im * im)
}

/// Sum of `f` over a row in eight running sums, so that it vectorises.
fn lanes(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 8];
    for chunk in row.chunks_exact(8) {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += f(*v);
        }
    }
    sums.iter().sum()
}

fn index(kx: i32, ky: i32) -> usize {
    let wrap = |k: i32| k.rem_euclid(SIDE as i32) as usize;
    wrap(kx) * SIDE + wrap(ky)
}

/// Vertex of the parabola through three log powers, in bins from the middle one.
fn vertex(left: f32, middle: f32, right: f32) -> f32 {
    let (l, m, r) = (
        left.max(1e-20).ln(),
        middle.max(1e-20).ln(),
        right.max(1e-20).ln(),
    );
    let bend = l - 2.0 * m + r;
    if bend < -1e-6 {
        (0.5 * (l - r) / bend).clamp(-0.5, 0.5)
    } else {
        0.0
    }
}
