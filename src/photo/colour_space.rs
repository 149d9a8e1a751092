//! What a file says its samples mean, and the way from there to sRGB.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    MatrixCoefficients, RenderingIntent, ToneReprCurve, TransferCharacteristics,
    Transform8BitExecutor, Transform16BitExecutor, TransformOptions, Xyzd,
};

use super::colour::{Channels, Layout, narrow};

/// What the samples of a picture mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Colours {
    /// sRGB, as of every picture that says nothing.
    Srgb,
    /// An ICC profile, as the file holds it.
    Icc(Vec<u8>),
    /// PNG's gAMA and cHRM. `encoding` is the exponent with which the file was written, such as
    /// 0.45455; where one is missing, that of sRGB.
    Gamma {
        encoding: Option<f64>,
        chromaticities: Option<Chromaticities>,
    },
    /// Code points of ITU-T H.273, of samples that are RGB in full range (or grey).
    Cicp { primaries: u8, transfer: u8 },
}

/// x and y of white, red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chromaticities {
    pub(super) white: (f64, f64),
    pub(super) red: (f64, f64),
    pub(super) green: (f64, f64),
    pub(super) blue: (f64, f64),
}

/// What becomes of a layout's colours.
pub(super) enum Outcome {
    /// They are sRGB.
    AsIs,
    Through(Transform),
    /// Their description is broken, or of another kind of picture.
    Unusable,
}

/// The way to sRGB for the colours of `layout`.
pub(super) fn transform(layout: &Layout) -> Outcome {
    if layout.colours == Colours::Srgb {
        return Outcome::AsIs;
    }
    // The crate is young, and a profile is a hostile file like any other.
    catch_unwind(AssertUnwindSafe(|| build(layout))).unwrap_or(Outcome::Unusable)
}

fn build(layout: &Layout) -> Outcome {
    let profile = match &layout.colours {
        Colours::Srgb => return Outcome::AsIs,
        Colours::Icc(bytes) => ColorProfile::new_from_slice(bytes).ok(),
        Colours::Gamma {
            encoding,
            chromaticities,
        } => from_gamma(*encoding, *chromaticities, layout.channels),
        Colours::Cicp {
            primaries,
            transfer,
        } => from_code_points(*primaries, *transfer, layout.channels),
    };
    let Some(profile) = profile else {
        return Outcome::Unusable;
    };
    Transform::new(&profile, layout).map_or(Outcome::Unusable, Outcome::Through)
}

/// sRGB's own curve, as ICC writes it.
fn srgb_curve() -> ToneReprCurve {
    ToneReprCurve::Parametric(vec![2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045])
}

/// How far an exponent may be from 1/2.2 and still mean "as a screen shows it": libpng's and the
/// browsers' tolerance.
const GAMMA_TOLERANCE: f64 = 0.05;

fn from_gamma(
    encoding: Option<f64>,
    chromaticities: Option<Chromaticities>,
    channels: Channels,
) -> Option<ColorProfile> {
    let curve = match encoding {
        Some(encoding) if (encoding * 2.2 - 1.0).abs() >= GAMMA_TOLERANCE => {
            ToneReprCurve::Parametric(vec![(1.0 / encoding) as f32])
        }
        _ => srgb_curve(),
    };
    let mut profile = with_curve(curve, channels);
    if let Some(of) = chromaticities {
        let xy = |(x, y): (f64, f64)| Chromaticity::new(x as f32, y as f32);
        let primaries = ColorPrimaries {
            red: xy(of.red),
            green: xy(of.green),
            blue: xy(of.blue),
        };
        if of.white.1 <= 0.0 {
            return None;
        }
        profile.update_rgb_colorimetry(xy(of.white).to_xyyb(), primaries);
    }
    is_finite(&profile).then_some(profile)
}

/// sRGB's primaries (or grey) with another curve.
fn with_curve(curve: ToneReprCurve, channels: Channels) -> ColorProfile {
    if matches!(channels, Channels::Grey | Channels::GreyAlpha) {
        let mut profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.gray_trc = Some(curve);
        return profile;
    }
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile.cicp = None;
    profile
}

/// Primaries that lie on a line give a matrix without meaning.
fn is_finite(profile: &ColorProfile) -> bool {
    let matrix = profile.transform_matrix(&ColorProfile::new_srgb());
    let mut entries = matrix.v.iter().flatten();
    entries.all(|entry| entry.is_finite() && entry.abs() < 1000.0)
}

/// Steps of a curve that is tabulated here.
const STEPS: u16 = 4096;
/// The light of white paper, of which HDR goes beyond (ITU-R BT.2408).
const PAPER_NITS: f64 = 203.0;

