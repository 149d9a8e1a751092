//! Local spectra: Hann windows, power, and the peaks that stand out from their surroundings.

use crate::schreger::band::{BAND, Bin, NARROWEST_RING, WIDEST_RING, bins, index, rings};
use crate::schreger::plane::Plane;
use crate::schreger::window::SIDE;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Peaks kept per window.
const KEPT: usize = 12;
/// Least ratio of a kept peak to the local spectrum.
const FAINT: f32 = 4.5;
/// Mean distance from the local mean below which a window shows nothing, as contrast.
const BLANK: f32 = 0.0015;
/// A window's values are clipped at this many mean distances.
const CLIPPED: f32 = 3.0;

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
    bins: Vec<Bin>,
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
        Self {
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            fft,
            buffer: vec![Complex32::default(); SIDE * SIDE],
            turned: vec![Complex32::default(); SIDE * SIDE],
            hann,
            power: vec![0.0; SIDE * SIDE],
            rings: rings(),
            bins: bins(),
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
        self.transform();
        let mut found = [Vec::new(), Vec::new()];
        for (which, present) in [first, second].into_iter().enumerate() {
            if present {
                self.take_power(which == 1);
                found[which] = self.find_peaks();
            }
        }
        found
    }

    /// The two-dimensional transform of the buffer, left in `turned` with columns as rows.
    fn transform(&mut self) {
        self.fft
            .process_with_scratch(&mut self.buffer, &mut self.scratch);
        for y in 0..SIDE {
            for x in 0..SIDE {
                self.turned[x * SIDE + y] = self.buffer[y * SIDE + x];
            }
        }
        self.fft
            .process_with_scratch(&mut self.turned, &mut self.scratch);
    }

    /// Loads one window into the real or imaginary part: clipped against outliers, mean removed,
    /// tapered.
    fn load(&mut self, plane: &Plane, (x0, y0): (usize, usize), imaginary: bool) -> bool {
        let row = |j: usize| {
            let start = (y0 + j) * plane.width + x0;
            &plane.values[start..start + SIDE]
        };
        let all = (SIDE * SIDE) as f32;
        let spread = (0..SIDE).map(|j| lanes(row(j), f32::abs)).sum::<f32>() / all;
        let limit = CLIPPED * spread;
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
        spread > BLANK
    }

    /// Power of one of the two windows, from the symmetry of the spectrum of a real picture.
    fn take_power(&mut self, imaginary: bool) {
        // One bin beyond the half plane and the rings on every side, for the neighbours of peaks.
        let edge = WIDEST_RING + 1;
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

    /// The maxima of the power that stand out from their ring, most significant first.
    fn find_peaks(&mut self) -> Vec<Peak> {
        let background = self.background();
        let mut peaks = Vec::new();
        for bin in &self.bins {
            let background = background[usize::from(bin.ring)];
            let power = self.power[usize::from(bin.index)];
            if power >= FAINT * background && self.is_highest(bin, power) {
                peaks.push(self.peak(bin, power, background));
            }
        }
        peaks.sort_by(|a, b| b.significance.total_cmp(&a.significance));
        peaks.truncate(KEPT);
        peaks
    }

    /// Mean of the median powers of three neighbouring rings, for each ring of the band.
    fn background(&mut self) -> [f32; WIDEST_RING] {
        let mut medians = [0.0f32; WIDEST_RING + 1];
        for (radius, ring) in self.rings.iter().enumerate().skip(NARROWEST_RING) {
            self.sorted.clear();
            // Powers are not negative, so their bits sort as they do, and faster.
            self.sorted
                .extend(ring.iter().map(|i| self.power[*i as usize].to_bits()));
            let middle = self.sorted.len() / 2;
            let (_, median, _) = self.sorted.select_nth_unstable(middle);
            medians[radius] = f32::from_bits(*median);
        }
        let mut background = [0.0f32; WIDEST_RING];
        for ring in BAND.0 as usize..=BAND.1 as usize {
            background[ring] = (medians[ring - 1] + medians[ring] + medians[ring + 1]) / 3.0;
        }
        background
    }

    fn neighbour(&self, bin: &Bin, dx: i32, dy: i32) -> f32 {
        let [kx, ky] = bin.wave_vector.map(i32::from);
        self.power[index(kx + dx, ky + dy)]
    }

    /// Whether no neighbour has more power. (`imageproc` 0.27 suppresses what is not highest in
    /// whole images of integers only: 14 microseconds a window, where few bins pass the test
    /// before this one.)
    fn is_highest(&self, bin: &Bin, power: f32) -> bool {
        (-1..=1)
            .flat_map(|dx| (-1..=1).map(move |dy| (dx, dy)))
            .filter(|d| *d != (0, 0))
            .all(|(dx, dy)| self.neighbour(bin, dx, dy) <= power)
    }

    /// The peak between a bin and its neighbours.
    fn peak(&self, bin: &Bin, power: f32, background: f32) -> Peak {
        // Sum of the Hann taper squared over the window: what a wave of amplitude one would show.
        let unit = (SIDE * SIDE) as f32 / 4.0;
        let [kx, ky] = bin.wave_vector.map(f32::from);
        let at = |dx, dy| self.neighbour(bin, dx, dy);
        Peak {
            wave_vector: [
                kx + vertex(at(-1, 0), power, at(1, 0)),
                ky + vertex(at(0, -1), power, at(0, 1)),
            ],
            significance: power / background.max(1e-12),
            amplitude: 2.0 * power.sqrt() / unit,
        }
    }
}

/// Power of the real or the imaginary part's spectrum, from the joint spectrum at a wave vector
/// and at its opposite.
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
