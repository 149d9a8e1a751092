//! Lines that a person marked on a photograph: their angle and its interval.

use crate::schreger::config::Config;
use crate::schreger::evidence::median;
use crate::schreger::reading::Reading;
use crate::schreger::reason::Reason;
use crate::schreger::species::{Species, log10_likelihood_ratio};
use crate::schreger::status::{Orientation, Status};
use crate::schreger::vector::{Vector, dot, norm, subtract};
use serde::{Deserialize, Serialize};

/// Spread of one marked angle before any is seen, degrees, and the marks that it counts for.
const SPREAD: f64 = 6.0;
const SPREAD_COUNTS: f64 = 4.0;
/// Error of an end of a marked line, pixels.
const END: f64 = 1.5;
/// Error that no mark tells of, degrees: the picture's tilt, and the relief of the face.
const FLOOR: f64 = 1.5;
/// Degrees of freedom of the weights: a mark far from the others counts for little.
const TAILS: f64 = 5.0;
/// Rounds in which the weights settle.
const ROUNDS: usize = 20;

/// A line by its ends: x and y of one, x and y of the other, pixels.
pub type Line = [f64; 4];

/// One line of each family, where they cross or near it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePair {
    /// Of the one family.
    pub a: Line,
    /// Of the other.
    pub b: Line,
}

/// What a person marked on one photograph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkedLines {
    /// Pairs of lines that cross.
    pub pairs: Vec<LinePair>,
    /// A line along the radius, for every pair that has no centre.
    #[serde(default)]
    pub radial: Option<Line>,
    /// The tusk's axis, pixels; may lie outside the picture. Goes before `radial`.
    #[serde(default)]
    pub centre: Option<[f64; 2]>,
    /// Whether the pairs lie in the tusk's outer zone, as its rim shows.
    #[serde(default)]
    pub outer_zone: bool,
}

/// Why nothing can be measured from what was marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkedLinesError {
    /// There are none.
    #[error("no pairs of lines; mark at least one line of each family")]
    Nothing,
    /// A line's ends are the same or no numbers.
    #[error("pair {0}: a line has no length; give two ends, x1, y1, x2, y2")]
    Pointless(usize),
    /// Both lines of a pair run alike.
    #[error("pair {0}: the lines run alike; mark one line of each family")]
    Parallel(usize),
}

/// The Schreger angle of lines marked by hand, with its interval and what it speaks for.
///
/// Without a radial direction only the folded angle is given, and no species. The picture's tilt is
/// not undone.
///
/// # Errors
/// [`MarkedLinesError`] names the pair, from 1, that says nothing.
pub fn read_marked(marked: &MarkedLines, config: &Config) -> Result<Reading, MarkedLinesError> {
    if marked.pairs.is_empty() {
        return Err(MarkedLinesError::Nothing);
    }
    let mut angles = Vec::with_capacity(marked.pairs.len());
    for (i, pair) in marked.pairs.iter().enumerate() {
        angles.push(angle_of(pair, marked, i + 1)?);
    }
    let oriented = marked.centre.is_some() || marked.radial.is_some();
    let (angle, error) = robust_mean(&angles);
    let folded = angle.min(180.0 - angle);
    let half = config.interval.factor * error;
    let (shown, most) = if oriented {
        (angle, 180.0)
    } else {
        (folded, 90.0)
    };
    let common = Reading {
        folded_angle_deg: Some(folded),
        ci90_deg: Some([(shown - half).max(0.0), (shown + half).min(most)]),
        windows: angles.len(),
        ..Reading::without(Status::Measured, Vec::new())
    };
    if !oriented {
        return Ok(Reading {
            reasons: vec![Reason::OrientationUnknown],
            ..common
        });
    }
    let species = Species::of_angle(angle, error, marked.outer_zone);
    let reasons = match (species, marked.outer_zone) {
        (Species::Undecided, true) => vec![Reason::AngleInOverlap],
        (Species::Undecided, false) => vec![Reason::OuterZoneNotShown],
        _ => Vec::new(),
    };
    Ok(Reading {
        angle_deg: Some(angle),
        orientation: Orientation::Radial,
        species,
        log10_lr_elephant_vs_mammoth: Some(log10_likelihood_ratio(angle, error, marked.outer_zone)),
        reasons,
        ..common
    })
}

/// The angle of a pair that opens to the axis, or the folded one without a radial direction; and
/// its error from the ends of the lines. Degrees.
fn angle_of(
    pair: &LinePair,
    marked: &MarkedLines,
    number: usize,
) -> Result<(f64, f64), MarkedLinesError> {
    let direction = |line: Line| {
        let along = subtract([line[2], line[3]], [line[0], line[1]]);
        let length = norm(along);
        (length.is_finite() && length > 0.0)
            .then(|| (along.map(|v| v / length), length))
            .ok_or(MarkedLinesError::Pointless(number))
    };
    let ((a, a_length), (b, b_length)) = (direction(pair.a)?, direction(pair.b)?);
    let folded = dot(a, b).abs().min(1.0).acos().to_degrees();
    if folded < 1.0 {
        return Err(MarkedLinesError::Parallel(number));
    }
    // Each end off by the error turns a line by its square root of two over the length.
    let error = (END * 2f64.sqrt() * (1.0 / a_length).hypot(1.0 / b_length)).to_degrees();
    let middle: Vector = [0, 1].map(|i| {
        let ends = [pair.a[i], pair.a[i + 2], pair.b[i], pair.b[i + 2]];
        ends.iter().sum::<f64>() / 4.0
    });
    let radial = match (marked.centre, marked.radial) {
        (Some(centre), _) => {
            let arm = subtract(middle, centre);
            let length = norm(arm);
            (length.is_finite() && length > 0.0)
                .then(|| arm.map(|v| v / length))
                .ok_or(MarkedLinesError::Pointless(number))?
        }
        (None, Some(line)) => direction(line)?.0,
        (None, None) => return Ok((folded, error)),
    };
    // Both lines run outward along the radius: the angle between them is the one that opens to it.
    let outward = |v: Vector| {
        if dot(v, radial) < 0.0 {
            v.map(|x| -x)
        } else {
            v
        }
    };
    let angle = dot(outward(a), outward(b)).clamp(-1.0, 1.0).acos();
    Ok((angle.to_degrees(), error))
}

/// Mean with Student weights, and its standard error, of angles with their own errors. The spread
/// is estimated with them.
fn robust_mean(angles: &[(f64, f64)]) -> (f64, f64) {
    let n = angles.len() as f64;
    let mut mean = median(angles.iter().map(|(angle, _)| *angle));
    let mut variance = SPREAD * SPREAD;
    let mut weights = n;
    for _ in 0..ROUNDS {
        let (mut sum, mut squares) = (0.0, 0.0);
        weights = 0.0;
        for (angle, error) in angles {
            let off = (angle - mean).powi(2) / (variance + error * error);
            let weight = (TAILS + 1.0) / (TAILS + off);
            weights += weight;
            sum += weight * angle;
            squares += weight * (angle - mean).powi(2);
        }
        mean = sum / weights;
        variance = (SPREAD_COUNTS * SPREAD * SPREAD + squares) / (SPREAD_COUNTS + n);
    }
    let marking = angles.iter().map(|(_, e)| e * e).sum::<f64>() / n;
    let error = ((variance + marking) / weights.min(n) + FLOOR * FLOOR).sqrt();
    (mean, error)
}
