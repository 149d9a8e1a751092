//! AV1 still pictures, by rav1d: dav1d's decoder in Rust, whose only interface is that of C.
//!
//! On some damaged data it panics, and a panic that reaches such an interface ends the process.
//! So every picture is decoded by a thread of its own, and one that panics is stopped for good
//! before its panic gets there: the picture is corrupt, and what the thread holds is lost.

// The one place where that interface is called.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::panic;
use std::ptr::NonNull;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use rav1d::include::dav1d::data::Dav1dData;
use rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dSettings};
use rav1d::include::dav1d::headers::{
    DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422,
};
use rav1d::include::dav1d::picture::Dav1dPicture;
use rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture,
    dav1d_open, dav1d_picture_unref, dav1d_send_data,
};

use super::planes::{CodePoints, Planes, Samples};
use crate::photo::PhotoError;

/// Frames that a still picture may be made of: its layers, and frames they are predicted from.
const MOST_FRAMES: usize = 8;

/// POSIX's number for "try again", which is the same on all targets with this decoder.
const AGAIN: i32 = if cfg!(target_os = "macos") { -35 } else { -11 };

fn broken() -> PhotoError {
    PhotoError::Corrupt("AV1: broken data".into())
}

type Answer = Result<Planes, PhotoError>;

/// Threads that may be stopped before AV1 is no longer read by this process.
const MOST_STOPPED: usize = 64;

/// Longest time for a picture: a worker of the decoder that panics is waited for in vain.
const PATIENCE: Duration = Duration::from_secs(30);

static STOPPED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Where a thread that decodes tells how it ended.
    static ANSWER: RefCell<Option<Sender<Answer>>> = const { RefCell::new(None) };
}

/// Decodes the first picture of a stream of OBUs, of at most so many pixels.
pub(super) fn decode(data: &[u8], most_pixels: u64) -> Answer {
    static HOOK: Once = Once::new();
    HOOK.call_once(stop_threads_that_panic);
    if STOPPED.load(Ordering::Relaxed) >= MOST_STOPPED {
        return Err(PhotoError::Internal(format!(
            "AV1: {MOST_STOPPED} pictures broke the decoder; start the program again for this one"
        )));
    }
    let (sender, receiver) = channel();
    let data = data.to_vec();
    let work = move || {
        ANSWER.set(Some(sender.clone()));
        let answer = decode_here(&data, most_pixels);
        ANSWER.set(None);
        // Whoever asked waits for it.
        let _ = sender.send(answer);
    };
    let thread = thread::Builder::new().name("av1".into()).spawn(work);
    thread.map_err(|error| PhotoError::Internal(format!("AV1: no thread: {error}")))?;
    receiver
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| Err(broken()))
}

/// The hook runs before a panic unwinds, on the thread that panics.
fn stop_threads_that_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let sender = ANSWER.with(|answer| answer.try_borrow_mut().ok()?.take());
        let Some(sender) = sender else {
            return before(info);
        };
        STOPPED.fetch_add(1, Ordering::Relaxed);
        let _ = sender.send(Err(broken()));
        loop {
            thread::park();
        }
    }));
}

fn decode_here(data: &[u8], most_pixels: u64) -> Answer {
    if frames(data) > MOST_FRAMES {
        return Err(PhotoError::TooLarge(format!(
            "AV1: a still picture of more than {MOST_FRAMES} frames"
        )));
    }
    let mut decoder = Decoder::new(most_pixels)?;
    let picture = decoder.picture(data)?;
    picture.planes()
}

/// Counts frames: a few bytes of hidden ones would cost as much as pictures.
fn frames(mut data: &[u8]) -> usize {
    let mut count = 0;
    while let Some((&header, rest)) = data.split_first() {
        let kind = header >> 3 & 15;
        // Frame headers, and frames with theirs.
        count += usize::from(matches!(kind, 3 | 6));
        let rest = rest.get(usize::from(header >> 2 & 1)..).unwrap_or_default();
        if header >> 1 & 1 == 0 {
            // The last one may go without its length.
            break;
        }
        let (mut length, mut taken) = (0_u64, 0);
        for &byte in rest.iter().take(8) {
            length |= u64::from(byte & 127) << (7 * taken);
            taken += 1;
            if byte < 128 {
                break;
            }
        }
        let next = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(taken);
        data = rest.get(next..).unwrap_or_default();
    }
    count
}

struct Decoder {
    context: Option<Dav1dContext>,
}

