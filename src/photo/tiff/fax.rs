//! CCITT fax: modified Huffman, Group 3 (one- and two-dimensional) and Group 4.

use std::borrow::Cow;

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};

use super::codec::Source;
use crate::photo::PhotoError;

/// As many end-of-line marks in a row end a page (ITU-T T.4, 4.1.4).
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

/// Lines of one strip or tile, a bit a pixel, black set. What follows a broken code is told as
/// libtiff tells it, which everybody shows a fax with: of the line what was told, then white; the
/// next line from the next end-of-line mark, in Group 4 from the next code. Lines that never come
/// are white.
#[derive(Debug)]
pub(super) struct Fax<'a> {
    bits: Bits<'a>,
    scheme: Scheme,
    width: u32,
    /// Runs of the line above, the first of white; some have no length.
    above: Vec<u32>,
    line: Runs,
    lines: u32,
    /// Whether a mark begins the next line of which only zeros and a one are left.
    mark_begun: bool,
    marks: Marks,
    /// Marks one after another, at which a page may end.
    marks_in_a_row: u32,
    ended: bool,
    damaged: bool,
}

/// Whether a Group 3 strip has end-of-line marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    Unknown,
    Some,
    None,
}

/// Why a line ends before its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// A code that is none, or leads out of the line.
    Broken,
    /// An end-of-line mark.
    Mark,
    /// The data end.
    Over,
}

/// A line while it is told.
#[derive(Debug, Default)]
struct Runs {
    /// Runs that are told, the first of white.
    runs: Vec<u32>,
    /// Pixels told so far.
    at: u32,
    /// Of them those of the run in hand, from codes that another one follows.
    begun: u32,
}

impl Runs {
    fn clear(&mut self) {
        self.runs.clear();
        (self.at, self.begun) = (0, 0);
    }

    fn is_black(&self) -> bool {
        self.runs.len() % 2 == 1
    }

    /// Makes the run in hand longer; another code follows.
    fn add(&mut self, length: u32) {
        self.at = self.at.saturating_add(length);
        self.begun = self.begun.saturating_add(length);
    }

    /// Ends the run in hand.
    fn end(&mut self, length: u32) {
        self.add(length);
        self.runs.push(std::mem::take(&mut self.begun));
    }

    /// Makes the line as long as it should be, and tells whether it was: runs beyond its end are
    /// taken back, and what is missing is white.
    fn complete(&mut self, width: u32) -> bool {
        if self.begun > 0 {
            self.end(0);
        }
        if self.at == width {
            return true;
        }
        while self.at > width {
            let Some(last) = self.runs.pop() else { break };
            self.at = self.at.saturating_sub(last);
        }
        if self.at < width {
            if self.is_black() {
                self.end(0);
            }
            self.end(width - self.at);
        }
        false
    }
}

impl<'a> Fax<'a> {
    pub(super) fn new(data: Cow<'a, [u8]>, scheme: Scheme, width: u32) -> Self {
        Self {
            bits: Bits { data, at: 0 },
            scheme,
            width,
            above: vec![width],
            line: Runs::default(),
            lines: 0,
            mark_begun: false,
            marks: Marks::Unknown,
            marks_in_a_row: 0,
            ended: false,
            damaged: false,
        }
    }

    fn next_line(&mut self) {
        if self.lines > 0 {
            std::mem::swap(&mut self.above, &mut self.line.runs);
        }
        self.line.clear();
        let told = if self.ended { Ok(()) } else { self.tell_line() };
        let is_empty = self.line.runs.is_empty() && self.line.begun == 0;
        let is_whole = self.line.complete(self.width);
        if self.ended {
            return;
        }
        // Marks one after another are lines lost on the way, or the page's end.
        let is_mark = told == Err(Stop::Mark) && is_empty;
        let may_end = self.marks_in_a_row > 0 && is_empty;
        self.marks_in_a_row = if is_mark { self.marks_in_a_row + 1 } else { 0 };
        self.ended = match told {
            Err(Stop::Over) => true,
            Err(Stop::Mark) if self.scheme == Scheme::Group4 => true,
            _ => self.marks_in_a_row + 1 >= END_OF_PAGE,
        };
        let is_sound = match told {
            Ok(()) => is_whole,
            Err(Stop::Mark) => is_mark && self.scheme != Scheme::Group4,
            Err(Stop::Over) => may_end,
            Err(Stop::Broken) => false,
        };
        self.damaged |= !is_sound;
    }

