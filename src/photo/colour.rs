//! A row as a decoder gives it to opaque RGB.

use super::Mark;

/// What one pixel of a row is made of, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
}

impl Channels {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// How the rows of a picture are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) channels: Channels,
    /// Bytes a sample: 1, or 2 in the machine's byte order.
    pub(super) bytes: usize,
}

/// Turns rows into opaque RGB: transparency is laid on white.
#[derive(Debug)]
pub(super) struct Converter {
    layout: Layout,
    /// The row in hand at 8 bits a sample.
    eight: Vec<u8>,
}

impl Converter {
    /// A converter for rows of `layout`, and what is to be said of the colours.
    pub(super) fn new(layout: Layout) -> (Self, Option<Mark>) {
        let eight = Vec::new();
        (Self { layout, eight }, None)
    }

    /// Converts a row into `rgb`, three bytes a pixel.
    pub(super) fn convert(&mut self, row: &[u8], rgb: &mut [u8]) {
        let row = if self.layout.bytes == 2 {
            let samples = row.as_chunks::<2>().0.iter();
            let samples = samples.map(|&pair| u32::from(u16::from_ne_bytes(pair)));
            self.eight.clear();
            // Rounded, as `image` does: 65535 / 255 = 257.
            self.eight
                .extend(samples.map(|wide| ((wide + 128) / 257) as u8));
            &self.eight
        } else {
            row
        };
        let rgb = rgb.as_chunks_mut::<3>().0.iter_mut();
        match self.layout.channels {
            Channels::Grey => rgb.zip(row).for_each(|(to, &grey)| *to = [grey; 3]),
            Channels::Rgb => rgb
                .zip(row.as_chunks::<3>().0)
                .for_each(|(to, from)| *to = *from),
            Channels::GreyAlpha => rgb
                .zip(row.as_chunks::<2>().0)
                .for_each(|(to, &[grey, alpha])| *to = [on_white(grey, alpha); 3]),
            Channels::Rgba => {
                rgb.zip(row.as_chunks::<4>().0)
                    .for_each(|(to, &[r, g, b, alpha])| {
                        *to = [r, g, b].map(|value| on_white(value, alpha));
                    })
            }
        }
    }
}

/// A sample over white.
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
