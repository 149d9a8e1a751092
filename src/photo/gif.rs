//! GIF: the first frame with content.

use std::io::Cursor;

use gif::{ColorOutput, DecodingError, DisposalMethod, Frame, MemoryLimit};
use image::RgbImage;
use image::metadata::Orientation;

use super::animation::{self, Area, Disposal, Player};
use super::blank::is_blank;
use super::canvas::Mosaic;
use super::colour::{Channels, Converter, Layout};
use super::decoded::Stored;
use super::request::Request;
use super::{Limits, Mark, PhotoError};

type Decoder<'a> = gif::Decoder<Cursor<&'a [u8]>>;

/// Decodes a GIF on white.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let mut decoder = open(bytes, request.limits)?;
    let frame = next(&mut decoder)?
        .ok_or_else(|| PhotoError::Corrupt("gif: there is no picture in it".into()))?;
    // Viewers enlarge a screen that is smaller than its first frame.
    let area = area(&frame);
    let size = (
        u32::from(decoder.width()).max(area.left + area.width),
        u32::from(decoder.height()).max(area.top + area.height),
    );
    let indices = u64::from(size.0) * u64::from(size.1);
    // A picture, sums of its blocks where it is reduced, and the screen of an animation.
    let held = 9 * request.reduced_pixels(size) + animation::held(size);
    request.admit_holding(size, indices, held)?;
    let (mut pixels, is_damaged) = still(&mut decoder, &frame, size, request.reduction(size))?;
    if is_blank(&pixels) {
        pixels = first_with_content(bytes, request.limits, size).unwrap_or(pixels);
    }
    Ok(Stored {
        pixels,
        size,
        orientation: Orientation::NoTransforms,
        marks: is_damaged.then_some(Mark::Damaged).into_iter().collect(),
    })
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<'a>, PhotoError> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.allow_unknown_blocks(true);
    if let Some(most) = std::num::NonZeroU64::new(limits.max_metadata) {
        options.set_memory_limit(MemoryLimit::Bytes(most));
    }
    options.read_info(Cursor::new(bytes)).map_err(explain)
}

fn next(decoder: &mut Decoder<'_>) -> Result<Option<Frame<'static>>, PhotoError> {
    let frame = decoder.next_frame_info().map_err(explain)?;
    Ok(frame.cloned())
}

fn area(frame: &Frame<'_>) -> Area {
    Area {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
    }
}

/// The colours of a frame's indices, with alpha. What lies beyond the palette is black.
fn palette(decoder: &Decoder<'_>, frame: &Frame<'_>) -> [[u8; 4]; 256] {
    let global = decoder.global_palette();
    let colours = frame.palette.as_deref().or(global).unwrap_or_default();
    let mut palette = [[0, 0, 0, 255]; 256];
    for (entry, &[red, green, blue]) in palette.iter_mut().zip(colours.as_chunks::<3>().0) {
        *entry = [red, green, blue, 255];
    }
    if let Some(clear) = frame.transparent {
        palette[usize::from(clear)] = [0; 4];
    }
    palette
}

/// Rows of a frame in the order in which they are stored.
fn rows(frame: &Frame<'_>) -> impl Iterator<Item = u32> + use<> {
    let passes: &[(u32, usize)] = match frame.interlaced {
        true => &[(0, 8), (4, 8), (2, 4), (1, 2)],
        false => &[(0, 1)],
    };
    let height = u32::from(frame.height);
    passes
        .iter()
        .flat_map(move |&(first, step)| (first..height).step_by(step))
}

/// The first frame, row by row. What comes before the data break off is shown if it is at least
/// the half.
fn still(
    decoder: &mut Decoder<'_>,
    frame: &Frame<'_>,
    size: (u32, u32),
    reduction: u32,
) -> Result<(RgbImage, bool), PhotoError> {
    let area = area(frame);
    let palette = palette(decoder, frame);
    let on_white = palette.map(|[red, green, blue, alpha]| match alpha {
        0 => [255; 3],
        _ => [red, green, blue],
    });
    let mut mosaic = Mosaic::new(size, reduction)?;
    let white = vec![255; 3 * size.0 as usize];
    let mut indices = vec![0; area.width as usize];
    let mut row = white.clone();
    let mut is_damaged = false;
    for (done, y) in (0..area.height).zip(rows(frame)) {
        if !is_damaged && !indices.is_empty() {
            match decoder.fill_buffer(&mut indices) {
                Ok(true) => {}
                Err(error) if done < area.height.div_ceil(2) => return Err(explain(error)),
                Ok(false) if done < area.height.div_ceil(2) => return Err(cut_short()),
                Ok(false) | Err(_) => is_damaged = true,
            }
        }
        if is_damaged {
            mosaic.scatter(&white, area.top + y, 0, 1);
            continue;
        }
        let place = row
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .skip(area.left as usize);
        for (pixel, &index) in place.zip(&indices) {
            *pixel = on_white[usize::from(index)];
        }
        mosaic.scatter(&row, area.top + y, 0, 1);
    }
    for y in (0..area.top).chain(area.top + area.height..size.1) {
        mosaic.scatter(&white, y, 0, 1);
    }
    Ok((mosaic.finish(), is_damaged))
}

fn first_with_content(bytes: &[u8], limits: &Limits, size: (u32, u32)) -> Option<RgbImage> {
    let mut decoder = open(bytes, limits).ok()?;
    let (converter, _) = Converter::new(Layout::new(Channels::Rgba, 1));
    let mut player = Player::new(size, converter)?;
    let mut is_first = true;
    while let Some(frame) = next(&mut decoder).ok()? {
        let area = area(&frame);
        if !player.goes_on(area) {
            return None;
        }
        let mut indices = vec![0; decoder.buffer_size()];
        decoder.read_into_buffer(&mut indices).ok()?;
        let palette = palette(&decoder, &frame);
        let colours = indices
            .iter()
            .flat_map(|&index| palette[usize::from(index)]);
        let rgba: Vec<u8> = colours.collect();
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        };
        player.draw(area, &rgba, true, disposal);
        if !is_first && let Some(picture) = player.content() {
            return Some(picture);
        }
        is_first = false;
    }
    None
}

fn cut_short() -> PhotoError {
    PhotoError::Corrupt("the gif file ends too early".into())
}

fn explain(error: DecodingError) -> PhotoError {
    match error {
        DecodingError::UnexpectedEof => cut_short(),
        DecodingError::Io(inner) if inner.kind() == std::io::ErrorKind::UnexpectedEof => {
            cut_short()
        }
        DecodingError::OutOfMemory => PhotoError::TooLarge("gif: beyond the memory limit".into()),
        other => PhotoError::Corrupt(format!("gif: {other}")),
    }
}
