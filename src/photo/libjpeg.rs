//! libjpeg-turbo's decoder, made safe to call: what browsers and Pillow show.
//!
//! The C library reports through three functions that are given to it. An error unwinds out of
//! the C code (compiled for that) up to [`Decompressor::call`]; warnings and traces are read for
//! what they tell of the file. Nothing is printed.

// The one place of this crate where C code is called to decode JPEG.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, size_of};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{NonNull, addr_of_mut};

use mozjpeg_sys as sys;
use sys::{J_COLOR_SPACE as Space, jpeg_common_struct, jpeg_decompress_struct};

use super::PhotoError;

/// Scans that a file may hold. The most elaborate encoders write about ten, a file of one scan
/// for each bit of each coefficient some hundreds; each costs tables and a pass over its blocks.
const MOST_SCANS: u32 = 500;
/// Blocks of 8 x 8 samples that all scans together may visit: 20 scans of 48 megapixels. A block
/// takes up to 0.1 us even where a scan says next to nothing of it.
const MOST_BLOCKS: u64 = 1 << 24;

/// `JWRN_ARITH_BAD_CODE` of jerror.h in this build, which the binding leaves out.
const ARITH_BAD_CODE: sys::J_MESSAGE_CODE = sys::JWRN_TOO_MUCH_DATA + 3;

/// How a file stores its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// What the library said of a file besides its pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Report {
    scans: u32,
    blocks: u64,
    /// Components that a scan has brought, a bit each.
    brought: u32,
    /// The data end before the end-of-image marker.
    ended: bool,
    damaged: bool,
}

struct State {
    info: jpeg_decompress_struct,
    errors: sys::jpeg_error_mgr,
    report: Report,
}

