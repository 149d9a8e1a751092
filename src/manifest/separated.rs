//! Rows of cells between separators: CSV as RFC 4180 has it, also with semicolons or tabs.
//!
//! The `csv` crate takes an unclosed quote for a cell that runs to the next quote, wherever that
//! is, or to the end of the file: rows vanish without a word. Here it is a fault of the one row,
//! and reading goes on with the line after it.

use std::collections::VecDeque;
use std::path::Path;

use super::error::{BadRow, ManifestError, RowFault};
use super::lines::{LONGEST, Line, Lines};

/// The cells of one row, unquoted.
#[derive(Debug, Default)]
pub(super) struct Cells {
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell without the blanks around it; empty where there is none.
    pub(super) fn get(&self, number: usize) -> &str {
        let Some(&end) = self.ends.get(number) else {
            return "";
        };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        trimmed(&self.text[start..end])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }
}

/// Text without the blanks around it; most has none.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// What a line did to the row it belongs to.
enum Step {
    /// The row is whole.
    Whole,
    /// It goes on in the next line, inside the quotes that opened in this line.
    Quoted { opened: u64 },
}

/// Splits one physical line. `quoted` is the line whose opening quote is still open. A row that
/// goes on from an earlier line may have no other quotes than those around cells: where one is
/// missing, the text of the next rows would be taken for cells.
fn split(
    line: &Line,
    separator: u8,
    mut quoted: Option<u64>,
    cells: &mut Cells,
) -> Result<Step, RowFault> {
    let text = line.text.as_str();
    let end = text.trim_end_matches(['\r', '\n']).len();
    let earlier = quoted;
    let mut at = 0;
    loop {
        if let Some(opened) = quoted.take() {
            let Some(closed) = copy_quoted(text, at, &mut cells.text) else {
                return Ok(Step::Quoted { opened });
            };
            cells.end_cell();
            at = skip_blanks(text, closed, separator);
            if at >= end {
                return Ok(Step::Whole);
            }
            if text.as_bytes()[at] != separator {
                return Err(RowFault::UnclosedQuote { opened });
            }
            at += 1;
            continue;
        }
        let start = skip_blanks(text, at, separator);
        if text.as_bytes().get(start) == Some(&b'"') {
            quoted = Some(line.number);
            at = start + 1;
            continue;
        }
        let length = memchr::memchr(separator, &text.as_bytes()[at..end]);
        let cell = &text[at..length.map_or(end, |length| at + length)];
        if let Some(opened) = earlier.filter(|_| cell.contains('"')) {
            return Err(RowFault::UnclosedQuote { opened });
        }
        cells.text.push_str(cell);
        cells.end_cell();
        match length {
            Some(length) => at += length + 1,
            None => return Ok(Step::Whole),
        }
    }
}

/// Copies quoted text from `at` on, doubled quotes once. Gives the place after the closing quote;
/// `None` when the line ends before it.
fn copy_quoted(text: &str, mut at: usize, into: &mut String) -> Option<usize> {
    loop {
        let Some(length) = memchr::memchr(b'"', &text.as_bytes()[at..]) else {
            into.push_str(&text[at..]);
            return None;
        };
        into.push_str(&text[at..at + length]);
        at += length + 1;
        if text.as_bytes().get(at) != Some(&b'"') {
            return Some(at);
        }
        into.push('"');
        at += 1;
    }
}

fn skip_blanks(text: &str, mut at: usize, separator: u8) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t') && *byte != separator;
    while text.as_bytes().get(at).is_some_and(blank) {
        at += 1;
    }
    at
}

/// What separates cells, the usual one first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// An open table, past its header.
pub(super) struct Separated {
    lines: Lines,
    /// Lines that a faulty row had taken, to be read again.
    backlog: VecDeque<Result<Line, BadRow>>,
    line: Line,
    separator: u8,
    /// The row that was read last.
    pub(super) cells: Cells,
    columns: usize,
}