fn from_code_points(primaries: u8, transfer: u8, channels: Channels) -> Option<ColorProfile> {
    let tabulated = |light: fn(f64) -> f64| {
        let last = f64::from(STEPS - 1);
        let step = |at| (light(f64::from(at) / last).clamp(0.0, 1.0) * 65535.0).round() as u16;
        ToneReprCurve::Lut((0..STEPS).map(step).collect())
    };
    let curve = match TransferCharacteristics::try_from(transfer).ok()? {
        TransferCharacteristics::Srgb => srgb_curve(),
        TransferCharacteristics::Smpte2084 => tabulated(perceptual_quantizer),
        TransferCharacteristics::Hlg => tabulated(hybrid_log_gamma),
        other => ToneReprCurve::try_from(other).ok()?,
    };
    let mut profile = with_curve(curve, channels);
    let primaries = CicpColorPrimaries::try_from(primaries).ok()?;
    let mut described = ColorProfile::new_srgb();
    let code_points = CicpProfile {
        color_primaries: primaries,
        transfer_characteristics: TransferCharacteristics::Srgb,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    described.red_colorant = Xyzd::default();
    described.update_rgb_colorimetry_from_cicp(code_points);
    if described.red_colorant == Xyzd::default() {
        return None;
    }
    profile.red_colorant = described.red_colorant;
    profile.green_colorant = described.green_colorant;
    profile.blue_colorant = described.blue_colorant;
    is_finite(&profile).then_some(profile)
}

/// Light of SMPTE ST 2084, in papers; what is brighter than paper is cut off by the caller.
fn perceptual_quantizer(signal: f64) -> f64 {
    let (m1, m2) = (2610.0 / 16384.0, 2523.0 / 4096.0 * 128.0);
    let (c1, c2, c3) = (
        3424.0 / 4096.0,
        2413.0 / 4096.0 * 32.0,
        2392.0 / 4096.0 * 32.0,
    );
    let root = signal.powf(1.0 / m2);
    let light = ((root - c1).max(0.0) / (c2 - c3 * root)).powf(1.0 / m1);
    light * 10_000.0 / PAPER_NITS
}

/// Light of ARIB STD-B67, in papers: a signal of 75 % is white paper.
fn hybrid_log_gamma(signal: f64) -> f64 {
    let (a, b, c) = (0.178_832_77, 0.284_668_92, 0.559_910_73);
    let scene = |signal: f64| match signal <= 0.5 {
        true => signal * signal / 3.0,
        false => (((signal - c) / a).exp() + b) / 12.0,
    };
    scene(signal) / scene(0.75)
}

/// Rows of a layout to rows of sRGB at 8 bits, with alpha where the layout has it.
pub(super) struct Transform {
    way: Way,
    channels: Channels,
    premultiplied: bool,
    eight: Vec<u8>,
    wide: Vec<u16>,
    wide_out: Vec<u16>,
}

#[derive(Clone)]
enum Way {
    Eight(Arc<Transform8BitExecutor>),
    Sixteen(Arc<Transform16BitExecutor>),
}

impl Transform {
    fn new(profile: &ColorProfile, layout: &Layout) -> Option<Self> {
        use moxcms::Layout as In;
        let (space, from, to) = match layout.channels {
            Channels::Grey => (DataColorSpace::Gray, In::Gray, In::Rgb),
            Channels::GreyAlpha => (DataColorSpace::Gray, In::GrayAlpha, In::Rgba),
            Channels::Rgb => (DataColorSpace::Rgb, In::Rgb, In::Rgb),
            Channels::Rgba => (DataColorSpace::Rgb, In::Rgba, In::Rgba),
            Channels::Cmyk | Channels::CmykInverted => (DataColorSpace::Cmyk, In::Rgba, In::Rgb),
        };
        if profile.color_space != space {
            return None;
        }
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions {
            rendering_intent: RenderingIntent::Perceptual,
            allow_use_cicp_transfer: false,
            ..TransformOptions::default()
        };
        let way = match layout.bytes {
            2 => Way::Sixteen(
                profile
                    .create_transform_16bit(from, &srgb, to, options)
                    .ok()?,
            ),
            _ => Way::Eight(
                profile
                    .create_transform_8bit(from, &srgb, to, options)
                    .ok()?,
            ),
        };
        Some(Self {
            way,
            channels: layout.channels,
            premultiplied: layout.premultiplied,
            eight: Vec::new(),
            wide: Vec::new(),
            wide_out: Vec::new(),
        })
    }

    /// Turns `row` into `out`: RGB, or RGBA with straight alpha.
    pub(super) fn apply(&mut self, row: &[u8], out: &mut Vec<u8>) {
        let inks = self.channels == Channels::CmykInverted;
        let divided = self.premultiplied && self.channels.has_alpha();
        let channels = self.channels.count();
        let out_channels = match self.channels.has_alpha() {
            true => 4,
            false => 3,
        };
        match &self.way {
            Way::Eight(way) => {
                let row = if inks || divided {
                    self.eight.clear();
                    self.eight.extend_from_slice(row);
                    prepare(&mut self.eight, channels, inks, divided, u8::MAX);
                    &self.eight
                } else {
                    row
                };
                out.resize(row.len() / channels * out_channels, 0);
                // Only lengths can be wrong, and they are not.
                let _ = way.transform(row, out);
            }
            Way::Sixteen(way) => {
                let samples = row.as_chunks::<2>().0.iter();
                self.wide.clear();
                self.wide
                    .extend(samples.map(|&pair| u16::from_ne_bytes(pair)));
                if inks || divided {
                    prepare(&mut self.wide, channels, inks, divided, u16::MAX);
                }
                self.wide_out
                    .resize(self.wide.len() / channels * out_channels, 0);
                let _ = way.transform(&self.wide, &mut self.wide_out);
                out.clear();
                out.extend(self.wide_out.iter().map(|&wide| narrow(wide)));
            }
        }
    }
}

/// Turns papers into inks, and takes the alpha out of what was multiplied by it.
fn prepare<T>(row: &mut [T], channels: usize, inks: bool, divided: bool, most: T)
where
    T: Copy + Into<u32> + TryFrom<u32>,
{
    let most: u32 = most.into();
    let narrowed = |value: u32, before: T| T::try_from(value.min(most)).unwrap_or(before);
    if inks {
        for sample in row.iter_mut() {
            *sample = narrowed(most - (*sample).into(), *sample);
        }
    }
    if divided {
        for pixel in row.chunks_exact_mut(channels) {
            if let [colours @ .., alpha] = pixel {
                let alpha: u32 = (*alpha).into();
                for colour in colours {
                    let value: u32 = (*colour).into();
                    *colour = narrowed((value * most + alpha / 2) / alpha.max(1), *colour);
                }
            }
        }
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform")
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}
