//! A row as a decoder gives it to opaque sRGB.

use super::Mark;
use super::colour_layout::{narrow, on_white, wide_on_white};
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
    /// The row in hand at 16 bits, where alpha is still to be laid on white.
    wide: Vec<u16>,
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
        let converter = Self {
            layout,
            transform,
            eight: Vec::new(),
            wide: Vec::new(),
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
            let samples = samples.map(|&pair| u16::from_ne_bytes(pair));
            self.eight.clear();
            if channels.has_alpha() {
                self.wide.clear();
                self.wide.extend(samples);
                for pixel in self.wide.chunks_exact(channels.count()) {
                    if let [colours @ .., alpha] = pixel {
                        let premultiplied = self.layout.premultiplied;
                        let laid = |&value| wide_on_white(value, *alpha, premultiplied);
                        self.eight.extend(colours.iter().map(laid));
                    }
                }
            } else {
                self.eight.extend(samples.map(narrow));
            }
            opaque(&self.eight, channels.without_alpha(), false, rgb);
        } else {
            opaque(row, channels, self.layout.premultiplied, rgb);
        }
    }
}

fn opaque(row: &[u8], channels: Channels, premultiplied: bool, rgb: &mut [u8]) {
    let on_white = |value: u8, alpha: u8| {
        on_white(value.into(), alpha.into(), u8::MAX.into(), premultiplied) as u8
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
    fn wide_transparency_is_laid_on_white_before_it_is_rounded() {
        let row: Vec<u8> = [129u16, 129, 129, 642]
            .iter()
            .flat_map(|wide| wide.to_ne_bytes())
            .collect();
        let associated = Layout::new(Channels::Rgba, 2).premultiplied();
        // 129 + 65535 - 642 = 65022 = 253 * 257 + 1; rounded apart, 1 + 255 - 2 = 254.
        assert_eq!(converted(associated, &row), [253; 3]);
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
