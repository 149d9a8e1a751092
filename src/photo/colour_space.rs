//! What a file says its samples mean, and the way from there to sRGB.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::colour_layout::{Channels, Colours, Layout};
use super::colour_profile;
use super::colour_transform::{Transform, Way};

/// What becomes of a layout's colours.
#[derive(Debug)]
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
    match recent(layout) {
        Verdict::AsIs => Outcome::AsIs,
        Verdict::Through(way) => Outcome::Through(Transform::new(way, layout)),
        Verdict::Unusable => Outcome::Unusable,
    }
}

#[derive(Debug, Clone)]
enum Verdict {
    AsIs,
    Through(Way),
    Unusable,
}

fn judge(layout: &Layout) -> Verdict {
    let profile = match &layout.colours {
        Colours::Srgb => return Verdict::AsIs,
        Colours::Icc(bytes) => colour_profile::from_icc(bytes, layout.channels),
        Colours::Gamma {
            encoding,
            chromaticities,
        } => colour_profile::from_gamma(*encoding, *chromaticities),
        Colours::Cicp {
            primaries,
            transfer,
        } => colour_profile::from_code_points(*primaries, *transfer),
    };
    match profile.and_then(|profile| Way::new(&profile, layout)) {
        None => Verdict::Unusable,
        Some(way) if way.changes_nothing(layout) => Verdict::AsIs,
        Some(way) => Verdict::Through(way),
    }
}

/// Most files of a shop come from the same few programs: what was found of the last profiles is
/// remembered.
static RECENT: Mutex<Vec<Arc<Remembered>>> = Mutex::new(Vec::new());
const REMEMBERED: usize = 8;
/// Profiles of printers are larger, and so are their tables.
const LARGEST_REMEMBERED: usize = 64 << 10;

struct Remembered {
    channels: Channels,
    bytes: usize,
    colours: Colours,
    verdict: Verdict,
}

impl Remembered {
    fn is_of(&self, layout: &Layout) -> bool {
        (self.channels, self.bytes) == (layout.channels, layout.bytes)
            && self.colours == layout.colours
    }
}

fn recent(layout: &Layout) -> Verdict {
    let list = || RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = list().iter().find(|found| found.is_of(layout)) {
        return found.verdict.clone();
    }
    // A profile is a hostile file like any other, and its reader is young.
    let verdict = catch_unwind(AssertUnwindSafe(|| judge(layout))).unwrap_or(Verdict::Unusable);
    if matches!(&layout.colours, Colours::Icc(bytes) if bytes.len() > LARGEST_REMEMBERED) {
        return verdict;
    }
    let mut list = list();
    list.truncate(REMEMBERED - 1);
    let remembered = Remembered {
        channels: layout.channels,
        bytes: layout.bytes,
        colours: layout.colours.clone(),
        verdict: verdict.clone(),
    };
    list.insert(0, Arc::new(remembered));
    verdict
}
