//! JPEG XL, by the decoder that Chrome and Firefox take.

use image::metadata::Orientation;
use jxl::api::{
    AlphaMode, Endianness, Event, ExtraChannel, JxlColorType, JxlDataFormat, JxlDecoder,
    JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat, ProfileLevel,
};

use super::PhotoError;
use super::canvas::Canvas;
use super::colour::{Channels, Colours, Converter, Layout};
use super::decoded::Stored;
use super::request::Request;

/// Samples of the picture and of each of its frames. The decoder holds some bytes of each.
const MOST_SAMPLES: usize = 64 << 20;

/// Bytes that the decoder holds of each pixel, ours included, with room to spare: of
/// photographs it was under 8.
const HELD: u64 = 14;

/// Decodes the first frame of a JPEG XL file.
pub(super) fn decode(bytes: &[u8], request: &Request<'_>) -> Result<Stored, PhotoError> {
    let mut options = JxlDecoderOptions::default();
    options.sample_limit = Some(MOST_SAMPLES);
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options.max_profile_level = ProfileLevel::Main10;
    let mut decoder = JxlDecoder::new(options);
    let mut input = bytes;
    expect(&mut decoder, &mut input, Event::BasicInfo, None)?;
    let info = decoder.basic_info().ok_or_else(ends_early)?.clone();
    let size = (side(info.size.0)?, side(info.size.1)?);
    let pixels = u64::from(size.0) * u64::from(size.1);
    let held = HELD * pixels + 3 * request.reduced_pixels(size);
    request.admit_holding(size, 4 * pixels, held)?;

    let is_grey = decoder
        .embedded_color_profile()
        .is_some_and(|profile| profile.channels() == 1);
    let has_alpha = info
        .extra_channels
        .iter()
        .any(|channel| channel.ec_type == ExtraChannel::Alpha);
    let is_wide = info.bit_depth.bits_per_sample() > 8;
    let (channels, colour) = match (is_grey, has_alpha) {
        (true, false) => (Channels::Grey, JxlColorType::Grayscale),
        (true, true) => (Channels::GreyAlpha, JxlColorType::GrayscaleAlpha),
        (false, false) => (Channels::Rgb, JxlColorType::Rgb),
        (false, true) => (Channels::Rgba, JxlColorType::Rgba),
    };
    let format = match is_wide {
        true => JxlDataFormat::U16 {
            endianness: Endianness::native(),
            bit_depth: 16,
        },
        false => JxlDataFormat::U8 { bit_depth: 8 },
    };
    decoder
        .set_pixel_format(JxlPixelFormat {
            color_type: colour,
            color_data_format: Some(format),
            extra_channel_format: vec![None; info.extra_channels.len()],
        })
        .map_err(|error| explain(&error))?;
    let colours = match decoder.output_color_profile() {
        Some(profile) => profile.try_as_icc().map(|icc| Colours::Icc(icc.to_vec())),
        None => None,
    };
    let sample = if is_wide { 2 } else { 1 };
    let layout = Layout::new(channels, sample).with_colours(colours.unwrap_or(Colours::Srgb));
    let (mut converter, mark) = Converter::new(layout);

    let stride = size.0 as usize * channels.count() * sample;
    let length = stride * size.1 as usize;
    let mut stored: Vec<u8> = Vec::new();
    stored
        .try_reserve_exact(length + 1)
        .map_err(|_| PhotoError::TooLarge(format!("no memory for {length} bytes of pixels")))?;
    stored.resize(length, 0);
    let mut buffers = [JxlOutputBuffer::new(&mut stored, size.1 as usize, stride)];
    expect(&mut decoder, &mut input, Event::FrameHeader, None)?;
    expect(
        &mut decoder,
        &mut input,
        Event::FrameComplete {
            has_more_frames: false,
        },
        Some(&mut buffers),
    )?;
    drop(decoder);

    let mut canvas = Canvas::new(size, request.reduction(size))?;
    let mut rgb = vec![0; 3 * size.0 as usize];
    for row in stored.chunks_exact(stride) {
        converter.convert(row, &mut rgb);
        canvas.push(&rgb);
    }
    Ok(Stored {
        pixels: canvas.finish(),
        size,
        // The decoder turns the picture as its header says; EXIF inside is not applied.
        orientation: Orientation::NoTransforms,
        marks: mark.into_iter().collect(),
    })
}

/// Runs the decoder to the next event, which should be this one.
fn expect(
    decoder: &mut JxlDecoder,
    input: &mut &[u8],
    event: Event,
    buffers: Option<&mut [JxlOutputBuffer<'_>]>,
) -> Result<(), PhotoError> {
    let got = decoder
        .process(input, buffers, None)
        .map_err(|error| explain(&error))?;
    match (got, event) {
        (Event::FrameComplete { .. }, Event::FrameComplete { .. }) => Ok(()),
        (got, event) if got == event => Ok(()),
        _ => Err(ends_early()),
    }
}

fn side(side: usize) -> Result<u32, PhotoError> {
    u32::try_from(side).map_err(|_| PhotoError::TooLarge(format!("a side of {side} pixels")))
}

fn ends_early() -> PhotoError {
    PhotoError::Corrupt("the JPEG XL file ends before its picture does".into())
}

fn explain(error: &impl std::fmt::Display) -> PhotoError {
    PhotoError::Corrupt(format!("JPEG XL: {error}"))
}
