//! The lines of a hash list, in bounded memory, whatever a partner sends.

use std::io::{self, BufRead};

use sha2::{Digest, Sha256};

use crate::photo::hex;

/// Longest line that is read, in bytes.
const LONGEST: usize = 1 << 20;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a list line by line, and sums its bytes up.
pub(super) struct ListReader<R> {
    input: R,
    digest: Sha256,
    line: Vec<u8>,
    /// Lines read so far.
    pub(super) number: u64,
}

impl<R: BufRead> ListReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            digest: Sha256::new(),
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line without the blanks around it, or why it is none; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<&str, String>>> {
        self.line.clear();
        let (mut read, mut ended) = (0_usize, false);
        while !ended {
            let bytes = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if bytes.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', bytes);
            ended = end.is_some();
            let taken = end.map_or(bytes.len(), |end| end + 1);
            self.digest.update(&bytes[..taken]);
            let room = (LONGEST + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&bytes[..taken.min(room)]);
            read = read.saturating_add(taken);
            self.input.consume(taken);
        }
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.line.len() > LONGEST {
            return Ok(Some(Err(format!("it is longer than {LONGEST} bytes"))));
        }
        let line = match self.number {
            1 => self.line.strip_prefix(BOM).unwrap_or(&self.line),
            _ => &self.line,
        };
        let text = std::str::from_utf8(line).map_err(|error| {
            let at = error.valid_up_to() + 1;
            format!("byte {at} is not UTF-8")
        });
        Ok(Some(text.map(str::trim)))
    }

    /// SHA-256 of what was read, hexadecimal.
    pub(super) fn digest(self) -> String {
        hex(&self.digest.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_a_long_one() {
        let endless = io::Read::take(io::repeat(b'a'), 40 << 20);
        let mut reader = ListReader::new(io::BufReader::new(endless));
        assert!(
            reader
                .next()
                .unwrap()
                .unwrap()
                .unwrap_err()
                .contains("longer")
        );
        assert!(
            reader.line.capacity() <= 4 << 20,
            "{}",
            reader.line.capacity()
        );
        assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn lines_are_numbered_and_one_that_is_no_text_is_told() {
        let mut reader = ListReader::new(&b"\xef\xbb\xbfone\r\n\xff two\n\n last"[..]);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            lines.push(line.map(str::to_owned));
        }
        let refused = Err("byte 1 is not UTF-8".to_owned());
        assert_eq!(
            lines,
            [
                Ok("one".into()),
                refused,
                Ok(String::new()),
                Ok("last".into())
            ]
        );
    }
}