/// One JPEG being decoded.
pub(super) struct Decompressor<'a> {
    /// From a `Box`; the library holds pointers into it.
    state: NonNull<State>,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Decompressor<'a> {
    /// Reads everything before the first scan.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, PhotoError> {
        Self::open_with_tables(None, bytes)
    }

    /// Reads everything before the first scan of a JPEG some of whose tables are in a stream of
    /// their own, as inside TIFF.
    pub(super) fn open_with_tables(
        tables: Option<&'a [u8]>,
        bytes: &'a [u8],
    ) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Corrupt("the JPEG is empty".into()));
        }
        // SAFETY: all three are plain C structures (the Rust enums among their fields have a
        // variant 0), which the library or the lines below fill in.
        let state: Box<State> = Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        let state = NonNull::from(Box::leak(state));
        let mut this = Self {
            state,
            bytes: PhantomData,
        };
        // SAFETY: `state` is a live allocation that stays where it is until `drop`; only this
        // thread knows of it.
        unsafe {
            let state = this.state.as_ptr();
            let errors = &mut *addr_of_mut!((*state).errors);
            sys::jpeg_std_error(errors);
            errors.error_exit = Some(on_error);
            errors.emit_message = Some(on_message);
            errors.output_message = Some(on_output);
            (*state).info.common.err = addr_of_mut!((*state).errors);
        }
        this.call(|info| {
            let size = size_of::<jpeg_decompress_struct>();
            // SAFETY: `info` is as large as said and its error manager is set. Creation clears
            // all other fields, so that the rest follows it.
            unsafe {
                sys::jpeg_CreateDecompress(info, sys::JPEG_LIB_VERSION, size);
            }
        })?;
        let client = state.as_ptr().cast();
        this.call(|info| {
            info.common.client_data = client;
            if let Some(tables) = tables.filter(|tables| !tables.is_empty()) {
                // SAFETY: as below; the library stands at the start again where the stream ends
                // without a picture, and refuses the next one where it does not.
                unsafe {
                    sys::jpeg_mem_src(info, tables.as_ptr(), tables.len() as _);
                    sys::jpeg_read_header(info, 0);
                }
            }
            // SAFETY: the bytes outlive `Self`, as its lifetime says; the library only reads
            // them. A length of usize fits unsigned long on all targets with files that large.
            unsafe {
                sys::jpeg_mem_src(info, bytes.as_ptr(), bytes.len() as _);
                sys::jpeg_read_header(info, 1);
            }
        })?;
        Ok(this)
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.info().image_width, self.info().image_height)
    }

    /// How colours are stored, as libjpeg concludes from the markers.
    ///
    /// # Errors
    /// [`PhotoError::Unsupported`] for other numbers of components than 1, 3 and 4.
    pub(super) fn stored(&self) -> Result<Stored, PhotoError> {
        Ok(match self.info().jpeg_color_space {
            Space::JCS_GRAYSCALE => Stored::Grey,
            Space::JCS_RGB => Stored::Rgb,
            Space::JCS_YCbCr => Stored::YCbCr,
            Space::JCS_CMYK => Stored::Cmyk,
            Space::JCS_YCCK => Stored::Ycck,
            _ => {
                let count = self.info().num_components;
                return Err(PhotoError::Unsupported(format!(
                    "a JPEG of {count} components, which is not read (only 1, 3 and 4)"
                )));
            }
        })
    }

    /// Overrides how colours are stored, for JPEGs inside other files, which know it.
    pub(super) fn assume(&mut self, stored: Stored) -> Result<(), PhotoError> {
        let (space, components) = match stored {
            Stored::Grey => (Space::JCS_GRAYSCALE, 1),
            Stored::Rgb => (Space::JCS_RGB, 3),
            Stored::YCbCr => (Space::JCS_YCbCr, 3),
            Stored::Cmyk => (Space::JCS_CMYK, 4),
            Stored::Ycck => (Space::JCS_YCCK, 4),
        };
        if self.info().num_components != components {
            return Err(PhotoError::Corrupt(
                "the JPEG has another number of components than it should".into(),
            ));
        }
        self.call(|info| info.jpeg_color_space = space)
    }

    /// Bytes of coefficients that the library will hold at once: those of the whole picture
    /// where it comes in several scans, else next to nothing.
    pub(super) fn coefficient_bytes(&mut self) -> Result<u64, PhotoError> {
        self.call(|info| {
            // SAFETY: the header has been read.
            if unsafe { sys::jpeg_has_multiple_scans(info) } == 0 {
                return 0;
            }
            // The library rounds up to whole sampling units.
            let blocks = components(info).iter().map(|one| {
                let round = |count: u32, to: c_int| u64::from(count.next_multiple_of(to as u32));
                round(one.width_in_blocks, one.h_samp_factor)
                    * round(one.height_in_blocks, one.v_samp_factor)
            });
            128 * blocks.sum::<u64>()
        })
    }

    /// Starts decoding at `eighths` eighths of the size; gives width and height of what comes:
    /// grey, RGB, or inks as they are stored.
    pub(super) fn start(&mut self, eighths: u32) -> Result<(u32, u32), PhotoError> {
        self.call(|info| {
            info.scale_num = eighths;
            info.scale_denom = 8;
            // SAFETY: the header has been read; the data source does not suspend.
            unsafe { sys::jpeg_start_decompress(info) };
            (info.output_width, info.output_height)
        })
    }

    /// Samples of a row, once decoding is started.
    pub(super) fn samples_of_row(&self) -> usize {
        let info = self.info();
        info.output_width as usize * info.output_components as usize
    }

    /// Decodes the next row into `row`, which must hold it; one byte a sample.
    pub(super) fn read_row(&mut self, row: &mut [u8]) -> Result<(), PhotoError> {
        assert_eq!(row.len(), self.samples_of_row(), "a buffer of one row");
        self.call(|info| {
            let mut rows = [row.as_mut_ptr()];
            // SAFETY: one row is asked for, and `row` holds the samples of one.
            unsafe { sys::jpeg_read_scanlines(info, rows.as_mut_ptr(), 1) };
        })
    }

    /// Whether the picture that was decoded lacks something, or holds what the file did not mean.
    pub(super) fn is_damaged(&self) -> bool {
        let report = self.report();
        let info = self.info();
        let all = (1u32 << info.num_components) - 1;
        report.damaged || report.brought & all != all || (report.ended && self.is_unfinished())
    }

    /// Whether a progressive picture has coefficients that are not known to their last bit.
    fn is_unfinished(&self) -> bool {
        let info = self.info();
        if info.coef_bits.is_null() {
            return false;
        }
        let count = info.num_components as usize;
        // SAFETY: where it is not null, it points to at least as many rows of 64 numbers as
        // there are components, which live until the picture is done.
        let known =
            unsafe { std::slice::from_raw_parts(info.coef_bits.cast::<[c_int; 64]>(), count) };
        known.iter().flatten().any(|&bits| bits != 0)
    }

    fn info(&self) -> &jpeg_decompress_struct {
        // SAFETY: `state` lives until `drop`; nothing else touches it while `self` is borrowed.
        unsafe { &(*self.state.as_ptr()).info }
    }

    fn report(&self) -> Report {
        // SAFETY: as in `info`.
        unsafe { (*self.state.as_ptr()).report }
    }

    /// Runs `job`, which may call the library; an error of the library ends it.
    fn call<T>(
        &mut self,
        job: impl FnOnce(&mut jpeg_decompress_struct) -> T,
    ) -> Result<T, PhotoError> {
        // SAFETY: as in `info`; the callbacks reach only the other fields by a reference.
        let info = unsafe { &mut (*self.state.as_ptr()).info };
        catch_unwind(AssertUnwindSafe(|| job(info))).map_err(|payload| {
            match payload.downcast::<PhotoError>() {
                Ok(error) => *error,
                Err(other) => resume_unwind(other),
            }
        })
    }
}