    fn tell_line(&mut self) -> Result<(), Stop> {
        match self.scheme {
            Scheme::Huffman => {
                self.bits.align();
                self.runs()
            }
            Scheme::Group4 => self.by_the_line_above(),
            Scheme::Group3 { two_dimensional } => {
                self.begin_after_mark()?;
                if two_dimensional && self.bits.take() == Some(0) {
                    self.by_the_line_above()
                } else {
                    self.runs()
                }
            }
        }
    }

    /// Goes to behind the mark that begins a line.
    fn begin_after_mark(&mut self) -> Result<(), Stop> {
        let begun = std::mem::take(&mut self.mark_begun);
        if !begun && !self.bits.is_at_mark() {
            if self.lines == 0 || self.marks == Marks::None {
                return Ok(());
            }
            let (at, is_over) = (self.bits.at, self.bits.is_over());
            if !self.bits.seek_mark() {
                if self.marks == Marks::Some || is_over {
                    return Err(Stop::Over);
                }
                // Some write the lines alone.
                self.bits.at = at;
                self.marks = Marks::None;
                return Ok(());
            }
            self.damaged = true;
        }
        self.marks = Marks::Some;
        match self.bits.pass_zeros_and_a_one() {
            true => Ok(()),
            false => Err(Stop::Over),
        }
    }

    /// A line of alternating runs.
    fn runs(&mut self) -> Result<(), Stop> {
        let marks = self.scheme != Scheme::Huffman;
        loop {
            self.run(marks)?;
            if self.line.at >= self.width {
                return Ok(());
            }
            // Two runs without length, which change nothing.
            if let [.., 0, 0] = self.line.runs[..]
                && !self.line.is_black()
            {
                let told = self.line.runs.len() - 2;
                self.line.runs.truncate(told);
            }
        }
    }

    /// A line told by the changes of the one above.
    fn by_the_line_above(&mut self) -> Result<(), Stop> {
        let width = i64::from(self.width);
        let run_above = |above: &[u32], index: usize| above.get(index).copied().unwrap_or(0).into();
        // The change above that lies next to the right, to the colour opposite to the one in hand,
        // and the run above that begins there.
        let mut change: i64 = run_above(&self.above, 0);
        let mut next = 1;
        while self.line.at < self.width {
            if self.line.runs.len() > 2 * self.width as usize + 64 {
                return Err(Stop::Over); // runs without length, and no end
            }
            let mode = self.mode()?;
            if !self.line.runs.is_empty() {
                while change <= self.line.at.into() && change < width {
                    let pair: [i64; 2] = [next, next + 1].map(|at| run_above(&self.above, at));
                    change += pair[0] + pair[1];
                    next += 2;
                }
            }
            let at = i64::from(self.line.at);
            match mode {
                Mode::Pass => {
                    change += run_above(&self.above, next);
                    next += 1;
                    let to = u32::try_from(change.max(at)).unwrap_or(u32::MAX);
                    self.line.add(to - self.line.at);
                    change += run_above(&self.above, next);
                    next += 1;
                }
                Mode::Vertical(by) => {
                    let length = change + i64::from(by) - at;
                    let length = u32::try_from(length).map_err(|_| Stop::Broken)?;
                    self.line.end(length);
                    if by < 0 {
                        next = next.saturating_sub(1);
                        change -= run_above(&self.above, next);
                    } else {
                        change += run_above(&self.above, next);
                        next += 1;
                    }
                }
                Mode::Horizontal => {
                    self.run(false)?;
                    self.run(false)?;
                }
                Mode::Extension => {
                    // Told otherwise from here on, which nobody reads: one run to the end.
                    self.line.runs.push(self.width - self.line.at);
                    return Err(Stop::Broken);
                }
                Mode::EOF => {
                    self.line.runs.push(self.width - self.line.at);
                    self.bits.at += 4;
                    self.mark_begun = true;
                    return Err(Stop::Mark);
                }
            }
        }
        if self.line.begun > 0 {
            self.line.end(0);
        }
        Ok(())
    }

    /// How the next change lies to the line above.
    fn mode(&mut self) -> Result<Mode, Stop> {
        if self.bits.is_over() {
            return Err(Stop::Over);
        }
        let (zeros, escape) = (self.bits.ahead() >> 17 == 0, self.bits.ahead() >> 17 == 1);
        if zeros || escape {
            self.bits.at += 7;
            return Ok(if zeros { Mode::EOF } else { Mode::Extension });
        }
        let at = self.bits.at;
        mode::decode(&mut self.bits).ok_or_else(|| {
            self.bits.at = at;
            Stop::Broken
        })
    }

