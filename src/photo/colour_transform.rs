//! Rows through a profile.

use std::fmt;
use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Transform8BitExecutor, Transform16BitExecutor, TransformOptions,
};

use super::colour_layout::{Channels, Layout, narrow, wide_on_white};
use super::colour_profile;

/// An executor, and what it takes.
#[derive(Clone)]
pub(super) struct Way {
    executor: Executor,
    /// Grey is handed over as RGB.
    is_tripled: bool,
}

#[derive(Clone)]
enum Executor {
    Eight(Arc<Transform8BitExecutor>),
    Sixteen(Arc<Transform16BitExecutor>),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

impl Way {
    /// `None` when the profile is of another kind of picture, or cannot be used.
    pub(super) fn new(profile: &ColorProfile, layout: &Layout) -> Option<Self> {
        use moxcms::Layout::{Rgb, Rgba};
        let (space, from, to) = match layout.channels {
            Channels::Grey | Channels::Rgb => (DataColorSpace::Rgb, Rgb, Rgb),
            Channels::GreyAlpha | Channels::Rgba => (DataColorSpace::Rgb, Rgba, Rgba),
            Channels::Cmyk | Channels::CmykInverted => (DataColorSpace::Cmyk, Rgba, Rgb),
        };
        if profile.color_space != space {
            return None;
        }
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions {
            rendering_intent: colour_profile::intent(profile),
            allow_use_cicp_transfer: false,
            // Tables of inks at fixed point are up to three levels off, at floating point one.
            prefer_fixed_point: profile.color_space != DataColorSpace::Cmyk,
            ..TransformOptions::default()
        };
        let executor = if layout.bytes == 2 {
            let made = profile.create_transform_16bit(from, &srgb, to, options);
            Executor::Sixteen(made.ok()?)
        } else {
            let made = profile.create_transform_8bit(from, &srgb, to, options);
            Executor::Eight(made.ok()?)
        };
        Some(Self {
            executor,
            is_tripled: layout.channels.is_grey(),
        })
    }

    /// Whether every colour stays what it is, within a level: an sRGB profile, whatever its name.
    pub(super) fn changes_nothing(&self, layout: &Layout) -> bool {
        let probes: Vec<[u8; 3]> = match layout.channels {
            Channels::Cmyk | Channels::CmykInverted => return false,
            Channels::Grey | Channels::GreyAlpha => (0..=255).map(|grey| [grey; 3]).collect(),
            Channels::Rgb | Channels::Rgba => {
                let cube = (0..216u8).map(|at| [at % 6, at / 6 % 6, at / 36].map(|step| step * 51));
                cube.chain((0..=255).map(|grey| [grey; 3])).collect()
            }
        };
        let samples = probes.iter().flat_map(|probe| match layout.channels {
            Channels::Grey => probe[..1].to_vec(),
            Channels::GreyAlpha => vec![probe[0], 255],
            Channels::Rgba => [probe.as_slice(), &[255]].concat(),
            _ => probe.to_vec(),
        });
        let row: Vec<u8> = match layout.bytes {
            2 => samples
                .flat_map(|value| (257 * u16::from(value)).to_ne_bytes())
                .collect(),
            _ => samples.collect(),
        };
        let mut out = Vec::new();
        Transform::new(self.clone(), layout).apply(&row, &mut out);
        let pixels = out.chunks_exact(out.len() / probes.len());
        pixels.zip(&probes).all(|(pixel, probe)| {
            let mut pairs = pixel.iter().zip(probe);
            pairs.all(|(found, value)| found.abs_diff(*value) <= 1)
        })
    }
}

/// Rows of a layout to rows of sRGB at 8 bits, with alpha where the layout has it; that of wide
/// samples is laid on white already, and opaque.
#[derive(Debug)]
pub(super) struct Transform {
    way: Way,
    channels: Channels,
    premultiplied: bool,
    eight: Vec<u8>,
    wide: Vec<u16>,
    wide_out: Vec<u16>,
}

impl Transform {
    pub(super) fn new(way: Way, layout: &Layout) -> Self {
        Self {
            way,
            channels: layout.channels,
            premultiplied: layout.premultiplied,
            eight: Vec::new(),
            wide: Vec::new(),
            wide_out: Vec::new(),
        }
    }

    /// Turns `row` into `out`: RGB, or RGBA with straight alpha.
    pub(super) fn apply(&mut self, row: &[u8], out: &mut Vec<u8>) {
        let preparation = Preparation {
            inks: self.channels == Channels::CmykInverted,
            divided: self.premultiplied && self.channels.has_alpha(),
            tripled: self.way.is_tripled,
        };
        let samples = if self.channels.has_alpha() { 4 } else { 3 };
        // Only lengths can be wrong below, and they are not.
        match &self.way.executor {
            Executor::Eight(way) => {
                let pixels = row.len() / self.channels.count();
                let row = if preparation.is_none() {
                    row
                } else {
                    self.eight.clear();
                    self.eight.extend_from_slice(row);
                    preparation.apply(&mut self.eight, self.channels, u8::MAX);
                    &self.eight
                };
                out.resize(pixels * samples, 0);
                let _ = way.transform(row, out);
            }
            Executor::Sixteen(way) => {
                let wide = row.as_chunks::<2>().0.iter();
                self.wide.clear();
                self.wide.extend(wide.map(|&pair| u16::from_ne_bytes(pair)));
                let pixels = self.wide.len() / self.channels.count();
                preparation.apply(&mut self.wide, self.channels, u16::MAX);
                self.wide_out.resize(pixels * samples, 0);
                let _ = way.transform(&self.wide, &mut self.wide_out);
                out.clear();
                if self.channels.has_alpha() {
                    for &[r, g, b, alpha] in self.wide_out.as_chunks::<4>().0 {
                        out.extend([r, g, b].map(|value| wide_on_white(value, alpha, false)));
                        out.push(u8::MAX);
                    }
                } else {
                    out.extend(self.wide_out.iter().map(|&wide| narrow(wide)));
                }
            }
        }
    }
}

/// What a row needs before it goes through.
#[derive(Clone, Copy)]
struct Preparation {
    /// Papers become inks.
    inks: bool,
    /// Alpha is taken out of what was multiplied by it.
    divided: bool,
    /// Grey becomes RGB.
    tripled: bool,
}

impl Preparation {
    fn is_none(self) -> bool {
        !(self.inks || self.divided || self.tripled)
    }

    fn apply<T>(self, row: &mut Vec<T>, channels: Channels, most: T)
    where
        T: Copy + Into<u32> + TryFrom<u32>,
    {
        let most: u32 = most.into();
        let narrowed = |value: u32, before: T| T::try_from(value.min(most)).unwrap_or(before);
        if self.inks {
            for sample in row.iter_mut() {
                *sample = narrowed(most - (*sample).into(), *sample);
            }
        }
        if self.divided {
            for pixel in row.chunks_exact_mut(channels.count()) {
                if let [colours @ .., alpha] = pixel {
                    let alpha: u32 = (*alpha).into();
                    for colour in colours {
                        let value = u64::from((*colour).into()) * u64::from(most);
                        let value = (value + u64::from(alpha / 2)) / u64::from(alpha.max(1));
                        *colour = narrowed(value.min(u64::from(most)) as u32, *colour);
                    }
                }
            }
        }
        if self.tripled {
            *row = match channels {
                Channels::GreyAlpha => {
                    let pixels = row.as_chunks::<2>().0.iter();
                    pixels
                        .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
                        .collect()
                }
                _ => row.iter().flat_map(|&grey| [grey; 3]).collect(),
            };
        }
    }
}
