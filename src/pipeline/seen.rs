//! A part of a photo, as the network saw it.

use crate::recognize::View;

/// A view, looked at.
pub(super) struct Seen {
    /// In the pixels that were decoded.
    pub(super) view: View,
    /// In the bundle's order, at the prior that was asked for.
    pub(super) scores: Vec<f32>,
}

impl Seen {
    /// Left, top, width and height in the pixels of the photo as large as its file declares it,
    /// where `pixels` is the size that was decoded.
    pub(super) fn declared_bounds(&self, pixels: (u32, u32), declared: (u32, u32)) -> [u32; 4] {
        let scaled = |at: u32, from: u32, to: u32| {
            (f64::from(at) * f64::from(to) / f64::from(from.max(1))).round() as u32
        };
        let across = |at| scaled(at, pixels.0, declared.0);
        let down = |at| scaled(at, pixels.1, declared.1);
        let (left, top) = (across(self.view.left), down(self.view.top));
        [
            left,
            top,
            across(self.view.left + self.view.width) - left,
            down(self.view.top + self.view.height) - top,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_photo_as_large_as_it_is() {
        let view = View {
            left: 100,
            top: 76,
            width: 300,
            height: 226,
        };
        let seen = Seen {
            view,
            scores: Vec::new(),
        };
        let bounds = seen.declared_bounds((500, 378), (4000, 3024));
        assert_eq!(bounds, [800, 608, 2400, 1808]);
    }
}