    /// A run of the colour in hand. A mark is known as such where one may come (`Stop::Mark`).
    fn run(&mut self, marks: bool) -> Result<(), Stop> {
        let is_black = self.line.is_black();
        loop {
            if self.bits.is_over() {
                return Err(Stop::Over);
            }
            if self.bits.is_at_mark() {
                if marks && !is_black {
                    return Err(Stop::Mark);
                }
                // Also of a mark: libtiff passes these zeros, and loses the line after it.
                self.bits.at += 11;
                return Err(Stop::Broken);
            }
            let at = self.bits.at;
            let code = match is_black {
                true => black::decode(&mut self.bits),
                false => white::decode(&mut self.bits),
            };
            match code.map(u32::from) {
                // Codes of 64 and more are followed by another one.
                Some(length @ 64..) => self.line.add(length),
                Some(length) => {
                    self.line.end(length);
                    return Ok(());
                }
                None => {
                    self.bits.at = at;
                    return Err(Stop::Broken);
                }
            }
        }
    }

    fn paint(&self, row: &mut [u8]) {
        row.fill(0);
        let mut at: u32 = 0;
        for pair in self.line.runs.chunks(2) {
            let from = at.saturating_add(pair[0]).min(self.width);
            at = from.saturating_add(pair.get(1).copied().unwrap_or(0));
            at = at.min(self.width);
            set_bits(row, from as usize, at as usize);
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

    /// Whether an end-of-line mark comes next: eleven zeros or more, and a one.
    fn is_at_mark(&self) -> bool {
        self.ahead() >> 13 == 0 && !self.is_over()
    }

    /// Passes what is left of a mark; not where the data end before its one.
    fn pass_zeros_and_a_one(&mut self) -> bool {
        while let Some(byte) = self.data.get(self.at / 8) {
            let zeros = (byte << (self.at % 8)).leading_zeros() as usize;
            if self.at % 8 + zeros < 8 {
                self.at += zeros + 1;
                return true;
            }
            self.at = self.at / 8 * 8 + 8;
        }
        false
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

    /// Rows of eight pixels of a one-dimensional Group 3 strip, from its bits.
    fn rows(bits: &str, count: usize) -> (Vec<u8>, bool) {
        let scheme = Scheme::Group3 {
            two_dimensional: false,
        };
        rows_of(scheme, bits, count)
    }

    fn rows_of(scheme: Scheme, bits: &str, count: usize) -> (Vec<u8>, bool) {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|&bit| bit != b' ')
            .map(|bit| bit - b'0')
            .collect();
        let bytes: Vec<u8> = bits
            .chunks(8)
            .map(|eight| (0..8).fold(0, |byte, at| byte << 1 | eight.get(at).unwrap_or(&0)))
            .collect();
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
    fn two_marks_in_a_row_are_a_lost_line_of_a_page_that_goes_on() {
        let page = [MARK, BLACK, MARK, MARK, WHITE, MARK, BLACK].concat();
        assert_eq!(rows(&page, 4), (vec![0xff, 0, 0, 0xff], false));
    }

    #[test]
    fn what_is_left_of_a_broken_line_is_white() {
        // One white, then a black run whose code is none.
        let page = [MARK, "000111 00000000001", MARK, BLACK].concat();
        assert_eq!(rows(&page, 2), (vec![0, 0xff], true));
    }

    #[test]
    fn a_run_beyond_the_end_is_taken_back() {
        // Two white, then 64 black of a line of eight.
        let page = [MARK, "0111 0000001111 0000110111", MARK, BLACK].concat();
        assert_eq!(rows(&page, 2), (vec![0, 0xff], true));
    }

    #[test]
    fn group_4_goes_on_after_a_code_that_leads_out_of_the_line() {
        // Three white, two black, white to the end; then black that would end before it begins.
        let told = "001 1000 11 1";
        let page = [told, "1 0000010", told, "1 1 1"].concat();
        let expected = vec![0b0001_1000, 0, 0b0001_1000, 0b0001_1000];
        assert_eq!(rows_of(Scheme::Group4, &page, 4), (expected, true));
        let end = [told, "000000000001 000000000001", told].concat();
        let expected = vec![0b0001_1000, 0, 0];
        assert_eq!(rows_of(Scheme::Group4, &end, 3), (expected, true));
    }

    #[test]
    fn six_marks_end_a_page_and_fewer_where_nothing_follows() {
        let page = [MARK, BLACK, &MARK.repeat(6), BLACK].concat();
        assert_eq!(rows(&page, 3), (vec![0xff, 0, 0], false));
        let cut = [MARK, BLACK, &MARK.repeat(3), "0000000"].concat();
        assert_eq!(rows(&cut, 3), (vec![0xff, 0, 0], false));
    }
}
