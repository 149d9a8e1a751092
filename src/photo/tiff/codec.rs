//! The bytes of a strip or tile, unpacked as they are asked for.

use std::borrow::Cow;

use flate2::{Decompress, FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus};

use crate::photo::PhotoError;

/// What unpacks one strip or tile from its top.
pub(super) trait Source {
    /// Fills `bytes` with those that come next.
    ///
    /// # Errors
    /// [`PhotoError::Corrupt`] when the data are broken or end before.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PhotoError>;

    /// Whether something was broken and got passed over.
    fn is_damaged(&self) -> bool {
        false
    }
}

fn ends_early() -> PhotoError {
    PhotoError::Corrupt("the TIFF ends before its picture does".into())
}

fn broken(codec: &str) -> PhotoError {
    PhotoError::Corrupt(format!("TIFF: broken {codec} data"))
}

/// Packed bytes, and how many were taken.
struct Input<'a> {
    data: Cow<'a, [u8]>,
    at: usize,
}

impl Input<'_> {
    fn rest(&self) -> &[u8] {
        &self.data[self.at..]
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PhotoError> {
        let taken = self
            .data
            .get(self.at..self.at + count)
            .ok_or_else(ends_early)?;
        self.at += count;
        Ok(taken)
    }
}

/// Bytes as they are.
pub(super) struct Plain<'a>(Input<'a>);

impl<'a> Plain<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>) -> Self {
        Self(Input { data, at: 0 })
    }
}

impl Source for Plain<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PhotoError> {
        bytes.copy_from_slice(self.0.take(bytes.len())?);
        Ok(())
    }
}

/// PackBits: runs of one byte, and stretches of any.
pub(super) struct PackBits<'a> {
    data: Input<'a>,
    /// Of the run in hand: bytes to come, and which one; none where they are copied.
    left: usize,
    repeated: Option<u8>,
}

impl<'a> PackBits<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>) -> Self {
        Self {
            data: Input { data, at: 0 },
            left: 0,
            repeated: None,
        }
    }

    fn next_run(&mut self) -> Result<(), PhotoError> {
        let head = self.data.take(1)?[0];
        match head as i8 {
            -128 => {}
            length @ 0.. => (self.left, self.repeated) = (length as usize + 1, None),
            length => {
                let byte = self.data.take(1)?[0];
                (self.left, self.repeated) = (1 + length.unsigned_abs() as usize, Some(byte));
            }
        }
        Ok(())
    }
}

impl Source for PackBits<'_> {
    fn fill(&mut self, mut bytes: &mut [u8]) -> Result<(), PhotoError> {
        while !bytes.is_empty() {
            if self.left == 0 {
                self.next_run()?;
                continue;
            }
            let (now, later) = bytes.split_at_mut(self.left.min(bytes.len()));
            match self.repeated {
                Some(byte) => now.fill(byte),
                None => now.copy_from_slice(self.data.take(now.len())?),
            }
            self.left -= now.len();
            bytes = later;
        }
        Ok(())
    }
}

/// LZW.
pub(super) struct Lzw<'a> {
    data: Input<'a>,
    decoder: weezl::decode::Decoder,
}

impl<'a> Lzw<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>) -> Self {
        // Before TIFF 5.0 codes began at the lowest bit, and grew a code later: told by the
        // clear code at the start.
        let is_old = data.len() > 1 && data[0] == 0 && data[1] & 1 == 1;
        let decoder = match is_old {
            true => weezl::decode::Decoder::new(BitOrder::Lsb, 8),
            false => weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
        };
        let data = Input { data, at: 0 };
        Self { data, decoder }
    }
}

impl Source for Lzw<'_> {
    fn fill(&mut self, mut bytes: &mut [u8]) -> Result<(), PhotoError> {
        while !bytes.is_empty() {
            let step = self.decoder.decode_bytes(self.data.rest(), bytes);
            self.data.at += step.consumed_in;
            bytes = &mut bytes[step.consumed_out..];
            match step.status {
                Ok(LzwStatus::Ok) => {}
                Ok(LzwStatus::NoProgress | LzwStatus::Done) if bytes.is_empty() => {}
                Ok(LzwStatus::NoProgress | LzwStatus::Done) => return Err(ends_early()),
                Err(_) => return Err(broken("LZW")),
            }
        }
        Ok(())
    }
}

/// Deflate in its zlib wrapping.
pub(super) struct Deflate<'a> {
    data: Input<'a>,
    decoder: Decompress,
}

impl<'a> Deflate<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>) -> Self {
        let decoder = Decompress::new(true);
        let data = Input { data, at: 0 };
        Self { data, decoder }
    }
}

impl Source for Deflate<'_> {
    fn fill(&mut self, mut bytes: &mut [u8]) -> Result<(), PhotoError> {
        while !bytes.is_empty() {
            let (before_in, before_out) = (self.decoder.total_in(), self.decoder.total_out());
            let status = self
                .decoder
                .decompress(self.data.rest(), bytes, FlushDecompress::None)
                .map_err(|_| broken("Deflate"))?;
            let taken = (self.decoder.total_in() - before_in) as usize;
            let given = (self.decoder.total_out() - before_out) as usize;
            self.data.at += taken;
            bytes = &mut bytes[given..];
            let is_stuck = taken == 0 && given == 0;
            if !bytes.is_empty() && (is_stuck || status == Status::StreamEnd) {
                return Err(ends_early());
            }
        }
        Ok(())
    }
}

/// YCbCr whose colour is stored once for several pixels: blocks of brightness and one colour
/// become pixels of all three, nearest as libtiff does.
pub(super) struct Subsampled<S> {
    inner: S,
    /// Pixels of a block.
    block: (usize, usize),
    width: usize,
    /// A row of blocks as stored.
    stored: Vec<u8>,
    /// Which row of those blocks comes next.
    row: usize,
}

impl<S: Source> Subsampled<S> {
    pub(super) fn new(inner: S, block: (usize, usize), width: usize) -> Self {
        let stored = vec![0; width.div_ceil(block.0) * (block.0 * block.1 + 2)];
        Self {
            inner,
            block,
            width,
            stored,
            row: 0,
        }
    }
}

impl<S: Source> Source for Subsampled<S> {
    /// A row at a time.
    fn fill(&mut self, row: &mut [u8]) -> Result<(), PhotoError> {
        let (across, down) = self.block;
        if self.row == 0 {
            self.inner.fill(&mut self.stored)?;
        }
        let pixels = row.as_chunks_mut::<3>().0;
        debug_assert_eq!(pixels.len(), self.width);
        let blocks = self.stored.chunks_exact(across * down + 2);
        for (pixels, block) in pixels.chunks_mut(across).zip(blocks) {
            let colour = &block[across * down..];
            for (pixel, luma) in pixels.iter_mut().zip(&block[self.row * across..]) {
                *pixel = [*luma, colour[0], colour[1]];
            }
        }
        self.row = (self.row + 1) % down;
        Ok(())
    }
}