impl Separated {
    /// Opens a table and reads its header into [`Self::cells`]. The separator is the one that
    /// gives the most columns that are `known`, then the most columns, then `usual`.
    pub(super) fn open(
        path: &Path,
        usual: u8,
        known: impl Fn(&Cells) -> usize,
    ) -> Result<Self, ManifestError> {
        let mut table = Self {
            lines: Lines::open(path, true)?,
            backlog: VecDeque::new(),
            line: Line::default(),
            separator: usual,
            cells: Cells::default(),
            columns: 0,
        };
        let header = |bad: BadRow| ManifestError::Header {
            path: path.to_owned(),
            line: bad.line,
            fault: bad.fault,
        };
        if table.next_filled_line().map_err(header)? {
            table.find_separator(known);
            table
                .backlog
                .push_front(Ok(std::mem::take(&mut table.line)));
            table.read().transpose().map_err(header)?;
            table.columns = table.cells.len();
        }
        Ok(table)
    }

    fn find_separator(&mut self, known: impl Fn(&Cells) -> usize) {
        let mut best = (0, 1);
        let usual = self.separator;
        for separator in std::iter::once(usual).chain(SEPARATORS) {
            let mut cells = Cells::default();
            // A faulty header is told of when it is read.
            let _ = split(&self.line, separator, None, &mut cells);
            let found = (known(&cells), cells.len());
            if found > best {
                (best, self.separator) = (found, separator);
            }
        }
    }

    /// Reads the next row into [`Self::cells`]; gives the physical line in which it starts. `None`
    /// at the end.
    pub(super) fn read(&mut self) -> Option<Result<u64, BadRow>> {
        match self.next_filled_line() {
            Ok(false) => return None,
            Ok(true) => {}
            Err(bad) => return Some(Err(bad)),
        }
        let line = self.line.number;
        let outcome = self.read_from_line().and_then(|()| self.check_width());
        Some(
            outcome
                .map(|()| line)
                .map_err(|fault| BadRow { line, fault }),
        )
    }

    /// Reads the row that starts in the current line. The lines that a faulty one takes beside its
    /// first are read again.
    fn read_from_line(&mut self) -> Result<(), RowFault> {
        self.cells.clear();
        let mut quoted = None;
        let mut taken: Vec<Result<Line, BadRow>> = Vec::new();
        let fault = loop {
            let step = split(&self.line, self.separator, quoted, &mut self.cells);
            if quoted.is_some() {
                taken.push(Ok(std::mem::take(&mut self.line)));
            }
            let opened = match step {
                Ok(Step::Whole) => match quoted {
                    // The quote that closes it may be the one that opens a cell of the next row.
                    Some(opened) if self.cells.len() < self.columns => {
                        break RowFault::UnclosedQuote { opened };
                    }
                    _ => return Ok(()),
                },
                Ok(Step::Quoted { opened }) => opened,
                Err(fault) => break fault,
            };
            quoted = Some(opened);
            match self.next_line() {
                Ok(true) if self.cells.text.len() < LONGEST => {}
                Ok(true) => {
                    taken.push(Ok(std::mem::take(&mut self.line)));
                    break RowFault::UnclosedQuote { opened };
                }
                Ok(false) => break RowFault::UnclosedQuote { opened },
                Err(bad) => {
                    taken.push(Err(bad));
                    break RowFault::UnclosedQuote { opened };
                }
            }
        };
        for line in taken.into_iter().rev() {
            self.backlog.push_front(line);
        }
        Err(fault)
    }

    /// Empty cells beyond the header are what spreadsheets leave; others would be lost.
    fn check_width(&self) -> Result<(), RowFault> {
        let beyond = self.columns.max(1)..self.cells.len();
        if self.columns > 0
            && beyond
                .clone()
                .any(|number| !self.cells.get(number).is_empty())
        {
            return Err(RowFault::ManyCells {
                found: self.cells.len(),
                header: self.columns,
            });
        }
        Ok(())
    }

    fn next_filled_line(&mut self) -> Result<bool, BadRow> {
        while self.next_line()? {
            let text = &self.line.text;
            let filled = skip_blanks(text, 0, self.separator);
            if filled < text.trim_end_matches(['\r', '\n']).len() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn next_line(&mut self) -> Result<bool, BadRow> {
        match self.backlog.pop_front() {
            Some(line) => {
                self.line = line?;
                Ok(true)
            }
            None => self.lines.read(&mut self.line),
        }
    }
}
