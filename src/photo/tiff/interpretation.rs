//! Samples to a row that the colour converter takes.

use super::picture::{Meaning, Number, Picture, YCbCr};
use super::samples::Samples;
use crate::photo::colour::{Channels, Colours, Layout};

/// Turns rows of samples, colours first and transparency last, into rows for the converter.
pub(super) struct Interpretation {
    recipe: Recipe,
    /// Of every sample up to 8 bits: its value out of 255, upside down where zero is white.
    levels: [u8; 256],
    /// The highest value of samples in 16 bits.
    highest: u32,
    is_inverted: bool,
    has_alpha: bool,
    /// Bytes of a sample as it comes.
    bytes: usize,
    out: Vec<u8>,
}

enum Recipe {
    /// Grey, RGB and CMYK.
    AsIs(usize),
    Palette(Vec<[u8; 3]>),
    YCbCr(Box<Differences>),
    Lab(Box<Lab>),
}

impl Interpretation {
    /// The recipe for a picture; `is_rgb_already` where the codec has turned YCbCr into RGB.
    pub(super) fn new(picture: &Picture<'_>, is_rgb_already: bool) -> Self {
        let bits = picture.number.bits().min(16);
        let is_inverted = picture.meaning
            == (Meaning::Grey {
                zero_is_white: true,
            });
        let highest = (1_u32 << bits) - 1;
        let levels = std::array::from_fn(|value| {
            let value = (value as u32).min(highest) * 255 / highest;
            if is_inverted {
                255 - value as u8
            } else {
                value as u8
            }
        });
        let bytes = Samples::bytes(picture.number);
        let is_signed = matches!(picture.number, Number::Signed(_));
        let recipe = match &picture.meaning {
            Meaning::Grey { .. } => Recipe::AsIs(1),
            Meaning::Rgb => Recipe::AsIs(3),
            Meaning::YCbCr(_) if is_rgb_already => Recipe::AsIs(3),
            Meaning::Palette(colours) => Recipe::Palette(colours.clone()),
            Meaning::Cmyk => Recipe::AsIs(4),
            Meaning::YCbCr(ycbcr) => Recipe::YCbCr(Box::new(Differences::new(*ycbcr))),
            Meaning::Lab { offset } => Recipe::Lab(Box::new(Lab::new(*offset || is_signed))),
        };
        Self {
            recipe,
            levels,
            highest,
            is_inverted,
            has_alpha: picture.alpha.is_some(),
            bytes,
            out: Vec::new(),
        }
    }

    /// What the rows are once converted.
    pub(super) fn layout(&self, picture: &Picture<'_>) -> Layout {
        let channels = match (&self.recipe, self.has_alpha) {
            (Recipe::AsIs(1), false) => Channels::Grey,
            (Recipe::AsIs(1), true) => Channels::GreyAlpha,
            (Recipe::AsIs(4), _) => Channels::Cmyk,
            (_, false) => Channels::Rgb,
            (_, true) => Channels::Rgba,
        };
        let bytes = match self.recipe {
            Recipe::AsIs(_) => self.bytes,
            _ => 1,
        };
        let layout = Layout::new(channels, bytes);
        let is_rgb = matches!(self.recipe, Recipe::AsIs(3));
        let layout = match (&self.recipe, picture.icc) {
            // They are sRGB once converted.
            (Recipe::Lab(_), _) => layout,
            (_, Some(profile)) => layout.with_profile(Some(profile.to_vec())),
            // Floats are light itself: BT.709's primaries, a linear transfer.
            (_, None) if is_rgb && matches!(picture.number, Number::Float(_)) => layout
                .with_colours(Colours::Cicp {
                    primaries: 1,
                    transfer: 8,
                }),
            (_, None) => layout,
        };
        let is_associated = picture.alpha.is_some_and(|alpha| alpha.is_associated);
        match (&self.recipe, is_associated) {
            (Recipe::Palette(_), _) | (_, false) => layout,
            (_, true) => layout.premultiplied(),
        }
    }

    /// Converts a row.
    pub(super) fn convert<'r>(&'r mut self, row: &'r mut [u8]) -> &'r [u8] {
        let is_scaled = self.highest == if self.bytes == 1 { 255 } else { 65535 };
        let (colours, has_alpha) = (self.colours(), self.has_alpha);
        let samples = colours + usize::from(has_alpha);
        if !matches!(self.recipe, Recipe::Palette(_)) && (!is_scaled || self.is_inverted) {
            self.scale(row, samples);
        }
        if let Recipe::AsIs(_) = self.recipe {
            return row;
        }
        self.write_rgb(row, samples);
        &self.out
    }

    fn colours(&self) -> usize {
        match self.recipe {
            Recipe::AsIs(colours) => colours,
            Recipe::Palette(_) => 1,
            Recipe::YCbCr(_) | Recipe::Lab(_) => 3,
        }
    }

