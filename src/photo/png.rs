//! PNG, row by row: the picture never exists whole in the file's own layout.

use std::io::Cursor;

use image::RgbImage;
use image::metadata::Orientation;
use png::{BitDepth, BlendOp, ColorType, DecodingError, DisposeOp, Transformations};

use super::animation::{self, Area, Disposal, Player};
use super::blank::is_blank;
use super::canvas::{Canvas, Mosaic};
use super::colour::{Channels, Colours, Converter, Layout};
use super::decoded::Stored;
use super::png_chunks::Chunks;
use super::request::Request;
use super::{Mark, PhotoError};

/// Most bytes of a row once it is unpacked: several copies of it are at work at once.
const LONGEST_ROW: usize = 32 << 20;
const COPIES_OF_A_ROW: u64 = 6;
/// Memory for the decoder's own tables and for chunks that it gathers.
const DECODER_BYTES: usize = 128 << 20;

type Reader<'a> = png::Reader<Cursor<&'a [u8]>>;

/// Decodes a PNG; of an animation, the default picture.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let mut chunks = Chunks::of(bytes, request.limits);
    if chunks.is_apple {
        return Err(PhotoError::Unsupported(
            "PNG as Apple's tools pack it into programs (CgBI), which only those read".into(),
        ));
    }
    let mut reader = open(bytes, Transformations::EXPAND)?;
    let size = reader.info().size();
    let layout = layout(&reader)?;
    let sample = layout.channels.count() as u64 * layout.bytes as u64;
    let row = size.0 as usize * sample as usize;
    request.admit_holding(
        size,
        row as u64 * u64::from(size.1),
        held(&reader, &chunks, size, request) + COPIES_OF_A_ROW * row as u64,
    )?;
    if row > LONGEST_ROW {
        return Err(PhotoError::TooLarge(format!(
            "a row of {} pixels takes {row} bytes, the limit is {LONGEST_ROW}",
            size.0
        )));
    }
    let colours = chunks.colours();
    let (mut converter, mark) = Converter::new(layout.with_colours(colours.clone()));
    let reduction = request.reduction(size);
    let mut rows = Rows::new(&mut reader, &mut converter, row);
    let (pixels, is_damaged) = match rows.reader.info().interlaced {
        true => interlaced(&mut rows, size, reduction)?,
        false => sequential(&mut rows, size, reduction)?,
    };
    let pixels = match chunks.frames > 1 && is_blank(&pixels) {
        true => first_with_content(bytes, size, colours).unwrap_or(pixels),
        false => pixels,
    };
    let damage = is_damaged.then_some(Mark::Damaged);
    Ok(Stored {
        pixels,
        size,
        orientation: chunks.orientation.unwrap_or(Orientation::NoTransforms),
        marks: mark.into_iter().chain(damage).collect(),
    })
}

/// What is held beside rows: the picture, sums of its blocks, the screen of an animation.
fn held(reader: &Reader<'_>, chunks: &Chunks, size: (u32, u32), request: &Request<'_>) -> u64 {
    let sums = match reader.info().interlaced && request.reduction(size) > 1 {
        true => 6,
        false => 0,
    };
    let screen = match chunks.frames > 1 {
        true => animation::held(size),
        false => 0,
    };
    (3 + sums) * request.reduced_pixels(size) + screen
}

/// Reads up to the first pixel. Profiles are left alone here: they are inflated elsewhere, within
/// a limit; texts are never.
fn open(bytes: &[u8], transformations: Transformations) -> Result<Reader<'_>, PhotoError> {
    let limits = png::Limits {
        bytes: DECODER_BYTES,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(transformations);
    decoder.read_info().map_err(explain)
}

fn layout(reader: &Reader<'_>) -> Result<Layout, PhotoError> {
    let (colours, depth) = reader.output_color_type();
    let channels = match colours {
        ColorType::Grayscale => Channels::Grey,
        ColorType::GrayscaleAlpha => Channels::GreyAlpha,
        ColorType::Rgb => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
        ColorType::Indexed => {
            return Err(PhotoError::Corrupt("png: a palette that is missing".into()));
        }
    };
    let bytes = match depth {
        BitDepth::Sixteen => 2,
        _ => 1,
    };
    Ok(Layout::new(channels, bytes))
}

/// Rows as they come, in sRGB.
struct Rows<'r, 'b> {
    reader: &'r mut Reader<'b>,
    converter: &'r mut Converter,
    raw: Vec<u8>,
    rgb: Vec<u8>,
    is_wide: bool,
    bytes_a_pixel: usize,
}

