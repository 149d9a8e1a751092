//! From an angle to a likelihood ratio of elephant against mammoth.

use serde::{Deserialize, Serialize};

/// Mean and standard deviation of the outer angle of elephants, degrees (Espinoza and Mann 1993,
/// 26 tusks).
pub const ELEPHANT_OUTER: (f64, f64) = (124.2, 9.3);
/// Mean and standard deviation of the outer angle of mammoths, degrees (Espinoza and Mann 1993, 26
/// tusks).
pub const MAMMOTH_OUTER: (f64, f64) = (73.7, 9.8);
/// An angle alone never speaks louder than this, log10: both distributions rest on 26 tusks.
pub const LOUDEST: f64 = 2.0;

/// Weight and width of the heavy tail of each distribution.
const TAIL: (f64, f64) = (0.08, 22.0);
/// Range of inner angles: 30 to 153 for elephants (Singh 2006), 25 to 125 for mammoths (Abelova
/// 2008), degrees.
const ELEPHANT_ANY: (f64, f64) = (30.0, 153.0);
const MAMMOTH_ANY: (f64, f64) = (25.0, 125.0);
/// Least log10 likelihood ratio at which elephant is named, 50:1: in a sharp reading from about
/// 112 degrees, just within the classic limit of 115 (Espinoza and Mann 1993), which lies inside
/// the overlap with the rarest mammoths.
const ELEPHANT_FROM: f64 = 1.7;
/// The same for mammoth, 79:1: in a sharp reading up to about 84 degrees, where the classic limit is
/// 90 and no elephant was measured below 95. At 32:1 (88 degrees) five of 2,355 drawn elephants with
/// a lattice that wanders were called mammoth, faces without the outer zone or seen from 41 degrees
/// and more aside; at 79:1 none (`eval/schreger`). Mammoth is what elephant is sold as.
const MAMMOTH_FROM: f64 = 1.9;
/// Above this an angle is an elephant's in whatever zone it was measured.
const ELEPHANT_ANYWHERE: f64 = 125.0;

/// Whose ivory the angle speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Species {
    /// Loxodonta or Elephas.
    Elephant,
    /// Mammuthus.
    Mammoth,
    /// The picture does not say.
    Undecided,
}

impl Species {
    /// The species that an angle with its standard error (degrees) allows to be named.
    ///
    /// In the shown outer zone the likelihood ratio must be loud enough. Elsewhere only an angle
    /// surely above 125 degrees says something: it is an elephant's in any zone.
    #[must_use]
    pub fn of_angle(angle: f64, error: f64, outer_zone: bool) -> Self {
        let loud = log10_likelihood_ratio(angle, error, outer_zone);
        if outer_zone && loud <= -MAMMOTH_FROM {
            Self::Mammoth
        } else if outer_zone && loud >= ELEPHANT_FROM || angle - 0.5 * error > ELEPHANT_ANYWHERE {
            Self::Elephant
        } else {
            Self::Undecided
        }
    }

    /// The word used in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Elephant => "elephant",
            Self::Mammoth => "mammoth",
            Self::Undecided => "undecided",
        }
    }
}

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    (-0.5 * z * z).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt())
}

/// Uniform density on a range, seen through Gaussian error.
fn blurred_range(x: f64, (low, high): (f64, f64), sd: f64) -> f64 {
    let rise = |t: f64| 1.0 / (1.0 + (-1.702 * t / sd).exp());
    (rise(x - low) - rise(x - high)) / (high - low)
}

fn outer(x: f64, (mean, sd): (f64, f64), error: f64) -> f64 {
    let (share, wide) = TAIL;
    (1.0 - share) * normal(x, mean, sd.hypot(error)) + share * normal(x, mean, wide.hypot(error))
}

/// Base 10 logarithm of the likelihood ratio of elephant to mammoth for an angle with its standard
/// error (degrees).
///
/// Where the outer zone is not shown, the angle may come from anywhere in the tusk, and the
/// published ranges of all zones are mixed in. The result lies within -2 and 2.
pub fn log10_likelihood_ratio(angle: f64, error: f64, outer_zone: bool) -> f64 {
    let (mut elephant, mut mammoth) = (
        outer(angle, ELEPHANT_OUTER, error),
        outer(angle, MAMMOTH_OUTER, error),
    );
    if !outer_zone {
        elephant = 0.4 * elephant + 0.6 * blurred_range(angle, ELEPHANT_ANY, error.max(3.0));
        mammoth = 0.4 * mammoth + 0.6 * blurred_range(angle, MAMMOTH_ANY, error.max(3.0));
    }
    ((elephant + 1e-9) / (mammoth + 1e-9))
        .log10()
        .clamp(-LOUDEST, LOUDEST)
}

/// Probability of elephant against mammoth, given the likelihood ratio and a prior probability of
/// elephant in 0..1.
///
/// `None` where the prior is not strictly between 0 and 1.
pub fn posterior(log10_lr: f64, prior: f64) -> Option<f64> {
    (prior > 0.0 && prior < 1.0).then(|| {
        let odds = 10f64.powf(log10_lr) * prior / (1.0 - prior);
        odds / (1.0 + odds)
    })
}