impl Drop for Decompressor<'_> {
    fn drop(&mut self) {
        // SAFETY: made from a `Box` in `open`. Destroying is what libjpeg allows at any time,
        // also after an error or before creation, since the memory manager is null then.
        unsafe {
            sys::jpeg_destroy_decompress(&mut (*self.state.as_ptr()).info);
            drop(Box::from_raw(self.state.as_ptr()));
        }
    }
}

/// The components of a picture whose frame header has been read.
fn components(info: &jpeg_decompress_struct) -> &[sys::jpeg_component_info] {
    if info.comp_info.is_null() {
        return &[];
    }
    // SAFETY: the library allocates them all when it reads the frame header and keeps them as
    // long as the object.
    unsafe { std::slice::from_raw_parts(info.comp_info, info.num_components as usize) }
}

/// The library cannot go on.
extern "C-unwind" fn on_error(info: &mut jpeg_common_struct) {
    // SAFETY: set in `open`, lives as long as the object.
    let errors = unsafe { &*info.err };
    // SAFETY: a number for every code that we look at it for.
    let number = errors.msg_parm._bindgen_data_[0];
    let code = errors.msg_code;
    let message = message(info);
    let error = match code {
        sys::JERR_SOF_UNSUPPORTED => {
            let process = match number {
                0xc3 | 0xc7 | 0xcb | 0xcf => "lossless",
                _ => "hierarchical",
            };
            PhotoError::Unsupported(format!(
                "a {process} JPEG, which browsers do not show either"
            ))
        }
        sys::JERR_BAD_PRECISION => PhotoError::Unsupported(format!(
            "a JPEG of {number} bits a sample, which browsers do not show either"
        )),
        sys::JERR_IMAGE_TOO_BIG | sys::JERR_WIDTH_OVERFLOW | sys::JERR_OUT_OF_MEMORY => {
            PhotoError::TooLarge(format!("JPEG: {message}"))
        }
        _ => PhotoError::Corrupt(format!("JPEG: {message}")),
    };
    // Not a panic: nothing is printed.
    resume_unwind(Box::new(error));
}

