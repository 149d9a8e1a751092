//! WebP: still pictures, and of animations the first frame with content.

use image::RgbImage;
use image::metadata::Orientation;

use super::animation::{self, Area, Disposal, Player};
use super::blank::is_blank;
use super::canvas::{Canvas, Mosaic};
use super::colour::{Channels, Colours, Converter, Layout};
use super::decoded::Stored;
use super::libwebp::{self, Features, Outcome};
use super::request::Request;
use super::{Mark, PhotoError, exif};

/// Most pixels of a first frame that does not fill a giant screen: it comes on top of that.
const LARGEST_PART: u64 = 1 << 22;

/// Decodes a WebP on white.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let features = libwebp::features(bytes).ok_or_else(broken)?;
    let size = (features.width, features.height);
    admit(&features, request)?;
    let file = Chunks::of(bytes);
    let reduction = request.reduction(size);
    let (pixels, marks) = match features.is_animation {
        true => animation(&file, size, request)?,
        false => still(bytes, &features, file.colours(), reduction)?,
    };
    Ok(Stored {
        pixels,
        size,
        orientation: file.orientation().unwrap_or(Orientation::NoTransforms),
        marks,
    })
}

fn admit(features: &Features, request: &Request<'_>) -> Result<(), PhotoError> {
    let size = (features.width, features.height);
    let pixels = u64::from(size.0) * u64::from(size.1);
    let channels = if features.has_alpha { 4 } else { 3 };
    // What is lossless is decoded whole, at four bytes a pixel, however small the output is.
    let whole = if features.is_lossless { 4 * pixels } else { 0 };
    let screen = if features.is_animation {
        animation::held(size)
    } else {
        0
    };
    let held = (channels + 3) * request.reduced_pixels(size) + whole + screen;
    request.admit_holding(size, channels * pixels, held)
}

/// RGB or RGBA of a picture or of a frame, scaled down by a whole number, and whether a part of it
/// is missing: what comes before the data break off is good if it is at least the half.
fn raw(
    data: &[u8],
    features: &Features,
    with_alpha: bool,
    reduction: u32,
) -> Result<(Vec<u8>, bool), PhotoError> {
    let size = (
        features.width.div_ceil(reduction),
        features.height.div_ceil(reduction),
    );
    let row = if with_alpha { 4 } else { 3 } * size.0 as usize;
    let length = row * size.1 as usize;
    let mut out = Vec::new();
    let no_memory = || PhotoError::TooLarge(format!("no memory for {length} bytes of pixels"));
    out.try_reserve_exact(length).map_err(|_| no_memory())?;
    out.resize(length, 0);
    match libwebp::decode(data, features, size, with_alpha, &mut out) {
        Outcome::Whole => Ok((out, false)),
        Outcome::Rows(rows) if rows >= size.1.div_ceil(2) => {
            out[rows as usize * row..].fill(255);
            Ok((out, true))
        }
        Outcome::Rows(_) => Err(PhotoError::Corrupt(
            "the WebP ends before its picture does (a broken download?)".into(),
        )),
        Outcome::OutOfMemory => Err(no_memory()),
        Outcome::Broken => Err(broken()),
    }
}

fn still(
    bytes: &[u8],
    features: &Features,
    colours: Colours,
    reduction: u32,
) -> Result<(RgbImage, Vec<Mark>), PhotoError> {
    let (out, is_damaged) = raw(bytes, features, features.has_alpha, reduction)?;
    let channels = match features.has_alpha {
        true => Channels::Rgba,
        false => Channels::Rgb,
    };
    let (mut converter, mark) = Converter::new(Layout::new(channels, 1).with_colours(colours));
    let marks = mark.into_iter().chain(is_damaged.then_some(Mark::Damaged));
    let size = (
        features.width.div_ceil(reduction),
        features.height.div_ceil(reduction),
    );
    let pixels = if channels == Channels::Rgb && converter.is_identity() {
        RgbImage::from_raw(size.0, size.1, out).ok_or_else(broken)?
    } else {
        let mut canvas = Canvas::new(size, 1)?;
        let mut rgb = vec![0; 3 * size.0 as usize];
        for row in out.chunks_exact(channels.count() * size.0 as usize) {
            converter.convert(row, &mut rgb);
            canvas.push(&rgb);
        }
        canvas.finish()
    };
    Ok((pixels, marks.collect()))
}

/// The first frame with content, or the first of all.
fn animation(
    file: &Chunks<'_>,
    size: (u32, u32),
    request: &Request<'_>,
) -> Result<(RgbImage, Vec<Mark>), PhotoError> {
    let layout = Layout::new(Channels::Rgba, 1).with_colours(file.colours());
    let (converter, mark) = Converter::new(layout);
    let Some(mut player) = Player::new(size, converter) else {
        return giant_animation(file, size, request);
    };
    let mut first = None;
    let mut marks: Vec<Mark> = mark.into_iter().collect();
    for frame in &file.frames {
        if !player.goes_on(frame.area) {
            break;
        }
        match frame.decode() {
            Ok((rgba, is_damaged)) => {
                player.draw(frame.area, &rgba, frame.is_over, frame.disposal);
                marks.extend(is_damaged.then_some(Mark::Damaged));
            }
            Err(error) if first.is_none() => return Err(error),
            Err(_) => break,
        }
        let picture = player.picture();
        if !is_blank(&picture) {
            return Ok((picture, marks));
        }
        first.get_or_insert(picture);
    }
    first.map(|picture| (picture, marks)).ok_or_else(broken)
}

