//! Text in the encodings that can be told for certain: UTF-8, with and without byte order mark,
//! and UTF-16 with one. Anything else is refused with its first bad line. A table in a legacy
//! encoding such as GBK is never guessed at: names would be merged or lost.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::error::ManifestError;

/// Bytes looked at together.
const BLOCK: usize = 1 << 16;

/// A byte that is in no UTF-8 text. It stands for what is no UTF-16, so that one check finds both.
const NEVER: u8 = 0xff;

/// An open text, past its byte order mark.
pub(super) type Text = Box<dyn BufRead + Send>;

/// Opens a text and checks all of it. A pipe, which can be read only once, is checked while it is
/// read.
pub(super) fn open(path: &Path) -> Result<Text, ManifestError> {
    let unreadable = ManifestError::io(path);
    let open = || File::open(path).and_then(decoded);
    let is_file = std::fs::metadata(path).map_err(&unreadable)?.is_file();
    if is_file && let Some(line) = first_bad_line(open).map_err(&unreadable)? {
        return Err(ManifestError::Encoding {
            path: path.to_owned(),
            line,
        });
    }
    open().map_err(unreadable)
}

/// UTF-8 bytes of what may be UTF-16.
fn decoded(file: File) -> io::Result<Text> {
    let mut reader = BufReader::with_capacity(BLOCK, file);
    let start = reader.fill_buf()?;
    let (mark, wide) = match start {
        [0xef, 0xbb, 0xbf, ..] => (3, None),
        [0xff, 0xfe, ..] => (2, Some(u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xfe, 0xff, ..] => (2, Some(u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => (0, None),
    };
    reader.consume(mark);
    Ok(match wide {
        None => Box::new(reader),
        Some(unit) => Box::new(BufReader::with_capacity(BLOCK, Utf16::new(reader, unit))),
    })
}

/// The first line that is not UTF-8, or holds a NUL, as UTF-16 without a byte order mark does.
fn first_bad_line(open: impl Fn() -> io::Result<Text>) -> io::Result<Option<u64>> {
    let Some(bad) = first_bad_byte(open()?)? else {
        return Ok(None);
    };
    // Lines are counted only where they are told of.
    let (mut text, mut line) = (open()?.take(bad), 1);
    loop {
        let bytes = text.fill_buf()?;
        if bytes.is_empty() {
            return Ok(Some(line));
        }
        line += memchr::memchr_iter(b'\n', bytes).count() as u64;
        let length = bytes.len();
        text.consume(length);
    }
}

/// The first byte that is not UTF-8, or NUL.
fn first_bad_byte(mut text: impl Read) -> io::Result<Option<u64>> {
    let mut block = vec![0; BLOCK];
    let (mut kept, mut before) = (0, 0);
    loop {
        let read = text.read(&mut block[kept..])?;
        let bytes = &block[..kept + read];
        let (good, bad) = match std::str::from_utf8(bytes) {
            Ok(_) => (bytes.len(), false),
            // A character may go on in the next block, but not after the last.
            Err(error) => (
                error.valid_up_to(),
                error.error_len().is_some() || read == 0,
            ),
        };
        if let Some(nul) = memchr::memchr(0, &bytes[..good]) {
            return Ok(Some(before + nul as u64));
        }
        before += good as u64;
        if bad || read == 0 {
            return Ok(bad.then_some(before));
        }
        let end = bytes.len();
        block.copy_within(good..end, 0);
        kept = end - good;
    }
}

/// UTF-16 read as UTF-8.
struct Utf16<R> {
    input: R,
    unit: fn([u8; 2]) -> u16,
    /// Text that was not asked for yet, and how much of it was.
    ready: Vec<u8>,
    given: usize,
    /// The last byte or unit of a block, which belongs to the next.
    rest: Vec<u8>,
}

impl<R: Read> Utf16<R> {
    fn new(input: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self {
            input,
            unit,
            ready: Vec::new(),
            given: 0,
            rest: Vec::new(),
        }
    }

    /// Decodes the next block; tells whether there was one.
    fn decode_block(&mut self) -> io::Result<bool> {
        let mut block = std::mem::take(&mut self.rest);
        let read = (&mut self.input)
            .take(BLOCK as u64)
            .read_to_end(&mut block)?;
        let (pairs, odd) = block.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|&pair| (self.unit)(pair)).collect();
        let opens_pair = |unit: &u16| (0xd800..0xdc00).contains(unit);
        if read > 0 {
            let rest = if units.last().is_some_and(opens_pair) {
                units.pop();
                block.len() - 2 - odd.len()
            } else {
                block.len() - odd.len()
            };
            self.rest = block[rest..].to_vec();
        }
        self.ready.clear();
        self.given = 0;
        for character in char::decode_utf16(units) {
            match character {
                Ok(character) => {
                    let mut bytes = [0; 4];
                    let bytes = character.encode_utf8(&mut bytes);
                    self.ready.extend_from_slice(bytes.as_bytes());
                }
                Err(_) => self.ready.push(NEVER),
            }
        }
        if read == 0 && !odd.is_empty() {
            self.ready.push(NEVER);
        }
        Ok(read > 0 || !self.ready.is_empty())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.decode_block()? {
                return Ok(0);
            }
        }
        let count = into.len().min(self.ready.len() - self.given);
        into[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
