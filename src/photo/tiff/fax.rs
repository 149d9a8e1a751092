//! CCITT fax: modified Huffman, Group 3 (one- and two-dimensional) and Group 4.

use std::borrow::Cow;

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

use super::codec::Source;
use crate::photo::PhotoError;

/// As many end-of-line marks in a row end a page (ITU-T T.4, 4.1.4); fewer do where nothing follows,
/// and elsewhere are a line that was lost on the way.
const END_OF_PAGE: u32 = 6;

/// Which of the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Lines of runs that begin at a byte, without marks between them (compression 2).
    Huffman,
    /// Lines after end-of-line marks (compression 3); with `two_dimensional` a bit after each
    /// mark says whether the line is told by the one above.
    Group3 { two_dimensional: bool },
    /// Every line told by the one above (compression 4).
    Group4,
}

/// Lines of one strip or tile, a bit a pixel, black set. What comes after a broken code is
/// skipped up to the next line that can be told; lines that never come are white.
#[derive(Debug)]
pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    scheme: Scheme,
    width: u32,
    /// Where the colour changes in the line above and in this one; the first is to black.
    above: Vec<u32>,
    line: Vec<u32>,
    lines: u32,
    ended: bool,
    damaged: bool,
}

impl<'a> Fax<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>, scheme: Scheme, width: u32) -> Self {
        Self {
            bits: Bits { data, at: 0 },
            scheme,
            width,
            above: Vec::new(),
            line: Vec::new(),
            lines: 0,
            ended: false,
            damaged: false,
        }
    }

    fn next_line(&mut self) {
        std::mem::swap(&mut self.above, &mut self.line);
        self.line.clear();
        if self.ended {
            return;
        }
        let whole = match self.scheme {
            Scheme::Huffman => {
                self.bits.align();
                self.runs()
            }
            Scheme::Group4 => self.by_the_line_above(),
            Scheme::Group3 { two_dimensional } => {
                let marks = self.end_of_line_marks(two_dimensional);
                let is_end = marks >= END_OF_PAGE || self.bits.only_zeros_left();
                if marks > 1 && self.lines > 0 && is_end {
                    self.ended = true;
                    return;
                }
                if two_dimensional && self.bits.take() == Some(0) {
                    self.by_the_line_above()
                } else {
                    self.runs()
                }
            }
        };
        if whole.is_none() {
            self.broken();
        }
    }

    /// What a broken code leaves: this line as far as it goes; lines to come from the next mark
    /// where there are marks.
    fn broken(&mut self) {
        self.damaged = true;
        if self.line.len() % 2 == 1 {
            // A black run of unknown length: what is left of the line is paper.
            self.line.pop();
        }
        let found = matches!(self.scheme, Scheme::Group3 { .. }) && self.bits.seek_mark();
        self.ended = !found;
    }

    /// Passes end-of-line marks, with the zeros before them, and tells how many there were.
    fn end_of_line_marks(&mut self, tagged: bool) -> u32 {
        let mut marks = 0;
        while self.bits.pass_mark() {
            marks += 1;
            // In two dimensions each mark has its bit; the last one's is the line's.
            if tagged && self.bits.is_mark_after_bit() {
                self.bits.at += 1;
            }
        }
        marks
    }

    /// A line of alternating runs.
    fn runs(&mut self) -> Option<()> {
        let (mut at, mut is_black) = (0, false);
        while at < self.width {
            at = self.run(at, is_black)?;
            self.change(at);
            is_black = !is_black;
        }
        Some(())
    }

    /// A line told by the changes of the one above.
    fn by_the_line_above(&mut self) -> Option<()> {
        // The pixel before the first is white.
        let (mut at, mut is_black) = (-1_i64, false);
        let mut index = 0;
        while at < i64::from(self.width) {
            index = self.opposite_change(index, at, is_black);
            let edge = self.width;
            let above = |index: usize| self.above.get(index).copied().unwrap_or(edge);
            match mode::decode(&mut self.bits)? {
                Mode::Pass => at = above(index + 1).into(),
                Mode::Vertical(by) => {
                    let to = i64::from(above(index)) + i64::from(by);
                    if to < at.max(0) || to > edge.into() {
                        return None;
                    }
                    self.change(to as u32);
                    at = to;
                    is_black = !is_black;
                    index = index.saturating_sub(1);
                }
                Mode::Horizontal => {
                    let first = self.run(at.max(0) as u32, is_black)?;
                    self.change(first);
                    let second = self.run(first, !is_black)?;
                    self.change(second);
                    at = second.into();
                }
                Mode::Extension | Mode::EOF => return None,
            }
        }
        Some(())
    }

    /// The first change above that lies after `at` and is to the colour opposite to this one.
    fn opposite_change(&self, from: usize, at: i64, is_black: bool) -> usize {
        let parity = usize::from(is_black);
        let mut index = from + usize::from(from % 2 != parity);
        while self
            .above
            .get(index)
            .is_some_and(|&change| i64::from(change) <= at)
        {
            index += 2;
        }
        index
    }

    /// Where the run that begins at `from` ends, at most at the line's.
    fn run(&mut self, from: u32, is_black: bool) -> Option<u32> {
        let mut to = from;
        loop {
            let code = match is_black {
                true => black::decode(&mut self.bits),
                false => white::decode(&mut self.bits),
            }?;
            to = to.saturating_add(code.into()).min(self.width);
            // Codes of 64 and more are followed by another one.
            if code < 64 {
                return Some(to);
            }
        }
    }

    /// Notes a change of colour; one at the same place as the last undoes it.
    fn change(&mut self, at: u32) {
        if self.line.last() == Some(&at) {
            self.line.pop();
        } else {
            // Also at the end of the line, so that the list's parity is the colour's.
            self.line.push(at);
        }
    }

    fn paint(&self, row: &mut [u8]) {
        row.fill(0);
        for run in self.line.chunks(2) {
            let end = run.get(1).copied().unwrap_or(self.width);
            set_bits(row, run[0] as usize, end as usize);
        }
    }
}

