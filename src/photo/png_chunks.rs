//! What a PNG says beside its pixels: colours, orientation, frames.

use std::io::Read;

use flate2::read::ZlibDecoder;
use image::metadata::Orientation;

use super::colour_layout::{Chromaticities, Colours};
use super::{Limits, exif};

const SIGNATURE: usize = 8;
/// Length, type and checksum of a chunk.
const FRAME: usize = 12;

/// What was found in the chunks of a file.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Apple's own kind of file: it has another compression and another order of colours.
    pub(super) is_apple: bool,
    /// Frames that the file declares; 1 where it is no animation.
    pub(super) frames: u32,
    /// eXIf before or after the pixels; the first that says it.
    pub(super) orientation: Option<Orientation>,
    code_points: Option<[u8; 4]>,
    profile: Option<Profile>,
    is_srgb: bool,
    gamma: Option<f64>,
    chromaticities: Option<Chromaticities>,
}

#[derive(Debug)]
enum Profile {
    Icc(Vec<u8>),
    /// Does not inflate, or to more than the limit.
    Broken,
}

impl Chunks {
    /// Walks the chunks once. Texts are not looked into, and what has a wrong checksum is passed
    /// over, as browsers do.
    pub(super) fn of(bytes: &[u8], limits: &Limits) -> Self {
        let mut found = Self {
            frames: 1,
            ..Self::default()
        };
        let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
        let mut before_pixels = true;
        while let Some((kind, data, after)) = next(rest) {
            let whole = || is_whole(rest, data.len());
            match &kind {
                b"CgBI" => found.is_apple = true,
                b"IDAT" => before_pixels = false,
                b"IEND" => break,
                b"eXIf" if found.orientation.is_none() && whole() => {
                    found.orientation = exif::orientation(data);
                }
                b"acTL" if before_pixels && whole() => {
                    found.frames = long(data, 0).unwrap_or(1);
                }
                b"cICP" if before_pixels && whole() => {
                    found.code_points = data.try_into().ok();
                }
                b"iCCP" if before_pixels && found.profile.is_none() && whole() => {
                    found.profile = Some(inflated(data, limits.max_metadata));
                }
                b"sRGB" if before_pixels && whole() => found.is_srgb = true,
                b"gAMA" if before_pixels && whole() => {
                    let gamma = long(data, 0).filter(|&gamma| gamma > 0);
                    found.gamma = gamma.map(|gamma| f64::from(gamma) / 100_000.0);
                }
                b"cHRM" if before_pixels && whole() => {
                    found.chromaticities = chromaticities(data);
                }
                _ => {}
            }
            rest = after;
        }
        found
    }

    /// What the samples mean: cICP before iCCP before sRGB before gAMA and cHRM, as the third
    /// edition of the specification orders them.
    pub(super) fn colours(&mut self) -> Colours {
        // Code points of pixels that are no RGB in full range do not belong in a PNG.
        if let Some([primaries, transfer, 0, 1]) = self.code_points {
            return Colours::Cicp {
                primaries,
                transfer,
            };
        }
        match self.profile.take() {
            Some(Profile::Icc(profile)) => Colours::Icc(profile),
            // Not a profile either, so that it is marked as one that was ignored.
            Some(Profile::Broken) => Colours::Icc(Vec::new()),
            None if self.is_srgb => Colours::Srgb,
            None if self.gamma.is_none() && self.chromaticities.is_none() => Colours::Srgb,
            None => Colours::Gamma {
                encoding: self.gamma,
                chromaticities: self.chromaticities,
            },
        }
    }
}

/// The kind and the data of the first chunk, and what follows it.
fn next(rest: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let length = long(rest, 0)? as usize;
    let kind = rest.get(4..8)?.try_into().ok()?;
    let data = rest.get(8..length.checked_add(8)?)?;
    Some((kind, data, rest.get(length + FRAME..).unwrap_or_default()))
}

fn is_whole(chunk: &[u8], length: usize) -> bool {
    let checksum = long(chunk, length + 8);
    checksum.is_some_and(|checksum| crc32fast::hash(&chunk[4..length + 8]) == checksum)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

/// A profile after its name and method.
fn inflated(data: &[u8], limit: u64) -> Profile {
    let Some(name) = memchr::memchr(0, data) else {
        return Profile::Broken;
    };
    let Some([0, packed @ ..]) = data.get(name + 1..) else {
        return Profile::Broken;
    };
    let mut profile = Vec::new();
    let outcome = ZlibDecoder::new(packed)
        .take(limit + 1)
        .read_to_end(&mut profile);
    match outcome {
        Ok(_) if profile.len() as u64 <= limit => Profile::Icc(profile),
        // As in libpng, a profile that is whole by its own length is not lost with the stream's end.
        Err(_) => match long(&profile, 0) {
            Some(length) if length > 0 && profile.len() as u64 >= u64::from(length) => {
                profile.truncate(length as usize);
                Profile::Icc(profile)
            }
            _ => Profile::Broken,
        },
        Ok(_) => Profile::Broken,
    }
}

fn chromaticities(data: &[u8]) -> Option<Chromaticities> {
    let value = |at| long(data, at).map(|value| f64::from(value) / 100_000.0);
    let pair = |at| Some((value(at)?, value(at + 4)?));
    Some(Chromaticities {
        white: pair(0)?,
        red: pair(8)?,
        green: pair(16)?,
        blue: pair(24)?,
    })
}