impl Decoder {
    fn new(most_pixels: u64) -> Result<Self, PhotoError> {
        let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the function writes all of the settings that it is given a place for.
        let mut settings = unsafe {
            dav1d_default_settings(NonNull::from(&mut settings).cast());
            settings.assume_init()
        };
        // With one thread every error panics (decode.rs, `on_error`); with two frames in flight
        // it comes back as one.
        settings.n_threads = 2;
        settings.max_frame_delay = 2;
        settings.all_layers = 0;
        settings.frame_size_limit = u32::try_from(most_pixels).unwrap_or(u32::MAX);
        // Nothing is printed.
        // SAFETY: a C structure of two pointers, which may be null.
        unsafe { (&raw mut settings.logger).write_bytes(0, 1) };
        let mut context = None;
        // SAFETY: both pointers are to live values, which the call only reads and fills in.
        let result = unsafe {
            dav1d_open(
                Some(NonNull::from(&mut context)),
                Some(NonNull::from(&mut settings)),
            )
        };
        match result.0 {
            0 => Ok(Self { context }),
            _ => Err(PhotoError::Internal(
                "AV1: the decoder does not start".into(),
            )),
        }
    }

    fn picture(&mut self, bytes: &[u8]) -> Result<Picture, PhotoError> {
        let mut data = Dav1dData::default();
        // SAFETY: `data` is a live value that the call fills in; what it returns is room for as
        // many bytes as were asked for, or null.
        unsafe {
            let room = dav1d_data_create(Some(NonNull::from(&mut data)), bytes.len());
            if room.is_null() {
                return Err(PhotoError::TooLarge(format!(
                    "no memory for {} bytes of AV1",
                    bytes.len()
                )));
            }
            room.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        let picture = self.send_and_get(&mut data);
        // SAFETY: `data` is as the calls left it, and is not used after this.
        unsafe { dav1d_data_unref(Some(NonNull::from(&mut data))) };
        picture
    }

    fn send_and_get(&mut self, data: &mut Dav1dData) -> Result<Picture, PhotoError> {
        // Every turn takes data or gives a picture; a turn that does neither is the last.
        loop {
            let before = data.sz;
            if before > 0 {
                // SAFETY: the context is open and `data` is live.
                let sent =
                    unsafe { dav1d_send_data(self.context, Some(NonNull::from(&mut *data))) };
                if sent.0 != 0 && sent.0 != AGAIN {
                    return Err(broken());
                }
            }
            let mut picture = MaybeUninit::<Dav1dPicture>::uninit();
            // SAFETY: the context is open; the call writes a whole picture, an empty one where
            // it has none.
            let (got, picture) = unsafe {
                let place = NonNull::from(&mut picture).cast();
                let got = dav1d_get_picture(self.context, Some(place));
                (got, Picture(picture.assume_init()))
            };
            match got.0 {
                0 => return Ok(picture),
                AGAIN if data.sz < before => {}
                _ => return Err(broken()),
            }
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the context was opened, and is not used after this.
        unsafe { dav1d_close(Some(NonNull::from(&mut self.context))) };
    }
}

struct Picture(Dav1dPicture);

impl Picture {
    fn planes(&self) -> Result<Planes, PhotoError> {
        let p = &self.0.p;
        let (width, height, depth) = (p.w as usize, p.h as usize, p.bpc as u32);
        let (count, shift) = match p.layout {
            DAV1D_PIXEL_LAYOUT_I400 => (1, (0, 0)),
            DAV1D_PIXEL_LAYOUT_I420 => (3, (1, 1)),
            DAV1D_PIXEL_LAYOUT_I422 => (3, (1, 0)),
            _ => (3, (0, 0)),
        };
        let mut planes = Vec::new();
        for index in 0..count {
            let (width, height) = match index {
                0 => (width, height),
                _ => (width.div_ceil(1 << shift.0), height.div_ceil(1 << shift.1)),
            };
            let start = self.0.data[index].ok_or_else(broken)?;
            let stride = self.0.stride[index.min(1)];
            let rows = (0..height).map(|row| {
                // SAFETY: the picture is alive and has as many rows of that stride (in bytes,
                // negative where they go upwards) in each plane; a sample takes two bytes above
                // a depth of 8, and their rows are aligned for that.
                unsafe { start.as_ptr().cast::<u8>().offset(row as isize * stride) }
            });
            let samples = match depth {
                8 => Samples::Narrow(
                    // SAFETY: each row holds `width` samples.
                    rows.flat_map(|row| unsafe { std::slice::from_raw_parts(row, width) })
                        .copied()
                        .collect(),
                ),
                _ => Samples::Wide(
                    // SAFETY: as above.
                    rows.flat_map(|row| unsafe {
                        std::slice::from_raw_parts(row.cast::<u16>(), width)
                    })
                    .copied()
                    .collect(),
                ),
            };
            planes.push((samples, width));
        }
        // SAFETY: where there is a header, it lives as long as the picture.
        let code_points = self.0.seq_hdr.map(|header| unsafe {
            let header = header.as_ref();
            CodePoints {
                primaries: header.pri as u16,
                transfer: header.trc as u16,
                matrix: header.mtrx as u16,
                is_full_range: header.color_range != 0,
            }
        });
        Ok(Planes {
            width: width as u32,
            height: height as u32,
            depth,
            planes,
            shift,
            code_points: code_points.ok_or_else(broken)?,
        })
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture is one that the decoder wrote, and is not used after this.
        unsafe { dav1d_picture_unref(Some(NonNull::from(&mut self.0))) };
    }
}