impl Source for Fax<'_> {
    fn fill(&mut self, row: &mut [u8]) -> Result<(), PhotoError> {
        self.next_line();
        self.lines += 1;
        self.paint(row);
        Ok(())
    }

    fn is_damaged(&self) -> bool {
        self.damaged
    }
}

fn set_bits(row: &mut [u8], from: usize, to: usize) {
    let to = to.min(8 * row.len());
    if from >= to {
        return;
    }
    let (first, last) = (from / 8, (to - 1) / 8);
    let head = 0xff >> (from % 8);
    let tail = 0xff_u8 << (7 - (to - 1) % 8);
    if first == last {
        row[first] |= head & tail;
        return;
    }
    row[first] |= head;
    row[first + 1..last].fill(0xff);
    row[last] |= tail;
}

/// Bits of a slice, zeros after its end; the first of a byte is its highest.
#[derive(Debug)]
struct Bits<'a> {
    data: Cow<'a, [u8]>,
    /// Bits taken.
    at: usize,
}

impl Bits<'_> {
    /// The next 24 bits, the first one highest.
    fn ahead(&self) -> u32 {
        let byte = |index: usize| u32::from(self.data.get(index).copied().unwrap_or(0));
        let first = self.at / 8;
        let four =
            byte(first) << 24 | byte(first + 1) << 16 | byte(first + 2) << 8 | byte(first + 3);
        four << (self.at % 8) >> 8
    }

    fn is_over(&self) -> bool {
        self.at >= 8 * self.data.len()
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn take(&mut self) -> Option<u32> {
        let bit = self.ahead() >> 23;
        self.at += 1;
        (!self.is_over()).then_some(bit)
    }

    /// Passes one end-of-line mark, eleven zeros or more and a one, where one comes next.
    fn pass_mark(&mut self) -> bool {
        if self.ahead() >> 13 != 0 {
            return false;
        }
        let mut at = self.at;
        while let Some(byte) = self.data.get(at / 8) {
            let zeros = (byte << (at % 8)).leading_zeros() as usize;
            if at % 8 + zeros < 8 {
                self.at = at + zeros + 1;
                return true;
            }
            at = at / 8 * 8 + 8;
        }
        false
    }

    fn only_zeros_left(&self) -> bool {
        let rest = self.data.get(self.at.div_ceil(8)..).unwrap_or_default();
        let begun = match self.at % 8 {
            0 => 0,
            used => self.data.get(self.at / 8).map_or(0, |byte| byte << used),
        };
        begun == 0 && rest.iter().all(|&byte| byte == 0)
    }

    /// Whether a mark comes after one more bit.
    fn is_mark_after_bit(&self) -> bool {
        self.ahead() << 9 >> 21 == 0 && !self.is_over()
    }

    /// Goes to the next mark, without passing it.
    fn seek_mark(&mut self) -> bool {
        while !self.is_over() {
            let ahead = self.ahead();
            if ahead >> 13 == 0 {
                return true;
            }
            // To behind the last one among the eleven bits.
            self.at += 11 - (ahead >> 13).trailing_zeros() as usize;
        }
        false
    }
}

impl BitReader for Bits<'_> {
    type Error = std::convert::Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        // What is asked for lies in 16 bits.
        (bits <= 16 && !self.is_over()).then(|| (self.ahead() >> (24 - u32::from(bits))) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Self::Error> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        ((8 - self.at % 8) % 8) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of eight pixels of a Group 3 strip, from its bits.
    fn rows(bits: &str, count: usize) -> (Vec<u8>, bool) {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|&bit| bit != b' ')
            .map(|bit| bit - b'0')
            .collect();
        let bytes: Vec<u8> = bits
            .chunks(8)
            .map(|eight| (0..8).fold(0, |byte, at| byte << 1 | eight.get(at).unwrap_or(&0)))
            .collect();
        let scheme = Scheme::Group3 {
            two_dimensional: false,
        };
        let mut fax = Fax::new(Cow::Owned(bytes), scheme, 8);
        let mut row = [0; 1];
        let rows = (0..count)
            .map(|_| {
                fax.fill(&mut row).unwrap();
                row[0]
            })
            .collect();
        (rows, fax.is_damaged())
    }

    const MARK: &str = "000000000001";
    const WHITE: &str = "10011";
    const BLACK: &str = "00110101 000101"; // no white, eight black

    #[test]
    fn two_marks_in_a_row_do_not_end_a_page_that_goes_on() {
        let page = [MARK, BLACK, MARK, MARK, WHITE, MARK, BLACK].concat();
        assert_eq!(rows(&page, 3), (vec![0xff, 0, 0xff], false));
    }

    #[test]
    fn what_is_left_of_a_broken_line_is_white() {
        // One white, then a black run whose code is none.
        let page = [MARK, "000111 00000000001", MARK, BLACK].concat();
        assert_eq!(rows(&page, 2), (vec![0, 0xff], true));
    }

    #[test]
    fn six_marks_end_a_page_and_fewer_where_nothing_follows() {
        let page = [MARK, BLACK, &MARK.repeat(6), BLACK].concat();
        assert_eq!(rows(&page, 3), (vec![0xff, 0, 0], false));
        let cut = [MARK, BLACK, &MARK.repeat(3), "0000000"].concat();
        assert_eq!(rows(&cut, 3), (vec![0xff, 0, 0], false));
    }
}
