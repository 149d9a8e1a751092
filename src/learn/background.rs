//! The base bundle's background pictures that can be learnt beside the pictures given.

use super::error::LearnError;
use super::labels::LabelSet;
use super::pictures::Picture;
use crate::recognize::{Background, Bundle, Embedding, Reads};

/// Cosine from which a background picture is taken for one of the pictures given.
const SAME_PICTURE: f64 = 0.995;

/// The background without what contradicts the pictures given.
pub(super) struct BackgroundSelection {
    /// The rows that serve; `None` where there are none.
    pub(super) kept: Option<Background>,
    /// Rows set aside because they are among the pictures given, under another label.
    pub(super) set_aside: usize,
    /// Photographs of the kind that will be scanned, which show no label taught but `other`.
    pub(super) scanned: Vec<Embedding>,
}

impl BackgroundSelection {
    /// Leaves out labels that are defined anew, and the same pictures under another label. No
    /// scanned photographs yet.
    pub(super) fn new(
        base: &Bundle,
        reads: Reads,
        labels: &LabelSet,
        pictures: &[Picture],
    ) -> Result<Self, LearnError> {
        let background = match reads {
            Reads::Features => base.background()?,
            Reads::Descriptor => None,
        };
        let (kept, set_aside) = match background {
            Some(background) => select(&background, labels, pictures),
            None => (None, 0),
        };
        Ok(Self {
            kept,
            set_aside,
            scanned: Vec::new(),
        })
    }

    /// Fails when there is nothing that new labels could be told from.
    pub(super) fn check(&self, base: &Bundle, labels: &LabelSet) -> Result<(), LearnError> {
        let nothing = self.kept.is_none() && self.scanned.is_empty();
        if nothing && !labels.any_taught_is_of_network() {
            return Err(LearnError::NothingElse(
                base.description.name.clone(),
                base.description.labels.names.join(", "),
            ));
        }
        Ok(())
    }

    /// How many rows serve.
    pub(super) fn len(&self) -> usize {
        let kept = self.kept.as_ref();
        kept.map_or(0, |background| background.labels.len())
    }
}

fn select(
    background: &Background,
    labels: &LabelSet,
    pictures: &[Picture],
) -> (Option<Background>, usize) {
    let (mut kept, mut set_aside) = (Vec::new(), 0);
    for (row, &label) in background.labels.iter().enumerate() {
        if !labels.is_known(label) {
            continue;
        }
        let features = background.features.row(row);
        let contradicts = |picture: &Picture| {
            picture.label != labels.names[label]
                && cosine(features, (&picture.seen.vector).into()) > SAME_PICTURE
        };
        if pictures.iter().any(contradicts) {
            set_aside += 1;
        } else {
            kept.push(row);
        }
    }
    let kept = (!kept.is_empty()).then(|| background.select(&kept));
    (kept, set_aside)
}

/// Cosine of the angle between two vectors.
fn cosine(a: ndarray::ArrayView1<f32>, b: ndarray::ArrayView1<f32>) -> f64 {
    f64::from(a.dot(&b)) / (f64::from(a.dot(&a)) * f64::from(b.dot(&b))).sqrt()
}