impl<'r, 'b> Rows<'r, 'b> {
    fn new(reader: &'r mut Reader<'b>, converter: &'r mut Converter, row: usize) -> Self {
        let width = reader.info().width as usize;
        Self {
            is_wide: reader.output_color_type().1 == BitDepth::Sixteen,
            bytes_a_pixel: row / width,
            raw: vec![0; row],
            rgb: vec![0; 3 * width],
            reader,
            converter,
        }
    }

    /// The next row, of `width` pixels.
    fn next(&mut self, width: u32) -> Result<&[u8], PhotoError> {
        let width = width as usize;
        self.reader.read_row(&mut self.raw).map_err(explain)?;
        let raw = &mut self.raw[..width * self.bytes_a_pixel];
        if self.is_wide && cfg!(target_endian = "little") {
            for sample in raw.as_chunks_mut::<2>().0 {
                sample.reverse();
            }
        }
        let rgb = &mut self.rgb[..3 * width];
        self.converter.convert(raw, rgb);
        Ok(rgb)
    }
}

/// What is decoded before the data break off is shown if it is at least the half.
fn sequential(
    rows: &mut Rows<'_, '_>,
    size: (u32, u32),
    reduction: u32,
) -> Result<(RgbImage, bool), PhotoError> {
    let mut canvas = Canvas::new(size, reduction)?;
    for y in 0..size.1 {
        match rows.next(size.0) {
            Ok(rgb) => canvas.push(rgb),
            Err(error) if y < size.1.div_ceil(2) => return Err(error),
            Err(_) => return Ok((canvas.finish_with(255), true)),
        }
    }
    Ok((canvas.finish(), false))
}

/// First column, columns between, first row and rows between of the passes of Adam7.
const PASSES: [(u32, u32, u32, u32); 7] = [
    (0, 8, 0, 8),
    (4, 8, 0, 8),
    (0, 4, 4, 8),
    (2, 4, 0, 4),
    (0, 2, 2, 4),
    (1, 2, 0, 2),
    (0, 1, 1, 2),
];

/// Where the data break off in the last pass, every row that is missing has a neighbour above.
fn interlaced(
    rows: &mut Rows<'_, '_>,
    size: (u32, u32),
    reduction: u32,
) -> Result<(RgbImage, bool), PhotoError> {
    let mut mosaic = Mosaic::new(size, reduction)?;
    for (pass, (left, across, top, down)) in PASSES.into_iter().enumerate() {
        let width = size.0.saturating_sub(left).div_ceil(across);
        if width == 0 {
            continue;
        }
        for y in (top..size.1).step_by(down as usize) {
            match rows.next(width) {
                Ok(rgb) => mosaic.scatter(rgb, y, left, across),
                Err(error) => {
                    let is_last = pass + 1 == PASSES.len();
                    return match is_last && mosaic.double_rows_from(y) {
                        true => Ok((mosaic.finish(), true)),
                        false => Err(error),
                    };
                }
            }
        }
    }
    Ok((mosaic.finish(), false))
}

/// Goes through the frames of an animation whose default picture is blank.
fn first_with_content(bytes: &[u8], size: (u32, u32), colours: Colours) -> Option<RgbImage> {
    let every = Transformations::ALPHA | Transformations::STRIP_16;
    let mut reader = open(bytes, every).ok()?;
    let is_grey = reader.output_color_type().0 == ColorType::GrayscaleAlpha;
    let layout = Layout::new(Channels::Rgba, 1).with_colours(colours);
    let mut player = Player::new(size, Converter::new(layout).0)?;
    if reader.info().frame_control.is_none() {
        // The default picture is no part of the animation.
        reader.next_frame_info().ok()?;
    }
    loop {
        let control = *reader.info().frame_control.as_ref()?;
        let area = Area {
            left: control.x_offset,
            top: control.y_offset,
            width: control.width,
            height: control.height,
        };
        if !player.goes_on(area) {
            return None;
        }
        let mut frame = vec![0; reader.output_buffer_size()?];
        let length = reader.next_frame(&mut frame).ok()?.buffer_size();
        frame.truncate(length);
        if is_grey {
            let pixels = frame.as_chunks::<2>().0.iter();
            frame = pixels
                .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
                .collect();
        }
        let disposal = match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Clear,
            DisposeOp::Previous => Disposal::Restore,
        };
        player.draw(area, &frame, control.blend_op == BlendOp::Over, disposal);
        if let Some(picture) = player.content() {
            return Some(picture);
        }
        reader.next_frame_info().ok()?;
    }
}

fn explain(error: DecodingError) -> PhotoError {
    match error {
        DecodingError::LimitsExceeded => {
            PhotoError::TooLarge("png: beyond the memory limit".into())
        }
        DecodingError::IoError(inner) if inner.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoError::Corrupt("the png file ends too early".into())
        }
        other => PhotoError::Corrupt(format!("png: {other}")),
    }
}
