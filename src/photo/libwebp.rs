//! libwebp: the decoder that browsers use, and the only place that calls it.
#![allow(unsafe_code)]

use std::ptr;

use libwebp_sys as ffi;

/// What a WebP or a frame of one declares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) has_alpha: bool,
    pub(super) is_animation: bool,
    pub(super) is_lossless: bool,
}

/// How far decoding came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    /// The data break off; so many rows of the output are good.
    Rows(u32),
    OutOfMemory,
    Broken,
}

/// Reads the header; `None` when it is none.
pub(super) fn features(data: &[u8]) -> Option<Features> {
    let mut found = ffi::WebPBitstreamFeatures {
        width: 0,
        height: 0,
        has_alpha: 0,
        has_animation: 0,
        format: 0,
        pad: [0; 5],
    };
    // SAFETY: the pointer and the length are those of a slice that outlives the call, and `found`
    // is a struct of numbers that the call fills in.
    let status = unsafe { ffi::WebPGetFeatures(data.as_ptr(), data.len(), &raw mut found) };
    if status != ffi::VP8StatusCode::VP8_STATUS_OK {
        return None;
    }
    Some(Features {
        width: u32::try_from(found.width).ok()?,
        height: u32::try_from(found.height).ok()?,
        has_alpha: found.has_alpha != 0,
        is_animation: found.has_animation != 0,
        is_lossless: found.format == 2,
    })
}

/// Decodes into `out`, rows of `3` or `4` bytes a pixel, scaled to `size`.
pub(super) fn decode(
    data: &[u8],
    features: &Features,
    size: (u32, u32),
    with_alpha: bool,
    out: &mut [u8],
) -> Outcome {
    let channels = if with_alpha { 4 } else { 3 };
    let stride = channels * size.0 as usize;
    if out.len() != stride * size.1 as usize {
        return Outcome::Broken;
    }
    let (Ok(mut config), Ok(width), Ok(height), Ok(c_stride)) = (
        ffi::WebPDecoderConfig::new(),
        i32::try_from(size.0),
        i32::try_from(size.1),
        i32::try_from(stride),
    ) else {
        return Outcome::Broken;
    };
    config.output.colorspace = match with_alpha {
        true => ffi::WEBP_CSP_MODE::MODE_RGBA,
        false => ffi::WEBP_CSP_MODE::MODE_RGB,
    };
    if size != (features.width, features.height) {
        config.options.use_scaling = 1;
        config.options.scaled_width = width;
        config.options.scaled_height = height;
    }
    config.output.is_external_memory = 1;
    config.output.u.RGBA = ffi::WebPRGBABuffer {
        rgba: out.as_mut_ptr(),
        stride: c_stride,
        size: out.len(),
    };
    // SAFETY: `data`, `config` and `out` outlive the decoder, which is deleted here; the output's stride and
    // size are those of `out`, which libwebp checks against the scaled size before it writes.
    unsafe {
        let decoder = ffi::WebPIDecode(ptr::null(), 0, &raw mut config);
        if decoder.is_null() {
            return Outcome::OutOfMemory;
        }
        let status = ffi::WebPIUpdate(decoder, data.as_ptr(), data.len());
        let mut rows = 0;
        ffi::WebPIDecGetRGB(
            decoder,
            &raw mut rows,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        );
        ffi::WebPIDelete(decoder);
        match status {
            ffi::VP8StatusCode::VP8_STATUS_OK => Outcome::Whole,
            ffi::VP8StatusCode::VP8_STATUS_OUT_OF_MEMORY => Outcome::OutOfMemory,
            _ if rows > 0 => Outcome::Rows((rows as u32).min(size.1)),
            _ => Outcome::Broken,
        }
    }
}