/// The first frame alone, on a screen that is too large to draw many.
fn giant_animation(
    file: &Chunks<'_>,
    size: (u32, u32),
    request: &Request<'_>,
) -> Result<(RgbImage, Vec<Mark>), PhotoError> {
    let reduction = request.reduction(size);
    let frame = file.frames.first().ok_or_else(broken)?;
    let area = frame.area;
    if (area.width, area.height) == size {
        let features = libwebp::features(frame.data).ok_or_else(broken)?;
        admit(&features, request)?;
        return still(frame.data, &features, file.colours(), reduction);
    }
    if area.left + area.width > size.0 || area.top + area.height > size.1 {
        return Err(broken());
    }
    if area.pixels() > LARGEST_PART {
        return Err(PhotoError::TooLarge(format!(
            "an animation of {} x {} pixels whose first frame does not fill it",
            size.0, size.1
        )));
    }
    let (rgba, is_damaged) = frame.decode()?;
    let layout = Layout::new(Channels::Rgba, 1).with_colours(file.colours());
    let (mut converter, mark) = Converter::new(layout);
    let mut mosaic = Mosaic::new(size, reduction)?;
    let mut row = vec![255; 3 * size.0 as usize];
    for y in (0..area.top).chain(area.top + area.height..size.1) {
        mosaic.scatter(&row, y, 0, 1);
    }
    let place = 3 * area.left as usize..3 * (area.left + area.width) as usize;
    for (y, rgba) in (area.top..).zip(rgba.chunks_exact(4 * area.width as usize)) {
        converter.convert(rgba, &mut row[place.clone()]);
        mosaic.scatter(&row, y, 0, 1);
    }
    let marks = mark.into_iter().chain(is_damaged.then_some(Mark::Damaged));
    Ok((mosaic.finish(), marks.collect()))
}

fn broken() -> PhotoError {
    PhotoError::Corrupt("webp: the data are damaged".into())
}

/// The parts of a file, as RIFF lays them out.
#[derive(Debug, Default)]
struct Chunks<'a> {
    profile: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
    frames: Vec<FrameChunk<'a>>,
}

#[derive(Debug)]
struct FrameChunk<'a> {
    area: Area,
    is_over: bool,
    disposal: Disposal,
    data: &'a [u8],
}

/// Frames that are remembered: more are never looked at.
const MOST_FRAMES: usize = 256;

impl<'a> Chunks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes.get(12..).unwrap_or_default();
        while let Some((kind, data, after)) = next(rest) {
            match kind {
                b"ICCP" => found.profile = found.profile.or(Some(data)),
                b"EXIF" => found.exif = found.exif.or(Some(data)),
                b"ANMF" if found.frames.len() < MOST_FRAMES => {
                    found.frames.extend(FrameChunk::of(data));
                }
                _ => {}
            }
            rest = after;
        }
        found
    }

    fn colours(&self) -> Colours {
        match self.profile {
            Some(profile) => Colours::Icc(profile.to_vec()),
            None => Colours::Srgb,
        }
    }

    fn orientation(&self) -> Option<Orientation> {
        exif::orientation(self.exif?)
    }
}

impl<'a> FrameChunk<'a> {
    fn of(chunk: &'a [u8]) -> Option<Self> {
        let (header, data) = chunk.split_at_checked(16)?;
        let number = |at: usize| {
            u32::from(header[at]) | u32::from(header[at + 1]) << 8 | u32::from(header[at + 2]) << 16
        };
        Some(Self {
            area: Area {
                left: 2 * number(0),
                top: 2 * number(3),
                width: number(6) + 1,
                height: number(9) + 1,
            },
            is_over: header[15] & 2 == 0,
            disposal: match header[15] & 1 {
                1 => Disposal::Clear,
                _ => Disposal::Keep,
            },
            data,
        })
    }

    /// RGBA, if the frame is as large as it says.
    fn decode(&self) -> Result<(Vec<u8>, bool), PhotoError> {
        let features = libwebp::features(self.data).ok_or_else(broken)?;
        if (features.width, features.height) != (self.area.width, self.area.height) {
            return Err(broken());
        }
        raw(self.data, &features, true, 1)
    }
}

/// The kind and the data of the first chunk, as far as they are there, and what follows it.
fn next(rest: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let kind = rest.first_chunk::<4>()?;
    let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk::<4>()?) as usize;
    let data = &rest[8..];
    let data = &data[..length.min(data.len())];
    // Chunks begin at even places.
    let after = rest.get(8 + length + length % 2..).unwrap_or_default();
    Some((kind, data, after))
}
