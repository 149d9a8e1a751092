//! HEVC still pictures, by heifer's decoder: Rust without unsafe code.

use heifer_hevc_dec::Error;
use heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};

use super::planes::{CodePoints, Planes, Samples};
use crate::photo::PhotoError;

/// Decodes the first picture of a stream with start codes, of at most so many pixels.
pub(super) fn decode(stream: &[u8], most_pixels: u64) -> Result<Planes, PhotoError> {
    let options = DecodeOptions {
        max_pixels: most_pixels,
        ..DecodeOptions::default()
    };
    let frame = decode_picture(stream, options).map_err(|error| match error {
        Error::Unimplemented(what) => {
            PhotoError::Unsupported(format!("HEVC with {what}, which is not read"))
        }
        other => PhotoError::Corrupt(format!("HEVC: {other}")),
    })?;
    let count = if frame.chroma_format == 0 { 1 } else { 3 };
    if count == 3 && frame.bit_depth[0] != frame.bit_depth[1] {
        return Err(PhotoError::Unsupported(
            "HEVC of different depths for brightness and colour, which is not read".into(),
        ));
    }
    let strides = frame.widths;
    let planes = frame.planes.into_iter().zip(strides).take(count);
    Ok(Planes {
        width: frame.widths[0],
        height: frame.heights[0],
        depth: frame.bit_depth[0].into(),
        planes: planes
            .map(|(samples, stride)| (Samples::Wide(samples), stride as usize))
            .collect(),
        shift: match frame.chroma_format {
            1 => (1, 1),
            2 => (1, 0),
            _ => (0, 0),
        },
        code_points: CodePoints {
            primaries: 2,
            transfer: 2,
            matrix: frame.matrix_coeffs.into(),
            is_full_range: frame.full_range,
        },
    })
}