    /// Samples to the full range; transparency is never upside down.
    fn scale(&self, row: &mut [u8], samples: usize) {
        let highest = self.highest;
        let colours = self.colours();
        if self.bytes == 1 {
            for pixel in row.chunks_exact_mut(samples) {
                for (index, value) in pixel.iter_mut().enumerate() {
                    let level = self.levels[usize::from(*value)];
                    let is_alpha = index >= colours && self.is_inverted;
                    *value = if is_alpha { 255 - level } else { level };
                }
            }
            return;
        }
        for pixel in row.chunks_exact_mut(2 * samples) {
            for (index, value) in pixel.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                let wide = u32::from(u16::from_ne_bytes(*value)).min(highest);
                let mut level = (wide * 65535 / highest) as u16;
                if self.is_inverted && index < colours {
                    level = 65535 - level;
                }
                *value = level.to_ne_bytes();
            }
        }
    }

    /// Eight-bit RGB, with transparency where there is.
    fn write_rgb(&mut self, row: &[u8], samples: usize) {
        let Self {
            recipe,
            out,
            has_alpha,
            bytes,
            ..
        } = self;
        out.clear();
        let bytes = *bytes;
        let eight = |pixel: &[u8], index: usize| match bytes {
            1 => pixel[index],
            _ => high_byte(pixel, index),
        };
        for pixel in row.chunks_exact(samples * bytes) {
            let (rgb, colours) = match recipe {
                Recipe::Palette(colours) => {
                    let index: usize = match bytes {
                        1 => pixel[0].into(),
                        _ => u16::from_ne_bytes([pixel[0], pixel[1]]).into(),
                    };
                    (colours.get(index).copied().unwrap_or_default(), 1)
                }
                Recipe::YCbCr(table) => (table.rgb([pixel[0], pixel[1], pixel[2]]), 3),
                Recipe::Lab(lab) => (lab.rgb(pixel, bytes), 3),
                Recipe::AsIs(_) => return,
            };
            out.extend_from_slice(&rgb);
            if *has_alpha {
                out.push(eight(pixel, colours));
            }
        }
    }
}

fn high_byte(pixel: &[u8], index: usize) -> u8 {
    let wide = u16::from_ne_bytes([pixel[2 * index], pixel[2 * index + 1]]);
    ((u32::from(wide) + 128) / 257) as u8
}

/// YCbCr to RGB by tables, in 1/65536.
struct Differences {
    luma: [i32; 256],
    red: [i32; 256],
    green_of_cb: [i32; 256],
    green_of_cr: [i32; 256],
    blue: [i32; 256],
}

impl Differences {
    fn new(YCbCr { luma, range }: YCbCr) -> Self {
        let [red, green, blue] = luma;
        let table = |[black, white]: [f64; 2], span: f64, factor: f64| {
            let width = if white == black { 1.0 } else { white - black };
            std::array::from_fn(|value| {
                let value = (value as f64 - black) * span / width;
                // Any value a file may name stays within what a sum of three holds.
                (value * factor * 65536.0).clamp(-5e8, 5e8) as i32
            })
        };
        let green = if green == 0.0 { 1.0 } else { green };
        let (of_red, of_blue) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
        Self {
            luma: table(range[0], 255.0, 1.0),
            red: table(range[2], 127.0, of_red),
            green_of_cr: table(range[2], 127.0, -red * of_red / green),
            green_of_cb: table(range[1], 127.0, -blue * of_blue / green),
            blue: table(range[1], 127.0, of_blue),
        }
    }

    fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let (y, cb, cr) = (self.luma[usize::from(y)], usize::from(cb), usize::from(cr));
        let differences = [
            self.red[cr],
            self.green_of_cb[cb] + self.green_of_cr[cr],
            self.blue[cb],
        ];
        differences.map(|by| ((y + by + 32768) >> 16).clamp(0, 255) as u8)
    }
}

/// CIE L*a*b* under D50 to sRGB.
struct Lab {
    /// a and b have half of the range added.
    offset: bool,
    /// Light to sRGB, by steps of 1/4095.
    gamma: [u8; 4096],
}

impl Lab {
    fn new(offset: bool) -> Self {
        let gamma = std::array::from_fn(|light| {
            let light = light as f32 / 4095.0;
            let value = match light <= 0.003_130_8 {
                true => 12.92 * light,
                false => 1.055 * light.powf(1.0 / 2.4) - 0.055,
            };
            (value * 255.0 + 0.5) as u8
        });
        Self { offset, gamma }
    }

    fn rgb(&self, pixel: &[u8], bytes: usize) -> [u8; 3] {
        let stored = |index: usize| match bytes {
            1 => f32::from(pixel[index]),
            _ => f32::from(u16::from_ne_bytes([pixel[2 * index], pixel[2 * index + 1]])) / 256.0,
        };
        let difference = |index: usize| match (stored(index), self.offset) {
            (value, true) => value - 128.0,
            (value, false) if value >= 128.0 => value - 256.0,
            (value, false) => value,
        };
        let highest = if bytes == 1 { 255.0 } else { 65535.0 / 256.0 };
        let y = (stored(0) * 100.0 / highest + 16.0) / 116.0;
        let (x, z) = (y + difference(1) / 500.0, y - difference(2) / 200.0);
        let light = |f: f32| match f > 6.0 / 29.0 {
            true => f * f * f,
            false => (f - 4.0 / 29.0) * 3.0 * (6.0 / 29.0) * (6.0 / 29.0),
        };
        let (x, y, z) = (0.9642 * light(x), light(y), 0.8249 * light(z));
        // D50 to sRGB's D65 by Bradford's adaptation.
        [
            3.133_856 * x - 1.616_867 * y - 0.490_615 * z,
            -0.978_768 * x + 1.916_142 * y + 0.033_454 * z,
            0.071_945 * x - 0.228_991 * y + 1.405_243 * z,
        ]
        .map(|light| self.gamma[((light * 4095.0 + 0.5).max(0.0) as usize).min(4095)])
    }
}
