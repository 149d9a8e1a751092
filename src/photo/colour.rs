//! A row as a decoder gives it to opaque sRGB.

use super::Mark;
use super::colour_layout::narrow;
use super::colour_space::{self, Outcome};
use super::colour_transform::Transform;

pub(super) use super::colour_layout::{Channels, Colours, Layout};

/// Turns rows into opaque sRGB: profile first, then transparency on white.
#[derive(Debug)]
pub(super) struct Converter {
    layout: Layout,
    transform: Option<Transform>,
    /// The row in hand at 8 bits a sample.
    eight: Vec<u8>,
}

impl Converter {
    /// A converter for rows of `layout`, and what is to be said of the colours: a description of
    /// them that cannot be used is passed over.
    pub(super) fn new(layout: Layout) -> (Self, Option<Mark>) {
        let (transform, mark) = match colour_space::transform(&layout) {
            Outcome::AsIs => (None, None),
            Outcome::Through(transform) => (Some(transform), None),
            Outcome::Unusable => (None, Some(Mark::ProfileIgnored)),
        };
        let eight = Vec::new();
        let converter = Self {
            layout,
            transform,
            eight,
        };
        (converter, mark)
    }

    /// Whether rows of RGB pass through unchanged.
    pub(super) fn is_identity(&self) -> bool {
        let layout = &self.layout;
        self.transform.is_none() && layout.channels == Channels::Rgb && layout.bytes == 1
    }

    /// Converts a row into `rgb`, three bytes a pixel.
    pub(super) fn convert(&mut self, row: &[u8], rgb: &mut [u8]) {
        let channels = self.layout.channels;
        if let Some(transform) = &mut self.transform {
            transform.apply(row, &mut self.eight);
            let channels = match channels.has_alpha() {
                true => Channels::Rgba,
                false => Channels::Rgb,
            };
            opaque(&self.eight, channels, false, rgb);
        } else if self.layout.bytes == 2 {
            let samples = row.as_chunks::<2>().0.iter();
            self.eight.clear();
            self.eight
                .extend(samples.map(|&pair| narrow(u16::from_ne_bytes(pair))));
            opaque(&self.eight, channels, self.layout.premultiplied, rgb);
        } else {
            opaque(row, channels, self.layout.premultiplied, rgb);
        }
    }
}

fn opaque(row: &[u8], channels: Channels, premultiplied: bool, rgb: &mut [u8]) {
    let on_white = match premultiplied {
        true => premultiplied_on_white,
        false => straight_on_white,
    };
    let rgb = rgb.as_chunks_mut::<3>().0.iter_mut();
    match channels {
        Channels::Grey => rgb.zip(row).for_each(|(to, &grey)| *to = [grey; 3]),
        Channels::Rgb => rgb
            .zip(row.as_chunks::<3>().0)
            .for_each(|(to, from)| *to = *from),
        Channels::GreyAlpha => rgb
            .zip(row.as_chunks::<2>().0)
            .for_each(|(to, &[grey, alpha])| *to = [on_white(grey, alpha); 3]),
        Channels::Rgba => rgb
            .zip(row.as_chunks::<4>().0)
            .for_each(|(to, &[r, g, b, alpha])| {
                *to = [r, g, b].map(|value| on_white(value, alpha));
            }),
        Channels::Cmyk => rgb
            .zip(row.as_chunks::<4>().0)
            .for_each(|(to, &[c, m, y, k])| {
                *to = [c, m, y].map(|ink| product(255 - ink, 255 - k));
            }),
        Channels::CmykInverted => {
            rgb.zip(row.as_chunks::<4>().0)
                .for_each(|(to, &[c, m, y, k])| {
                    *to = [c, m, y].map(|paper| product(paper, k));
                })
        }
    }
}

/// A product of shares of 255, rounded.
fn product(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

fn straight_on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

fn premultiplied_on_white(value: u8, alpha: u8) -> u8 {
    value.saturating_add(255 - alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(layout: Layout, row: &[u8]) -> Vec<u8> {
        let pixels = row.len() / layout.channels.count() / layout.bytes;
        let mut rgb = vec![0; 3 * pixels];
        Converter::new(layout).0.convert(row, &mut rgb);
        rgb
    }

    #[test]
    fn inks_without_profile_darken_paper_whichever_way_they_are_stored() {
        let inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 51, 102, 0, 51];
        let expected = [255, 255, 255, 0, 255, 255, 0, 0, 0, 163, 122, 204];
        assert_eq!(converted(Layout::new(Channels::Cmyk, 1), &inks), expected);
        let papers = inks.map(|ink| 255 - ink);
        let inverted = Layout::new(Channels::CmykInverted, 1);
        assert_eq!(converted(inverted, &papers), expected);
    }

    #[test]
    fn transparency_is_laid_on_white_multiplied_or_not() {
        let straight = Layout::new(Channels::Rgba, 1);
        assert_eq!(
            converted(straight.clone(), &[200, 100, 0, 51]),
            [244, 224, 204]
        );
        assert_eq!(
            converted(straight.premultiplied(), &[40, 20, 0, 51]),
            [244, 224, 204]
        );
    }

    #[test]
    fn sixteen_bits_are_rounded_to_eight() {
        let row: Vec<u8> = [0u16, 128, 129, 65535]
            .iter()
            .flat_map(|wide| wide.to_ne_bytes())
            .collect();
        let rgb = converted(Layout::new(Channels::Grey, 2), &row);
        assert_eq!(rgb, [0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255]);
    }
}
