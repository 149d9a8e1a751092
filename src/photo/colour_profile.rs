//! Descriptions of colours as profiles that moxcms takes.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    MatrixCoefficients, RenderingIntent, ToneReprCurve, TransferCharacteristics, Xyzd,
};

use super::colour_layout::{Channels, Chromaticities};

/// Header of a profile with the number of its tags; a tag's signature, offset and size.
const HEADER: usize = 132;
const TAG: usize = 12;

/// Tags that lead from the samples to colours. The others (names, copyrights, the way back) are
/// not even read: one that is broken does no harm.
const NEEDED: [&[u8; 4]; 10] = [
    b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"A2B0", b"A2B1", b"A2B2",
];

/// Reads an ICC profile for pictures of these channels.
pub(super) fn from_icc(bytes: &[u8], channels: Channels) -> Option<ColorProfile> {
    let count = u32::from_be_bytes(*bytes.get(HEADER - 4..)?.first_chunk()?) as usize;
    let mut bytes = bytes.to_vec();
    let tags = bytes.get_mut(HEADER..HEADER.checked_add(count.checked_mul(TAG)?)?)?;
    for tag in tags.chunks_exact_mut(TAG) {
        if !NEEDED.iter().any(|needed| tag.starts_with(*needed)) {
            tag[..4].fill(0);
        }
    }
    let profile = ColorProfile::new_from_slice(&bytes).ok()?;
    match profile.color_space {
        DataColorSpace::Gray if channels.is_grey() => from_grey(&profile),
        DataColorSpace::Gray => None,
        _ => Some(profile),
    }
}

/// A grey profile as one of a screen on which red, green and blue are alike: the way of moxcms
/// for grey alone is too coarse in the shadows, and takes no lightness.
fn from_grey(profile: &ColorProfile) -> Option<ColorProfile> {
    let curve = profile.gray_trc.as_ref()?;
    Some(with_curve(match profile.pcs {
        DataColorSpace::Lab => {
            let lightness = curve.make_linear_evaluator().ok()?;
            tabulated(|signal| light(lightness.evaluate_value(signal as f32).into()))
        }
        _ => curve.clone(),
    }))
}

/// Light of a share of CIE lightness.
fn light(lightness: f64) -> f64 {
    let root = (100.0 * lightness + 16.0) / 116.0;
    match root > 6.0 / 29.0 {
        true => root.powi(3),
        false => (root - 4.0 / 29.0) * 108.0 / 841.0,
    }
}

/// The table that browsers take: for perception, or the first that there is.
pub(super) fn intent(profile: &ColorProfile) -> RenderingIntent {
    let tables = [
        (&profile.lut_a_to_b_perceptual, RenderingIntent::Perceptual),
        (
            &profile.lut_a_to_b_colorimetric,
            RenderingIntent::RelativeColorimetric,
        ),
        (&profile.lut_a_to_b_saturation, RenderingIntent::Saturation),
    ];
    let found = tables.into_iter().find(|(table, _)| table.is_some());
    found.map_or(RenderingIntent::Perceptual, |(_, intent)| intent)
}

/// sRGB's own curve, as ICC writes it.
fn srgb_curve() -> ToneReprCurve {
    ToneReprCurve::Parametric(vec![2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045])
}

/// How far an exponent may be from 1/2.2 and still mean "as a screen shows it": libpng's and the
/// browsers' tolerance.
const GAMMA_TOLERANCE: f64 = 0.05;

/// PNG's gAMA and cHRM as a profile.
pub(super) fn from_gamma(
    encoding: Option<f64>,
    chromaticities: Option<Chromaticities>,
) -> Option<ColorProfile> {
    let curve = match encoding {
        Some(encoding) if (encoding * 2.2 - 1.0).abs() >= GAMMA_TOLERANCE => {
            ToneReprCurve::Parametric(vec![(1.0 / encoding) as f32])
        }
        _ => srgb_curve(),
    };
    let mut profile = with_curve(curve);
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

/// sRGB's primaries with another curve.
fn with_curve(curve: ToneReprCurve) -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile.cicp = None;
    profile
}

/// Steps of a curve that is tabulated here.
const STEPS: u16 = 4096;

fn tabulated(light: impl Fn(f64) -> f64) -> ToneReprCurve {
    let last = f64::from(STEPS - 1);
    let step = |at| (light(f64::from(at) / last).clamp(0.0, 1.0) * 65535.0).round() as u16;
    ToneReprCurve::Lut((0..STEPS).map(step).collect())
}

/// Primaries that lie on a line give a matrix without meaning.
fn is_finite(profile: &ColorProfile) -> bool {
    let matrix = profile.transform_matrix(&ColorProfile::new_srgb());
    let mut entries = matrix.v.iter().flatten();
    entries.all(|entry| entry.is_finite() && entry.abs() < 1000.0)
}

/// The light of white paper, of which HDR goes beyond (ITU-R BT.2408).
const PAPER_NITS: f64 = 203.0;

/// PNG's cICP as a profile. Of HDR, what is brighter than white
/// paper is cut off.
pub(super) fn from_code_points(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    let curve = match TransferCharacteristics::try_from(transfer).ok()? {
        TransferCharacteristics::Srgb => srgb_curve(),
        TransferCharacteristics::Smpte2084 => tabulated(perceptual_quantizer),
        TransferCharacteristics::Hlg => tabulated(hybrid_log_gamma),
        other => ToneReprCurve::try_from(other).ok()?,
    };
    let mut profile = with_curve(curve);
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
