//! Views: overlapping parts of a photograph, in which what is small in the whole is larger.

use std::collections::BTreeMap;

use image::RgbImage;

use super::description::{Description, Input, Threshold, ViewThreshold, ViewsRule};

/// Views of a photograph: its middle and its four corners.
pub const VIEWS: usize = 5;

/// Points sampled per side of a photograph.
const GRID: u32 = 64;
/// Levels beyond which neighbouring points differ where there is an edge.
const EDGE: u32 = 12;

/// A part of a photograph, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl ViewsRule {
    /// Views of this share of the width and height, of photographs as busy as this, with the
    /// thresholds of their labels.
    #[must_use]
    pub fn new(share: f32, busy: f32, thresholds: BTreeMap<String, ViewThreshold>) -> Self {
        Self {
            share,
            busy,
            thresholds,
        }
    }

    /// The views of a photograph of this size, the middle first: neighbours overlap, and together
    /// they show all of it where `share` is a half or more.
    #[must_use]
    pub fn views(&self, (width, height): (u32, u32)) -> [View; VIEWS] {
        let side = |length: u32| {
            let side = (f64::from(length) * f64::from(self.share)).round() as u32;
            side.clamp(1.min(length), length)
        };
        let (w, h) = (side(width), side(height));
        let (right, bottom) = (width - w, height - h);
        let corners = [
            (right / 2, bottom / 2),
            (0, 0),
            (right, 0),
            (0, bottom),
            (right, bottom),
        ];
        corners.map(|(left, top)| View {
            left,
            top,
            width: w,
            height: h,
        })
    }

    /// The thresholds of its views' scores.
    #[must_use]
    pub fn of_views(&self) -> BTreeMap<String, Threshold> {
        let thresholds = self.thresholds.iter();
        let both = |&ViewThreshold { review, flag, .. }: &ViewThreshold| Threshold { review, flag };
        thresholds
            .map(|(label, threshold)| (label.clone(), both(threshold)))
            .collect()
    }

    /// Whether these scores of the middle leave a doubt, so that the corners are looked at too: a
    /// label reaches what would raise the whole.
    #[must_use]
    pub fn is_in_doubt(&self, description: &Description, scores: &[f32]) -> bool {
        let mut scored = description.labels.names.iter().zip(scores);
        scored.any(|(label, &score)| {
            let of_whole = description.thresholds.get(label);
            self.thresholds.contains_key(label)
                && of_whole.is_some_and(|threshold| score >= threshold.review)
        })
    }

    /// Whether these scores of the whole photograph, in the order of the description's labels, say
    /// that views are worth their time.
    #[must_use]
    pub fn is_plausible(&self, description: &Description, scores: &[f32]) -> bool {
        let mut scored = description.labels.names.iter().zip(scores);
        scored.any(|(label, &score)| {
            let threshold = self.thresholds.get(label);
            threshold.is_some_and(|threshold| score >= threshold.plausible)
        })
    }
}

impl View {
    /// Whether it has about as many pixels as the network takes, nine tenths a side, as of a
    /// photograph of twelve megapixels at an eighth: with fewer it shows little that the whole did
    /// not.
    #[must_use]
    pub fn is_finer(&self, input: &Input) -> bool {
        let is_enough = |side: u32, asked: u32| 10 * u64::from(side) >= 9 * u64::from(asked);
        is_enough(self.width, input.width) && is_enough(self.height, input.height)
    }

    /// Its pixels.
    #[must_use]
    pub fn cut(&self, pixels: &RgbImage) -> RgbImage {
        let &Self {
            left,
            top,
            width,
            height,
        } = self;
        image::imageops::crop_imm(pixels, left, top, width, height).to_image()
    }
}

/// Share of a photograph's points, 0 to 1, where brightness changes: little where one thing lies on
/// plain ground, much where many things stand about.
#[must_use]
pub fn busyness(pixels: &RgbImage) -> f32 {
    let (width, height) = pixels.dimensions();
    if width == 0 || height == 0 {
        return 0.0;
    }
    let green = |column: u32, row: u32| {
        let (x, y) = (
            u64::from(column) * u64::from(width) / u64::from(GRID),
            u64::from(row) * u64::from(height) / u64::from(GRID),
        );
        u32::from(pixels.get_pixel(x as u32, y as u32).0[1])
    };
    let mut edges = 0;
    for row in 0..GRID - 1 {
        for column in 0..GRID - 1 {
            let here = green(column, row);
            let across = here.abs_diff(green(column + 1, row));
            let down = here.abs_diff(green(column, row + 1));
            edges += u32::from(across + down > EDGE);
        }
    }
    edges as f32 / ((GRID - 1) * (GRID - 1)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn views_lie_inside_overlap_and_show_all_of_the_photograph(
            width in 2u32..5000,
            height in 2u32..5000,
            share in 0.55f32..0.9,
        ) {
            let rule = ViewsRule::new(share, 0.0, BTreeMap::new());
            let views = rule.views((width, height));
            for view in views {
                prop_assert!(view.width > 0 && view.left + view.width <= width);
                prop_assert!(view.height > 0 && view.top + view.height <= height);
            }
            let [_, corners @ ..] = views;
            for (x, y) in [(0, 0), (width - 1, 0), (width / 2, height / 2), (width - 1, height - 1)] {
                let shows = |view: &View| {
                    (view.left..view.left + view.width).contains(&x)
                        && (view.top..view.top + view.height).contains(&y)
                };
                prop_assert!(corners.iter().any(shows), "{x},{y} of {width} x {height}");
            }
        }
    }

    #[test]
    fn a_thing_on_plain_ground_is_not_busy_and_a_heap_is() {
        let mut packshot = RgbImage::from_pixel(600, 400, Rgb([240; 3]));
        let tile = |x: u32, y: u32| Rgb([((x / 11 + y / 13) % 2 * 120 + 60) as u8; 3]);
        for (x, y) in (0..200).flat_map(|x| (0..150).map(move |y| (x, y))) {
            packshot.put_pixel(200 + x, 120 + y, tile(x, y));
        }
        let heap = RgbImage::from_fn(600, 400, tile);
        assert!(busyness(&packshot) < 0.2, "{}", busyness(&packshot));
        assert!(busyness(&heap) > 0.6, "{}", busyness(&heap));
        assert_eq!(busyness(&RgbImage::from_pixel(3, 2, Rgb([9; 3]))), 0.0);
    }
}