/// The library's own words for its last message.
fn message(info: &mut jpeg_common_struct) -> String {
    // SAFETY: set in `open`, lives as long as the object.
    let Some(format) = (unsafe { (*info.err).format_message }) else {
        return String::new();
    };
    type Format = unsafe extern "C-unwind" fn(&mut jpeg_common_struct, &mut [u8; 80]);
    let mut buffer = [0u8; 80];
    // SAFETY: the binding declares the buffer, JMSG_LENGTH_MAX bytes, as if it were only read.
    unsafe {
        let format = std::mem::transmute::<
            unsafe extern "C-unwind" fn(&mut jpeg_common_struct, &[u8; 80]),
            Format,
        >(format);
        format(info, &mut buffer);
    }
    let text = buffer.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// A warning (a negative level) or a trace.
extern "C-unwind" fn on_message(info: &mut jpeg_common_struct, level: c_int) {
    let Some(state) = NonNull::new(info.client_data.cast::<State>()) else {
        return;
    };
    // SAFETY: set in `open`; `report` is reached by no other reference meanwhile, and of the
    // fields of `info` that are read the library writes none just now.
    let (state, report) = unsafe { (&*state.as_ptr(), &mut (*state.as_ptr()).report) };
    let code = state.errors.msg_code;
    let number = state.errors.msg_parm._bindgen_data_[0];
    let outcome = if level < 0 {
        report.warned(code, &state.info)
    } else if code == sys::JTRC_SOS {
        report.scan_begins()
    } else if code == sys::JTRC_SOS_COMPONENT {
        report.component_comes(number as c_int, &state.info)
    } else {
        Ok(())
    };
    if let Err(error) = outcome {
        resume_unwind(Box::new(error));
    }
}

/// Nothing goes to standard error.
extern "C-unwind" fn on_output(_info: &mut jpeg_common_struct) {}

impl Report {
    /// Damage is what changes pixels. Not among it: bytes that nobody needs before a marker
    /// (cameras pad so), a newer JFIF, an unknown Adobe transform (read as YCbCr, as everywhere),
    /// scan parameters that a sequential file has no use for, and a lacking end marker by itself.
    fn warned(&mut self, code: c_int, info: &jpeg_decompress_struct) -> Result<(), PhotoError> {
        match code {
            sys::JWRN_JPEG_EOF => self.ended = true,
            sys::JWRN_HIT_MARKER => {
                self.damaged = true;
                // Browsers leave the rest grey. That is half a download, not a picture.
                if self.ended && info.input_scan_number == 1 && has_rows_below(info) {
                    return Err(PhotoError::Corrupt(
                        "the JPEG ends before its picture does (a broken download?)".into(),
                    ));
                }
            }
            sys::JWRN_HUFF_BAD_CODE
            | ARITH_BAD_CODE
            | sys::JWRN_BOGUS_PROGRESSION
            | sys::JWRN_MUST_RESYNC => self.damaged = true,
            _ => {}
        }
        Ok(())
    }

    fn scan_begins(&mut self) -> Result<(), PhotoError> {
        self.scans += 1;
        if self.scans > MOST_SCANS {
            return Err(PhotoError::TooLarge(format!(
                "a JPEG of more than {MOST_SCANS} scans"
            )));
        }
        Ok(())
    }

    /// A scan will bring the component of this identifier.
    fn component_comes(
        &mut self,
        id: c_int,
        info: &jpeg_decompress_struct,
    ) -> Result<(), PhotoError> {
        let all = components(info);
        // The library has not worked out sizes in blocks yet when the first scan begins.
        let most = |factor: fn(&sys::jpeg_component_info) -> c_int| {
            u64::from(all.iter().map(factor).max().unwrap_or(1).max(1) as u32)
        };
        let across = most(|one| one.h_samp_factor);
        let down = most(|one| one.v_samp_factor);
        for (index, one) in all.iter().enumerate() {
            if one.component_id == id {
                self.brought |= 1 << index.min(31);
                let blocks = |side: u32, factor: c_int, most: u64| {
                    (u64::from(side) * u64::from(factor as u32)).div_ceil(8 * most)
                };
                self.blocks += blocks(info.image_width, one.h_samp_factor, across)
                    * blocks(info.image_height, one.v_samp_factor, down);
            }
        }
        if self.scans > 1 && self.blocks > MOST_BLOCKS {
            return Err(PhotoError::TooLarge(format!(
                "the {} scans of the JPEG would go over {} blocks, the limit is {MOST_BLOCKS}",
                self.scans, self.blocks
            )));
        }
        Ok(())
    }
}

/// Whether the scan in hand should bring rows below the one at which it stands.
fn has_rows_below(info: &jpeg_decompress_struct) -> bool {
    let rows = info
        .image_height
        .div_ceil(8 * info.max_v_samp_factor as u32);
    info.input_iMCU_row + 1 < rows
}
